//! Fields (section 8): words are transformed and cut into fields, each a stream of symbols with a coding of its own.

use std::ops::Range;

use super::StreamBytes;
use super::class_field::{ChunkClasses, ClassField};
use super::coding::{Coding, Field};
use super::context_source::all_sums;
use super::layout::Layout;
use super::mask::{Kept, of_kept};
use super::steps::{Map, Shared, Steps};
use super::word::{Word, with_word};
use crate::coders::{LaneTables, skip_map};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::spec::{MAX_CLASS_FIELDS, MAX_FIELD_BITS, MAX_FIELDS, MAX_GROUP_CLASSES};
use crate::tensor::Dtype;
use crate::wire::{Cursor, put_varint};

/// What is done to a word before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    Identity,
    /// The sign of a float goes to the bottom, so that its exponent is on top.
    Rotate,
    /// Small integers of both signs become small.
    Zigzag,
    /// A zero point, less this much, becomes 0.
    Offset(u64),
}

impl Transform {
    fn read(cursor: &mut Cursor<'_>, bits: u32) -> Result<Self> {
        let start = cursor.clone();
        match cursor.u8()? {
            0 => Ok(Self::Identity),
            1 => Ok(Self::Rotate),
            2 => Ok(Self::Zigzag),
            3 => match cursor.varint()? {
                by if by > 0 && (bits == 64 || by >> bits == 0) => Ok(Self::Offset(by)),
                by => Err(start.place(Error::corrupt(format!("an offset of {by} for words of {bits} bits")))),
            },
            other => Err(start.place(Error::unsupported(format!("transform {other}")))),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Identity => out.push(0),
            Self::Rotate => out.push(1),
            Self::Zigzag => out.push(2),
            Self::Offset(by) => {
                out.push(3);
                put_varint(out, by);
            }
        }
    }

    pub(crate) fn apply<W: Word>(self, words: &mut [W], bits: u32) {
        match self {
            Self::Identity => {}
            Self::Rotate => words.iter_mut().for_each(|word| *word = word.rotate(bits)),
            Self::Zigzag => words.iter_mut().for_each(|word| *word = word.zigzag(bits)),
            Self::Offset(by) => words.iter_mut().for_each(|word| *word = word.offset(by, bits)),
        }
    }
}

/// Steps to symbol words, class fields, a transform, and the fields from the most significant down; their widths add up to the
/// symbol word's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) steps: Steps,
    pub(crate) class_fields: Vec<ClassField>,
    pub(crate) transform: Transform,
    pub(crate) fields: Vec<Field>,
}

/// What an encoder knows beside the parameters in a segment's head: what lies in the chunks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InChunks {
    /// For each class field the classes of all rows.
    pub(crate) row_classes: Vec<Vec<u8>>,
    /// Of all groups.
    pub(crate) shared: Shared,
}

/// What a stream of a chunk gave, or a block of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Its number: that of the mask, if there is one, is 0, then come the fields.
    pub(crate) stream: usize,
    pub(crate) symbols: &'a [u16],
    /// As many, or none if there is only one.
    pub(crate) contexts: &'a [u8],
    /// Of a field behind a mask the mask bits of the chunk.
    pub(crate) kept: Option<&'a Kept>,
}

/// Hears of what is decoded, in its order.
pub(crate) trait Observer: FnMut(Seen<'_>) {}

impl<F: FnMut(Seen<'_>)> Observer for F {}

impl Fields {
    /// Appends the parameters.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.steps.flags());
        if let Some(unpack) = &self.steps.unpack {
            unpack.write(out);
        }
        out.push(self.class_fields.len() as u8);
        self.class_fields.iter().for_each(|field| field.write(out));
        self.steps.write(out);
        self.transform.write(out);
        out.push(self.fields.len() as u8);
        for field in &self.fields {
            out.push(field.width as u8);
            field.coding.write(out);
        }
    }

    /// Reads the parameters.
    pub(crate) fn read(cursor: &mut Cursor<'_>, layout: &Layout<'_>) -> Result<Self> {
        let dtype = layout.dtype;
        let flags = cursor.u8()?;
        let unpack = Steps::read_unpack(flags, cursor, layout)?;
        let layout = unpack.map_or_else(|| layout.clone(), |unpack| unpack.layout(layout));
        let count = usize::from(cursor.u8()?);
        if count > MAX_CLASS_FIELDS {
            return Err(cursor.place(Error::corrupt(format!("{count} class fields"))));
        }
        let mut budget = MAX_GROUP_CLASSES;
        let class_fields =
            (0..count).map(|_| ClassField::read(cursor, &layout, &mut budget)).collect::<Result<Vec<_>>>()?;
        let steps = Steps::read(flags, unpack, cursor, &layout, class_fields.len())?;
        let bits = steps.symbol_bits(dtype);
        let transform = Transform::read(cursor, bits)?;
        let count = usize::from(cursor.u8()?);
        if !(1..=MAX_FIELDS).contains(&count) {
            return Err(cursor.place(Error::corrupt(format!("{count} fields"))));
        }
        let mut fields = Vec::with_capacity(count);
        let mut widths: Vec<u32> = Vec::with_capacity(count);
        for _ in 0..count {
            let width = u32::from(cursor.u8()?);
            if !(1..=MAX_FIELD_BITS).contains(&width) || widths.iter().sum::<u32>() + width > bits {
                return Err(
                    cursor.place(Error::corrupt(format!("a field of {width} bits, or fields of more than {bits}")))
                );
            }
            let coding = Coding::read(cursor, width, class_fields.len(), &widths, steps.mask.is_some())?;
            fields.push(Field { width, coding });
            widths.push(width);
        }
        let total: u32 = widths.iter().sum();
        if total != bits {
            return Err(cursor.place(Error::corrupt(format!("fields of {total} bits in words of {bits}"))));
        }
        Ok(Self { steps, class_fields, transform, fields })
    }

    /// Bits of a symbol word.
    pub(crate) fn symbol_bits(&self) -> u32 {
        self.fields.iter().map(|field| field.width).sum()
    }

    /// Appends the coded bytes of a chunk: the elements `elements` of the segment, in `bytes`.
    pub(crate) fn encode(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        bytes: &[u8],
        in_chunks: &InChunks,
        kernel: Kernel,
        out: &mut Vec<u8>,
    ) {
        with_word!(self.symbol_bits(), V => self.encode_words::<V>(dtype, elements, bytes, in_chunks, kernel, out));
    }

    fn encode_words<V: Word>(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        bytes: &[u8],
        in_chunks: &InChunks,
        kernel: Kernel,
        out: &mut Vec<u8>,
    ) {
        let bits = self.symbol_bits();
        let values = self.steps.values(elements);
        let mut of_chunk = Vec::with_capacity(in_chunks.row_classes.len());
        for (field, classes) in self.class_fields.iter().zip(&in_chunks.row_classes) {
            field.encode_rows(&values, classes, out);
            of_chunk.push(field.rows_of_chunk(&values, classes));
        }
        let mut sums = all_sums(&self.class_fields, &values, &of_chunk);
        let (kept, mut words) = self.steps.apply::<V>(dtype, values.start, bytes, &in_chunks.shared);
        if let (Some(mask), Some(kept)) = (&self.steps.mask, &kept) {
            mask.encode(kept, &sums, kernel, out);
            if words.is_empty() {
                return;
            }
            sums.iter_mut().for_each(|sums| *sums = of_kept(sums, kept));
        }
        self.steps.map.encode_shared(&in_chunks.shared, &values, out);
        self.transform.apply(&mut words, bits);
        let mut symbols = vec![0u16; words.len()];
        let mut shift = bits;
        for (index, field) in self.fields.iter().enumerate() {
            shift -= field.width;
            if matches!(field.coding, Coding::Constant(_)) {
                continue;
            }
            let contexts = self.contexts(index, &sums, &words, shift + field.width, dtype);
            take_field(&words, shift, field.width, &mut symbols);
            field.coding.encode(&symbols, &contexts, field.width, kept.as_ref(), kernel, out);
        }
    }

    /// Whether a field or the mask is coded by mixing.
    pub(crate) fn is_mixed(&self) -> bool {
        let of_mask = self.steps.mask.iter().map(|mask| &mask.coding);
        self.fields.iter().map(|field| &field.coding).chain(of_mask).any(Coding::is_mixed)
    }

    /// The contexts of field `index`. The fields before it lie in `words` from bit `below` up.
    pub(crate) fn contexts<W: Word>(
        &self,
        index: usize,
        sums: &[Vec<u8>],
        words: &[W],
        below: u32,
        dtype: Dtype,
    ) -> Vec<u8> {
        let symbols_of = |number: usize| {
            let shift = below + self.fields[number + 1..index].iter().map(|field| field.width).sum::<u32>();
            let mask = ((1u32 << self.fields[number].width) - 1) as u16;
            words.iter().map(move |word| word.field(shift, mask))
        };
        self.fields[index].coding.source().resolve(sums, symbols_of, dtype.words() as usize)
    }

    /// Bytes of memory, about.
    pub(crate) fn memory(&self) -> usize {
        let fields = self.fields.iter().map(|field| size_of::<Field>() + field.coding.memory());
        let classes = self.class_fields.iter().map(ClassField::memory);
        fields.chain(classes).sum::<usize>() + self.steps.memory()
    }

    /// How the coded bytes of the chunk of these elements divide. Decodes only what it needs to know where streams begin.
    pub(crate) fn account(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        coded: &[u8],
        into: &mut StreamBytes,
    ) -> Result<()> {
        let mut cursor = Cursor::unplaced(coded, "chunk");
        let values = self.steps.values(elements);
        let mut count = (values.end - values.start) as usize * dtype.words() as usize;
        let mut classes = Vec::new();
        for field in &self.class_fields {
            let mut reading = cursor.clone();
            into.classes += field.skip_rows(&mut cursor)? as u64;
            if self.steps.mask.is_some() {
                classes.push(ChunkClasses::read(field, &mut reading, &values)?);
            }
        }
        if let Some(mask) = &self.steps.mask {
            let symbols = mask.shape.count(count);
            let mut reading = cursor.clone();
            let mut of_mask = StreamBytes::default();
            mask.coding.account(&mut cursor, symbols, mask.shape.group, &mut of_mask)?;
            into.mask += of_mask.sum();
            into.add_to_stream(0, of_mask.sum() - of_mask.lengths);
            count = mask
                .decode(&mut reading, &classes, count, &mut LaneTables::default(), Kernel::PORTABLE, |_, _| ())?
                .count_ones();
            if count == 0 {
                return cursor.finish();
            }
        }
        if self.steps.map.is_in_chunks() {
            let bytes = skip_map(&mut cursor)? as u64;
            match &self.steps.map {
                Map::Affine(_) => into.scales += bytes,
                _ => into.codebooks += bytes,
            }
        }
        let first_number = usize::from(self.steps.mask.is_some());
        for (number, field) in (first_number..).zip(&self.fields) {
            let before = into.sum() - into.lengths;
            field.coding.account(&mut cursor, count, field.width, into)?;
            into.add_to_stream(number, into.sum() - into.lengths - before);
        }
        cursor.finish()
    }
}

/// The symbols of the field of `width` bits at `shift`.
pub(crate) fn take_field<W: Word>(words: &[W], shift: u32, width: u32, symbols: &mut [u16]) {
    let mask = (((1u32 << width) - 1) & 0xffff) as u16;
    words.iter().zip(symbols).for_each(|(word, symbol)| *symbol = word.field(shift, mask));
}
