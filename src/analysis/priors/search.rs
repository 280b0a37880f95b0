//! Minimisation of a function of one variable.

/// Returns the minimum of a unimodal function in `range`, to about 1e-7, and the value there, by golden-section search
/// (Kiefer 1953).
pub(super) fn golden_section(range: (f64, f64), mut value: impl FnMut(f64) -> f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut lower, mut upper) = range;
    let within = |lower: f64, upper: f64, share: f64| lower + share * (upper - lower);
    let (mut left, mut right) = (within(lower, upper, 1.0 - GOLDEN), within(lower, upper, GOLDEN));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..80 {
        if upper - lower < 1e-7 {
            break;
        }
        if at_left <= at_right {
            (upper, right, at_right) = (right, left, at_left);
            left = within(lower, upper, 1.0 - GOLDEN);
            at_left = value(left);
        } else {
            (lower, left, at_left) = (left, right, at_right);
            right = within(lower, upper, GOLDEN);
            at_right = value(right);
        }
    }
    if at_left <= at_right { (left, at_left) } else { (right, at_right) }
}
