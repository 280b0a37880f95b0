//! The kept values around a kept value (section 12.4).

use super::super::super::MaskBits;
use super::super::geometry::Geometry;

/// The greatest distance of inner neighbours: those within the kernel, before and after a value.
pub(super) const INNER: usize = 16;
/// The maximum number of distances of outer neighbours: those in other kernels.
const OUTER: usize = 6;
/// The maximum number of neighbours before a value, and after it.
pub(super) const NEIGHBOURS: usize = INNER + OUTER;
/// The number of bits of padding before the mask.
const PADDING: usize = 64;

/// The mask of a chunk, and the values and orders of the kept values that are known.
pub(super) struct Neighbourhood {
    kernel: usize,
    /// The mask, with padding before and after it, so that one read gives all neighbours within a kernel.
    bits: Vec<u8>,
    /// The number of values, kept or not.
    count: usize,
    /// The distances of outer neighbours, in ascending order.
    outer: Vec<usize>,
    /// The value and the order at each position; both are 0 if the value is not kept.
    values: Vec<i32>,
    orders: Vec<i32>,
}

/// The neighbours of a value.
pub(super) struct Neighbours {
    before: [Before; NEIGHBOURS],
    before_count: usize,
    /// The numbers of the distances of the neighbours after the value.
    after: [usize; NEIGHBOURS],
    after_count: usize,
}

/// A neighbour before a value.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// The number of its distance.
    pub(super) index: usize,
    /// The inputs of the two predictors.
    pub(super) value: i64,
    pub(super) order: i64,
}

impl Neighbours {
    #[inline(always)]
    pub(super) fn before(&self) -> &[Before] {
        &self.before[..self.before_count]
    }

    #[inline(always)]
    pub(super) fn after(&self) -> &[usize] {
        &self.after[..self.after_count]
    }
}

impl Neighbourhood {
    pub(super) fn new(geometry: Geometry, mask: &MaskBits) -> Self {
        let (row, kernel) = (geometry.row as usize, geometry.kernel as usize);
        let mut bits = vec![0u8; PADDING / 8];
        bits.extend_from_slice(mask.as_raw_slice());
        bits.resize(bits.len() + 16, 0);
        let mut outer = match kernel {
            1 => vec![1, 2, row, 2 * row, 3 * row, 4 * row],
            _ => vec![kernel, row],
        };
        outer.sort_unstable();
        outer.dedup();
        let count = mask.len();
        Self { kernel, bits, count, outer, values: vec![0; count], orders: vec![0; count] }
    }

    #[inline(always)]
    pub(super) fn is_kept(&self, position: usize) -> bool {
        self.bits[(position + PADDING) / 8] >> (position % 8) & 1 == 1
    }

    /// Notes the value and the order of the kept value at a position.
    #[inline(always)]
    pub(super) fn set(&mut self, position: usize, value: i32, order: i32) {
        self.values[position] = value;
        self.orders[position] = order;
    }

    /// Returns 64 mask bits, beginning [`INNER`] bits before `position`.
    #[inline(always)]
    fn around(&self, position: usize) -> u64 {
        let start = position + PADDING - INNER;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bits[start / 8..start / 8 + 8]);
        u64::from_le_bytes(bytes) >> (start % 8)
    }

    /// Returns the neighbours of the value at `position`, which is at `in_kernel` of its kernel.
    #[inline(always)]
    pub(super) fn of(&self, position: usize, in_kernel: usize) -> Neighbours {
        let mut before = [Before { index: 0, value: 0, order: 0 }; NEIGHBOURS];
        let mut after = [0usize; NEIGHBOURS];
        let (mut before_count, mut after_count) = (0, 0);
        let neighbour = |index: usize, at: usize| {
            let (value, order) = (self.values[at].into(), (8 * self.orders[at]).into());
            Before { index, value, order }
        };
        let around = self.around(position);
        let mut past = ((around & 0xffff) as u16).reverse_bits() & ((1u32 << in_kernel.min(INNER)) - 1) as u16;
        while past != 0 {
            let index = past.trailing_zeros() as usize;
            past &= past - 1;
            before[before_count] = neighbour(index, position - index - 1);
            before_count += 1;
        }
        let mut future = (around >> 17) as u16 & ((1u32 << (self.kernel - 1 - in_kernel).min(INNER)) - 1) as u16;
        while future != 0 {
            after[after_count] = future.trailing_zeros() as usize;
            future &= future - 1;
            after_count += 1;
        }
        for (index, &distance) in (INNER..).zip(&self.outer) {
            if distance <= position && self.is_kept(position - distance) {
                before[before_count] = neighbour(index, position - distance);
                before_count += 1;
            }
            if position + distance < self.count && self.is_kept(position + distance) {
                after[after_count] = index;
                after_count += 1;
            }
        }
        Neighbours { before, before_count, after, after_count }
    }
}
