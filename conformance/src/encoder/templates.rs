//! Templates (section 8.8).

use crate::encoder::coding::{Coding, encode_field, field};
use crate::wire::primitives::put_varint;

/// Templates, and the labels that stand for their values (section 8.8).
#[derive(Clone)]
pub struct Templates {
    /// The number of bits of a value (v).
    pub v: u32,
    pub distance: u64,
    pub length: u64,
    /// The values by template and position.
    pub templates: Vec<Vec<u64>>,
    /// For each label from 1 on: the number of a template, and the difference.
    pub labels: Vec<(u8, i64)>,
    pub coding: Coding,
    /// If it is not 0, each value whose number in the segment is a multiple of it is kept, whatever label suits it.
    pub keep_each: usize,
}

impl Templates {
    /// Returns `label_bits`.
    pub fn label_bits(&self) -> u32 {
        let mut bits = 0;
        while 1 << bits <= self.labels.len() {
            bits += 1;
        }
        bits
    }

    /// Appends the parameters.
    pub fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.distance);
        put_varint(out, self.length);
        out.push(self.templates.len() as u8);
        for value in self.templates.iter().flatten() {
            out.extend(&value.to_le_bytes()[..self.v.div_ceil(8) as usize]);
        }
        out.push(self.labels.len() as u8);
        for &(template, difference) in &self.labels {
            out.push(template);
            put_varint(out, (difference << 1 ^ difference >> 63) as u64);
        }
        self.coding.write(out);
    }

    /// Returns the label of each value. The first one is value number `from` of the segment.
    pub fn labels_of(&self, values: &[u64], from: usize) -> Vec<u16> {
        let label = |(number, &value): (usize, &u64)| {
            if self.keep_each > 0 && number % self.keep_each == 0 {
                return 0;
            }
            let position = number as u64 / self.distance % self.length;
            let stands_for = |&(template, difference): &(u8, i64)| {
                let own = self.templates[usize::from(template)][position as usize];
                own.wrapping_add(difference as u64) & (u64::MAX >> (64 - self.v)) == value
            };
            self.labels.iter().position(stands_for).map_or(0, |label| label as u16 + 1)
        };
        (from..).zip(values).map(label).collect()
    }

    /// Encodes the labels of a chunk. `sums` has the class sums of its values for each class field.
    pub fn chunk(&self, labels: &[u16], sums: &[Vec<usize>]) -> Vec<u8> {
        let symbols = [labels.to_vec()];
        let contexts = self.coding.source().of(sums, &symbols);
        encode_field(labels, &contexts, &field(self.label_bits(), self.coding.clone()))
    }
}
