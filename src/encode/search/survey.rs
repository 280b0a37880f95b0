//! Surveys the values of a segment: finds a frequent value, and all values if they are few.

use crate::represent::{Order, ValueCounts, ValueSet, Values, Word};

/// The number of values in the sample.
const SAMPLE: usize = 1 << 14;
/// The number of neighbours that are sampled together.
const BLOCK: usize = 16;
/// A value is frequent if at least one in this number of sampled values is equal to it.
const RARE: usize = 32;
/// The maximum number of distinct values that count as few.
const MOST_DISTINCT: usize = 1 << 12;

/// The result of a survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// The value that seems most frequent, and how often it occurs, if it is frequent.
    pub(super) frequent: Option<(u64, usize)>,
    /// All values in ascending order, if they are few.
    pub(super) distinct: Option<Vec<u64>>,
}

/// Surveys values of `bits` bits. Unless `wants_distinct`, only a frequent value is looked for.
pub(super) fn survey<T: Word>(values: Values<'_, T>, bits: u32, order: Order, wants_distinct: bool) -> Survey {
    let stride = (values.len() / SAMPLE).max(1);
    let mut sampled: ValueCounts = ValueCounts::default();
    // blocks of neighbours, because single values at a fixed stride could all be of one column
    for block in (0..values.len()).step_by(BLOCK * stride) {
        for index in block..values.len().min(block + BLOCK) {
            *sampled.entry(values.get(index).number()).or_default() += 1;
        }
    }
    // of values that are equally frequent, the least one, so that every run finds the same value
    let frequent =
        sampled.iter().max_by_key(|&(&value, &count)| (count, std::cmp::Reverse(value))).map(|(&value, _)| value);
    let Some(frequent) = frequent else { return Survey::default() };
    // Values of up to 8 bits need no codebook. For values of 9 to 16 bits the sample may have at most 512 distinct
    // ones, because a sample of a dense f16 tensor has few distinct values too.
    let few = match bits {
        _ if !wants_distinct => 0,
        ..=8 => 0,
        9..=16 => MOST_DISTINCT / 8,
        _ => MOST_DISTINCT,
    };
    // the set begins with the most frequent value, because the loop below skips repetitions of the last value
    let mut distinct: Option<ValueSet> = (sampled.len() <= few).then(|| ValueSet::from_iter([frequent]));
    if distinct.is_none() {
        let of_sample = sampled[&frequent] * RARE >= SAMPLE.min(values.len());
        let is_frequent = |value: &T| value.number() == frequent;
        let occurs = if of_sample { values.iter().filter(is_frequent).count() } else { 0 };
        return Survey { frequent: of_sample.then_some((frequent, occurs)), distinct: None };
    }
    let mut occurs = 0;
    let mut last = frequent;
    for value in values.iter().map(Word::number) {
        occurs += usize::from(value == frequent);
        if let Some(set) = &mut distinct
            && value != last
        {
            last = value;
            set.insert(value);
            if set.len() > MOST_DISTINCT {
                distinct = None;
            }
        }
    }
    let ascending = |set: ValueSet| {
        let mut values: Vec<u64> = set.into_iter().collect();
        values.sort_unstable_by_key(|&value| order.key(value, bits));
        values
    };
    Survey { frequent: Some((frequent, occurs)), distinct: distinct.map(ascending) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[u32]) -> Survey {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        survey(Values::<u32>::new(&bytes), 32, Order::Unsigned, true)
    }

    #[test]
    fn few_values_are_found() {
        let values: Vec<u32> = (0..100_000u32).map(|i| if i % 3 == 0 { 7 } else { i % 50 }).collect();
        let occurs = values.iter().filter(|&&value| value == 7).count();
        assert_eq!(found(&values).frequent, Some((7, occurs)));
        assert_eq!(found(&values).distinct, Some((0..50).collect()));
        assert_eq!(found(&(0..10_000).rev().collect::<Vec<u32>>()), Survey::default());
        assert_eq!(found(&[]), Survey::default());
        // one distinct value too many: the most frequent one occurs only at the start, another one only between samples
        let most = MOST_DISTINCT as u32;
        let rest = (0..2 * SAMPLE as u32).map(|i| if i % 32 == 31 { most } else { 1 + i % (most - 1) });
        let values: Vec<u32> = std::iter::repeat_n(0, 2 * SAMPLE).chain(rest).collect();
        assert_eq!(found(&values).distinct, None);
        let fewer: Vec<u32> = values.iter().map(|&value| value.min(most - 1)).collect();
        assert_eq!(found(&fewer).distinct.map(|distinct| distinct.len()), Some(MOST_DISTINCT));
        let signs: Vec<u8> = [0x8000u16, 0, 0, 0xbf00].iter().flat_map(|value| value.to_le_bytes()).collect();
        let signs = survey(Values::<u16>::new(&signs), 16, Order::Float, true);
        assert_eq!(signs.distinct, Some(vec![0xbf00, 0x8000, 0]));
    }

    #[test]
    fn small_values_are_only_counted() {
        let bytes: Vec<u8> = (0..5000u32).map(|i| if i % 4 < 2 { 9 } else { i as u8 }).collect();
        let found = survey(Values::<u8>::new(&bytes), 8, Order::Unsigned, true);
        let occurs = bytes.iter().filter(|&&byte| byte == 9).count();
        assert_eq!(found, Survey { frequent: Some((9, occurs)), distinct: None });
    }
}
