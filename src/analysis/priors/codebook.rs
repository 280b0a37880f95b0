//! [`PriorKind::Codebook`].

use super::prior::{Prior, PriorKind, parameter_bits, range, total};

pub(super) fn prior(levels: &[(i64, u64)], _step: f64) -> Prior {
    let weights = total(levels);
    let bits: f64 = levels.iter().map(|level| level.1 as f64 * (weights / level.1 as f64).log2()).sum();
    let values = levels.len() as f64 * range(levels).log2();
    let parameter_bits = values + parameter_bits(2 + levels.len() - 1, weights);
    let parameters = vec![("values", levels.len() as f64), ("entropy", bits / weights)];
    Prior::new(PriorKind::Codebook, bits, parameter_bits, parameters)
}
