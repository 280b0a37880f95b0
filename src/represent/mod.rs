//! Representations (sections 7 and 8): how a chunk's elements become streams of symbols, and back.
//!
//! ```text
//!   chunk/      forward, inverse, join, account: a chunk's elements to coded streams and back, block by block
//!   claims      whether a segment keeps what the header claims
//!   work        how long decoding takes, and how much memory
//!   fields      the parameters of a segment
//!     steps     unpack, mask, and a map to symbol words: codebook or grid
//!     transform, coding ── stream
//!   contexts/   class fields, and the sources that pick contexts
//!   values/     words, layouts, places, groups, mask symbols
//! ```

mod bid;
mod chunk;
mod claims;
mod codebook;
mod coding;
mod contexts;
mod fields;
mod grid;
mod grid_hint;
mod map;
mod map_inverse;
mod mask;
mod models;
mod step;
mod steps;
mod stream;
mod stream_bytes;
mod templates;
mod transform;
mod unpack;
mod values;
mod work;

pub(crate) use bid::{MaskUse, PossibleMask, ValueView};
pub(crate) use chunk::{
    ChunkExtent, CodedChunk, FieldPlace, Forward, ForwardBlock, Observer, Scratch, StreamObservation, take_field,
};
pub(crate) use coding::{Coding, Field};
pub(crate) use contexts::{AxisGroup, ClassField, ContextSource};
pub(crate) use fields::{Fields, InChunks};
pub(crate) use grid_hint::GridHint;
pub(crate) use mask::{Mask, Omitted, kept_values};
pub(crate) use steps::{GroupValues, Map, Steps};
pub(crate) use stream_bytes::StreamBytes;
pub(crate) use templates::{Label, Templates};
pub(crate) use transform::Transform;
pub(crate) use unpack::{Axis, Unpack, find_packing};
pub(crate) use values::{
    MaskBits, Order, Rows, SegmentLayout, SymbolShape, ValueCounts, ValueSet, Values, Word, numbers, read_words,
    with_word,
};

pub(crate) use work::Work;

pub(crate) use crate::coders::CHUNKS_AT_ONCE;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::wire::{Cursor, check_zstd_frame};

/// Options of chunk encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkOptions {
    pub(crate) zstd_level: i32,
    pub(crate) kernel: Kernel,
}

/// The way in which the chunks of a segment are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Representation {
    /// The bytes themselves.
    Raw,
    /// One zstd frame.
    Zstd,
    /// Transformed words cut into fields.
    Fields(Box<Fields>),
}

impl Representation {
    /// Returns the code on the wire.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Zstd => 1,
            Self::Fields(_) => 2,
        }
    }

    /// Returns the name that is shown in tables and in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Zstd => "zstd",
            Self::Fields(_) => "fields",
        }
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.memory(),
            Self::Raw | Self::Zstd => 0,
        }
    }

    /// Returns the parameters as the segment head stores them.
    pub(crate) fn parameters(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Self::Fields(fields) = self {
            fields.write(&mut out);
        }
        out
    }

    /// Reads a representation from its code and its parameters.
    pub(crate) fn read(code: u8, parameters: &[u8], layout: &SegmentLayout<'_>) -> Result<Self> {
        let mut cursor = Cursor::unplaced(parameters, "segment");
        let this = match code {
            0 => Self::Raw,
            1 => Self::Zstd,
            2 => Self::Fields(Box::new(Fields::read(&mut cursor, layout)?)),
            _ => return Err(Error::unsupported(format!("the representation {code} is unknown")).in_section("segment")),
        };
        cursor.finish()?;
        Ok(this)
    }

    /// Checks that `chunks` chunks of `chunk_len` elements suit the steps.
    pub(crate) fn check_chunk_len(&self, chunk_len: u64, chunks: u64) -> Result<()> {
        match self {
            Self::Fields(fields) => fields.steps.check_chunk_len(chunk_len, chunks),
            Self::Raw | Self::Zstd => Ok(()),
        }
    }

    /// Appends the coded bytes of a chunk whose elements are `bytes`.
    pub(crate) fn encode_chunk(
        &self,
        chunk: &ChunkExtent,
        bytes: &[u8],
        in_chunks: &InChunks,
        options: ChunkOptions,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match self {
            Self::Raw => out.extend_from_slice(bytes),
            Self::Zstd => out.extend_from_slice(&zstd::bulk::compress(bytes, options.zstd_level)?),
            Self::Fields(fields) => chunk::encode(fields, chunk, bytes, in_chunks, options.kernel, out),
        }
        Ok(())
    }

    /// Returns whether the lane coder codes a field.
    pub(crate) fn has_lanes(&self) -> bool {
        match self {
            Self::Fields(fields) => fields.fields.iter().any(|field| matches!(field.coding, Coding::Lanes(..))),
            Self::Raw | Self::Zstd => false,
        }
    }

    /// Decodes chunks of one segment at the same time, at most [`CHUNKS_AT_ONCE`]. `observe` receives the symbols of each
    /// stream; the chunks are not told apart.
    pub(crate) fn decode_chunks(
        &self,
        chunks: Vec<CodedChunk<'_>>,
        scratch: &mut Scratch,
        observe: &mut Observer<'_>,
    ) -> Result<()> {
        if let Self::Fields(fields) = self {
            return chunk::decode(fields, chunks, scratch, observe);
        }
        for CodedChunk { mut coded, out, .. } in chunks {
            let start = coded.clone();
            let bytes = coded.bytes(coded.remaining())?;
            match self {
                Self::Zstd => decode_zstd(bytes, out).map_err(|error| start.place(error))?,
                _ if bytes.len() == out.len() => out.copy_from_slice(bytes),
                _ => {
                    let what = format!("{} raw bytes, {} expected", bytes.len(), out.len());
                    return Err(start.place(Error::corrupt(what)));
                }
            }
        }
        Ok(())
    }

    /// Adds the sizes of the streams of a coded chunk to `into`.
    pub(crate) fn account(&self, chunk: &ChunkExtent, coded: &[u8], into: &mut StreamBytes) -> Result<()> {
        match self {
            Self::Raw => into.raw += coded.len() as u64,
            Self::Zstd => into.zstd += coded.len() as u64,
            Self::Fields(fields) => return chunk::account(fields, chunk, coded, into),
        }
        into.add_to_stream(0, coded.len() as u64);
        Ok(())
    }
}

/// Decodes one zstd frame that must fill `out` exactly.
fn decode_zstd(coded: &[u8], out: &mut [u8]) -> Result<()> {
    check_zstd_frame(coded, out.len() as u64)?;
    match zstd::bulk::decompress_to_buffer(coded, out) {
        Ok(length) if length == out.len() => Ok(()),
        Ok(length) => Err(Error::corrupt(format!("zstd: {length} bytes, {} expected", out.len()))),
        Err(error) => Err(Error::corrupt(format!("zstd: {error}"))),
    }
}
