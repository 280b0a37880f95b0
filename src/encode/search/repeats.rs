//! Finds lines of a tensor, rows or columns, that repeat a template exactly or nearly: rows of a vocabulary that
//! training never moved, for example.

use crate::represent::{ValueCounts, Values, Word};

/// The maximum number of templates.
const MAX_TEMPLATES: usize = 7;
/// Lines are compared by hashes of a few values each. Two lines that repeat a template probably have an equal hash.
const HASHES: usize = 2;
/// The number of values of a hash.
const HASHED: usize = 8;
/// Shorter lines are not compared.
const MIN_LENGTH: usize = 32;
/// Fewer lines are not compared.
const MIN_LINES: usize = 8;
/// The maximum number of lines that are hashed.
const MAX_HASHED: usize = 1 << 16;
/// The maximum number of lines of which a template is made.
const LINES_OF_TEMPLATE: usize = 63;
/// The number of values on which a line is compared with a template.
const COMPARED: usize = 64;
/// At least one line in this number must repeat a template.
const RARE: usize = 1 << 9;

/// The rows or the columns of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) count: usize,
    /// The number of values of a line.
    pub(super) length: usize,
    /// The number of values from a value of a line to the next one of the line.
    pub(super) distance: usize,
    /// The number of values from the start of a line to the start of the next one.
    apart: usize,
}

impl Lines {
    /// Returns the rows of a tensor of `count` rows.
    pub(super) fn rows(count: usize, length: usize) -> Self {
        Self { count, length, distance: 1, apart: length }
    }

    /// Returns the columns of a tensor of `length` rows.
    pub(super) fn columns(count: usize, length: usize) -> Self {
        Self { count, length, distance: count, apart: 1 }
    }

    fn get<T: Word>(&self, values: Values<'_, T>, line: usize, position: usize) -> u64 {
        values.get(line * self.apart + position * self.distance).number()
    }

    /// Returns one of the positions that are spread over a line, the same for all lines.
    fn position(&self, number: usize) -> usize {
        // the fractions of multiples of the golden ratio are spread evenly (Knuth, volume 3, section 6.4)
        let fraction = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((u128::from(fraction) * self.length as u128) >> 64) as usize
    }
}

/// Templates, and the lines that repeat them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeats {
    /// The values of each template by position.
    pub(super) templates: Vec<Vec<u64>>,
    /// For each line, the number of its template from 1 on; 0 if it repeats none.
    pub(super) of_line: Vec<u8>,
}

/// Finds lines that repeat. Returns `None` if there are too few.
pub(super) fn find<T: Word>(values: Values<'_, T>, lines: Lines) -> Option<Repeats> {
    if lines.count < MIN_LINES || lines.length < MIN_LENGTH {
        return None;
    }
    let mut hashes = hashes(values, lines);
    let mut repeats = Repeats { templates: Vec::new(), of_line: vec![0; lines.count] };
    while repeats.templates.len() < MAX_TEMPLATES {
        let Some(alike) = most_alike(&hashes) else { break };
        let template = template(values, lines, &alike);
        let number = repeats.templates.len() as u8 + 1;
        let mut count = 0;
        for line in 0..lines.count {
            if repeats.of_line[line] == 0 && is_alike(values, lines, line, &template) {
                repeats.of_line[line] = number;
                count += 1;
            }
        }
        if count * RARE < lines.count || count < 2 {
            repeats.of_line.iter_mut().filter(|own| **own == number).for_each(|own| *own = 0);
            break;
        }
        repeats.templates.push(template);
        for hashes in &mut hashes {
            hashes.retain(|&(_, line)| repeats.of_line[line as usize] == 0);
        }
    }
    (!repeats.templates.is_empty()).then_some(repeats)
}

/// Returns hashes of lines, in ascending order, with the numbers of the lines.
fn hashes<T: Word>(values: Values<'_, T>, lines: Lines) -> [Vec<(u64, u32)>; HASHES] {
    let step = lines.count.div_ceil(MAX_HASHED);
    std::array::from_fn(|number| {
        let positions: [usize; HASHED] = std::array::from_fn(|i| lines.position(number * HASHED + i));
        let hash = |line: usize| {
            let mix = |hash: u64, &position: &usize| {
                let product = u128::from(hash ^ lines.get(values, line, position)) * 0xd6e8_feb8_6659_fd93;
                product as u64 ^ (product >> 64) as u64 ^ 0x243f_6a88_85a3_08d3
            };
            (positions.iter().fold(1, mix), line as u32)
        };
        let mut hashes: Vec<(u64, u32)> = (0..lines.count).step_by(step).map(hash).collect();
        hashes.sort_unstable();
        hashes
    })
}

/// Returns the lines with the most frequent hash, if at least two lines have it.
fn most_alike(hashes: &[Vec<(u64, u32)>; HASHES]) -> Option<Vec<usize>> {
    let runs = hashes.iter().flat_map(|hashes| hashes.chunk_by(|one, other| one.0 == other.0));
    // of runs of the same length the first one, so that every run of the program finds the same
    let longest = runs.fold(&[][..], |longest, run| if run.len() > longest.len() { run } else { longest });
    let step = longest.len().div_ceil(LINES_OF_TEMPLATE).max(1);
    (longest.len() > 1).then(|| longest.iter().step_by(step).map(|&(_, line)| line as usize).collect())
}

/// Returns the most frequent value of the lines at each position.
fn template<T: Word>(values: Values<'_, T>, lines: Lines, alike: &[usize]) -> Vec<u64> {
    let most_frequent = |position: usize| {
        let mut own: Vec<u64> = alike.iter().map(|&line| lines.get(values, line, position)).collect();
        own.sort_unstable();
        let runs = own.chunk_by(|one, other| one == other);
        runs.fold(&[][..], |longest, run| if run.len() > longest.len() { run } else { longest })[0]
    };
    (0..lines.length).map(most_frequent).collect()
}

/// Returns whether a line has at least half of the values of a template.
fn is_alike<T: Word>(values: Values<'_, T>, lines: Lines, line: usize, template: &[u64]) -> bool {
    let is_equal = |position: usize| lines.get(values, line, position) == template[position];
    // most lines differ in the first values
    if !(0..8).any(|number| is_equal(lines.position(number))) {
        return false;
    }
    2 * (0..COMPARED).filter(|&number| is_equal(lines.position(number))).count() >= COMPARED
}

/// Returns how often the values of lines that repeat a template differ from it, by their difference modulo 2^bits.
pub(super) fn differences<T: Word>(
    values: Values<'_, T>,
    lines: Lines,
    repeats: &Repeats,
    number: usize,
    bits: u32,
) -> ValueCounts {
    let template = &repeats.templates[number];
    let own = (0..lines.count).filter(|&line| usize::from(repeats.of_line[line]) == number + 1);
    let own: Vec<usize> = own.collect();
    let step = own.len().div_ceil(1 << 10).max(1);
    let mut counts = ValueCounts::default();
    for &line in own.iter().step_by(step) {
        for position in (0..COMPARED).map(|number| lines.position(number)) {
            let difference = lines.get(values, line, position).wrapping_sub(template[position]);
            *counts.entry(difference & (u64::MAX >> (64 - bits))).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a tensor of 300 rows of 50 values. Every tenth row is a template, and every 25th row nearly another one.
    fn rows() -> (Vec<u32>, Vec<u8>) {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) as u32
        };
        let templates: [Vec<u32>; 2] = [0, 1].map(|_| (0..50).map(|_| random()).collect());
        let (mut values, mut of_line) = (Vec::new(), Vec::new());
        for row in 0..300 {
            let number = if row % 10 == 0 { 1 } else { 2 * u8::from(row % 25 == 7) };
            of_line.push(number);
            let own: Vec<u32> = match number {
                0 => (0..50).map(|_| random()).collect(),
                1 => templates[0].clone(),
                _ => templates[1].iter().map(|value| value + u32::from(random() % 20 == 0)).collect(),
            };
            values.extend(own);
        }
        (values, of_line)
    }

    fn bytes(values: impl IntoIterator<Item = u32>) -> Vec<u8> {
        values.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn rows_and_columns_that_repeat_are_found() {
        let (values, of_line) = rows();
        let of_rows = bytes(values.iter().copied());
        let of_columns = bytes((0..50 * 300).map(|i| values[i % 300 * 50 + i / 300]));
        for (bytes, lines) in [(of_rows, Lines::rows(300, 50)), (of_columns, Lines::columns(300, 50))] {
            let values = Values::<u32>::new(&bytes);
            let repeats = find(values, lines).unwrap();
            assert_eq!(repeats.of_line, of_line);
            assert_eq!(repeats.templates.len(), 2);
            let exact = differences(values, lines, &repeats, 0, 32);
            assert_eq!(exact.into_iter().collect::<Vec<_>>(), [(0, 30 * COMPARED)]);
            let near = differences(values, lines, &repeats, 1, 32);
            assert!(near[&0] > 8 * near[&1] && near[&1] > 0 && near.len() == 2);
        }
    }

    #[test]
    fn other_tensors_have_none() {
        let (values, of_line) = rows();
        let unlike =
            values.chunks(50).zip(of_line).filter(|(_, number)| *number == 0).flat_map(|(row, _)| row).copied();
        let bytes = bytes(unlike);
        assert_eq!(find(Values::<u32>::new(&bytes), Lines::rows(bytes.len() / 200, 50)), None);
        // short lines, and few
        assert_eq!(find(Values::<u32>::new(&[0; 4 * 31 * 100]), Lines::rows(100, 31)), None);
        assert_eq!(find(Values::<u32>::new(&[0; 4 * 7 * 100]), Lines::rows(7, 100)), None);
    }
}
