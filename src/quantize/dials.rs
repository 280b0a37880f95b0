//! What a caller asks of the quantiser.

use super::importance::Importance;
use super::rules::{QuantizationRule, nmse_of_decibels};
use super::treatment::{MAX_ENTRIES, Prune, PruneStructure, Treatment, ValueRule};
use crate::error::{Error, Result};

/// Tensors with fewer elements stay lossless, unless a rule names them.
const MIN_ELEMENTS: u64 = 4096;

/// Lossy coding: how small a model shall become, or how large its error may be.
///
/// Without these options encoding is lossless. With them the values of large float tensors change, and everything else
/// stays as it is: dtypes, shapes, names, metadata, and the bytes of all other tensors. The file says which tensors
/// changed, under the key `tersor.lossy` of its metadata.
///
/// Tensors of one dimension, of fewer than 4096 elements, and of a dtype other than F32, F16 and BF16 stay lossless. So
/// do tensors with NaN or infinite values and tensors whose values are all equal. A rule whose pattern is
/// the name of a tensor overrides the limits of dimension and size.
///
/// ```
/// use tersor::{EncodeOptions, Quantization};
/// let quantization = Quantization::bits_per_weight(4.0)?.with_rule("*embeddings*=lossless".parse()?);
/// let options = EncodeOptions::default().with_quantization(quantization);
/// # Ok::<(), tersor::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Quantization {
    pub(crate) dial: Option<Dial>,
    pub(crate) error: ErrorMeasure,
    pub(crate) quantizer: Quantizer,
    pub(crate) codebook: Option<usize>,
    pub(crate) prune: Option<Prune>,
    pub(crate) rules: Vec<QuantizationRule>,
    pub(crate) importance: Importance,
}

/// What decides on the steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Dial {
    /// The bits of the file for each weight of all tensors.
    Bits(f64),
    /// The normalised mean squared error.
    Nmse(f64),
}

/// How the errors of different tensors compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ErrorMeasure {
    /// An error is relative to the mean square of its tensor. All tensors have about the same relative error, and the
    /// error of a model is the mean over its values.
    #[default]
    Relative,
    /// Errors are compared as they are. All tensors have the same step, and the error of a model is the sum of all
    /// squared errors over the sum of all squares.
    Absolute,
}

/// The way in which values become integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Quantizer {
    /// Each value by itself becomes an integer times the step of the tensor.
    #[default]
    Scalar,
}

impl Quantizer {
    /// Returns the name, as the command and the record in a file spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
        }
    }
}

impl Quantization {
    /// Makes options without a dial: values change only where rules, a codebook or pruning ask for it.
    pub fn by_rules() -> Self {
        Self {
            dial: None,
            error: ErrorMeasure::default(),
            quantizer: Quantizer::default(),
            codebook: None,
            prune: None,
            rules: Vec::new(),
            importance: Importance::default(),
        }
    }

    /// Asks for a file of `bits` bits for each weight of all tensors, above 0 and up to 16. Everything in the file counts.
    /// The size is hit within 0.5 %.
    ///
    /// # Errors
    /// `InvalidArgument` if `bits` is outside this range. Encoding fails if the size cannot be reached.
    pub fn bits_per_weight(bits: f64) -> Result<Self> {
        let is_sound = bits > 0.0 && bits <= 16.0;
        let this = Self { dial: Some(Dial::Bits(bits)), ..Self::by_rules() };
        is_sound.then_some(this).ok_or_else(|| Error::invalid("the bits per weight must be above 0 and up to 16"))
    }

    /// Asks for a normalised mean squared error: the mean squared error of the quantised tensors divided by their mean
    /// square, above 0 and below 1. It is not exceeded, and missed by at most 1 %, except where tensors are so small that no
    /// step comes nearer.
    ///
    /// # Errors
    /// `InvalidArgument` if `error` is outside this range. Encoding fails if the error cannot be reached.
    pub fn nmse(error: f64) -> Result<Self> {
        let is_sound = error > 0.0 && error < 1.0;
        let this = Self { dial: Some(Dial::Nmse(error)), ..Self::by_rules() };
        is_sound.then_some(this).ok_or_else(|| Error::invalid("the NMSE must be above 0 and below 1"))
    }

    /// Asks for a signal-to-noise ratio in decibels, above 0 and up to 120: −10·log10 of the [`nmse`](Self::nmse).
    ///
    /// # Errors
    /// `InvalidArgument` if `decibels` is outside this range.
    pub fn snr(decibels: f64) -> Result<Self> {
        let is_sound = decibels > 0.0 && decibels <= 120.0;
        let this = Self { dial: Some(Dial::Nmse(nmse_of_decibels(decibels))), ..Self::by_rules() };
        is_sound.then_some(this).ok_or_else(|| Error::invalid("the SNR must be above 0 and up to 120 dB"))
    }

    /// Sets how the errors of different tensors compare. The default is [`ErrorMeasure::Relative`].
    pub fn with_error(mut self, error: ErrorMeasure) -> Self {
        self.error = error;
        self
    }

    /// Sets the quantiser. The default, and so far the only one, is [`Quantizer::Scalar`].
    pub fn with_quantizer(mut self, quantizer: Quantizer) -> Self {
        self.quantizer = quantizer;
        self
    }

    /// Replaces the values of each tensor by at most `entries` different ones, 2 to 4096, in place of steps.
    ///
    /// # Errors
    /// `InvalidArgument` if `entries` is outside this range.
    pub fn with_codebook(mut self, entries: usize) -> Result<Self> {
        if !(2..=MAX_ENTRIES).contains(&entries) {
            return Err(Error::invalid(format!("a codebook has 2 to {MAX_ENTRIES} entries")));
        }
        self.codebook = Some(entries);
        Ok(self)
    }

    /// Sets a share of the values of each tensor to 0, above 0 and below 1. With [`PruneStructure::TwoOfFour`] the share
    /// is one half, whatever is given.
    ///
    /// # Errors
    /// `InvalidArgument` if `share` is outside this range.
    pub fn with_pruning(mut self, share: f64, structure: PruneStructure) -> Result<Self> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid("the share of pruned values must be above 0 and below 1"));
        }
        let share = if structure == PruneStructure::TwoOfFour { 0.5 } else { share };
        self.prune = Some(Prune { share, structure });
        Ok(self)
    }

    /// Adds a rule. Of several rules that match the name of a tensor the first one counts. Encoding fails if a rule
    /// matches no tensor.
    pub fn with_rule(mut self, rule: QuantizationRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Sets the importance of values. Encoding fails if it names a tensor that is not there.
    pub fn with_importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Returns what is done to a tensor that no rule names, if it is large enough.
    pub(crate) fn treatment(&self) -> Treatment {
        let values = match (self.codebook, self.dial) {
            (Some(entries), _) => ValueRule::Codebook(entries),
            (None, Some(_)) => ValueRule::Dial,
            (None, None) => ValueRule::Exact,
        };
        Treatment { prune: self.prune, values }
    }

    /// Returns why a tensor without a rule stays lossless; `None` if it does not.
    pub(crate) fn reason_to_keep(shape: &[u64]) -> Option<&'static str> {
        let elements: u64 = shape.iter().product();
        match () {
            () if shape.iter().filter(|&&dimension| dimension > 1).count() < 2 => Some("one dimension"),
            () if elements < MIN_ELEMENTS => Some("few elements"),
            () => None,
        }
    }
}
