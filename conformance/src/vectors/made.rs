//! Tensors whose symbols depend on their contexts.

use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::source::Source;
use crate::encoder::tables::Tables;
use crate::random::Random;
use crate::vectors::build::{Alone, tensor};
use crate::wire::bits::pack_words;
use crate::wire::dtypes::{DTYPES, dtype};

/// How a field will be coded.
pub(crate) enum Make {
    Raw,
    Constant(u64),
    /// A symbol that occurs less than `least` times in a context is escaped there.
    Lanes {
        source: Source,
        precision: u8,
        drift: i32,
        least: u64,
        interval: u8,
        rate: u8,
    },
    Bits(Source, bool, u8),
}

/// A tensor whose symbols are drawn.
pub(crate) struct Made<'a> {
    pub(crate) dtype: &'a str,
    pub(crate) shape: &'a [u64],
    pub(crate) chunk_len: u64,
    pub(crate) class_fields: Vec<ClassField>,
    /// The width of each field, and how it will be coded.
    pub(crate) fields: Vec<(u32, Make)>,
}

impl Alone {
    /// Adds a tensor. Its symbols depend on their sums in the first class field.
    pub(crate) fn add_made(&mut self, random: &mut Random, name: &str, made: Made) {
        let Made { dtype: dtype_name, shape, chunk_len, class_fields, fields: makes } = made;
        let (_, _, bits, w) = DTYPES[usize::from(dtype(dtype_name))];
        let (elements, element_words) = (shape.iter().product::<u64>() as usize, (bits / w) as usize);
        let mut fields = Fields { class_fields, ..Fields::of(0, &[]) };
        let (_, sums) = fields.classes_of(&[shape], 0, elements, element_words);
        let symbol = |random: &mut Random, i: usize, width: u32, make: &Make| match make {
            Make::Constant(value) => *value as u16,
            _ => {
                let sum = sums.first().map_or(0, |sums| sums[i] as u16);
                (sum + random.skewed(width)) & ((1u32 << width) - 1) as u16
            }
        };
        let mut symbols = vec![vec![]; makes.len()];
        for i in 0..elements * element_words {
            for ((width, make), symbols) in makes.iter().zip(&mut symbols) {
                symbols.push(symbol(random, i, *width, make));
            }
        }
        let word =
            |i: usize| makes.iter().zip(&symbols).fold(0, |word, ((width, _), of)| word << width | u64::from(of[i]));
        let bytes = pack_words(&(0..elements * element_words).map(word).collect::<Vec<_>>(), w);
        for ((width, make), own) in makes.into_iter().zip(&symbols) {
            let coding = match make {
                Make::Raw => Coding::Raw,
                Make::Constant(value) => Coding::Constant(value),
                Make::Bits(source, wide, limit) => Coding::Bits { source, word_size: wide.into(), limit },
                Make::Lanes { source, precision, drift, least, interval, rate } => {
                    let contexts = source.of(&sums, &symbols);
                    let tables =
                        Tables::of(own, &contexts, source.contexts(), width, precision, least).with_drift(drift);
                    Coding::Lanes { source, tables, interval, rate }
                }
            };
            fields.fields.push(field(width, coding));
        }
        self.add(tensor(name, dtype_name, shape, bytes), chunk_len, Representation::Fields(fields));
    }
}

/// Returns a coding by lanes that do not adapt.
pub(crate) fn fixed(source: Source, precision: u8) -> Make {
    Make::Lanes { source, precision, drift: 0, least: 0, interval: 0, rate: 0 }
}

/// Draws a symbol for each context, which the tables of the context can code.
pub fn drawn(random: &mut Random, tables: &Tables, contexts: &[usize]) -> Vec<u16> {
    let draw = |context: &usize| {
        let mut entries = tables.entries(*context);
        // if all symbols have a frequency, no symbol is left for an escape
        entries.truncate(1 << tables.width);
        match entries[random.below(entries.len() as u64) as usize].0 {
            Some(symbol) => symbol,
            None => loop {
                let symbol = random.below(1 << tables.width) as u16;
                if entries.iter().all(|(name, _)| *name != Some(symbol)) {
                    break symbol;
                }
            },
        }
    };
    contexts.iter().map(draw).collect()
}
