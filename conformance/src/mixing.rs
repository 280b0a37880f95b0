//! Mixed masks and the kept values behind them (sections 11.6 and 11.7), encoding only.

use std::collections::HashMap;

use super::coders::{BitsEncoder, SQUASH, STRETCH, Slot, level, signed_level};
use super::wire::put_varint;

/// Slots by context set, context and node; mixing weights and their uses by node.
struct Mixing {
    coder: BitsEncoder,
    slots: HashMap<(usize, i64, usize), Slot>,
    weights: HashMap<usize, (Vec<i64>, i64)>,
}

/// What no context set is numbered: the slots that stand alone.
const ESCAPE: usize = 100;
const ESCAPED: usize = 101;

impl Mixing {
    fn new() -> Self {
        Self { coder: BitsEncoder::new(true), slots: HashMap::new(), weights: HashMap::new() }
    }

    /// A bit by the mixture of the slots of these contexts. `weight` is what a new weight is; `of` numbers the weights.
    /// With a constant, the constant has a weight too, and the weights learn fast at first.
    fn decision(&mut self, bit: bool, contexts: &[i64], node: usize, of: usize, weight: i64, constant: bool) {
        let mut inputs = Vec::new();
        for (set, &context) in contexts.iter().enumerate() {
            let slot = self.slots.entry((set, context, node)).or_insert(Slot::NEW);
            inputs.push(STRETCH[(slot.p >> 10) as usize]);
            slot.follow(bit);
        }
        if constant {
            inputs.push(256);
        }
        let (weights, uses) = self.weights.entry(of).or_insert_with(|| (vec![weight; inputs.len()], 0));
        let dot = weights.iter().zip(&inputs).map(|(weight, s)| weight * s).sum::<i64>() >> 16;
        let q = SQUASH[(dot.clamp(-3328, 3327) + 3328) as usize];
        self.coder.bit(bit, q as u32);
        let e = if bit { -q } else { 65536 - q };
        let speed = if constant { 2 + 16 / (*uses / 16 + 1) } else { 1 };
        for (weight, s) in weights.iter_mut().zip(&inputs) {
            *weight = (*weight + ((s * e * speed + (1 << 17)) >> 18)).clamp(-1 << 20, 1 << 20);
        }
        *uses = (*uses + 1).min(256);
    }

    fn alone(&mut self, bit: bool, set: usize, node: usize) {
        let slot = self.slots.entry((set, 0, node)).or_insert(Slot::NEW);
        self.coder.bit(bit, (slot.p >> 6).max(16) as u32);
        slot.follow(bit);
    }
}

/// A mixed mask (11.6).
#[derive(Clone)]
pub struct MixedMask {
    pub row: u64,
    pub kernel: u64,
}

impl MixedMask {
    pub fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.row);
        put_varint(out, self.kernel);
    }

    /// The words of a chunk, as bytes.
    pub fn words(&self, bits: &[bool]) -> Vec<u8> {
        let (row_len, kernel_len) = (self.row as usize, self.kernel as usize);
        let mut mixing = Mixing::new();
        let mut all = Slot::NEW;
        let (mut row, mut kernel) = (Slot::NEW, Slot::NEW);
        let mut positions = vec![Slot::NEW; kernel_len];
        let (mut columns, mut channels) = (Vec::new(), Vec::new());
        let mut history = 0i64;
        for (i, &bit) in bits.iter().enumerate() {
            let c = i % row_len;
            let k = c % kernel_len;
            let h = c / kernel_len;
            if c == 0 {
                row = Slot { p: all.p, c: 8 };
            }
            if k == 0 {
                kernel = Slot { p: row.p, c: 4 };
            }
            if i < row_len {
                let like_all = Slot { p: all.p, c: 2 };
                if k == 0 {
                    channels.push(like_all);
                }
                columns.push(like_all);
            }
            let before = |distance: usize| i64::from(i >= distance && bits[i - distance]);
            let recent = |count: usize| history & ((1 << count) - 1);
            let contexts = [
                if kernel_len <= 9 { (1 << k) + recent(k) } else { recent(9) },
                32 * quantile(columns[c], 5) + quantile(row, 5),
                16 * quantile(channels[h], 4) + quantile(kernel, 4),
                16 * quantile(columns[c], 4) + recent(4),
                16 * quantile(positions[k], 4) + 4 * recent(2) + 2 * before(row_len) + before(2 * row_len),
            ];
            mixing.decision(bit, &contexts, 0, k.min(15), 13107, false);
            [&mut row, &mut kernel, &mut all, &mut columns[c], &mut channels[h], &mut positions[k]]
                .into_iter()
                .for_each(|slot| slot.follow(bit));
            history = recent(60) << 1 | i64::from(bit);
        }
        mixing.coder.finish()
    }
}

/// Q.
fn quantile(slot: Slot, bits: u32) -> i64 {
    let st = STRETCH[(slot.p >> 10) as usize];
    ((st + 512) >> (11 - bits)).clamp(0, (1 << bits) - 1)
}

/// Mixed kept values (11.7).
#[derive(Clone)]
pub struct MixedKept {
    pub kind: u8,
    pub fraction: u8,
    pub base: u64,
    pub row: u64,
    pub kernel: u64,
    /// Every symbol whose number is a multiple of it is an escape, needed or not; 0: only those that must.
    pub escape_each: usize,
}

/// A value at its place.
struct Known {
    value: i64,
    order: i64,
}

/// Weights by what they are for and the distance; all are 0 at first.
type Weights = HashMap<(char, usize), i64>;

impl MixedKept {
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.fraction]);
        put_varint(out, self.base);
        put_varint(out, self.row);
        put_varint(out, self.kernel);
    }

    /// Distances within the kernel, and others.
    fn distances(&self) -> (Vec<usize>, Vec<usize>) {
        let (row, kernel) = (self.row as usize, self.kernel as usize);
        let mut outer = if kernel > 1 { vec![kernel, row] } else { vec![1, 2, row, 2 * row, 3 * row, 4 * row] };
        outer.sort();
        outer.dedup();
        ((1..=16).collect(), outer)
    }

    /// The words of a chunk, as bytes; `kept` has the mask's bits.
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
        let mut mixing = Mixing::new();
        let mut sets: HashMap<usize, Weights> = HashMap::new();
        // by column: mean, means and count
        let mut columns = vec![(0i64, 0i64, 0u64); row_len];
        let mut known: HashMap<usize, Known> = HashMap::new();
        let mut escaped = false;
        for (number, i) in (0..kept.len()).filter(|&i| kept[i]).enumerate() {
            let (r, c) = (i / row_len, i % row_len);
            let q = c % kernel_len;
            let z = level((4096 * in_row[r] * in_column[c] / symbols.len() as u64) as i64).min(31);
            // what takes part: which weight, and its input
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
            let decide = |mixing: &mut Mixing, contexts: &[i64; 4], bit: bool, node: usize| {
                mixing.decision(bit, contexts, node, node, 16384, true);
            };
            decide(&mut mixing, &contexts, sign, 0);
            contexts.iter_mut().for_each(|context| *context ^= i64::from(sign));
            let inside = (first..first + (1 << b)).contains(&magnitude);
            let escape = !integers && (!inside || self.escape_each > 0 && number % self.escape_each == 0);
            if !integers {
                mixing.alone(escape, ESCAPE, usize::from(escaped));
                escaped = escape;
            }
            let (bits, rest) = if escape { (m, magnitude) } else { (b, magnitude - first) };
            let mut node = 1;
            for shift in (0..bits).rev() {
                let bit = rest >> shift & 1 == 1;
                if escape {
                    mixing.alone(bit, ESCAPED, node);
                } else {
                    decide(&mut mixing, &contexts, bit, node);
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
        mixing.coder.finish()
    }
}
