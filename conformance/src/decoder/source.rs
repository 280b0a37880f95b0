//! Context sources (section 8.3).

use crate::decoder::bytes::{Bytes, Result, must};

pub struct Source {
    pub class: Option<(usize, u8)>,
    pub field: Option<(usize, Vec<u64>)>,
    pub(crate) contexts: usize,
}

pub(crate) fn source(bytes: &mut Bytes, before: &[u32], class_fields: usize) -> Result<Source> {
    match bytes.byte()? {
        0 => Ok(Source { class: None, field: None, contexts: 1 }),
        1 => {
            let (class, shift, contexts) = (usize::from(bytes.byte()?), bytes.byte()?, usize::from(bytes.byte()?));
            must(class < class_fields, "class field number")?;
            must(shift <= 7, "shift")?;
            must((2..=32).contains(&contexts), "number of contexts")?;
            Ok(Source { class: Some((class, shift)), field: None, contexts })
        }
        2 => {
            let (field, count) = (usize::from(bytes.byte()?), bytes.byte()?);
            must(field < before.len(), "field number")?;
            must((1..=31).contains(&count), "number of thresholds")?;
            let mut thresholds: Vec<u64> = Vec::new();
            for _ in 0..count {
                let distance = bytes.varint()?;
                let threshold = match thresholds.last() {
                    None => distance,
                    Some(_) if distance == 0 => return Err("thresholds not ascending"),
                    Some(last) => last.checked_add(distance).ok_or("threshold beyond its field")?,
                };
                thresholds.push(threshold);
            }
            must(thresholds[thresholds.len() - 1] < 1 << before[field], "threshold beyond its field")?;
            Ok(Source { class: None, contexts: thresholds.len() + 1, field: Some((field, thresholds)) })
        }
        _ => Err("unsupported: context source"),
    }
}

impl Source {
    pub(crate) fn of(&self, sums: &[Vec<u64>], symbols: &[Vec<u16>], n: u64) -> Vec<usize> {
        let context = |i: usize| match (&self.class, &self.field) {
            (Some((class, shift)), _) => ((sums[*class][i] >> shift) as usize).min(self.contexts - 1),
            (_, Some((field, thresholds))) => {
                thresholds.iter().take_while(|&&threshold| threshold <= symbols[*field][i].into()).count()
            }
            _ => 0,
        };
        (0..n as usize).map(context).collect()
    }
}
