//! The places where a segment may be cut into chunks.

use super::cost::BYTE;
use crate::tensor::Dtype;

/// The places where a segment may be cut into chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkLimits {
    pub(super) dtype: Dtype,
    /// Elements of a row.
    pub(super) row: u64,
    pub(super) elements: u64,
    /// Coded bytes that a chunk aims at.
    pub(super) chunk_bytes: u64,
    /// The length of a chunk in elements is a multiple of this number.
    pub(super) unit: u64,
    /// The most elements of a chunk.
    pub(super) most: u64,
}

impl ChunkLimits {
    /// Returns whether the segment can be cut, or fits into one chunk.
    pub(super) fn are_possible(&self) -> bool {
        self.needed() <= self.most || self.elements <= self.most
    }

    /// Returns the number of elements of which a chunk has a multiple, so that it also has whole bytes.
    fn needed(&self) -> u64 {
        least_common_multiple(self.unit, if self.dtype.bits() < 8 { 8 } else { 1 })
    }

    /// Returns the elements of a chunk if the segment costs `cost`: chunks take about `chunk_bytes`, are equal, and end
    /// with rows.
    pub(super) fn chunk_len(&self, cost: u64) -> u64 {
        let &Self { row, elements, chunk_bytes, most, .. } = self;
        let cost_of_element = (cost / elements.max(1)).max(1);
        let target = (chunk_bytes * BYTE / cost_of_element).max(1024).min(most);
        if elements <= target + target / 4 && elements <= most {
            return elements;
        }
        let even = elements.div_ceil(elements.div_ceil(target));
        let needed = self.needed();
        let unit = match least_common_multiple(needed, row) {
            unit if unit <= target => unit,
            _ if needed == 1 => 32,
            _ if needed <= most => needed,
            // one chunk for the whole segment
            _ => return elements,
        };
        even.next_multiple_of(unit).min(most / unit * unit)
    }
}

pub(super) fn least_common_multiple(one: u64, other: u64) -> u64 {
    let (mut a, mut b) = (one.max(1), other.max(1));
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (one.max(1) / a).saturating_mul(other.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::MAX_CHUNK_ELEMENTS;

    #[test]
    fn chunks_end_where_they_may() {
        let limits = |row, elements, unit| ChunkLimits {
            dtype: Dtype::F32,
            row,
            elements,
            chunk_bytes: 1 << 16,
            unit,
            most: MAX_CHUNK_ELEMENTS,
        };
        assert_eq!(limits(100, 5000, 1).chunk_len(5000 * BYTE), 5000);
        assert_eq!(limits(100, 500_000, 1).chunk_len(500_000 * BYTE) % 100, 0);
        assert_eq!(limits(100, 600_000, 48).chunk_len(600_000 * BYTE) % 1200, 0);
        assert_eq!(limits(99_999, 999_990, 48).chunk_len(999_990 * BYTE) % 48, 0);
        assert_eq!(limits(1, 1 << 24, 1 << 23).chunk_len(BYTE << 24), 1 << 24);
        assert!(!limits(1, 1 << 24, 1 << 23).are_possible());
        // two elements share a byte, so the unit doubles
        let fours = ChunkLimits { dtype: Dtype::F4, ..limits(999_999, 12 * 999_999, 4 * 999_999) };
        assert!(!fours.are_possible());
    }
}
