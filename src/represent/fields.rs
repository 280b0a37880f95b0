//! The parameters of the representation fields (section 8). Words are transformed and divided into fields; each field
//! is a stream of symbols with its own coding.

use super::coding::{Coding, CodingInput, Field};
use super::contexts::ClassField;
use super::step::Step;
use super::steps::{GroupValues, Steps};
use super::transform::Transform;
use super::values::SegmentLayout;
use crate::error::{Error, Result};
use crate::spec::{MAX_CLASS_FIELDS, MAX_FIELD_BITS, MAX_FIELDS, MAX_GROUP_CLASSES, MAX_SEGMENT_DISTANCES};
use crate::wire::Cursor;

/// The steps to symbol words, the class fields, the transform, and the fields. The most significant field comes first;
/// the widths of the fields add up to the width of a symbol word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) steps: Steps,
    pub(crate) class_fields: Vec<ClassField>,
    pub(crate) transform: Transform,
    pub(crate) fields: Vec<Field>,
}

/// Side information that is stored in the chunks, for all chunks of a segment. Only encoders have it in one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InChunks {
    /// The classes of all rows, for each class field.
    pub(crate) row_classes: Vec<Vec<u8>>,
    /// The group values of all groups.
    pub(crate) group_values: GroupValues,
}

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
    pub(crate) fn read(cursor: &mut Cursor<'_>, layout: &SegmentLayout<'_>) -> Result<Self> {
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
            let input = CodingInput {
                width,
                class_fields: class_fields.len(),
                earlier: &widths,
                is_masked: steps.mask.as_ref().is_some_and(|mask| mask.omitted_value().is_some()),
            };
            let coding = Coding::read(cursor, &input)?;
            fields.push(Field { width, coding });
            widths.push(width);
        }
        let distances: usize = fields.iter().map(|field| field.coding.distances()).sum();
        if distances > MAX_SEGMENT_DISTANCES {
            return Err(cursor.place(Error::corrupt(format!("mixed fields of {distances} distances in all"))));
        }
        let total: u32 = widths.iter().sum();
        if total != bits {
            return Err(cursor.place(Error::corrupt(format!("fields of {total} bits in words of {bits}"))));
        }
        Ok(Self { steps, class_fields, transform, fields })
    }

    /// Returns the number of bits of a symbol word.
    pub(crate) fn symbol_bits(&self) -> u32 {
        self.fields.iter().map(|field| field.width).sum()
    }

    /// Whether a field or the mask is coded by mixing.
    pub(crate) fn is_mixed(&self) -> bool {
        let of_mask = self.steps.mask.iter().map(|mask| &mask.coding);
        self.fields.iter().map(|field| &field.coding).chain(of_mask).any(Coding::is_mixed)
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        let fields = self.fields.iter().map(|field| size_of::<Field>() + field.coding.memory());
        let classes = self.class_fields.iter().map(ClassField::memory);
        fields.chain(classes).sum::<usize>() + self.steps.memory()
    }
}
