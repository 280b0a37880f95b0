//! Turns symbol words back into values, block by block (sections 8.6 and 8.7).

use std::ops::Range;

use super::map::look_up;
use super::steps::{GroupValues, Map};
use super::values::{Groups, ValuePlaces, Word};
use crate::error::Result;
use crate::kernel::Kernel;

/// Turns the symbol words of a chunk back into values.
#[derive(Debug)]
pub(crate) struct MapInverse<'a, T> {
    map: &'a Map,
    group_values: &'a GroupValues,
    /// The values of all symbol words, if all groups share them and they are few.
    table: Option<Vec<T>>,
    groups: Groups,
    /// The value that groups are counted from: the first value of the chunk, or 0 if group values are stored in the
    /// chunk.
    start: u64,
    /// Room for the group of each word of a block.
    group_of: Vec<u32>,
}

impl<'a, T: Word> MapInverse<'a, T> {
    /// Prepares for the chunk with these values; `group_values` are those stored in the chunk.
    pub(crate) fn new(map: &'a Map, values: &Range<u64>, group_values: &'a GroupValues) -> Self {
        let groups = map.groups().unwrap_or(Groups::ONE);
        let start = if groups.are_global() { values.start } else { 0 };
        Self { map, group_values, table: map.table(), groups, start, group_of: Vec::new() }
    }

    /// Sets `values` to the values of `words`, which lie at `places`.
    pub(crate) fn apply<V: Word>(
        &mut self,
        words: &[V],
        places: ValuePlaces<'_>,
        kernel: Kernel,
        values: &mut [T],
    ) -> Result<()> {
        if let Some(table) = &self.table {
            return look_up(kernel, table, words, values);
        }
        if self.map != &Map::None {
            self.groups.of_places(self.start, places, words.len(), &mut self.group_of);
        }
        self.map.inverse(self.group_values, words, &self.group_of, values)
    }
}

/// All values of a chunk at once.
#[cfg(test)]
pub(crate) fn invert<T: Word, V: Word>(
    map: &Map,
    values: &Range<u64>,
    group_values: &GroupValues,
    words: &[V],
) -> Result<Vec<T>> {
    let mut inverse = MapInverse::new(map, values, group_values);
    let mut out = vec![T::default(); words.len()];
    for (start, (words, out)) in (0..).step_by(7).zip(words.chunks(7).zip(out.chunks_mut(7))) {
        inverse.apply(words, ValuePlaces::From(start), Kernel::PORTABLE, out)?;
    }
    Ok(out)
}
