//! Entries, items and segments that many vectors use.

use crate::encoder::class_field::{AxisGroup, ClassField, NO_ROWS};
use crate::encoder::coding::{Coding, Field, bits, field};
use crate::encoder::container::{Item, Representation};
use crate::encoder::fields::Fields;
use crate::encoder::mask::Mask;
use crate::encoder::source::Source;
use crate::encoder::steps::Steps;
use crate::encoder::tables::Tables;
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::good::Vector;
use crate::wire::bits::pack_words;
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::manifest::Entry;

pub fn tensor(name: &str, dtype_name: &str, shape: &[u64], bytes: Vec<u8>) -> Entry {
    let code = dtype(dtype_name);
    let elements = if shape.contains(&0) { 0 } else { shape.iter().product::<u64>() };
    assert_eq!(elements * u64::from(DTYPES[usize::from(code)].2) / 8, bytes.len() as u64, "{name}");
    Entry { name: Some(name.into()), dtype: code, shape: shape.into(), alias: None, bytes }
}

pub fn alias(name: &str, target: usize, dtype_name: &str, shape: &[u64]) -> Entry {
    Entry {
        name: Some(name.into()),
        dtype: dtype(dtype_name),
        shape: shape.into(),
        alias: Some(target),
        bytes: Vec::new(),
    }
}

/// Returns an entry for the content of a file.
pub fn content(bytes: &[u8]) -> Entry {
    Entry { name: None, dtype: 1, shape: vec![bytes.len() as u64], alias: None, bytes: bytes.into() }
}

pub fn segment(members: &[usize], chunk_len: u64, representation: Representation) -> Item {
    Item::Segment { members: members.into(), chunk_len, representation }
}

pub fn fields(transform: u8, fields: &[Field]) -> Representation {
    Representation::Fields(Fields::of(transform, fields))
}

/// Returns the bytes of a U8 tensor with these symbols.
pub fn bytes_of_symbols(symbols: &[u16]) -> Vec<u8> {
    symbols.iter().map(|&symbol| symbol as u8).collect()
}

/// Returns a coding by lanes without contexts.
pub fn lanes_of(tables: Tables, interval: u8, rate: u8) -> Coding {
    Coding::Lanes { source: Source::Nothing, tables, interval, rate }
}

/// Tensors that each have a segment of their own.
#[derive(Default)]
pub struct Alone {
    entries: Vec<Entry>,
    items: Vec<Item>,
}

impl Alone {
    pub fn add(&mut self, entry: Entry, chunk_len: u64, representation: Representation) {
        let name = String::from_utf8_lossy(entry.name.as_deref().unwrap_or_default());
        assert!(self.entries.iter().all(|other| other.name != entry.name), "two tensors {name}");
        self.items.push(segment(&[self.entries.len()], chunk_len, representation));
        self.entries.push(entry);
    }

    pub fn vector(self, name: &str, about: &'static str) -> Vector {
        Vector::new(name, about, self.entries, self.items)
    }
}

pub(crate) fn by_class(field: u8, shift: u8, contexts: u8) -> Source {
    Source::Class { field, shift, contexts }
}

pub fn by_field(field: u8, thresholds: &[u64]) -> Source {
    Source::Field { field, thresholds: thresholds.into() }
}

impl Alone {
    /// Adds a tensor of these words.
    pub fn add_words(&mut self, name: &str, of: (&str, &[u64]), chunk_len: u64, words: &[u64], fields: Fields) {
        let w = DTYPES[usize::from(dtype(of.0))].3;
        self.add(tensor(name, of.0, of.1, pack_words(words, w)), chunk_len, Representation::Fields(fields));
    }
}

/// Returns fields of these widths. Those of up to 12 bits are coded by bits, the others are raw.
pub fn plain(widths: &[u32]) -> Vec<Field> {
    let of = |&width: &u32| field(width, if width <= 12 { bits(false, 30) } else { Coding::Raw });
    widths.iter().map(of).collect()
}

/// Divides `width` bits into widths of at most 8.
pub fn widths(width: u32) -> Vec<u32> {
    let mut widths = vec![8; width as usize / 8];
    widths.extend((!width.is_multiple_of(8)).then_some(width % 8));
    widths
}

/// Returns parameters with these steps, the transform identity and plain fields.
pub fn after(steps: Steps, width: u32) -> Fields {
    Fields { steps, ..Fields::of(0, &plain(&widths(width))) }
}

/// Returns a coding by lanes in which every symbol has a frequency.
pub fn any_symbol(width: u32) -> Coding {
    let codes: Vec<(u16, i32)> = (0..1u16 << width).map(|symbol| (symbol, 90 - i32::from(symbol) / 4)).collect();
    lanes_of(Tables::new(width, 10, &[&codes], None), 0, 0)
}

pub fn mask(omitted: u64, symbol_bits: u8, stride: u64, coding: Coding) -> Option<Mask> {
    Some(Mask { omitted, symbol_bits, stride, coding })
}

/// Returns random words of `w` bits whose values can be unpacked: in each run the bits above the last value are 0.
pub fn packed(random: &mut Random, w: u32, unpack: &Unpack, shape: &[u64]) -> Vec<u64> {
    let run = usize::from(unpack.run_words);
    let apart = if unpack.axis == 0 { 1 } else { shape[1..].iter().product::<u64>() as usize };
    let used = unpack.run_values(w) * usize::from(unpack.value_bits);
    let count = shape.iter().product::<u64>() as usize;
    (0..count)
        .map(|i| {
            // the number of bits of this word that belong to values
            let before = i / apart % run * w as usize;
            let own = used.saturating_sub(before).min(w as usize) as u32;
            random.next() & u64::MAX.checked_shr(64 - own).unwrap_or(0)
        })
        .collect()
}

pub fn unpack(value_bits: u8, run_words: u8, axis: u8) -> Unpack {
    Unpack { value_bits, run_words, axis }
}

/// Draws a class field for a tensor whose values have this shape.
pub fn class_field(random: &mut Random, depth: u8, shape: &[u64], axis_groups: &[[u64; 2]]) -> ClassField {
    random.class_field(depth, 3, 1, &[shape], axis_groups)
}

impl Random {
    fn classes(&mut self, count: usize, width: u8) -> Vec<u8> {
        (0..count).map(|_| self.skewed(width.into()) as u8).collect()
    }

    /// Draws a class field for members of these shapes, with axis groups for these axes.
    pub fn class_field(
        &mut self,
        depth: u8,
        width: u8,
        order: u8,
        shapes: &[&[u64]],
        axis_groups: &[[u64; 2]],
    ) -> ClassField {
        let axis_groups = axis_groups.iter().map(|&[first, axes]| {
            let count = shapes[0][first as usize..(first + axes) as usize].iter().product::<u64>();
            AxisGroup { first, axes, classes: self.classes(count as usize, width) }
        });
        let mut field = ClassField { depth, width, order, rows: vec![], axis_groups: axis_groups.collect() };
        if depth != NO_ROWS {
            let rows = shapes.iter().map(|shape| field.row_count(shape)).sum();
            field.rows = self.classes(rows, width);
        }
        field
    }
}
