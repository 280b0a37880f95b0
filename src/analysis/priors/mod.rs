//! How many bits weights take under priors: what a code could know about them without looking at their order.
//!
//! A weight at step `t` stands for the interval of width `t` around its level, `((k - 1/2) t, (k + 1/2) t)`. Under a density it
//! costs `-log2` of the mass in there, all in bits. Where the step is small beside what the density does, that is
//! `h - log2 t` bits a weight, with the differential entropy `h` in bits: halving the step costs one bit a weight.
//!
//! Parameters cost too. To the precision that the data determine, that is `1/2 log2 n` bits for each of them, with `n` weights
//! (Rissanen 1978; as the price of universal coding, Rissanen 1984). [`Prior::bits`] is the sum of both: the description length
//! by which priors may be compared. It is a cost of codes, to be compared at one step only.
//!
//! | prior | as a penalty in training |
//! |---|---|
//! | uniform | none |
//! | Gaussian | weight decay, L2: `w^2 / (2 s^2)` nats |
//! | Laplace | L1: `\|w\| / b` nats |
//! | mixture of Gaussians | soft weight sharing (Nowlan and Hinton 1992) |
//! | codebook | weight sharing, quantisation |
//! | pruned | the number of weights, L0, and L2 or L1 for the rest |
//!
//! ```
//! use tersor::priors::{Histogram, PriorKind, Priors};
//!
//! let mut histogram = Histogram::new(0.25);
//! histogram.add_all(&[0.0f32, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0].repeat(100));
//! let priors = Priors::of(&histogram);
//! let best = priors.best().unwrap();
//! assert_eq!(best.kind, PriorKind::Codebook);
//! // whether a weight is zero takes 0.811 bits, and one of four takes a sign
//! assert!((best.bits - best.parameter_bits - 800.0 * (0.811_278 + 0.25)).abs() < 0.01);
//! ```

mod bits_back;
mod codebook;
mod gaussian;
mod histogram;
mod laplace;
mod mixture;
mod normal;
mod pruned;
mod search;
mod uniform;

pub use bits_back::BitsBack;
pub use histogram::{Histogram, Moments};

/// What is assumed of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PriorKind {
    /// All levels from the least to the greatest one are as likely, in whole bits: `ceil(log2(greatest - least + 1))` each.
    ///
    /// Two parameters: `least` and `greatest`, in units of the weights; beside them `width`, the bits a weight.
    Uniform,
    /// A Gaussian of any mean and deviation: the prior whose negative logarithm is weight decay.
    ///
    /// Both by maximum likelihood of the intervals: from moments, with Sheppard's correction of `t^2 / 12`, and where the
    /// deviation is below 8 steps by search, one after the other until that gains less than 1e-10 of the code length, at most
    /// eight times. The deviation is never below a sixteenth of a step.
    ///
    /// Two parameters: `mean` and `deviation`, in units of the weights.
    Gaussian,
    /// A Laplace distribution, `exp(-|w - m| / b) / (2 b)`: the prior whose negative logarithm is the L1 penalty.
    ///
    /// `m` is the level of the median, `b` by maximum likelihood of the intervals, in closed form.
    ///
    /// Two parameters: `median` and `scale`, in units of the weights.
    Laplace,
    /// Two to eight Gaussians with weights: soft weight sharing (Nowlan and Hinton 1992).
    ///
    /// By expectation maximisation for grouped data (McLachlan and Jones 1988), from fixed beginnings and bounded; the number of
    /// components is that of the least description length. With more than 256 levels, neighbours are put together for the
    /// fit; the code length is always that of all levels.
    ///
    /// Three parameters a component: `weight_1`, `mean_1`, `deviation_1` and so on, the last two in units of the weights;
    /// before them the number of `components`. A component with a deviation of a sixteenth of a step is a spike; the
    /// mean of one below a step costs `log2(greatest - least + 1)` bits, as in a codebook, if that is more.
    Mixture,
    /// A list of the levels that occur, and for each weight which: `n H` bits with the entropy `H` of their shares.
    ///
    /// The parameters are the least and the greatest level as for [`Uniform`](Self::Uniform), `log2(greatest - least + 1)` bits for
    /// each of `V` levels, and `V - 1` shares at `1/2 log2 n` bits. Shown are `values`, which is `V`, and `entropy` in bits a weight.
    Codebook,
    /// A mask of the zeros, `n H(z)` bits with their share `z` and its entropy, and the rest under the better of a Gaussian and a
    /// Laplace distribution, given that they are not zero: over `1 - P(level 0)`, fitted as such.
    ///
    /// Parameters: `zero_share` at `1/2 log2 n` bits; one bit for which; and two for the rest, whose number then counts as `n`:
    /// `mean` and `deviation`, or `median` and `scale`, in units of the weights; none if there is no rest.
    Pruned,
}

impl PriorKind {
    /// In one lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Gaussian => "gaussian",
            Self::Laplace => "laplace",
            Self::Mixture => "mixture",
            Self::Codebook => "codebook",
            Self::Pruned => "pruned",
        }
    }
}

/// What weights cost under one prior. All numbers are finite.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Prior {
    /// Which prior, fitted.
    pub kind: PriorKind,
    /// Bits of all weights given the parameters, and those of the parameters.
    pub bits: f64,
    /// Bits of the parameters alone.
    pub parameter_bits: f64,
    /// The parameters by name; see [`PriorKind`].
    pub parameters: Vec<(&'static str, f64)>,
}

impl Prior {
    fn new(kind: PriorKind, data_bits: f64, parameter_bits: f64, mut parameters: Vec<(&'static str, f64)>) -> Self {
        parameters.iter_mut().for_each(|parameter| parameter.1 = finite(parameter.1));
        Self { kind, bits: data_bits.max(0.0) + parameter_bits, parameter_bits, parameters }
    }
}

/// What weights cost under each prior.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Priors {
    /// The step of the levels, in units of the weights.
    pub step: f64,
    /// Number of weights.
    pub weights: u64,
    /// Number of values that were not counted: NaN, infinite, or too far out.
    pub skipped: u64,
    /// In the order of [`PriorKind`]; nothing without weights.
    pub models: Vec<Prior>,
}

impl Priors {
    /// Fits all priors. Takes time in proportion to the number of occupied levels.
    pub fn of(histogram: &Histogram) -> Self {
        let levels = histogram.levels();
        let step = histogram.step();
        let fits = [uniform::prior, gaussian::prior, laplace::prior, mixture::prior, codebook::prior, pruned::prior];
        let models = if levels.is_empty() { vec![] } else { fits.iter().map(|fit| fit(&levels, step)).collect() };
        Self { step, weights: histogram.weights(), skipped: histogram.skipped(), models }
    }

    /// The prior of the fewest bits, the first of equals; none without weights.
    pub fn best(&self) -> Option<&Prior> {
        self.models.iter().min_by(|a, b| a.bits.total_cmp(&b.bits))
    }
}

/// Bits of so many parameters that `weights` weights determine, `1/2 log2 n` each.
fn parameter_bits(parameters: usize, weights: f64) -> f64 {
    0.5 * parameters as f64 * weights.log2()
}

/// A level times a step may be a little beyond the greatest weight that there can be.
fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

/// Number of weights at `levels`.
fn total(levels: &[(i64, u64)]) -> f64 {
    levels.iter().map(|level| level.1).sum::<u64>() as f64
}

/// Number of levels from the least to the greatest, of which there are some.
fn range(levels: &[(i64, u64)]) -> f64 {
    let (least, greatest) = (levels[0].0, levels[levels.len() - 1].0);
    (i128::from(greatest) - i128::from(least) + 1) as f64
}

#[cfg(test)]
mod tests;
