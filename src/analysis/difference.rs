//! How far the values of a tensor are from those of another of the same shape.

use byteorder::{ByteOrder, LittleEndian};

use crate::error::{Error, Result};
use crate::tensor::{Dtype, TensorView, bytes_of, convert, element_count};

/// Values worked on at a time: a multiple of [`LANES`] that ends at a byte for every dtype.
const BLOCK: usize = 1024;

/// Sums side by side, so that the compiler can use vectors.
const LANES: usize = 8;

/// How far the values of a tensor B are from those of a tensor A of the same shape: of a part of them, then merged.
///
/// Values are compared as f64, which holds those of every dtype but integers of 64 bits; between integer dtypes these are compared exactly, beside a float they
/// are rounded to nearest. 0.0 and -0.0 are equal, as are any two NaN. A complex number is two values, its real and its imaginary part.
///
/// Errors are absolute differences of values that are both finite; every other pair is only counted. A difference of F64 values beyond the range of f64 counts as
/// [`f64::MAX`], and squares below that range as 0.
///
/// ```
/// use tersor::{Difference, Dtype, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let bytes = |values: [f32; 2]| values.map(f32::to_le_bytes).concat();
/// let (a, b) = (bytes([1.0, 2.0]), bytes([1.0, 2.5]));
/// let view = |bytes| TensorView::new(Dtype::F32, &[2], bytes);
/// let difference = Difference::between(view(&a)?, view(&b)?, 0)?;
/// assert_eq!((difference.moved, difference.largest_error(), difference.largest_at()), (1, 0.5, Some(1)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// Pairs of values.
    pub values: u64,
    /// Pairs whose values are not equal.
    pub moved: u64,
    /// Where both tensors have one dtype; else none are counted.
    pub differing: DifferingBits,
    /// Of the pairs that moved, those that are not both finite.
    pub non_finite: NonFinite,
    /// Pairs of finite values.
    finite: u64,
    largest: f64,
    /// Index of the first value with the largest error, if that is not 0.
    at: u64,
    /// Of the errors.
    sum: f64,
    /// Of the errors.
    squares: f64,
    /// Of A's finite values.
    energy: f64,
}

/// Stored bits that differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DifferingBits {
    /// Values that have such bits.
    pub values: u64,
    /// These bits.
    pub bits: u64,
}

/// Pairs that moved and are not both finite, by where NaN or an infinity is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NonFinite {
    /// In A, with a finite value in B.
    pub only_a: u64,
    /// In B, with a finite value in A.
    pub only_b: u64,
    /// In both, but not the same.
    pub both: u64,
}

impl NonFinite {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.only_a + self.only_b + self.both
    }
}

impl Difference {
    /// Whether values of these dtypes can be compared: not complex ones with others.
    pub fn is_defined(a: Dtype, b: Dtype) -> bool {
        (a == Dtype::C64) == (b == Dtype::C64)
    }

    /// Compares the elements of `a` and `b`; `first` is the index of their first value in the tensors.
    ///
    /// # Errors
    /// `InvalidArgument` if the shapes differ, `Unsupported` if only one is complex.
    pub fn between(a: TensorView<'_>, b: TensorView<'_>, first: u64) -> Result<Self> {
        if a.shape() != b.shape() {
            return Err(Error::invalid(format!("values of shape {:?} against {:?}", a.shape(), b.shape())));
        }
        if !Self::is_defined(a.dtype(), b.dtype()) {
            return Err(Error::unsupported(format!("{} values against {}", a.dtype(), b.dtype())));
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
        let mut sums = Sums::default();
        for (a, error) in block.a.as_chunks::<LANES>().0.iter().zip(block.error.as_chunks::<LANES>().0) {
            sums.add(a, error);
        }
        self.moved += sums.moved.iter().sum::<u64>();
        self.sum += sums.errors.iter().sum::<f64>();
        self.squares += sums.squares.iter().sum::<f64>();
        self.energy += sums.energy.iter().sum::<f64>();
        let largest = sums.largest.into_iter().fold(0.0, f64::max);
        if largest > self.largest {
            let index = block.error.iter().position(|&error| error == largest).unwrap_or(0);
            (self.largest, self.at) = (largest, first + index as u64);
        }
    }

    /// Counts the pairs that are not both finite, and leaves zeros in their places.
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
            let is_moved = u64::from(*a != *b && !(a.is_nan() && b.is_nan()));
            *counter += is_moved;
            self.moved += is_moved;
            self.finite -= 1;
            (*a, *error) = (0.0, 0.0);
        }
    }

    /// Adds what was found in values behind these.
    pub fn merge(&mut self, later: &Self) {
        self.values += later.values;
        self.moved += later.moved;
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

    /// Whether no value moved and no stored bit differs.
    pub fn is_none(&self) -> bool {
        self.moved == 0 && self.differing.values == 0
    }

    /// Whether no value is further from the other than `tolerance`: an infinity or NaN against another value is.
    pub fn is_within(&self, tolerance: f64) -> bool {
        self.non_finite.total() == 0 && self.largest <= tolerance
    }

    /// The largest error; 0 if there is none.
    pub fn largest_error(&self) -> f64 {
        self.largest
    }

    /// The index of the first value with the largest error, if there is an error.
    pub fn largest_at(&self) -> Option<u64> {
        (self.largest > 0.0).then_some(self.at)
    }

    /// The mean of the errors; `None` without finite values or beyond the range of f64.
    pub fn mean_error(&self) -> Option<f64> {
        self.mean_of(self.sum)
    }

    /// The square root of the mean of the squared errors; `None` without finite values or beyond the range of f64.
    pub fn rms_error(&self) -> Option<f64> {
        self.mean_of(self.squares).map(f64::sqrt)
    }

    /// The [`rms_error`](Self::rms_error) by the root mean square of A's values; `None` also if that is 0.
    pub fn relative_error(&self) -> Option<f64> {
        let size = self.mean_of(self.energy)?.sqrt();
        self.rms_error().map(|error| error / size).filter(|relative| relative.is_finite())
    }

    /// The signal-to-noise ratio, A's values to the errors, in decibels; `None` also without an error.
    pub fn signal_to_noise(&self) -> Option<f64> {
        self.relative_error().map(|relative| -20.0 * relative.log10()).filter(|ratio| ratio.is_finite())
    }

    fn mean_of(&self, sum: f64) -> Option<f64> {
        let mean = sum / self.finite as f64;
        mean.is_finite().then_some(mean)
    }
}

impl DifferingBits {
    /// Adds those of `count` values of `width` bits.
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

/// Values of both tensors and their errors; zeros behind the last.
struct Block {
    count: usize,
    a: [f64; BLOCK],
    b: [f64; BLOCK],
    error: [f64; BLOCK],
}

impl Block {
    fn new() -> Self {
        Self { count: 0, a: [0.0; BLOCK], b: [0.0; BLOCK], error: [0.0; BLOCK] }
    }

    fn read_a(&mut self, dtype: Dtype, bytes: &[u8]) -> Result<()> {
        self.a[self.count..].fill(0.0);
        convert(dtype, bytes, &mut self.a[..self.count])
    }

    fn read_b(&mut self, dtype: Dtype, bytes: &[u8]) -> Result<()> {
        self.b[self.count..].fill(0.0);
        convert(dtype, bytes, &mut self.b[..self.count])
    }

    fn subtract(&mut self) {
        for ((a, b), error) in self.a.iter().zip(&self.b).zip(&mut self.error) {
            *error = (a - b).abs();
        }
    }

    /// The same without rounding, of integers.
    fn subtract_integers(&mut self, (dtype_a, a): (Dtype, &[u8]), (dtype_b, b): (Dtype, &[u8])) {
        for (index, error) in self.error[..self.count].iter_mut().enumerate() {
            *error = integer(dtype_a, a, index).abs_diff(integer(dtype_b, b, index)) as f64;
        }
    }

    fn is_finite(&self) -> bool {
        // 0 times a finite number is 0, times any other NaN
        let mut sums = [0.0; LANES];
        for (a, error) in self.a.as_chunks::<LANES>().0.iter().zip(self.error.as_chunks::<LANES>().0) {
            for ((sum, a), error) in sums.iter_mut().zip(a).zip(error) {
                *sum += a * 0.0 + error * 0.0;
            }
        }
        sums == [0.0; LANES]
    }
}

/// Sums of a block.
#[derive(Default)]
struct Sums {
    moved: [u64; LANES],
    largest: [f64; LANES],
    errors: [f64; LANES],
    squares: [f64; LANES],
    energy: [f64; LANES],
}

impl Sums {
    #[inline]
    fn add(&mut self, a: &[f64; LANES], error: &[f64; LANES]) {
        for lane in 0..LANES {
            let (a, error) = (a[lane], error[lane]);
            self.moved[lane] += u64::from(error != 0.0);
            self.largest[lane] = if error > self.largest[lane] { error } else { self.largest[lane] };
            self.errors[lane] += error;
            self.squares[lane] += error * error;
            self.energy[lane] += a * a;
        }
    }
}

/// Number `index` of some integers.
fn integer(dtype: Dtype, bytes: &[u8], index: usize) -> i128 {
    let width = dtype.bits() as usize / 8;
    let bytes = &bytes[index * width..(index + 1) * width];
    match dtype.is_signed_integer() {
        true => LittleEndian::read_int(bytes, width).into(),
        false => LittleEndian::read_uint(bytes, width).into(),
    }
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
