//! Mixed kept values (section 12.4).

use std::collections::HashMap;

use crate::encoder::mixer::{Mixer, Set, half, quarter};
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
pub(crate) type Weights = HashMap<(&'static str, usize), i64>;

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
        let magnitude_bits = width - 1;
        let integers = self.kind == 1;
        let window_bits = if integers { magnitude_bits } else { magnitude_bits.min(u32::from(self.fraction) + 4) };
        let window_first = if integers { 0 } else { (self.base << self.fraction) as i64 };
        let (row_len, kernel) = (self.row as usize, self.kernel as usize);
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
            let (row, column) = (i / row_len, i % row_len);
            let place = column % kernel;
            let crowd = quarter((4096 * in_row[row] * in_column[column] / symbols.len() as u64) as i64).min(31);
            // each weight that takes part, and its input
            let mut for_value: Vec<((&str, usize), i64)> = Vec::new();
            let mut for_size = vec![(("to_bias", 0), 32), (("to_crowd", 0), 2 * crowd)];
            // an inner distance that takes part is none of the outer ones, so its weights need no other names
            for (is_inner, distances) in [(true, &inner), (false, &outer)] {
                for &distance in distances {
                    if distance <= i && (!is_inner || distance <= place) && kept[i - distance] {
                        let near = &known[&(i - distance)];
                        for_value.push((("to_value", distance), near.value));
                        for_size.push((("to_order", distance), 8 * near.order));
                    }
                    if i + distance < kept.len() && (!is_inner || place + distance < kernel) && kept[i + distance] {
                        for_size.push((("to_after", distance), 64));
                    }
                }
            }
            let weights = sets.entry(if kernel <= 16 { place } else { 0 }).or_default();
            let sum = |inputs: &[((&'static str, usize), i64)]| -> i64 {
                inputs.iter().map(|(name, input)| weights.get(name).unwrap_or(&0) * input).sum::<i64>() >> 16
            };
            let (prediction, size) = (sum(&for_value), sum(&for_size));
            let shift = if integers { 2 } else { self.fraction };
            let expected = (size.max(0) >> shift).min(63);
            let (mean, size_mean, count) = columns[column];
            let mut contexts = [
                2 * crowd,
                64 * (expected >> 2) + half(prediction),
                64 * (size_mean >> 6) + half(mean >> 4),
                2 * expected,
            ];

            let symbol = i64::from(symbols[number]);
            let sign = symbol >> magnitude_bits & 1 == 1;
            let all_ones = (1 << magnitude_bits) - 1;
            let magnitude = if sign && integers { all_ones - (symbol & all_ones) } else { symbol & all_ones };
            let decide = |mixer: &mut Mixer, contexts: &[i64; 4], bit: bool, node: usize| {
                mixer.decision(bit, contexts, node, node);
            };
            decide(&mut mixer, &contexts, sign, 0);
            contexts.iter_mut().for_each(|context| *context ^= i64::from(sign));
            let inside = (window_first..window_first + (1 << window_bits)).contains(&magnitude);
            let escape = !integers && (!inside || self.escape_each > 0 && number % self.escape_each == 0);
            if !integers {
                mixer.alone(escape, Set::Escape, usize::from(escaped));
                escaped = escape;
            }
            let (bits, rest) =
                if escape { (magnitude_bits, magnitude) } else { (window_bits, magnitude - window_first) };
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

            let offset = (magnitude - window_first).clamp(0, (1 << window_bits) - 1);
            let value = 16 * (if integers { 2 * offset } else { offset } + 17) * if sign { -1 } else { 1 };
            let order = offset + 1;
            let norm = |from: i64, inputs: &[((&'static str, usize), i64)]| {
                from + inputs.iter().map(|(_, input)| input * input).sum::<i64>()
            };
            let error = (value - prediction).clamp(-1 << 22, 1 << 22);
            let gains = [
                ((error << 28) / norm(4096, &for_value), for_value),
                (((16 * order - size) << 28) / norm(256, &for_size), for_size),
            ];
            for (gain, inputs) in gains {
                for (name, input) in inputs {
                    let weight = weights.entry(name).or_insert(0);
                    *weight = (*weight + ((gain * input) >> 17)).clamp(-1 << 20, 1 << 20);
                }
            }
            let a = (1 + 64 - count.leading_zeros()).min(6);
            let one_half = 1 << (a - 1);
            columns[column] = (
                mean + ((16 * value - mean + one_half) >> a),
                size_mean + ((16 * quarter(value) - size_mean + one_half) >> a),
                count + 1,
            );
            known.insert(i, Known { value, order });
        }
        mixer.finish()
    }
}
