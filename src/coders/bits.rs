//! A field coded in bits (sections 8.1 and 11.4): the symbols of each context by a tree of adaptive bits. The trees
//! start anew in every chunk.

use super::check_symbol_width;
use super::context::Tree;
use super::range::{BitDecoder, BitEncoder, CoderWidth, Narrow, Wide, skip_stream};
use super::sink::{CodeLength, CodeLengthMeter, QuickCost, Sink, infallible};
use crate::error::{Error, Result};
use crate::spec::MAX_SLOTS;
use crate::wire::Cursor;

/// The width of the coder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WordSize {
    /// 16-bit words: for short streams.
    Narrow,
    /// 32-bit words: closer to the model if a bit is almost certain.
    Wide,
}

/// The parameters of a field coded in bits, without its context source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BitsModel {
    pub(crate) word: WordSize,
    /// The maximum count of an adaptive bit, at least 1.
    pub(crate) limit: u8,
    /// Bits of a symbol.
    pub(crate) width: u32,
    /// The number of contexts, at least 1.
    pub(crate) contexts: usize,
}

impl BitsModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        check_symbol_width(width).map_err(|error| cursor.place(error))?;
        // Section 11.4. The bound counts 2^width adaptive bits for each tree, although the first one is unused.
        if contexts == 0 || contexts > MAX_SLOTS >> width {
            return Err(cursor.place(Error::corrupt(format!("{contexts} trees of {width} bits are not allowed"))));
        }
        let start = cursor.clone();
        let word = match cursor.u8()? {
            0 => WordSize::Narrow,
            1 => WordSize::Wide,
            other => return Err(start.place(Error::corrupt(format!("the bits coder has no word size {other}")))),
        };
        let start = cursor.clone();
        let limit = cursor.u8()?;
        if limit == 0 {
            return Err(start.place(Error::corrupt("the count limit of the bits coder is 0")));
        }
        Ok(Self { word, limit, width, contexts })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.word {
            WordSize::Narrow => 0,
            WordSize::Wide => 1,
        });
        out.push(self.limit);
    }

    /// Returns the trees of all contexts, as they are at the start of a chunk.
    fn new_trees(&self) -> Vec<Tree> {
        vec![Tree::new(self.width); self.contexts]
    }

    /// Codes `count` symbols: `code` codes the symbol of the given number by the tree of its context.
    ///
    /// `contexts` has one context for each symbol, or is empty if there is only one context.
    #[inline(always)]
    fn code<E>(
        trees: &mut [Tree],
        contexts: &[u8],
        count: usize,
        mut code: impl FnMut(usize, &mut Tree) -> Result<(), E>,
    ) -> Result<(), E> {
        if let [tree] = trees {
            (0..count).try_for_each(|i| code(i, tree))
        } else {
            assert_eq!(contexts.len(), count, "one context for each symbol");
            (0..count).try_for_each(|i| code(i, &mut trees[usize::from(contexts[i])]))
        }
    }

    /// Codes the known symbols of a chunk.
    #[inline(always)]
    fn code_known<S: Sink>(&self, symbols: &[u16], contexts: &[u8], sink: &mut S) -> Result<(), S::Error> {
        Self::code(&mut self.new_trees(), contexts, symbols.len(), |i, tree| {
            tree.code(sink, symbols[i], self.limit).map(|_| ())
        })
    }
}

/// Appends the stream of a chunk's symbols, each below 2^width.
///
/// `contexts` has one context for each symbol, or is empty if there is only one context.
pub(crate) fn encode_bits(symbols: &[u16], contexts: &[u8], model: &BitsModel, out: &mut Vec<u8>) {
    match model.word {
        WordSize::Narrow => encode::<Narrow>(symbols, contexts, model, out),
        WordSize::Wide => encode::<Wide>(symbols, contexts, model, out),
    }
}

fn encode<W: CoderWidth>(symbols: &[u16], contexts: &[u8], model: &BitsModel, out: &mut Vec<u8>) {
    let mut encoder = BitEncoder::<W>::new();
    infallible(model.code_known(symbols, contexts, &mut encoder));
    encoder.finish(out);
}

/// Decodes the stream of a chunk into `out`; `contexts` is as in [`encode_bits`].
#[cfg(any(test, feature = "internals"))]
pub(crate) fn decode_bits(cursor: &mut Cursor<'_>, model: &BitsModel, contexts: &[u8], out: &mut [u16]) -> Result<()> {
    let mut decoder = BitsDecoder::new(cursor, model)?;
    decoder.next(contexts, out)?;
    decoder.finish()
}

/// Decodes the stream of a chunk block by block.
pub(crate) struct BitsDecoder<'m, 'c> {
    model: &'m BitsModel,
    bits: BitsOfWidth<'c>,
    trees: Vec<Tree>,
    start: Cursor<'c>,
    /// The number of symbols decoded so far.
    count: usize,
}

/// The bits coder of the width that the model asks for.
enum BitsOfWidth<'a> {
    Narrow(BitDecoder<'a, Narrow>),
    Wide(BitDecoder<'a, Wide>),
}

impl<'m, 'c> BitsDecoder<'m, 'c> {
    /// Moves `cursor` past the stream.
    pub(crate) fn new(cursor: &mut Cursor<'c>, model: &'m BitsModel) -> Result<Self> {
        let start = cursor.clone();
        let bits = match model.word {
            WordSize::Narrow => BitDecoder::new(cursor).map(BitsOfWidth::Narrow),
            WordSize::Wide => BitDecoder::new(cursor).map(BitsOfWidth::Wide),
        };
        let bits = bits.map_err(|error| start.place(error))?;
        Ok(Self { model, bits, trees: model.new_trees(), start, count: 0 })
    }

    /// Decodes the next symbols; `contexts` is as in [`encode_bits`].
    pub(crate) fn next(&mut self, contexts: &[u8], out: &mut [u16]) -> Result<()> {
        let trees = &mut self.trees[..];
        if trees.len() > 1 && contexts.len() != out.len() {
            let what = format!("{} contexts for {} symbols", contexts.len(), out.len());
            return Err(self.start.place(Error::corrupt(what)));
        }
        if trees.len() > 1 && contexts.iter().any(|&context| usize::from(context) >= trees.len()) {
            return Err(self.start.place(Error::corrupt("a context without a tree")));
        }
        self.count += out.len();
        let limit = self.model.limit;
        let decoded = match &mut self.bits {
            BitsOfWidth::Narrow(bits) => decode(bits, trees, limit, contexts, out),
            BitsOfWidth::Wide(bits) => decode(bits, trees, limit, contexts, out),
        };
        decoded.map_err(|error| self.start.place(error))
    }

    /// Checks the end of the stream, after the last symbol.
    pub(crate) fn finish(self) -> Result<()> {
        let finished = match self.bits {
            BitsOfWidth::Narrow(bits) => bits.finish_chunk(self.count),
            BitsOfWidth::Wide(bits) => bits.finish_chunk(self.count),
        };
        finished.map_err(|error| self.start.place(error))
    }
}

fn decode<W: CoderWidth>(
    bits: &mut BitDecoder<'_, W>,
    trees: &mut [Tree],
    limit: u8,
    contexts: &[u8],
    out: &mut [u16],
) -> Result<()> {
    BitsModel::code(trees, contexts, out.len(), |i, tree| {
        out[i] = tree.code(bits, 0, limit)?;
        Ok(())
    })
}

/// Skips a stream; returns its size in bytes.
pub(crate) fn skip_bits(cursor: &mut Cursor<'_>, model: &BitsModel) -> Result<usize> {
    match model.word {
        WordSize::Narrow => skip_stream::<Narrow>(cursor),
        WordSize::Wide => skip_stream::<Wide>(cursor),
    }
}

/// Returns the cost of a chunk, in units of 2^-16 bit; `contexts` is as in [`encode_bits`].
pub(crate) fn bits_cost(symbols: &[u16], contexts: &[u8], model: &BitsModel) -> u64 {
    let mut cost = QuickCost::default();
    infallible(model.code_known(symbols, contexts, &mut cost));
    cost.total
}

/// The exact code length of a stream in bits.
struct BitsMeter<'m, W> {
    model: &'m BitsModel,
    trees: Vec<Tree>,
    length: CodeLength<W>,
}

impl<W: CoderWidth> CodeLengthMeter for BitsMeter<'_, W> {
    fn add(&mut self, symbols: &[u16], contexts: &[u8]) {
        let limit = self.model.limit;
        let length = &mut self.length;
        infallible(BitsModel::code(&mut self.trees, contexts, symbols.len(), |i, tree| {
            tree.code(length, symbols[i], limit).map(|_| ())
        }));
    }

    fn finish(self: Box<Self>) -> f64 {
        self.length.bits()
    }
}

/// Returns a meter of the exact code length of a chunk.
pub(crate) fn bits_meter(model: &BitsModel) -> Box<dyn CodeLengthMeter + '_> {
    let trees = model.new_trees();
    match model.word {
        WordSize::Narrow => Box::new(BitsMeter { model, trees, length: CodeLength::<Narrow>::ONE }),
        WordSize::Wide => Box::new(BitsMeter { model, trees, length: CodeLength::<Wide>::ONE }),
    }
}

#[cfg(test)]
#[path = "bits_tests.rs"]
mod tests;
