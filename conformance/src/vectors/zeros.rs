//! Tensors of zeros. Their chunks have no bytes, so bad vectors can change the parameters freely.

use crate::encoder::codebook::{Codebook, Order};
use crate::encoder::coding::{Coding, Field, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::grid::Grid;
use crate::encoder::groups::Groups;
use crate::encoder::steps::{Map, Steps};
use crate::vectors::build::{mask, segment, tensor, widths};
use crate::vectors::good::Vector;
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::frame::MIXING;

/// Tensors of zeros that share one segment.
#[derive(Clone, Copy)]
pub struct Zeros<'a> {
    pub dtype: &'a str,
    pub shapes: &'a [&'a [u64]],
    pub chunk_len: u64,
}

impl Zeros<'_> {
    pub fn vector(&self) -> Vector {
        let bits = u64::from(DTYPES[usize::from(dtype(self.dtype))].2);
        let entries = self.shapes.iter().enumerate().map(|(number, shape)| {
            let bytes = vec![0; (shape.iter().product::<u64>() * bits / 8) as usize];
            tensor(&format!("x{number}"), self.dtype, shape, bytes)
        });
        let w = DTYPES[usize::from(dtype(self.dtype))].3;
        let members: Vec<usize> = (0..self.shapes.len()).collect();
        let item = segment(&members, self.chunk_len, Representation::Fields(Fields::of(0, &constants(w))));
        Vector::new("", "", entries.collect(), vec![item])
    }

    /// Asserts that a decoder accepts these parameters.
    pub fn accepts(&self, fields: &Fields) {
        let vector = self.vector();
        let mut parts = vector.parts();
        parts.segment().parameters = fields.parameters();
        if fields.need_mixing() {
            parts.header.critical |= MIXING;
        }
        vector.decode(&mut parts).unwrap_or_else(|why| panic!("{}: {why}", self.dtype));
    }
}

/// Returns constant fields for words of `width` bits that are all 0.
pub fn constants(width: u32) -> Vec<Field> {
    widths(width).iter().map(|&width| field(width, Coding::Constant(0))).collect()
}

pub fn zeros_after(steps: Steps, width: u32) -> Fields {
    Fields { steps, ..Fields::of(0, &constants(width)) }
}

/// Returns steps with a mask that keeps no value.
pub fn nothing_kept(map: Map) -> Steps {
    Steps { mask: mask(0, 1, 1, Coding::Constant(0)), map, ..Steps::default() }
}

/// Returns these fields behind a mask that keeps no value, so that no field has bytes.
pub fn zeros_in(fields: &[Field]) -> Fields {
    Fields { steps: nothing_kept(Map::Nothing), ..Fields::of(0, fields) }
}

/// Returns a codebook step. If `block` is 0, so that groups belong to the whole segment, each of at most 1000 groups
/// has a codebook with the only value 0.
pub fn codebook_of_zeros(block: u64, period: u64, symbol_bits: u8, zero_bits: u8) -> Codebook {
    let groups = Groups::new(block, period);
    let codebooks = vec![vec![0]; if block == 0 { period.min(1000) as usize } else { 0 }];
    Codebook { groups, symbol_bits, zero_bits, order: Order::Plain, value_bits: 32, codebooks }
}

pub fn grid_of_zeros(block: u64, period: u64, symbol_bits: u8, lowest: i64, zero_bits: u8) -> Grid {
    let scales = vec![0; if block == 0 { period.min(1000) as usize } else { 0 }];
    Grid { groups: Groups::new(block, period), symbol_bits, lowest, zero_bits, scales, symbols: vec![] }
}

pub const ONE: Zeros = Zeros { dtype: "U32", shapes: &[&[6, 10]], chunk_len: 60 };
