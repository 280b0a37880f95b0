//! Context sources (section 8.3).

use crate::wire::primitives::put_varint;

/// A source of contexts (section 8.3).
#[derive(Clone)]
pub enum Source {
    Nothing,
    Class {
        field: u8,
        shift: u8,
        contexts: u8,
    },
    Field {
        field: u8,
        thresholds: Vec<u64>,
    },
    /// These bytes are written instead of a source.
    Bytes(Vec<u8>),
}

impl Source {
    /// Returns the number of contexts (C).
    pub fn contexts(&self) -> usize {
        match self {
            Self::Nothing | Self::Bytes(_) => 1,
            Self::Class { contexts, .. } => usize::from(*contexts),
            Self::Field { thresholds, .. } => thresholds.len() + 1,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => out.push(0),
            Self::Class { field, shift, contexts } => out.extend([1, *field, *shift, *contexts]),
            Self::Field { field, thresholds } => {
                out.extend([2, *field, thresholds.len() as u8]);
                let mut before = 0;
                for &threshold in thresholds {
                    put_varint(out, threshold.wrapping_sub(before));
                    before = threshold;
                }
            }
            Self::Bytes(bytes) => out.extend(bytes),
        }
    }

    /// Returns the contexts of a chunk's words. `sums` has their class sums by class field, and `symbols` their symbols
    /// by field.
    pub fn of(&self, sums: &[Vec<usize>], symbols: &[Vec<u16>]) -> Vec<usize> {
        match self {
            Self::Nothing | Self::Bytes(_) => vec![0; symbols[0].len()],
            Self::Class { field, shift, contexts } => {
                let last = usize::from(*contexts) - 1;
                sums[usize::from(*field)].iter().map(|sum| (sum >> shift).min(last)).collect()
            }
            Self::Field { field, thresholds } => {
                let context = |symbol: u16| thresholds.iter().filter(|&&threshold| threshold <= symbol.into()).count();
                symbols[usize::from(*field)].iter().map(|&symbol| context(symbol)).collect()
            }
        }
    }
}
