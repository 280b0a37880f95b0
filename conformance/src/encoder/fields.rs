//! The parameters and the chunks of a segment of fields (section 8).

use crate::encoder::class_field::{ClassField, NO_ROWS};
use crate::encoder::coding::{Coding, Field, encode_field};
use crate::encoder::steps::Steps;
use crate::encoder::transform::split;
use crate::wire::bits::words;
use crate::wire::dtypes::DTYPES;
use crate::wire::primitives::{put_varint, put_words};

/// The parameters of a segment of fields (section 8).
#[derive(Clone, Default)]
pub struct Fields {
    pub steps: Steps,
    pub class_fields: Vec<ClassField>,
    pub transform: u8,
    /// The offset of transform 3.
    pub offset: u64,
    pub fields: Vec<Field>,
}

impl Fields {
    pub fn of(transform: u8, fields: &[Field]) -> Self {
        Self { transform, fields: fields.into(), ..Self::default() }
    }

    /// Returns whether a field or the mask needs the feature MIXING (section 3.1).
    pub(crate) fn need_mixing(&self) -> bool {
        let of_mask = self.steps.mask.iter().any(|mask| mask.coding.is_mixing());
        of_mask || self.fields.iter().any(|field| field.coding.is_mixing())
    }

    /// Returns the parameters as the segment's head has them.
    pub fn parameters(&self) -> Vec<u8> {
        let mut out = vec![self.steps.code()];
        self.steps.write_unpack(&mut out);
        out.push(self.class_fields.len() as u8);
        self.class_fields.iter().for_each(|class| class.write(&mut out));
        self.steps.write_mask_and_map(&mut out);
        out.push(self.transform);
        if self.transform == 3 {
            put_varint(&mut out, self.offset);
        }
        out.push(self.fields.len() as u8);
        for field in &self.fields {
            out.push(field.width as u8);
            field.coding.write(&mut out);
        }
        out
    }

    /// Returns, for each class field, the classes of the rows of a chunk and the class sums of its words. The chunk
    /// begins with element `from` of a segment whose members have these shapes.
    pub fn classes_of(
        &self,
        shapes: &[&[u64]],
        from: usize,
        elements: usize,
        element_words: usize,
    ) -> (Vec<Vec<u8>>, Vec<Vec<usize>>) {
        let of = |class: &ClassField| {
            let of_element: Vec<(usize, usize)> =
                (from..from + elements).map(|element| class.class(shapes, element)).collect();
            let mut rows: Vec<usize> = of_element.iter().map(|(row, _)| *row).collect();
            rows.dedup();
            let rows = if class.depth == NO_ROWS { vec![] } else { rows.iter().map(|&row| class.rows[row]).collect() };
            // both words of an element have the class sum of the element
            (rows, of_element.iter().flat_map(|(_, sum)| vec![*sum; element_words]).collect())
        };
        self.class_fields.iter().map(of).unzip()
    }

    /// Returns the coded bytes of a chunk that begins with element `from` of the segment. `shapes` has the shapes of
    /// the members.
    pub fn encode(&self, bytes: &[u8], dtype: u8, shapes: &[&[u64]], from: usize) -> Vec<u8> {
        let (_, _, bits, w) = DTYPES[usize::from(dtype)];
        let element_words = (bits / w) as usize;
        let unpacked = self.steps.unpack(&words(bytes, w), w, shapes, from);
        let (values, from) = (&unpacked.values, unpacked.from);
        let own: Option<Vec<&[u64]>> =
            unpacked.shapes.as_ref().map(|shapes| shapes.iter().map(Vec::as_slice).collect());
        let shapes = own.as_deref().unwrap_or(shapes);
        let (rows, sums) = self.classes_of(shapes, from, values.len() / element_words, element_words);
        let mut out = Vec::new();
        for (class, rows) in self.class_fields.iter().zip(rows).filter(|(class, _)| class.depth != NO_ROWS) {
            put_words(&class.words(&[&rows]), 2, &mut out);
        }
        let mut kept = self.steps.kept(values);
        if let Some(mask) = &self.steps.mask {
            out.extend(mask.chunk(&kept, &sums));
        }
        if let Some(templates) = &self.steps.templates {
            let labels = templates.labels_of(values, from);
            out.extend(templates.chunk(&labels, &sums));
            kept = labels.iter().map(|&label| label == 0).collect();
        }
        let positions: Vec<usize> = (0..values.len()).filter(|&i| kept[i]).collect();
        if positions.is_empty() {
            return out;
        }
        let (mut symbol_words, u) = self.steps.map(values, unpacked.value_bits, &positions, from, &mut out);
        if self.transform == 3 {
            let add = |x: &mut u64| *x = x.wrapping_add(self.offset) & (u64::MAX >> (64 - u));
            symbol_words.iter_mut().for_each(add);
        }
        let widths: Vec<u32> = self.fields.iter().map(|field| field.width).collect();
        let symbols = split(&symbol_words, self.transform, u, &widths);
        let sums: Vec<Vec<usize>> = sums.iter().map(|sums| positions.iter().map(|&i| sums[i]).collect()).collect();
        for (field, own) in self.fields.iter().zip(&symbols) {
            match &field.coding {
                Coding::MixedKept(mixed) => put_words(&mixed.words(own, &kept, field.width), 4, &mut out),
                coding => out.extend(encode_field(own, &coding.source().of(&sums, &symbols), field)),
            }
        }
        out
    }
}
