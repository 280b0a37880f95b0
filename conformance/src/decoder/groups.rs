//! Groups of values (section 8.6).

use crate::decoder::bytes::{Bytes, Result, must};

/// How values are divided into groups (section 8.6).
pub struct Groups {
    /// If 0, the groups reach through the whole segment.
    pub(crate) block: u64,
    period: u64,
}

impl Groups {
    pub(crate) fn read(bytes: &mut Bytes) -> Result<Self> {
        let (block, period) = (bytes.varint()?, bytes.varint()?);
        must(block <= 1 << 22, "block")?;
        must((1..=1 << 20).contains(&period), "period")?;
        must(block * period <= 1 << 22, "block and period")?;
        Ok(Self { block, period })
    }

    pub(crate) fn check_chunks(&self, values: u64, chunk_values: u64) -> Result<()> {
        must(self.block > 0 || self.period <= values, "more groups than values")?;
        let fits = self.block == 0 || chunk_values.is_multiple_of(self.block * self.period);
        must(fits || values <= chunk_values, "chunks that cut groups")
    }

    /// Returns the number of groups of a chunk of `values` values, or of the segment if `block` is 0.
    pub(crate) fn count(&self, values: u64) -> u64 {
        if self.block == 0 {
            // all groups count, also groups without a value
            return self.period;
        }
        let unit = self.block * self.period;
        values / unit * self.period + self.period.min(values % unit)
    }

    /// Returns the group of value `i` of a chunk that begins with value `from` of the segment.
    pub(crate) fn group(&self, from: u64, i: u64) -> usize {
        let number = match self.block {
            0 => (from + i) % self.period,
            block => i / (block * self.period) * self.period + i % self.period,
        };
        number as usize
    }
}
