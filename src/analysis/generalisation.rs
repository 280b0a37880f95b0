//! Bounds on the error of a network on new data, from the length of its description.
//!
//! The samples are drawn independently. The error is the share of samples that the network gets wrong, or any other
//! mean loss from 0 to 1. The bounds hold with probability `1 - delta` over the training samples, for a code that was
//! chosen before the samples were seen. A bound of 1 or more gives no information, and is called vacuous.
//!
//! ```
//! use tersor::generalisation::{occam, pac_bayes_kl};
//!
//! # fn main() -> tersor::Result<()> {
//! // 10 000 bits, 60 000 samples, 95 % confidence
//! let gap = occam(10_000.0, 60_000, 0.05)?;
//! assert!((gap - 0.240_39).abs() < 1e-5);
//! // with a training error of 1 %, the true error is at most
//! let error = pac_bayes_kl(10_000.0, 60_000, 0.05, 0.01)?;
//! assert!(error > 0.1 && error < 0.01 + gap);
//! # Ok(()) }
//! ```

use std::f64::consts::LN_2;

use crate::error::{Error, Result};

/// Returns an upper bound on the true error minus the error on `samples` samples, for a network that a prefix code
/// describes in `code_bits` bits:
///
/// ```text
/// sqrt((code_bits ln 2 + ln(1 / delta)) / (2 samples))
/// ```
///
/// This is Occam's razor (Blumer, Ehrenfeucht, Haussler and Warmuth 1987), from the inequalities of Hoeffding and Kraft
/// (McAllester 1999). The bound is a share of errors, and may exceed 1.
///
/// # Errors
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if `code_bits` is not finite or negative, `samples` is 0, or
/// `delta` is not strictly between 0 and 1.
pub fn occam(code_bits: f64, samples: u64, delta: f64) -> Result<f64> {
    check(code_bits, samples, delta)?;
    Ok(((code_bits * LN_2 - delta.ln()) / (2.0 * samples as f64)).sqrt())
}

/// Returns the greatest true error `e` of a posterior whose divergence from the prior is `kl_bits` bits, given its
/// error on `samples` samples:
///
/// ```text
/// kl(training_error || e) <= (kl_bits ln 2 + ln(2 sqrt(samples) / delta)) / samples
/// kl(a || b) = a ln(a / b) + (1 - a) ln((1 - a) / (1 - b))
/// ```
///
/// This is the PAC-Bayes bound (Seeger 2002) in the form of Maurer (2004), who proves it for at least 8 samples; the
/// factor holds for fewer samples too. Both errors are mean errors of networks drawn from the posterior. A single
/// network with a description of `kl_bits` bits is a posterior too. The result is from 0 to 1.
///
/// # Errors
/// The errors of [`occam`], and `InvalidArgument` if `training_error` is not from 0 to 1.
pub fn pac_bayes_kl(kl_bits: f64, samples: u64, delta: f64, training_error: f64) -> Result<f64> {
    check(kl_bits, samples, delta)?;
    if !(0.0..=1.0).contains(&training_error) {
        return Err(Error::invalid("the training error is not from 0 to 1"));
    }
    Ok(inverse_kl(training_error, budget(kl_bits, samples, delta)))
}

/// Returns an upper bound on the true error minus the error on `samples` samples, for any value of the latter, and for
/// a posterior whose divergence from the prior is `kl_bits` bits:
///
/// ```text
/// sqrt((kl_bits ln 2 + ln(2 sqrt(samples) / delta)) / (2 samples))
/// ```
///
/// This has the form of McAllester (1999), and follows from [`pac_bayes_kl`] by Pinsker's inequality. The bound may
/// exceed 1.
///
/// # Errors
/// The errors of [`occam`].
pub fn pac_bayes_gap(kl_bits: f64, samples: u64, delta: f64) -> Result<f64> {
    check(kl_bits, samples, delta)?;
    Ok((budget(kl_bits, samples, delta) / 2.0).sqrt())
}

fn check(bits: f64, samples: u64, delta: f64) -> Result<()> {
    if !(bits.is_finite() && bits >= 0.0) {
        return Err(Error::invalid("the code length is not finite or negative"));
    }
    if samples == 0 {
        return Err(Error::invalid("the number of samples is 0"));
    }
    if !(delta > 0.0 && delta < 1.0) {
        return Err(Error::invalid("delta is not between 0 and 1"));
    }
    Ok(())
}

/// Returns the largest divergence between the training error and the true error, in nats.
fn budget(kl_bits: f64, samples: u64, delta: f64) -> f64 {
    let samples = samples as f64;
    (kl_bits * LN_2 + LN_2 + 0.5 * samples.ln() - delta.ln()) / samples
}

/// Returns `kl(a || b)` in nats, for `b` strictly between 0 and 1.
fn binary_kl(a: f64, b: f64) -> f64 {
    let part = |x: f64, y: f64| if x > 0.0 { x * (x / y).ln() } else { 0.0 };
    part(a, b) + part(1.0 - a, 1.0 - b)
}

/// Returns the greatest `b` for which `kl(a || b)` is at most `nats`, rounded up.
fn inverse_kl(a: f64, nats: f64) -> f64 {
    let (mut within, mut beyond) = (a, 1.0);
    loop {
        let middle = within + (beyond - within) / 2.0;
        if middle <= within || middle >= beyond {
            return beyond;
        }
        *if binary_kl(a, middle) <= nats { &mut within } else { &mut beyond } = middle;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        // 1000 bits are 693.147 nats, ln 20 = 2.99573: sqrt(696.1429 / 20000)
        assert!((occam(1000.0, 10_000, 0.05).unwrap() - 0.186_567_0).abs() < 1e-6);
        assert_eq!(occam(0.0, 1, (-2f64).exp()).unwrap(), 1.0);
        // no error: 1 - b = exp(-c) with c = (693.1472 + ln 4000) / 10000 = 0.07014412
        let zero = pac_bayes_kl(1000.0, 10_000, 0.05, 0.0).unwrap();
        assert!((zero - 0.067_740_6).abs() < 1e-6, "{zero}");
        // the same c: sqrt(c / 2)
        assert!((pac_bayes_gap(1000.0, 10_000, 0.05).unwrap() - 0.187_275_4).abs() < 1e-6);
        assert_eq!(pac_bayes_kl(1000.0, 10_000, 0.05, 1.0).unwrap(), 1.0);
        // kl(1/4 || 1/2) = ln 2 + 1/4 ln 1/4 + 3/4 ln 3/4 = 0.1308120
        assert!((binary_kl(0.25, 0.5) - 0.130_812_0).abs() < 1e-7);
        assert!((inverse_kl(0.25, binary_kl(0.25, 0.5)) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_factor_holds_for_few_samples() {
        // Maurer's theorem requires that the mean of exp(n kl(K/n || p)) over binomial K is at most 2 sqrt(n); for
        // every p the mean is this sum
        for n in 1..200i32 {
            let f = f64::from;
            let mut choose = 1.0;
            let mut sum = 0.0;
            for k in 0..=n {
                sum += choose * (f(k) / f(n)).powi(k) * (f(n - k) / f(n)).powi(n - k);
                choose *= f(n - k) / f(k + 1);
            }
            assert!(sum <= 2.0 * f(n).sqrt(), "{n} {sum}");
        }
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for (bits, samples, delta) in [
            (-1.0, 1, 0.5),
            (f64::NAN, 1, 0.5),
            (f64::INFINITY, 1, 0.5),
            (1.0, 0, 0.5),
            (1.0, 1, 0.0),
            (1.0, 1, 1.0),
            (1.0, 1, f64::NAN),
        ] {
            assert!(occam(bits, samples, delta).is_err());
            assert!(pac_bayes_gap(bits, samples, delta).is_err());
            assert!(pac_bayes_kl(bits, samples, delta, 0.1).is_err());
        }
        for error in [-0.1, 1.1, f64::NAN] {
            assert!(pac_bayes_kl(1.0, 1, 0.5, error).is_err());
        }
    }

    proptest! {
        #[test]
        fn the_inverse_inverts(a in 0.0..1.0f64, nats in 0.0..3.0f64) {
            let b = inverse_kl(a, nats);
            prop_assert!(b >= a && b <= 1.0);
            if b < 1.0 - 1e-6 {
                prop_assert!((binary_kl(a, b) - nats).abs() < 1e-8, "{} {}", b, binary_kl(a, b));
            }
        }

        #[test]
        fn bounds_grow_with_bits_and_certainty_and_shrink_with_samples(
            bits in 0.0..1e7f64, samples in 1u64..10_000_000, delta in 1e-9..0.9f64, error in 0.0..1.0f64,
        ) {
            let all = |bits, samples, delta, error| {
                [
                    occam(bits, samples, delta).unwrap(),
                    pac_bayes_gap(bits, samples, delta).unwrap(),
                    pac_bayes_kl(bits, samples, delta, error).unwrap(),
                ]
            };
            let base = all(bits, samples, delta, error);
            let worse = [
                all(bits * 1.5 + 1.0, samples, delta, error),
                all(bits, samples.div_ceil(2), delta, error),
                all(bits, samples, delta / 2.0, error),
            ];
            for other in worse {
                for (number, greater) in base.iter().zip(other) {
                    prop_assert!(*number <= greater);
                }
            }
            prop_assert!(base[2] <= pac_bayes_kl(bits, samples, delta, (error + 1.0) / 2.0).unwrap());
            prop_assert!(base[2] >= error && base[2] <= error + base[1] + 1e-12, "Pinsker");
            prop_assert!(base.iter().all(|number| number.is_finite()));
        }
    }
}
