//! What the streams of a segment show when they are decoded, and their code lengths.

use super::entropy::{adaptive_bits, distinct, entropy_bits, two_part_bits};
use crate::coders::{
    AdaptiveCodeLength, bits_code_length, kept_code_length, mask_code_length, mixed_code_length, static_code_length,
};
use crate::represent::{Coding, ContextSource, Fields, Representation, Seen};
use crate::tensor::Dtype;

/// A stream of a segment: a mask, a field, or the bytes of a segment without fields. All lengths are of the symbols of all
/// chunks, in bits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamBounds {
    /// `mask`, `field 0` and so on from the most significant, or `bytes`.
    pub name: String,
    /// Whether it says where values lie, not what they are.
    pub is_mask: bool,
    /// Bits of a symbol, 1 to 64.
    pub width: u32,
    /// `lanes`, `bits`, `mixed`, `constant`, `raw` or `zstd`.
    pub coding: &'static str,
    /// Contexts that its symbols are told apart by, 1 to 32.
    pub contexts: u32,
    /// What picks the context, if there are several: classes of axes, or an earlier field.
    pub context_source: Option<String>,
    /// Symbols of all chunks.
    pub symbols: u64,
    /// Different ones among them; `None` without a model.
    pub distinct: Option<u64>,
    /// `None` without a model: raw bits and zstd.
    pub lengths: Option<CodeLengths>,
    /// What it takes in the file: states, words and escapes of lanes; words and their number of other coders; or the bytes themselves.
    pub actual_bits: u64,
}

impl StreamBounds {
    /// What its model says as a share of what it takes; `None` without a model, or if it takes nothing.
    pub fn efficiency(&self) -> Option<f64> {
        let lengths = self.lengths.as_ref().filter(|_| self.actual_bits > 0)?;
        Some(lengths.model_bits / self.actual_bits as f64)
    }

    /// What it takes beyond its model, as a share of that; `None` without a model, or if the model says that nothing is needed.
    pub fn overhead(&self) -> Option<f64> {
        let lengths = self.lengths.as_ref().filter(|lengths| lengths.model_bits > 0.0)?;
        Some(self.actual_bits as f64 / lengths.model_bits - 1.0)
    }
}

/// Code lengths of a stream's symbols, in bits; see [the module](crate::analysis) for where they come from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct CodeLengths {
    /// n·H over all symbols.
    pub order0_bits: f64,
    /// Σ n·H over the contexts of the file.
    pub conditional_bits: f64,
    /// Krichevsky and Trofimov's adaptive code of all symbols.
    pub kt_order0_bits: f64,
    /// The same in each context.
    pub kt_bits: f64,
    /// A code in two parts in each context.
    pub two_part_bits: f64,
    /// Under the file's own models, as its decoder has them at each symbol.
    pub model_bits: f64,
}

impl CodeLengths {
    /// Adds those of another stream.
    pub(super) fn add(&mut self, other: &Self) {
        self.order0_bits += other.order0_bits;
        self.conditional_bits += other.conditional_bits;
        self.kt_order0_bits += other.kt_order0_bits;
        self.kt_bits += other.kt_bits;
        self.two_part_bits += other.two_part_bits;
        self.model_bits += other.model_bits;
    }
}

/// What a segment's head says of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamHead<'s> {
    fields: &'s Fields,
    /// `None`: the mask.
    field: Option<usize>,
    width: u32,
    coding: &'s Coding,
}

impl<'s> StreamHead<'s> {
    /// Of a segment of fields, in the order of [`Seen::stream`].
    pub(super) fn all(fields: &'s Fields) -> Vec<Self> {
        let mask = fields.steps.mask.as_ref();
        let mask = mask.map(|mask| Self { fields, field: None, width: mask.shape.group, coding: &mask.coding });
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

/// What was seen of a stream in some chunks.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    symbols: u64,
    /// By context << width | symbol; empty where nothing is counted.
    counts: Vec<u64>,
    /// Of models whose probabilities change on the way.
    model_bits: f64,
}

impl Tally {
    /// Adds what was seen in later chunks.
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

/// Tallies a stream, chunk after chunk.
pub(super) struct Tallying<'s> {
    head: StreamHead<'s>,
    tally: Tally,
    /// In a chunk whose tables follow the symbols.
    adaptive: Option<AdaptiveCodeLength<'s>>,
}

impl<'s> Tallying<'s> {
    pub(super) fn new(head: StreamHead<'s>) -> Self {
        let counted = !matches!(head.coding, Coding::Raw | Coding::Constant(_));
        let counts = if counted { vec![0; head.contexts() << head.width] } else { Vec::new() };
        Self { head, tally: Tally { counts, ..Tally::default() }, adaptive: None }
    }

    pub(super) fn start_chunk(&mut self) {
        if let Coding::Lanes(_, model) = self.head.coding {
            self.adaptive = AdaptiveCodeLength::new(model);
        }
    }

    pub(super) fn end_chunk(&mut self) {
        self.tally.model_bits += self.adaptive.take().map_or(0.0, AdaptiveCodeLength::finish);
    }

    pub(super) fn see(&mut self, seen: Seen<'_>) {
        let Seen { symbols, contexts, kept, .. } = seen;
        self.tally.symbols += symbols.len() as u64;
        self.count(symbols, contexts);
        // all but lanes come as whole chunks
        self.tally.model_bits += match (self.head.coding, kept) {
            (Coding::Lanes(..), _) => {
                self.adaptive.iter_mut().for_each(|adaptive| adaptive.add(symbols, contexts));
                0.0
            }
            (Coding::Bits(_, model), _) => bits_code_length(symbols, contexts, model),
            (Coding::Mixed(_, model), _) => mixed_code_length(symbols, contexts, model),
            (Coding::MixedMask(geometry), _) => mask_code_length(symbols, *geometry),
            (Coding::MixedKept(model), Some(kept)) => kept_code_length(symbols, kept, model),
            (Coding::MixedKept(_), None) | (Coding::Raw | Coding::Constant(_), _) => 0.0,
        };
    }

    fn count(&mut self, symbols: &[u16], contexts: &[u8]) {
        let counts = &mut self.tally.counts[..];
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

    pub(super) fn finish(self) -> Tally {
        self.tally
    }
}

/// The bounds of a segment's streams from what was seen in all its chunks, and the bytes that they take.
pub(super) fn bounds(
    representation: &Representation,
    dtype: Dtype,
    elements: u64,
    tallies: Vec<Tally>,
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
            let mut tallies = tallies.into_iter();
            heads.map(|(n, head)| of_stream(head, tallies.next().unwrap_or_default(), bits_of(n))).collect()
        }
    }
}

fn of_stream(head: StreamHead<'_>, tally: Tally, actual_bits: u64) -> StreamBounds {
    let (coding, lengths, distinct) = match head.coding {
        Coding::Raw => ("raw", None, None),
        Coding::Constant(_) => {
            let mut counts = vec![0; 1 << head.width];
            counts[0] = tally.symbols;
            ("constant", Some(lengths(&counts, head.width, 0.0)), Some(tally.symbols.min(1)))
        }
        coding => {
            let (name, model_bits) = match coding {
                Coding::Lanes(_, model) if AdaptiveCodeLength::new(model).is_none() => {
                    ("lanes", static_code_length(&tally.counts, &model.tables))
                }
                Coding::Lanes(..) => ("lanes", tally.model_bits),
                Coding::Bits(..) => ("bits", tally.model_bits),
                _ => ("mixed", tally.model_bits),
            };
            let lengths = lengths(&tally.counts, head.width, model_bits);
            (name, Some(lengths), Some(distinct(&of_all_contexts(&tally.counts, head.width))))
        }
    };
    StreamBounds {
        name: head.field.map_or_else(|| "mask".to_owned(), |number| format!("field {number}")),
        is_mask: head.field.is_none(),
        width: head.width,
        coding,
        contexts: head.contexts() as u32,
        context_source: head.context_source(),
        symbols: tally.symbols,
        distinct,
        lengths,
        actual_bits,
    }
}

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

fn of_all_contexts(counts: &[u64], width: u32) -> Vec<u64> {
    let mut all = vec![0; 1 << width];
    for own in counts.chunks_exact(1 << width) {
        all.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
    }
    all
}
