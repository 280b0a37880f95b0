//! The steps before the fields (section 8).

use crate::encoder::codebook::Codebook;
use crate::encoder::grid::Grid;
use crate::encoder::mask::Mask;
use crate::encoder::templates::Templates;
use crate::encoder::unpack::Unpack;
use crate::wire::primitives::{put_varint, put_words};

#[derive(Clone, Default)]
pub struct Steps {
    pub unpack: Option<Unpack>,
    pub mask: Option<Mask>,
    pub templates: Option<Templates>,
    pub map: Map,
    /// This byte is written instead of the right `steps` byte.
    pub code: Option<u8>,
}

#[derive(Clone, Default)]
pub enum Map {
    #[default]
    Nothing,
    Codebook(Codebook),
    Grid(Grid),
}

/// The values of a chunk, and facts about them.
pub struct Unpacked {
    pub values: Vec<u64>,
    /// The number of bits of a value (v).
    pub value_bits: u32,
    /// The shapes of the values of the members, if the segment is unpacked.
    pub shapes: Option<Vec<Vec<u64>>>,
    /// The number, in the segment, of the chunk's first value.
    pub from: usize,
}

impl Steps {
    pub fn code(&self) -> u8 {
        let map = match self.map {
            Map::Nothing => 0,
            Map::Codebook(_) => 4,
            Map::Grid(_) => 8,
        };
        let flags = u8::from(self.unpack.is_some())
            | u8::from(self.mask.is_some()) << 1
            | u8::from(self.templates.is_some()) << 4;
        self.code.unwrap_or(flags | map)
    }

    pub fn write_unpack(&self, out: &mut Vec<u8>) {
        if let Some(unpack) = &self.unpack {
            out.extend([unpack.value_bits, unpack.run_words, unpack.axis]);
        }
    }

    pub fn write_mask_and_map(&self, out: &mut Vec<u8>) {
        if let Some(mask) = &self.mask {
            put_varint(out, mask.omitted);
            out.push(mask.symbol_bits);
            put_varint(out, mask.stride);
            mask.coding.write(out);
        }
        if let Some(templates) = &self.templates {
            templates.write(out);
        }
        match &self.map {
            Map::Nothing => {}
            Map::Codebook(codebook) => codebook.write(out),
            Map::Grid(grid) => grid.write(out),
        }
    }

    /// Returns the values of a chunk of words of `w` bits that begins with element `from`.
    pub fn unpack(&self, words: &[u64], w: u32, shapes: &[&[u64]], from: usize) -> Unpacked {
        match &self.unpack {
            None => Unpacked { values: words.into(), value_bits: w, shapes: None, from },
            Some(unpack) => Unpacked {
                values: unpack.values(words, w, shapes[0]),
                value_bits: unpack.value_bits.into(),
                shapes: Some(shapes.iter().map(|shape| unpack.shape(shape, w)).collect()),
                from: from * unpack.run_values(w) / usize::from(unpack.run_words),
            },
        }
    }

    /// Returns the mask bits of these values.
    pub fn kept(&self, values: &[u64]) -> Vec<bool> {
        values.iter().map(|value| self.mask.as_ref().is_none_or(|mask| mask.omitted != *value)).collect()
    }

    /// Returns the symbol words of kept values, and their width. The values lie at `positions` in a chunk that begins
    /// with value `from`. Appends the codebooks or scales of the chunk to `out`.
    pub fn map(&self, values: &[u64], v: u32, positions: &[usize], from: usize, out: &mut Vec<u8>) -> (Vec<u64>, u32) {
        match &self.map {
            Map::Nothing => (positions.iter().map(|&i| values[i]).collect(), v),
            Map::Codebook(codebook) => {
                let own = codebook.groups.of_chunk(from, values.len());
                if codebook.groups.block > 0 {
                    put_words(&codebook.words(&codebook.codebooks[own.first..own.first + own.count]), 2, out);
                }
                let number = |&i: &usize| {
                    let entries = &codebook.codebooks[own.first + own.of_value[i]];
                    let key = codebook.key(values[i]);
                    entries.iter().position(|entry| *entry == key).expect("a codebook without a value") as u64
                };
                (positions.iter().map(number).collect(), codebook.symbol_bits.into())
            }
            Map::Grid(grid) => {
                let own = grid.groups.of_chunk(from, values.len());
                if grid.groups.block > 0 {
                    put_words(&grid.words(&grid.scales[own.first..own.first + own.count]), 2, out);
                }
                (positions.iter().map(|i| grid.symbols[from + i]).collect(), grid.symbol_bits.into())
            }
        }
    }
}
