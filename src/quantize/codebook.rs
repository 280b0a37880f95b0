//! Codebooks by entropy-constrained k-means: each value becomes one of a few, chosen by error plus cost in bits.

use super::matrix::Matrix;

/// Values that entries are learned on.
const LEARNED_VALUES: usize = 1 << 18;
/// Rounds of learning.
const ROUNDS: usize = 24;
/// The price of a bit in mean squared errors.
const BIT_PRICE: f64 = 0.1;

/// Entries in ascending order, and the cost of each in squared error.
#[derive(Debug, Clone)]
struct Entries {
    values: Vec<f64>,
    prices: Vec<f64>,
}

/// Returns a value of at most `entries` different ones for each value of the matrix, and the cost of all of them in
/// bits. Pruned values become 0.
pub(crate) fn share_values(matrix: &Matrix, entries: usize, round: impl Fn(f32) -> f32) -> (Vec<f32>, f64) {
    let is_kept = |index: usize| matrix.kept.as_ref().is_none_or(|kept| kept[index]);
    let columns = matrix.columns;
    let weight = |index: usize| f64::from(matrix.weighting.of(index / columns, index % columns, columns));
    let kept = matrix.kept.as_ref().map_or(matrix.values.len(), |kept| kept.iter().filter(|kept| **kept).count());
    let stride = kept.div_ceil(LEARNED_VALUES).max(1);
    let mut sample: Vec<(f64, f64)> = (0..matrix.values.len())
        .filter(|&index| is_kept(index))
        .step_by(stride)
        .map(|index| (f64::from(matrix.values[index]), weight(index)))
        .collect();
    sample.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // zero takes one of the entries if values are pruned
    let learned = learn(&sample, entries - usize::from(kept < matrix.values.len()));
    let rounded: Vec<f32> = learned.values.iter().map(|&value| round(value as f32)).collect();
    let mut counts = vec![0u64; rounded.len() + 1];
    let values = matrix.values.iter().enumerate().map(|(index, &value)| {
        if !is_kept(index) {
            counts[rounded.len()] += 1;
            return 0.0;
        }
        let chosen = learned.choose(f64::from(value), weight(index));
        counts[chosen] += 1;
        rounded[chosen]
    });
    let values: Vec<f32> = values.collect();
    let total = values.len().max(1) as f64;
    let bits = counts.iter().filter(|count| **count > 0).map(|&count| count as f64 * libm::log2(total / count as f64));
    (values, bits.sum())
}

/// Learns at most `count` entries from values in ascending order with their weights.
fn learn(sample: &[(f64, f64)], count: usize) -> Entries {
    let mut distinct: Vec<f64> = sample.iter().map(|(value, _)| *value).collect();
    distinct.dedup();
    if distinct.len() <= count {
        let prices = vec![0.0; distinct.len()];
        return Entries { values: distinct, prices };
    }
    let mut values: Vec<f64> = (0..count).map(|entry| start(&distinct, entry, count)).collect();
    values.dedup();
    let mut entries = Entries { prices: vec![0.0; values.len()], values };
    for _ in 0..ROUNDS {
        let size = entries.values.len();
        let (mut sums, mut weights, mut counts) = (vec![0.0; size], vec![0.0; size], vec![0u64; size]);
        let mut error = 0.0;
        for &(value, weight) in sample {
            let chosen = entries.choose(value, weight);
            sums[chosen] += weight * value;
            weights[chosen] += weight;
            counts[chosen] += 1;
            error += weight * (value - entries.values[chosen]) * (value - entries.values[chosen]);
        }
        let price = BIT_PRICE * error / sample.len() as f64;
        let mut next = Entries { values: Vec::new(), prices: Vec::new() };
        for entry in 0..size {
            // entries that no value chooses are dropped
            if counts[entry] > 0 {
                let own = if weights[entry] > 0.0 { sums[entry] / weights[entry] } else { entries.values[entry] };
                next.values.push(own);
                next.prices.push(price * libm::log2(sample.len() as f64 / counts[entry] as f64));
            }
        }
        entries = next;
    }
    entries
}

/// Returns where entry `entry` of `count` begins: half way between equal shares of the values and equal shares of their
/// range.
fn start(distinct: &[f64], entry: usize, count: usize) -> f64 {
    let share = (entry as f64 + 0.5) / count as f64;
    let of_values = distinct[((share * distinct.len() as f64) as usize).min(distinct.len() - 1)];
    // the outermost values are too rare to count
    let (low, high) = (distinct[distinct.len() / 1000], distinct[distinct.len() - 1 - distinct.len() / 1000]);
    0.5 * of_values + 0.5 * (low + share * (high - low))
}

impl Entries {
    /// Returns the entry of the least weighted squared error plus price.
    fn choose(&self, value: f64, weight: f64) -> usize {
        /// Entries on each side of the nearest one that can be cheaper.
        const AROUND: usize = 2;
        let above = self.values.partition_point(|&entry| entry < value);
        let range = above.saturating_sub(AROUND)..(above + AROUND).min(self.values.len());
        let total =
            |entry: usize| weight * (value - self.values[entry]) * (value - self.values[entry]) + self.prices[entry];
        range.min_by(|&a, &b| total(a).total_cmp(&total(b))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantize::test_values::normal;

    #[test]
    fn values_are_shared() {
        let values = normal(1 << 14, 3);
        let energy: f64 = values.iter().map(|&value| f64::from(value * value)).sum();
        let matrix = Matrix::new(values.clone(), 128);
        let (shared, bits) = share_values(&matrix, 16, |value| value);
        let mut distinct: Vec<u32> = shared.iter().map(|value| value.to_bits()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() <= 16);
        let error: f64 = shared.iter().zip(&values).map(|(a, b)| f64::from((a - b) * (a - b))).sum();
        // the best 16 values of a normal distribution have 0.0095
        assert!(error / energy < 0.014, "{}", error / energy);
        assert!(bits < 4.0 * values.len() as f64);
    }

    #[test]
    fn few_values_stay_as_they_are() {
        let values: Vec<f32> = (0..4096).map(|index| [0.5, -0.25, 0.0, 1.5][index % 4]).collect();
        assert_eq!(share_values(&Matrix::new(values.clone(), 64), 4, |value| value).0, values);
    }
}
