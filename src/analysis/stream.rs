//! Symbol counts and code lengths of the streams of a segment.

use super::entropy::{adaptive_bits, distinct, entropy_bits, two_part_bits};
use crate::coders::{AdaptiveCodeLength, CodeLengthMeter, static_code_length};
use crate::represent::{Coding, ContextSource, Fields, Representation, StreamObservation};
use crate::tensor::Dtype;

/// The bounds of one stream of a segment: a mask, a field, or the bytes of a segment without fields. Code lengths are
/// in bits, summed over all chunks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamBounds {
    /// `mask`; `field 0`, `field 1` and so on from the most significant; or `bytes`.
    pub name: String,
    /// Whether the stream is a mask.
    pub is_mask: bool,
    /// The number of bits of a symbol, 1 to 64.
    pub width: u32,
    /// `lanes`, `bits`, `mixed`, `constant`, `raw` or `zstd`.
    pub coding: &'static str,
    /// The number of contexts, 1 to 32.
    pub contexts: u32,
    /// The source of the context, if there are several contexts: classes of axes, or an earlier field.
    pub context_source: Option<String>,
    /// The number of symbols.
    pub symbols: u64,
    /// The number of distinct symbols; `None` without a model.
    pub distinct: Option<u64>,
    /// The code lengths; `None` without a model, that is for raw bits, raw bytes and zstd.
    pub lengths: Option<CodeLengths>,
    /// The size in the file: states, words and escapes of lanes; words and their number for other coders; or the bytes.
    pub actual_bits: u64,
}

impl StreamBounds {
    /// Returns the code length of the model divided by the actual size; `None` without a model, or if the actual size
    /// is 0.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let lengths = self.lengths.as_ref().filter(|_| self.actual_bits > 0)?;
        Some(lengths.model_bits / self.actual_bits as f64)
    }

    /// Returns the excess of the actual size over the code length of the model, divided by the latter; `None` without a
    /// model, or if the code length is 0.
    #[must_use]
    pub fn overhead(&self) -> Option<f64> {
        let lengths = self.lengths.as_ref().filter(|lengths| lengths.model_bits > 0.0)?;
        Some(self.actual_bits as f64 / lengths.model_bits - 1.0)
    }
}

/// Code lengths of the symbols of a stream, in bits. [The module](crate::analysis) defines them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct CodeLengths {
    /// The empirical entropy of all symbols, n·H.
    pub order0_bits: f64,
    /// The empirical entropy given the contexts of the file, Σ n·H.
    pub conditional_bits: f64,
    /// The adaptive code of Krichevsky and Trofimov for all symbols.
    pub kt_order0_bits: f64,
    /// The same code with separate counts in each context.
    pub kt_bits: f64,
    /// A two-part code in each context.
    pub two_part_bits: f64,
    /// The code length under the models of the file, in the state in which the decoder uses them for each symbol.
    pub model_bits: f64,
}

impl CodeLengths {
    /// Adds the code lengths of another stream.
    pub(super) fn add(&mut self, other: &Self) {
        self.order0_bits += other.order0_bits;
        self.conditional_bits += other.conditional_bits;
        self.kt_order0_bits += other.kt_order0_bits;
        self.kt_bits += other.kt_bits;
        self.two_part_bits += other.two_part_bits;
        self.model_bits += other.model_bits;
    }
}

/// The description of a stream in the head of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamHead<'s> {
    fields: &'s Fields,
    /// The number of the field; `None` for the mask.
    field: Option<usize>,
    width: u32,
    coding: &'s Coding,
}

impl<'s> StreamHead<'s> {
    /// Returns all streams of a segment, in the order of [`StreamObservation::stream`].
    pub(super) fn all(fields: &'s Fields) -> Vec<Self> {
        let mask = fields.steps.mask.as_ref();
        let mask = mask.map(|mask| Self { fields, field: None, width: mask.symbol_bits(), coding: &mask.coding });
        let fields_of = fields.fields.iter().enumerate().map(|(number, field)| Self {
            fields,
            field: Some(number),
            width: field.width,
            coding: &field.coding,
        });
        mask.into_iter().chain(fields_of).collect()
    }

    fn contexts(&self) -> usize {
        self.coding.source().contexts()
    }

    fn context_source(&self) -> Option<String> {
        match self.coding.source() {
            ContextSource::None => None,
            ContextSource::Classes { field, .. } => {
                let classes = self.fields.class_fields.get(*field)?;
                Some(format!("classes of {}", classes.describe()))
            }
            ContextSource::Field { field, .. } => Some(format!("field {field}")),
        }
    }
}

/// The symbol counts of a stream over some chunks.
#[derive(Debug, Clone, Default)]
pub(super) struct StreamCounts {
    symbols: u64,
    /// The counts by `context << width | symbol`; empty if the coding needs no counts.
    counts: Vec<u64>,
    /// The code length under adaptive models.
    model_bits: f64,
}

impl StreamCounts {
    /// Adds the counts of later chunks.
    pub(super) fn merge(&mut self, other: Self) {
        self.symbols += other.symbols;
        self.model_bits += other.model_bits;
        if self.counts.is_empty() {
            self.counts = other.counts;
        } else {
            self.counts.iter_mut().zip(other.counts).for_each(|(sum, count)| *sum += count);
        }
    }
}

/// Counts the symbols of a stream, chunk after chunk.
pub(super) struct StreamCounter<'s> {
    head: StreamHead<'s>,
    counts: StreamCounts,
    /// Adds up the code length of a chunk, if it does not follow from the counts.
    meter: Option<Box<dyn CodeLengthMeter + 's>>,
    /// Whether the chunk has no symbols so far.
    is_new_chunk: bool,
}

impl<'s> StreamCounter<'s> {
    pub(super) fn new(head: StreamHead<'s>) -> Self {
        let counted = !matches!(head.coding, Coding::Raw | Coding::Constant(_));
        let counts = if counted { vec![0; head.contexts() << head.width] } else { Vec::new() };
        Self { head, counts: StreamCounts { counts, ..StreamCounts::default() }, meter: None, is_new_chunk: true }
    }

    pub(super) fn start_chunk(&mut self) {
        self.is_new_chunk = true;
    }

    pub(super) fn end_chunk(&mut self) {
        self.counts.model_bits += self.meter.take().map_or(0.0, |meter| meter.finish());
    }

    /// Adds the next symbols of the stream.
    pub(super) fn observe(&mut self, observation: StreamObservation<'_>) {
        let StreamObservation { symbols, contexts, kept, .. } = observation;
        self.counts.symbols += symbols.len() as u64;
        self.count(symbols, contexts);
        if std::mem::take(&mut self.is_new_chunk) {
            self.meter = self.head.coding.model().meter(kept);
        }
        self.meter.iter_mut().for_each(|meter| meter.add(symbols, contexts));
    }

    fn count(&mut self, symbols: &[u16], contexts: &[u8]) {
        let counts = &mut self.counts.counts[..];
        if counts.is_empty() {
            return;
        }
        let mut add = |index: usize| {
            if let Some(count) = counts.get_mut(index) {
                *count += 1;
            }
        };
        match contexts {
            [] => symbols.iter().for_each(|&symbol| add(usize::from(symbol))),
            _ => symbols
                .iter()
                .zip(contexts)
                .for_each(|(&symbol, &context)| add(usize::from(context) << self.head.width | usize::from(symbol))),
        }
    }

    pub(super) fn finish(self) -> StreamCounts {
        self.counts
    }
}

/// Returns the bounds of all streams of a segment, from the counts and the bytes of each stream.
pub(super) fn bounds(
    representation: &Representation,
    dtype: Dtype,
    elements: u64,
    all_counts: Vec<StreamCounts>,
    bytes: &[u64],
) -> Vec<StreamBounds> {
    let bits_of = |stream: usize| 8 * bytes.get(stream).copied().unwrap_or(0);
    match representation {
        Representation::Raw | Representation::Zstd => vec![StreamBounds {
            name: "bytes".to_owned(),
            is_mask: false,
            width: dtype.bits(),
            coding: representation.name(),
            contexts: 1,
            context_source: None,
            symbols: elements,
            distinct: None,
            lengths: None,
            actual_bits: bits_of(0),
        }],
        Representation::Fields(fields) => {
            let heads = StreamHead::all(fields).into_iter().enumerate();
            let mut all_counts = all_counts.into_iter();
            heads.map(|(n, head)| stream_bounds(head, all_counts.next().unwrap_or_default(), bits_of(n))).collect()
        }
    }
}

fn stream_bounds(head: StreamHead<'_>, counts: StreamCounts, actual_bits: u64) -> StreamBounds {
    let (coding, lengths, distinct) = match head.coding {
        Coding::Raw => ("raw", None, None),
        Coding::Constant(_) => {
            let mut single = vec![0; 1 << head.width];
            single[0] = counts.symbols;
            ("constant", Some(lengths(&single, head.width, 0.0)), Some(counts.symbols.min(1)))
        }
        coding => {
            let (name, model_bits) = match coding {
                Coding::Lanes(_, model) if AdaptiveCodeLength::new(model).is_none() => {
                    ("lanes", static_code_length(&counts.counts, &model.tables))
                }
                Coding::Lanes(..) => ("lanes", counts.model_bits),
                Coding::Bits(..) => ("bits", counts.model_bits),
                _ => ("mixed", counts.model_bits),
            };
            let lengths = lengths(&counts.counts, head.width, model_bits);
            (name, Some(lengths), Some(distinct(&of_all_contexts(&counts.counts, head.width))))
        }
    };
    StreamBounds {
        name: head.field.map_or_else(|| "mask".to_owned(), |number| format!("field {number}")),
        is_mask: head.field.is_none(),
        width: head.width,
        coding,
        contexts: head.contexts() as u32,
        context_source: head.context_source(),
        symbols: counts.symbols,
        distinct,
        lengths,
        actual_bits,
    }
}

/// Computes all code lengths from the counts by `context << width | symbol`.
fn lengths(counts: &[u64], width: u32, model_bits: f64) -> CodeLengths {
    let all = of_all_contexts(counts, width);
    let in_contexts = |bits: fn(&[u64]) -> f64| counts.chunks_exact(1 << width).map(bits).sum();
    CodeLengths {
        order0_bits: entropy_bits(&all),
        conditional_bits: in_contexts(entropy_bits),
        kt_order0_bits: adaptive_bits(&all),
        kt_bits: in_contexts(adaptive_bits),
        two_part_bits: in_contexts(two_part_bits),
        model_bits,
    }
}

/// Returns the counts summed over all contexts.
fn of_all_contexts(counts: &[u64], width: u32) -> Vec<u64> {
    let mut all = vec![0; 1 << width];
    for own in counts.chunks_exact(1 << width) {
        all.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
    }
    all
}
