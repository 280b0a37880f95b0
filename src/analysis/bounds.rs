//! How few bits what a container holds could take, and how many it does take.

use super::ledger::{Category, Ledger};
use super::statistics::TensorStatistics;
use super::stream::{CodeLengths, StreamBounds};

/// What [`Reader::bounds`](crate::Reader::bounds) is to find out.
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
    /// Also moments of each tensor's values, and code lengths under priors; everything is then decoded twice.
    #[must_use]
    pub fn with_statistics(mut self, statistics: bool) -> Self {
        self.statistics = statistics;
        self
    }

    /// The step, in units of the values, to whose multiples they are rounded for priors: positive and finite. If not set, 1 for
    /// integers, and else of each tensor the power of two nearest to a 256th of its root mean square.
    #[must_use]
    pub fn with_precision(mut self, step: f64) -> Self {
        self.precision = Some(step);
        self
    }
}

/// Every byte of a container, and beside it what its symbols take at best.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bounds {
    /// Where the bytes are.
    pub ledger: Ledger,
    /// Of each segment, in the order of [`Ledger::segments`].
    pub segments: Vec<SegmentBounds>,
    /// By the ordinal of the tensor; `None` for contents of files, repetitions, empty and complex tensors, and everywhere unless asked for.
    pub statistics: Vec<Option<TensorStatistics>>,
}

/// The streams of a segment.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SegmentBounds {
    /// The mask, if there is one, and the fields from the most significant down; or the bytes of a segment without fields.
    pub streams: Vec<StreamBounds>,
    /// Codebooks and scales in chunks.
    pub shared_bits: u64,
}

impl SegmentBounds {
    /// Code lengths of all streams that have a model.
    pub fn lengths(&self) -> CodeLengths {
        let mut sum = CodeLengths::default();
        self.streams.iter().filter_map(|stream| stream.lengths.as_ref()).for_each(|lengths| sum.add(lengths));
        sum
    }

    /// What streams without a model take.
    pub fn raw_bits(&self) -> u64 {
        self.streams.iter().filter(|stream| stream.lengths.is_none()).map(|stream| stream.actual_bits).sum()
    }

    /// What an ideal adaptive code takes under the contexts that the segment states: [`CodeLengths::kt_bits`], and what has no
    /// model, codebooks and scales as they are.
    pub fn ideal_bits(&self) -> f64 {
        self.lengths().kt_bits + (self.raw_bits() + self.shared_bits) as f64
    }

    /// The same had it no contexts.
    pub fn order0_bits(&self) -> f64 {
        self.lengths().kt_order0_bits + (self.raw_bits() + self.shared_bits) as f64
    }
}

/// All bits of a container:
///
/// ```text
///     file_bits = lengths.model_bits + coder_overhead_bits + raw_bits + side_information_bits + framing_bits
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// Of the whole container.
    pub file_bits: u64,
    /// Symbols of streams with a model.
    pub symbols: u64,
    /// Of streams with a model.
    pub lengths: CodeLengths,
    /// What these streams take.
    pub stream_bits: u64,
    /// Streams without a model: raw bytes, zstd, packed bits.
    pub raw_bits: u64,
    /// Tables, classes, codebooks and scales.
    pub side_information_bits: u64,
    /// All else: header, manifest, frames, lengths, checksums, padding, index, digests, footer.
    pub framing_bits: u64,
}

impl Totals {
    /// What the contexts save.
    pub fn modelling_gain_bits(&self) -> f64 {
        self.lengths.order0_bits - self.lengths.conditional_bits
    }

    /// What an adaptive code pays for not knowing the distributions.
    pub fn learning_bits(&self) -> f64 {
        self.lengths.kt_bits - self.lengths.conditional_bits
    }

    /// How far the file's models are from the distributions that the symbols show; less than 0 where models follow the symbols.
    pub fn model_excess_bits(&self) -> f64 {
        self.lengths.model_bits - self.lengths.conditional_bits
    }

    /// What the coders take beyond their models: states, rounding, the last word.
    pub fn coder_overhead_bits(&self) -> f64 {
        self.stream_bits as f64 - self.lengths.model_bits
    }

    /// What is not side information, framing or the coders' own, as a share of the file; 1 is perfect.
    pub fn efficiency(&self) -> Option<f64> {
        let ideal = self.lengths.model_bits + self.raw_bits as f64;
        (self.file_bits > 0).then(|| ideal / self.file_bits as f64)
    }

    /// What is, as a share of what is not; `None` if nothing is coded.
    pub fn overhead(&self) -> Option<f64> {
        let ideal = self.lengths.model_bits + self.raw_bits as f64;
        (ideal > 0.0).then(|| self.file_bits as f64 / ideal - 1.0)
    }
}

/// Categories that are side information.
const SIDE_INFORMATION: [Category; 4] = [Category::Tables, Category::Classes, Category::Codebooks, Category::Scales];

impl Bounds {
    /// All segments together.
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
        // streams and side information are parts of the ledger
        totals.framing_bits = totals.file_bits.saturating_sub(coded);
        totals
    }
}
