//! Codebooks (section 8.6): few values, each replaced by its number in an ascending list.

use super::step::{MapStep, Step, StepInput};
use super::stream_bytes::StreamBytes;
use super::values::{Groups, Word};
use crate::coders::{decode_codebooks, encode_codebooks};
use crate::error::{Error, Result};
use crate::spec::MAX_SYMBOL_BITS;
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// How values are ordered: as their dtype orders numbers, so that neighbours in a codebook are neighbours on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Sign and magnitude.
    Float,
    /// Two's complement.
    Signed,
    Unsigned,
}

impl Order {
    /// Of the values of a dtype; after unpacking they are unsigned.
    pub(crate) fn of(dtype: Dtype, is_unpacked: bool) -> Self {
        match dtype {
            _ if is_unpacked => Self::Unsigned,
            _ if dtype.exponent_bits().is_some() => Self::Float,
            _ if dtype.is_signed_integer() => Self::Signed,
            _ => Self::Unsigned,
        }
    }

    /// The key of a value of `bits` bits.
    #[inline(always)]
    pub(crate) fn key(self, value: u64, bits: u32) -> u64 {
        let top = 1 << (bits - 1);
        match self {
            Self::Float if value & top != 0 => value ^ (top | (top - 1)),
            Self::Float | Self::Signed => value ^ top,
            Self::Unsigned => value,
        }
    }

    fn value(self, key: u64, bits: u32) -> u64 {
        let top = 1 << (bits - 1);
        match self {
            Self::Float if key & top == 0 => key ^ (top | (top - 1)),
            Self::Float | Self::Signed => key ^ top,
            Self::Unsigned => key,
        }
    }
}

/// The values of a group in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Codebook(pub(crate) Vec<u64>);

/// Codebooks of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodebookMap {
    pub(crate) groups: Groups,
    pub(crate) symbol_bits: u32,
    zero_bits: u32,
    order: Order,
    /// Of a value.
    bits: u32,
    /// If groups reach through the whole segment, theirs.
    pub(crate) global: Vec<Codebook>,
}

impl CodebookMap {
    /// For values of `bits` bits with these codebooks, which are all those of the segment, each in ascending order.
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
}

impl Step for CodebookMap {
    const FLAG: u8 = 1 << 2;

    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let (order, bits) = (Order::of(input.layout.dtype, input.is_unpacked), input.bits);
        let groups = Groups::read(cursor, input.layout.elements())?;
        let start = cursor.clone();
        let (symbol_bits, zero_bits) = (u32::from(cursor.u8()?), u32::from(cursor.u8()?));
        if !(1..=MAX_SYMBOL_BITS).contains(&symbol_bits) || zero_bits >= bits {
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
}

/// From values to their numbers, by hashing.
struct Lookup {
    /// Number + 1 and value; 0: empty.
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

    /// Of a value that is in the codebook; of any other 0.
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
    use super::super::map_inverse::invert;
    use super::super::steps::{GroupValues, Map};
    use super::super::values::SegmentLayout;
    use super::*;

    #[test]
    fn keys_ascend_as_numbers_do() {
        let floats = [f32::NEG_INFINITY, -1.5, -1e-40, -0.0, 0.0, 1e-40, 1.0, 2.0, f32::INFINITY];
        let keys: Vec<u64> = floats.iter().map(|float| Order::Float.key(float.to_bits().into(), 32)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:x?}");
        let signed: Vec<u64> =
            [-128i8, -1, 0, 1, 127].iter().map(|&x| Order::Signed.key((x as u8).into(), 8)).collect();
        assert_eq!(signed, [0, 127, 128, 129, 255]);
        for order in [Order::Float, Order::Signed, Order::Unsigned] {
            for bits in [1, 8, 64] {
                for value in [0, 1, 5, 127, 128, u64::MAX].map(|value: u64| value & (u64::MAX >> (64 - bits))) {
                    assert_eq!(order.value(order.key(value, bits), bits), value);
                }
            }
        }
    }

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
