//! Divides the members of a shared segment by what they are: biases, scales, weights with few values. The words of one
//! kind have one distribution, so a kind is cheaper in a segment of its own if that saves more than the segment costs.
//!
//! Members that look alike are put together first. Then the pairs of kinds that save most are joined, as long as the
//! estimated cost falls.

use std::collections::BTreeMap;
use std::ops::Range;

use super::segment::SegmentInput;
use crate::coders::{BIT, adaptive_cost, entropy_cost};
use crate::represent::{Order, numbers};
use crate::tensor::bytes_of;

/// The cost of one more segment: its frame, its parameters and its line of the index.
const SEGMENT: u64 = 140 * 8 * BIT;
/// The estimate must fall by one in this number, or the members stay together. A smaller saving is within the error of
/// the estimate, and trying it takes time.
const HURDLE: u64 = 200;
/// The maximum number of kinds that are compared with each other.
const MOST_COMPARED: usize = 12;
/// The maximum number of kinds in the end.
const MOST_KINDS: usize = 8;
/// More distinct values than these are no codebook.
const MOST_DISTINCT: usize = 1 << 11;
/// The number of mantissa bits that are counted together with sign and exponent.
const MANTISSA_BITS: u32 = 2;

/// The bits of the words of a segment.
#[derive(Debug, Clone, Copy)]
struct WordFormat {
    order: Order,
    bits: u32,
    /// The number of topmost bits that are counted together.
    top: u32,
}

/// What a member is, in a few numbers. Members with the same look are of one kind from the start.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    has_few_values: bool,
    has_one_sign: bool,
    /// The median magnitude, rounded.
    scale: u32,
}

impl Look {
    fn of(words: &[u64], format: WordFormat) -> Self {
        let sign = 1u64 << (format.bits - 1);
        let mut sorted = words.to_vec();
        sorted.sort_unstable();
        let distinct = sorted.chunk_by(|a, b| a == b).count();
        let negative = sorted.len() - sorted.partition_point(|word| word & sign == 0);
        let magnitude = |word: &u64| match format.order {
            Order::Float => word & (sign - 1),
            Order::Signed if word & sign != 0 => !word & (sign - 1),
            Order::Signed | Order::Unsigned => *word,
        };
        let mut magnitudes: Vec<u64> = words.iter().map(magnitude).collect();
        let middle = magnitudes.len() / 2;
        let median = *magnitudes.select_nth_unstable(middle).1;
        Self {
            has_few_values: 4 * distinct <= words.len(),
            has_one_sign: format.order == Order::Unsigned || negative == 0 || negative == words.len(),
            scale: match format.order {
                // the exponent, and the highest bits of the mantissa
                Order::Float => (median >> format.bits.saturating_sub(10)) as u32,
                Order::Signed | Order::Unsigned => (u64::BITS - median.leading_zeros()) / 2,
            },
        }
    }
}

/// How often each value occurs, in the order of the values.
type Counts = Vec<(u64, u64)>;

/// Counts values in ascending order.
fn count(sorted: impl Iterator<Item = u64>) -> Counts {
    let mut counts = Counts::new();
    for value in sorted {
        match counts.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => counts.push((value, 1)),
        }
    }
    counts
}

fn merged(one: &Counts, other: &Counts) -> Counts {
    let mut all = [&one[..], other].concat();
    // a stable sort, because it merges runs that are in order
    all.sort_by_key(|&(value, _)| value);
    all.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        kept.1 += if is_same { next.1 } else { 0 };
        is_same
    });
    all
}

fn counts_of(counts: &Counts) -> Vec<u64> {
    counts.iter().map(|&(_, count)| count).collect()
}

/// Members of one kind, and statistics of their words.
#[derive(Debug)]
struct Kind {
    /// The places of the members in the shared segment, ascending.
    members: Vec<usize>,
    words: u64,
    /// All values, if they are few.
    values: Option<Counts>,
    /// The topmost bits of the words.
    top: Counts,
    /// The bytes below them.
    planes: Vec<[u64; 256]>,
    /// The estimated cost of a segment with these members.
    cost: u64,
}

impl Kind {
    fn of(members: Vec<usize>, mut words: Vec<u64>, format: WordFormat) -> Self {
        words.sort_unstable();
        let low = format.bits - format.top;
        let plane = |shift: u32| {
            let mask = (1u64 << (low - shift).min(8)) - 1;
            let mut counts = [0; 256];
            words.iter().for_each(|word| counts[(word >> shift & mask) as usize] += 1);
            counts
        };
        let this = Self {
            members,
            words: words.len() as u64,
            values: Some(count(words.iter().copied())),
            top: count(words.iter().map(|word| word >> low)),
            planes: (0..low).step_by(8).map(plane).collect(),
            cost: 0,
        };
        this.priced(format)
    }

    fn joined(&self, other: &Self, format: WordFormat) -> Self {
        let mut members = [&self.members[..], &other.members].concat();
        members.sort_unstable();
        let add = |(one, other): (&[u64; 256], &[u64; 256])| std::array::from_fn(|byte| one[byte] + other[byte]);
        let this = Self {
            members,
            words: self.words + other.words,
            values: self.values.as_ref().zip(other.values.as_ref()).map(|(one, other)| merged(one, other)),
            top: merged(&self.top, &other.top),
            planes: self.planes.iter().zip(&other.planes).map(add).collect(),
            cost: 0,
        };
        this.priced(format)
    }

    /// Estimates the cost: of a codebook and the numbers of its values, or of fields.
    fn priced(mut self, format: WordFormat) -> Self {
        self.values = self.values.filter(|values| values.len() <= MOST_DISTINCT);
        let plane = |counts: &[u64; 256]| adaptive_cost(counts).min(self.words * 8 * BIT);
        let fields = adaptive_cost(&counts_of(&self.top)) + self.planes.iter().map(plane).sum::<u64>();
        let list = |values: &Counts| values.len() as u64 * u64::from(format.bits) * BIT;
        let codebook = self.values.as_ref().map(|values| entropy_cost(&counts_of(values)) + list(values));
        self.cost = SEGMENT + codebook.map_or(fields, |codebook| codebook.min(fields));
        self
    }
}

/// Returns the members of a shared segment as one input for each kind. Returns `None` if that would save little.
pub(super) fn divide(input: &SegmentInput<'_>) -> Option<Vec<SegmentInput<'static>>> {
    let dtype = input.dtype;
    let bits = dtype.word_bits();
    if input.members.len() < 2 || dtype.words() > 1 || bits < 8 {
        return None;
    }
    let top = dtype.exponent_bits().map_or(8, |exponent| (1 + exponent + MANTISSA_BITS).min(bits));
    let format = WordFormat { order: Order::of(dtype, false), bits, top };
    let mut end = 0;
    let ranges: Vec<Range<usize>> = input
        .shapes
        .iter()
        .map(|shape| {
            let start = end;
            end += bytes_of(dtype, shape.iter().product()) as usize;
            start..end
        })
        .collect();
    let mut by_look: BTreeMap<Look, (Vec<usize>, Vec<u64>)> = BTreeMap::new();
    for (member, range) in ranges.iter().enumerate() {
        let words: Vec<u64> = numbers(&input.bytes[range.clone()], bits);
        let (members, all) = by_look.entry(Look::of(&words, format)).or_default();
        members.push(member);
        all.extend(words);
    }
    let kinds = by_look.into_values().map(|(members, words)| Kind::of(members, words, format)).collect();
    let part = |kind: Kind| SegmentInput {
        members: kind.members.iter().map(|&member| input.members[member]).collect(),
        dtype,
        shapes: kind.members.iter().map(|&member| input.shapes[member].clone()).collect(),
        bytes: kind.members.iter().flat_map(|&member| &input.bytes[ranges[member].clone()]).copied().collect(),
        hint: None,
    };
    Some(join(kinds, format)?.into_iter().map(part).collect())
}

/// Joins kinds as long as that saves. Returns what is left, in the order of the first members, if it is worth more
/// than the hurdle.
fn join(mut kinds: Vec<Kind>, format: WordFormat) -> Option<Vec<Kind>> {
    while kinds.len() > MOST_COMPARED {
        // neighbours look alike
        let at = (1..kinds.len()).min_by_key(|&at| kinds[at - 1].words + kinds[at].words)?;
        let other = kinds.remove(at);
        kinds[at - 1] = kinds[at - 1].joined(&other, format);
    }
    let whole = kinds[1..]
        .iter()
        .fold(None, |sum: Option<Kind>, kind| Some(sum.as_ref().unwrap_or(&kinds[0]).joined(kind, format)))?;
    // each pair of kinds, by the first of their members, and what they are if they are joined
    let mut pairs: Vec<([usize; 2], Kind)> = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        pairs.extend(kinds[..at].iter().map(|other| pair(other, kind, format)));
    }
    while kinds.len() > 1 {
        let cost = |first: usize| kinds.iter().find(|kind| kind.members[0] == first).map_or(0, |kind| kind.cost);
        let loss = |([one, other], joined): &([usize; 2], Kind)| {
            // costs of less than 2^20 bytes are far below 2^63
            (joined.cost as i64 - cost(*one) as i64 - cost(*other) as i64, *one, *other)
        };
        let (best, at) = pairs.iter().enumerate().map(|(at, pair)| (loss(pair), at)).min()?;
        if best.0 > 0 && kinds.len() <= MOST_KINDS {
            break;
        }
        let (parts, joined) = pairs.swap_remove(at);
        pairs.retain(|(own, _)| !own.iter().any(|first| parts.contains(first)));
        kinds.retain(|kind| !parts.contains(&kind.members[0]));
        pairs.extend(kinds.iter().map(|kind| pair(kind, &joined, format)));
        kinds.push(joined);
    }
    kinds.sort_by_key(|kind| kind.members[0]);
    let cost: u64 = kinds.iter().map(|kind| kind.cost).sum();
    (kinds.len() > 1 && cost < whole.cost - whole.cost / HURDLE).then_some(kinds)
}

fn pair(one: &Kind, other: &Kind, format: WordFormat) -> ([usize; 2], Kind) {
    ([one.members[0], other.members[0]], one.joined(other, format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Dtype;

    fn shared(dtype: Dtype, members: &[&[u8]]) -> SegmentInput<'static> {
        let shapes = members.iter().map(|bytes| [bytes.len() as u64 * 8 / u64::from(dtype.bits())].into()).collect();
        // ordinals with gaps between them
        let members_of = (0..members.len() as u32).map(|place| 3 * place + 1).collect();
        SegmentInput { members: members_of, dtype, shapes, bytes: members.concat().into(), hint: None }
    }

    fn floats(values: impl Iterator<Item = f32>) -> Vec<u8> {
        values.flat_map(f32::to_le_bytes).collect()
    }

    /// Returns numbers that look random.
    fn noise(seed: u32, count: usize) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(seed), |last| Some(last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
            .skip(1)
            .take(count)
            .map(|number| number >> 9)
    }

    #[test]
    fn values_of_a_codebook_are_parted_from_dense_ones() {
        let few = |seed| floats(noise(seed, 900).map(|number| [-0.3, -0.1, 0.2, 0.7][number as usize % 4]));
        let dense = |seed| floats(noise(seed, 300).map(|number| number as f32 * 1e-7 - 0.4));
        let (a, b, c, d) = (dense(1), few(2), dense(3), few(4));
        let parts = divide(&shared(Dtype::F32, &[&a, &b, &c, &d])).unwrap();
        let members: Vec<&[u32]> = parts.iter().map(|part| &part.members[..]).collect();
        assert_eq!(members, [&[1, 7][..], &[4, 10]]);
        assert_eq!((&parts[0].bytes[..], &parts[1].bytes[..]), (&[a, c].concat()[..], &[b, d].concat()[..]));
        assert_eq!(parts[1].shapes, [[900].into(), [900].into()]);
    }

    #[test]
    fn members_of_one_kind_stay_together() {
        let dense: Vec<Vec<u8>> =
            (0..40).map(|seed| floats(noise(seed, 200).map(|number| number as f32 * 1e-7 - 0.4))).collect();
        let members: Vec<&[u8]> = dense.iter().map(Vec::as_slice).collect();
        assert!(divide(&shared(Dtype::F32, &members)).is_none());
        assert!(divide(&shared(Dtype::F32, &members[..1])).is_none());
        // too small for a segment of its own
        assert!(divide(&shared(Dtype::F32, &[members[0], &[0; 40]])).is_none());
    }

    #[test]
    fn every_dtype_and_many_kinds_are_divided() {
        for dtype in Dtype::all() {
            let members: Vec<Vec<u8>> = (0..30)
                .map(|seed| noise(seed, 1200).map(|number| number as u8 >> (seed % 8) << (seed % 3)).collect())
                .collect();
            let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
            let Some(parts) = divide(&shared(dtype, &members)) else { continue };
            assert!((2..=MOST_KINDS).contains(&parts.len()), "{dtype}");
            let mut all: Vec<u32> = parts.iter().flat_map(|part| part.members.clone()).collect();
            assert!(parts.iter().all(|part| part.members.is_sorted()));
            all.sort_unstable();
            assert!(all.iter().copied().eq((0..30).map(|place| 3 * place + 1)), "{dtype}");
        }
    }
}
