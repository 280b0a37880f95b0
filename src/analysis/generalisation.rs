//! What a short description says about errors on data that were not trained on.
//!
//! Samples are drawn independently, and the error is the share of them that a network gets wrong, or any other mean loss within 0 to 1.
//! The bounds hold with probability `1 - delta` over the training samples, for a code chosen before they were seen.
//! A bound of 1 or more says nothing, and is called vacuous.
//!
//! ```
//! use tersor::generalisation::{occam, pac_bayes_kl};
//!
//! # fn main() -> tersor::Result<()> {
//! // 10 000 bits, 60 000 samples, 95 of 100 times
//! let gap = occam(10_000.0, 60_000, 0.05)?;
//! assert!((gap - 0.240_39).abs() < 1e-5);
//! // with an error of 1 % on those samples, the true one is at most
//! let error = pac_bayes_kl(10_000.0, 60_000, 0.05, 0.01)?;
//! assert!(error > 0.1 && error < 0.01 + gap);
//! # Ok(()) }
//! ```

use std::f64::consts::LN_2;

use crate::error::{Error, Result};

/// The most by which the true error exceeds that on `samples` samples, of a network that a prefix code describes in `code_bits` bits:
///
/// ```text
/// sqrt((code_bits ln 2 + ln(1 / delta)) / (2 samples))
/// ```
///
/// Occam's razor (Blumer, Ehrenfeucht, Haussler and Warmuth 1987) by Hoeffding's inequality and Kraft's (McAllester 1999).
/// A share of errors, not cut at 1.
///
/// # Errors
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) unless bits are finite and not negative, there is a sample, and `delta` lies
/// between 0 and 1, both excluded.
pub fn occam(code_bits: f64, samples: u64, delta: f64) -> Result<f64> {
    check(code_bits, samples, delta)?;
    Ok(((code_bits * LN_2 - delta.ln()) / (2.0 * samples as f64)).sqrt())
}

/// The greatest true error `e` of a posterior whose divergence from the prior is `kl_bits` bits, given its error on `samples` samples:
///
/// ```text
/// kl(training_error || e) <= (kl_bits ln 2 + ln(2 sqrt(samples) / delta)) / samples
/// kl(a || b) = a ln(a / b) + (1 - a) ln((1 - a) / (1 - b))
/// ```
///
/// PAC-Bayes (Seeger 2002) in the form of Maurer 2004, who proves it from 8 samples on; the factor holds for fewer as well. Both errors are
/// those of networks drawn from the posterior. A network by itself, described in so many bits, is a posterior too. Within 0 to 1.
///
/// # Errors
/// As [`occam`], and unless `training_error` lies between 0 and 1, both included.
pub fn pac_bayes_kl(kl_bits: f64, samples: u64, delta: f64, training_error: f64) -> Result<f64> {
    check(kl_bits, samples, delta)?;
    if !(0.0..=1.0).contains(&training_error) {
        return Err(Error::invalid("a training error beyond 0 to 1"));
    }
    Ok(inverse_kl(training_error, budget(kl_bits, samples, delta)))
}

/// The most by which the true error exceeds that on `samples` samples, whatever that is, of a posterior whose divergence from the prior
/// is `kl_bits` bits:
///
/// ```text
/// sqrt((kl_bits ln 2 + ln(2 sqrt(samples) / delta)) / (2 samples))
/// ```
///
/// The form of McAllester 1999, here from [`pac_bayes_kl`] by Pinsker's inequality. Not cut at 1.
///
/// # Errors
/// As [`occam`].
pub fn pac_bayes_gap(kl_bits: f64, samples: u64, delta: f64) -> Result<f64> {
    check(kl_bits, samples, delta)?;
    Ok((budget(kl_bits, samples, delta) / 2.0).sqrt())
}

fn check(bits: f64, samples: u64, delta: f64) -> Result<()> {
    if !(bits.is_finite() && bits >= 0.0) {
        return Err(Error::invalid("a code length that is no number of bits"));
    }
    if samples == 0 {
        return Err(Error::invalid("a bound without samples"));
    }
    if !(delta > 0.0 && delta < 1.0) {
        return Err(Error::invalid("a delta that is not between 0 and 1"));
    }
    Ok(())
}

/// What the divergence between errors may be, in nats.
fn budget(kl_bits: f64, samples: u64, delta: f64) -> f64 {
    let samples = samples as f64;
    (kl_bits * LN_2 + LN_2 + 0.5 * samples.ln() - delta.ln()) / samples
}

/// `kl(a || b)` in nats, for `b` above 0 and below 1.
fn binary_kl(a: f64, b: f64) -> f64 {
    let part = |x: f64, y: f64| if x > 0.0 { x * (x / y).ln() } else { 0.0 };
    part(a, b) + part(1.0 - a, 1.0 - b)
}

/// The greatest `b` for which `kl(a || b)` is at most `nats`, rounded up.
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
    fn values_by_hand() {
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
        // Maurer's theorem needs that the mean of exp(n kl(K/n || p)) over binomial K is at most 2 sqrt(n); it is this sum for every p
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
    fn refuses_what_cannot_be() {
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
        fn more_bits_fewer_samples_and_more_certainty_cost(
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
