//! Codebooks (section 8.6): few values, each replaced by its number in an ascending list.

mod find;

use crate::coders::{decode_codebooks, encode_codebooks};
use crate::error::{Error, Result};
use crate::represent::bid::{Bid, MaskUse, ValueView};
use crate::represent::step::{MapBid, MapStep, Step, StepInput};
use crate::represent::stream_bytes::StreamBytes;
use crate::represent::values::{Groups, Order, Word};
use crate::spec::{MAX_CODEBOOK_ENTRIES, MAX_SYMBOL_BITS};
use crate::wire::Cursor;

/// The values of a group in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Codebook(pub(crate) Vec<u64>);

/// Replaces each value by its number in the codebook of its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodebookMap {
    pub(crate) groups: Groups,
    pub(crate) symbol_bits: u32,
    zero_bits: u32,
    order: Order,
    /// Bits of a value.
    bits: u32,
    /// The codebooks that the segment head stores; empty if the chunks store codebooks.
    pub(crate) global: Vec<Codebook>,
}

impl CodebookMap {
    /// Makes the map of values of `bits` bits with these codebooks: all of the segment, each in ascending order.
    pub(crate) fn new(groups: Groups, order: Order, bits: u32, codebooks: &[Codebook]) -> Self {
        let most = codebooks.iter().map(|codebook| codebook.0.len()).max().unwrap_or(1);
        let all = codebooks.iter().flat_map(|codebook| &codebook.0).fold(0, |all, value| all | value);
        let global = if groups.are_global() { codebooks.to_vec() } else { Vec::new() };
        Self {
            groups,
            symbol_bits: (usize::BITS - (most - 1).leading_zeros()).max(1),
            zero_bits: all.trailing_zeros().min(bits - 1),
            order,
            bits,
            global,
        }
    }

    /// Returns the bid of these codebooks, behind the mask if there is one; `None` if the segment head cannot store
    /// them.
    fn bid<T: Word>(
        view: &ValueView<'_, T>,
        groups: Groups,
        codebooks: Vec<Codebook>,
        is_clear: bool,
    ) -> Option<MapBid<Self>> {
        let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
        if groups.are_global() && entries > MAX_CODEBOOK_ENTRIES {
            return None;
        }
        let map = Self::new(groups, view.order(), view.bits, &codebooks);
        Some(Bid { mask: view.step(), map, group_values: codebooks, is_clear })
    }
}

impl Step for CodebookMap {
    const FLAG: u8 = 1 << 2;

    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let (order, bits) = (Order::of(input.layout.dtype, input.is_unpacked), input.bits);
        let groups = Groups::read(cursor, input.layout.elements())?;
        let start = cursor.clone();
        let (symbol_bits, zero_bits) = (u32::from(cursor.u8()?), u32::from(cursor.u8()?));
        if !(1..=MAX_SYMBOL_BITS.min(bits)).contains(&symbol_bits) || zero_bits >= bits {
            let what = format!("codebooks of {symbol_bits} bits, of values of {bits} bits with {zero_bits} zeros");
            return Err(start.place(Error::corrupt(what)));
        }
        let mut this = Self { groups, symbol_bits, zero_bits, order, bits, global: Vec::new() };
        if groups.are_global() {
            this.global = this.decode_groups(cursor, groups.numbers(&(0..0)).len())?;
        }
        Ok(this)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.extend([self.symbol_bits as u8, self.zero_bits as u8]);
        if self.groups.are_global() {
            self.encode_groups(&self.global, out);
        }
    }

    fn describe(&self) -> String {
        match &self.global[..] {
            [codebook] => format!("codebook of {}", codebook.0.len()),
            _ => format!("codebook of up to {}{}", 1 << self.symbol_bits, self.groups.describe()),
        }
    }

    fn memory(&self) -> usize {
        self.global.iter().map(|codebook| size_of::<Codebook>() + size_of_val(&codebook.0[..])).sum()
    }
}

impl MapStep for CodebookMap {
    type GroupValue = Codebook;

    fn groups(&self) -> Groups {
        self.groups
    }

    fn symbol_bits(&self) -> u32 {
        self.symbol_bits
    }

    fn global(&self) -> &[Codebook] {
        &self.global
    }

    fn encode_groups(&self, codebooks: &[Codebook], out: &mut Vec<u8>) {
        let bits = self.bits - self.zero_bits;
        let keys = |codebook: &Codebook| -> Vec<u64> {
            codebook.0.iter().map(|value| self.order.key(value >> self.zero_bits, bits)).collect()
        };
        let keys: Vec<Vec<u64>> = codebooks.iter().map(keys).collect();
        encode_codebooks(keys.iter().map(Vec::as_slice), self.symbol_bits, bits, out);
    }

    fn decode_groups(&self, cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<Codebook>> {
        let bits = self.bits - self.zero_bits;
        let lists = decode_codebooks(cursor, count, self.symbol_bits, bits)?;
        let values = |keys: Vec<u64>| {
            Codebook(keys.into_iter().map(|key| self.order.value(key, bits) << self.zero_bits).collect())
        };
        Ok(lists.into_iter().map(values).collect())
    }

    fn account(bytes: u64, into: &mut StreamBytes) {
        into.codebooks += bytes;
    }

    fn entries(codebook: &Codebook) -> usize {
        codebook.0.len()
    }

    fn most_entries(&self) -> usize {
        1 << self.symbol_bits
    }

    fn forward<T: Word, V: Word>(&self, values: &[T], codebooks: &[Codebook], group_of: &[u32]) -> Vec<V> {
        if group_of.is_empty() {
            let lookup = Lookup::new(&codebooks[0]);
            return values.iter().map(|value| V::from_symbol(lookup.number(value.number()))).collect();
        }
        let number = |(value, &group): (&T, &u32)| {
            let key = self.order.key(value.number(), self.bits);
            let codebook = &codebooks[group as usize].0;
            V::from_number(codebook.partition_point(|&other| self.order.key(other, self.bits) < key) as u64)
        };
        values.iter().zip(group_of).map(number).collect()
    }

    fn word_count(&self, codebook: &Codebook) -> u64 {
        codebook.0.len() as u64
    }

    fn inverse<T: Word>(&self, word: u64, codebook: &Codebook) -> Option<T> {
        codebook.0.get(word as usize).map(|&value| T::from_number(value))
    }

    fn words_around(&self, value: u64) -> Option<(u64, u64)> {
        let [codebook] = &self.global[..] else { return None };
        let key = self.order.key(value, self.bits);
        let below = codebook.0.partition_point(|&other| self.order.key(other, self.bits) < key) as u64;
        Some((below, codebook.0.len() as u64 - below))
    }

    fn widen(&mut self, bits: u32) {
        self.symbol_bits = self.symbol_bits.max(bits);
    }

    /// Proposes the codebook of all values, and the codebook without the omitted value behind the mask.
    fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<MapBid<Self>> {
        let Some(values) = find::few_values(view) else { return Vec::new() };
        let is_clear = find::is_clear(values.len(), view.bits);
        let whole = Codebook(values.to_vec());
        let map = Self::new(Groups::ONE, view.order(), view.bits, std::slice::from_ref(&whole));
        let mask = if view.mask.is_some() { MaskUse::Contexts } else { MaskUse::None };
        let whole = Bid { mask, map, group_values: Vec::new(), is_clear };
        let masked = view.omitted().and_then(|omitted| {
            let others = values.iter().copied().filter(|&value| value != omitted).collect();
            Self::bid(view, Groups::ONE, vec![Codebook(others)], is_clear)
        });
        std::iter::once(whole).chain(masked).collect()
    }

    /// Proposes a codebook for each row.
    fn propose_unclear<T: Word>(view: &ValueView<'_, T>) -> Vec<MapBid<Self>> {
        let Some((row, values)) = find::few_values_of_rows(view) else { return Vec::new() };
        let codebooks = values.into_iter().map(Codebook).collect();
        Self::bid(view, Groups { block: row, period: 1 }, codebooks, false).into_iter().collect()
    }
}

/// Finds the number of a value by hashing.
struct Lookup {
    /// The number plus 1, and the value; a number of 0 marks a free slot.
    slots: Vec<(u16, u64)>,
    shift: u32,
}

impl Lookup {
    fn new(codebook: &Codebook) -> Self {
        let bits = (4 * codebook.0.len()).next_power_of_two().ilog2();
        let mut this = Self { slots: vec![(0, 0); 1 << bits], shift: 64 - bits };
        for (number, &value) in (1..).zip(&codebook.0) {
            let mut at = this.home(value);
            while this.slots[at].0 != 0 {
                at = (at + 1) & (this.slots.len() - 1);
            }
            this.slots[at] = (number, value);
        }
        this
    }

    #[inline(always)]
    fn home(&self, value: u64) -> usize {
        // Fibonacci hashing (Knuth, volume 3, section 6.4)
        (value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// Returns the number of a value, or 0 if it is not in the codebook.
    #[inline(always)]
    fn number(&self, value: u64) -> u16 {
        let mut at = self.home(value);
        loop {
            match self.slots[at] {
                (0, _) => return 0,
                (number, other) if other == value => return number - 1,
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::represent::map_inverse::invert;
    use crate::represent::steps::{GroupValues, Map};
    use crate::represent::values::SegmentLayout;
    use crate::tensor::Dtype;

    #[test]
    fn groups_have_their_own() {
        let codebooks = [Codebook(vec![0xbf00, 0x3e00, 0x4000]), Codebook(vec![0x3e00])];
        let map = CodebookMap::new(Groups { block: 2, period: 1 }, Order::Float, 16, &codebooks);
        let values = [0x4000u16, 0xbf00, 0x3e00, 0x3e00];
        let symbols: Vec<u8> = map.forward(&values, &codebooks, &[0, 0, 1, 1]);
        assert_eq!(symbols, [2, 0, 0, 0]);
        let group_values = GroupValues::Codebook(codebooks.to_vec());
        let back = |symbols: &[u8]| invert::<u16, u8>(&Map::Codebook(map.clone()), &(0..4), &group_values, symbols);
        assert_eq!(back(&symbols).unwrap(), values);
        assert!(back(&[0, 0, 1, 0]).is_err());
        let mut out = Vec::new();
        map.write(&mut out);
        map.encode_groups(&codebooks, &mut out);
        let mut cursor = Cursor::unplaced(&out, "test");
        let layout = SegmentLayout::new(Dtype::F16, [&[4][..]]);
        let input = StepInput { layout: &layout, bits: 16, is_unpacked: false, class_fields: 0 };
        let back = CodebookMap::read(&mut cursor, &input).unwrap();
        assert_eq!(back, map);
        assert_eq!(back.decode_groups(&mut cursor, 2).unwrap(), codebooks);
    }
}
