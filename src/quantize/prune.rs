//! Pruning by magnitude: chooses the values that become 0.

use super::importance::Weighting;
use super::treatment::{Prune, PruneStructure};

/// The sides of a block.
const BLOCK: usize = 4;

/// Returns for each value whether it is kept. The values are those of a tensor of this shape; a value of weight w counts
/// as large as one of √w times its magnitude.
pub(crate) fn kept(values: &[f32], shape: &[u64], columns: usize, weighting: &Weighting, prune: Prune) -> Vec<bool> {
    let importance: Vec<f32> = match weighting {
        Weighting::Even => values.iter().map(|value| value * value).collect(),
        weighting => {
            let square =
                |(index, value): (usize, &f32)| value * value * weighting.of(index / columns, index % columns, columns);
            values.iter().enumerate().map(square).collect()
        }
    };
    let last = shape.last().map_or(1, |&last| last.max(1)) as usize;
    let row = shape.first().map_or(1, |&first| values.len() / first.max(1) as usize).max(1);
    let group: Box<dyn Fn(usize) -> usize> = match prune.structure {
        PruneStructure::Values => Box::new(|index| index),
        PruneStructure::Rows => Box::new(move |index| index / row),
        PruneStructure::Columns => Box::new(move |index| index % last),
        PruneStructure::Blocks => {
            let across = row.div_ceil(BLOCK);
            Box::new(move |index| index / row / BLOCK * across + index % row / BLOCK)
        }
        PruneStructure::TwoOfFour => return two_of_four(&importance, last),
    };
    let groups = (0..values.len()).map(&group).max().map_or(0, |last| last + 1);
    let mut sums = vec![0.0f64; groups];
    let mut sizes = vec![0u64; groups];
    for (index, &square) in importance.iter().enumerate() {
        sums[group(index)] += f64::from(square);
        sizes[group(index)] += 1;
    }
    // groups at the edges can be smaller, so means are compared
    let mean = |group: usize| sums[group] / sizes[group].max(1) as f64;
    let mut order: Vec<u32> = (0..groups as u32).collect();
    let count = ((groups as f64 * prune.share) as usize).min(groups.saturating_sub(1));
    if count == 0 {
        return vec![true; values.len()];
    }
    // of equal groups the earlier ones are pruned
    order.select_nth_unstable_by(count - 1, |&a, &b| mean(a as usize).total_cmp(&mean(b as usize)).then(a.cmp(&b)));
    let mut is_kept = vec![true; groups];
    order[..count].iter().for_each(|&group| is_kept[group as usize] = false);
    (0..values.len()).map(|index| is_kept[group(index)]).collect()
}

/// Keeps the two largest of each four neighbours in a row of `last` values.
fn two_of_four(importance: &[f32], last: usize) -> Vec<bool> {
    let mut kept = vec![false; importance.len()];
    for (row, kept) in importance.chunks(last).zip(kept.chunks_mut(last)) {
        for (four, kept) in row.chunks(4).zip(kept.chunks_mut(4)) {
            let mut order: Vec<usize> = (0..four.len()).collect();
            order.sort_by(|&a, &b| four[b].total_cmp(&four[a]).then(a.cmp(&b)));
            order.iter().take(2).for_each(|&index| kept[index] = true);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(values: &[f32], shape: &[u64], share: f64, structure: PruneStructure) -> Vec<usize> {
        let columns = *shape.last().unwrap() as usize;
        let kept = kept(values, shape, columns, &Weighting::Even, Prune { share, structure });
        kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(index, _)| index).collect()
    }

    #[test]
    fn the_smallest_become_zero() {
        let values = [1.0, -5.0, 2.0, 0.5, 4.0, 3.0, -2.5, 0.1];
        assert_eq!(run(&values, &[2, 4], 0.5, PruneStructure::Values), [1, 4, 5, 6]);
        assert_eq!(run(&values, &[2, 4], 0.5, PruneStructure::Rows), [4, 5, 6, 7]);
        assert_eq!(run(&values, &[2, 4], 0.5, PruneStructure::Columns), [0, 1, 4, 5]);
        assert_eq!(run(&values, &[2, 4], 0.9, PruneStructure::TwoOfFour), [1, 2, 4, 5]);
        let blocks: Vec<f32> = (0..64).map(|i| if i % 8 >= 4 && i < 32 { 2.0 } else { 1.0 }).collect();
        let expected: Vec<usize> = (0..32).filter(|i| i % 8 >= 4).collect();
        assert_eq!(run(&blocks, &[8, 8], 0.75, PruneStructure::Blocks), expected);
    }

    #[test]
    fn importance_protects() {
        let values = [1.0, 2.0, 1.0, 2.0];
        let weighting = Weighting::Columns(vec![1.9, 0.1]);
        let prune = Prune { share: 0.5, structure: PruneStructure::Values };
        assert_eq!(kept(&values, &[2, 2], 2, &weighting, prune), [true, false, true, false]);
    }
}
