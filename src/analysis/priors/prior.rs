//! The families of priors, and the description length of weights under one of them.

/// A family of distributions of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PriorKind {
    /// All levels from the least to the greatest are equally likely, with `ceil(log2(greatest - least + 1))` bits each.
    ///
    /// Two parameters: `least` and `greatest`, in units of the weights. `width`, the bits per weight, is shown too.
    Uniform,
    /// A Gaussian of any mean and standard deviation. Its negative logarithm is weight decay.
    ///
    /// Both parameters maximise the likelihood of the intervals. They come from moments with Sheppard's correction of
    /// `t^2 / 12`. If the deviation is below 8 steps, a search improves one parameter after the other, at most eight
    /// times, until it gains less than 1e-10 of the code length. The deviation is at least a sixteenth of a step.
    ///
    /// Two parameters: `mean` and `deviation`, in units of the weights.
    Gaussian,
    /// A Laplace distribution, `exp(-|w - m| / b) / (2 b)`. Its negative logarithm is the L1 penalty.
    ///
    /// `m` is the level of the median. `b` maximises the likelihood of the intervals, in closed form.
    ///
    /// Two parameters: `median` and `scale`, in units of the weights.
    Laplace,
    /// A mixture of two to eight Gaussians: soft weight sharing (Nowlan and Hinton 1992).
    ///
    /// It is fitted by expectation maximisation for grouped data (McLachlan and Jones 1988), from fixed initial
    /// mixtures and with a limited number of rounds. The number of components minimises the description length. With
    /// more than 256 levels, the fit combines neighbouring levels; the code length is always computed from all levels.
    ///
    /// The number of `components`, then three parameters for each: `weight_1`, `mean_1`, `deviation_1` and so on, the
    /// last two in units of the weights. A component with a deviation of a sixteenth of a step is a spike. If the
    /// deviation is below a step, the mean costs at least `log2(greatest - least + 1)` bits, as in a codebook.
    Mixture,
    /// A list of the levels that occur, and an index for each weight: `n H` bits, with the entropy `H` of the shares of
    /// the levels.
    ///
    /// The parameters are the least and the greatest level as for [`Uniform`](Self::Uniform), `log2(greatest - least +
    /// 1)` bits for each of the `V` levels, and `V - 1` shares of `1/2 log2 n` bits. Shown are `values`, which is `V`,
    /// and `entropy` in bits per weight.
    Codebook,
    /// A mask of the zeros, with `n H(z)` bits for the share `z` of zeros, and the better of a Gaussian and a Laplace
    /// distribution for the other weights. The distribution is conditional on a nonzero level, that is divided by `1 -
    /// P(level 0)`, and fitted so.
    ///
    /// Parameters: `zero_share` with `1/2 log2 n` bits; one bit for the choice of the distribution; and its two
    /// parameters, with `n` counting only nonzero weights: `mean` and `deviation`, or `median` and `scale`, in units of
    /// the weights. The latter are missing if all weights are zero.
    Pruned,
}

impl PriorKind {
    /// Returns the name that is shown in tables and in JSON.
    #[must_use]
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

/// The description length of weights under one prior. All numbers are finite.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Prior {
    /// The family of the prior.
    pub kind: PriorKind,
    /// The bits of all weights given the parameters, plus the bits of the parameters.
    pub bits: f64,
    /// The bits of the parameters.
    pub parameter_bits: f64,
    /// The fitted parameters by name; see [`PriorKind`].
    pub parameters: Vec<(&'static str, f64)>,
}

impl Prior {
    pub(super) fn new(
        kind: PriorKind,
        data_bits: f64,
        parameter_bits: f64,
        mut parameters: Vec<(&'static str, f64)>,
    ) -> Self {
        parameters.iter_mut().for_each(|parameter| parameter.1 = finite(parameter.1));
        Self { kind, bits: data_bits.max(0.0) + parameter_bits, parameter_bits, parameters }
    }
}

/// Returns the bits of `parameters` parameters that `weights` weights determine, `1/2 log2 n` each.
pub(super) fn parameter_bits(parameters: usize, weights: f64) -> f64 {
    0.5 * parameters as f64 * weights.log2()
}

/// Limits a level times a step, which may slightly exceed the greatest f64.
pub(super) fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

/// Returns the number of weights at `levels`.
pub(super) fn total(levels: &[(i64, u64)]) -> f64 {
    levels.iter().map(|level| level.1).sum::<u64>() as f64
}

/// Returns the number of levels from the least to the greatest. `levels` must not be empty.
pub(super) fn range(levels: &[(i64, u64)]) -> f64 {
    let (least, greatest) = (levels[0].0, levels[levels.len() - 1].0);
    (i128::from(greatest) - i128::from(least) + 1) as f64
}
