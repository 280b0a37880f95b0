//! The bad vectors: for each rule of the specification a file that breaks it, and nothing else.

use super::Random;
use super::coders::{
    ClassField, Coding, FALSE_ZERO, Field, Fields, Group, LaneStream, Mixed, NO_ROWS, Source, Tables, bits,
    encode_field, field, lanes, put_words, zstd_stored, zstd_windowed,
};
use super::good::{Vector, alias, bytes_of_symbols, content, fields, lanes_of, longest, mixed, segment, tensor};
use super::wire::{
    Entry, File, Item, MAGIC, Manifest, Packing, Part, Parts, Representation, VERSION, crc, header, put_varint, zigzag,
};

/// A container that must be refused.
pub struct Bad {
    name: String,
    section: &'static str,
    breaks: String,
    /// The kind of error of a reader by index, of a reader in file order; `None`: it cannot see what is wrong.
    kinds: [Option<&'static str>; 2],
    pub bytes: Vec<u8>,
}

impl Bad {
    /// The kind goes first: that in file order, if there is one.
    pub fn file_name(&self) -> String {
        let kind = self.kinds[1].or(self.kinds[0]).expect("somebody sees it");
        format!("{kind}--{}.tersor", self.name)
    }

    pub fn describe(&self) -> String {
        let kind = |kind: Option<&str>| kind.map_or("null".to_owned(), |kind| format!("{kind:?}"));
        format!(
            "{{\"section\": {:?}, \"breaks\": {:?}, \"by_index\": {}, \"in_order\": {}}}",
            self.section,
            self.breaks,
            kind(self.kinds[0]),
            kind(self.kinds[1])
        )
    }
}

pub type Kinds = [Option<&'static str>; 2];
pub const CORRUPT: Kinds = [Some("corrupt"); 2];
pub const UNSUPPORTED: Kinds = [Some("unsupported"); 2];
const TRUNCATED: Kinds = [Some("truncated"); 2];
/// A reader by index is sent to bytes of any kind.
const ELSEWHERE: Kinds = [Some("any"), Some("corrupt")];
const IN_ORDER: Kinds = [None, Some("corrupt")];

pub struct List {
    all: Vec<Bad>,
    pub section: &'static str,
}

impl List {
    pub fn add(&mut self, name: &str, kinds: Kinds, breaks: &str, bytes: Vec<u8>) {
        let (section, breaks) = (self.section, breaks.to_owned());
        self.all.push(Bad { name: name.to_owned(), section, breaks, kinds, bytes });
    }

    /// From `base`, changed.
    fn change(&mut self, base: &Vector, name: &str, kinds: Kinds, breaks: &str, change: impl FnOnce(&mut Parts)) {
        let mut parts = base.parts();
        change(&mut parts);
        self.add(name, kinds, breaks, parts.assemble());
    }
}

/// One small tensor, raw.
fn one() -> Vector {
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4])];
    Vector::new("one", "", entries, vec![segment(&[0], 4, Representation::Raw)])
}

/// Two tensors, two segments.
fn two() -> Vector {
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4]), tensor("y", "U8", &[4], vec![5, 6, 7, 8])];
    let items = vec![segment(&[0], 4, Representation::Zstd), segment(&[1], 4, Representation::Zstd)];
    Vector::new("two", "", entries, items)
}

/// Two files: a safetensors file of two tensors, and any bytes; and a loose tensor.
fn with_files() -> Vector {
    let entries = vec![
        tensor("x", "F32", &[1], vec![1, 2, 3, 4]),
        tensor("y", "F32", &[1], vec![5, 6, 7, 8]),
        content(b"text"),
        tensor("x", "F32", &[1], vec![9; 4]),
        tensor("y", "F32", &[1], vec![8; 4]),
    ];
    let items = vec![segment(&[0, 1, 3, 4], 4, Representation::Raw), segment(&[2], 4, Representation::Raw)];
    let mut vector = Vector::new("files", "", entries, items);
    vector.files = vec![
        File { name: b"a.safetensors".into(), prefix: b"{}".into(), entries: 2 },
        File { name: b"b.txt".into(), prefix: vec![], entries: 1 },
    ];
    vector
}

/// A U8 tensor of these symbols under one field of 8 bits.
fn under(symbols: &[u16], coding: Coding) -> Vector {
    let bytes = bytes_of_symbols(symbols);
    let count = bytes.len() as u64;
    let items = vec![segment(&[0], count, fields(0, &[field(8, coding)]))];
    Vector::new("under", "", vec![tensor("x", "U8", &[count], bytes)], items)
}

pub fn all() -> Vec<Bad> {
    let mut list = List { all: Vec::new(), section: "" };
    integers(&mut list);
    packed_blocks(&mut list);
    header_rules(&mut list);
    frame_rules(&mut list);
    manifest_rules(&mut list);
    name_rules(&mut list);
    segment_rules(&mut list);
    zstd_rules(&mut list);
    field_rules(&mut list);
    class_rules(&mut list);
    source_rules(&mut list);
    table_rules(&mut list);
    lane_rules(&mut list);
    super::bad_lanes::all(&mut list);
    bits_rules(&mut list);
    mixed_rules(&mut list);
    super::bad_steps::all(&mut list);
    super::bad_maps::all(&mut list);
    super::bad_mixing::all(&mut list);
    index_rules(&mut list);
    footer_rules(&mut list);
    order_rules(&mut list);
    list.all
}

fn set_packing(parts: &mut Parts, new: Packing) {
    for part in &mut parts.parts {
        if let Part::Manifest { packing, .. } = part {
            *packing = new;
            return;
        }
    }
}

/// The manifest's content replaced by these bytes.
fn set_content(parts: &mut Parts, content: &[u8]) {
    let mut block = Vec::new();
    Packing::Plain.write(content, &mut block);
    set_packing(parts, Packing::Bytes(block));
}

fn integers(list: &mut List) {
    list.section = "1.1";
    let base = one();
    let content = base.parts().manifest().content();
    let with_count = |bytes: &[u8]| [bytes, &content[1..]].concat();
    for (name, count) in [
        ("varint-superfluous-byte", &[0x80, 0x00][..]),
        ("varint-superfluous-bytes", &[0x80, 0x80, 0x00]),
        ("varint-65-bits", &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]),
        ("varint-11-bytes", &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ("varint-without-end", &[0xff; 30]),
    ] {
        list.change(&base, name, CORRUPT, "a varint", |parts| set_content(parts, &with_count(count)));
    }
    list.change(
        &base,
        "varint-in-frame-start",
        [Some("corrupt"); 2],
        "the body length of a segment, as two bytes",
        |parts| {
            let chunk = zstd_stored(&[1, 2, 3, 4]);
            let mut head = vec![1, 0, 1, 4, 1, 0];
            head.extend((chunk.len() as u32).to_le_bytes());
            head.extend(crc(&chunk).to_le_bytes());
            let mut frame = vec![2, head.len() as u8, chunk.len() as u8 | 0x80, 0x00];
            frame.extend(&head);
            frame.extend(crc(&frame).to_le_bytes());
            let (len, body) = (frame.len() as u64, chunk.len() as u64);
            frame.extend(&chunk);
            parts.parts[1] = Part::Verbatim { bytes: frame };
            parts.edit_index = Box::new(move |index| {
                (index.count, index.gaps, index.preludes, index.bodies) = (1, vec![0], vec![len], vec![body]);
                index.gaps[0] = index.offset + index.len - 24;
            });
        },
    );
    for (name, text) in [
        ("not-utf-8", &b"\xff"[..]),
        ("utf-8-cut", b"\xe2\x82"),
        ("utf-8-surrogate", b"\xed\xa0\x80"),
        ("utf-8-overlong", b"\xc0\x80"),
    ] {
        let key = text.to_vec();
        list.change(&base, &format!("key-{name}"), CORRUPT, "a string that is not UTF-8", |parts| {
            parts.manifest().metadata.push((key, b"value".into()));
        });
    }
    list.change(&base, "value-not-utf-8", CORRUPT, "a string that is not UTF-8", |parts| {
        parts.manifest().metadata.push((b"key".into(), b"\x80".into()));
    });
    list.change(&base, "string-beyond-its-block", CORRUPT, "a string longer than what is left", |parts| {
        set_content(parts, &[1, 100, b'x']);
    });
    list.section = "1.2";
    let symbols = [1, 2, 3];
    let small = |coding: Coding| {
        let items = vec![segment(&[0], 3, fields(0, &[field(3, Coding::Constant(0)), field(5, coding)]))];
        Vector::new("", "", vec![tensor("x", "U8", &[3], vec![1, 2, 3])], items)
    };
    list.change(&small(Coding::Raw), "unused-bits-of-a-raw-field", CORRUPT, "unused bits that are not zero", |parts| {
        let chunk = &mut parts.segment().chunks[0];
        *chunk.last_mut().unwrap() |= 0x80;
    });
    let escape = Tables::new(5, 12, &[&[]], Some(&[1]));
    list.change(
        &small(lanes_of(escape.clone(), 0, 0)),
        "unused-bits-of-escapes",
        CORRUPT,
        "unused bits that are not zero",
        |parts| {
            let mut stream = lanes(&symbols, &[0; 3], &escape, 0, 0);
            *stream.escapes.last_mut().unwrap() |= 0x80;
            parts.segment().chunks = vec![stream.write()];
        },
    );
}

fn packed_blocks(list: &mut List) {
    list.section = "1.4";
    let base = one();
    let content = base.parts().manifest().content();
    let len = content.len() as u64;
    let block = |raw: u64, coded: u64, bytes: &[u8]| {
        let mut out = Vec::new();
        put_varint(&mut out, raw);
        put_varint(&mut out, coded);
        out.extend(bytes);
        Packing::Bytes(out)
    };
    let frame = zstd_stored(&content);
    let coded = frame.len() as u64;
    let longer = zstd_stored(&[&content[..], &[0]].concat());
    let with_more = [&frame[..], &[0]].concat();
    let two_frames = [zstd_stored(&content[..5]), zstd_stored(&content[5..])].concat();
    let skippable = [&frame[..], &[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]].concat();
    let cases: Vec<(&str, Packing, &str)> = vec![
        ("block-beyond-its-head", block(len + 1, 0, &content), "a packed block longer than its head"),
        ("block-of-2-to-the-62", block(1 << 62, 0, &content), "a packed block longer than its head"),
        ("block-and-a-byte", block(len, 0, &[&content[..], &[0]].concat()), "something after the packed block"),
        ("block-frame-beyond-its-head", block(len, coded + 1, &frame), "a zstd frame longer than the head"),
        ("block-frame-of-fewer-bytes", block(len + 1, coded, &frame), "a zstd frame that decodes to fewer bytes"),
        (
            "block-frame-of-more-bytes",
            block(len, longer.len() as u64, &longer),
            "a zstd frame that decodes to more bytes",
        ),
        ("block-frame-and-a-byte", block(len, coded + 1, &with_more), "a byte after the zstd frame"),
        ("block-two-frames", block(len, two_frames.len() as u64, &two_frames), "two zstd frames"),
        (
            "block-skippable-frame",
            block(len, skippable.len() as u64, &skippable),
            "a skippable frame after the zstd frame",
        ),
        ("block-no-frame", block(len, len, &content), "no zstd frame"),
        ("block-frame-of-2-to-the-40", block(1 << 40, coded, &frame), "a zstd frame that decodes to fewer bytes"),
    ];
    for (name, packing, breaks) in cases {
        list.change(&base, name, CORRUPT, breaks, |parts| set_packing(parts, packing));
    }
    let windowed = zstd_windowed(&content, 11);
    let packing = block(len, windowed.len() as u64, &windowed);
    list.change(&base, "block-frame-window", CORRUPT, "a zstd window of 2 KiB for less than 1 KiB", |parts| {
        set_packing(parts, packing);
    });
}

fn header_rules(list: &mut List) {
    list.section = "3";
    let base = one();
    let new = |list: &mut List, name: &str, kinds: Kinds, breaks: &str, bytes: Vec<u8>| {
        list.change(&base, name, kinds, breaks, |parts| parts.header = bytes);
    };
    for at in [0, 1, 4, 7] {
        let mut magic = MAGIC;
        magic[at] ^= 0x80;
        new(list, &format!("magic-{at}"), CORRUPT, "the magic", header(&magic, VERSION, 0, 0, 0));
    }
    new(list, "major-version", UNSUPPORTED, "the major version", header(&MAGIC, [1, 4], 0, 0, 0));
    new(list, "minor-version-newer", UNSUPPORTED, "the minor version", header(&MAGIC, [0, 5], 0, 0, 0));
    new(list, "minor-version-older", UNSUPPORTED, "the minor version", header(&MAGIC, [0, 3], 0, 0, 0));
    let mut spoiled = header(&MAGIC, [0, 5], 0, 0, 0);
    spoiled[23] ^= 1;
    new(list, "version-before-checksum", UNSUPPORTED, "the version and then the checksum", spoiled);
    new(list, "reserved-field", CORRUPT, "the reserved field", header(&MAGIC, VERSION, 1, 0, 0));
    new(list, "critical-feature-0", UNSUPPORTED, "a critical feature", header(&MAGIC, VERSION, 0, 1, 0));
    new(list, "critical-feature-31", UNSUPPORTED, "a critical feature", header(&MAGIC, VERSION, 0, 1 << 31, 0));
    let mut spoiled = header(&MAGIC, VERSION, 0, 1, 0);
    spoiled[20] ^= 1;
    new(list, "checksum-before-features", CORRUPT, "the header's checksum", spoiled);
    let mut optional = header(&MAGIC, VERSION, 0, 0, 0);
    optional[16] ^= 1;
    new(list, "header-checksum", CORRUPT, "the header's checksum", optional);
    let whole = base.parts().assemble();
    list.section = "15";
    for (name, len) in
        [("in-magic", 3), ("after-magic", 8), ("in-header", 23), ("after-header", 24), ("in-manifest", 40)]
    {
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..len].to_vec());
    }
    list.add("nothing", TRUNCATED, "there is nothing", vec![]);
    for (name, missing) in [("last-byte", 1), ("footer", 32), ("footer-and-a-byte", 33)] {
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..whole.len() - missing].to_vec());
    }
}

fn frame_rules(list: &mut List) {
    list.section = "4";
    let base = one();
    for kind in [0, 4, 127] {
        let part = Part::Other { kind, head: vec![], body: vec![] };
        list.change(
            &base,
            &format!("frame-kind-{kind}"),
            [None, Some("unsupported")],
            "a reserved kind of frame",
            |parts| {
                parts.parts.insert(1, part);
            },
        );
    }
    let part = Part::Other { kind: 4, head: vec![], body: vec![] };
    list.change(
        &base,
        "kind-before-checksum",
        [None, Some("unsupported")],
        "a reserved kind, and its checksum",
        |parts| {
            parts.parts.insert(1, part);
            parts.spoiled = vec![1];
        },
    );
    list.change(&base, "manifest-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![0]);
    list.change(&base, "segment-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![1]);
    list.change(&base, "index-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![usize::MAX]);
    list.change(&base, "optional-checksum", IN_ORDER, "the checksum of a frame to skip", |parts| {
        parts.parts.insert(1, Part::Other { kind: 128, head: b"head".into(), body: vec![] });
        parts.spoiled = vec![1];
    });
    list.change(&base, "manifest-with-body", CORRUPT, "a manifest with a body", |parts| {
        let Part::Manifest { body, .. } = &mut parts.parts[0] else { unreachable!() };
        body.push(0);
    });
    list.change(&base, "index-with-body", CORRUPT, "an index with a body", |parts| {
        parts.edit_index = Box::new(|index| index.body = vec![0]);
    });
    list.change(&base, "head-of-2-to-the-63", IN_ORDER, "a head length of 2^63", |parts| {
        let mut frame = vec![128];
        put_varint(&mut frame, 1 << 63);
        put_varint(&mut frame, 0);
        frame.extend(crc(&frame).to_le_bytes());
        parts.parts.insert(1, Part::Verbatim { bytes: frame });
    });
    list.change(&base, "body-of-2-to-the-63", IN_ORDER, "a body length of 2^63", |parts| {
        let mut frame = vec![128];
        put_varint(&mut frame, 0);
        put_varint(&mut frame, 1 << 63);
        frame.extend(crc(&frame).to_le_bytes());
        parts.parts.insert(1, Part::Verbatim { bytes: frame });
    });
    list.change(&base, "body-beyond-the-end", [None, Some("truncated")], "a body longer than the file", |parts| {
        let mut frame = vec![128, 0];
        put_varint(&mut frame, 1 << 62);
        frame.extend(crc(&frame).to_le_bytes());
        parts.parts.insert(1, Part::Verbatim { bytes: frame });
    });
    list.change(&base, "bytes-between-frames", [None, Some("unsupported")], "a byte 0 between frames", |parts| {
        parts.parts.insert(1, Part::Verbatim { bytes: vec![0] });
    });
}

fn manifest_rules(list: &mut List) {
    list.section = "5";
    let (one, two, files) = (one(), two(), with_files());
    let pair = |key: &[u8]| (key.to_vec(), b"v".to_vec());
    list.change(&one, "metadata-key-twice", CORRUPT, "a metadata key twice", |parts| {
        parts.manifest().metadata = vec![pair(b"k"), pair(b"l"), pair(b"k")];
    });
    let second = Manifest::default();
    let split = |change: &dyn Fn(&mut Manifest, &mut Manifest)| {
        let mut parts = two.parts();
        parts.parts.push(Part::Manifest { manifest: second.clone(), packing: Packing::Plain, body: vec![] });
        let [Part::Manifest { manifest: a, .. }, .., Part::Manifest { manifest: b, .. }] = &mut parts.parts[..] else {
            unreachable!()
        };
        change(a, b);
        parts.assemble()
    };
    let bytes = split(&|a, b| {
        a.metadata.push((b"k".into(), b"1".into()));
        b.metadata.push((b"k".into(), b"2".into()));
    });
    list.add("metadata-key-in-two-manifests", CORRUPT, "a metadata key in two manifests", bytes);
    let bytes = split(&|_, b| b.add(&tensor("x", "U8", &[0], vec![])));
    list.add("name-in-two-manifests", CORRUPT, "a tensor's name in two manifests", bytes);
    let file = File { name: b"late".into(), prefix: b"late".into(), entries: 0 };
    let mut parts = two.parts();
    let manifest = Manifest { files: vec![file.clone()], ..Manifest::default() };
    parts.parts.push(Part::Manifest { manifest: manifest.clone(), packing: Packing::Plain, body: vec![] });
    parts.file_digests = vec![super::wire::digest(b"late")];
    list.add("files-in-second-manifest", IN_ORDER, "files in a manifest that is not the first", parts.assemble());
    let mut parts = Vector::new("", "", vec![], vec![]).parts();
    parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    parts.file_digests = vec![super::wire::digest(b"late")];
    list.add(
        "files-in-second-manifest-after-nothing",
        IN_ORDER,
        "files in a manifest that is not the first, though the first says nothing",
        parts.assemble(),
    );
    list.change(&files, "file-name-twice", CORRUPT, "two files of one name", |parts| {
        parts.manifest().files[1].name = b"a.safetensors".into();
    });
    list.change(&files, "files-of-more-entries", CORRUPT, "files with more entries than there are", |parts| {
        parts.manifest().files[1].entries = 4;
    });
    list.change(&files, "file-of-2-to-the-64-entries", CORRUPT, "files with more entries than there are", |parts| {
        parts.manifest().files[0].entries = u64::MAX;
    });
    list.change(&one, "entry-flag-2", CORRUPT, "an unknown flag of an entry", |parts| parts.manifest().flags[0] |= 4);
    list.change(&one, "entry-flag-7", CORRUPT, "an unknown flag of an entry", |parts| parts.manifest().flags[0] |= 128);
    list.change(&one, "dtype-22", UNSUPPORTED, "an unknown dtype", |parts| parts.manifest().dtypes[0] = 22);
    list.change(&one, "dtype-255", UNSUPPORTED, "an unknown dtype", |parts| parts.manifest().dtypes[0] = 255);
    list.change(&one, "rank-65536", CORRUPT, "a rank of 65536", |parts| {
        parts.manifest().ranks[0] = 65536;
        set_packing(parts, Packing::Zstd);
        parts.manifest().dimensions = [&[4][..], &[1; 65535]].concat();
    });
    let shape = |dtype: u8, shape: &'static [u64]| {
        move |parts: &mut Parts| {
            let manifest = parts.manifest();
            (manifest.dtypes[0], manifest.ranks[0], manifest.dimensions) = (dtype, shape.len() as u64, shape.to_vec());
        }
    };
    list.change(&one, "elements-2-to-the-63", CORRUPT, "2^63 elements", shape(1, &[1 << 32, 1 << 31]));
    list.change(&one, "elements-2-to-the-64", CORRUPT, "2^64 elements", shape(1, &[1 << 32, 1 << 32]));
    list.change(
        &one,
        "elements-beyond-64-bits",
        CORRUPT,
        "2^64 + 4 elements and 0 times 2^64",
        shape(1, &[u64::MAX, 4, u64::MAX]),
    );
    list.change(&one, "bytes-2-to-the-63", CORRUPT, "2^63 bytes", shape(11, &[1 << 61]));
    list.change(&one, "bits-not-whole-bytes", CORRUPT, "three elements of 4 bits", shape(21, &[3]));
    list.change(&one, "bits-not-whole-bytes-6", CORRUPT, "two elements of 6 bits", shape(19, &[2]));
    list.change(&two, "bytes-of-all-2-to-the-64", CORRUPT, "2^64 bytes in all", |parts| {
        let manifest = parts.manifest();
        manifest.dimensions = vec![(1 << 63) - 1, (1 << 63) - 1];
        for name in ["u", "v"] {
            manifest.add(&Entry { bytes: vec![], ..alias(name, 0, "U8", &[(1 << 63) - 1]) });
        }
    });
    list.change(&one, "name-not-utf-8", CORRUPT, "a tensor's name that is not UTF-8", |parts| {
        parts.manifest().names = b"\xff".into();
    });
    list.change(&two, "names-split-a-character", CORRUPT, "names that are UTF-8 only together", |parts| {
        (parts.manifest().name_lengths, parts.manifest().names) = (vec![1, 1], "\u{e9}".into());
    });
    list.change(&two, "name-twice", CORRUPT, "two tensors of one name", |parts| parts.manifest().names = b"xx".into());
    list.change(&files, "name-twice-in-a-file", CORRUPT, "two tensors of one name in a file", |parts| {
        parts.manifest().names = b"xxxy".into();
    });
    list.change(&files, "name-twice-in-no-file", CORRUPT, "two tensors of one name in no file", |parts| {
        parts.manifest().names = b"xyxx".into();
    });
    list.change(&one, "names-beyond-the-block", CORRUPT, "a name longer than what is left", |parts| {
        parts.manifest().name_lengths = vec![2];
    });
    let unnamed = |dtype: &'static str, shape: &'static [u64], bytes: usize| {
        let mut vector = Vector::new("", "", vec![], vec![]);
        vector.entries = vec![Entry { name: None, ..tensor("", dtype, shape, vec![1; bytes]) }];
        vector.items = vec![Item::Manifest(1), segment(&[0], 4, Representation::Raw)];
        vector.files = vec![File { name: b"f".into(), prefix: vec![], entries: 1 }];
        vector
    };
    list.add("content-of-dtype-i8", CORRUPT, "a file's content of dtype I8", unnamed("I8", &[4], 4).parts().assemble());
    list.add("content-of-rank-2", CORRUPT, "a file's content of rank 2", unnamed("U8", &[2, 2], 4).parts().assemble());
    list.add("content-of-rank-0", CORRUPT, "a file's content of rank 0", unnamed("U8", &[], 1).parts().assemble());
    list.change(&unnamed("U8", &[4], 4), "content-of-no-file", CORRUPT, "a file's content of no file", |parts| {
        parts.manifest().files.clear();
        parts.file_digests.clear();
    });
    let of = |entry: Entry| {
        let entries = vec![
            tensor("empty", "U8", &[0], vec![]),
            tensor("x", "U8", &[4], vec![1, 2, 3, 4]),
            alias("same", 1, "U8", &[4]),
            entry,
        ];
        Vector::new("", "", entries, vec![segment(&[1], 4, Representation::Raw)]).parts().assemble()
    };
    list.add("alias-of-itself", CORRUPT, "an alias of itself", of(alias("y", 3, "U8", &[4])));
    list.add(
        "alias-of-a-later-entry",
        CORRUPT,
        "an alias of an entry that there is not",
        of(alias("y", 4, "U8", &[4])),
    );
    list.add("alias-of-an-alias", CORRUPT, "an alias of an alias", of(alias("y", 2, "U8", &[4])));
    list.add("alias-of-another-dtype", CORRUPT, "an alias of another dtype", of(alias("y", 1, "I8", &[4])));
    list.add("alias-of-fewer-elements", CORRUPT, "an alias of more elements", of(alias("y", 1, "U8", &[5])));
    list.add("alias-of-nothing", CORRUPT, "an alias with elements of an entry without", of(alias("y", 0, "U8", &[1])));
    list.change(&one, "manifest-and-a-byte", CORRUPT, "a byte at the end of the manifest", |parts| {
        parts.manifest().rest = vec![0];
    });
    list.change(&one, "manifest-of-many-entries", CORRUPT, "2^60 entries in a few bytes", |parts| {
        let mut content = vec![0, 0];
        put_varint(&mut content, 1 << 60);
        set_content(parts, &content);
    });
    list.change(&one, "manifest-of-many-pairs", CORRUPT, "2^60 pairs of metadata in a few bytes", |parts| {
        let mut content = Vec::new();
        put_varint(&mut content, 1 << 60);
        set_content(parts, &content);
    });
    list.change(&one, "shapes-beyond-the-block", CORRUPT, "a rank larger than what is left", |parts| {
        parts.manifest().ranks[0] = 200;
    });
    list.change(&one, "manifest-ends-early", CORRUPT, "a manifest without its end", |parts| {
        let content = parts.manifest().content();
        set_content(parts, &content[..content.len() - 1]);
    });
}

fn name_rules(list: &mut List) {
    list.section = "5";
    let base = with_files();
    let mut long = vec![b'n'; 256];
    long[255] = b'm';
    let names: Vec<(String, Vec<u8>)> = [
        ("empty", &b""[..]),
        ("of-256-bytes", &long),
        ("dot", b"."),
        ("dots", b".."),
        ("parent", b"../x"),
        ("absolute", b"/x"),
        ("slash", b"a/b"),
        ("backslash", b"a\\b"),
        ("drive", b"c:x"),
        ("star", b"a*"),
        ("question", b"a?"),
        ("quote", b"a\"b"),
        ("less", b"a<b"),
        ("greater", b"a>b"),
        ("pipe", b"a|b"),
        ("zero", b"a\0b"),
        ("newline", b"a\nb"),
        ("escape", b"a\x1bb"),
        ("delete", b"a\x7fb"),
        ("ends-in-dot", b"a."),
        ("ends-in-space", b"a "),
        ("not-utf-8", b"\xe9"),
        ("nul", b"NUL"),
        ("con-with-extension", b"con.safetensors"),
        ("aux-mixed", b"aUx.tar.gz"),
        ("prn", b"prn"),
        ("com0", b"COM0.x"),
        ("com9", b"com9"),
        ("lpt1", b"Lpt1"),
        ("con-and-spaces", b"con  .txt"),
        ("conin", b"CONIN$.x"),
        ("conout", b"conout$"),
        ("com-superscript-1", "com\u{b9}".as_bytes()),
        ("com-superscript-2", "COM\u{b2}.tar".as_bytes()),
        ("lpt-superscript-3", "lpt\u{b3} .x".as_bytes()),
    ]
    .iter()
    .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
    .collect();
    for (name, bytes) in names {
        list.change(&base, &format!("file-name-{name}"), CORRUPT, "a file's name", |parts| {
            parts.manifest().files[1].name = bytes;
        });
    }
}

fn segment_rules(list: &mut List) {
    list.section = "6";
    let (one, two) = (one(), two());
    list.change(&one, "no-member", CORRUPT, "a segment without members", |parts| {
        (parts.segment().count, parts.segment().members) = (0, vec![]);
    });
    list.change(&one, "member-not-declared", CORRUPT, "a member that there is not", |parts| {
        parts.segment().members = vec![1];
    });
    list.change(&one, "member-of-2-to-the-64", CORRUPT, "a member that there is not", |parts| {
        parts.segment().members = vec![u64::MAX];
    });
    list.change(
        &two,
        "member-declared-later",
        IN_ORDER,
        "a segment before the manifest that declares its members",
        |parts| {
            parts.parts.swap(0, 1);
        },
    );
    list.change(&one, "member-count-beyond-the-head", CORRUPT, "2^40 members in a few bytes", |parts| {
        parts.segment().count = 1 << 40;
    });
    let shared = |members: Vec<u64>, entries: Vec<Entry>| {
        let vector = Vector::new("", "", entries, vec![segment(&[0], 4, Representation::Raw)]);
        let mut parts = vector.parts();
        (parts.segment().count, parts.segment().members) = (members.len() as u64, members);
        parts.assemble()
    };
    let x = || tensor("x", "U8", &[4], vec![1, 2, 3, 4]);
    list.add("member-twice", CORRUPT, "a member twice", shared(vec![0, 0], vec![x()]));
    list.add(
        "member-alias",
        CORRUPT,
        "a member that is an alias",
        shared(vec![0, 1], vec![x(), alias("y", 0, "U8", &[4])]),
    );
    list.add(
        "member-empty",
        CORRUPT,
        "a member without elements",
        shared(vec![0, 1], vec![x(), tensor("y", "U8", &[0], vec![])]),
    );
    list.change(&two, "member-of-two-segments", CORRUPT, "an entry in two segments", |parts| {
        let again = parts.parts[1].clone();
        parts.parts[2] = again;
    });
    list.change(&two, "entry-in-no-segment", CORRUPT, "an entry that is stored nowhere", |parts| {
        parts.parts.pop();
        parts.segment_of = vec![0, 0];
    });
    let mixed = vec![x(), tensor("y", "I8", &[4], vec![5, 6, 7, 8])];
    let vector = Vector::new("", "", mixed, vec![segment(&[0, 1], 8, Representation::Raw)]);
    list.change(&vector, "members-of-two-dtypes", CORRUPT, "members of two dtypes", |_| {});
    list.change(&one, "segment-of-another-dtype", CORRUPT, "a dtype other than its member's", |parts| {
        parts.segment().dtype = 2;
    });
    list.change(&one, "segment-of-dtype-22", UNSUPPORTED, "an unknown dtype", |parts| parts.segment().dtype = 22);
    list.change(&one, "chunk-length-0", CORRUPT, "a chunk length of 0", |parts| parts.segment().chunk_len = 0);
    list.change(&one, "chunk-length-above-2-to-the-22", CORRUPT, "a chunk length above 2^22", |parts| {
        parts.segment().chunk_len = (1 << 22) + 1;
    });
    let long = |dtype: &str, elements: u64, bytes: usize, chunk: u64| {
        let entries = vec![tensor("x", dtype, &[elements], Random(7).bytes(bytes))];
        Vector::new("", "", entries, vec![segment(&[0], chunk, Representation::Raw)]).parts().assemble()
    };
    list.add("chunk-length-255", CORRUPT, "two chunks of fewer than 256 elements", long("U8", 256, 256, 255));
    list.add("chunk-length-1", CORRUPT, "two chunks of one element", long("U8", 2, 2, 1));
    list.add(
        "chunk-length-260-of-f4",
        CORRUPT,
        "chunks of 4-bit elements that are no multiple of 8",
        long("F4", 600, 300, 260),
    );
    list.add(
        "chunk-length-268-of-f6",
        CORRUPT,
        "chunks of 6-bit elements that are no multiple of 8",
        long("F6_E3M2", 600, 450, 268),
    );
    list.change(&one, "representation-3", UNSUPPORTED, "an unknown representation", |parts| {
        parts.segment().representation = 3;
    });
    list.change(&one, "raw-with-parameters", CORRUPT, "parameters of a raw segment", |parts| {
        parts.segment().parameters = vec![0];
    });
    list.change(&two, "zstd-with-parameters", CORRUPT, "parameters of a zstd segment", |parts| {
        parts.segment().parameters = vec![3];
    });
    list.change(&one, "parameters-beyond-the-head", CORRUPT, "parameters longer than the head", |parts| {
        parts.segment().parameter_len = Some(1000);
    });
    list.change(&one, "parameter-length-2-to-the-63", CORRUPT, "parameters longer than the head", |parts| {
        parts.segment().parameter_len = Some(1 << 63);
    });
    list.change(&one, "chunk-table-short", CORRUPT, "a chunk table of no chunk", |parts| {
        (parts.segment().table, parts.segment().chunks) = (Some(vec![]), vec![]);
    });
    list.change(&one, "chunk-table-long", CORRUPT, "a chunk table of two chunks for one", |parts| {
        parts.segment().chunks.push(vec![]);
    });
    list.change(&one, "segment-head-and-a-byte", CORRUPT, "a byte at the end of a segment's head", |parts| {
        parts.segment().rest = vec![0];
    });
    list.change(&one, "chunk-checksum", CORRUPT, "a chunk's checksum", |parts| {
        parts.segment().table = Some(vec![(4, crc(&[1, 2, 3, 4]) ^ 1)]);
    });
    list.change(&one, "chunk-changed", CORRUPT, "a chunk's checksum", |parts| {
        parts.segment().table = Some(vec![(4, crc(&[1, 2, 3, 4]))]);
        parts.segment().chunks[0][2] ^= 1;
    });
    for (name, length, breaks) in
        [("body-longer", 5, "a body longer than its chunks"), ("body-shorter", 3, "a body shorter than its chunks")]
    {
        list.change(&one, name, CORRUPT, breaks, |parts| {
            let Part::Segment { body_len, .. } = &mut parts.parts[1] else { unreachable!() };
            *body_len = Some(length);
        });
    }
    list.change(&one, "padding", IN_ORDER, "padding that is not zero", |parts| {
        let Part::Segment { padding, .. } = &mut parts.parts[1] else { unreachable!() };
        *padding = 1;
    });
    list.change(&one, "no-padding", CORRUPT, "a raw segment whose padding is counted in the body length", |parts| {
        let Part::Segment { segment, .. } = &parts.parts[1] else { unreachable!() };
        let len = segment.chunks[0].len() as u64;
        let Part::Segment { body_len, .. } = &mut parts.parts[1] else { unreachable!() };
        *body_len = Some(len + 31);
    });
    list.change(&two, "elements-of-members-2-to-the-63", CORRUPT, "members of 2^63 elements in all", |parts| {
        parts.manifest().dimensions = vec![1 << 62, 1 << 62];
        (parts.segment().count, parts.segment().members) = (2, vec![0, 1]);
        parts.parts.pop();
        parts.segment_of = vec![0, 0];
    });
    let longest = longest(1);
    list.change(&longest, "chunk-too-long", CORRUPT, "a chunk of 65539 + 32 * 5 coded bytes for 5", |_| {});
    list.section = "7";
    list.change(&one, "raw-chunk-short", CORRUPT, "a raw chunk of fewer bytes than its elements", |parts| {
        parts.segment().chunks[0].pop();
    });
    list.change(&one, "raw-chunk-long", CORRUPT, "a raw chunk of more bytes than its elements", |parts| {
        parts.segment().chunks[0].push(0);
    });
    let entries = vec![tensor("x", "U8", &[256], vec![1; 256]), tensor("y", "U8", &[200], vec![2; 200])];
    let shifted = Vector::new("", "", entries, vec![segment(&[0, 1], 256, Representation::Raw)]);
    list.change(&shifted, "raw-chunk-before-short", CORRUPT, "a raw chunk that is short, before others", |parts| {
        parts.segment().chunks[0].pop();
    });
    list.change(&shifted, "raw-chunks-shifted", CORRUPT, "raw chunks of the right length only together", |parts| {
        let chunks = &mut parts.segment().chunks;
        let last = chunks[0].pop().unwrap();
        chunks[1].insert(0, last);
    });
}

fn zstd_rules(list: &mut List) {
    list.section = "1.3";
    let bytes: Vec<u8> = (0..100).collect();
    let base = Vector::new(
        "",
        "",
        vec![tensor("x", "U8", &[100], bytes.clone())],
        vec![segment(&[0], 100, Representation::Zstd)],
    );
    let frame = zstd_stored(&bytes);
    let mut dictionary = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa1, 7];
    dictionary.extend(&frame[5..]);
    let mut reserved = frame.clone();
    reserved[4] |= 8;
    let mut reserved_block = frame.clone();
    reserved_block[9] |= 6;
    let mut wrong_size = frame.clone();
    wrong_size[5] = 99;
    let mut magic = frame.clone();
    magic[0] = 0x27;
    let skippable: Vec<u8> = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], &frame[..]].concat();
    for (name, chunk, breaks) in [
        ("zstd-nothing", vec![], "no zstd frame"),
        ("zstd-magic", magic, "no zstd frame"),
        ("zstd-cut", frame[..frame.len() - 1].to_vec(), "a zstd frame without its end"),
        ("zstd-and-a-byte", [&frame[..], &[0]].concat(), "a byte after the zstd frame"),
        ("zstd-two-frames", [zstd_stored(&bytes[..50]), zstd_stored(&bytes[50..])].concat(), "two zstd frames"),
        ("zstd-empty-frame-after", [frame.clone(), zstd_stored(&[])].concat(), "two zstd frames"),
        ("zstd-skippable-before", skippable, "a skippable frame"),
        ("zstd-skippable-after", [&frame[..], &[0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]].concat(), "a skippable frame"),
        ("zstd-skippable-only", vec![0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0], "a skippable frame"),
        ("zstd-fewer-bytes", zstd_stored(&bytes[..99]), "a zstd frame of fewer bytes"),
        ("zstd-more-bytes", zstd_stored(&[&bytes[..], &[0]].concat()), "a zstd frame of more bytes"),
        ("zstd-fewer-bytes-unsaid", zstd_windowed(&bytes[..99], 10), "a zstd frame of fewer bytes"),
        ("zstd-more-bytes-unsaid", zstd_windowed(&[&bytes[..], &[0]].concat(), 10), "a zstd frame of more bytes"),
        ("zstd-content-size", wrong_size, "a zstd frame that says it has another length"),
        ("zstd-dictionary", dictionary, "a zstd frame that needs a dictionary"),
        ("zstd-reserved-bit", reserved, "the reserved bit of a zstd frame"),
        ("zstd-reserved-block", reserved_block, "a zstd block of the reserved type"),
        ("zstd-window", zstd_windowed(&bytes, 11), "a zstd window of 2 KiB for less than 1 KiB"),
        ("zstd-window-2-to-the-31", zstd_windowed(&bytes, 31), "a zstd window of 2 GiB"),
        ("zstd-window-2-to-the-41", zstd_windowed(&bytes, 41), "a zstd window of 2 TiB"),
    ] {
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
}

fn field_rules(list: &mut List) {
    list.section = "8";
    let base = under(&[1, 2, 3, 4], Coding::Raw);
    let with = |list: &mut List, name: &str, kinds: Kinds, breaks: &str, parameters: &[u8]| {
        list.change(&base, name, kinds, breaks, |parts| parts.segment().parameters = parameters.into());
    };
    with(list, "transform-4", UNSUPPORTED, "an unknown transform", &[0, 0, 4, 1, 8, 0]);
    with(list, "no-field", CORRUPT, "no field", &[0, 0, 0, 0]);
    // constants add up to words of 32 bits, and need no bytes
    let zero = {
        let halves = [0; 2].map(|_| field(16, Coding::Constant(0)));
        Vector::new("", "", vec![tensor("x", "U32", &[1], vec![0; 4])], vec![segment(&[0], 1, fields(0, &halves))])
    };
    for (name, breaks, widths) in [
        ("fields-17", "17 fields", [&[2; 15][..], &[1; 2]].concat()),
        ("field-of-17-bits", "a field of 17 bits", vec![17, 15]),
        ("field-of-32-bits", "a field of 32 bits", vec![32]),
        ("fields-of-48-bits", "fields of 48 bits for words of 32", vec![16; 3]),
        ("fields-of-256-bits", "fields of 256 bits for words of 32", vec![16; 16]),
    ] {
        let constants = widths.iter().map(|&width| field(width, Coding::Constant(0))).collect::<Vec<_>>();
        let parameters = Fields::of(0, &constants).parameters();
        list.change(&zero, name, CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    }
    with(list, "field-of-0-bits", CORRUPT, "a field of no bits", &[0, 0, 0, 2, 8, 0, 0, 0]);
    with(list, "fields-of-9-bits", CORRUPT, "fields of 9 bits for words of 8", &[0, 0, 0, 2, 4, 0, 5, 0]);
    with(list, "fields-of-7-bits", CORRUPT, "fields of 7 bits for words of 8", &[0, 0, 0, 1, 7, 0]);
    with(list, "coding-7", UNSUPPORTED, "an unknown coding", &[0, 0, 0, 1, 8, 7]);
    with(list, "coding-255", UNSUPPORTED, "an unknown coding", &[0, 0, 0, 1, 8, 255]);
    with(list, "parameters-end-early", CORRUPT, "parameters that end early", &[0, 0, 0, 2, 4, 0, 4]);
    with(list, "parameters-end-before-fields", CORRUPT, "parameters that end early", &[0, 0, 0]);
    with(list, "parameters-empty", CORRUPT, "parameters that end early", &[]);
    with(list, "parameters-and-a-byte", CORRUPT, "a byte after the parameters", &[0, 0, 0, 1, 8, 0, 0]);
    let constant = under(&[1, 1], Coding::Constant(1));
    list.change(&constant, "constant-256-in-8-bits", CORRUPT, "a constant beyond its field", |parts| {
        parts.segment().parameters = vec![0, 0, 0, 1, 8, 1, 0x80, 0x02];
    });
    list.change(&constant, "constant-2-to-the-63", CORRUPT, "a constant beyond its field", |parts| {
        parts.segment().parameters = vec![0, 0, 0, 1, 8, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    });
    list.change(&constant, "constant-with-a-byte", CORRUPT, "a byte at the end of a chunk", |parts| {
        parts.segment().chunks[0].push(0);
    });
    list.change(&base, "chunk-and-a-byte", CORRUPT, "a byte at the end of a chunk", |parts| {
        parts.segment().chunks[0].push(0);
    });
    list.change(&base, "chunk-short", CORRUPT, "a chunk that ends early", |parts| {
        parts.segment().chunks[0].pop();
    });
    let wide = |coding: &[u8]| {
        let entries = vec![tensor("x", "U16", &[2], vec![0; 4])];
        let items = vec![segment(&[0], 2, fields(0, &[field(13, Coding::Constant(0)), field(3, Coding::Constant(0))]))];
        let mut parts = Vector::new("", "", entries, items).parts();
        parts.segment().parameters = [&[0, 0, 0, 2, 13][..], coding, &[3, 1, 0]].concat();
        parts.assemble()
    };
    let mut only_zero = vec![2, 0, 0, 0];
    Tables::new(13, 12, &[&[(0, 1)]], None).write(&mut only_zero);
    list.add("lanes-of-13-bits", CORRUPT, "lanes for a field of 13 bits", wide(&only_zero));
    list.add("bits-of-13-bits", CORRUPT, "bits for a field of 13 bits", wide(&[3, 0, 0, 30]));
    // no fraction, base 0, shift 5, period 1, no columns and no distances
    list.add("mixed-of-13-bits", CORRUPT, "a mixed field of 13 bits", wide(&[4, 0, 1, 0, 0, 5, 1, 0, 0]));
}

/// The fields of a vector's first segment.
fn fields_of(vector: &Vector) -> Fields {
    let of = |item: &Item| match item {
        Item::Segment { representation: Representation::Fields(fields), .. } => Some(fields.clone()),
        _ => None,
    };
    vector.items.iter().find_map(of).expect("a segment in fields")
}

/// Ways to spoil a stream of the bits coder, its words of `size` bytes, and what they break.
pub fn spoiled(words: &[u8], size: usize) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let count = (words.len() / size) as u64;
    let stream = |count: u64, words: &[u8]| {
        let mut out = Vec::new();
        put_varint(&mut out, count);
        out.extend(words);
        out
    };
    vec![
        ("beyond-its-end", "more words than there are bytes", stream(count + 10_000, words)),
        ("of-2-to-the-63-words", "more words than there are bytes", stream(1 << 63, words)),
        // one of them may be that which the encoder left out
        ("word-left-over", "a word left over", stream(count + 2, &[words, &vec![0; 2 * size]].concat())),
        ("two-words-missing", "two words missing", stream(count - 2, &words[..words.len() - 2 * size])),
        ("no-words", "no words", stream(0, &[])),
        // the range is not quite all that there is
        ("impossible", "words that no encoder writes", stream(count, &vec![0xff; words.len()])),
    ]
}

/// A tensor of 48 rows of 3 x 4 x 5 under bits of contexts by class.
fn with_classes() -> Vector {
    let shape = [48, 3, 4, 5];
    let mut random = Random(22);
    let class_field = random.class_field(1, 3, 1, &[&shape], &[[1, 1], [2, 2]]);
    let source = Source::Class { field: 0, shift: 0, contexts: 8 };
    let coding = Coding::Bits { source, word: 0, limit: 30 };
    let fields = Fields { classes: vec![class_field], ..Fields::of(0, &[field(8, coding)]) };
    let items = vec![segment(&[0], 48 * 60, Representation::Fields(fields))];
    Vector::new("", "", vec![tensor("x", "U8", &shape, random.bytes(48 * 60))], items)
}

fn class_rules(list: &mut List) {
    list.section = "8";
    let base = with_classes();
    let [rows, group] = {
        let group = Group { first: 1, axes: 1, classes: vec![1, 2, 3] };
        let class = |groups: &[Group]| ClassField { depth: 1, width: 2, order: 0, rows: vec![], groups: groups.into() };
        [class(&[]), class(&[group])]
    };
    // the chunk stays, if the head is broken: no decoder gets to it
    let with = |list: &mut List, name: &str, breaks: &str, change: &dyn Fn(&mut Fields)| {
        let mut fields = fields_of(&base);
        change(&mut fields);
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    };
    with(list, "class-fields-5", "five class fields", &|fields| fields.classes = vec![rows.clone(); 5]);
    with(list, "class-fields-255", "255 class fields", &|fields| fields.classes = vec![rows.clone(); 255]);
    list.section = "8.2";
    for width in [0, 7, 255] {
        with(list, &format!("class-width-{width}"), "the width of a class", &|fields| {
            fields.classes[0] = ClassField { width, ..rows.clone() };
        });
    }
    with(list, "class-width-7-of-groups", "the width of a class", &|fields| fields.classes[0].width = 7);
    with(list, "class-order-2", "the order of classes", &|fields| fields.classes[0].order = 2);
    with(list, "no-rows-and-no-groups", "neither rows nor groups", &|fields| {
        fields.classes[0] = ClassField { depth: NO_ROWS, ..rows.clone() };
    });
    let groups = |axes: &[(u64, u64)]| -> Vec<Group> {
        // as many classes as the axes have, where they exist
        let size = |&(first, axes): &(u64, u64)| match (first as usize, (first.saturating_add(axes)) as usize) {
            (f, g) if g <= 4 => [48, 3, 4, 5][f..g].iter().product(),
            _ => 5,
        };
        let group = |axes: &(u64, u64)| Group { first: axes.0, axes: axes.1, classes: vec![1; size(axes)] };
        axes.iter().map(group).collect()
    };
    for (name, depth, breaks, axes) in [
        ("groups-overlap", 1, "groups that share an axis", &[(1, 2), (2, 1)][..]),
        ("groups-same", 1, "the same group twice", &[(3, 1), (3, 1)]),
        ("groups-descending", 1, "groups in descending order", &[(2, 1), (1, 1)]),
        ("groups-4", NO_ROWS, "four groups", &[(0, 1), (1, 1), (2, 1), (3, 1)]),
        ("group-without-axes", 1, "a group of no axes", &[(1, 0)]),
        ("group-without-axes-at-the-end", 1, "a group of no axes", &[(1, 1), (4, 0)]),
        ("group-beyond-the-rank", 1, "axes that there are not", &[(4, 1)]),
        ("group-partly-beyond-the-rank", 1, "axes that there are not", &[(2, 3)]),
        ("group-of-2-to-the-63-axes", 1, "axes that there are not", &[(1, 1 << 63)]),
        ("group-from-axis-2-to-the-63", 1, "axes that there are not", &[(1 << 63, 1)]),
        ("group-whose-end-wraps", NO_ROWS, "axes that there are not", &[(u64::MAX, 2)]),
        ("group-of-the-row-axis", 1, "a group of an axis that numbers the rows", &[(0, 1)]),
        ("group-from-the-row-axis-on", 2, "a group of an axis that numbers the rows", &[(1, 2)]),
        ("group-of-the-last-axis-in-depth-4", 4, "a group of one of the leading 4 axes of 4", &[(3, 1)]),
    ] {
        with(list, name, breaks, &|fields| {
            fields.classes[0] = ClassField { depth, groups: groups(axes), ..group.clone() };
        });
    }
    let shared = {
        let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4]), tensor("y", "U8", &[4], vec![5, 6, 7, 8])];
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![1, 0], groups: vec![] };
        let fields = Fields { classes: vec![class], ..Fields::of(0, &[field(8, Coding::Raw)]) };
        Vector::new("", "", entries, vec![segment(&[0, 1], 8, Representation::Fields(fields))])
    };
    for (name, depth, groups, breaks) in [
        (
            "group-in-a-shared-segment",
            0,
            vec![Group { first: 0, axes: 1, classes: vec![0; 4] }],
            "groups of two members",
        ),
        ("no-rows-in-a-shared-segment", NO_ROWS, vec![], "neither rows nor groups"),
    ] {
        let mut fields = fields_of(&shared);
        fields.classes[0] = ClassField { depth, groups, ..fields.classes[0].clone() };
        list.change(&shared, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    }
    let scalar = {
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![1], groups: vec![] };
        let fields = Fields { classes: vec![class], ..Fields::of(0, &[field(8, Coding::Raw)]) };
        let items = vec![segment(&[0], 1, Representation::Fields(fields))];
        Vector::new("", "", vec![tensor("x", "U8", &[], vec![1])], items)
    };
    list.change(&scalar, "group-in-rank-0", CORRUPT, "axes that there are not", |parts| {
        let mut fields = fields_of(&scalar);
        fields.classes[0].groups = vec![Group { first: 0, axes: 1, classes: vec![0] }];
        parts.segment().parameters = fields.parameters();
    });
    // constant classes take next to no bytes
    for (name, shape, axes) in [
        ("classes-2-to-the-20-and-1", &[(1 << 20) + 1, 1][..], &[[0, 1]][..]),
        ("classes-2-to-the-20-and-a-field", &[1 << 20, 2], &[[0, 1], [1, 1]]),
    ] {
        let class = |&[first, axes]: &[u64; 2]| {
            let classes = vec![0; shape[first as usize..(first + axes) as usize].iter().product::<u64>() as usize];
            ClassField {
                depth: NO_ROWS,
                width: 1,
                order: 0,
                rows: vec![],
                groups: vec![Group { first, axes, classes }],
            }
        };
        let classes = axes.iter().map(class).collect();
        let good = Fields::of(0, &[field(8, Coding::Constant(0))]);
        let parameters = Fields { classes, ..good.clone() }.parameters();
        let bytes = vec![0; shape.iter().product::<u64>() as usize];
        let items = vec![segment(&[0], 1 << 22, Representation::Fields(good))];
        let vector = Vector::new("", "", vec![tensor("x", "U8", shape, bytes)], items);
        list.change(&vector, name, CORRUPT, "more than 2^20 classes", |parts| parts.segment().parameters = parameters);
    }
    // steps, count, depth, width, order, count and two groups
    let head = base.parts().segment().parameters.clone();
    let classes = &fields_of(&base).classes[0];
    let vectors: Vec<&[u8]> = classes.groups.iter().map(|group| &group.classes[..]).collect();
    let stream_end = {
        let mut stream = Vec::new();
        put_words(&classes.words(&vectors), 2, &mut stream);
        10 + stream.len()
    };
    let classes_of = |vectors: &[&[u8]]| classes.words(vectors);
    for (name, breaks, stream) in spoiled(&classes_of(&vectors), 2) {
        let parameters = [&head[..10], &stream, &head[stream_end..]].concat();
        list.change(&base, &format!("group-classes-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = parameters;
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let rows = &classes.rows[..];
    let stream_of = |rows: &[u8]| {
        let mut stream = Vec::new();
        put_words(&classes_of(&[rows]), 2, &mut stream);
        stream
    };
    let rest = &chunk[stream_of(rows).len()..];
    let mut streams = spoiled(&classes_of(&[rows]), 2);
    streams.push(("of-fewer-rows", "the classes of half of a chunk's rows", stream_of(&rows[..24])));
    streams.push(("of-more-rows", "the classes of more rows than a chunk has", stream_of(&[rows, rows].concat())));
    for (name, breaks, stream) in streams {
        let chunk = [&stream[..], rest].concat();
        list.change(&base, &format!("row-classes-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![chunk]
        });
    }
    list.change(&base, "row-classes-missing", CORRUPT, "a chunk without the classes of its rows", |parts| {
        parts.segment().chunks = vec![rest.to_vec()];
    });
    with(list, "classes-of-another-order", "classes coded in another order than the head says", &|fields| {
        // the groups are coded in that order, the rows are not
        fields.classes[0].order = 0;
    });
    list.section = "11.4";
    // what is left are the words of the field
    for (name, breaks, stream) in spoiled(&rest[words_at(rest)..], 2) {
        let chunk = [&stream_of(rows)[..], &stream].concat();
        let name = format!("bits-of-several-trees-{name}");
        list.change(&base, &name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
}

/// Where the words of a stream begin, after their number.
fn words_at(stream: &[u8]) -> usize {
    1 + stream.iter().take_while(|&&byte| byte >= 0x80).count()
}

fn source_rules(list: &mut List) {
    list.section = "8.3";
    let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![5], groups: vec![] };
    let lanes_by = |source: Source| {
        let levels = vec![&[(1, 50), (2, 60)][..]; source.contexts()];
        let tables = Tables::new(4, 9, &levels, None);
        Coding::Lanes { source, tables, interval: 0, rate: 0 }
    };
    let bits_by = |source: Source| Coding::Bits { source, word: 0, limit: 30 };
    let build = |coding: &Coding| {
        let parts = vec![field(4, Coding::Raw), field(4, coding.clone())];
        Fields { classes: vec![class.clone()], ..Fields::of(0, &parts) }
    };
    let good = by_class(0, 0, 8);
    let cases = [
        ("source-3", UNSUPPORTED, "an unknown context source", Source::Bytes(vec![3])),
        ("source-255", UNSUPPORTED, "an unknown context source", Source::Bytes(vec![255])),
        ("source-class-field-1", CORRUPT, "the second class field of one", by_class(1, 0, 8)),
        ("source-class-field-255", CORRUPT, "the last class field of one", by_class(255, 0, 8)),
        ("source-shift-8", CORRUPT, "a shift of 8", by_class(0, 8, 8)),
        ("source-shift-255", CORRUPT, "a shift of 255", by_class(0, 255, 8)),
        ("source-contexts-0", CORRUPT, "no context", by_class(0, 0, 0)),
        ("source-contexts-1", CORRUPT, "one context", by_class(0, 0, 1)),
        ("source-contexts-33", CORRUPT, "33 contexts", by_class(0, 0, 33)),
        ("source-own-field", CORRUPT, "contexts from the field itself", by_field(1, &[3])),
        ("source-later-field", CORRUPT, "contexts from a field that there is not", by_field(2, &[3])),
        ("source-field-255", CORRUPT, "contexts from a field that there is not", by_field(255, &[3])),
        ("source-no-threshold", CORRUPT, "no threshold", by_field(0, &[])),
        ("source-thresholds-32", CORRUPT, "32 thresholds", Source::Bytes([&[2, 0, 32][..], &[1; 32]].concat())),
        ("source-thresholds-equal", CORRUPT, "two equal thresholds", by_field(0, &[3, 3])),
        ("source-thresholds-descending", CORRUPT, "thresholds that descend, by wrapping", by_field(0, &[3, 2])),
        ("source-threshold-16", CORRUPT, "a threshold of 2^4 for a field of 4 bits", by_field(0, &[16])),
        (
            "source-threshold-16-after-others",
            CORRUPT,
            "a threshold of 2^4 for a field of 4 bits",
            by_field(0, &[3, 7, 16]),
        ),
        ("source-threshold-2-to-the-63", CORRUPT, "a threshold of 2^63", by_field(0, &[1, 1 << 63])),
        ("source-cut", CORRUPT, "parameters that end in a source", Source::Bytes(vec![])),
    ];
    for (kind, coding_by) in [("lanes", &lanes_by as &dyn Fn(Source) -> Coding), ("bits", &bits_by)] {
        let items = vec![segment(&[0], 4, Representation::Fields(build(&coding_by(good.clone()))))];
        let base = Vector::new("", "", vec![tensor("x", "U8", &[4], vec![0x31, 0x02, 0x71, 0x12])], items);
        for (name, kinds, breaks, source) in &cases {
            list.change(&base, &format!("{kind}-{name}"), *kinds, breaks, |parts| {
                let mut parameters = build(&coding_by(source.clone())).parameters();
                if let Source::Bytes(bytes) = source
                    && bytes.is_empty()
                {
                    let end = build(&Coding::Raw).parameters().len();
                    parameters.truncate(end);
                }
                parts.segment().parameters = parameters;
            });
        }
        // the field before is of 4 bits in any case
        let mut other = build(&coding_by(good.clone()));
        other.classes.clear();
        list.change(
            &base,
            &format!("{kind}-source-without-class-fields"),
            CORRUPT,
            "the first class field of none",
            |parts| {
                parts.segment().parameters = other.parameters();
            },
        );
    }
    // coded in other contexts than the head says
    let entries = vec![tensor("x", "U8", &[400], (0..400u32).map(|i| (i * i % 251) as u8).collect())];
    let by = |threshold: u64| {
        let levels = [&[(0, 30), (1, 40), (2, 50), (3, 60)][..], &[(0, 60), (1, 50), (2, 40), (3, 30)]];
        let tables = Tables::new(2, 12, &levels, None);
        let coding = Coding::Lanes { source: by_field(0, &[threshold]), tables, interval: 0, rate: 0 };
        fields(0, &[field(6, Coding::Raw), field(2, coding)])
    };
    let other =
        Vector::new("", "", entries.clone(), vec![segment(&[0], 400, by(20))]).parts().segment().parameters.clone();
    let base = Vector::new("", "", entries, vec![segment(&[0], 400, by(10))]);
    list.change(&base, "other-contexts", CORRUPT, "lanes coded with another threshold than the head says", |parts| {
        parts.segment().parameters = other;
    });
}

fn by_class(field: u8, shift: u8, contexts: u8) -> Source {
    Source::Class { field, shift, contexts }
}

pub fn by_field(field: u8, thresholds: &[u64]) -> Source {
    Source::Field { field, thresholds: thresholds.into() }
}

/// Eight symbols of two kinds and one other, and their table.
fn some() -> (Vec<u16>, Tables) {
    ([1, 1, 2, 1, 1, 9, 1, 1].into(), Tables::new(8, 12, &[&[(1, 100), (2, 87)]], Some(&[60])))
}

fn under_lanes(symbols: &[u16], tables: &Tables, interval: u8, rate: u8) -> Vector {
    under(symbols, lanes_of(tables.clone(), interval, rate))
}

/// The same symbols in two contexts.
fn in_contexts(tables: &Tables) -> Fields {
    let coding = Coding::Lanes { source: by_field(0, &[1]), tables: tables.clone(), interval: 0, rate: 0 };
    Fields::of(0, &[field(16 - tables.width, Coding::Raw), field(tables.width, coding)])
}

fn table_rules(list: &mut List) {
    list.section = "9";
    let (symbols, table) = some();
    let base = under_lanes(&symbols, &table, 0, 0);
    // the chunk stays: no decoder gets to it
    let with = |list: &mut List, name: &str, breaks: &str, tables: &Tables| {
        let fields = Fields::of(0, &[field(8, lanes_of(tables.clone(), 0, 0))]);
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    };
    for precision in [0, 8, 13, 255] {
        let tables = Tables { precision, ..table.clone() };
        with(list, &format!("precision-{precision}"), "a precision that is not 9 to 12", &tables);
    }
    with(
        list,
        "first-symbol-above-last",
        "a first symbol above the last",
        &Tables { first: 3, last: 2, ..table.clone() },
    );
    let escape_after_nothing = Tables { first: 255, last: 0, ..table.clone() };
    with(list, "first-symbol-255-and-last-0", "a first symbol above the last", &escape_after_nothing);
    let of = |levels: &[(u16, i32)], escape: Option<i32>| {
        Tables::new(8, 12, &[levels], escape.as_ref().map(std::slice::from_ref))
    };
    with(list, "no-entry", "a table without an entry", &of(&[], None));
    with(list, "no-entry-and-no-escape", "a table without an entry", &of(&[], Some(0)));
    let many: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 50)).collect();
    let tables = Tables::new(8, 11, &[&many], Some(&[50]));
    with(list, "entries-257", "256 symbols and the escape", &tables);
    // two contexts of a field of 12 bits
    let spread = |count: u16, distance: u16| -> Vec<(u16, i32)> { (0..count).map(|k| (k * distance, 50)).collect() };
    let wide = {
        let tables = Tables::new(12, 12, &[&spread(4, 1), &spread(4, 2)], None);
        let bytes = [0x00, 0x00, 0x03, 0x00, 0x00, 0x10, 0x06, 0x10];
        let items = vec![segment(&[0], 4, Representation::Fields(in_contexts(&tables)))];
        Vector::new("", "", vec![tensor("x", "U16", &[4], bytes.to_vec())], items)
    };
    let with_two = |list: &mut List, name: &str, breaks: &str, tables: &Tables| {
        let parameters = in_contexts(tables).parameters();
        list.change(&wide, name, CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    };
    let two = |second: &[(u16, i32)], escapes: Option<[i32; 2]>| {
        Tables::new(12, 10, &[&spread(4, 1), second], escapes.as_ref().map(|escapes| &escapes[..]))
    };
    with_two(list, "second-table-without-entry", "a table without an entry", &two(&[], None));
    with_two(list, "second-table-without-entry-or-escape", "a table without an entry", &two(&[], Some([9, 0])));
    with_two(list, "second-table-of-257", "a table of 257 symbols", &two(&spread(257, 15), None));
    with_two(
        list,
        "second-table-of-256-and-escape",
        "a table of 256 symbols and the escape",
        &two(&spread(256, 16), Some([0, 9])),
    );
    let first_of_4096 = Tables::new(12, 10, &[&spread(4096, 1), &spread(4, 1)], None);
    with_two(list, "first-table-of-4096", "a table of 4096 symbols", &first_of_4096);
    for (precision, contexts) in [(12, 9), (11, 17)] {
        let levels = vec![&[(1, 50), (2, 60)][..]; contexts];
        let tables = Tables::new(12, precision, &levels, None);
        let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![0], groups: vec![] };
        let coding = Coding::Lanes { source: by_class(0, 0, contexts as u8), tables, interval: 0, rate: 0 };
        let parts = vec![field(4, Coding::Raw), field(12, coding)];
        let parameters = Fields { classes: vec![class], ..Fields::of(0, &parts) }.parameters();
        let name = format!("slots-of-{contexts}-contexts-in-precision-{precision}");
        list.change(&wide, &name, CORRUPT, "tables of more than 32768 slots", |parts| {
            parts.segment().parameters = parameters;
        });
    }
    for (precision, contexts, last) in [(10, 9, 4095), (9, 9, 3640), (9, 10, 3276), (9, 32, 1024)] {
        let ends = [(0, 50), (last, 60)];
        let tables = Tables::new(12, precision, &vec![&ends[..]; contexts], None);
        let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![0], groups: vec![] };
        let coding = Coding::Lanes { source: by_class(0, 0, contexts as u8), tables, interval: 0, rate: 0 };
        let parts = vec![field(4, Coding::Raw), field(12, coding)];
        let parameters = Fields { classes: vec![class], ..Fields::of(0, &parts) }.parameters();
        let name = format!("levels-of-{contexts}-contexts-and-{}-symbols", last + 1);
        list.change(&wide, &name, CORRUPT, "tables of more than 32768 levels", |parts| {
            parts.segment().parameters = parameters;
        });
    }
    let words = table.words();
    for (name, breaks, stream) in spoiled(&words, 2) {
        list.change(&base, &format!("table-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = [&[0, 0, 0, 1, 8, 2, 0, 0, 0, 12][..], &stream].concat();
        });
    }
    list.section = "9.1";
    with(list, "level-0-of-a-symbol", "a level of 0 that is said not to be 0", &of(&[(1, FALSE_ZERO), (2, 9)], None));
    with(list, "level-0-of-the-escape", "a level of 0 that is said not to be 0", &of(&[(1, 9)], Some(FALSE_ZERO)));
    for (name, before, level) in [
        ("0-by-difference", 1, FALSE_ZERO),
        ("minus-126-by-difference", 1, -126),
        ("128-by-difference", 127, 128),
        ("254-by-difference", 127, 254),
    ] {
        let out = "a level that is not 1 to 127";
        with(list, &format!("level-{name}"), out, &of(&[(1, before), (2, level), (3, 5)], None));
        with_two(list, &format!("level-{name}-of-the-escape"), out, &two(&spread(3, 2), Some([before, level])));
        // from the table before
        let tables = Tables::new(12, 12, &[&[(0, before), (9, 9)], &[(0, level), (9, 9)]], None);
        with_two(list, &format!("level-{name}-from-the-table-before"), out, &tables);
    }
    let long = "a difference whose length has seven bits 1";
    with(list, "difference-of-128", long, &of(&[(1, 127), (2, -1), (3, 5)], None));
    with(list, "difference-of-200", long, &of(&[(1, 1), (2, 201), (3, 5)], None));
    with(list, "difference-of-2-to-the-20", long, &of(&[(1, 1), (2, 1 << 20), (3, 5)], None));
}

fn lane_rules(list: &mut List) {
    list.section = "10";
    let (symbols, table) = some();
    let base = under_lanes(&symbols, &table, 0, 0);
    let stream = lanes(&symbols, &[0; 8], &table, 0, 0);
    assert!(stream.escape_count == 1);
    let mut with = |name: &str, breaks: &str, change: &dyn Fn(&mut LaneStream)| {
        let mut stream = stream.clone();
        change(&mut stream);
        let chunk = stream.write();
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    };
    with("state-below-2-to-the-16", "an initial state of 2^16 - 1", &|stream| stream.states[31] = (1 << 16) - 1);
    with("state-0", "an initial state of 0", &|stream| stream.states[3] = 0);
    with("final-state", "a final state other than 2^16", &|stream| stream.states[31] += 1);
    with("final-state-of-a-used-lane", "a final state other than 2^16", &|stream| stream.states[0] += 4096);
    with("words-beyond-the-chunk", "more words than the chunk has", &|stream| stream.word_count = 1000);
    with("words-2-to-the-63", "more words than the chunk has", &|stream| stream.word_count = 1 << 63);
    with("word-left-over", "a word left over", &|stream| {
        stream.words.push(0);
        stream.word_count += 1;
    });
    with("escapes-beyond-the-chunk", "more escapes than the chunk has", &|stream| stream.escape_count = 8);
    with("escapes-2-to-the-63", "more escapes than the chunk has", &|stream| stream.escape_count = 1 << 63);
    with("more-escapes-than-symbols", "more escapes than symbols", &|stream| {
        stream.escape_count = 9;
        stream.escapes = vec![9; 9];
    });
    with("escape-left-over", "an escape left over", &|stream| {
        stream.escape_count = 2;
        stream.escapes = vec![9; 2];
    });
    with("escape-missing", "an escape missing", &|stream| {
        stream.escape_count = 0;
        stream.escapes.clear();
    });
    with("escape-with-frequency", "an escaped symbol that has a frequency", &|stream| stream.escapes = vec![2]);
    with("states-missing", "fewer than 32 states", &|stream| {
        stream.states.truncate(20);
        (stream.words, stream.escapes) = (vec![], vec![]);
        (stream.word_count, stream.escape_count) = (0, 0);
    });
    // a symbol that has a frequency in the other table
    let tables = Tables::new(8, 12, &[&[(1, 100), (2, 87)], &[(1, 100), (5, 87)]], Some(&[60, 60]));
    let words = [0x0001u16, 0x0101, 0x0102, 0x0105];
    let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let items = vec![segment(&[0], 4, Representation::Fields(in_contexts(&tables)))];
    let two = Vector::new("", "", vec![tensor("x", "U16", &[4], bytes)], items);
    list.change(
        &two,
        "escape-with-frequency-in-its-context",
        CORRUPT,
        "an escaped symbol that has a frequency",
        |parts| {
            let chunk = &mut parts.segment().chunks[0];
            assert!(chunk.ends_with(&[2]));
            *chunk.last_mut().unwrap() = 5;
        },
    );
    let long: Vec<u16> = (0..200).map(|i| (i * 37) & 0xff).collect();
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 1)).collect();
    let all = Tables::new(8, 12, &[&alike], None);
    let base = under_lanes(&long, &all, 0, 0);
    let stream = lanes(&long, &[0; 200], &all, 0, 0);
    for missing in [1, 2, stream.words.len()] {
        let mut stream = stream.clone();
        stream.words.truncate(stream.words.len() - missing);
        stream.word_count -= missing as u64;
        let name = format!("words-missing-{}", if missing > 2 { "all".to_owned() } else { missing.to_string() });
        list.change(&base, &name, CORRUPT, "words that are missing", |parts| {
            parts.segment().chunks = vec![stream.write()]
        });
    }
    let unescaped = under_lanes(&[1, 1, 1, 1], &Tables::new(8, 12, &[&[(1, 1)]], None), 0, 0);
    list.change(&unescaped, "escapes-without-escape", CORRUPT, "escapes, where the table has none", |parts| {
        parts.segment().chunks[0][1] = 1;
        parts.segment().chunks[0].push(7);
    });
    list.section = "10.2";
    let (symbols, table) = some();
    for (interval, rate) in [(0, 1), (7, 1), (17, 1), (8, 0), (8, 9), (255, 255), (1, 4)] {
        // coded as if nothing adapted: eight symbols are no whole block
        let base = under_lanes(&symbols, &table, 0, 0);
        list.change(&base, &format!("interval-{interval}-rate-{rate}"), CORRUPT, "interval or rate", |parts| {
            parts.segment().parameters[7..9].copy_from_slice(&[interval, rate]);
        });
    }
    let long: Vec<u16> = (0..600).map(|i| if i % 7 == 0 { 2 } else { 1 }).collect();
    let base = under_lanes(&long, &table, 8, 3);
    list.change(&base, "not-adapted", CORRUPT, "lanes coded with another rate than the head says", |parts| {
        parts.segment().parameters[8] = 4;
    });
}

fn bits_rules(list: &mut List) {
    list.section = "11";
    let symbols: Vec<u16> = (0..100).map(|i| (i * i) & 0xff).collect();
    for wide in [false, true] {
        let (size, kind) = if wide { (4, "wide") } else { (2, "narrow") };
        let base = under(&symbols, bits(wide, 30));
        let chunk = encode_field(&symbols, &[0; 100], &Field { width: 8, coding: bits(wide, 30) });
        let mut half = chunk.clone();
        half.pop();
        let mut cases = spoiled(&chunk[1..], size);
        cases.push(("half-a-word", "half a word", half));
        for (name, breaks, chunk) in cases {
            let name = format!("bits-{kind}-{name}");
            list.change(&base, &name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
        }
    }
    let base = under(&symbols, bits(false, 30));
    list.change(&base, "bits-word-2", CORRUPT, "a word size of 2", |parts| parts.segment().parameters[7] = 2);
    list.change(&base, "bits-limit-0", CORRUPT, "a limit of 0", |parts| parts.segment().parameters[8] = 0);
    list.change(&base, "bits-other-limit", CORRUPT, "bits coded with another limit than the head says", |parts| {
        parts.segment().parameters[8] = 1;
    });
    list.section = "11.4";
    for (contexts, width) in [(9, 12), (17, 11), (32, 12)] {
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![0], groups: vec![] };
        let coding = |contexts: u8| Coding::Bits { source: by_class(0, 0, contexts), word: 1, limit: 9 };
        let of = |contexts: u8| {
            let parts = [field(16 - width, Coding::Raw), field(width, coding(contexts))];
            Fields { classes: vec![class.clone()], ..Fields::of(0, &parts) }
        };
        let items = vec![segment(&[0], 2, Representation::Fields(of(8)))];
        let base = Vector::new("", "", vec![tensor("x", "U16", &[2], vec![1, 2, 3, 4])], items);
        let name = format!("bits-of-{contexts}-trees-of-{width}-bits");
        list.change(&base, &name, CORRUPT, "trees of more than 32768 contexts", |parts| {
            parts.segment().parameters = of(contexts).parameters();
        });
    }
}

fn mixed_rules(list: &mut List) {
    list.section = "11.5";
    let coding = |mixed: Mixed| Coding::Mixed { source: Source::Nothing, mixed };
    // under zeros, where it is narrower than a byte
    let in_8_bits = |width: u32, coding: Coding| match width {
        8 => Fields::of(0, &[field(8, coding)]),
        _ => Fields::of(0, &[field(8 - width, Coding::Constant(0)), field(width, coding)]),
    };
    let symbols: Vec<u16> = (0..100).map(|i| (i * i) & 0x7f).collect();
    let good = Mixed { base: 3, columns: 10, period: 3, distances: vec![1, 10], ..mixed(1, 2) };
    let base = under(&symbols, coding(good.clone()));
    // the chunk stays: no decoder gets to it
    let with = |list: &mut List, name: &str, breaks: &str, width: u32, mixed: Mixed| {
        let parameters = in_8_bits(width, coding(mixed)).parameters();
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    };
    for kind in [3, 255] {
        with(list, &format!("kind-{kind}"), "a kind of symbols that there is not", 8, Mixed { kind, ..good.clone() });
    }
    // a window of 2^6 magnitudes from 3 * 2^2 on
    let parts = |kind: u8, fraction: u8, base: u64| Mixed { base, ..mixed(kind, fraction) };
    with(list, "fraction-5", "a fraction of 5 bits", 8, parts(0, 5, 0));
    with(list, "fraction-255", "a fraction of 255 bits", 8, parts(0, 255, 0));
    with(list, "fraction-above-magnitude", "a fraction of 4 bits for a magnitude of 3", 3, parts(0, 4, 0));
    with(list, "fraction-above-magnitude-of-floats", "a fraction of 4 bits for a magnitude of 3", 4, parts(1, 4, 0));
    with(list, "fraction-of-integers", "integers with a fraction", 8, parts(2, 1, 0));
    with(list, "base-of-integers", "integers with a base", 8, parts(2, 0, 1));
    for (kind, fraction, width) in [(0, 0, 8), (0, 3, 8), (1, 0, 8), (1, 2, 8), (1, 4, 8), (0, 0, 4), (1, 0, 5)] {
        let base = parts(kind, fraction, 0).last_base(width) + 1;
        let name = format!("window-of-kind-{kind}-fraction-{fraction}-base-{base}-of-{width}-bits");
        with(list, &name, "a window beyond the magnitudes", width, parts(kind, fraction, base));
    }
    for log in [32, 62, 63] {
        let name = format!("base-2-to-the-{log}");
        with(list, &name, "a window beyond the magnitudes", 8, parts(1, 2, 1 << log));
    }
    with(list, "base-2-to-the-64-less-1", "a window beyond the magnitudes", 8, parts(1, 0, u64::MAX));
    for shift in [0, 16, 255] {
        with(list, &format!("shift-{shift}"), "the shift of a predictor", 8, Mixed { shift, ..good.clone() });
    }
    for (name, period) in [("0", 0), ("2-to-the-22-and-1", (1 << 22) + 1), ("2-to-the-63", 1 << 63)] {
        with(list, &format!("period-{name}"), "a period out of range", 8, Mixed { period, ..good.clone() });
    }
    for (name, columns) in [("65537", 65537), ("2-to-the-63", 1 << 63)] {
        with(list, &format!("columns-{name}"), "more than 65536 columns", 8, Mixed { columns, ..good.clone() });
    }
    for (name, breaks, distances) in [
        ("distances-33", "33 distances", (1..=33).collect::<Vec<_>>()),
        ("distances-255", "255 distances", (1..=255).collect()),
        ("distance-0", "a distance of 0", vec![0]),
        ("distances-equal", "two equal distances", vec![1, 7, 7]),
        ("distance-2-to-the-22-and-1", "a distance above 2^22", vec![(1 << 22) + 1]),
        ("distances-to-2-to-the-22-and-1", "distances that add up to more than 2^22", vec![1, 1 << 21, (1 << 22) + 1]),
        ("distance-2-to-the-63", "a distance above 2^22", vec![1, 1 << 63]),
        ("distances-that-wrap", "distances that add up to 2^64 and more", vec![9, 3]),
    ] {
        with(list, name, breaks, 8, Mixed { distances, ..good.clone() });
    }
    with(list, "float-of-1-bit", "a sign without a magnitude", 1, parts(1, 0, 0));
    with(list, "integer-of-1-bit", "a sign without a magnitude", 1, parts(2, 0, 0));
    // steps, counts, transform, width, coding, source, and of what follows as much as this
    let head = base.parts().segment().parameters.clone();
    for kept in 0..head.len() - 7 {
        list.change(&base, &format!("mixed-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(7 + kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let mut half = chunk.clone();
    half.pop();
    let mut cases = spoiled(&chunk[words_at(&chunk)..], 4);
    cases.push(("half-a-word", "half a word", half));
    for (name, breaks, chunk) in cases {
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    // so many words that no other reading ends with the last of them
    let long: Vec<u16> = (0..1000u32).map(|i| ((i * i) >> 3) as u16 & 0xff).collect();
    let base = under(&long, coding(good.clone()));
    for (name, breaks, other) in [
        ("other-kind", "coded as magnitudes, not as floats", Mixed { kind: 0, ..good.clone() }),
        ("other-base", "coded with another base than the head says", Mixed { base: 4, ..good.clone() }),
        ("other-shift", "coded with another shift than the head says", Mixed { shift: 9, ..good.clone() }),
        ("other-period", "coded with another period than the head says", Mixed { period: 2, ..good.clone() }),
        ("other-columns", "coded with other columns than the head says", Mixed { columns: 9, ..good.clone() }),
        (
            "other-distances",
            "coded with other distances than the head says",
            Mixed { distances: vec![2], ..good.clone() },
        ),
    ] {
        let parameters = Fields::of(0, &[field(8, coding(other))]).parameters();
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    }
}

fn index_rules(list: &mut List) {
    list.section = "12";
    let (one, two, files) = (one(), two(), with_files());
    macro_rules! edit {
        ($base:expr, $name:expr, $kinds:expr, $breaks:expr, $edit:expr) => {
            list.change(&$base, $name, $kinds, $breaks, |parts| parts.edit_index = Box::new($edit))
        };
    }
    let content = one.parts().manifest().content();
    let inline = content.clone();
    edit!(one, "inline-though-one-manifest", IN_ORDER, "manifest offset 0 with one manifest frame", move |index| {
        (index.offset, index.len, index.inline) = (0, 0, Some(inline.clone()));
    });
    let inline = content;
    edit!(one, "length-without-offset", CORRUPT, "a manifest length without an offset", move |index| {
        (index.offset, index.inline) = (0, Some(inline.clone()));
    });
    list.change(&two, "offset-though-two-manifests", IN_ORDER, "a manifest offset with two manifest frames", |parts| {
        let manifest = Manifest::default();
        parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
        // kind, two lengths, two lengths of the block, and the checksum
        let (offset, length) = (24, 9 + parts.manifest().content().len() as u64);
        parts.edit_index = Box::new(move |index| (index.offset, index.len, index.inline) = (offset, length, None));
    });
    edit!(one, "manifest-offset-in-header", CORRUPT, "a manifest in the header", |index| index.offset = 23);
    edit!(one, "manifest-offset-later", ELSEWHERE, "a manifest offset a byte later", |index| index.offset += 1);
    edit!(one, "manifest-longer", CORRUPT, "a manifest length of a byte more", |index| index.len += 1);
    edit!(one, "manifest-shorter", CORRUPT, "a manifest length of a byte less", |index| index.len -= 1);
    edit!(one, "manifest-of-length-0", CORRUPT, "a manifest of length 0", |index| index.len = 0);
    edit!(one, "manifest-beyond-the-file", CORRUPT, "a manifest beyond the file", |index| index.offset = 1 << 40);
    edit!(one, "manifest-overflow", CORRUPT, "a manifest whose end overflows", |index| {
        (index.offset, index.len) = (u64::MAX - 5, 100);
    });
    edit!(one, "manifest-is-a-segment", CORRUPT, "a manifest offset that points to a segment", |index| {
        (index.offset, index.len) = (index.offset + index.len, index.preludes[0]);
    });
    // several manifests, so that the index has a copy
    let several = || {
        let mut vector = Vector::new("", "", one.entries.clone(), vec![]);
        vector.entries.push(tensor("y", "U8", &[0], vec![]));
        vector.items = vec![Item::Manifest(1), segment(&[0], 4, Representation::Raw), Item::Manifest(1)];
        vector
    };
    edit!(several(), "copy-of-another-name", IN_ORDER, "a copy of the manifests with another name", |index| {
        let copy = index.inline.as_mut().unwrap();
        *copy.last_mut().unwrap() = b'z';
    });
    edit!(several(), "copy-with-a-byte", CORRUPT, "a copy of the manifests with a byte more", |index| {
        index.inline.as_mut().unwrap().push(0);
    });
    edit!(several(), "copy-with-metadata", IN_ORDER, "a copy of the manifests with metadata of its own", |index| {
        let copy = index.inline.as_mut().unwrap();
        *copy = [&[1, 1, b'k', 1, b'v'], &copy[1..]].concat();
    });
    edit!(one, "segment-count-0", CORRUPT, "a table without the segment", |index| {
        index.count = 0;
        (index.gaps, index.preludes, index.bodies) = (vec![], vec![], vec![]);
    });
    edit!(one, "segment-count-above-entries", CORRUPT, "more segments than entries", |index| {
        index.count = 2;
        for column in [&mut index.gaps, &mut index.preludes, &mut index.bodies] {
            column.push(0);
        }
    });
    edit!(one, "segment-count-beyond-the-table", CORRUPT, "2^60 segments in a few bytes", |index| index.count =
        1 << 60);
    edit!(two, "segment-without-entry", CORRUPT, "a segment that no entry is in", |index| index.segment_of =
        vec![0, 0]);
    edit!(one, "segment-minus-1", CORRUPT, "an entry in segment -1", |index| index.segment_of = vec![zigzag(-1)]);
    edit!(one, "segment-beyond-the-last", CORRUPT, "an entry in segment 1 of 1", |index| index.segment_of =
        vec![zigzag(1)]);
    edit!(two, "segment-wraps", CORRUPT, "a segment number that is right only after it wraps", |index| {
        // 2^63 - 1 and then 2^63 - 1 + 3 more wrap to 1
        index.segment_of = vec![zigzag(i64::MAX), zigzag(i64::MAX)];
    });
    edit!(two, "segments-swapped", CORRUPT, "entries in each other's segments", |index| {
        index.segment_of = vec![zigzag(1), zigzag(-1)];
    });
    edit!(one, "gap-longer", ELSEWHERE, "a gap of a byte more", |index| index.gaps[0] += 1);
    edit!(one, "gap-shorter", ELSEWHERE, "a gap of a byte less", |index| index.gaps[0] -= 1);
    edit!(one, "gap-beyond-the-file", CORRUPT, "a gap beyond the file", |index| index.gaps[0] = 1 << 40);
    edit!(one, "gap-overflow", CORRUPT, "a gap that overflows", |index| index.gaps[0] = u64::MAX);
    edit!(one, "prelude-longer", CORRUPT, "a prelude length of a byte more", |index| index.preludes[0] += 1);
    edit!(one, "prelude-shorter", CORRUPT, "a prelude length of a byte less", |index| index.preludes[0] -= 1);
    edit!(one, "prelude-of-0", CORRUPT, "a prelude length of 0", |index| index.preludes[0] = 0);
    edit!(two, "body-length-longer", CORRUPT, "a body length of a byte more", |index| index.bodies[0] += 1);
    edit!(two, "body-length-shorter", CORRUPT, "a body length of a byte less", |index| index.bodies[0] -= 1);
    edit!(one, "body-length-without-padding", CORRUPT, "a body length without the padding", |index| index.bodies[0] =
        4);
    edit!(two, "segment-in-a-gap", CORRUPT, "a segment that the index leaves out", |index| {
        index.count = 1;
        for column in [&mut index.gaps, &mut index.preludes, &mut index.bodies] {
            column.pop();
        }
        index.segment_of = vec![0, 0];
    });
    edit!(one, "table-with-a-byte", CORRUPT, "a byte at the end of the table", |index| index.table_rest = vec![0]);
    edit!(one, "segment-of-entry-missing", CORRUPT, "no segment for an entry", |index| index.segment_of.clear());
    edit!(one, "entry-digest-missing", CORRUPT, "no digest of an entry", |index| index.entry_digests.clear());
    edit!(one, "entry-digest-too-many", CORRUPT, "a digest too many", |index| index.entry_digests.push([0; 16]));
    edit!(one, "file-digest-too-many", CORRUPT, "a file digest too many", |index| index.file_digests.push([0; 32]));
    edit!(one, "index-with-a-byte", CORRUPT, "a byte at the end of the index", |index| index.rest = vec![0]);
    edit!(one, "entry-digest", CORRUPT, "a digest that is not the entry's", |index| index.entry_digests[0][15] ^= 1);
    edit!(files, "file-digest", IN_ORDER, "a digest that is not the file's", |index| index.file_digests[0][31] ^= 1);
    edit!(files, "file-digest-missing", CORRUPT, "no digest of a file", |index| index.file_digests.truncate(1));
}

fn footer_rules(list: &mut List) {
    list.section = "13";
    let base = one();
    macro_rules! edit {
        ($name:expr, $kinds:expr, $breaks:expr, $edit:expr) => {
            list.change(&base, $name, $kinds, $breaks, |parts| parts.edit_footer = Box::new($edit))
        };
    }
    edit!("footer-magic", TRUNCATED, "the footer's magic", |footer| footer.magic[3] ^= 1);
    edit!("footer-magic-before-checksum", TRUNCATED, "the footer's magic, and its checksum", |footer| {
        (footer.magic[0], footer.checksum) = (0, 1);
    });
    edit!("footer-checksum", CORRUPT, "the footer's checksum", |footer| footer.checksum = 1 << 31);
    edit!("file-length-longer", CORRUPT, "a file length of a byte more", |footer| footer.total += 1);
    edit!("file-length-shorter", CORRUPT, "a file length of a byte less", |footer| footer.total -= 1);
    edit!("index-offset", CORRUPT, "an index a byte earlier", |footer| footer.offset -= 1);
    edit!("index-length", CORRUPT, "an index of a byte more", |footer| footer.len += 1);
    edit!("index-longer-by-what-is-before", ELSEWHERE, "an index that begins a byte earlier", |footer| {
        (footer.offset, footer.len) = (footer.offset - 1, footer.len + 1);
    });
    edit!("index-in-header", CORRUPT, "an index that begins in the header", |footer| {
        (footer.offset, footer.len) = (0, footer.offset + footer.len);
    });
    edit!("index-overflow", CORRUPT, "an index whose end overflows", |footer| {
        footer.len = footer.len.wrapping_add(footer.offset).wrapping_sub(u64::MAX - 3);
        footer.offset = u64::MAX - 3;
    });
    edit!("index-empty", CORRUPT, "an index of no bytes", |footer| {
        (footer.offset, footer.len) = (footer.offset + footer.len, 0);
    });
    let appended = [Some("truncated"), Some("corrupt")];
    list.change(&base, "byte-after-the-end", appended, "a byte after the footer", |parts| parts.tail = vec![0]);
    let again = base.parts().assemble();
    list.change(&base, "container-after-the-end", CORRUPT, "a second container after the first", |parts| {
        parts.tail = again;
    });
    let footer = again_footer(&base);
    list.change(&base, "footer-twice", CORRUPT, "the footer twice", |parts| parts.tail = footer);
}

fn again_footer(base: &Vector) -> Vec<u8> {
    let whole = base.parts().assemble();
    whole[whole.len() - 32..].to_vec()
}

fn order_rules(list: &mut List) {
    list.section = "2";
    let two = two();
    list.change(&two, "index-before-a-segment", IN_ORDER, "an index frame that is not the last", |parts| {
        let mut early = two.parts();
        early.parts.pop();
        let bytes = early.assemble();
        let start = early_index(&bytes);
        let index = bytes[start..bytes.len() - 32].to_vec();
        let last = parts.parts.pop().unwrap();
        parts.parts.push(Part::Verbatim { bytes: index });
        parts.parts.push(last);
    });
    list.change(&two, "no-index", [Some("corrupt"), Some("unsupported")], "no index frame", |parts| {
        parts.no_index = true;
    });
    list.change(&two, "no-manifest", CORRUPT, "segments without a manifest", |parts| {
        parts.parts.remove(0);
        parts.segment_of.clear();
        parts.entry_digests.clear();
    });
}

/// Where the index begins, by the footer.
fn early_index(bytes: &[u8]) -> usize {
    let mut offset = [0; 8];
    offset.copy_from_slice(&bytes[bytes.len() - 32..][..8]);
    u64::from_le_bytes(offset) as usize
}
