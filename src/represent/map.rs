//! What all maps have in common (sections 8.6 and 8.7): the enum of maps is generated from the list in `steps.rs`, and
//! symbol words become values through a table or group by group.

use super::step::MapStep;
use super::values::{Groups, Word};
use crate::error::{Error, Result};
use crate::kernel::{Job, Kernel};
use crate::spec::MAX_SYMBOL_BITS;

/// Defines the enum of maps, the enum of their group values, and the methods that pass a call on to the map at hand.
macro_rules! maps {
    ($($name:ident($map:ty)),+ $(,)?) => {
        /// The map from kept values to symbol words.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Map {
            /// Symbol words are the values themselves.
            None,
            $($name($map)),+
        }

        /// Group values that are stored in the chunks of a segment: those of all groups, or those of a chunk. Empty if
        /// the segment head stores them.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) enum GroupValues {
            #[default]
            None,
            $($name(Vec<<$map as MapStep>::GroupValue>)),+
        }

        impl GroupValues {
            /// Returns the number of codebook entries of the group that has most.
            pub(crate) fn most_entries(&self) -> usize {
                match self {
                    Self::None => 1,
                    $(Self::$name(all) => all.iter().map(<$map as MapStep>::entries).max().unwrap_or(1)),+
                }
            }
        }

        impl Map {
            fn flag(&self) -> u8 {
                match self {
                    Self::None => 0,
                    $(Self::$name(_) => <$map as Step>::FLAG),+
                }
            }

            fn is_known(flag: u8) -> bool {
                flag == 0 $(|| flag == <$map as Step>::FLAG)+
            }

            /// Reads the parameters of the map with a flag that is known.
            fn read(flag: u8, cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
                $(if flag == <$map as Step>::FLAG {
                    return <$map as Step>::read(cursor, input).map(Self::$name);
                })+
                Ok(Self::None)
            }

            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    Self::None => {}
                    $(Self::$name(map) => map.write(out)),+
                }
            }

            fn describe(&self) -> Option<String> {
                match self {
                    Self::None => None,
                    $(Self::$name(map) => Some(map.describe())),+
                }
            }

            fn memory(&self) -> usize {
                match self {
                    Self::None => 0,
                    $(Self::$name(map) => map.memory()),+
                }
            }

            /// Returns the groups; `None` without a map.
            pub(crate) fn groups(&self) -> Option<Groups> {
                match self {
                    Self::None => None,
                    $(Self::$name(map) => Some(map.groups())),+
                }
            }

            fn symbol_bits(&self) -> Option<u32> {
                match self {
                    Self::None => None,
                    $(Self::$name(map) => Some(map.symbol_bits())),+
                }
            }

            /// Returns the most entries that a group value may take; 0 without a map.
            pub(crate) fn most_entries(&self) -> usize {
                match self {
                    Self::None => 0,
                    $(Self::$name(map) => map.most_entries()),+
                }
            }

            /// Appends the group values of the chunk with these values; `all` are those of the segment.
            pub(crate) fn encode_groups(&self, all: &GroupValues, values: &Range<u64>, out: &mut Vec<u8>) {
                let groups = self.groups_of_chunk(values);
                match (self, all) {
                    _ if groups.is_empty() => {}
                    $((Self::$name(map), GroupValues::$name(all)) => map.encode_groups(&all[groups], out),)+
                    _ => {}
                }
            }

            /// Reads the group values of the chunk with these values.
            pub(crate) fn decode_groups(&self, cursor: &mut Cursor<'_>, values: &Range<u64>) -> Result<GroupValues> {
                let count = self.groups_of_chunk(values).len();
                match self {
                    _ if count == 0 => Ok(GroupValues::None),
                    Self::None => Ok(GroupValues::None),
                    $(Self::$name(map) => map.decode_groups(cursor, count).map(GroupValues::$name)),+
                }
            }

            /// Adds the size of the group values of a chunk to `into`.
            pub(crate) fn account(&self, bytes: u64, into: &mut StreamBytes) {
                match self {
                    Self::None => {}
                    $(Self::$name(_) => <$map as MapStep>::account(bytes, into)),+
                }
            }

            /// Returns the symbol words of values. `groups` are the groups of `all` that the values belong to; see
            /// [`MapStep::forward`] for `group_of`.
            fn forward<T: Word, V: Word>(
                &self,
                values: &[T],
                all: &GroupValues,
                groups: Range<usize>,
                group_of: &[u32],
            ) -> Vec<V> {
                match (self, all) {
                    (Self::None, _) => values.iter().map(|value| V::from_number(value.number())).collect(),
                    $((Self::$name(map), _) if map.groups().are_global() => {
                        map.forward(values, map.global(), group_of)
                    })+
                    $((Self::$name(map), GroupValues::$name(all)) => map.forward(values, &all[groups], group_of),)+
                    // a map and the group values of another one
                    _ => Vec::new(),
                }
            }

            /// Returns the values of all symbol words, if all groups share them and they are few.
            pub(crate) fn table<T: Word>(&self) -> Option<Vec<T>> {
                match self {
                    Self::None => None,
                    $(Self::$name(map) => $crate::represent::map::table_of(map)),+
                }
            }

            /// Sets `values` to the values of symbol words; `group_of` has the group of each.
            pub(crate) fn inverse<T: Word, V: Word>(
                &self,
                of_chunk: &GroupValues,
                words: &[V],
                group_of: &[u32],
                values: &mut [T],
            ) -> Result<()> {
                match (self, of_chunk) {
                    $((Self::$name(map), _) if map.groups().are_global() => {
                        $crate::represent::map::invert(map, map.global(), words, group_of, values)
                    })+
                    $((Self::$name(map), GroupValues::$name(all)) => $crate::represent::map::invert(map, all, words, group_of, values),)+
                    _ => {
                        words.iter().zip(values).for_each(|(word, value)| *value = T::from_number(word.number()));
                        Ok(())
                    }
                }
            }

            /// Returns the bids of all maps, in the order of the list.
            pub(crate) fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<Bid<Self, GroupValues>> {
                let mut bids = Vec::new();
                $(for bid in <$map as MapStep>::propose(view) {
                    let is_stored = !bid.map.groups().are_global();
                    bids.push(bid.with(Self::$name, |all| if is_stored { GroupValues::$name(all) } else { GroupValues::None }));
                })+
                if !bids.iter().any(|bid| bid.is_clear) {
                    $(for bid in <$map as MapStep>::propose_unclear(view) {
                        let is_stored = !bid.map.groups().are_global();
                        bids.push(bid.with(Self::$name, |all| if is_stored { GroupValues::$name(all) } else { GroupValues::None }));
                    })+
                }
                bids
            }

            /// See [`MapStep::words_around`].
            pub(crate) fn words_around(&self, value: u64) -> Option<(u64, u64)> {
                match self {
                    Self::None => None,
                    $(Self::$name(map) => map.words_around(value)),+
                }
            }

            /// Makes symbol words at least `bits` bits wide.
            pub(crate) fn widen(&mut self, bits: u32) {
                match self {
                    Self::None => {}
                    $(Self::$name(map) => map.widen(bits)),+
                }
            }
        }
    };
}
pub(crate) use maps;

/// Returns the error about a symbol word without a value.
fn without_value(word: u64) -> Error {
    Error::corrupt(format!("symbol word {word} is not in the codebook"))
}

/// Returns the values of all symbol words, if one group spans the segment and there are few words.
pub(crate) fn table_of<M: MapStep, T: Word>(map: &M) -> Option<Vec<T>> {
    let [one] = map.global() else { return None };
    let count = map.word_count(one);
    let is_table = map.groups() == Groups::ONE && count <= 1 << MAX_SYMBOL_BITS;
    is_table.then(|| (0..count).map_while(|word| map.inverse(word, one)).collect())
}

/// Sets `values` to the values of `words`; `group_of` has the index of each word's group in `group_values`.
pub(crate) fn invert<M: MapStep, T: Word, V: Word>(
    map: &M,
    group_values: &[M::GroupValue],
    words: &[V],
    group_of: &[u32],
    values: &mut [T],
) -> Result<()> {
    for ((word, value), &group) in words.iter().zip(values).zip(group_of) {
        let word = word.number();
        let own = group_values.get(group as usize).and_then(|group_value| map.inverse(word, group_value));
        *value = own.ok_or_else(|| without_value(word))?;
    }
    Ok(())
}

/// Sets `values` to the entries of `table` at `words`.
pub(crate) fn look_up<T: Word, V: Word>(kernel: Kernel, table: &[T], words: &[V], values: &mut [T]) -> Result<()> {
    if kernel.run(LookUp { table, words, values }) {
        return Ok(());
    }
    let word = words.iter().map(|word| word.number()).find(|&word| word >= table.len() as u64);
    Err(without_value(word.unwrap_or(0)))
}

/// Sets values to the entries of a table, as far as it has them; returns whether it has all.
struct LookUp<'a, T, V> {
    table: &'a [T],
    words: &'a [V],
    values: &'a mut [T],
}

impl<T: Word, V: Word> Job for LookUp<'_, T, V> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Some(last) = self.table.len().checked_sub(1) else { return false };
        let most = self.words.iter().fold(0, |most, word| word.number().max(most));
        for (value, word) in self.values.iter_mut().zip(self.words) {
            *value = self.table[(word.number() as usize).min(last)];
        }
        most <= last as u64
    }
}
