//! A mask whose bits are predicted by mixing (section 12.3). Contexts are the densities of the row, the column, the channel and
//! the kernel position, and the bits around a bit.

use super::super::sink::Sink;
use super::geometry::Geometry;
use super::mixer::{Mixer, Weights};
use super::slot::Slot;
use super::stream::{self, Predictor};
use super::tables::MixerTables;
use crate::error::Result;
use crate::wire::Cursor;

/// Appends the stream of a chunk's mask bits.
pub(crate) fn encode_mask(bits: &[u16], geometry: Geometry, out: &mut Vec<u8>) {
    stream::encode(MaskPredictor::new(geometry, bits.len()), bits, out);
}

/// Decodes the stream of a chunk's mask bits into `out`.
pub(crate) fn decode_mask(cursor: &mut Cursor<'_>, geometry: Geometry, out: &mut [u16]) -> Result<()> {
    stream::decode(MaskPredictor::new(geometry, out.len()), cursor, out)
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(crate) fn mask_cost(bits: &[u16], geometry: Geometry) -> u64 {
    stream::cost(MaskPredictor::new(geometry, bits.len()), bits)
}

/// Returns the exact code length of a chunk in bits.
pub(crate) fn mask_code_length(bits: &[u16], geometry: Geometry) -> f64 {
    stream::code_length(MaskPredictor::new(geometry, bits.len()), bits)
}

/// The number of contexts of a decision.
const INPUTS: usize = 5;
/// The first slot of each set of contexts, and the number of slots.
const SETS: [usize; INPUTS + 1] = [0, 512, 1536, 1792, 2048, 2304];
/// The number of kernel positions with mixing weights of their own. All later positions share the last weights.
const WEIGHT_SETS: usize = 16;
/// The size of the largest kernel whose bits are a context all together. For larger kernels the context is the last bits, of this
/// number.
const WHOLE_KERNEL: usize = 9;

/// The state of a chunk.
struct MaskPredictor {
    mixer: Mixer,
    geometry: Geometry,
    weights: [Weights<INPUTS>; WEIGHT_SETS],
    /// Densities so far: of all bits, of each column, of each channel, and of each position in the kernel.
    all: Slot,
    columns: Vec<Slot>,
    channels: Vec<Slot>,
    positions: Vec<Slot>,
}

/// Returns `density` of section 12.3: the log odds of a slot in 2^bits steps.
#[inline(always)]
fn quantised(slot: Slot, bits: u32, tables: &MixerTables) -> usize {
    ((slot.stretched(tables) + 512) >> (11 - bits)).clamp(0, (1 << bits) - 1) as usize
}

impl MaskPredictor {
    /// Starts a chunk of `count` bits.
    fn new(geometry: Geometry, count: usize) -> Self {
        let (row, kernel) = (geometry.row as usize, geometry.kernel as usize);
        Self {
            mixer: Mixer::new(SETS[INPUTS]),
            geometry,
            weights: [Weights::new(INPUTS); WEIGHT_SETS],
            all: Slot::NEW,
            columns: vec![Slot::NEW; row.min(count)],
            channels: vec![Slot::NEW; row.min(count).div_ceil(kernel)],
            positions: vec![Slot::NEW; kernel.min(count)],
        }
    }
}

impl Predictor for MaskPredictor {
    fn code<S: Sink>(mut self, sink: &mut S, bits: &mut [u16]) -> Result<(), S::Error> {
        let tables = self.mixer.tables;
        let (row_len, kernel) = (self.geometry.row as usize, self.geometry.kernel as usize);
        let mut history = 0usize;
        for start in (0..bits.len()).step_by(row_len) {
            let mut row = self.all.with_count(8);
            let mut of_kernel = row;
            let mut position = 0;
            let mut channel = 0;
            for i in start..bits.len().min(start + row_len) {
                let column = i - start;
                if position == kernel {
                    (position, channel) = (0, channel + 1);
                }
                if position == 0 {
                    of_kernel = row.with_count(4);
                }
                if start == 0 {
                    if position == 0 {
                        self.channels[channel] = self.all.with_count(2);
                    }
                    self.columns[column] = self.all.with_count(2);
                }
                let above = if i >= row_len { usize::from(bits[i - row_len]) } else { 0 };
                let two_above = if i >= 2 * row_len { usize::from(bits[i - 2 * row_len]) } else { 0 };
                let of_column = self.columns[column];
                let quantised = |slot: Slot, bits: u32| quantised(slot, bits, tables);
                let in_kernel = match kernel {
                    ..=WHOLE_KERNEL => 1 << position | history & ((1 << position) - 1),
                    _ => history & 511,
                };
                let contexts = [
                    in_kernel & 511,
                    quantised(of_column, 5) << 5 | quantised(row, 5),
                    quantised(self.channels[channel], 4) << 4 | quantised(of_kernel, 4),
                    quantised(of_column, 4) << 4 | history & 15,
                    quantised(self.positions[position], 4) << 4 | (history & 3) << 2 | above << 1 | two_above,
                ];
                let mut at = [0; INPUTS];
                at.iter_mut().zip(contexts).zip(SETS).for_each(|((at, context), set)| *at = set + context);
                let weights = &mut self.weights[position.min(WEIGHT_SETS - 1)];
                let bit = self.mixer.decide(sink, &at, weights, 1, bits[i] != 0)?;
                bits[i] = bit.into();
                let followers = [
                    &mut row,
                    &mut of_kernel,
                    &mut self.all,
                    &mut self.columns[column],
                    &mut self.channels[channel],
                    &mut self.positions[position],
                ];
                followers.into_iter().for_each(|slot| slot.follow(bit, tables));
                history = history << 1 | usize::from(bit);
                position += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masks() -> impl Strategy<Value = (Vec<u16>, Geometry)> {
        let shape = (1u32..60, 1u32..30).prop_map(|(row, kernel)| Geometry { row, kernel: kernel.min(row) });
        let density = prop_oneof![Just(0u32), 1u32..16, Just(16)];
        (shape, density, prop::collection::vec(0u32..16, 0..600))
            .prop_map(|(geometry, density, draws)| (draws.iter().map(|&x| (x < density).into()).collect(), geometry))
    }

    proptest! {
        #[test]
        fn masks_come_back((bits, geometry) in masks(), flip in 1u8.., at: u16) {
            let mut out = Vec::new();
            encode_mask(&bits, geometry, &mut out);
            let mut back = vec![7; bits.len()];
            let mut cursor = Cursor::unplaced(&out, "test");
            decode_mask(&mut cursor, geometry, &mut back).unwrap();
            cursor.finish().unwrap();
            prop_assert_eq!(&back, &bits);
            let cost = mask_cost(&bits, geometry) >> 16;
            prop_assert!(cost.abs_diff(out.len() as u64 * 8) < 100, "{} {}", cost, out.len());
            let at = usize::from(at) % out.len();
            prop_assert!(decode_mask(&mut Cursor::unplaced(&out[..at], "test"), geometry, &mut back).is_err());
            out[at] ^= flip;
            // This may return anything, but must not panic.
            let _ = decode_mask(&mut Cursor::unplaced(&out, "test"), geometry, &mut back);
        }
    }

    #[test]
    fn structure_costs_little() {
        let geometry = Geometry { row: 512, kernel: 1 };
        // Blocks of 16 by 16, one in eight of which is kept.
        let block = |row: u32, column: u32| (row / 16 * 7 + column / 16 * 3).is_multiple_of(8);
        let bits: Vec<u16> = (0..256 * 512u32).map(|i| block(i / 512, i % 512).into()).collect();
        assert!(mask_cost(&bits, geometry) >> 16 < bits.len() as u64 / 15);
        // Columns.
        let bits: Vec<u16> = (0..256 * 512u32).map(|i| (i % 512).is_multiple_of(9).into()).collect();
        assert!(mask_cost(&bits, geometry) >> 16 < bits.len() as u64 / 60);
    }

    #[test]
    fn bytes_are_pinned() {
        let bits: Vec<u16> = (0..100u16).map(|i| u16::from(i % 7 == 0 || i % 11 == 3)).collect();
        let mut out = Vec::new();
        encode_mask(&bits, Geometry { row: 20, kernel: 4 }, &mut out);
        assert_eq!(out, [3, 125, 213, 227, 141, 103, 239, 13, 240, 8, 98, 170, 116]);
    }
}
