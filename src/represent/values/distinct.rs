//! Sets of values.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::order::Order;
use super::word::Word;

/// A set of values.
pub(crate) type ValueSet = HashSet<u64, BuildHasherDefault<Multiply>>;

/// The number of times that each value occurs.
pub(crate) type ValueCounts = HashMap<u64, usize, BuildHasherDefault<Multiply>>;

/// Returns all values but `omitted` in ascending order, or `None` if they are more than `most`.
pub(crate) fn distinct_of<T: Word>(
    values: impl Iterator<Item = T>,
    omitted: Option<u64>,
    most: usize,
    bits: u32,
    order: Order,
) -> Option<Vec<u64>> {
    let mut set = ValueSet::default();
    for value in values.map(Word::number).filter(|value| Some(*value) != omitted) {
        set.insert(value);
        if set.len() > most {
            return None;
        }
    }
    let mut values: Vec<u64> = set.into_iter().collect();
    values.sort_unstable_by_key(|&value| order.key(value, bits));
    Some(values)
}

/// Hashes by one multiplication. An attacker can only make the search slow.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number ^ 0x243f_6a88_85a3_08d3) * 0x9e37_79b9_7f4a_7c15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}
