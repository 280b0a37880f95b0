//! Frequency codes on the narrow bits coder (section 9.1).

use std::collections::HashMap;

use crate::encoder::bits::{Adaptive, BitsEncoder, new_tree};

/// A code that is written as "not 0" and then decodes to 0. A decoder must refuse it.
pub const FALSE_ZERO: i32 = i32::MIN;

/// The number of the *zero* bit of the escape.
pub(crate) const ESCAPE_ZERO: usize = 32;

/// The codes that predict a code (section 9.1).
#[derive(Default)]
pub(crate) struct Near {
    pub(crate) left: i32,
    pub(crate) left2: i32,
    pub(crate) above: i32,
    pub(crate) above_left: i32,
    pub(crate) above_right: i32,
}

impl Near {
    /// Returns the kind of the prediction, and the prediction.
    fn predict(&self) -> (usize, i32) {
        let Self { left, left2, above, above_left, .. } = *self;
        if left != 0 && above != 0 && above_left != 0 {
            let (low, high) = (left.min(above), left.max(above));
            (
                0,
                if above_left <= low {
                    high
                } else if above_left >= high {
                    low
                } else {
                    left + above - above_left
                },
            )
        } else if above != 0 {
            (1, above)
        } else if left2 != 0 {
            (2, (left + (left - left2) / 2).clamp(1, 127))
        } else {
            (3, left)
        }
    }
}

/// An encoder of frequency codes on the narrow bits coder. An adaptive bit is named by its use and two numbers.
pub(crate) struct FrequencyCodeCoder {
    pub(crate) coder: BitsEncoder,
    pub(crate) bits: HashMap<(&'static str, usize, usize), Adaptive>,
    pub(crate) trees: HashMap<bool, Vec<Adaptive>>,
}

impl FrequencyCodeCoder {
    pub(crate) fn halves(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|bit| self.coder.half(value >> bit & 1 == 1));
    }

    fn adaptive(&mut self, bit: bool, number: (&'static str, usize, usize)) {
        self.coder.adaptive(self.bits.entry(number).or_insert(Adaptive::NEW), bit, 60);
    }

    pub(crate) fn code(&mut self, code: i32, near: &Near, zero: usize, recent: &mut usize) {
        self.adaptive(code == 0, ("zero", zero, 0));
        if code == 0 {
            return;
        }
        let code = if code == FALSE_ZERO { 0 } else { code };
        if near.left == 0 && near.above == 0 {
            let tree = self.trees.entry(zero == ESCAPE_ZERO).or_insert_with(|| new_tree(7));
            self.coder.tree(tree, code as u16, 7, 60);
            return;
        }
        let (kind, prediction) = near.predict();
        let context = 3 * kind + *recent;
        let difference = code - prediction;
        *recent = match difference.unsigned_abs() {
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        };
        self.adaptive(difference != 0, ("differs", context, 0));
        if difference == 0 {
            return;
        }
        self.adaptive(difference < 0, ("sign", context, 0));
        let magnitude = difference.unsigned_abs();
        let exponent = magnitude.ilog2() as usize;
        for j in 0..exponent {
            self.adaptive(true, ("exponent", context, j.min(7)));
        }
        self.adaptive(false, ("exponent", context, exponent.min(7)));
        for bit in (0..exponent).rev() {
            let value = magnitude >> bit & 1 == 1;
            if bit + 1 == exponent {
                self.adaptive(value, ("second", context, exponent))
            } else {
                self.coder.half(value)
            }
        }
    }
}
