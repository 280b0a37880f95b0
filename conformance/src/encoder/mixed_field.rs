//! A mixed field (section 12.2).

use std::collections::HashMap;

use crate::encoder::mixer::{Mixer, Set, level, signed_level};
use crate::wire::primitives::put_varint;

/// The parameters of a mixed field (section 12.2).
#[derive(Clone, Default)]
pub struct Mixed {
    pub kind: u8,
    pub fraction: u8,
    pub base: u64,
    pub shift: u8,
    pub period: u64,
    pub columns: u64,
    /// The distances themselves, ascending. (The head stores differences.)
    pub distances: Vec<u64>,
    /// If it is not 0, each symbol whose number is a multiple of it is an escape, even inside the window. A symbol
    /// outside the window always is.
    pub escape_each: usize,
}

impl Mixed {
    /// Returns `magnitude_bits`.
    pub fn magnitude_bits(&self, width: u32) -> u32 {
        width - u32::from(self.kind > 0)
    }

    /// Returns `window_bits`.
    pub fn window_bits(&self, width: u32) -> u32 {
        let m = self.magnitude_bits(width);
        if self.kind == 2 { m.min(8) } else { m.min(u32::from(self.fraction) + 4) }
    }

    /// Returns the highest base that a field of this width allows.
    pub fn last_base(&self, width: u32) -> u64 {
        if self.kind == 2 {
            return 0;
        }
        ((1 << self.magnitude_bits(width)) - (1 << self.window_bits(width))) >> self.fraction
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.fraction]);
        put_varint(out, self.base);
        out.push(self.shift);
        put_varint(out, self.period);
        put_varint(out, self.columns);
        out.push(self.distances.len() as u8);
        let mut before = 0;
        for &distance in &self.distances {
            put_varint(out, distance.wrapping_sub(before));
            before = distance;
        }
    }

    /// Returns the value of a magnitude with the sign 0.
    fn value(&self, magnitude: i64) -> i64 {
        if self.kind == 2 {
            return 16 * (2 * magnitude + 1);
        }
        let k = self.fraction;
        let (e, f) = (magnitude >> k, magnitude % (1 << k));
        let (base, scaled) = (self.base as i64, ((1 << k) + f) << (4 - k));
        if e >= base { scaled << (e - base).min(15) } else { scaled >> (base - e).min(5) }
    }

    /// Encodes the symbols of a chunk. Returns the words as bytes.
    pub fn words(&self, symbols: &[u16], of_words: &[usize], width: u32) -> Vec<u8> {
        let (m, b) = (self.magnitude_bits(width), self.window_bits(width));
        let first = if self.kind == 2 { 0 } else { (self.base << self.fraction) as i64 };
        let mut mixer = Mixer::new(13107, true);
        let mut past = Past::new(self);
        let mut escaped = false;
        for (i, (&symbol, &z)) in symbols.iter().zip(of_words).enumerate() {
            let sign = self.kind > 0 && symbol >> m == 1;
            let inverted = if self.kind == 2 && sign { !symbol } else { symbol };
            let magnitude = i64::from(inverted & ((1 << m) - 1));
            let (prediction, mut contexts) = past.contexts(z as i64);
            if self.kind > 0 {
                mixer.decision(sign, &contexts, 0, 0);
                contexts[1..].iter_mut().for_each(|context| *context ^= i64::from(sign));
            }
            let inside = (first..first + (1 << b)).contains(&magnitude);
            let escape = !inside || self.escape_each > 0 && i % self.escape_each == 0;
            mixer.alone(escape, Set::Escape, usize::from(escaped));
            escaped = escape;
            let (bits, offset) = if escape { (m, magnitude) } else { (b, magnitude - first) };
            let mut node = 1;
            for shift in (0..bits).rev() {
                let bit = offset >> shift & 1 == 1;
                if escape {
                    mixer.alone(bit, Set::Escaped, node)
                } else {
                    mixer.decision(bit, &contexts, node, node)
                }
                node = 2 * node + usize::from(bit);
            }
            let value = self.value(magnitude);
            past.follow(if sign { -value } else { value }, prediction);
        }
        mixer.finish()
    }
}

/// The values of a chunk so far, and the state that depends on them.
pub(crate) struct Past<'a> {
    of: &'a Mixed,
    values: Vec<i64>,
    /// The weights of each phase.
    weights: Vec<Vec<i64>>,
    quick: i64,
    slow: i64,
    /// `mean` and `size_mean` of each column.
    columns: HashMap<u64, (i64, i64)>,
}

impl<'a> Past<'a> {
    fn new(of: &'a Mixed) -> Self {
        let weights = vec![vec![0; of.distances.len()]; 16];
        Self { of, values: Vec::new(), weights, quick: 4096, slow: 4096, columns: HashMap::new() }
    }

    fn phase(&self) -> usize {
        (self.values.len() as u64 % self.of.period).min(15) as usize
    }

    /// Returns the values at the distances.
    fn near(&self) -> Vec<i64> {
        let at = |&distance: &u64| self.values.len().checked_sub(distance as usize).map_or(0, |at| self.values[at]);
        self.of.distances.iter().map(at).collect()
    }

    /// Returns the column of the next symbol and the number of its row; `None` without columns.
    fn place(&self) -> Option<(u64, u64)> {
        let i = self.values.len() as u64;
        (self.of.columns > 0).then(|| (i % self.of.columns, i / self.of.columns))
    }

    /// Returns the prediction, and the contexts A0 to A4. `z` is the context of the symbol.
    fn contexts(&self, z: i64) -> (i64, [i64; 5]) {
        let sum: i64 = self.weights[self.phase()].iter().zip(self.near()).map(|(weight, x)| weight * x).sum();
        let prediction = sum >> 16;
        let (mean, means) = self.place().and_then(|(column, _)| self.columns.get(&column)).copied().unwrap_or_default();
        let contexts = [
            16 * z + (level(self.quick >> 4) >> 2),
            64 * z + signed_level(prediction),
            64 * (level(self.slow >> 4) >> 2) + signed_level(prediction),
            64 * (means >> 6) + signed_level(mean >> 4),
            signed_level(self.values.last().copied().unwrap_or(0)),
        ];
        (prediction, contexts)
    }

    fn follow(&mut self, value: i64, prediction: i64) {
        let near = self.near();
        let norm = 4096 + near.iter().map(|x| x * x).sum::<i64>();
        let error = (value - prediction).clamp(-1 << 22, 1 << 22);
        let gain = (error << 28) / norm;
        let phase = self.phase();
        for (weight, x) in self.weights[phase].iter_mut().zip(near) {
            *weight = (*weight + ((gain * x) >> (12 + self.of.shift))).clamp(-1 << 20, 1 << 20);
        }
        self.quick += (16 * error.abs() - self.quick) >> 3;
        self.slow += (16 * error.abs() - self.slow) >> 5;
        if let Some((column, row)) = self.place() {
            let a = (1 + 64 - row.leading_zeros()).min(6);
            let (mean, means) = self.columns.entry(column).or_default();
            let half = 1 << (a - 1);
            *mean += (16 * value - *mean + half) >> a;
            *means += (16 * level(value) - *means + half) >> a;
        }
        self.values.push(value);
    }
}
