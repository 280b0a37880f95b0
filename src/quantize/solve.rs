//! Finds the argument at which a monotone function has a value.

use crate::error::Result;

/// Returns the argument between `low` and `high` at which a function that falls with its argument is nearest to
/// `target`, within a relative `tolerance` of the target. `None` with the value at the end that is nearest, if the target
/// lies outside.
///
/// The arguments are those of a bisection, so every machine tries the same.
pub(crate) fn solve_falling(
    target: f64,
    (mut low, mut high): (f64, f64),
    tolerance: f64,
    mut function: impl FnMut(f64) -> Result<f64>,
) -> Result<Result<f64, f64>> {
    const ROUNDS: usize = 40;
    let (mut at_low, mut at_high) = (function(low)?, function(high)?);
    if target > at_low {
        return Ok(Err(at_low));
    }
    if target < at_high {
        return Ok(Err(at_high));
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
        let found = solve_falling(3.0, (-10.0, 10.0), 1e-6, |x| Ok(5.0 - x)).unwrap().unwrap();
        assert!((found - 2.0).abs() < 1e-5);
        let steps = solve_falling(2.0, (0.0, 8.0), 1e-3, |x| Ok(libm::exp2(-x) * 64.0)).unwrap().unwrap();
        assert!((steps - 5.0).abs() < 1e-2);
        assert_eq!(solve_falling(9.0, (0.0, 1.0), 1e-3, |x| Ok(5.0 - x)).unwrap(), Err(5.0));
        assert_eq!(solve_falling(1.0, (0.0, 1.0), 1e-3, |x| Ok(5.0 - x)).unwrap(), Err(4.0));
    }
}
