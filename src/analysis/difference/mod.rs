//! The difference between the values of two tensors of the same shape.

mod block;

use crate::error::{Error, Result};
use crate::tensor::{Dtype, TensorView, bytes_of, element_count};
use block::{BLOCK, Block, BlockSums, LANES};

/// The difference between the values of a tensor A and a tensor B of the same shape. Differences of parts can be
/// merged.
///
/// Values are compared as f64, which represents all values of every dtype except 64-bit integers. Two 64-bit integers
/// are compared exactly; if the other dtype is a float, the integer is rounded to the nearest f64. 0.0 equals -0.0, and
/// every NaN equals every NaN. A complex number is two values, its real and its imaginary part.
///
/// An error is the absolute difference between two finite values. All other pairs are only counted. An error beyond the
/// range of f64 counts as [`f64::MAX`], and a squared error below that range as 0.
///
/// ```
/// use tersor::{Difference, Dtype, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let bytes = |values: [f32; 2]| values.map(f32::to_le_bytes).concat();
/// let (a, b) = (bytes([1.0, 2.0]), bytes([1.0, 2.5]));
/// let view = |bytes| TensorView::new(Dtype::F32, &[2], bytes);
/// let difference = Difference::between(view(&a)?, view(&b)?, 0)?;
/// assert_eq!((difference.changed, difference.largest_error(), difference.largest_at()), (1, 0.5, Some(1)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The number of compared pairs of values.
    pub values: u64,
    /// The number of pairs whose values are not equal.
    pub changed: u64,
    /// The stored bits that differ; zero if the dtypes differ.
    pub differing: DifferingBits,
    /// The changed pairs in which a value is NaN or infinite.
    pub non_finite: NonFinite,
    /// The number of pairs of finite values.
    finite: u64,
    largest: f64,
    /// The index of the first value with the largest error, if the error is not 0.
    at: u64,
    /// The sum of the errors.
    sum: f64,
    /// The sum of the squared errors.
    squares: f64,
    /// The sum of the squares of A's finite values.
    energy: f64,
}

/// The stored bits that differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DifferingBits {
    /// The number of values whose stored bits differ.
    pub values: u64,
    /// The number of bits that differ.
    pub bits: u64,
}

/// The number of changed pairs in which a value is NaN or infinite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NonFinite {
    /// NaN or infinite in A, and finite in B.
    pub only_a: u64,
    /// Finite in A, and NaN or infinite in B.
    pub only_b: u64,
    /// NaN or infinite in both, but not equal.
    pub both: u64,
}

impl NonFinite {
    /// Returns the sum.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.only_a + self.only_b + self.both
    }
}

impl Difference {
    /// Returns whether values of these dtypes can be compared. A complex dtype can only be compared with itself.
    #[must_use]
    pub fn is_defined(a: Dtype, b: Dtype) -> bool {
        (a == Dtype::C64) == (b == Dtype::C64)
    }

    /// Compares the elements of `a` and `b`. They may be parts of larger tensors: `first` is the index of their first
    /// value in those.
    ///
    /// # Errors
    /// `InvalidArgument` if the shapes differ; `Unsupported` if only one of the dtypes is complex.
    pub fn between(a: TensorView<'_>, b: TensorView<'_>, first: u64) -> Result<Self> {
        if a.shape() != b.shape() {
            return Err(Error::invalid(format!("cannot compare values of shapes {:?} and {:?}", a.shape(), b.shape())));
        }
        if !Self::is_defined(a.dtype(), b.dtype()) {
            return Err(Error::unsupported(format!("cannot compare {} values with {} values", a.dtype(), b.dtype())));
        }
        let parts_of = |dtype: Dtype| if dtype == Dtype::C64 { (Dtype::F32, 2) } else { (dtype, 1) };
        let ((dtype_a, parts), (dtype_b, _)) = (parts_of(a.dtype()), parts_of(b.dtype()));
        let is_exact = [dtype_a, dtype_b].iter().any(|dtype| matches!(dtype, Dtype::I64 | Dtype::U64))
            && dtype_a.is_integer()
            && dtype_b.is_integer();
        let values = element_count(a.shape()).unwrap_or(0) * parts;
        let mut this = Self { values, ..Self::default() };
        let mut block = Block::new();
        for start in (0..values).step_by(BLOCK) {
            let end = values.min(start + BLOCK as u64);
            let range = |dtype| bytes_of(dtype, start) as usize..bytes_of(dtype, end) as usize;
            let (bytes_a, bytes_b) = (&a.bytes()[range(dtype_a)], &b.bytes()[range(dtype_b)]);
            block.count = (end - start) as usize;
            block.read_a(dtype_a, bytes_a)?;
            if dtype_a == dtype_b && bytes_a == bytes_b {
                block.b = block.a;
            } else {
                block.read_b(dtype_b, bytes_b)?;
                if dtype_a == dtype_b {
                    this.differing.add(dtype_a.bits(), block.count, bytes_a, bytes_b);
                }
            }
            block.subtract();
            if is_exact {
                block.subtract_integers((dtype_a, bytes_a), (dtype_b, bytes_b));
            }
            this.add_block(&mut block, first + start);
        }
        Ok(this)
    }

    fn add_block(&mut self, block: &mut Block, first: u64) {
        self.finite += block.count as u64;
        if !block.is_finite() {
            self.set_apart(block);
        }
        let mut sums = BlockSums::default();
        for (a, error) in block.a.as_chunks::<LANES>().0.iter().zip(block.error.as_chunks::<LANES>().0) {
            sums.add(a, error);
        }
        self.changed += sums.changed.iter().sum::<u64>();
        self.sum += sums.errors.iter().sum::<f64>();
        self.squares += sums.squares.iter().sum::<f64>();
        self.energy += sums.energy.iter().sum::<f64>();
        let largest = sums.largest.into_iter().fold(0.0, f64::max);
        if largest > self.largest {
            let index = block.error.iter().position(|&error| error == largest).unwrap_or(0);
            (self.largest, self.at) = (largest, first + index as u64);
        }
    }

    /// Counts the pairs that are not both finite, and replaces them by zeros.
    #[cold]
    fn set_apart(&mut self, block: &mut Block) {
        for ((a, b), error) in block.a.iter_mut().zip(&block.b).zip(&mut block.error).take(block.count) {
            let counter = match (a.is_finite(), b.is_finite()) {
                (true, true) => {
                    *error = error.min(f64::MAX);
                    continue;
                }
                (false, true) => &mut self.non_finite.only_a,
                (true, false) => &mut self.non_finite.only_b,
                (false, false) => &mut self.non_finite.both,
            };
            let is_changed = u64::from(*a != *b && !(a.is_nan() && b.is_nan()));
            *counter += is_changed;
            self.changed += is_changed;
            self.finite -= 1;
            (*a, *error) = (0.0, 0.0);
        }
    }

    /// Adds the difference of later values of the same tensors.
    pub fn merge(&mut self, later: &Self) {
        self.values += later.values;
        self.changed += later.changed;
        self.differing.values += later.differing.values;
        self.differing.bits += later.differing.bits;
        self.non_finite.only_a += later.non_finite.only_a;
        self.non_finite.only_b += later.non_finite.only_b;
        self.non_finite.both += later.non_finite.both;
        self.finite += later.finite;
        self.sum += later.sum;
        self.squares += later.squares;
        self.energy += later.energy;
        if later.largest > self.largest {
            (self.largest, self.at) = (later.largest, later.at);
        }
    }

    /// Returns whether no value changed and no stored bit differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.changed == 0 && self.differing.values == 0
    }

    /// Returns whether all errors are at most `tolerance`, and no NaN or infinity changed.
    #[must_use]
    pub fn is_within(&self, tolerance: f64) -> bool {
        self.non_finite.total() == 0 && self.largest <= tolerance
    }

    /// Returns the largest error; 0 if there is none.
    #[must_use]
    pub fn largest_error(&self) -> f64 {
        self.largest
    }

    /// Returns the index of the first value with the largest error, if there is an error.
    #[must_use]
    pub fn largest_at(&self) -> Option<u64> {
        (self.largest > 0.0).then_some(self.at)
    }

    /// Returns the mean of the errors; `None` without finite values or beyond the range of f64.
    #[must_use]
    pub fn mean_error(&self) -> Option<f64> {
        self.mean_of(self.sum)
    }

    /// Returns the square root of the mean of the squared errors; `None` without finite values or beyond the range of
    /// f64.
    #[must_use]
    pub fn rms_error(&self) -> Option<f64> {
        self.mean_of(self.squares).map(f64::sqrt)
    }

    /// Returns the [`rms_error`](Self::rms_error) divided by the root mean square of A's values; `None` also if A's
    /// values are 0.
    #[must_use]
    pub fn relative_error(&self) -> Option<f64> {
        let size = self.mean_of(self.energy)?.sqrt();
        self.rms_error().map(|error| error / size).filter(|relative| relative.is_finite())
    }

    /// Returns the signal-to-noise ratio in decibels, with A's values as the signal; `None` also if there is no error.
    #[must_use]
    pub fn signal_to_noise(&self) -> Option<f64> {
        self.relative_error().map(|relative| -20.0 * relative.log10()).filter(|ratio| ratio.is_finite())
    }

    fn mean_of(&self, sum: f64) -> Option<f64> {
        let mean = sum / self.finite as f64;
        mean.is_finite().then_some(mean)
    }
}

impl DifferingBits {
    /// Counts the differing bits of `count` values of `width` bits.
    fn add(&mut self, width: u32, count: usize, a: &[u8], b: &[u8]) {
        fn values<const N: usize>(a: &[u8], b: &[u8]) -> u64 {
            a.as_chunks::<N>().0.iter().zip(b.as_chunks::<N>().0).map(|(a, b)| u64::from(a != b)).sum()
        }
        self.values += match width {
            8 => values::<1>(a, b),
            16 => values::<2>(a, b),
            32 => values::<4>(a, b),
            64 => values::<8>(a, b),
            width => {
                let code = |bytes: &[u8], index: usize| {
                    let (byte, shift) = (index * width as usize / 8, index * width as usize % 8);
                    let low = u32::from(bytes[byte]) | u32::from(*bytes.get(byte + 1).unwrap_or(&0)) << 8;
                    low >> shift & ((1 << width) - 1)
                };
                (0..count).filter(|&index| code(a, index) != code(b, index)).count() as u64
            }
        };
        let ((a, end_a), (b, end_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        let words = a.iter().zip(b).map(|(a, b)| (u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b)).count_ones());
        let rest = end_a.iter().zip(end_b).map(|(a, b)| (a ^ b).count_ones());
        self.bits += words.chain(rest).map(u64::from).sum::<u64>();
    }
}

#[cfg(test)]
mod tests;
