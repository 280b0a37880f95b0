//! A mask whose bits are predicted by mixing (section 12.3). Contexts are the densities of the row, the column, the
//! channel and the kernel position, and the bits around a bit.

use super::super::sink::Sink;
use super::geometry::Geometry;
use super::history::History;
use super::mixer::{Mix, Mixer};
use super::slot::Slot;
use super::stream::{self, Predictor};
use super::tables::MixerTables;
use crate::error::Result;
#[cfg(any(test, feature = "internals"))]
use crate::wire::Cursor;

/// Appends the stream of a chunk's mask bits.
pub(crate) fn encode_mask(bits: &[u16], geometry: Geometry, out: &mut Vec<u8>) {
    stream::encode(MaskPredictor::new(geometry, bits.len()), &[], bits, out);
}

/// Decodes the stream of a chunk's mask bits into `out`.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn decode_mask(cursor: &mut Cursor<'_>, geometry: Geometry, out: &mut [u16]) -> Result<()> {
    stream::decode(MaskPredictor::new(geometry, out.len()), cursor, &[], out)
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(crate) fn mask_cost(bits: &[u16], geometry: Geometry) -> u64 {
    stream::cost(MaskPredictor::new(geometry, bits.len()), &[], bits)
}

/// The number of contexts of a decision.
const INPUTS: usize = 5;
/// The first slot of each set of contexts, and the number of slots.
const SETS: [usize; INPUTS + 1] = [0, 512, 1536, 1792, 2048, 2304];
/// The number of places in the kernel with a mix of their own. All later places share the last mix.
const MIXES: usize = 16;
/// If a kernel has at most this size, all its known bits are a context. In a larger kernel, the last 9 bits are.
const WHOLE_KERNEL: usize = 9;

/// The state of a chunk.
pub(crate) struct MaskPredictor {
    mixer: Mixer,
    geometry: Geometry,
    earlier: History,
    /// The position of the next bit. `None` at the start of a chunk.
    at: Option<RowState>,
    is_first_row: bool,
    mixes: [Mix<INPUTS>; MIXES],
    /// The last bits of the chunk.
    history: usize,
    /// Densities so far: of all bits, of each column, of each channel, and of each place in the kernel.
    all: Slot,
    columns: Vec<Slot>,
    channels: Vec<Slot>,
    places: Vec<Slot>,
}

/// The position of a bit in its row, with the densities of the row and of the kernel.
#[derive(Clone, Copy)]
struct RowState {
    row: Slot,
    kernel: Slot,
    column: usize,
    channel: usize,
    /// The position in the kernel.
    place: usize,
}

/// Returns `density` of section 12.3: the log odds of a slot in 2^bits steps.
#[inline(always)]
fn density(slot: Slot, bits: u32, tables: &MixerTables) -> usize {
    ((slot.stretched(tables) + 512) >> (11 - bits)).clamp(0, (1 << bits) - 1) as usize
}

impl MaskPredictor {
    /// Starts a chunk of `count` bits.
    pub(crate) fn new(geometry: Geometry, count: usize) -> Self {
        let (row, kernel) = (geometry.row as usize, geometry.kernel as usize);
        Self {
            mixer: Mixer::new(SETS[INPUTS]),
            geometry,
            earlier: History::new((2 * row).min(count)),
            at: None,
            is_first_row: true,
            mixes: [Mix::new(INPUTS); MIXES],
            history: 0,
            all: Slot::NEW,
            columns: vec![Slot::NEW; row.min(count)],
            channels: vec![Slot::NEW; row.min(count).div_ceil(kernel)],
            places: vec![Slot::NEW; kernel.min(count)],
        }
    }

    /// Starts a row.
    fn start_row(&self) -> RowState {
        let row = self.all.with_count(8);
        RowState { row, kernel: row, column: 0, channel: 0, place: 0 }
    }

    /// Starts the densities that begin with the next bit. The densities of columns and channels begin with their bit in
    /// the first row.
    #[inline(always)]
    fn start(&mut self, at: &mut RowState) {
        if at.place == self.geometry.kernel as usize {
            (at.place, at.channel) = (0, at.channel + 1);
        }
        if at.place == 0 {
            at.kernel = at.row.with_count(4);
        }
        if self.is_first_row {
            if at.place == 0 {
                self.channels[at.channel] = self.all.with_count(2);
            }
            self.columns[at.column] = self.all.with_count(2);
        }
    }

    /// Returns the slots of the contexts A0 to A4 of section 12.3. `above` has the bits one row and two rows above.
    #[inline(always)]
    fn slots(&self, at: &RowState, above: [usize; 2]) -> [usize; INPUTS] {
        let density = |slot: Slot, bits: u32| density(slot, bits, self.mixer.tables);
        let column = self.columns[at.column];
        let history = self.history;
        let in_kernel = match self.geometry.kernel as usize {
            ..=WHOLE_KERNEL => 1 << at.place | history & ((1 << at.place) - 1),
            _ => history & 511,
        };
        let contexts = [
            in_kernel & 511,
            density(column, 5) << 5 | density(at.row, 5),
            density(self.channels[at.channel], 4) << 4 | density(at.kernel, 4),
            density(column, 4) << 4 | history & 15,
            density(self.places[at.place], 4) << 4 | (history & 3) << 2 | above[0] << 1 | above[1],
        ];
        let mut slots = [0; INPUTS];
        slots.iter_mut().zip(contexts).zip(SETS).for_each(|((slot, context), set)| *slot = set + context);
        slots
    }

    /// Updates densities and history after a bit.
    #[inline(always)]
    fn follow(&mut self, at: &mut RowState, bit: bool) {
        let followers = [
            &mut at.row,
            &mut at.kernel,
            &mut self.all,
            &mut self.columns[at.column],
            &mut self.channels[at.channel],
            &mut self.places[at.place],
        ];
        followers.into_iter().for_each(|slot| slot.follow(bit, self.mixer.tables));
        self.history = self.history << 1 | usize::from(bit);
        at.column += 1;
        at.place += 1;
    }
}

impl Predictor for MaskPredictor {
    fn code<S: Sink>(&mut self, sink: &mut S, _contexts: &[u8], bits: &mut [u16]) -> Result<(), S::Error> {
        let row_len = self.geometry.row as usize;
        let first = self.earlier.append(bits);
        let mut at = self.at.unwrap_or_else(|| self.start_row());
        for i in first..first + bits.len() {
            if at.column == row_len {
                self.is_first_row = false;
                at = self.start_row();
            }
            self.start(&mut at);
            let above = [1, 2].map(|rows| i.checked_sub(rows * row_len).map_or(0, |i| usize::from(self.earlier.at(i))));
            let slots = self.slots(&at, above);
            let mix = &mut self.mixes[at.place.min(MIXES - 1)];
            let bit = self.mixer.decide(sink, &slots, mix, 1, self.earlier.at(i) != 0)?;
            self.earlier.set(i, bit.into());
            self.follow(&mut at, bit);
        }
        self.at = Some(at);
        bits.copy_from_slice(self.earlier.from(first));
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
