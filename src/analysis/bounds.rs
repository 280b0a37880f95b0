//! The actual size of a container and theoretical bounds.

use super::ledger::{Category, Ledger};
use super::statistics::TensorStatistics;
use super::stream::{CodeLengths, StreamBounds};

/// Options of [`Reader::bounds`](crate::Reader::bounds).
///
/// ```
/// let options = tersor::analysis::BoundsOptions::default().with_statistics(true);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BoundsOptions {
    pub(super) statistics: bool,
    pub(super) precision: Option<f64>,
}

impl BoundsOptions {
    /// Also computes the moments of each tensor's values, and their code lengths under priors. Everything is then
    /// decoded twice.
    #[must_use]
    pub fn with_statistics(mut self, statistics: bool) -> Self {
        self.statistics = statistics;
        self
    }

    /// Sets the step for priors, in units of the values: values are rounded to its multiples. It must be positive and
    /// finite. The default is 1 for integers, and for any other tensor the power of two nearest to its root mean square
    /// divided by 256.
    #[must_use]
    pub fn with_precision(mut self, step: f64) -> Self {
        self.precision = Some(step);
        self
    }
}

/// The size of every part of a container, and the theoretical bounds of its streams.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bounds {
    /// The use of every byte.
    pub ledger: Ledger,
    /// The segments, in the order of [`Ledger::segments`].
    pub segments: Vec<SegmentBounds>,
    /// The statistics of each tensor by its ordinal; `None` for contents of files, aliases, empty tensors and complex
    /// tensors, and for all tensors without [`BoundsOptions::with_statistics`].
    pub statistics: Vec<Option<TensorStatistics>>,
}

/// The streams of a segment.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SegmentBounds {
    /// The mask, if there is one, then the fields from the most significant to the least significant; or the bytes of a
    /// segment without fields.
    pub streams: Vec<StreamBounds>,
    /// The bits of the codebooks and scales in chunks.
    pub group_bits: u64,
}

impl SegmentBounds {
    /// Returns the sum of the code lengths of all streams that have a model.
    #[must_use]
    pub fn lengths(&self) -> CodeLengths {
        let mut sum = CodeLengths::default();
        self.streams.iter().filter_map(|stream| stream.lengths.as_ref()).for_each(|lengths| sum.add(lengths));
        sum
    }

    /// Returns the size in bits of the streams without a model.
    #[must_use]
    pub fn raw_bits(&self) -> u64 {
        self.streams.iter().filter(|stream| stream.lengths.is_none()).map(|stream| stream.actual_bits).sum()
    }

    /// Returns the size in bits with an ideal adaptive code under the contexts of the segment:
    /// [`CodeLengths::kt_bits`], plus the actual size of streams without a model, codebooks and scales.
    #[must_use]
    pub fn ideal_bits(&self) -> f64 {
        self.lengths().kt_bits + (self.raw_bits() + self.group_bits) as f64
    }

    /// Returns the same with a single context for each stream.
    #[must_use]
    pub fn order0_bits(&self) -> f64 {
        self.lengths().kt_order0_bits + (self.raw_bits() + self.group_bits) as f64
    }
}

/// The bits of a container by their use:
///
/// ```text
///     file_bits = lengths.model_bits + coder_overhead_bits + raw_bits + side_information_bits + framing_bits
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// The size of the whole container.
    pub file_bits: u64,
    /// The number of symbols of streams with a model.
    pub symbols: u64,
    /// The code lengths of streams with a model.
    pub lengths: CodeLengths,
    /// The actual size of streams with a model.
    pub stream_bits: u64,
    /// The size of streams without a model: raw bytes, zstd, packed bits.
    pub raw_bits: u64,
    /// The size of tables, classes, codebooks and scales.
    pub side_information_bits: u64,
    /// The rest: header, manifest, frames, lengths, checksums, padding, index, digests, footer.
    pub framing_bits: u64,
}

impl Totals {
    /// Returns the bits that the contexts save.
    #[must_use]
    pub fn modelling_gain_bits(&self) -> f64 {
        self.lengths.order0_bits - self.lengths.conditional_bits
    }

    /// Returns the bits that an adaptive code needs beyond known distributions.
    #[must_use]
    pub fn learning_bits(&self) -> f64 {
        self.lengths.kt_bits - self.lengths.conditional_bits
    }

    /// Returns the bits that the models of the file need beyond the empirical distributions; negative if adaptive
    /// models are better.
    #[must_use]
    pub fn model_excess_bits(&self) -> f64 {
        self.lengths.model_bits - self.lengths.conditional_bits
    }

    /// Returns the bits that the coders need beyond their models: states, rounding, the last word.
    #[must_use]
    pub fn coder_overhead_bits(&self) -> f64 {
        self.stream_bits as f64 - self.lengths.model_bits
    }

    /// Returns the share of the file that is neither side information nor framing nor coder overhead; 1 is ideal.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let ideal = self.lengths.model_bits + self.raw_bits as f64;
        (self.file_bits > 0).then(|| ideal / self.file_bits as f64)
    }

    /// Returns the same without [`raw_bits`](Self::raw_bits), which no model and no coder can change: the code length of
    /// the model as a share of all other bits. `None` if there are no other bits.
    #[must_use]
    pub fn efficiency_without_raw(&self) -> Option<f64> {
        let coded = self.file_bits.checked_sub(self.raw_bits).filter(|&bits| bits > 0)?;
        Some(self.lengths.model_bits / coded as f64)
    }

    /// Returns side information, framing and coder overhead divided by the rest of the file; `None` if the
    /// rest takes no bits.
    #[must_use]
    pub fn overhead(&self) -> Option<f64> {
        let ideal = self.lengths.model_bits + self.raw_bits as f64;
        (ideal > 0.0).then(|| self.file_bits as f64 / ideal - 1.0)
    }
}

/// The categories of side information.
const SIDE_INFORMATION: [Category; 4] = [Category::Tables, Category::Classes, Category::Codebooks, Category::Scales];

impl Bounds {
    /// Returns the sums over all segments.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { file_bits: 8 * self.ledger.bytes(), ..Totals::default() };
        for segment in &self.segments {
            totals.lengths.add(&segment.lengths());
            totals.raw_bits += segment.raw_bits();
            let modelled = segment.streams.iter().filter(|stream| stream.lengths.is_some());
            for stream in modelled {
                totals.symbols += stream.symbols;
                totals.stream_bits += stream.actual_bits;
            }
        }
        let side =
            |(category, bytes): (Category, u64)| if SIDE_INFORMATION.contains(&category) { 8 * bytes } else { 0 };
        totals.side_information_bits = self.ledger.totals().into_iter().map(side).sum();
        let coded = totals.stream_bits + totals.raw_bits + totals.side_information_bits;
        // streams and side information are lines of the ledger, so the difference is not negative
        totals.framing_bits = totals.file_bits.saturating_sub(coded);
        totals
    }
}
