//! Builds a container from entries and items. It does this in two steps, so that a bad vector can change anything
//! between them.

use crate::encoder::fields::Fields;
use crate::wire::dtypes::DTYPES;
use crate::wire::frame::{Header, prelude};
use crate::wire::index::{Footer, Index};
use crate::wire::manifest::{Entry, File, Manifest, Packing};
use crate::wire::primitives::{crc, digest, put_varint, zigzag};
use crate::wire::segment::Segment;
use crate::wire::zstd::zstd_stored;

/// How the chunks of a segment are coded.
#[allow(clippy::large_enum_variant)] // there are few of them
#[derive(Clone)]
pub enum Representation {
    Raw,
    /// Each chunk is a zstd frame that stores its bytes.
    Zstd,
    /// Each chunk is one of these zstd frames.
    Frames(Vec<Vec<u8>>),
    Fields(Fields),
}

/// A part of a container that is described by its content, in the order of the file.
#[allow(clippy::large_enum_variant)] // there are few of them
#[derive(Clone)]
pub enum Item {
    /// Declares this number of further entries.
    Manifest(usize),
    Segment {
        members: Vec<usize>,
        chunk_len: u64,
        representation: Representation,
    },
    Optional {
        kind: u8,
        head: Vec<u8>,
        body: Vec<u8>,
    },
}

/// A frame that has no offset yet.
#[derive(Clone)]
pub enum Part {
    Manifest {
        manifest: Manifest,
        packing: Packing,
        body: Vec<u8>,
    },
    Segment {
        segment: Segment,
        padding: u8,
        body_len: Option<u64>,
    },
    Other {
        kind: u8,
        head: Vec<u8>,
        body: Vec<u8>,
    },
    /// These bytes are written instead of a frame.
    Verbatim {
        bytes: Vec<u8>,
    },
}

/// A container in parts that can be changed.
pub struct Parts {
    pub header: Header,
    pub parts: Vec<Part>,
    /// The numbers of the frames that get a wrong checksum. The index has the number `usize::MAX`.
    pub spoiled: Vec<usize>,
    /// The number of the segment of each stored entry, by ordinal.
    pub segment_of: Vec<u64>,
    pub entry_digests: Vec<[u8; 16]>,
    pub file_digests: Vec<[u8; 32]>,
    pub packing: Packing,
    #[allow(clippy::type_complexity)]
    pub edit_index: Box<dyn Fn(&mut Index)>,
    #[allow(clippy::type_complexity)]
    pub edit_footer: Box<dyn Fn(&mut Footer)>,
    /// Bytes between the index and the footer, which count as bytes of the index.
    pub after_index: Vec<u8>,
    /// Bytes after the footer.
    pub tail: Vec<u8>,
    /// If true, the container has no index.
    pub no_index: bool,
}

impl Parts {
    /// Divides a container of these entries and items into its parts.
    pub fn new(metadata: &[(&str, &str)], files: &[File], entries: &[Entry], items: &[Item]) -> Self {
        let mut parts = Vec::new();
        let mut segment_of = vec![0; entries.len()];
        let (mut declared, mut segments) = (0, 0);
        for item in items {
            match item {
                Item::Manifest(count) => {
                    let mut manifest = Manifest::default();
                    if !parts.iter().any(|part| matches!(part, Part::Manifest { .. })) {
                        manifest.metadata =
                            metadata.iter().map(|(k, v)| (k.as_bytes().into(), v.as_bytes().into())).collect();
                        manifest.files = files.to_vec();
                    }
                    entries[declared..declared + count].iter().for_each(|entry| manifest.add(entry));
                    declared += count;
                    parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: Vec::new() });
                }
                Item::Segment { members, chunk_len, representation } => {
                    members.iter().for_each(|&member| segment_of[member] = segments);
                    segments += 1;
                    let segment = segment(entries, members, *chunk_len, representation);
                    parts.push(Part::Segment { segment, padding: 0, body_len: None });
                }
                Item::Optional { kind, head, body } => {
                    parts.push(Part::Other { kind: *kind, head: head.clone(), body: body.clone() });
                }
            }
        }
        let stored = || (0..entries.len()).filter(|&ordinal| entries[ordinal].stored());
        let mut ordinal = 0;
        let file_digests = files.iter().map(|file| {
            let mut bytes = file.prefix.clone();
            for entry in entries.iter().skip(ordinal).take(file.entries as usize) {
                bytes.extend(bytes_of(entries, entry));
                ordinal += 1;
            }
            digest(&bytes)
        });
        Self {
            header: Header::PLAIN,
            parts,
            spoiled: Vec::new(),
            file_digests: file_digests.collect(),
            segment_of: stored().map(|ordinal| segment_of[ordinal]).collect(),
            entry_digests: stored().map(|ordinal| digest(&entries[ordinal].bytes)).collect(),
            packing: Packing::Plain,
            edit_index: Box::new(|_| {}),
            edit_footer: Box::new(|_| {}),
            after_index: Vec::new(),
            tail: Vec::new(),
            no_index: false,
        }
    }

    /// Returns the first manifest.
    pub fn manifest(&mut self) -> &mut Manifest {
        self.manifests().next().expect("a manifest")
    }

    pub fn manifests(&mut self) -> impl Iterator<Item = &mut Manifest> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Manifest { manifest, .. } => Some(manifest),
            _ => None,
        })
    }

    /// Returns the first segment.
    pub fn segment(&mut self) -> &mut Segment {
        self.segments().next().expect("a segment")
    }

    pub fn segments(&mut self) -> impl Iterator<Item = &mut Segment> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Segment { segment, .. } => Some(segment),
            _ => None,
        })
    }

    /// Returns the bytes of the container.
    pub fn assemble(&self) -> Vec<u8> {
        let mut out = self.header.bytes();
        let mut index = Index {
            entry_digests: self.entry_digests.clone(),
            file_digests: self.file_digests.clone(),
            ..Index::default()
        };
        let mut end = out.len();
        let mut joined = Manifest::default();
        let mut manifests = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            let (offset, spoil) = (out.len(), self.spoiled.contains(&number));
            match part {
                Part::Manifest { manifest, packing, body } => {
                    let mut head = Vec::new();
                    packing.write(&manifest.content(), &mut head);
                    out.extend(prelude(1, &head, body.len() as u64, spoil));
                    out.extend(body);
                    joined.join(manifest);
                    manifests.push((offset, out.len() - offset));
                }
                Part::Segment { segment, padding, body_len } => {
                    let body: Vec<u8> = segment.chunks.concat();
                    out.extend(prelude(2, &segment.head(), body_len.unwrap_or(body.len() as u64), spoil));
                    index.gaps.push((offset - end) as u64);
                    index.preludes.push((out.len() - offset) as u64);
                    let prelude_end = out.len();
                    if segment.representation == 0 {
                        out.resize(out.len().next_multiple_of(64), *padding);
                    }
                    out.extend(body);
                    index.bodies.push((out.len() - prelude_end) as u64);
                    index.count += 1;
                    end = out.len();
                }
                Part::Other { kind, head, body } => {
                    out.extend(prelude(*kind, head, body.len() as u64, spoil));
                    out.extend(body);
                }
                Part::Verbatim { bytes } => out.extend(bytes),
            }
        }
        match manifests[..] {
            [(offset, len)] => (index.offset, index.len) = (offset as u64, len as u64),
            _ => index.inline = Some(joined.content()),
        }
        let mut before = 0;
        for &segment in &self.segment_of {
            index.segment_of.push(zigzag(segment as i64 - before));
            before = segment as i64;
        }
        (self.edit_index)(&mut index);
        let offset = out.len();
        if !self.no_index {
            let spoil = self.spoiled.contains(&usize::MAX);
            out.extend(prelude(3, &self.index_head(&index), index.body.len() as u64, spoil));
            out.extend(&index.body);
            out.extend(&self.after_index);
        }
        let len = out.len() - offset;
        let total = (out.len() + 32) as u64;
        let mut footer =
            Footer { offset: offset as u64, len: len as u64, total, checksum: 0, magic: [0x54, 0x53, 0x52, 0x45] };
        (self.edit_footer)(&mut footer);
        let start = out.len();
        [footer.offset, footer.len, footer.total].iter().for_each(|value| out.extend(value.to_le_bytes()));
        let sum = crc(&out[start..]) ^ footer.checksum;
        out.extend(sum.to_le_bytes());
        out.extend(footer.magic);
        out.extend(&self.tail);
        out
    }

    fn index_head(&self, index: &Index) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, index.offset);
        put_varint(&mut out, index.len);
        if let Some(inline) = &index.inline {
            self.packing.write(inline, &mut out);
        }
        let mut table = Vec::new();
        put_varint(&mut table, index.count);
        for column in [&index.gaps, &index.preludes, &index.bodies, &index.segment_of] {
            column.iter().for_each(|&value| put_varint(&mut table, value));
        }
        table.extend(&index.table_rest);
        self.packing.write(&table, &mut out);
        out.extend(index.entry_digests.iter().flatten());
        out.extend(index.file_digests.iter().flatten());
        out.extend(&index.rest);
        out
    }
}

/// Returns the bytes of an entry. An alias has the bytes of its target.
pub fn bytes_of<'a>(entries: &'a [Entry], entry: &'a Entry) -> &'a [u8] {
    entry.alias.map_or(&entry.bytes, |target| &entries[target].bytes)
}

pub(crate) fn segment(
    entries: &[Entry],
    members: &[usize],
    chunk_len: u64,
    representation: &Representation,
) -> Segment {
    let dtype = entries[members[0]].dtype;
    let bits = DTYPES[usize::from(dtype)].2;
    let bytes: Vec<u8> = members.iter().flat_map(|&member| entries[member].bytes.iter().copied()).collect();
    let chunks: Vec<&[u8]> = bytes.chunks((chunk_len * u64::from(bits) / 8).max(1) as usize).collect();
    let (code, parameters, coded) = match representation {
        Representation::Raw => (0, Vec::new(), chunks.iter().map(|chunk| chunk.to_vec()).collect()),
        Representation::Zstd => (1, Vec::new(), chunks.iter().map(|chunk| zstd_stored(chunk)).collect()),
        Representation::Frames(frames) => (1, Vec::new(), frames.clone()),
        Representation::Fields(fields) => {
            let shapes: Vec<&[u64]> = members.iter().map(|&member| &entries[member].shape[..]).collect();
            let encode =
                |(number, chunk): (usize, &&[u8])| fields.encode(chunk, dtype, &shapes, number * chunk_len as usize);
            (2, fields.parameters(), chunks.iter().enumerate().map(encode).collect())
        }
    };
    let mut before = 0;
    let distances = members.iter().map(|&member| (member - std::mem::replace(&mut before, member)) as u64);
    Segment {
        count: members.len() as u64,
        members: distances.collect(),
        dtype,
        chunk_len,
        representation: code,
        parameters,
        parameter_len: None,
        chunks: coded,
        table: None,
        rest: Vec::new(),
    }
}
