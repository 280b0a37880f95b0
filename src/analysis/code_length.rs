//! What the models of a container could do at best: the ideal code length of what it holds.

use crate::decode::{ReadAt, Reader, Segment, zeroed};
use crate::entropy::{BIT, adaptive_cost};
use crate::error::Result;
use crate::represent::{Coding, Representation, StreamBytes};

/// Ideal code lengths of a segment, in bits.
///
/// Of a field under a model: for each context the number of symbols times their entropy, and half of log2 of that number for
/// each symbol in use, which is what learning them costs (Rissanen 1983). Fields without a model and constants count as what
/// they take. Coders of bits one by one learn on the way and may take less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeLength {
    /// Under the contexts that the segment states.
    pub ideal_bits: u64,
    /// Had it no contexts: one distribution for each field.
    pub order0_bits: u64,
}

impl<S: ReadAt> Reader<S> {
    /// The ideal code length of each segment, in the order of the file. Decodes all.
    ///
    /// # Errors
    /// As decoding.
    pub fn code_lengths(&self) -> Result<Vec<CodeLength>> {
        let count = self.directory().index.segments.len() as u32;
        self.workers().map((0..count).collect(), |number| {
            let segment = self.segment(number)?;
            self.code_length(&segment)
        })
    }

    fn code_length(&self, segment: &Segment) -> Result<CodeLength> {
        let mut observed: Vec<Observed> = Vec::new();
        for index in 0..segment.head.chunks.len() {
            let coded = segment.read_chunk(self.source(), index)?;
            let mut out = zeroed(segment.chunk_bytes(index))?;
            let observe = |stream: usize, width: u32, coding: &Coding, symbols: &[u16], contexts: &[u8]| {
                if stream >= observed.len() {
                    observed.resize_with(stream + 1, Observed::default);
                }
                observed[stream].add(width, coding, symbols, contexts);
            };
            self.with_scratch(|scratch| segment.observe_chunk(index, &coded, &mut out, scratch, observe))?;
        }
        let mut length = CodeLength::default();
        if let Representation::Fields(fields) = &segment.representation
            && fields.steps.map.is_in_chunks()
        {
            // codebooks and scales count as what they take
            let mut streams = StreamBytes::default();
            for index in 0..segment.head.chunks.len() {
                let coded = segment.read_chunk(self.source(), index)?;
                fields.account(segment.head.dtype, &segment.head.chunk_range(index), &coded, &mut streams)?;
            }
            length.ideal_bits = 8 * (streams.codebooks + streams.scales);
            length.order0_bits = length.ideal_bits;
        }
        if observed.is_empty() {
            let bits = segment.head.coded_len() * 8;
            return Ok(CodeLength { ideal_bits: bits, order0_bits: bits });
        }
        for observed in &observed {
            let all = observed.counts.first().cloned().unwrap_or_default();
            let all = observed
                .counts
                .iter()
                .skip(1)
                .fold(all, |sum, counts| sum.iter().zip(counts).map(|(a, b)| a + b).collect());
            length.order0_bits += observed.raw_bits + adaptive_cost(&all) / BIT;
            let in_contexts: u64 = observed.counts.iter().map(|counts| adaptive_cost(counts)).sum();
            length.ideal_bits += observed.raw_bits + in_contexts / BIT;
        }
        Ok(length)
    }
}

/// What a field showed.
#[derive(Debug, Default)]
struct Observed {
    /// Of fields without a model.
    raw_bits: u64,
    /// By context and symbol.
    counts: Vec<Vec<u64>>,
}

impl Observed {
    fn add(&mut self, width: u32, coding: &Coding, symbols: &[u16], contexts: &[u8]) {
        match coding {
            Coding::Constant(_) => {}
            Coding::Raw => self.raw_bits += symbols.len() as u64 * u64::from(width),
            _ => {
                self.counts.resize(coding.source().contexts(), vec![0; 1 << width]);
                match contexts {
                    [] => symbols.iter().for_each(|&symbol| self.counts[0][usize::from(symbol)] += 1),
                    _ => symbols.iter().zip(contexts).for_each(|(&symbol, &context)| {
                        self.counts[usize::from(context)][usize::from(symbol)] += 1;
                    }),
                }
            }
        }
    }
}
