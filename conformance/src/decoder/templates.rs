//! Templates (section 8.8).

use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::coding::{Coding, coding};

/// The parameters of templates (section 8.8).
pub struct Templates {
    v: u32,
    distance: u64,
    length: u64,
    /// The values of all templates.
    values: Vec<u64>,
    /// The template and the difference of each label, from label 1 on.
    labels: Vec<(u64, u64)>,
    pub(crate) coding: Coding,
}

impl Templates {
    pub fn read(bytes: &mut Bytes, v: u32, class_fields: usize) -> Result<Self> {
        let (distance, length) = (bytes.varint()?, bytes.varint()?);
        let count = u64::from(bytes.byte()?);
        must(distance > 0 && length > 0 && count > 0, "no distance, no length, or no templates")?;
        must(u128::from(length) * u128::from(count) <= 1 << 20, "values of templates")?;
        let mut values = Vec::new();
        for _ in 0..length * count {
            let mut value = 0;
            for byte in 0..v.div_ceil(8) {
                value |= u64::from(bytes.byte()?) << (8 * byte);
            }
            must(value <= u64::MAX >> (64 - v), "a value of a template that has more bits than a value")?;
            values.push(value);
        }
        let label_count = bytes.byte()?;
        must(label_count > 0, "no labels")?;
        let mut labels = Vec::new();
        for _ in 0..label_count {
            let (template, zigzag) = (u64::from(bytes.byte()?), bytes.varint()?);
            must(template < count, "a label of a template that there is not")?;
            must(zigzag <= u64::MAX >> (64 - v), "a difference that has more bits than a value")?;
            let difference = if zigzag % 2 == 0 { zigzag / 2 } else { (zigzag / 2 + 1).wrapping_neg() };
            labels.push((template, difference));
        }
        let mut label_bits = 1;
        while labels.len() >> label_bits > 0 {
            label_bits += 1;
        }
        let coding = coding(bytes, label_bits, &[], class_fields)?;
        let is_allowed = matches!(coding, Coding::Raw | Coding::Constant(_) | Coding::Lanes(..) | Coding::Bits(..));
        must(is_allowed, "a coding that is not for labels")?;
        Ok(Self { v, distance, length, values, labels, coding })
    }

    /// Decodes the labels of `count` values from value `from` on. Returns the omitted values; `None` stands for a kept
    /// value.
    pub fn decode(&self, bytes: &mut Bytes, from: u64, count: u64, sums: &[Vec<u64>]) -> Result<Vec<Option<u64>>> {
        let label_bits = (1..).find(|bits| self.labels.len() >> bits == 0).unwrap_or(64);
        let symbols = self.coding.decode(bytes, label_bits, sums, &[], count)?;
        let mut out = Vec::new();
        for (i, label) in (from..).zip(symbols) {
            if label == 0 {
                out.push(None);
                continue;
            }
            must(usize::from(label) <= self.labels.len(), "a label that there is not")?;
            let (template, difference) = self.labels[usize::from(label) - 1];
            let position = i / self.distance % self.length;
            let value = self.values[(template * self.length + position) as usize].wrapping_add(difference);
            out.push(Some(value & (u64::MAX >> (64 - self.v))));
        }
        Ok(out)
    }
}
