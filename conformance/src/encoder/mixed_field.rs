//! A mixed field (section 12.2).

use std::collections::HashMap;

use crate::encoder::mixer::{Mixer, Set, half, quarter};
use crate::wire::primitives::put_varint;

/// The parameters of a mixed field (section 12.2).
#[derive(Clone, Default)]
pub struct MixedField {
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

impl MixedField {
    /// Returns `magnitude_bits`.
    pub fn magnitude_bits(&self, width: u32) -> u32 {
        width - u32::from(self.kind > 0)
    }

    /// Returns `window_bits`.
    pub fn window_bits(&self, width: u32) -> u32 {
        let bits = self.magnitude_bits(width);
        if self.kind == 2 { bits.min(8) } else { bits.min(u32::from(self.fraction) + 4) }
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
        let (base, fraction) = (self.base as i64, self.fraction);
        let exponent = magnitude >> fraction;
        let mantissa = ((1 << fraction) + magnitude % (1 << fraction)) << (4 - fraction);
        if exponent >= base { mantissa << (exponent - base).min(15) } else { mantissa >> (base - exponent).min(5) }
    }

    /// Encodes the symbols of a chunk. Returns the words as bytes.
    pub fn words(&self, symbols: &[u16], of_symbols: &[usize], width: u32) -> Vec<u8> {
        let (magnitude_bits, window_bits) = (self.magnitude_bits(width), self.window_bits(width));
        let window_first = if self.kind == 2 { 0 } else { (self.base << self.fraction) as i64 };
        let mut mixer = Mixer::new(13107, true);
        let mut past = Past::new(self);
        let mut escaped = false;
        for (i, (&symbol, &context)) in symbols.iter().zip(of_symbols).enumerate() {
            let sign = self.kind > 0 && symbol >> magnitude_bits == 1;
            let inverted = if self.kind == 2 && sign { !symbol } else { symbol };
            let magnitude = i64::from(inverted & ((1 << magnitude_bits) - 1));
            let (prediction, mut contexts) = past.contexts(context as i64);
            if self.kind > 0 {
                mixer.decision(sign, &contexts, 0, 0);
                contexts[1..].iter_mut().for_each(|context| *context ^= i64::from(sign));
            }
            let inside = (window_first..window_first + (1 << window_bits)).contains(&magnitude);
            let escape = !inside || self.escape_each > 0 && i % self.escape_each == 0;
            mixer.alone(escape, Set::Escape, usize::from(escaped));
            escaped = escape;
            let (bits, rest) =
                if escape { (magnitude_bits, magnitude) } else { (window_bits, magnitude - window_first) };
            let mut node = 1;
            for shift in (0..bits).rev() {
                let bit = rest >> shift & 1 == 1;
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
    of: &'a MixedField,
    values: Vec<i64>,
    /// The weights of each phase.
    weights: Vec<Vec<i64>>,
    quick: i64,
    slow: i64,
    /// `mean` and `size_mean` of each column.
    columns: HashMap<u64, (i64, i64)>,
}

impl<'a> Past<'a> {
    fn new(of: &'a MixedField) -> Self {
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

    /// Returns the prediction, and the contexts A0 to A4. `context` is the context of the symbol (c).
    fn contexts(&self, context: i64) -> (i64, [i64; 5]) {
        let sum: i64 = self.weights[self.phase()].iter().zip(self.near()).map(|(weight, near)| weight * near).sum();
        let prediction = sum >> 16;
        let (mean, size_mean) =
            self.place().and_then(|(column, _)| self.columns.get(&column)).copied().unwrap_or_default();
        let contexts = [
            16 * context + (quarter(self.quick >> 4) >> 2),
            64 * context + half(prediction),
            64 * (quarter(self.slow >> 4) >> 2) + half(prediction),
            64 * (size_mean >> 6) + half(mean >> 4),
            half(self.values.last().copied().unwrap_or(0)),
        ];
        (prediction, contexts)
    }

    fn follow(&mut self, value: i64, prediction: i64) {
        let near = self.near();
        let norm = 4096 + near.iter().map(|near| near * near).sum::<i64>();
        let error = (value - prediction).clamp(-1 << 22, 1 << 22);
        let gain = (error << 28) / norm;
        let phase = self.phase();
        for (weight, near) in self.weights[phase].iter_mut().zip(near) {
            *weight = (*weight + ((gain * near) >> (12 + self.of.shift))).clamp(-1 << 20, 1 << 20);
        }
        self.quick += (16 * error.abs() - self.quick) >> 3;
        self.slow += (16 * error.abs() - self.slow) >> 5;
        if let Some((column, row)) = self.place() {
            let a = (1 + 64 - row.leading_zeros()).min(6);
            let (mean, size_mean) = self.columns.entry(column).or_default();
            let one_half = 1 << (a - 1);
            *mean += (16 * value - *mean + one_half) >> a;
            *size_mean += (16 * quarter(value) - *size_mean + one_half) >> a;
        }
        self.values.push(value);
    }
}
