//! Class fields (section 8.2).

use std::collections::HashMap;

use crate::encoder::bits::{BitsEncoder, new_tree};
use crate::wire::primitives::{put_varint, put_words};

/// A class field (section 8.2).
#[derive(Clone, Default)]
pub struct ClassField {
    pub depth: u8,
    pub width: u8,
    pub order: u8,
    /// The classes of all rows of the segment.
    pub rows: Vec<u8>,
    pub axis_groups: Vec<AxisGroup>,
}

#[derive(Clone, Default)]
pub struct AxisGroup {
    pub first: u64,
    pub axes: u64,
    pub classes: Vec<u8>,
}

/// The depth of a class field without rows.
pub const NO_ROWS: u8 = 255;

pub(crate) fn product(dimensions: &[u64]) -> usize {
    dimensions.iter().product::<u64>() as usize
}

impl ClassField {
    /// Returns the number of rows of a member of this shape.
    pub fn row_count(&self, shape: &[u64]) -> usize {
        product(&shape[..usize::from(self.depth).min(shape.len().saturating_sub(1))])
    }

    /// Returns the row of an element of the segment, and the sum of its classes in the axis groups.
    pub(crate) fn class(&self, shapes: &[&[u64]], element: usize) -> (usize, usize) {
        let (mut index, mut row) = (element, 0);
        for shape in shapes {
            if index >= product(shape) {
                index -= product(shape);
                row += self.row_count(shape);
                continue;
            }
            let mut sum = 0;
            if self.depth != NO_ROWS {
                row += index / (product(shape) / self.row_count(shape));
                sum += usize::from(self.rows[row]);
            }
            for axis_group in &self.axis_groups {
                let (f, g) = (axis_group.first as usize, (axis_group.first + axis_group.axes) as usize);
                let number = index / product(&shape[g..]) % product(&shape[f..g]);
                sum += usize::from(axis_group.classes[number]);
            }
            return (row, sum);
        }
        unreachable!("an element beyond the segment")
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.depth, self.width, self.order, self.axis_groups.len() as u8]);
        for axis_group in &self.axis_groups {
            put_varint(out, axis_group.first);
            put_varint(out, axis_group.axes);
        }
        if !self.axis_groups.is_empty() {
            let vectors: Vec<&[u8]> = self.axis_groups.iter().map(|axis_group| &axis_group.classes[..]).collect();
            put_words(&self.words(&vectors), 2, out);
        }
    }

    /// Encodes vectors of classes in one stream. Returns its words as bytes.
    pub fn words(&self, vectors: &[&[u8]]) -> Vec<u8> {
        let mut coder = BitsEncoder::new(false);
        for vector in vectors {
            let mut trees = HashMap::new();
            let mut before = 0;
            for &class in *vector {
                let number = if self.order == 0 { 0 } else { before };
                let tree = trees.entry(number).or_insert_with(|| new_tree(self.width.into()));
                coder.tree(tree, class.into(), self.width.into(), 255);
                before = class;
            }
        }
        coder.finish()
    }
}
