//! A mask whose bits are predicted by mixing (section 11.6): from how dense its row, column, channel and kernel position have
//! been, and from the bits around it.

use super::coder::{BitsDecoder, BitsEncoder, Wide};
use super::length::Length;
use super::mixer::{Coder, Cost, Slot, TABLES, Tables, Weights, decide, finish};
use crate::error::{Error, Result};
use crate::spec::MAX_MASK_ROW;
use crate::wire::{Cursor, put_varint};

/// The shape that a mixer takes an array to have: rows, and kernels in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Values of a row, 1 to [`MAX_MASK_ROW`].
    pub(crate) row: u32,
    /// Values of a kernel, 1 to those of a row.
    pub(crate) kernel: u32,
}

impl Geometry {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let start = cursor.clone();
        let (row, kernel) = (cursor.varint()?, cursor.varint()?);
        if !(1..=u64::from(MAX_MASK_ROW)).contains(&row) || !(1..=row).contains(&kernel) {
            return Err(start.place(Error::corrupt(format!("rows of {row} values, kernels of {kernel}"))));
        }
        Ok(Self { row: row as u32, kernel: kernel as u32 })
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        put_varint(out, self.row.into());
        put_varint(out, self.kernel.into());
    }
}

/// Appends the stream of a chunk's mask bits.
pub(crate) fn encode_mask(bits: &[u16], geometry: Geometry, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<Wide>::new();
    code_known(bits, geometry, &mut encoder);
    encoder.finish(out);
}

/// One chunk, in units of 2^-16 bit.
pub(crate) fn mask_cost(bits: &[u16], geometry: Geometry) -> u64 {
    let mut cost = Cost::NOTHING;
    code_known(bits, geometry, &mut cost);
    cost.total()
}

/// One chunk, in bits, exactly.
pub(crate) fn mask_length(bits: &[u16], geometry: Geometry) -> f64 {
    let mut length = Length::NOTHING;
    code_known(bits, geometry, &mut length);
    length.bits()
}

fn code_known(bits: &[u16], geometry: Geometry, coder: &mut impl Coder) {
    let mut bits = bits.to_vec();
    let coded = MaskMixer::new(geometry, bits.len()).code(coder, &mut bits);
    debug_assert!(coded.is_ok(), "only what is read can be wrong");
}

/// Reads as many mask bits as `out` holds.
pub(crate) fn decode_mask(cursor: &mut Cursor<'_>, geometry: Geometry, out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let mut decode = || -> Result<()> {
        let mut decoder = BitsDecoder::<Wide>::new(cursor)?;
        out.fill(0);
        MaskMixer::new(geometry, out.len()).code(&mut decoder, out)?;
        finish(decoder, out.len())
    };
    decode().map_err(|error| start.place(error))
}

/// The contexts of a decision, and where the slots of each begin.
const INPUTS: usize = 5;
const SETS: [usize; INPUTS + 1] = [0, 512, 1536, 1792, 2048, 2304];
/// Kernel positions that have mixing weights of their own; the last one's serve all that follow.
const WEIGHT_SETS: usize = 16;
/// Bits of a kernel that are a context all together; of larger kernels so many of the last.
const WHOLE_KERNEL: usize = 9;

/// The state of a stream.
struct MaskMixer {
    tables: &'static Tables,
    geometry: Geometry,
    slots: [u32; SETS[INPUTS]],
    weights: [Weights<INPUTS>; WEIGHT_SETS],
    /// Densities so far: of all, of each column, channel and position in the kernel.
    all: Slot,
    columns: Vec<Slot>,
    channels: Vec<Slot>,
    positions: Vec<Slot>,
}

/// Q of section 11.6: log odds in 2^bits steps.
#[inline(always)]
fn quantised(slot: Slot, bits: u32, tables: &Tables) -> usize {
    ((slot.stretched(tables) + 512) >> (11 - bits)).clamp(0, (1 << bits) - 1) as usize
}

impl MaskMixer {
    /// For a chunk of `count` bits.
    fn new(geometry: Geometry, count: usize) -> Self {
        let (row, kernel) = (geometry.row as usize, geometry.kernel as usize);
        Self {
            tables: &TABLES,
            geometry,
            slots: [0; SETS[INPUTS]],
            weights: [Weights::new(INPUTS as i32); WEIGHT_SETS],
            all: Slot::NEW,
            columns: vec![Slot::NEW; row.min(count)],
            channels: vec![Slot::NEW; row.min(count).div_ceil(kernel)],
            positions: vec![Slot::NEW; kernel.min(count)],
        }
    }

    /// All bits of the chunk: coded, or read into `bits`.
    fn code(mut self, coder: &mut impl Coder, bits: &mut [u16]) -> Result<()> {
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
                let above_that = if i >= 2 * row_len { usize::from(bits[i - 2 * row_len]) } else { 0 };
                let of_column = self.columns[column];
                let quantised = |slot: Slot, bits: u32| quantised(slot, bits, self.tables);
                let in_kernel = match kernel {
                    ..=WHOLE_KERNEL => 1 << position | history & ((1 << position) - 1),
                    _ => history & 511,
                };
                let contexts = [
                    in_kernel & 511,
                    quantised(of_column, 5) << 5 | quantised(row, 5),
                    quantised(self.channels[channel], 4) << 4 | quantised(of_kernel, 4),
                    quantised(of_column, 4) << 4 | history & 15,
                    quantised(self.positions[position], 4) << 4 | (history & 3) << 2 | above << 1 | above_that,
                ];
                let mut at = [0; INPUTS];
                at.iter_mut().zip(contexts).zip(SETS).for_each(|((at, context), set)| *at = set + context);
                let weights = &mut self.weights[position.min(WEIGHT_SETS - 1)];
                let bit = decide(coder, self.tables, &mut self.slots, &at, weights, 1, bits[i] != 0)?;
                bits[i] = bit.into();
                let followers = [
                    &mut row,
                    &mut of_kernel,
                    &mut self.all,
                    &mut self.columns[column],
                    &mut self.channels[channel],
                    &mut self.positions[position],
                ];
                followers.into_iter().for_each(|slot| slot.follow(bit, &self.tables.rates));
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
            // anything but a panic
            let _ = decode_mask(&mut Cursor::unplaced(&out, "test"), geometry, &mut back);
        }
    }

    #[test]
    fn structure_costs_little() {
        let geometry = Geometry { row: 512, kernel: 1 };
        // blocks of 16 by 16, one of eight kept
        let block = |row: u32, column: u32| (row / 16 * 7 + column / 16 * 3).is_multiple_of(8);
        let bits: Vec<u16> = (0..256 * 512u32).map(|i| block(i / 512, i % 512).into()).collect();
        assert!(mask_cost(&bits, geometry) >> 16 < bits.len() as u64 / 15);
        // columns
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
