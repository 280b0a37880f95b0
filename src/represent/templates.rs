//! Templates (section 8.8): lines of values, such as rows or columns, that many lines of a tensor repeat, exactly or
//! nearly. A label of each value says which value of a template it has, or that it is kept.

use super::values::{FillOmitted, MaskBits, Word, mask_bits};
use crate::error::{Error, Result};
use crate::spec::{MAX_LABELS, MAX_TEMPLATE_VALUES};
use crate::wire::{Cursor, put_varint, unzigzag, zigzag};

/// Some templates, and the values that labels stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Templates {
    /// Bits of a value.
    pub(crate) bits: u32,
    /// The number of values from one position of a template to the next: 1 if rows repeat, and the number of columns if
    /// columns repeat.
    pub(crate) distance: u64,
    /// The number of positions of a template.
    pub(crate) length: usize,
    /// The values of all templates, one template after another.
    pub(crate) values: Vec<u64>,
    /// The meaning of each label, from label 1 on. Label 0 is a kept value.
    pub(crate) labels: Vec<Label>,
}

/// A label stands for a value of a template, plus a difference modulo 2^bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) template: u8,
    pub(crate) difference: u64,
}

impl Templates {
    /// Reads templates of values of `bits` bits.
    pub(crate) fn read(cursor: &mut Cursor<'_>, bits: u32) -> Result<Self> {
        let start = cursor.clone();
        let corrupt = |what: String| Err(start.place(Error::corrupt(what)));
        let (distance, length) = (cursor.varint()?, cursor.varint()?);
        let count = u64::from(cursor.u8()?);
        if distance == 0 || length == 0 || count == 0 || length.saturating_mul(count) > MAX_TEMPLATE_VALUES {
            return corrupt(format!("{count} templates of {length} values, {distance} apart"));
        }
        let value_bytes = bits.div_ceil(8) as usize;
        let stored = cursor.bytes((length * count) as usize * value_bytes)?;
        let most = u64::MAX >> (64 - bits);
        let values = stored.chunks_exact(value_bytes).map(|bytes| {
            let mut whole = [0; 8];
            whole[..value_bytes].copy_from_slice(bytes);
            u64::from_le_bytes(whole)
        });
        let values: Vec<u64> = values.collect();
        if values.iter().any(|&value| value > most) {
            return corrupt(format!("a value of a template has more than {bits} bits"));
        }
        let label_count = usize::from(cursor.u8()?);
        if !(1..=MAX_LABELS).contains(&label_count) {
            return corrupt(format!("{label_count} labels"));
        }
        let mut labels = Vec::with_capacity(label_count);
        for _ in 0..label_count {
            let (template, difference) = (cursor.u8()?, cursor.varint()?);
            if u64::from(template) >= count || difference > most {
                return corrupt(format!("a label of template {template} of {count}"));
            }
            labels.push(Label { template, difference: unzigzag(difference) as u64 & most });
        }
        Ok(Self { bits, distance, length: length as usize, values, labels })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.distance);
        put_varint(out, self.length as u64);
        out.push((self.values.len() / self.length) as u8);
        let value_bytes = self.bits.div_ceil(8) as usize;
        self.values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()[..value_bytes]));
        out.push(self.labels.len() as u8);
        for label in &self.labels {
            out.push(label.template);
            // read as two's complement of `bits` bits
            let shift = 64 - self.bits;
            put_varint(out, zigzag((label.difference << shift) as i64 >> shift));
        }
    }

    /// Describes the templates in words.
    pub(crate) fn describe(&self) -> String {
        let count = self.values.len() / self.length;
        let labels = if self.labels.len() == 1 { "label" } else { "labels" };
        format!("{count} of {} values, {} {labels}", self.length, self.labels.len())
    }

    /// Returns the number of bits of a label.
    pub(crate) fn label_bits(&self) -> u32 {
        self.labels.len().ilog2() + 1
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&self.values[..]) + size_of_val(&self.labels[..])
    }

    /// Calls `of_run` for runs of values that have the same position: with the numbers of the values, counted from the
    /// value `start` of the segment, and their position.
    fn each_run(
        &self,
        start: u64,
        values: std::ops::Range<usize>,
        mut of_run: impl FnMut(std::ops::Range<usize>, usize),
    ) {
        let first = start + values.start as u64;
        let mut position = (first / self.distance % self.length as u64) as usize;
        let mut left = self.distance - first % self.distance;
        let mut at = values.start;
        while at < values.end {
            let end = at + left.min((values.end - at) as u64) as usize;
            of_run(at..end, position);
            (at, left) = (end, self.distance);
            position = if position + 1 == self.length { 0 } else { position + 1 };
        }
    }

    /// Returns the value that a label stands for at a position.
    #[inline(always)]
    fn value(&self, label: Label, position: usize) -> u64 {
        let most = u64::MAX >> (64 - self.bits);
        self.values[usize::from(label.template) * self.length + position].wrapping_add(label.difference) & most
    }

    /// Returns the label of each value; `start` is the number of the first value in the segment.
    pub(crate) fn labels_of<T: Word>(&self, start: u64, values: &[T]) -> Vec<u8> {
        let mut out = vec![0; values.len()];
        let mut expected = vec![T::default(); self.labels.len()];
        self.each_run(start, 0..values.len(), |run, position| {
            for (expected, &label) in expected.iter_mut().zip(&self.labels) {
                *expected = T::from_number(self.value(label, position));
            }
            for (out, value) in out[run.clone()].iter_mut().zip(&values[run]) {
                *out = expected.iter().position(|expected| expected == value).map_or(0, |label| label as u8 + 1);
            }
        });
        out
    }
}

/// The labels of a chunk's values.
pub(crate) struct LabelledValues<'a> {
    pub(crate) templates: &'a Templates,
    /// The number of the chunk's first value in the segment.
    pub(crate) start: u64,
    pub(crate) labels: &'a [u8],
}

impl<T: Word> FillOmitted<T> for LabelledValues<'_> {
    fn fill(&self, values: std::ops::Range<usize>, bytes: &mut [u8]) {
        let first = values.start;
        self.templates.each_run(self.start, values, |run, position| {
            for at in run {
                if let Some(label) = usize::from(self.labels[at]).checked_sub(1) {
                    let value = self.templates.value(self.templates.labels[label], position);
                    T::from_number(value).write(&mut bytes[(at - first) * T::SIZE..][..T::SIZE]);
                }
            }
        });
    }
}

/// Returns the mask bits of labels: 1 for each label that is 0.
pub(crate) fn kept_of_labels(labels: &[u8]) -> MaskBits {
    mask_bits(labels.iter().map(|&label| label == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn templates() -> impl Strategy<Value = Templates> {
        let labels =
            prop::collection::vec((0u8..3, prop_oneof![Just(0u64), Just(1), Just(u64::MAX), any::<u64>()]), 1..9);
        (prop_oneof![Just(8u32), Just(16), Just(32), Just(64), Just(5)], 1u64..9, 1usize..9, labels).prop_flat_map(
            |(bits, distance, length, labels)| {
                let most = u64::MAX >> (64 - bits);
                prop::collection::vec(0..=most, 3 * length).prop_map(move |values| Templates {
                    bits,
                    distance,
                    length,
                    values,
                    labels: labels
                        .iter()
                        .map(|&(template, difference)| Label { template, difference: difference & most })
                        .collect(),
                })
            },
        )
    }

    proptest! {
        #[test]
        fn templates_come_back(templates in templates(), cut: prop::sample::Index) {
            let mut out = Vec::new();
            templates.write(&mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            prop_assert_eq!(&Templates::read(&mut cursor, templates.bits).unwrap(), &templates);
            cursor.finish().unwrap();
            prop_assert!(Templates::read(&mut Cursor::unplaced(&out[..cut.index(out.len())], "test"), templates.bits).is_err());
        }

        /// The values of labels are those of the definition, wherever a chunk begins.
        #[test]
        fn values_come_back(
            templates in templates(),
            start in 0u64..1000,
            draws in prop::collection::vec((0usize..10, any::<u64>()), 0..200),
            cut: prop::sample::Index,
        ) {
            let values = (start..).zip(&draws).map(|(number, &(label, other))| {
                let position = (number / templates.distance % templates.length as u64) as usize;
                let most = u64::MAX >> (64 - templates.bits);
                match templates.labels.get(label) {
                    Some(label) => {
                        let value = templates.values[usize::from(label.template) * templates.length + position];
                        value.wrapping_add(label.difference) & most
                    }
                    None => other & most,
                }
            });
            let values: Vec<u64> = values.collect();
            let labels = templates.labels_of(start, &values);
            let kept = kept_of_labels(&labels);
            for ((&(label, _), kept), own) in draws.iter().zip(&kept).zip(&labels) {
                prop_assert!(label >= templates.labels.len() || !*kept);
                prop_assert_eq!(*kept, *own == 0);
            }
            let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let expected = bytes.clone();
            for (index, kept) in kept.iter().enumerate() {
                if !*kept {
                    bytes[8 * index..8 * index + 8].fill(0xff);
                }
            }
            let labelled = LabelledValues { templates: &templates, start, labels: &labels };
            let at = cut.index(values.len() + 1);
            let (low, high) = bytes.split_at_mut(8 * at);
            FillOmitted::<u64>::fill(&labelled, 0..at, low);
            FillOmitted::<u64>::fill(&labelled, at..values.len(), high);
            prop_assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn impossible_templates_are_refused() {
        let read = |bytes: &[u8]| Templates::read(&mut Cursor::unplaced(bytes, "test"), 6).is_ok();
        assert!(read(&[1, 2, 1, 5, 63, 1, 0, 63]));
        for bytes in [
            // no distance, no length, no template, too many values
            &[0, 2, 1, 5, 63, 1, 0, 0][..],
            &[1, 0, 1, 1, 0, 0],
            &[1, 2, 0, 1, 0, 0],
            &[1, 0x81, 0x80, 0x40, 1, 1, 0, 0],
            // a value of 7 bits, no label, a label of another template, a difference of 7 bits
            &[1, 2, 1, 5, 64, 1, 0, 0],
            &[1, 2, 1, 5, 63, 0],
            &[1, 2, 1, 5, 63, 1, 1, 0],
            &[1, 2, 1, 5, 63, 1, 0, 64],
        ] {
            assert!(!read(bytes), "{bytes:?}");
        }
    }
}
