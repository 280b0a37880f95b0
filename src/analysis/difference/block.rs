//! Errors of a block of values.

use byteorder::{ByteOrder, LittleEndian};

use crate::error::Result;
use crate::tensor::{Dtype, convert};

/// The number of values in a block: a multiple of [`LANES`] that is a whole number of bytes for every dtype.
pub(super) const BLOCK: usize = 1024;

/// The number of independent sums, so that the compiler can use vector instructions.
pub(super) const LANES: usize = 8;

/// The values of both tensors and their errors. Unused elements are zero.
pub(super) struct Block {
    pub(super) count: usize,
    pub(super) a: [f64; BLOCK],
    pub(super) b: [f64; BLOCK],
    pub(super) error: [f64; BLOCK],
}

impl Block {
    pub(super) fn new() -> Self {
        Self { count: 0, a: [0.0; BLOCK], b: [0.0; BLOCK], error: [0.0; BLOCK] }
    }

    pub(super) fn read_a(&mut self, dtype: Dtype, bytes: &[u8]) -> Result<()> {
        self.a[self.count..].fill(0.0);
        convert(dtype, bytes, &mut self.a[..self.count])
    }

    pub(super) fn read_b(&mut self, dtype: Dtype, bytes: &[u8]) -> Result<()> {
        self.b[self.count..].fill(0.0);
        convert(dtype, bytes, &mut self.b[..self.count])
    }

    pub(super) fn subtract(&mut self) {
        for ((a, b), error) in self.a.iter().zip(&self.b).zip(&mut self.error) {
            *error = (a - b).abs();
        }
    }

    /// Computes the errors of 64-bit integers without rounding the integers.
    pub(super) fn subtract_integers(&mut self, (dtype_a, a): (Dtype, &[u8]), (dtype_b, b): (Dtype, &[u8])) {
        for (index, error) in self.error[..self.count].iter_mut().enumerate() {
            *error = integer(dtype_a, a, index).abs_diff(integer(dtype_b, b, index)) as f64;
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        // 0 times a finite number is 0; 0 times an infinity or NaN is NaN
        let mut sums = [0.0; LANES];
        for (a, error) in self.a.as_chunks::<LANES>().0.iter().zip(self.error.as_chunks::<LANES>().0) {
            for ((sum, a), error) in sums.iter_mut().zip(a).zip(error) {
                *sum += a * 0.0 + error * 0.0;
            }
        }
        sums == [0.0; LANES]
    }
}

/// Sums over a block, one for each lane.
#[derive(Default)]
pub(super) struct BlockSums {
    pub(super) changed: [u64; LANES],
    pub(super) largest: [f64; LANES],
    pub(super) errors: [f64; LANES],
    pub(super) squares: [f64; LANES],
    pub(super) energy: [f64; LANES],
}

impl BlockSums {
    #[inline]
    pub(super) fn add(&mut self, a: &[f64; LANES], error: &[f64; LANES]) {
        for lane in 0..LANES {
            let (a, error) = (a[lane], error[lane]);
            self.changed[lane] += u64::from(error != 0.0);
            self.largest[lane] = if error > self.largest[lane] { error } else { self.largest[lane] };
            self.errors[lane] += error;
            self.squares[lane] += error * error;
            self.energy[lane] += a * a;
        }
    }
}

/// Returns integer number `index`.
fn integer(dtype: Dtype, bytes: &[u8], index: usize) -> i128 {
    let width = dtype.bits() as usize / 8;
    let bytes = &bytes[index * width..(index + 1) * width];
    match dtype.is_signed_integer() {
        true => LittleEndian::read_int(bytes, width).into(),
        false => LittleEndian::read_uint(bytes, width).into(),
    }
}
