//! The mixer (section 12.1).

use std::sync::LazyLock;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::Result;

pub fn level(x: i64) -> usize {
    match x.unsigned_abs() {
        0..16 => 0,
        x => {
            let g = x.ilog2();
            (4 * (g as usize - 4) + (x >> (g - 2)) as usize % 4).min(63)
        }
    }
}

/// H.
pub fn level_and_sign(x: i64) -> usize {
    level(x) / 2 * 2 + usize::from(x < 0)
}

/// L, up to 65535.
pub(crate) static LOG: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let log = |x: u64| {
        let g = x.ilog2();
        let mut y = u128::from(x) << (31 - g);
        let mut l = i64::from(g);
        for _ in 0..16 {
            y = (y * y) >> 31;
            let carry = y >> 32 != 0;
            y >>= u32::from(carry);
            l = 2 * l + i64::from(carry);
        }
        l
    };
    (0..65536).map(|x| if x > 0 { log(x) } else { 0 }).collect()
});

#[derive(Clone, Copy)]
pub struct Slot {
    pub p: i64,
    pub c: i64,
}

impl Default for Slot {
    fn default() -> Self {
        Self { p: 1 << 21, c: 0 }
    }
}

impl Slot {
    pub fn follow(&mut self, bit: bool) {
        let t = if bit { 0 } else { (1 << 22) - 1 };
        self.p += ((t - self.p) * (131_072 / (2 * self.c + 3))) >> 16;
        self.c = 1023.min(self.c + 1);
    }

    pub fn decode(&mut self, stream: &mut BitStream) -> Result<bool> {
        let bit = stream.bit((self.p >> 6).clamp(16, 65520) as u128)?;
        self.follow(bit);
        Ok(bit)
    }
}

/// stretch.
pub fn stretch(slot: Slot) -> i64 {
    let i = slot.p >> 10;
    (LOG[2 * i as usize + 1] - LOG[8191 - 2 * i as usize]) >> 8
}

/// Mixing weights, of a constant too if there is one more than inputs, and their uses.
#[derive(Clone)]
pub struct Mixer {
    weights: Vec<i64>,
    uses: i64,
}

impl Mixer {
    pub fn new(count: usize, weight: i64) -> Self {
        Self { weights: vec![weight; count], uses: 0 }
    }

    /// A decision by the mixture of these slots, which follow it. `slows`: the weights learn slower with each use.
    pub fn decode(&mut self, stream: &mut BitStream, slots: &mut [&mut Slot], slows: bool) -> Result<bool> {
        let mut s: Vec<i64> = slots.iter().map(|slot| stretch(**slot)).collect();
        s.resize(self.weights.len(), 256);
        let dot = (0..s.len()).map(|j| self.weights[j] * s[j]).sum::<i64>() >> 16;
        let z = dot.clamp(-3328, 3327);
        // the logarithms rise with p: halve where the least p may be
        let (mut p, mut end) = (16, 65520);
        while p < end {
            let middle = (p + end) / 2;
            if (LOG[middle] - LOG[65536 - middle]) >> 8 >= z { end = middle } else { p = middle + 1 }
        }
        let bit = stream.bit(p as u128)?;
        let e = if bit { 0 } else { 65536 } - p as i64;
        let rate = if slows { 2 + 16 / (self.uses / 16 + 1) } else { 1 };
        for (weight, s) in self.weights.iter_mut().zip(s) {
            *weight = (*weight + ((s * e * rate + (1 << 17)) >> 18)).clamp(-(1 << 20), 1 << 20);
        }
        self.uses = 256.min(self.uses + 1);
        slots.iter_mut().for_each(|slot| slot.follow(bit));
        Ok(bit)
    }
}

/// A decision at a node, with one slot of each set.
pub fn decision(
    stream: &mut BitStream,
    sets: &mut [Vec<Slot>],
    mixers: &mut [Mixer],
    places: &[usize],
    node: usize,
) -> Result<bool> {
    let nodes = mixers.len();
    let mut slots: Vec<&mut Slot> =
        sets.iter_mut().zip(places).map(|(set, place)| &mut set[place * nodes + node]).collect();
    mixers[node].decode(stream, &mut slots, true)
}
