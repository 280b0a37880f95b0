//! Finds the argument at which a monotone function has a value.

use crate::error::Result;

/// A range of arguments, and an argument near which the solution is expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bracket {
    pub(crate) range: (f64, f64),
    pub(crate) guess: f64,
}

/// Returns the argument in a range at which a function that falls with its argument is `target`, within a relative
/// `tolerance` of the target. If the target lies outside: as an error, the value at the end that is nearest.
pub(crate) fn solve_falling(
    target: f64,
    Bracket { range: (least, most), guess }: Bracket,
    tolerance: f64,
    mut function: impl FnMut(f64) -> Result<f64>,
) -> Result<Result<f64, f64>> {
    const ROUNDS: usize = 40;
    let guess = guess.clamp(least, most);
    let (mut low, mut high) = ((guess - 0.25).max(least), (guess + 0.25).min(most));
    let (mut at_low, mut at_high) = (function(low)?, function(high)?);
    let mut width = 0.5;
    while target > at_low {
        if low <= least {
            return Ok(Err(at_low));
        }
        (high, at_high) = (low, at_low);
        low = (low - width).max(least);
        at_low = function(low)?;
        width *= 2.0;
    }
    while target < at_high {
        if high >= most {
            return Ok(Err(at_high));
        }
        (low, at_low) = (high, at_high);
        high = (high + width).min(most);
        at_high = function(high)?;
        width *= 2.0;
    }
    for round in 0..ROUNDS {
        // a straight line between the ends is near a smooth function; every third round halves the range for sure
        let share = if round % 3 == 2 || at_low <= at_high { 0.5 } else { (at_low - target) / (at_low - at_high) };
        let middle = low + share.clamp(0.02, 0.98) * (high - low);
        let value = function(middle)?;
        if (value - target).abs() <= tolerance * target.abs() || high - low < 1e-6 {
            return Ok(Ok(middle));
        }
        match value > target {
            true => (low, at_low) = (middle, value),
            false => (high, at_high) = (middle, value),
        }
    }
    Ok(Ok(0.5 * (low + high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found() {
        for guess in [-100.0, 1.7, 2.0, 6.0, 100.0] {
            let bracket = |low, high| Bracket { range: (low, high), guess };
            let found = solve_falling(3.0, bracket(-10.0, 10.0), 1e-6, |x| Ok(5.0 - x)).unwrap().unwrap();
            assert!((found - 2.0).abs() < 1e-5);
            let steps = solve_falling(2.0, bracket(0.0, 8.0), 1e-3, |x| Ok(libm::exp2(-x) * 64.0)).unwrap().unwrap();
            assert!((steps - 5.0).abs() < 1e-2);
            assert_eq!(solve_falling(9.0, bracket(0.0, 1.0), 1e-3, |x| Ok(5.0 - x)).unwrap(), Err(5.0));
            assert_eq!(solve_falling(1.0, bracket(0.0, 1.0), 1e-3, |x| Ok(5.0 - x)).unwrap(), Err(4.0));
        }
    }
}
