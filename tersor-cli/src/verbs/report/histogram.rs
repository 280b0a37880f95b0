//! Histograms of the values of tensors, for the page.

use std::collections::HashMap;

use half::{bf16, f16};
use tersor::analysis::TensorStatistics;
use tersor::{DecodeOptions, Dtype, ReadAt, Result, StreamDecoder};

use crate::files::source::FromStart;

/// The number of bins.
pub const BINS: usize = 48;
/// The distance of the ends from the mean, in standard deviations.
const DEVIATIONS: f64 = 4.0;
/// Zeros are left out if they are more than this share of the values, because they would hide all others.
const MOST_ZEROS: f64 = 0.1;

/// How often the values of a tensor lie in each of several intervals of the same width.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    pub from: f64,
    pub to: f64,
    /// Values beyond an end count in the bin at this end. NaN counts nowhere.
    pub counts: [u64; BINS],
    pub without_zeros: bool,
    dtype: Dtype,
}

impl Histogram {
    /// Returns bins around the mean of a tensor; `None` if its values have no histogram.
    pub fn new(dtype: Dtype, statistics: &TensorStatistics) -> Option<Self> {
        reader(dtype)?;
        let (mean, deviation) = (statistics.mean?, statistics.deviation?);
        let mut half = DEVIATIONS * deviation;
        let mut middle = mean;
        if is_integer(dtype) {
            // every bin has the same number of integers
            half = (2.0 * half / BINS as f64).ceil() * BINS as f64 / 2.0;
            middle = mean.round() - 0.5;
        }
        let (from, to) = (middle - half, middle + half);
        let without_zeros = statistics.zero_share.is_some_and(|share| share > MOST_ZEROS);
        let is_usable = from < to && (to - from).is_finite();
        is_usable.then_some(Self { from, to, counts: [0; BINS], without_zeros, dtype })
    }

    /// Counts the values of a part of the tensor.
    fn add(&mut self, bytes: &[u8]) {
        let Some((size, read)) = reader(self.dtype) else { return };
        let per_bin = BINS as f64 / (self.to - self.from);
        for value in bytes.chunks_exact(size).map(read) {
            let is_left_out = value.is_nan() || (self.without_zeros && value == 0.0);
            if !is_left_out {
                // a conversion to an integer ends at 0
                let bin = ((value - self.from) * per_bin) as usize;
                self.counts[bin.min(BINS - 1)] += 1;
            }
        }
    }
}

/// Decodes a container once, and counts the values of the tensors in `wanted`, by ordinal.
pub fn count(source: &impl ReadAt, options: DecodeOptions, wanted: &mut HashMap<usize, Histogram>) -> Result<()> {
    let input = std::io::BufReader::with_capacity(1 << 20, FromStart::new(source));
    let mut stream = StreamDecoder::new(input, options)?;
    while let Some(part) = stream.next_part()? {
        if let Some(histogram) = wanted.get_mut(&part.ordinal) {
            histogram.add(part.bytes);
        }
    }
    Ok(())
}

fn is_integer(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::U8 | Dtype::I8 | Dtype::U16 | Dtype::I16 | Dtype::U32 | Dtype::I32 | Dtype::U64 | Dtype::I64)
}

/// Reads the value of an element from its bytes.
type Read = fn(&[u8]) -> f64;

/// Returns the size of an element in bytes and a function that reads its value; `None` for dtypes without numbers, and
/// for rare ones.
fn reader(dtype: Dtype) -> Option<(usize, Read)> {
    fn at<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.first_chunk().copied().unwrap_or([0; N])
    }
    Some(match dtype {
        Dtype::F64 => (8, |bytes| f64::from_le_bytes(at(bytes))),
        Dtype::F32 => (4, |bytes| f32::from_le_bytes(at(bytes)).into()),
        Dtype::F16 => (2, |bytes| f16::from_le_bytes(at(bytes)).into()),
        Dtype::BF16 => (2, |bytes| bf16::from_le_bytes(at(bytes)).into()),
        Dtype::F8_E5M2 => (1, |bytes| f16::from_bits(u16::from(bytes[0]) << 8).into()),
        Dtype::F8_E4M3 => (1, |bytes| e4m3(bytes[0])),
        Dtype::U8 => (1, |bytes| bytes[0].into()),
        Dtype::I8 => (1, |bytes| i8::from_le_bytes(at(bytes)).into()),
        Dtype::U16 => (2, |bytes| u16::from_le_bytes(at(bytes)).into()),
        Dtype::I16 => (2, |bytes| i16::from_le_bytes(at(bytes)).into()),
        Dtype::U32 => (4, |bytes| u32::from_le_bytes(at(bytes)).into()),
        Dtype::I32 => (4, |bytes| i32::from_le_bytes(at(bytes)).into()),
        Dtype::U64 => (8, |bytes| u64::from_le_bytes(at(bytes)) as f64),
        Dtype::I64 => (8, |bytes| i64::from_le_bytes(at(bytes)) as f64),
        _ => return None,
    })
}

/// Returns the value of an 8-bit float with 4 bits of exponent, which has NaN and no infinity.
fn e4m3(byte: u8) -> f64 {
    let (exponent, mantissa) = (i32::from(byte >> 3 & 15), f64::from(byte & 7));
    let size = match (exponent, byte & 7) {
        (15, 7) => f64::NAN,
        (0, _) => mantissa * 2f64.powi(-9),
        _ => (8.0 + mantissa) * 2f64.powi(exponent - 10),
    };
    if byte >= 0x80 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(dtype: Dtype, [from, to]: [f64; 2]) -> Histogram {
        Histogram { from, to, counts: [0; BINS], without_zeros: false, dtype }
    }

    #[test]
    fn values_count_in_their_bins_and_others_at_the_ends() {
        let mut found = histogram(Dtype::F32, [-24.0, 24.0]);
        let values = [-1e30f32, -24.0, -0.5, 0.0, 0.5, 23.9, 24.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        found.add(&values.map(f32::to_le_bytes).concat());
        let counts: Vec<(usize, u64)> =
            found.counts.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect();
        assert_eq!(counts, [(0, 3), (23, 1), (24, 2), (47, 3)]);
        found.without_zeros = true;
        found.add(&[0; 8]);
        assert_eq!(found.counts.iter().sum::<u64>(), 9);
    }

    #[test]
    fn small_floats_have_their_values() {
        let of = |dtype, byte: u8| reader(dtype).unwrap().1(&[byte]);
        assert_eq!([0x38, 0x01, 0x7e, 0xb8].map(|byte| of(Dtype::F8_E4M3, byte)), [1.0, 0.001_953_125, 448.0, -1.0]);
        assert!(of(Dtype::F8_E4M3, 0xff).is_nan());
        assert_eq!([0x3c, 0x7b].map(|byte| of(Dtype::F8_E5M2, byte)), [1.0, 57_344.0]);
        assert_eq!(of(Dtype::I8, 0xff), -1.0);
    }
}
