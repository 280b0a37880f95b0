//! Grids (section 8.7): floats that are an integer times the scale of their group. The product is rounded once, and for
//! 16 bits a second time.

mod arithmetic;
mod find;

use arithmetic::{has_grids, nearest, rounded, widened};

use crate::coders::{decode_scales, encode_scales};
use crate::error::{Error, Result};
use crate::represent::bid::{Bid, MaskUse, ValueView};
use crate::represent::step::{MapBid, MapStep, Step, StepInput};
use crate::represent::stream_bytes::StreamBytes;
use crate::represent::values::{Groups, Word};
use crate::spec::{MAX_GRID_BITS, MAX_GRID_INTEGER};
use crate::tensor::Dtype;
use crate::wire::{Cursor, put_varint};

/// Replaces each value by an integer: the value divided by the scale of its group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    pub(crate) groups: Groups,
    pub(crate) symbol_bits: u32,
    /// The integer of the symbol word 0.
    pub(crate) lowest: i32,
    zero_bits: u32,
    dtype: Dtype,
    /// The scales that the segment head stores; empty if the chunks store scales.
    pub(crate) global: Vec<f32>,
}

impl Grid {
    /// Makes the map of integers from `lowest` to `highest` with these scales, all of the segment; `None` if the range
    /// of the integers is too large.
    pub(crate) fn new(groups: Groups, dtype: Dtype, lowest: i64, highest: i64, scales: &[f32]) -> Option<Self> {
        let symbol_bits = (64 - ((highest - lowest) as u64).leading_zeros()).max(1);
        let last = lowest + (1i64 << symbol_bits) - 1;
        let all = scales.iter().fold(0, |all, scale| all | scale.to_bits());
        let global = if groups.are_global() { scales.to_vec() } else { Vec::new() };
        let zero_bits = all.trailing_zeros().min(23);
        let fits = symbol_bits <= MAX_GRID_BITS && lowest >= -MAX_GRID_INTEGER && last <= MAX_GRID_INTEGER;
        fits.then_some(Self { groups, symbol_bits, lowest: lowest as i32, zero_bits, dtype, global })
    }

    /// Returns the symbol word of a value whose group has this scale.
    #[inline(always)]
    fn symbol<T: Word, V: Word>(&self, value: T, scale: f32) -> V {
        let integer = nearest(widened(value.number(), self.dtype), scale);
        V::from_number((integer - i64::from(self.lowest)) as u64)
    }

    /// Returns the bid of the grid on which all values but the omitted one lie.
    fn bid<T: Word>(view: &ValueView<'_, T>, mask: MaskUse, omitted: Option<T>) -> Option<MapBid<Self>> {
        let dtype = view.layout.dtype;
        if view.is_unpacked || !has_grids(dtype) {
            return None;
        }
        let candidates = || find::groups_of_scales(view.layout, view.chunk_values);
        let hint = view.hint.filter(|hint| hint.groups.unit() <= view.chunk_values);
        let hinted = hint.and_then(|hint| find::hinted_grid(view.values, omitted, dtype, hint));
        let grid = hinted.or_else(|| find::find_grid(view.values, omitted, dtype, &candidates()))?;
        let map = Self::new(grid.groups, dtype, grid.lowest, grid.highest, &grid.scales)?;
        Some(Bid { mask, map, group_values: grid.scales, is_clear: true })
    }
}

impl Step for Grid {
    const FLAG: u8 = 2 << 2;

    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let start = cursor.clone();
        let dtype = input.layout.dtype;
        if input.is_unpacked {
            return Err(start.place(Error::corrupt("a grid of packed values")));
        }
        if !has_grids(dtype) {
            return Err(start.place(Error::corrupt(format!("a grid of {dtype}"))));
        }
        let groups = Groups::read(cursor, input.layout.elements())?;
        let symbol_bits = u32::from(cursor.u8()?);
        let lowest = cursor.varint()?.unzigzag(64) as i64;
        let zero_bits = u32::from(cursor.u8()?);
        let is_sound = (1..=MAX_GRID_BITS).contains(&symbol_bits)
            && (-MAX_GRID_INTEGER..=MAX_GRID_INTEGER).contains(&lowest)
            && lowest + (1i64 << symbol_bits) - 1 <= MAX_GRID_INTEGER
            && zero_bits <= 23;
        if !is_sound {
            let what = format!("a grid of {symbol_bits} bits from {lowest} with {zero_bits} zeros in its scales");
            return Err(start.place(Error::corrupt(what)));
        }
        let mut this = Self { groups, symbol_bits, lowest: lowest as i32, zero_bits, dtype, global: Vec::new() };
        if groups.are_global() {
            this.global = this.decode_groups(cursor, groups.numbers(&(0..0)).len())?;
        }
        Ok(this)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.push(self.symbol_bits as u8);
        put_varint(out, (i64::from(self.lowest) as u64).zigzag(64));
        out.push(self.zero_bits as u8);
        if self.groups.are_global() {
            self.encode_groups(&self.global, out);
        }
    }

    fn describe(&self) -> String {
        format!("scale{}", self.groups.describe())
    }

    fn memory(&self) -> usize {
        size_of_val(&self.global[..])
    }
}

impl MapStep for Grid {
    type GroupValue = f32;

    fn groups(&self) -> Groups {
        self.groups
    }

    fn symbol_bits(&self) -> u32 {
        self.symbol_bits
    }

    fn global(&self) -> &[f32] {
        &self.global
    }

    fn encode_groups(&self, scales: &[f32], out: &mut Vec<u8>) {
        encode_scales(scales, self.zero_bits, out);
    }

    fn decode_groups(&self, cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<f32>> {
        decode_scales(cursor, count, self.zero_bits)
    }

    fn account(bytes: u64, into: &mut StreamBytes) {
        into.scales += bytes;
    }

    fn forward<T: Word, V: Word>(&self, values: &[T], scales: &[f32], group_of: &[u32]) -> Vec<V> {
        match (group_of, scales) {
            ([], &[scale, ..]) => values.iter().map(|&value| self.symbol(value, scale)).collect(),
            _ => {
                let values = values.iter().zip(group_of);
                values.map(|(&value, &group)| self.symbol(value, scales[group as usize])).collect()
            }
        }
    }

    fn word_count(&self, _scale: &f32) -> u64 {
        1 << self.symbol_bits
    }

    #[inline(always)]
    fn inverse<T: Word>(&self, word: u64, scale: &f32) -> Option<T> {
        // exact: at most 2^24
        let integer = (word as i64 + i64::from(self.lowest)) as f32;
        Some(T::from_number(rounded(integer * scale, self.dtype)))
    }

    fn words_around(&self, _value: u64) -> Option<(u64, u64)> {
        let below = u64::from(self.lowest.min(0).unsigned_abs());
        Some((below, (1 << self.symbol_bits) - below))
    }

    fn widen(&mut self, bits: u32) {
        self.symbol_bits = self.symbol_bits.max(bits);
    }

    /// Proposes a grid of all values, and a grid of the values that the mask keeps.
    fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<MapBid<Self>> {
        let masked = view.omitted().and_then(|omitted| Self::bid(view, MaskUse::Step, Some(T::from_number(omitted))));
        Self::bid(view, MaskUse::None, None).into_iter().chain(masked).collect()
    }
}

impl Eq for Grid {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::represent::map_inverse::invert;
    use crate::represent::steps::{GroupValues, Map};
    use crate::represent::values::SegmentLayout;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn grids_come_back(
            // few enough integers that rounding to 8 bits cannot move a value to another integer
            integers in prop::collection::vec(-127i64..128, 1..60),
            scales in prop::collection::vec(prop_oneof![1e-5f32..1.0, Just(0.5f32), Just(-0.25)], 20),
            dtype in prop_oneof![Just(Dtype::F32), Just(Dtype::BF16), Just(Dtype::F16)],
            block in 0u64..8, period in 1u64..4,
        ) {
            let groups = Groups { block, period };
            let value = |(index, &integer): (usize, &i64)| {
                let group = groups.of(index as u64) % scales.len();
                rounded(integer as f32 * scales[group], dtype) as u32
            };
            let count = groups.numbers(&(0..integers.len() as u64)).len();
            let scales: Vec<f32> = (0..count).map(|group| scales[group % scales.len()]).collect();
            let values: Vec<u32> = integers.iter().enumerate().map(value).collect();
            let map = Grid::new(groups, dtype, -256, 255, &scales).unwrap();
            let group_of = groups.of_kept(0, 0, values.len(), None);
            let symbols: Vec<u16> = map.forward(&values, &scales, &group_of);
            let group_values = GroupValues::Grid(scales);
            let range = 0..values.len() as u64;
            prop_assert_eq!(invert::<u32, u16>(&Map::Grid(map.clone()), &range, &group_values, &symbols).unwrap(), values);
            let mut out = Vec::new();
            map.write(&mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            let layout = SegmentLayout::new(dtype, [&[u64::MAX][..]]);
            let input = StepInput { layout: &layout, bits: dtype.word_bits(), is_unpacked: false, class_fields: 0 };
            prop_assert_eq!(Grid::read(&mut cursor, &input).unwrap(), map);
            cursor.finish().unwrap();
        }
    }
}
