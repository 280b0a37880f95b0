//! [`PriorKind::Pruned`].

use std::f64::consts::LN_2;

use super::gaussian::{Gaussian, Zeros};
use super::laplace::Laplace;
use super::prior::{Prior, PriorKind, parameter_bits, total};

pub(super) fn prior(levels: &[(i64, u64)], step: f64) -> Prior {
    let weights = total(levels);
    let kept: Vec<(i64, u64)> = levels.iter().copied().filter(|level| level.0 != 0).collect();
    let survivors = total(&kept);
    let share = |count: f64| if count > 0.0 { count * (weights / count).log2() } else { 0.0 };
    let mask = share(survivors) + share(weights - survivors);
    let mut parameters = vec![("zero_share", (weights - survivors) / weights)];
    let (mut bits, mut parameter_bits_of_kept) = (0.0, 0.0);
    if !kept.is_empty() {
        let (gaussian, gaussian_nats) = Gaussian::fit(&kept, Zeros::Missing);
        let (laplace, laplace_nats) = Laplace::fit(&kept, Zeros::Missing);
        let gaussian_wins = gaussian_nats <= laplace_nats;
        bits = gaussian_nats.min(laplace_nats) / LN_2;
        parameters.extend(if gaussian_wins { gaussian.parameters(step) } else { laplace.parameters(step) });
        parameter_bits_of_kept = 1.0 + parameter_bits(2, survivors);
    }
    Prior::new(PriorKind::Pruned, mask + bits, parameter_bits(1, weights) + parameter_bits_of_kept, parameters)
}
