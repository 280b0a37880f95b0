//! Logarithms of the mass of a standard normal distribution in an interval. They are finite for every interval.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

/// `ln sqrt(2 pi)`.
pub(super) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Intervals narrower than this, relative to the distance over which the density changes, use the midpoint rule.
const NARROW: f64 = 0.05;
/// From here the continued fraction replaces `erfc`, which would underflow.
const FAR: f64 = 5.0;

fn is_narrow(centre: f64, width: f64) -> bool {
    width * centre.abs().max(1.0) < NARROW
}

/// Returns `ln P(centre - width/2 < Z < centre + width/2)` for a standard normal `Z`, with a relative error of the mass
/// below 1e-13.
///
/// - Narrow intervals: the density in the middle times the width, with two more terms of the Taylor series. The first
///   omitted term is below 1e-13.
/// - Intervals near 0: differences of `erfc`, from W. J. Cody's rational approximations as in FDLIBM (Sun Microsystems,
///   1993).
/// - Intervals far from 0: Laplace's continued fraction of the scaled `erfc` (Abramowitz and Stegun 1964, 7.1.14).
pub(super) fn ln_mass(centre: f64, width: f64) -> f64 {
    let centre = centre.abs();
    if is_narrow(centre, width) {
        let (h2, z2) = (width * width, centre * centre);
        let bend = h2 / 24.0 * (z2 - 1.0) + h2 * h2 / 1920.0 * ((z2 - 6.0) * z2 + 3.0);
        return width.ln() - z2 / 2.0 - LN_SQRT_2PI + bend.ln_1p();
    }
    let (lower, upper) = ((centre - width / 2.0) * FRAC_1_SQRT_2, (centre + width / 2.0) * FRAC_1_SQRT_2);
    if lower <= 0.0 {
        (-0.5 * (libm::erfc(upper) + libm::erfc(-lower))).ln_1p()
    } else if lower < FAR {
        (0.5 * (libm::erfc(lower) - libm::erfc(upper))).ln()
    } else {
        let near = ln_scaled_erfc(lower);
        let drop = centre * width + near - ln_scaled_erfc(upper);
        near - lower * lower - LN_2 + (-(-drop).exp_m1()).ln()
    }
}

/// Returns the mean and the mean square of a standard normal variable, conditional on the interval whose [`ln_mass`] is
/// given.
///
/// With the densities `a` and `b` at the ends of the interval, divided by its mass, they are `a - b` and `1 + lower a -
/// upper b`.
pub(super) fn moments_within(centre: f64, width: f64, ln_mass: f64) -> (f64, f64) {
    if is_narrow(centre, width) {
        let h2 = width * width;
        return (centre * (1.0 - h2 / 12.0), centre * centre * (1.0 - h2 / 6.0) + h2 / 12.0);
    }
    let distance = centre.abs();
    let (lower, upper) = (distance - width / 2.0, distance + width / 2.0);
    let scaled = lower * FRAC_1_SQRT_2;
    let at_lower = if scaled < FAR {
        (-lower * lower / 2.0 - LN_SQRT_2PI - ln_mass).exp()
    } else {
        let near = ln_scaled_erfc(scaled);
        let drop = distance * width + near - ln_scaled_erfc(upper * FRAC_1_SQRT_2);
        (2.0 / PI).sqrt() * (-near).exp() / -(-drop).exp_m1()
    };
    let at_upper = at_lower * (-distance * width).exp();
    let mean = (at_lower - at_upper).clamp(lower, upper);
    let furthest = upper.max(-lower);
    let square = (1.0 + lower * at_lower - upper * at_upper).clamp(mean * mean, furthest * furthest);
    (mean * centre.signum(), square)
}

/// Returns `ln(exp(x^2) erfc(x))` for `x >= FAR`.
fn ln_scaled_erfc(x: f64) -> f64 {
    // 30 terms are exact to the last bits for x >= 4
    let tail = (1..=30).rev().fold(x, |tail, term| x + 0.5 * f64::from(term) / tail);
    -(tail * PI.sqrt()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::SQRT_2;

    /// Integrates with Simpson's rule, relative to the density at `anchor` so that nothing underflows.
    fn integrated(lower: f64, upper: f64, weight: impl Fn(f64) -> f64) -> (f64, f64) {
        let anchor = if lower > 0.0 { lower } else { upper.min(0.0) };
        let steps = 20_000;
        let h = (upper - lower) / f64::from(steps);
        let at = |i: i32| {
            let z = lower + h * f64::from(i);
            weight(z) * (-(z - anchor) * (z + anchor) / 2.0).exp()
        };
        let sum: f64 = (1..steps).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
        ((at(0) + sum + at(steps)) * h / 3.0, -anchor * anchor / 2.0 - LN_SQRT_2PI)
    }

    #[test]
    fn masses_and_moments_match_numeric_integration() {
        for centre in [0.0f64, 0.25, -0.25, 1.0, 2.5, -4.0, 6.875, 7.25, 12.0, 37.0, 200.0, 4000.0] {
            // exact in binary, so that the ends of the intervals are exact too
            for width in [0.5f64.powi(20), 0.5f64.powi(10), 51.0 / 1024.0, 52.0 / 1024.0, 0.1875, 1.0, 3.0, 16.0] {
                // the mass beyond 60 decay lengths is negligible
                let (lower, upper) = (centre - width / 2.0, centre + width / 2.0);
                let cut_lower = if upper < 0.0 { lower.max(upper - 60.0 / -upper) } else { lower };
                let cut_upper = if lower > 0.0 { upper.min(lower + 60.0 / lower) } else { upper };
                let (mass, ln_scale) = integrated(cut_lower, cut_upper, |_| 1.0);
                let expected = mass.ln() + ln_scale;
                let ln = ln_mass(centre, width);
                assert!((ln - expected).abs() < 1e-11 * expected.abs().max(1.0), "{centre} {width}: {ln} {expected}");
                let mean = integrated(cut_lower, cut_upper, |z| z).0 / mass;
                let square = integrated(cut_lower, cut_upper, |z| z * z).0 / mass;
                let (got_mean, got_square) = moments_within(centre, width, ln);
                assert!((got_mean - mean).abs() < 1e-6 * mean.abs().max(1.0), "{centre} {width}: {got_mean} {mean}");
                assert!(
                    (got_square - square).abs() < 1e-6 * square.max(1.0),
                    "{centre} {width}: {got_square} {square}"
                );
            }
        }
    }

    #[test]
    fn known_values() {
        // P(|Z| < 1.96...) = 0.95, and erfc(10) = 2.0884875837625447570e-45
        assert!((ln_mass(0.0, 2.0 * 1.959_963_984_540_054) - 0.95f64.ln()).abs() < 1e-15);
        let beyond = ln_mass(10.0 * SQRT_2 + 500.0, 1000.0);
        assert!((beyond - (2.088_487_583_762_545e-45_f64 / 2.0).ln()).abs() < 1e-12);
    }

    #[test]
    fn far_intervals_give_finite_results() {
        for centre in [1e3, 1e9, -1e15, 1e22] {
            for width in [1e-20, 1e-9, 1.0, 16.0] {
                let ln = ln_mass(centre, width);
                let (mean, square) = moments_within(centre, width, ln);
                assert!(ln.is_finite() && ln < -1e5, "{centre} {width}: {ln}");
                assert!((mean / centre - 1.0).abs() < 0.01 && (square / centre / centre - 1.0).abs() < 0.02);
            }
        }
    }
}
