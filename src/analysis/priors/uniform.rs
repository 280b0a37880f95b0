//! [`PriorKind::Uniform`].

use super::prior::{Prior, PriorKind, parameter_bits, range, total};

pub(super) fn prior(levels: &[(i64, u64)], step: f64) -> Prior {
    let weights = total(levels);
    let width = range(levels).log2().ceil();
    let (least, greatest) = (levels[0].0, levels[levels.len() - 1].0);
    let parameters = vec![("least", least as f64 * step), ("greatest", greatest as f64 * step), ("width", width)];
    Prior::new(PriorKind::Uniform, weights * width, parameter_bits(2, weights), parameters)
}
