//! The ledger of a container: every byte belongs to exactly one line, and the lines add up to the size of the file.

use std::collections::BTreeMap;

use crate::container::{FrameStart, MAX_FRAME_START};
use crate::decode::{Reader, Segment, read_range};
use crate::error::{Error, Result};
use crate::represent::{ClassField, Representation, StreamBytes};
use crate::spec::{FOOTER_BYTES, FRAME_MANIFEST, HEADER_BYTES};
use crate::tensor::Dtype;

/// The use of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// The header (section 3 of the specification).
    Header,
    /// Names, dtypes, shapes, metadata and prefixes of files (section 5).
    Manifest,
    /// Types, lengths and checksums of frames, and members of segments (sections 4 and 6).
    Frames,
    /// Codings, classes of columns and frequency tables (sections 8 and 9).
    Tables,
    /// Lengths of chunks (section 6) and of the streams in them.
    Lengths,
    /// Checksums of chunks (section 6).
    Checksums,
    /// Zeros before raw tensors, for alignment (section 6).
    Padding,
    /// Bytes that are stored without coding.
    Raw,
    /// zstd frames.
    Zstd,
    /// Packed bits of fields without a model (section 8).
    RawBits,
    /// Words of the lane coder (section 10).
    LaneWords,
    /// Initial states of the lane coder (section 10).
    LaneStates,
    /// Escaped values (section 10).
    Escapes,
    /// Classes of rows (section 8.2).
    Classes,
    /// Masks (section 8.5).
    Masks,
    /// Codebooks in chunks (section 8.6).
    Codebooks,
    /// Scales in chunks (section 8.7).
    Scales,
    /// Words of the bits coder (section 11.4).
    BitsWords,
    /// Words of mixed fields (section 12.2).
    MixedWords,
    /// Chunks of an outline ([`Reader::outline`]), which does not divide them.
    Chunks,
    /// Offsets of segments, and a copy of the manifest if there were several (section 13).
    Index,
    /// Digests of tensors and files (section 13).
    Digests,
    /// The footer (section 14).
    Footer,
    /// Frames that this version does not know.
    Other,
}

impl Category {
    /// Returns the name that is shown in tables and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Manifest => "manifest",
            Self::Frames => "frames",
            Self::Tables => "tables",
            Self::Lengths => "lengths",
            Self::Checksums => "checksums",
            Self::Padding => "padding",
            Self::Raw => "raw bytes",
            Self::Zstd => "zstd",
            Self::RawBits => "raw bits",
            Self::LaneWords => "lane words",
            Self::LaneStates => "lane states",
            Self::Escapes => "escapes",
            Self::Classes => "row classes",
            Self::Masks => "masks",
            Self::Codebooks => "codebooks",
            Self::Scales => "scales",
            Self::BitsWords => "bits words",
            Self::MixedWords => "mixed words",
            Self::Chunks => "chunks",
            Self::Index => "index",
            Self::Digests => "digests",
            Self::Footer => "footer",
            Self::Other => "other",
        }
    }
}

/// The bytes of one segment, which holds one tensor or several small ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentLedger {
    /// The ordinals of its entries; see [`Reader::tensors`] and [`Ledger::name`].
    pub members: Vec<usize>,
    /// The dtype of all members.
    pub dtype: Dtype,
    /// The number of elements of all members.
    pub elements: u64,
    /// The decoded size in bytes.
    pub raw_bytes: u64,
    /// The number of chunks.
    pub chunks: u64,
    /// `raw`, `zstd`, or a description of the representation: the steps; the width and the coding of each field, with
    /// the number of contexts if there are several; and the class fields. For example: `mask 1 lanes/12; codebook of
    /// 32; fields 5 lanes/15; classes of rows, axis 1; classes of rows`.
    pub representation: String,
    /// The bytes by category, without zeros.
    pub lines: Vec<(Category, u64)>,
    /// The bytes of each stream: the mask and the fields, or the single stream of a segment without fields. They are
    /// included in `lines`.
    pub(super) stream_bytes: Vec<u64>,
}

impl SegmentLedger {
    /// Returns the sum of all lines.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Returns the bits per element, including all overhead.
    #[must_use]
    pub fn bits_per_weight(&self) -> f64 {
        self.bytes() as f64 * 8.0 / self.elements.max(1) as f64
    }
}

/// The use of all bytes of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ledger {
    /// The bytes outside segments by category, without zeros.
    pub lines: Vec<(Category, u64)>,
    /// The segments, in the order of the file.
    pub segments: Vec<SegmentLedger>,
    names: Vec<Option<std::sync::Arc<str>>>,
}

impl Ledger {
    /// Returns the name of entry `ordinal`; `None` for the content of a file.
    #[must_use]
    pub fn name(&self, ordinal: usize) -> Option<&str> {
        self.names.get(ordinal)?.as_deref()
    }

    /// Returns the size of the container.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lines.iter().map(|(_, bytes)| bytes).sum::<u64>()
            + self.segments.iter().map(SegmentLedger::bytes).sum::<u64>()
    }

    /// Returns all bytes by category, without zeros.
    #[must_use]
    pub fn totals(&self) -> Vec<(Category, u64)> {
        let all = self.lines.iter().chain(self.segments.iter().flat_map(|segment| &segment.lines));
        joined(&all.copied().collect::<Vec<_>>())
    }
}

impl Reader<'_> {
    /// Accounts for every byte of the container. Reads and checks all chunks, but decodes nothing of them
    /// except masks and the classes before them, which tell where other streams begin.
    ///
    /// # Errors
    /// The errors of reading and checking chunks.
    pub fn ledger(&self) -> Result<Ledger> {
        self.ledger_of(|segment, lines| {
            let mut streams = StreamBytes::default();
            for index in 0..segment.head.chunks.len() {
                let coded = segment.read_chunk(self.source(), index)?;
                segment.representation.account(&segment.chunk_extent(index), &coded, &mut streams)?;
            }
            lines.extend([
                (Category::Lengths, streams.lengths),
                (Category::Raw, streams.raw),
                (Category::Zstd, streams.zstd),
                (Category::RawBits, streams.raw_bits),
                (Category::LaneWords, streams.lane_words),
                (Category::LaneStates, streams.lane_states),
                (Category::Escapes, streams.escapes),
                (Category::Classes, streams.classes),
                (Category::Masks, streams.mask),
                (Category::Codebooks, streams.codebooks),
                (Category::Scales, streams.scales),
                (Category::BitsWords, streams.bits_words),
                (Category::MixedWords, streams.mixed_words),
            ]);
            Ok(streams.by_stream)
        })
    }

    /// Accounts for every byte of the container like [`ledger`](Self::ledger), but reads only the heads of the segments:
    /// the bytes of chunks are one line, [`Category::Chunks`]. This suits a file on a slow storage.
    ///
    /// # Errors
    /// The errors of reading the heads.
    pub fn outline(&self) -> Result<Ledger> {
        let heads = self.directory().index.segments.iter().map(|place| place.offset..place.offset + place.prelude_len);
        self.source().prefetch(&heads.collect::<Vec<_>>());
        self.ledger_of(|segment, lines| {
            lines.push((Category::Chunks, segment.head.coded_len()));
            Ok(Vec::new())
        })
    }

    /// Makes the ledger. `divide` adds the bytes of a segment's chunks to the lines, and returns the bytes of each stream.
    fn ledger_of(
        &self,
        divide: impl Fn(&Segment, &mut Vec<(Category, u64)>) -> Result<Vec<u64>> + Sync,
    ) -> Result<Ledger> {
        let directory = self.directory();
        let segments: Vec<_> = directory.index.segments.iter().copied().zip(0u32..).collect();
        let footer = self.footer();
        let (manifest_bytes, other) = self.other_frames(footer.index_offset)?;
        let digests: u64 =
            16 * directory.index.entry_digests.len() as u64 + 32 * directory.index.file_digests.len() as u64;
        let index = footer.index_len - digests;
        let fixed = [
            (Category::Header, HEADER_BYTES as u64),
            (Category::Manifest, manifest_bytes),
            (Category::Index, index),
            (Category::Digests, digests),
            (Category::Footer, FOOTER_BYTES as u64),
            (Category::Other, other),
        ];
        let segments = self.workers().map(segments, |(place, number)| {
            let segment = self.segment(number)?;
            segment_ledger(&segment, place.prelude_len, &divide)
        })?;
        let names = directory.manifest.entries.iter().map(|entry| entry.name.clone()).collect();
        Ok(Ledger { lines: joined(&fixed), segments, names })
    }

    /// Returns the bytes of manifests, and of frames of unknown types, between the segments.
    fn other_frames(&self, data_end: u64) -> Result<(u64, u64)> {
        let (mut manifests, mut others) = (0, 0);
        let places = self.directory().index.segments.iter().map(|place| (place.offset, place.end()));
        let mut position = HEADER_BYTES as u64;
        for (gap_end, next) in places.chain([(data_end, data_end)]) {
            while position < gap_end {
                let start = read_range(self.source(), position, (gap_end - position).min(MAX_FRAME_START as u64))?;
                let start = FrameStart::read(&start, position)?;
                let len = start.prelude_len().saturating_add(start.body_len);
                if len > gap_end - position {
                    let problem = "a frame overlaps the next segment";
                    return Err(Error::corrupt(problem).in_section("frame").at(position));
                }
                *if start.kind == FRAME_MANIFEST { &mut manifests } else { &mut others } += len;
                position += len;
            }
            position = next;
        }
        Ok((manifests, others))
    }
}

fn segment_ledger(
    segment: &Segment,
    prelude_len: u64,
    divide: impl Fn(&Segment, &mut Vec<(Category, u64)>) -> Result<Vec<u64>>,
) -> Result<SegmentLedger> {
    let head = &segment.head;
    let chunks = head.chunks.len() as u64;
    let tables = head.parameters.len() as u64;
    let mut lines = vec![
        (Category::Frames, prelude_len - tables - 8 * chunks),
        (Category::Tables, tables),
        (Category::Lengths, 4 * chunks),
        (Category::Checksums, 4 * chunks),
        (Category::Padding, segment.padding),
    ];
    let stream_bytes = divide(segment, &mut lines)?;
    Ok(SegmentLedger {
        members: head.members.iter().map(|&member| member as usize).collect(),
        dtype: head.dtype,
        elements: head.elements,
        raw_bytes: (0..head.chunks.len()).map(|index| segment.chunk_bytes(index)).sum(),
        chunks,
        representation: describe(&segment.representation),
        lines: joined(&lines),
        stream_bytes,
    })
}

fn describe(representation: &Representation) -> String {
    match representation {
        Representation::Fields(fields_of) => {
            let fields = fields_of.fields.iter().map(|field| format!("{} {}", field.width, field.coding.name()));
            let classes = fields_of.class_fields.iter().map(ClassField::describe);
            let by: String = classes.map(|classes| format!("; classes of {classes}")).collect();
            let steps: String = fields_of.steps.describe().into_iter().map(|step| format!("{step}; ")).collect();
            format!("{steps}fields {}{by}", fields.collect::<Vec<_>>().join(" + "))
        }
        other => other.name().to_owned(),
    }
}

/// Adds up the lines of each category, and leaves out those without bytes.
fn joined(lines: &[(Category, u64)]) -> Vec<(Category, u64)> {
    let mut totals = BTreeMap::new();
    for &(category, bytes) in lines {
        *totals.entry(category).or_insert(0) += bytes;
    }
    totals.into_iter().filter(|&(_, bytes)| bytes > 0).collect()
}
