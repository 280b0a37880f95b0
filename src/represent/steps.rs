//! From elements to symbol words and back, in up to three steps (sections 8.4 to 8.7): unpack, mask, and codebook or grid.

use std::ops::Range;

use super::codebook::{Codebook, CodebookMap, Order};
use super::grid::Grid;
use super::mask::Mask;
use super::unpack::Unpack;
use super::values::{Groups, MaskBits, SegmentLayout, Word, read_words, with_word};
use crate::error::{Error, Result};
use crate::spec::MAX_CHUNK_ELEMENTS;
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// What stands for the kept values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Map {
    /// Themselves.
    None,
    /// Their numbers in codebooks.
    Codebook(CodebookMap),
    /// Integers on a grid.
    Grid(Grid),
}

/// What the groups of a segment share, if their blocks are cut: it lies in the chunks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupValues {
    pub(crate) codebooks: Vec<Codebook>,
    pub(crate) scales: Vec<f32>,
}

impl Map {
    fn code(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Codebook(_) => 1,
            Self::Grid(_) => 2,
        }
    }

    pub(crate) fn groups(&self) -> Option<Groups> {
        match self {
            Self::None => None,
            Self::Codebook(map) => Some(map.groups),
            Self::Grid(map) => Some(map.groups),
        }
    }

    /// The groups of the chunk with these values, none if what they share lies in the head.
    fn groups_of_chunk(&self, values: &Range<u64>) -> Range<usize> {
        match self.groups() {
            Some(groups) if !groups.are_global() => groups.numbers(values),
            _ => 0..0,
        }
    }

    /// Appends what the groups of the chunk with these values share.
    pub(crate) fn encode_shared(&self, shared: &GroupValues, values: &Range<u64>, out: &mut Vec<u8>) {
        let numbers = self.groups_of_chunk(values);
        match self {
            _ if numbers.is_empty() => {}
            Self::None => {}
            Self::Codebook(map) => map.encode(&shared.codebooks[numbers], out),
            Self::Grid(map) => map.encode(&shared.scales[numbers], out),
        }
    }

    /// Reads it.
    pub(crate) fn decode_shared(&self, cursor: &mut Cursor<'_>, values: &Range<u64>) -> Result<GroupValues> {
        let count = self.groups_of_chunk(values).len();
        let mut shared = GroupValues::default();
        match self {
            _ if count == 0 => {}
            Self::None => {}
            Self::Codebook(map) => shared.codebooks = map.decode(cursor, count)?,
            Self::Grid(map) => shared.scales = map.decode(cursor, count)?,
        }
        Ok(shared)
    }

    /// Whether chunks have something that groups share.
    pub(crate) fn is_in_chunks(&self) -> bool {
        self.groups().is_some_and(|groups| !groups.are_global())
    }
}

/// The steps of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) unpack: Option<Unpack>,
    pub(crate) mask: Option<Mask>,
    pub(crate) map: Map,
}

impl Steps {
    /// Symbol words are the words.
    pub(crate) const NONE: Self = Self { unpack: None, mask: None, map: Map::None };

    /// The byte that says which there are.
    pub(crate) fn flags(&self) -> u8 {
        u8::from(self.unpack.is_some()) | u8::from(self.mask.is_some()) << 1 | self.map.code() << 2
    }

    /// Bits of a value.
    pub(crate) fn value_bits(&self, dtype: Dtype) -> u32 {
        self.unpack.map_or(dtype.word_bits(), |unpack| unpack.bits)
    }

    /// Bits of a symbol word.
    pub(crate) fn symbol_bits(&self, dtype: Dtype) -> u32 {
        match &self.map {
            Map::None => self.value_bits(dtype),
            Map::Codebook(map) => map.symbol_bits,
            Map::Grid(map) => map.symbol_bits,
        }
    }

    /// The values of these elements, which are a chunk's.
    pub(crate) fn values(&self, elements: &Range<u64>) -> Range<u64> {
        match &self.unpack {
            Some(unpack) => unpack.values_before(elements.start)..unpack.values_before(elements.end),
            None => elements.clone(),
        }
    }

    /// A chunk length has to be a multiple of this, in elements.
    pub(crate) fn check_chunk_len(&self, chunk_len: u64, chunks: u64) -> Result<()> {
        let values = self.values(&(0..chunk_len));
        let groups = self.map.groups().map_or(1, Groups::unit);
        let words = self.unpack.map_or(1, |unpack| unpack.unit());
        let is_whole = chunks == 1 || (chunk_len.is_multiple_of(words) && values.end.is_multiple_of(groups));
        // a chunk may be longer than its segment, and then end within a run
        let is_bounded = self.unpack.is_none_or(|unpack| {
            chunk_len.saturating_mul(unpack.values_a_run()) <= MAX_CHUNK_ELEMENTS * u64::from(unpack.words)
        });
        if !is_whole || !is_bounded {
            return Err(Error::corrupt(format!("{chunk_len} elements a chunk do not suit its steps")));
        }
        Ok(())
    }

    pub(crate) fn read_unpack(
        flags: u8,
        cursor: &mut Cursor<'_>,
        layout: &SegmentLayout<'_>,
    ) -> Result<Option<Unpack>> {
        let map = flags >> 2;
        if flags & !0xf != 0 || map > 2 || (flags != 0 && layout.dtype.words() > 1) {
            return Err(cursor.place(Error::corrupt(format!("steps {flags} of {}", layout.dtype))));
        }
        (flags & 1 == 1).then(|| Unpack::read(cursor, layout)).transpose()
    }

    /// Reads the rest, after the class fields. The layout is that of the values.
    pub(crate) fn read(
        flags: u8,
        unpack: Option<Unpack>,
        cursor: &mut Cursor<'_>,
        layout: &SegmentLayout<'_>,
        class_fields: usize,
    ) -> Result<Self> {
        let (dtype, values) = (layout.dtype, layout.elements());
        let bits = unpack.map_or(dtype.word_bits(), |unpack| unpack.bits);
        let mask = (flags & 2 == 2).then(|| Mask::read(cursor, bits, class_fields)).transpose()?;
        let map = match flags >> 2 {
            0 => Map::None,
            1 => Map::Codebook(CodebookMap::read(cursor, Order::of(dtype, unpack.is_some()), bits, values)?),
            _ if unpack.is_some() => return Err(cursor.place(Error::corrupt("a grid of packed values"))),
            _ => Map::Grid(Grid::read(cursor, dtype, values)?),
        };
        Ok(Self { unpack, mask, map })
    }

    /// Appends what comes after the class fields.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if let Some(mask) = &self.mask {
            mask.write(out);
        }
        match &self.map {
            Map::None => {}
            Map::Codebook(map) => map.write(out),
            Map::Grid(map) => map.write(out),
        }
    }

    /// Each in words.
    pub(crate) fn describe(&self) -> Vec<String> {
        let unpack = self.unpack.map(|unpack| match unpack.words {
            1 => format!("packed {} bits", unpack.bits),
            words => format!("packed {} bits in {words} words", unpack.bits),
        });
        let mask = self.mask.as_ref().map(|mask| format!("mask {} {}", mask.shape.group, mask.coding.name()));
        let per = |groups: &Groups| match (groups.block, groups.period) {
            (0, 1) => String::new(),
            (0, period) => format!(" for each of {period} columns"),
            (block, 1) => format!(" for each {block} values"),
            (block, period) => format!(" for each {block} values of {period} columns"),
        };
        let map = match &self.map {
            Map::None => None,
            Map::Codebook(map) => match &map.global[..] {
                [codebook] => Some(format!("codebook of {}", codebook.0.len())),
                _ => Some(format!("codebook of up to {}{}", 1 << map.symbol_bits, per(&map.groups))),
            },
            Map::Grid(map) => Some(format!("scale{}", per(&map.groups))),
        };
        unpack.into_iter().chain(mask).chain(map).collect()
    }

    /// Bytes of memory beside its own, about.
    pub(crate) fn memory(&self) -> usize {
        let mask = self.mask.as_ref().map_or(0, |mask| mask.coding.memory());
        mask + match &self.map {
            Map::None => 0,
            Map::Codebook(map) => map.memory(),
            Map::Grid(map) => map.memory(),
        }
    }

    /// The mask bits and symbol words of the elements `bytes`, whose first value is `start`; the elements are a chunk's, or, if
    /// nothing is unpacked, any.
    ///
    /// `shared` is that of the whole segment.
    pub(crate) fn apply<V: Word>(
        &self,
        dtype: Dtype,
        start: u64,
        bytes: &[u8],
        shared: &GroupValues,
    ) -> (Option<MaskBits>, Vec<V>) {
        if *self == Self::NONE {
            return (None, read_words(bytes, dtype.word_bits()));
        }
        match &self.unpack {
            Some(unpack) => {
                // bits above the values are 0: the plan has seen it
                let values = unpack.apply(dtype, bytes).unwrap_or_default();
                self.apply_values::<u8, V>(&values, dtype, start, shared)
            }
            None => with_word!(dtype.word_bits(), T => {
                self.apply_values::<T, V>(&read_words::<T>(bytes, dtype.word_bits()), dtype, start, shared)
            }),
        }
    }

    /// The same from values.
    pub(crate) fn apply_values<T: Word, V: Word>(
        &self,
        values: &[T],
        dtype: Dtype,
        start: u64,
        shared: &GroupValues,
    ) -> (Option<MaskBits>, Vec<V>) {
        let numbers = self.map.groups_of_chunk(&(start..start + values.len() as u64));
        let at = (start, numbers.start);
        let (kept, of_mask) = match &self.mask {
            Some(mask) => {
                let omitted = T::from_number(mask.omitted);
                let kept = kept_values(values.iter().copied(), omitted);
                let others: Vec<T> = values.iter().copied().filter(|&value| value != omitted).collect();
                (Some(kept), others)
            }
            None => (None, Vec::new()),
        };
        let values = if kept.is_some() { &of_mask[..] } else { values };
        let words = match &self.map {
            Map::None => {
                debug_assert_eq!(self.symbol_bits(dtype), self.value_bits(dtype));
                values.iter().map(|value| V::from_number(value.number())).collect()
            }
            Map::Codebook(map) => map.apply(map.of_chunk(&shared.codebooks, numbers), at, values, kept.as_ref()),
            Map::Grid(map) => map.apply(map.of_chunk(&shared.scales, numbers), at, values, kept.as_ref()),
        };
        (kept, words)
    }
}

/// The mask bits of values.
pub(crate) fn kept_values<T: Word>(values: impl ExactSizeIterator<Item = T>, omitted: T) -> MaskBits {
    let count = values.len();
    let mut bytes = vec![0u8; count.div_ceil(8)];
    for (index, value) in values.enumerate() {
        bytes[index / 8] |= u8::from(value != omitted) << (index % 8);
    }
    let mut kept = MaskBits::from_vec(bytes);
    kept.truncate(count);
    kept
}
