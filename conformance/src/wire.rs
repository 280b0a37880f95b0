//! Header, frames, manifest, segments, index and footer (sections 1 to 6, 12 and 13), writing only. A container is built in
//! two steps, so that a bad vector can change anything in between.

use super::coders::{Fields, zstd_stored};

pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

pub fn digest<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut out);
    out
}

/// Code, name, bits, word width, words (section 5.1).
pub const DTYPES: [(u8, &str, u32, u32); 22] = [
    (0, "BOOL", 8, 8),
    (1, "U8", 8, 8),
    (2, "I8", 8, 8),
    (3, "U16", 16, 16),
    (4, "I16", 16, 16),
    (5, "U32", 32, 32),
    (6, "I32", 32, 32),
    (7, "U64", 64, 64),
    (8, "I64", 64, 64),
    (9, "F16", 16, 16),
    (10, "BF16", 16, 16),
    (11, "F32", 32, 32),
    (12, "F64", 64, 64),
    (13, "C64", 64, 32),
    (14, "F8_E4M3", 8, 8),
    (15, "F8_E5M2", 8, 8),
    (16, "F8_E8M0", 8, 8),
    (17, "F8_E4M3FNUZ", 8, 8),
    (18, "F8_E5M2FNUZ", 8, 8),
    (19, "F6_E2M3", 6, 6),
    (20, "F6_E3M2", 6, 6),
    (21, "F4", 4, 4),
];

/// The code of a dtype.
pub fn dtype(name: &str) -> u8 {
    DTYPES.iter().find(|row| row.1 == name).expect("a dtype").0
}

pub fn dtype_name(code: u8) -> &'static str {
    DTYPES[usize::from(code)].1
}

/// An entry; an alias has its target's bytes.
#[derive(Clone)]
pub struct Entry {
    pub name: Option<Vec<u8>>,
    pub dtype: u8,
    pub shape: Vec<u64>,
    pub alias: Option<usize>,
    pub bytes: Vec<u8>,
}

impl Entry {
    pub fn stored(&self) -> bool {
        self.alias.is_none() && !self.shape.contains(&0)
    }
}

#[derive(Clone)]
pub struct File {
    pub name: Vec<u8>,
    pub prefix: Vec<u8>,
    pub entries: u64,
}

/// How chunks are coded.
#[allow(clippy::large_enum_variant)] // there are few of them
#[derive(Clone)]
pub enum Representation {
    Raw,
    /// Stored in zstd frames.
    Zstd,
    /// zstd frames made elsewhere, one a chunk.
    Frames(Vec<Vec<u8>>),
    Fields(Fields),
}

/// What a container is made of, in its order.
#[allow(clippy::large_enum_variant)] // there are few of them
#[derive(Clone)]
pub enum Item {
    /// Declares so many entries more.
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

/// The columns of a manifest (section 5).
#[derive(Clone, Default)]
pub struct Manifest {
    pub metadata: Vec<(Vec<u8>, Vec<u8>)>,
    pub files: Vec<File>,
    pub flags: Vec<u8>,
    pub dtypes: Vec<u8>,
    pub ranks: Vec<u64>,
    pub dimensions: Vec<u64>,
    pub name_lengths: Vec<u64>,
    pub names: Vec<u8>,
    pub targets: Vec<u64>,
    /// After the end.
    pub rest: Vec<u8>,
}

impl Manifest {
    pub fn add(&mut self, entry: &Entry) {
        self.flags.push(u8::from(entry.name.is_some()) | u8::from(entry.alias.is_some()) << 1);
        self.dtypes.push(entry.dtype);
        self.ranks.push(entry.shape.len() as u64);
        self.dimensions.extend(&entry.shape);
        self.name_lengths.extend(entry.name.as_ref().map(|name| name.len() as u64));
        self.names.extend(entry.name.iter().flatten());
        self.targets.extend(entry.alias.map(|target| target as u64));
    }

    /// What both say together.
    fn join(&mut self, other: &Self) {
        self.metadata.extend_from_slice(&other.metadata);
        self.files.extend_from_slice(&other.files);
        self.flags.extend(&other.flags);
        self.dtypes.extend(&other.dtypes);
        self.ranks.extend(&other.ranks);
        self.dimensions.extend(&other.dimensions);
        self.name_lengths.extend(&other.name_lengths);
        self.names.extend(&other.names);
        self.targets.extend(&other.targets);
    }

    pub fn content(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.metadata.len() as u64);
        for (key, value) in &self.metadata {
            put_bytes(&mut out, key);
            put_bytes(&mut out, value);
        }
        put_varint(&mut out, self.files.len() as u64);
        for file in &self.files {
            put_bytes(&mut out, &file.name);
            put_bytes(&mut out, &file.prefix);
            put_varint(&mut out, file.entries);
        }
        put_varint(&mut out, self.flags.len() as u64);
        out.extend(&self.flags);
        out.extend(&self.dtypes);
        self.ranks.iter().for_each(|&rank| put_varint(&mut out, rank));
        self.dimensions.iter().for_each(|&dimension| put_varint(&mut out, dimension));
        self.name_lengths.iter().for_each(|&length| put_varint(&mut out, length));
        out.extend(&self.names);
        self.targets.iter().for_each(|&target| put_varint(&mut out, target));
        out.extend(&self.rest);
        out
    }
}

/// The head of a segment (section 6).
#[derive(Clone)]
pub struct Segment {
    pub count: u64,
    /// As they are written: ordinal, then distances.
    pub members: Vec<u64>,
    pub dtype: u8,
    pub chunk_len: u64,
    pub representation: u8,
    pub parameters: Vec<u8>,
    /// If other than the parameters' own.
    pub parameter_len: Option<u64>,
    pub chunks: Vec<Vec<u8>>,
    /// Lengths and checksums; made from the chunks if there are none.
    pub table: Option<Vec<(u32, u32)>>,
    /// After the end.
    pub rest: Vec<u8>,
}

impl Segment {
    fn head(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.count);
        self.members.iter().for_each(|&member| put_varint(&mut out, member));
        out.push(self.dtype);
        put_varint(&mut out, self.chunk_len);
        out.push(self.representation);
        put_varint(&mut out, self.parameter_len.unwrap_or(self.parameters.len() as u64));
        out.extend(&self.parameters);
        let made: Vec<(u32, u32)> = self.chunks.iter().map(|chunk| (chunk.len() as u32, crc(chunk))).collect();
        for (len, sum) in self.table.as_ref().unwrap_or(&made) {
            out.extend(len.to_le_bytes());
            out.extend(sum.to_le_bytes());
        }
        out.extend(&self.rest);
        out
    }
}

/// How a packed block is stored.
#[derive(Clone)]
pub enum Packing {
    Plain,
    Zstd,
    /// These bytes in its place.
    Bytes(Vec<u8>),
}

impl Packing {
    pub fn write(&self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain => {
                put_varint(out, content.len() as u64);
                out.push(0);
                out.extend(content);
            }
            Self::Zstd => {
                let coded = zstd_stored(content);
                put_varint(out, content.len() as u64);
                put_varint(out, coded.len() as u64);
                out.extend(coded);
            }
            Self::Bytes(bytes) => out.extend(bytes),
        }
    }
}

/// A frame before it has its place.
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
    /// Bytes in place of a frame.
    Verbatim {
        bytes: Vec<u8>,
    },
}

/// The index before it is written (section 12).
#[derive(Clone, Default)]
pub struct Index {
    pub offset: u64,
    pub len: u64,
    pub inline: Option<Vec<u8>>,
    pub count: u64,
    pub gaps: Vec<u64>,
    pub preludes: Vec<u64>,
    pub bodies: Vec<u64>,
    /// Differences, as zigzags.
    pub segment_of: Vec<u64>,
    /// At the end of the table.
    pub table_rest: Vec<u8>,
    pub entry_digests: Vec<[u8; 16]>,
    pub file_digests: Vec<[u8; 32]>,
    /// At the end of the head.
    pub rest: Vec<u8>,
    /// Of a frame that must not have one.
    pub body: Vec<u8>,
}

/// The footer before it is written (section 13).
pub struct Footer {
    pub offset: u64,
    pub len: u64,
    pub total: u64,
    /// To be xored with.
    pub checksum: u32,
    pub magic: [u8; 4],
}

/// A container in parts.
pub struct Parts {
    pub header: Vec<u8>,
    pub parts: Vec<Part>,
    /// Numbers of the frames, in order, whose checksum is spoiled; the index is number `usize::MAX`.
    pub spoiled: Vec<usize>,
    /// For each stored entry, by ordinal.
    pub segment_of: Vec<u64>,
    pub entry_digests: Vec<[u8; 16]>,
    pub file_digests: Vec<[u8; 32]>,
    pub packing: Packing,
    #[allow(clippy::type_complexity)]
    pub edit_index: Box<dyn Fn(&mut Index)>,
    #[allow(clippy::type_complexity)]
    pub edit_footer: Box<dyn Fn(&mut Footer)>,
    pub tail: Vec<u8>,
    /// Leave the index out.
    pub no_index: bool,
}

/// A header with these fields; the checksum is right.
pub fn header(magic: &[u8; 8], version: [u8; 2], reserved: u16, critical: u32, optional: u32) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend(version);
    out.extend(reserved.to_le_bytes());
    out.extend(critical.to_le_bytes());
    out.extend(optional.to_le_bytes());
    out.extend(crc(&out).to_le_bytes());
    out
}

pub const MAGIC: [u8; 8] = [0x89, 0x54, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a];
/// Section 3: major and minor version.
pub const VERSION: [u8; 2] = [0, 4];

/// A prelude.
pub fn prelude(kind: u8, head: &[u8], body_len: u64, spoil: bool) -> Vec<u8> {
    let mut out = vec![kind];
    put_varint(&mut out, head.len() as u64);
    put_varint(&mut out, body_len);
    out.extend(head);
    out.extend((crc(&out) ^ u32::from(spoil)).to_le_bytes());
    out
}

pub fn zigzag(value: i64) -> u64 {
    let doubled = (value as u64).wrapping_mul(2);
    if value >= 0 { doubled } else { !doubled }
}

impl Parts {
    /// From entries and what is done with them.
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
            header: header(&MAGIC, VERSION, 0, 0, 0),
            parts,
            spoiled: Vec::new(),
            file_digests: file_digests.collect(),
            segment_of: stored().map(|ordinal| segment_of[ordinal]).collect(),
            entry_digests: stored().map(|ordinal| digest(&entries[ordinal].bytes)).collect(),
            packing: Packing::Plain,
            edit_index: Box::new(|_| {}),
            edit_footer: Box::new(|_| {}),
            tail: Vec::new(),
            no_index: false,
        }
    }

    /// The first manifest.
    pub fn manifest(&mut self) -> &mut Manifest {
        self.manifests().next().expect("a manifest")
    }

    pub fn manifests(&mut self) -> impl Iterator<Item = &mut Manifest> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Manifest { manifest, .. } => Some(manifest),
            _ => None,
        })
    }

    /// The first segment.
    pub fn segment(&mut self) -> &mut Segment {
        self.segments().next().expect("a segment")
    }

    pub fn segments(&mut self) -> impl Iterator<Item = &mut Segment> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Segment { segment, .. } => Some(segment),
            _ => None,
        })
    }

    /// The container's bytes.
    pub fn assemble(&self) -> Vec<u8> {
        let mut out = self.header.clone();
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

/// An entry's bytes, or its target's.
pub fn bytes_of<'a>(entries: &'a [Entry], entry: &'a Entry) -> &'a [u8] {
    entry.alias.map_or(&entry.bytes, |target| &entries[target].bytes)
}

fn segment(entries: &[Entry], members: &[usize], chunk_len: u64, representation: &Representation) -> Segment {
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
