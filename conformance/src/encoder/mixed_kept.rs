//! Mixed kept values (section 12.4).

use std::collections::HashMap;

use crate::encoder::mixer::{Mixer, Set, level, signed_level};
use crate::wire::primitives::put_varint;

/// The parameters of mixed kept values (section 12.4).
#[derive(Clone)]
pub struct MixedKept {
    pub kind: u8,
    pub fraction: u8,
    pub base: u64,
    pub row: u64,
    pub kernel: u64,
    /// If it is not 0, each symbol whose number is a multiple of it is an escape, even inside the window. A symbol
    /// outside the window always is.
    pub escape_each: usize,
}

/// A kept value that was coded before.
pub(crate) struct Known {
    value: i64,
    order: i64,
}

/// The weights of the predictors, by their use and their distance. All are 0 at first.
pub(crate) type Weights = HashMap<(char, usize), i64>;

impl MixedKept {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.fraction]);
        put_varint(out, self.base);
        put_varint(out, self.row);
        put_varint(out, self.kernel);
    }

    /// Returns the distances within a kernel, and the other distances.
    fn distances(&self) -> (Vec<usize>, Vec<usize>) {
        let (row, kernel) = (self.row as usize, self.kernel as usize);
        let mut outer = if kernel > 1 { vec![kernel, row] } else { vec![1, 2, row, 2 * row, 3 * row, 4 * row] };
        outer.sort();
        outer.dedup();
        ((1..=16).collect(), outer)
    }

    /// Encodes the symbols of a chunk with these mask bits. Returns the words as bytes.
    pub fn words(&self, symbols: &[u16], kept: &[bool], width: u32) -> Vec<u8> {
        let m = width - 1;
        let integers = self.kind == 1;
        let b = if integers { m } else { m.min(u32::from(self.fraction) + 4) };
        let first = if integers { 0 } else { (self.base << self.fraction) as i64 };
        let (row_len, kernel_len) = (self.row as usize, self.kernel as usize);
        let (inner, outer) = self.distances();
        let mut in_row = vec![0u64; kept.len() / row_len + 1];
        let mut in_column = vec![0u64; row_len];
        for i in (0..kept.len()).filter(|&i| kept[i]) {
            in_row[i / row_len] += 1;
            in_column[i % row_len] += 1;
        }
        let mut mixer = Mixer::new(16384, true);
        let mut sets: HashMap<usize, Weights> = HashMap::new();
        // the mean, the size mean and the count of each column
        let mut columns = vec![(0i64, 0i64, 0u64); row_len];
        let mut known: HashMap<usize, Known> = HashMap::new();
        let mut escaped = false;
        for (number, i) in (0..kept.len()).filter(|&i| kept[i]).enumerate() {
            let (r, c) = (i / row_len, i % row_len);
            let q = c % kernel_len;
            let z = level((4096 * in_row[r] * in_column[c] / symbols.len() as u64) as i64).min(31);
            // each weight that takes part, and its input
            let mut for_value: Vec<((char, usize), i64)> = Vec::new();
            let mut for_size = vec![(('z', 0), 32), (('z', 1), 2 * z)];
            for (name, distances) in [('i', &inner), ('o', &outer)] {
                for &d in distances {
                    let is_inner = name == 'i';
                    let names = if is_inner { ('w', 'b', 'a') } else { ('W', 'B', 'A') };
                    if d <= i && (!is_inner || d <= q) && kept[i - d] {
                        let near = &known[&(i - d)];
                        for_value.push(((names.0, d), near.value));
                        for_size.push(((names.1, d), 8 * near.order));
                    }
                    if i + d < kept.len() && (!is_inner || q + d < kernel_len) && kept[i + d] {
                        for_size.push(((names.2, d), 64));
                    }
                }
            }
            let weights = sets.entry(if kernel_len <= 16 { q } else { 0 }).or_default();
            let sum = |inputs: &[((char, usize), i64)]| -> i64 {
                inputs.iter().map(|(name, y)| weights.get(name).unwrap_or(&0) * y).sum::<i64>() >> 16
            };
            let (prediction, size) = (sum(&for_value), sum(&for_size));
            let shift = if integers { 2 } else { self.fraction };
            let expected = (size.max(0) >> shift).min(63);
            let (mean, means, count) = columns[c];
            let mut contexts = [
                2 * z,
                64 * (expected >> 2) + signed_level(prediction),
                64 * (means >> 6) + signed_level(mean >> 4),
                2 * expected,
            ];

            let symbol = i64::from(symbols[number]);
            let sign = symbol >> m & 1 == 1;
            let all_ones = (1 << m) - 1;
            let magnitude = if sign && integers { all_ones - (symbol & all_ones) } else { symbol & all_ones };
            let decide = |mixer: &mut Mixer, contexts: &[i64; 4], bit: bool, node: usize| {
                mixer.decision(bit, contexts, node, node);
            };
            decide(&mut mixer, &contexts, sign, 0);
            contexts.iter_mut().for_each(|context| *context ^= i64::from(sign));
            let inside = (first..first + (1 << b)).contains(&magnitude);
            let escape = !integers && (!inside || self.escape_each > 0 && number % self.escape_each == 0);
            if !integers {
                mixer.alone(escape, Set::Escape, usize::from(escaped));
                escaped = escape;
            }
            let (bits, rest) = if escape { (m, magnitude) } else { (b, magnitude - first) };
            let mut node = 1;
            for shift in (0..bits).rev() {
                let bit = rest >> shift & 1 == 1;
                if escape {
                    mixer.alone(bit, Set::Escaped, node);
                } else {
                    decide(&mut mixer, &contexts, bit, node);
                }
                node = 2 * node + usize::from(bit);
            }

            let offset = (magnitude - first).clamp(0, (1 << b) - 1);
            let value = 16 * (if integers { 2 * offset } else { offset } + 17) * if sign { -1 } else { 1 };
            let order = offset + 1;
            let norm =
                |from: i64, inputs: &[((char, usize), i64)]| from + inputs.iter().map(|(_, y)| y * y).sum::<i64>();
            let error = (value - prediction).clamp(-1 << 22, 1 << 22);
            let gains = [
                ((error << 28) / norm(4096, &for_value), for_value),
                (((16 * order - size) << 28) / norm(256, &for_size), for_size),
            ];
            for (gain, inputs) in gains {
                for (name, y) in inputs {
                    let weight = weights.entry(name).or_insert(0);
                    *weight = (*weight + ((gain * y) >> 17)).clamp(-1 << 20, 1 << 20);
                }
            }
            let a = (1 + 64 - count.leading_zeros()).min(6);
            let half = 1 << (a - 1);
            columns[c] = (
                mean + ((16 * value - mean + half) >> a),
                means + ((16 * level(value) - means + half) >> a),
                count + 1,
            );
            known.insert(i, Known { value, order });
        }
        mixer.finish()
    }
}
