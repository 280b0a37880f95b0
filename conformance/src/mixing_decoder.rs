//! Mixed masks and the kept values behind them (sections 11.6 and 11.7), decoding only; it shares nothing with the
//! encoder.

use super::decoder::{BitStream, Bytes, Mixer, Result, Slot, decision, level, level_and_sign, must, stretch};

/// Row and kernel, as both have them.
fn row_and_kernel(bytes: &mut Bytes) -> Result<(usize, usize)> {
    let (row, kernel) = (bytes.varint()?, bytes.varint()?);
    must((1..=65536).contains(&row), "length of a row")?;
    must((1..=row).contains(&kernel), "length of a kernel")?;
    Ok((row as usize, kernel as usize))
}

/// A mixed mask (11.6).
pub struct MixedMask {
    row: usize,
    kernel: usize,
}

impl MixedMask {
    pub fn read(bytes: &mut Bytes) -> Result<Self> {
        let (row, kernel) = row_and_kernel(bytes)?;
        Ok(Self { row, kernel })
    }

    pub fn decode(&self, stream: &mut BitStream, count: usize) -> Result<Vec<bool>> {
        // A0 to A4
        let mut sets: Vec<Vec<Slot>> = [512, 1024, 256, 256, 256].map(|size| vec![Slot::default(); size]).into();
        let mut mixers = vec![Mixer::new(5, 13107); 16];
        let mut all = Slot::default();
        let mut row = Slot::default();
        let mut kernel = Slot::default();
        let mut column = vec![Slot::default(); self.row];
        let mut channel = vec![Slot::default(); self.row.div_ceil(self.kernel)];
        let mut position = vec![Slot::default(); self.kernel];
        let mut history = 0usize;
        let mut x: Vec<bool> = Vec::new();
        for i in 0..count {
            let c = i % self.row;
            let (k, h) = (c % self.kernel, c / self.kernel);
            if c == 0 {
                (row.p, row.c) = (all.p, 8);
            }
            if k == 0 {
                (kernel.p, kernel.c) = (row.p, 4);
            }
            if i < self.row {
                if k == 0 {
                    (channel[h].p, channel[h].c) = (all.p, 2);
                }
                (column[c].p, column[c].c) = (all.p, 2);
            }
            let before = |d: usize| i.checked_sub(d).map_or(0, |j| usize::from(x[j]));
            let places = [
                if self.kernel <= 9 { (1 << k) + history % (1 << k) } else { history % 512 },
                32 * density(column[c], 5) + density(row, 5),
                16 * density(channel[h], 4) + density(kernel, 4),
                16 * density(column[c], 4) + history % 16,
                16 * density(position[k], 4) + 4 * (history % 4) + 2 * before(self.row) + before(2 * self.row),
            ];
            let mut slots: Vec<&mut Slot> = sets.iter_mut().zip(places).map(|(set, place)| &mut set[place]).collect();
            let bit = mixers[k.min(15)].decode(stream, &mut slots, false)?;
            row.follow(bit);
            kernel.follow(bit);
            all.follow(bit);
            column[c].follow(bit);
            channel[h].follow(bit);
            position[k].follow(bit);
            // no context looks further back
            history = (2 * history + usize::from(bit)) % 65536;
            x.push(bit);
        }
        Ok(x)
    }
}

/// Q.
fn density(slot: Slot, n: u32) -> usize {
    let st = stretch(slot);
    ((st + 512) >> (11 - n)).min((1 << n) - 1).max(0) as usize
}

/// Mixed kept values (11.7).
pub struct MixedKept {
    integers: bool,
    fraction: u32,
    row: usize,
    kernel: usize,
    /// m, b and the first magnitude of the window.
    m: u32,
    b: u32,
    first: i64,
}

/// The weights of a set of predictors, by number of the distance.
#[derive(Clone)]
struct Predictor {
    z0: i64,
    z1: i64,
    w: Vec<i64>,
    b: Vec<i64>,
    a: Vec<i64>,
}

fn follow(weight: &mut i64, gain: i64, y: i64) {
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

    /// The symbols of a chunk with these mask bits.
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
        // distance, and whether it is an inner one
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
        // value and order by place; mean, means and count by column
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
