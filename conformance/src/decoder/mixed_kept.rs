//! Mixed kept values (section 12.4).

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::mixed_mask::row_and_kernel;
use crate::decoder::mixer::{Mix, Slot, decision, half, quarter};

/// The parameters of mixed kept values (section 12.4).
pub struct MixedKept {
    integers: bool,
    fraction: u32,
    row: usize,
    kernel: usize,
    magnitude_bits: u32,
    window_bits: u32,
    window_first: i64,
}

/// The weights of the predictors for one place in a kernel. `to_value`, `to_order` and `to_after` have one for each
/// distance.
#[derive(Clone)]
pub(crate) struct Predictor {
    to_bias: i64,
    to_crowd: i64,
    to_value: Vec<i64>,
    to_order: Vec<i64>,
    to_after: Vec<i64>,
}

pub(crate) fn follow(weight: &mut i64, gain: i64, input: i64) {
    *weight = (*weight + ((gain * input) >> 17)).clamp(-(1 << 20), 1 << 20);
}

impl MixedKept {
    pub fn read(bytes: &mut Bytes, width: u32) -> Result<Self> {
        let (kind, fraction) = (bytes.byte()?, u32::from(bytes.byte()?));
        let base = bytes.varint()?;
        must(kind <= 1, "kind")?;
        must(fraction <= 4, "fraction")?;
        must(base < 65536, "base")?;
        must(kind == 0 || fraction == 0 && base == 0, "fraction or base of integers")?;
        must(width >= 2, "a sign without a magnitude")?;
        let magnitude_bits = width - 1;
        must(kind == 0 || magnitude_bits <= 8, "integers of more than nine bits")?;
        must(fraction <= magnitude_bits, "more fraction than magnitude")?;
        let window_bits = if kind == 1 { magnitude_bits } else { magnitude_bits.min(fraction + 4) };
        let window_first = (base << fraction) as i64;
        must(window_first + (1 << window_bits) <= 1 << magnitude_bits, "a window beyond the magnitudes")?;
        let (row, kernel) = row_and_kernel(bytes)?;
        Ok(Self { integers: kind == 1, fraction, row, kernel, magnitude_bits, window_bits, window_first })
    }

    /// Decodes the symbols of a chunk with these mask bits.
    pub fn decode(&self, stream: &mut BitStream, kept: &[bool]) -> Result<Vec<u16>> {
        let (len, kernel) = (kept.len(), self.kernel);
        let mut in_row = vec![0i64; len.div_ceil(self.row)];
        let mut in_column = vec![0i64; self.row];
        let mut in_chunk = 0;
        for i in 0..len {
            in_row[i / self.row] += i64::from(kept[i]);
            in_column[i % self.row] += i64::from(kept[i]);
            in_chunk += i64::from(kept[i]);
        }
        // each distance, and whether it stays within the kernel
        let mut distances: Vec<(usize, bool)> = (1..=16).map(|distance| (distance, true)).collect();
        let row = self.row;
        let outer = if kernel > 1 { vec![kernel, row] } else { vec![1, 2, row, 2 * row, 3 * row, 4 * row] };
        for distance in outer {
            if !distances.contains(&(distance, false)) {
                distances.push((distance, false));
            }
        }
        let none = vec![0i64; distances.len()];
        let predictor =
            Predictor { to_bias: 0, to_crowd: 0, to_value: none.clone(), to_order: none.clone(), to_after: none };
        let mut predictors = vec![predictor; if kernel <= 16 { kernel } else { 1 }];
        let nodes = 1usize << self.window_bits;
        let mut sets: Vec<Vec<Slot>> = [64, 1024, 1024, 128].map(|size| vec![Slot::default(); size * nodes]).into();
        let mut mixes = vec![Mix::new(5, 16384); nodes];
        let mut of_escape = [Slot::default(); 2];
        let mut escape_tree = vec![Slot::default(); 1 << self.magnitude_bits];
        let mut was_escape = false;
        // `known` has the value and the order at each position; `columns` has the mean, the size mean and the count of
        // each column
        let mut known = vec![(0i64, 0i64); len];
        let mut columns = vec![[0i64; 3]; self.row];
        let mut out = Vec::new();
        for i in 0..len {
            if !kept[i] {
                continue;
            }
            let (row, column) = (i / self.row, i % self.row);
            let place = column % kernel;
            let crowd = quarter(4096 * in_row[row] * in_column[column] / in_chunk).min(31) as i64;
            let takes_part = |&(distance, inner): &(usize, bool)| {
                let before = i >= distance && kept[i - distance] && (!inner || distance <= place);
                let after = i + distance < len && kept[i + distance] && (!inner || distance + place < kernel);
                (before, after)
            };
            let parts: Vec<(bool, bool)> = distances.iter().map(takes_part).collect();
            let set = &mut predictors[if kernel <= 16 { place } else { 0 }];
            let mut prediction = 0;
            let mut norm = 4096;
            let mut size = 32 * set.to_bias + 2 * crowd * set.to_crowd;
            let mut size_norm = 256 + 32 * 32 + (2 * crowd) * (2 * crowd);
            for (j, &(before, after)) in parts.iter().enumerate() {
                if before {
                    let (value, order) = known[i - distances[j].0];
                    prediction += set.to_value[j] * value;
                    norm += value * value;
                    size += set.to_order[j] * 8 * order;
                    size_norm += (8 * order) * (8 * order);
                }
                if after {
                    size += set.to_after[j] * 64;
                    size_norm += 64 * 64;
                }
            }
            prediction >>= 16;
            size >>= 16;
            let expected = 63.min(0.max(size) >> if self.integers { 2 } else { self.fraction }) as usize;
            let [mean, size_mean, count] = columns[column];
            let mut contexts = [
                2 * crowd as usize,
                64 * (expected / 4) + half(prediction),
                64 * (size_mean / 64) as usize + half(mean >> 4),
                2 * expected,
            ];
            let sign = decision(stream, &mut sets, &mut mixes, &contexts, 0)?;
            if sign {
                contexts.iter_mut().for_each(|context| *context ^= 1);
            }
            let escape = !self.integers && of_escape[usize::from(was_escape)].decode(stream)?;
            was_escape = escape;
            let mut node = 1;
            for _ in 0..if escape { self.magnitude_bits } else { self.window_bits } {
                let bit = match escape {
                    true => escape_tree[node].decode(stream)?,
                    false => decision(stream, &mut sets, &mut mixes, &contexts, node)?,
                };
                node = 2 * node + usize::from(bit);
            }
            let magnitude = match escape {
                true => node as i64 - (1 << self.magnitude_bits),
                false => self.window_first + node as i64 - (1 << self.window_bits),
            };
            let all_ones = (1 << self.magnitude_bits) - 1;
            let lower = if self.integers && sign { magnitude ^ all_ones } else { magnitude };
            out.push((i64::from(sign) << self.magnitude_bits | lower) as u16);

            let offset = (magnitude - self.window_first).min((1 << self.window_bits) - 1).max(0);
            let order = offset + 1;
            let value = 16 * if self.integers { 2 * offset + 17 } else { offset + 17 } * if sign { -1 } else { 1 };
            known[i] = (value, order);
            let error = (value - prediction).clamp(-(1 << 22), 1 << 22);
            let gain = error * (1 << 28) / norm;
            let size_gain = (16 * order - size) * (1 << 28) / size_norm;
            follow(&mut set.to_bias, size_gain, 32);
            follow(&mut set.to_crowd, size_gain, 2 * crowd);
            for (j, &(before, after)) in parts.iter().enumerate() {
                if before {
                    let (value, order) = known[i - distances[j].0];
                    follow(&mut set.to_value[j], gain, value);
                    follow(&mut set.to_order[j], size_gain, 8 * order);
                }
                if after {
                    follow(&mut set.to_after[j], size_gain, 64);
                }
            }
            let a = 6.min(1 + (0..40).filter(|bits| count >> bits > 0).count());
            let one_half = 1 << (a - 1);
            columns[column] = [
                mean + ((16 * value - mean + one_half) >> a),
                size_mean + ((16 * quarter(value) as i64 - size_mean + one_half) >> a),
                count + 1,
            ];
        }
        Ok(out)
    }
}
