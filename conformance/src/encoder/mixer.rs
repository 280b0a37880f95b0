//! The mixer (section 12.1).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::encoder::bits::BitsEncoder;

pub(crate) fn log(x: u64) -> i64 {
    let g = x.ilog2();
    let (mut y, mut l) = (x << (31 - g), i64::from(g));
    for _ in 0..16 {
        y = (y * y) >> 31;
        l *= 2;
        if y >= 1 << 32 {
            y >>= 1;
            l += 1;
        }
    }
    l
}

pub static STRETCH: LazyLock<Vec<i64>> =
    LazyLock::new(|| (0..4096).map(|x| (log(2 * x + 1) - log(8191 - 2 * x)) >> 8).collect());

/// The values of the function `squash`, from squash(-3328) on (section 12.1).
pub static SQUASH: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut p = 16;
    let least = |x: i64| {
        // `p` never decreases, because a larger `x` needs a larger probability
        while p < 65520 && (log(p) - log(65536 - p)) >> 8 < x {
            p += 1;
        }
        p as i64
    };
    (-3328..=3327).map(least).collect()
});

/// Returns the function `quarter` (section 12.1).
pub fn quarter(x: i64) -> i64 {
    let x = x.abs();
    if x < 16 {
        return 0;
    }
    let g = x.ilog2();
    (4 * (i64::from(g) - 4) + (x >> (g - 2)) % 4).min(63)
}

/// Returns the function `half` (section 12.1).
pub fn half(x: i64) -> i64 {
    2 * (quarter(x) >> 1) + i64::from(x < 0)
}

#[derive(Clone, Copy)]
pub struct Slot {
    pub p: i64,
    pub count: i64,
}

impl Slot {
    pub const NEW: Self = Self { p: 1 << 21, count: 0 };

    pub fn follow(&mut self, bit: bool) {
        let target = if bit { 0 } else { (1 << 22) - 1 };
        self.p += ((target - self.p) * (131_072 / (2 * self.count + 3))) >> 16;
        self.count = (self.count + 1).min(1023);
    }
}

/// The set that a slot belongs to.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Set {
    /// The set for this value of the context of this number.
    Context(usize, i64),
    /// The slots for the escape bit.
    Escape,
    /// The slots for the tree of an escaped magnitude.
    Escaped,
}

/// Mixing on the wide bits coder: the slots by set and node, and the mixes. Each mix has its weights and the number of
/// its uses.
pub(crate) struct Mixer {
    coder: BitsEncoder,
    slots: HashMap<(Set, usize), Slot>,
    mixes: HashMap<usize, (Vec<i64>, i64)>,
    initial_weight: i64,
    /// If true, there is a constant input with its own weight, and a mix changes faster in its first uses.
    has_constant: bool,
}

impl Mixer {
    pub(crate) fn new(initial_weight: i64, has_constant: bool) -> Self {
        let coder = BitsEncoder::new(true);
        Self { coder, slots: HashMap::new(), mixes: HashMap::new(), initial_weight, has_constant }
    }

    /// Encodes a bit by a decision from the slots of these contexts at `node`. `mix` is the number of the mix.
    pub(crate) fn decision(&mut self, bit: bool, contexts: &[i64], node: usize, mix: usize) {
        let mut inputs = Vec::new();
        for (set, &context) in contexts.iter().enumerate() {
            let slot = self.slots.entry((Set::Context(set, context), node)).or_insert(Slot::NEW);
            inputs.push(STRETCH[(slot.p >> 10) as usize]);
            slot.follow(bit);
        }
        if self.has_constant {
            inputs.push(256);
        }
        let initial = || (vec![self.initial_weight; inputs.len()], 0);
        let (weights, uses) = self.mixes.entry(mix).or_insert_with(initial);
        let dot = weights.iter().zip(&inputs).map(|(weight, input)| weight * input).sum::<i64>() >> 16;
        let q = SQUASH[(dot.clamp(-3328, 3327) + 3328) as usize];
        self.coder.bit(bit, q as u32);
        let error = if bit { -q } else { 65536 - q };
        let step = if self.has_constant { 2 + 16 / (*uses / 16 + 1) } else { 1 };
        for (weight, input) in weights.iter_mut().zip(&inputs) {
            *weight = (*weight + ((input * error * step + (1 << 17)) >> 18)).clamp(-1 << 20, 1 << 20);
        }
        *uses = (*uses + 1).min(256);
    }

    /// Encodes a bit in a single slot.
    pub(crate) fn alone(&mut self, bit: bool, set: Set, node: usize) {
        let slot = self.slots.entry((set, node)).or_insert(Slot::NEW);
        self.coder.bit(bit, (slot.p >> 6).clamp(16, 65520) as u32);
        slot.follow(bit);
    }

    /// Ends the stream. Returns its words as bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.coder.finish()
    }
}
