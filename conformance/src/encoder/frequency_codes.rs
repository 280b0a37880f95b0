//! Frequency codes on the narrow bits coder (section 9.1).

use std::collections::HashMap;

use crate::encoder::bits::{Adaptive, BitsEncoder, new_tree};

/// A code that is written as "not 0" and then decodes to 0. A decoder must refuse it.
pub const FALSE_ZERO: i32 = i32::MIN;

/// The number of the *zero* bit of the escape.
pub(crate) const ESCAPE_CONTEXT: usize = 32;

/// The codes that predict a code (section 9.1): `left`, `left2`, `above`, `above_left` and `above_right`, in this
/// order.
#[derive(Default)]
pub(crate) struct Near {
    pub(crate) w: i32,
    pub(crate) u: i32,
    pub(crate) n: i32,
    pub(crate) m: i32,
    pub(crate) r: i32,
}

impl Near {
    /// Returns the kind of the prediction, and the prediction.
    fn predict(&self) -> (usize, i32) {
        let Self { w, u, n, m, .. } = *self;
        if w != 0 && n != 0 && m != 0 {
            let (low, high) = (w.min(n), w.max(n));
            (
                0,
                if m <= low {
                    high
                } else if m >= high {
                    low
                } else {
                    w + n - m
                },
            )
        } else if n != 0 {
            (1, n)
        } else if u != 0 {
            (2, (w + (w - u) / 2).clamp(1, 127))
        } else {
            (3, w)
        }
    }
}

/// An encoder of frequency codes on the narrow bits coder (section 9.1). An adaptive bit is named by its use and two
/// numbers.
pub(crate) struct LevelCoder {
    pub(crate) coder: BitsEncoder,
    pub(crate) bits: HashMap<(&'static str, usize, usize), Adaptive>,
    pub(crate) trees: HashMap<bool, Vec<Adaptive>>,
}

impl LevelCoder {
    pub(crate) fn halves(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|k| self.coder.half(value >> k & 1 == 1));
    }

    fn adaptive(&mut self, bit: bool, context: (&'static str, usize, usize)) {
        self.coder.adaptive(self.bits.entry(context).or_insert(Adaptive::NEW), bit, 60);
    }

    pub(crate) fn level(&mut self, level: i32, near: &Near, zero_context: usize, difference_before: &mut i32) {
        self.adaptive(level == 0, ("zero", zero_context, 0));
        if level == 0 {
            return;
        }
        let level = if level == FALSE_ZERO { 0 } else { level };
        if near.w == 0 && near.n == 0 {
            let tree = self.trees.entry(zero_context == ESCAPE_CONTEXT).or_insert_with(|| new_tree(7));
            self.coder.tree(tree, level as u16, 7, 60);
            return;
        }
        let (kind, p) = near.predict();
        let h = match difference_before.abs() {
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        };
        let k = 3 * kind + h;
        let difference = level - p;
        *difference_before = difference;
        self.adaptive(difference != 0, ("differs", k, 0));
        if difference == 0 {
            return;
        }
        self.adaptive(difference < 0, ("sign", k, 0));
        let magnitude = difference.unsigned_abs();
        let g = magnitude.ilog2() as usize;
        for i in 0..g {
            self.adaptive(true, ("length", k, i.min(7)));
        }
        self.adaptive(false, ("length", k, g.min(7)));
        for bit in (0..g).rev() {
            let value = magnitude >> bit & 1 == 1;
            if bit + 1 == g { self.adaptive(value, ("top", k, g)) } else { self.coder.half(value) }
        }
    }
}
