//! The mixer (section 12.1).

use std::sync::LazyLock;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::Result;

/// Returns the function `quarter` (section 12.1).
pub fn quarter(x: i64) -> usize {
    match x.unsigned_abs() {
        0..16 => 0,
        x => {
            let g = x.ilog2();
            (4 * (g as usize - 4) + (x >> (g - 2)) as usize % 4).min(63)
        }
    }
}

/// Returns the function `half` (section 12.1).
pub fn half(x: i64) -> usize {
    quarter(x) / 2 * 2 + usize::from(x < 0)
}

/// The values of the function `log` for 1 to 65535 (section 12.1).
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
    pub count: i64,
}

impl Default for Slot {
    fn default() -> Self {
        Self { p: 1 << 21, count: 0 }
    }
}

impl Slot {
    pub fn follow(&mut self, bit: bool) {
        let target = if bit { 0 } else { (1 << 22) - 1 };
        self.p += ((target - self.p) * (131_072 / (2 * self.count + 3))) >> 16;
        self.count = 1023.min(self.count + 1);
    }

    pub fn decode(&mut self, stream: &mut BitStream) -> Result<bool> {
        let bit = stream.bit((self.p >> 6).clamp(16, 65520) as u128)?;
        self.follow(bit);
        Ok(bit)
    }
}

/// Returns the function `stretch` for the probability of a slot (section 12.1).
pub fn stretch(slot: Slot) -> i64 {
    let x = (slot.p >> 10) as usize;
    (LOG[2 * x + 1] - LOG[8191 - 2 * x]) >> 8
}

/// A mix (section 12.1): the weights of the inputs, maybe with one more for the constant, and the number of uses.
#[derive(Clone)]
pub struct Mix {
    weights: Vec<i64>,
    uses: i64,
}

impl Mix {
    pub fn new(count: usize, weight: i64) -> Self {
        Self { weights: vec![weight; count], uses: 0 }
    }

    /// Decodes a bit by a decision from these slots; then the slots follow the bit. If `slows`, the weights change less
    /// the more often the mix was used.
    pub fn decode(&mut self, stream: &mut BitStream, slots: &mut [&mut Slot], slows: bool) -> Result<bool> {
        let mut inputs: Vec<i64> = slots.iter().map(|slot| stretch(**slot)).collect();
        inputs.resize(self.weights.len(), 256);
        let dot = (0..inputs.len()).map(|j| self.weights[j] * inputs[j]).sum::<i64>() >> 16;
        let x = dot.clamp(-3328, 3327);
        // log(p) - log(65536 - p) rises with p, so a binary search finds the least p
        let (mut p, mut end) = (16, 65520);
        while p < end {
            let middle = (p + end) / 2;
            if (LOG[middle] - LOG[65536 - middle]) >> 8 >= x { end = middle } else { p = middle + 1 }
        }
        let bit = stream.bit(p as u128)?;
        let error = if bit { 0 } else { 65536 } - p as i64;
        let step = if slows { 2 + 16 / (self.uses / 16 + 1) } else { 1 };
        for (weight, input) in self.weights.iter_mut().zip(inputs) {
            *weight = (*weight + ((input * error * step + (1 << 17)) >> 18)).clamp(-(1 << 20), 1 << 20);
        }
        self.uses = 256.min(self.uses + 1);
        slots.iter_mut().for_each(|slot| slot.follow(bit));
        Ok(bit)
    }
}

/// Decodes a bit by a decision at `node`. `contexts` has the value of each context.
pub fn decision(
    stream: &mut BitStream,
    sets: &mut [Vec<Slot>],
    mixes: &mut [Mix],
    contexts: &[usize],
    node: usize,
) -> Result<bool> {
    let nodes = mixes.len();
    let mut slots: Vec<&mut Slot> =
        sets.iter_mut().zip(contexts).map(|(set, context)| &mut set[context * nodes + node]).collect();
    mixes[node].decode(stream, &mut slots, true)
}
