//! Context sources: how the context of a symbol is selected (section 8.3).

use crate::error::{Error, Result};
use crate::spec::{MAX_CONTEXT_SHIFT, MAX_CONTEXTS};
use crate::wire::{Cursor, put_varint};

/// The source of the contexts of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContextSource {
    /// There is one context.
    None,
    /// A class field: the context is the smaller of `class sum >> shift` and `contexts - 1`.
    Classes { field: usize, shift: u8, contexts: usize },
    /// An earlier field: the context is the number of thresholds that are at most its symbol. Thresholds are in
    /// ascending order.
    Field { field: usize, thresholds: Vec<u16> },
}

impl ContextSource {
    /// Returns the number of contexts.
    pub(crate) fn contexts(&self) -> usize {
        match self {
            Self::None => 1,
            Self::Classes { contexts, .. } => *contexts,
            Self::Field { thresholds, .. } => thresholds.len() + 1,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.push(0),
            Self::Classes { field, shift, contexts } => out.extend([1, *field as u8, *shift, *contexts as u8]),
            Self::Field { field, thresholds } => {
                out.extend([2, *field as u8, thresholds.len() as u8]);
                let mut last = 0;
                for &threshold in thresholds {
                    put_varint(out, u64::from(threshold - last));
                    last = threshold;
                }
            }
        }
    }

    /// Reads the source of a field that comes after fields of `widths`.
    pub(crate) fn read(cursor: &mut Cursor<'_>, class_fields: usize, widths: &[u32]) -> Result<Self> {
        let start = cursor.clone();
        let corrupt = |what: String| Err(start.place(Error::corrupt(what)));
        match cursor.u8()? {
            0 => Ok(Self::None),
            1 => {
                let [field, shift, contexts] = [cursor.u8()?, cursor.u8()?, cursor.u8()?];
                let (field, contexts) = (usize::from(field), usize::from(contexts));
                if field >= class_fields {
                    return corrupt(format!("class field {field} of {class_fields}"));
                }
                if shift > MAX_CONTEXT_SHIFT || !(2..=MAX_CONTEXTS).contains(&contexts) {
                    return corrupt(format!("{contexts} contexts of class sums shifted by {shift}"));
                }
                Ok(Self::Classes { field, shift, contexts })
            }
            2 => {
                let [field, count] = [cursor.u8()?, cursor.u8()?].map(usize::from);
                let Some(&width) = widths.get(field) else {
                    return corrupt(format!("contexts from field {field}, which is not an earlier one"));
                };
                if !(1..MAX_CONTEXTS).contains(&count) {
                    return corrupt(format!("{count} thresholds"));
                }
                let mut thresholds = Vec::with_capacity(count);
                let mut last = 0u64;
                for index in 0..count {
                    let distance = cursor.varint()?;
                    last = last.saturating_add(distance);
                    if (index > 0 && distance == 0) || last >> width != 0 {
                        return corrupt(format!("threshold {last} does not ascend or is too large"));
                    }
                    thresholds.push(last as u16);
                }
                Ok(Self::Field { field, thresholds })
            }
            source => Err(start.place(Error::unsupported(format!("the context source {source} is unknown")))),
        }
    }

    /// Returns the context of each class sum.
    pub(crate) fn clamp(&self, sums: &[u8]) -> Vec<u8> {
        match self {
            Self::Classes { shift, contexts, .. } => {
                let most = (contexts - 1) as u8;
                sums.iter().map(|&sum| (sum >> shift).min(most)).collect()
            }
            Self::None | Self::Field { .. } => vec![0; sums.len()],
        }
    }

    /// Returns the contexts of all words, or an empty vector if there is one context. An element has `words` words.
    ///
    /// `sums` has the class sums of each class field. `symbols_of` returns the symbols of an earlier field.
    pub(crate) fn resolve<I: Iterator<Item = u16>>(
        &self,
        sums: &[Vec<u8>],
        symbols_of: impl Fn(usize) -> I,
        words: usize,
    ) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Classes { field, .. } => {
                let of_elements = self.clamp(&sums[*field]);
                match words {
                    1 => of_elements,
                    _ => of_elements.into_iter().flat_map(|context| std::iter::repeat_n(context, words)).collect(),
                }
            }
            Self::Field { field, thresholds } => {
                // all symbols from the last threshold on have the same context
                let last = thresholds.last().copied().unwrap_or(0);
                let context_of = |symbol: u16| thresholds.partition_point(|&threshold| threshold <= symbol) as u8;
                let context_of: Vec<u8> = (0..=last).map(context_of).collect();
                symbols_of(*field).map(|symbol| context_of[usize::from(symbol.min(last))]).collect()
            }
        }
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Field { thresholds, .. } => size_of_val(&thresholds[..]),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<ContextSource> {
        let mut cursor = Cursor::unplaced(bytes, "test");
        let source = ContextSource::read(&mut cursor, 2, &[4, 9])?;
        cursor.finish()?;
        Ok(source)
    }

    #[test]
    fn sources_come_back() {
        for source in [
            ContextSource::None,
            ContextSource::Classes { field: 1, shift: 7, contexts: 32 },
            ContextSource::Field { field: 0, thresholds: vec![0, 3, 15] },
            ContextSource::Field { field: 1, thresholds: (481..512).collect() },
        ] {
            let mut out = Vec::new();
            source.write(&mut out);
            assert_eq!(read(&out).unwrap(), source);
        }
    }

    #[test]
    fn impossible_sources_are_refused() {
        for bytes in [
            &[1, 2, 0, 2][..],
            &[1, 0, 8, 2],
            &[1, 0, 0, 1],
            &[1, 0, 0, 33],
            &[2, 2, 1, 1],
            &[2, 0, 0],
            &[2, 0, 2, 1, 0],
            &[2, 0, 2, 8, 8],
            &[2, 1, 32],
            &[3],
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn contexts_are_as_specified() {
        let source = ContextSource::Classes { field: 1, shift: 2, contexts: 3 };
        let sums = [vec![], vec![0, 3, 4, 11, 12, 252]];
        let symbols = |_| [0, 2, 3, 65_534, 65_535].into_iter();
        assert_eq!(source.resolve(&sums, symbols, 1), [0, 0, 1, 2, 2, 2]);
        assert_eq!(source.resolve(&sums, symbols, 2), [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2]);
        let source = ContextSource::Field { field: 0, thresholds: vec![0, 3, 65_535] };
        assert_eq!(source.resolve(&[], symbols, 1), [1, 1, 2, 2, 3]);
        assert!(ContextSource::None.resolve(&sums, symbols, 1).is_empty());
    }
}
