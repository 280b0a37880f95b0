//! Representations (sections 7 and 8): how a chunk's bytes become streams, and back.
//!
//! ```text
//!   fields ── steps ── unpack     small integers out of larger words
//!     │         ├───── mask       what is left out, and where
//!     │         └───── codebook, affine ── groups     what values share
//!     ├────── coding ── context_source ── class_field ── layout
//!     ├────── decoding ── symbol_stream    a block's symbols, field by field
//!     │           ├────── joining          its words
//!     │           └────── inverse          its values, and their places
//!     └────── word, scratch
//! ```

mod affine;
mod claims;
mod class_field;
mod codebook;
mod coding;
mod context_source;
mod decoding;
mod fields;
mod groups;
mod inverse;
mod joining;
mod layout;
mod mask;
mod scratch;
mod steps;
mod streams;
mod symbol_stream;
mod unpack;
mod word;

pub(crate) use affine::{AffineMap, nearest, rounded, widened};
pub(crate) use class_field::{ClassField, Group};
pub(crate) use codebook::{Codebook, CodebookMap, Order};
pub(crate) use coding::{Coding, Field};
pub(crate) use context_source::{ContextSource, all_sums};
pub(crate) use fields::{Fields, InChunks, Observer, Seen, Transform, take_field};
pub(crate) use groups::Groups;
pub(crate) use layout::{Layout, Rows};
pub(crate) use mask::{Kept, Mask, SymbolShape, of_kept};
pub(crate) use scratch::Scratch;
pub(crate) use steps::{Map, Shared, Steps, kept_values};
pub(crate) use streams::StreamBytes;
pub(crate) use unpack::{Axis, Unpack};
pub(crate) use word::{Values, Word, read_words, with_word};

use std::ops::Range;

use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::tensor::Dtype;
use crate::wire::{Cursor, check_zstd_frame};

/// What a chunk is encoded by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means {
    pub(crate) zstd_level: i32,
    pub(crate) kernel: Kernel,
}

/// How the chunks of a segment are coded.
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
    /// The code on the wire.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Zstd => 1,
            Self::Fields(_) => 2,
        }
    }

    /// For people and programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Zstd => "zstd",
            Self::Fields(_) => "fields",
        }
    }

    /// Bytes of memory that its tables take, about.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Fields(fields) => fields.memory(),
            Self::Raw | Self::Zstd => 0,
        }
    }

    /// The parameters in the segment's head.
    pub(crate) fn parameters(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Self::Fields(fields) = self {
            fields.write(&mut out);
        }
        out
    }

    /// From code and parameters.
    pub(crate) fn read(code: u8, parameters: &[u8], layout: &Layout<'_>) -> Result<Self> {
        let mut cursor = Cursor::unplaced(parameters, "segment");
        let this = match code {
            0 => Self::Raw,
            1 => Self::Zstd,
            2 => Self::Fields(Box::new(Fields::read(&mut cursor, layout)?)),
            _ => return Err(Error::unsupported(format!("representation {code}")).in_section("segment")),
        };
        cursor.finish()?;
        Ok(this)
    }

    /// Whether chunks of so many elements, of which there are so many, suit it.
    pub(crate) fn check_chunk_len(&self, chunk_len: u64, chunks: u64) -> Result<()> {
        match self {
            Self::Fields(fields) => fields.steps.check_chunk_len(chunk_len, chunks),
            Self::Raw | Self::Zstd => Ok(()),
        }
    }

    /// Appends the coded bytes of a chunk, the elements `elements` of the segment.
    pub(crate) fn encode_chunk(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        bytes: &[u8],
        in_chunks: &InChunks,
        means: Means,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match self {
            Self::Raw => out.extend_from_slice(bytes),
            Self::Zstd => out.extend_from_slice(&zstd::bulk::compress(bytes, means.zstd_level)?),
            Self::Fields(fields) => fields.encode(dtype, elements, bytes, in_chunks, means.kernel, out),
        }
        Ok(())
    }

    /// Decodes a chunk, `coded`, that holds the elements `elements` of the segment, to `out`, which has its length. `observe` sees
    /// each stream's symbols and, if there are several, contexts.
    pub(crate) fn decode_chunk(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        mut coded: Cursor<'_>,
        out: &mut [u8],
        scratch: &mut Scratch,
        observe: impl Observer,
    ) -> Result<()> {
        let start = coded.clone();
        match self {
            Self::Raw => {
                if coded.remaining() != out.len() {
                    let what = format!("{} raw bytes, {} expected", coded.remaining(), out.len());
                    return Err(start.place(Error::corrupt(what)));
                }
                out.copy_from_slice(coded.bytes(out.len())?);
                Ok(())
            }
            Self::Zstd => decode_zstd(coded.bytes(coded.remaining())?, out).map_err(|error| start.place(error)),
            Self::Fields(fields) => fields.decode(dtype, elements, coded, out, scratch, observe),
        }
    }

    /// How the coded bytes of a chunk of `elements` divide into streams.
    pub(crate) fn account(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        coded: &[u8],
        into: &mut StreamBytes,
    ) -> Result<()> {
        match self {
            Self::Raw => into.raw += coded.len() as u64,
            Self::Zstd => into.zstd += coded.len() as u64,
            Self::Fields(fields) => return fields.account(dtype, elements, coded, into),
        }
        into.add_to_stream(0, coded.len() as u64);
        Ok(())
    }
}

/// One zstd frame that fills `out`.
fn decode_zstd(coded: &[u8], out: &mut [u8]) -> Result<()> {
    check_zstd_frame(coded, out.len() as u64)?;
    match zstd::bulk::decompress_to_buffer(coded, out) {
        Ok(length) if length == out.len() => Ok(()),
        Ok(length) => Err(Error::corrupt(format!("zstd: {length} bytes, {} expected", out.len()))),
        Err(error) => Err(Error::corrupt(format!("zstd: {error}"))),
    }
}
