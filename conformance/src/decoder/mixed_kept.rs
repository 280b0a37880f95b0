//! Mixed kept values (section 12.4).

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::mixed_mask::row_and_kernel;
use crate::decoder::mixer::{Mixer, Slot, decision, level, level_and_sign};

/// The parameters of mixed kept values (section 12.4).
pub struct MixedKept {
    integers: bool,
    fraction: u32,
    row: usize,
    kernel: usize,
    /// `magnitude_bits`, `window_bits` and `window_first`.
    m: u32,
    b: u32,
    first: i64,
}

/// The weights of the two predictors for one place in a kernel. `w`, `b` and `a` have one weight for each distance.
#[derive(Clone)]
pub(crate) struct Predictor {
    z0: i64,
    z1: i64,
    w: Vec<i64>,
    b: Vec<i64>,
    a: Vec<i64>,
}

pub(crate) fn follow(weight: &mut i64, gain: i64, y: i64) {
    *weight = (*weight + ((gain * y) >> 17)).clamp(-(1 << 20), 1 << 20);
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
        let m = width - 1;
        must(kind == 0 || m <= 8, "integers of more than nine bits")?;
        must(fraction <= m, "more fraction than magnitude")?;
        let b = if kind == 1 { m } else { m.min(fraction + 4) };
        let first = (base << fraction) as i64;
        must(first + (1 << b) <= 1 << m, "a window beyond the magnitudes")?;
        let (row, kernel) = row_and_kernel(bytes)?;
        Ok(Self { integers: kind == 1, fraction, row, kernel, m, b, first })
    }

    /// Decodes the symbols of a chunk with these mask bits.
    pub fn decode(&self, stream: &mut BitStream, kept: &[bool]) -> Result<Vec<u16>> {
        let (len, k) = (kept.len(), self.kernel);
        let mut of_row = vec![0i64; len.div_ceil(self.row)];
        let mut of_column = vec![0i64; self.row];
        let mut total = 0;
        for i in 0..len {
            of_row[i / self.row] += i64::from(kept[i]);
            of_column[i % self.row] += i64::from(kept[i]);
            total += i64::from(kept[i]);
        }
        // each distance, and whether it stays within the kernel
        let mut distances: Vec<(usize, bool)> = (1..=16).map(|d| (d, true)).collect();
        let l = self.row;
        let outer = if k > 1 { vec![k, l] } else { vec![1, 2, l, 2 * l, 3 * l, 4 * l] };
        for d in outer {
            if !distances.contains(&(d, false)) {
                distances.push((d, false));
            }
        }
        let none = vec![0i64; distances.len()];
        let predictor = Predictor { z0: 0, z1: 0, w: none.clone(), b: none.clone(), a: none };
        let mut predictors = vec![predictor; if k <= 16 { k } else { 1 }];
        let nodes = 1usize << self.b;
        let mut sets: Vec<Vec<Slot>> = [64, 1024, 1024, 128].map(|size| vec![Slot::default(); size * nodes]).into();
        let mut mixers = vec![Mixer::new(5, 16384); nodes];
        let mut of_escape = [Slot::default(); 2];
        let mut escape_tree = vec![Slot::default(); 1 << self.m];
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
            let (r, c) = (i / self.row, i % self.row);
            let q = c % k;
            let z = level(4096 * of_row[r] * of_column[c] / total).min(31) as i64;
            let takes_part = |&(d, inner): &(usize, bool)| {
                let before = i >= d && kept[i - d] && (!inner || d <= q);
                let after = i + d < len && kept[i + d] && (!inner || d + q < k);
                (before, after)
            };
            let parts: Vec<(bool, bool)> = distances.iter().map(takes_part).collect();
            let set = &mut predictors[if k <= 16 { q } else { 0 }];
            let mut prediction = 0;
            let mut norm = 4096;
            let mut size = 32 * set.z0 + 2 * z * set.z1;
            let mut size_norm = 256 + 32 * 32 + (2 * z) * (2 * z);
            for (j, &(before, after)) in parts.iter().enumerate() {
                if before {
                    let (v, o) = known[i - distances[j].0];
                    prediction += set.w[j] * v;
                    norm += v * v;
                    size += set.b[j] * 8 * o;
                    size_norm += (8 * o) * (8 * o);
                }
                if after {
                    size += set.a[j] * 64;
                    size_norm += 64 * 64;
                }
            }
            prediction >>= 16;
            size >>= 16;
            let expected = 63.min(0.max(size) >> if self.integers { 2 } else { self.fraction }) as usize;
            let [mean, means, count] = columns[c];
            let mut places = [
                2 * z as usize,
                64 * (expected / 4) + level_and_sign(prediction),
                64 * (means / 64) as usize + level_and_sign(mean >> 4),
                2 * expected,
            ];
            let sign = decision(stream, &mut sets, &mut mixers, &places, 0)?;
            if sign {
                places.iter_mut().for_each(|place| *place ^= 1);
            }
            let escape = !self.integers && of_escape[usize::from(was_escape)].decode(stream)?;
            was_escape = escape;
            let mut node = 1;
            for _ in 0..if escape { self.m } else { self.b } {
                let bit = match escape {
                    true => escape_tree[node].decode(stream)?,
                    false => decision(stream, &mut sets, &mut mixers, &places, node)?,
                };
                node = 2 * node + usize::from(bit);
            }
            let magnitude = match escape {
                true => node as i64 - (1 << self.m),
                false => self.first + node as i64 - (1 << self.b),
            };
            let all_ones = (1 << self.m) - 1;
            let lower = if self.integers && sign { magnitude ^ all_ones } else { magnitude };
            out.push((i64::from(sign) << self.m | lower) as u16);

            let o = (magnitude - self.first).min((1 << self.b) - 1).max(0);
            let v = 16 * if self.integers { 2 * o + 17 } else { o + 17 } * if sign { -1 } else { 1 };
            let order = o + 1;
            known[i] = (v, order);
            let error = (v - prediction).clamp(-(1 << 22), 1 << 22);
            let gain = error * (1 << 28) / norm;
            let size_gain = (16 * order - size) * (1 << 28) / size_norm;
            follow(&mut set.z0, size_gain, 32);
            follow(&mut set.z1, size_gain, 2 * z);
            for (j, &(before, after)) in parts.iter().enumerate() {
                if before {
                    let (v, o) = known[i - distances[j].0];
                    follow(&mut set.w[j], gain, v);
                    follow(&mut set.b[j], size_gain, 8 * o);
                }
                if after {
                    follow(&mut set.a[j], size_gain, 64);
                }
            }
            let a = 6.min(1 + (0..40).filter(|bits| count >> bits > 0).count());
            let half = 1 << (a - 1);
            columns[c] =
                [mean + ((16 * v - mean + half) >> a), means + ((16 * level(v) as i64 - means + half) >> a), count + 1];
        }
        Ok(out)
    }
}
