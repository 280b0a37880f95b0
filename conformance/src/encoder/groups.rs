//! Groups of values (section 8.6).

use crate::wire::primitives::put_varint;

/// How values are divided into groups (section 8.6).
#[derive(Clone, Copy)]
pub struct Groups {
    pub block: u64,
    pub period: u64,
}

/// The groups of a chunk: the number of the first one in the segment, how many there are, and the group of each value.
pub struct Own {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) of_value: Vec<usize>,
}

impl Own {
    /// Returns the group of a value of the chunk.
    pub fn group(&self, value: usize) -> usize {
        self.of_value[value]
    }
}

impl Groups {
    pub fn new(block: u64, period: u64) -> Self {
        Self { block, period }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.block);
        put_varint(out, self.period);
    }

    /// Returns the number of groups of `values` values. In a segment, groups without a value count too.
    pub fn count(&self, values: usize) -> usize {
        let period = self.period as usize;
        match period * self.block as usize {
            0 => period,
            unit => values / unit * period + (values % unit).min(period),
        }
    }

    pub fn of_chunk(&self, from: usize, values: usize) -> Own {
        let period = self.period as usize;
        match period * self.block as usize {
            0 => Own {
                first: 0,
                count: self.count(from + values),
                of_value: (from..from + values).map(|i| i % period).collect(),
            },
            unit => Own {
                first: from / unit * period,
                count: self.count(values),
                of_value: (0..values).map(|i| i / unit * period + i % period).collect(),
            },
        }
    }
}
