//! Encodes one segment: chooses a plan, encodes the chunks on all cores, writes the prelude.

use std::borrow::Cow;

use super::EncodeOptions;
use super::options::CHUNK_BYTES;
use super::search::{Plan, SegmentBytes, plan};
use crate::container::{Chunk, Prelude, SegmentHead, raw_padding};
use crate::error::{Error, Result};
use crate::represent::{ChunkExtent, ChunkOptions, GridHint, Representation, SegmentLayout};
use crate::spec::{FRAME_SEGMENT, MAX_CHUNK_ELEMENTS};
use crate::tensor::{Dtype, bytes_of, row_elements};
use crate::wire::checksum;
use crate::workers::Workers;

/// The members of a segment and their bytes.
#[derive(Debug)]
pub(super) struct SegmentInput<'a> {
    /// The ordinals of the members, ascending.
    pub(super) members: Vec<u32>,
    pub(super) dtype: Dtype,
    /// The shape of each member.
    pub(super) shapes: Vec<Box<[u64]>>,
    /// The bytes of the members, one after another.
    pub(super) bytes: Cow<'a, [u8]>,
    /// The grid of the values of a single member, if a quantiser made them.
    pub(super) hint: Option<GridHint>,
}

/// An encoded segment. It does not depend on where it will lie in the file.
#[derive(Debug)]
pub(super) struct CodedSegment<'a> {
    head: SegmentHead,
    /// The encoded chunks; empty if the segment is raw.
    chunks: Vec<Vec<u8>>,
    /// The bytes of the input, if the segment is raw.
    raw: Option<Cow<'a, [u8]>>,
}

/// Encodes a segment.
pub(super) fn encode_segment<'a>(
    input: &'a SegmentInput<'_>,
    options: &EncodeOptions,
    workers: &Workers,
) -> Result<CodedSegment<'a>> {
    let effort = options.effort();
    let chunk_options = ChunkOptions { zstd_level: effort.zstd_level, kernel: effort.kernel };
    let dtype = input.dtype;
    let bytes = &input.bytes[..];
    let layout = SegmentLayout::new(dtype, input.shapes.iter().map(|shape| &shape[..]));
    let row = layout.single().map_or(1, row_elements);
    let chunk_bytes = options.chunk_bytes.unwrap_or(CHUNK_BYTES);
    let mut plan = plan(SegmentBytes { layout: &layout, row, bytes, chunk_bytes, hint: input.hint.as_ref() }, &effort)?;
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    // if a reader would refuse the plan, store the segment raw
    let mut parameters = plan.representation.parameters();
    let read = Representation::read(plan.representation.code(), &parameters, &layout);
    let chunks = elements.div_ceil(plan.chunk_len.max(1));
    let is_sound = read.as_ref().is_ok_and(|read| *read == plan.representation)
        && plan.chunk_len <= MAX_CHUNK_ELEMENTS
        && plan.representation.check_chunk_len(plan.chunk_len, chunks).is_ok()
        && plan.representation.check_claims(options.header(), dtype, elements, plan.chunk_len).is_ok();
    debug_assert!(is_sound, "{read:?}");
    if !is_sound {
        plan = Plan::raw(&plan);
        parameters.clear();
    }
    let chunk_bytes = bytes_of(dtype, plan.chunk_len) as usize;
    let raw = plan.representation == Representation::Raw;
    let chunks = (0u64..).step_by(plan.chunk_len.max(1) as usize).zip(bytes.chunks(chunk_bytes.max(1))).collect();
    let coded = workers.map(chunks, |(start, bytes): (u64, &[u8])| {
        let mut out = Vec::new();
        if !raw {
            let chunk = ChunkExtent { dtype, elements: start..(start + plan.chunk_len).min(elements) };
            let (representation, in_chunks) = (&plan.representation, &plan.in_chunks);
            representation.encode_chunk(&chunk, bytes, in_chunks, chunk_options, &mut out)?;
            out.shrink_to_fit();
        }
        let stored = if raw { bytes } else { &out };
        let len = u32::try_from(stored.len()).map_err(|_| Error::invalid("a chunk of 4 GiB"))?;
        let checksum = checksum(stored);
        options.progress.advance(bytes.len() as u64)?;
        Ok((len, checksum, out))
    })?;
    let mut offset = 0;
    let chunks = coded.iter().map(|&(len, checksum, _)| {
        let chunk = Chunk { offset, len, checksum };
        offset += u64::from(len);
        chunk
    });
    let chunks = chunks.collect();
    let head = SegmentHead {
        members: input.members.clone(),
        dtype,
        elements,
        chunk_len: plan.chunk_len,
        representation: plan.representation.code(),
        parameters,
        chunks,
    };
    let chunks = coded.into_iter().map(|(_, _, out)| out).filter(|_| !raw).collect();
    Ok(CodedSegment { head, chunks, raw: raw.then_some(Cow::Borrowed(bytes)) })
}

impl CodedSegment<'_> {
    /// Returns the ordinals of the members.
    pub(super) fn members(&self) -> &[u32] {
        &self.head.members
    }

    /// Returns the prelude, the size of the padding after it if the segment lies at `offset`, and the size of the body.
    pub(super) fn prelude(&self, offset: u64) -> (Vec<u8>, u64, u64) {
        let mut head = Vec::new();
        self.head.write(&mut head);
        let body_len = self.head.coded_len();
        let mut out = Vec::new();
        Prelude::write(FRAME_SEGMENT, &head, body_len, &mut out);
        let padding = if self.raw.is_some() { raw_padding(offset + out.len() as u64) } else { 0 };
        (out, padding, body_len)
    }

    /// Returns the bytes of the body, in pieces.
    pub(super) fn body(&self) -> impl Iterator<Item = &[u8]> {
        self.raw.as_deref().into_iter().chain(self.chunks.iter().map(Vec::as_slice))
    }

    /// Returns the size without padding, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let (prelude, _, body_len) = self.prelude(0);
        prelude.len() as u64 + body_len
    }

    /// Copies the bytes of a raw segment, so that the input need not live on.
    pub(super) fn into_owned(self) -> CodedSegment<'static> {
        let Self { head, chunks, raw } = self;
        CodedSegment { head, chunks, raw: raw.map(|bytes| Cow::Owned(bytes.into_owned())) }
    }
}
