//! The good vectors: what each file of `spec/vectors/good/` holds.

use super::Random;
use super::coders::{
    ClassField, Coding, Field, Fields, Group, Mixed, NO_ROWS, Source, Tables, bits, field, pack_words, split,
    undecided, words,
};
use super::decoder::{Head, Words};
use super::wire::{
    DTYPES, Entry, File, Item, MAGIC, Packing, Part, Parts, Representation, VERSION, bytes_of, digest, dtype,
    dtype_name, header,
};

/// A container and what it holds.
pub struct Vector {
    pub name: String,
    about: &'static str,
    metadata: Vec<(&'static str, &'static str)>,
    pub files: Vec<File>,
    pub entries: Vec<Entry>,
    pub items: Vec<Item>,
    /// Optional features of the header.
    optional: u32,
    packed: bool,
}

/// Bytes of a `.bin` at most; a larger one is left to its digests.
const CONTENT_BYTES: usize = 200_000;

impl Vector {
    /// One manifest of all entries, and then these items.
    pub fn new(name: &str, about: &'static str, entries: Vec<Entry>, items: Vec<Item>) -> Self {
        let items = std::iter::once(Item::Manifest(entries.len())).chain(items).collect();
        let (metadata, files) = (Vec::new(), Vec::new());
        Self { name: name.to_owned(), about, metadata, files, entries, items, optional: 0, packed: false }
    }

    pub fn parts(&self) -> Parts {
        let mut parts = Parts::new(&self.metadata, &self.files, &self.entries, &self.items);
        parts.header = header(&MAGIC, VERSION, 0, 0, self.optional);
        if self.packed {
            parts.packing = Packing::Zstd;
            for part in &mut parts.parts {
                if let Part::Manifest { packing, .. } = part {
                    *packing = Packing::Zstd;
                }
            }
        }
        parts
    }

    /// Asserts that `decoder` reads its segments in fields.
    pub fn check(&self, parts: &mut Parts) {
        if let Err(why) = self.decode(parts) {
            panic!("{}: {why}", self.name);
        }
    }

    /// What `decoder` has against its segments in fields.
    pub fn decode(&self, parts: &mut Parts) -> Result<(), String> {
        for segment in parts.segments().filter(|segment| segment.representation == 2) {
            let mut ordinal = 0;
            let members: Vec<&Entry> = segment
                .members
                .iter()
                .map(|distance| {
                    ordinal += *distance as usize;
                    &self.entries[ordinal]
                })
                .collect();
            let shapes: Vec<Vec<u64>> = members.iter().map(|member| member.shape.clone()).collect();
            let (_, _, bits, w) = DTYPES[usize::from(segment.dtype)];
            let about = |why: &str| {
                format!("{}: {why}", String::from_utf8_lossy(members[0].name.as_deref().unwrap_or_default()))
            };
            let words = Words { dtype: dtype_name(segment.dtype), w, each: (bits / w).into() };
            let head = Head::read(&segment.parameters, &shapes, words, segment.chunk_len).map_err(about)?;
            let bytes: Vec<u8> = members.iter().flat_map(|member| member.bytes.iter().copied()).collect();
            let mut from = 0;
            for (chunk, bytes) in
                segment.chunks.iter().zip(bytes.chunks((segment.chunk_len * u64::from(bits) / 8) as usize))
            {
                let elements = bytes.len() as u64 * 8 / u64::from(bits);
                if head.chunk(chunk, from, elements).map_err(about)? != bytes {
                    return Err(about("other bytes"));
                }
                from += elements;
            }
        }
        Ok(())
    }

    /// The bytes of all stored entries, if they are not too many.
    pub fn content(&self) -> Option<Vec<u8>> {
        let bytes = self.entries.iter().filter(|entry| entry.stored()).flat_map(|entry| entry.bytes.iter().copied());
        Some(bytes.collect()).filter(|bytes: &Vec<u8>| bytes.len() <= CONTENT_BYTES)
    }

    /// The expectation, as JSON.
    pub fn describe(&self) -> String {
        let text = |bytes: &[u8]| json(std::str::from_utf8(bytes).expect("good vectors hold good text"));
        let mut lines = vec![format!("  \"about\": {}", json(self.about))];
        let pairs: Vec<String> = self.metadata.iter().map(|(k, v)| format!("[{}, {}]", json(k), json(v))).collect();
        lines.push(format!("  \"metadata\": [{}]", pairs.join(", ")));
        let mut rest = &self.entries[..];
        let mut files = Vec::new();
        for file in &self.files {
            let (own, others) = rest.split_at(file.entries as usize);
            rest = others;
            let mut bytes = file.prefix.clone();
            own.iter().for_each(|entry| bytes.extend(bytes_of(&self.entries, entry)));
            files.push(format!(
                "\n    {{\"name\": {}, \"prefix\": {}, \"entries\": {}, \"bytes\": {}, \"digest\": \"{}\"}}",
                text(&file.name),
                file.prefix.len(),
                file.entries,
                bytes.len(),
                hex(&digest::<32>(&bytes))
            ));
        }
        lines.push(format!("  \"files\": [{}]", files.join(",")));
        let entries = self.entries.iter().map(|entry| {
            let bytes = bytes_of(&self.entries, entry);
            let shape: Vec<String> = entry.shape.iter().map(u64::to_string).collect();
            format!(
                "\n    {{\"name\": {}, \"dtype\": \"{}\", \"shape\": [{}], \"alias_of\": {}, \"bytes\": {}, \"digest\": \"{}\"}}",
                entry.name.as_ref().map_or("null".to_owned(), |name| text(name)),
                dtype_name(entry.dtype),
                shape.join(", "),
                entry.alias.map_or("null".to_owned(), |target| target.to_string()),
                bytes.len(),
                hex(&digest::<16>(bytes))
            )
        });
        lines.push(format!("  \"entries\": [{}]", entries.collect::<Vec<_>>().join(",")));
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}

fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out + "\""
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn tensor(name: &str, dtype_name: &str, shape: &[u64], bytes: Vec<u8>) -> Entry {
    let code = dtype(dtype_name);
    let elements = if shape.contains(&0) { 0 } else { shape.iter().product::<u64>() };
    assert_eq!(elements * u64::from(DTYPES[usize::from(code)].2) / 8, bytes.len() as u64, "{name}");
    Entry { name: Some(name.into()), dtype: code, shape: shape.into(), alias: None, bytes }
}

pub fn alias(name: &str, target: usize, dtype_name: &str, shape: &[u64]) -> Entry {
    Entry {
        name: Some(name.into()),
        dtype: dtype(dtype_name),
        shape: shape.into(),
        alias: Some(target),
        bytes: Vec::new(),
    }
}

/// A file's content.
pub fn content(bytes: &[u8]) -> Entry {
    Entry { name: None, dtype: 1, shape: vec![bytes.len() as u64], alias: None, bytes: bytes.into() }
}

pub fn segment(members: &[usize], chunk_len: u64, representation: Representation) -> Item {
    Item::Segment { members: members.into(), chunk_len, representation }
}

pub fn fields(transform: u8, fields: &[Field]) -> Representation {
    Representation::Fields(Fields::of(transform, fields))
}

/// Symbols of one byte each as a U8 tensor.
pub fn bytes_of_symbols(symbols: &[u16]) -> Vec<u8> {
    symbols.iter().map(|&symbol| symbol as u8).collect()
}

/// Lanes without contexts.
pub fn lanes_of(tables: Tables, interval: u8, rate: u8) -> Coding {
    Coding::Lanes { source: Source::Nothing, tables, interval, rate }
}

/// Lanes for what a field of these words holds; symbols rarer than `least` are escaped.
fn lanes_for(symbols: &[u16], width: u32, least: u64, interval: u8, rate: u8) -> Coding {
    lanes_of(Tables::of(symbols, &vec![0; symbols.len()], 1, width, 12, least), interval, rate)
}

/// Floats as weights have them: many exponents, noisy mantissas.
fn weights(random: &mut Random, count: usize) -> Vec<f32> {
    let weight = |random: &mut Random| {
        let sum: f32 = (0..4).map(|_| random.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5).sum();
        sum * 0.05
    };
    (0..count).map(|_| weight(random)).collect()
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Fields of these widths for bytes of a dtype: each a coding by turns, lanes with and without escapes among them.
fn by_turns(bytes: &[u8], w: u32, transform: u8, widths: &[u32], turn: usize) -> Representation {
    let symbols = split(&words(bytes, w), transform, w, widths);
    let fields = widths.iter().zip(&symbols).enumerate().map(|(number, (&width, symbols))| {
        let coding = match (number + turn) % 5 {
            _ if width > 12 => Coding::Raw,
            0 => lanes_for(symbols, width, 0, 0, 0),
            1 => bits(false, 30),
            2 => lanes_for(symbols, width, 3, 8, 4),
            3 => Coding::Raw,
            _ => bits(true, 255),
        };
        field(width, coding)
    });
    self::fields(transform, &fields.collect::<Vec<_>>())
}

pub fn all() -> Vec<Vector> {
    let mut all = Vec::new();
    frames(&mut all);
    tensors(&mut all);
    segments(&mut all);
    codings(&mut all);
    lanes(&mut all);
    bits_coder(&mut all);
    zstd(&mut all);
    class_rows(&mut all);
    class_groups(&mut all);
    class_members(&mut all);
    class_dtypes(&mut all);
    contexts(&mut all);
    levels(&mut all);
    adaptive_contexts(&mut all);
    mixed_kinds(&mut all);
    mixed_predictor(&mut all);
    mixed_columns(&mut all);
    mixed_escapes(&mut all);
    mixed_contexts(&mut all);
    mixed_dtypes(&mut all);
    mixed_extremes(&mut all);
    mixed_long(&mut all);
    all.extend(super::good_lanes::all());
    all.extend(super::good_steps::all());
    all.extend(super::good_maps::all());
    all.extend(super::good_mixing::all());
    all
}

fn frames(all: &mut Vec<Vector>) {
    let mut empty = Vector::new("empty", "no frame but the index", vec![], vec![]);
    empty.items.clear();
    all.push(empty);
    all.push(Vector::new("empty-manifest", "a manifest that declares nothing", vec![], vec![]));
    let mut metadata = Vector::new("metadata", "metadata and no entries", vec![], vec![]);
    metadata.metadata = vec![("format", "pt"), ("", ""), ("\u{e9}\u{1f600}", "line\nbreak \"quoted\" \\ \u{7f}")];
    all.push(metadata);
    let mut random = Random(1);
    let three = |random: &mut Random| -> Vec<Entry> {
        ["a", "b", "c"].map(|name| tensor(name, "F32", &[5, 4], random.bytes(80))).into()
    };
    let mut several = Vector::new(
        "several-manifests",
        "four manifests, so that the index has manifest offset 0; an alias of an entry of an earlier one",
        three(&mut random),
        vec![],
    );
    several.metadata = vec![("only", "in the first")];
    several.entries.push(alias("d", 1, "F32", &[20]));
    several.items = vec![
        Item::Manifest(1),
        segment(&[0], 20, Representation::Zstd),
        Item::Manifest(2),
        Item::Manifest(0),
        segment(&[2], 20, Representation::Raw),
        segment(&[1], 20, fields(0, &[field(16, Coding::Raw), field(16, Coding::Raw)])),
        Item::Manifest(1),
    ];
    all.push(several);
    let mut optional = Vector::new(
        "optional-frames",
        "optional frames of several kinds everywhere, and unknown optional features in the header",
        three(&mut random),
        vec![],
    );
    let frame = |kind: u8, head: &[u8], body: &[u8]| Item::Optional { kind, head: head.into(), body: body.into() };
    optional.items = vec![
        frame(128, b"", b""),
        Item::Manifest(3),
        frame(255, b"head", b""),
        segment(&[1], 20, Representation::Raw),
        frame(129, b"", &[7; 300]),
        frame(200, &[1; 200], &[2; 100]),
        segment(&[0, 2], 40, Representation::Zstd),
        frame(128, b"x", b"y"),
    ];
    optional.optional = 0x8000_0001;
    all.push(optional);
    let mut packed = Vector::new("packed-blocks", "manifest and index under zstd", three(&mut random), vec![]);
    packed.packed = true;
    packed.metadata = vec![("zeros", "0000000000000000000000000000000000000000000000000000000000000000")];
    packed.items = vec![
        Item::Manifest(2),
        segment(&[0, 1], 40, Representation::Raw),
        Item::Manifest(1),
        segment(&[2], 20, Representation::Raw),
    ];
    all.push(packed);
}

fn tensors(all: &mut Vec<Vector>) {
    let mut random = Random(2);
    for (name, about) in [
        ("dtypes-raw", "a tensor of every dtype, raw"),
        ("dtypes-zstd", "a tensor of every dtype, under zstd"),
        ("dtypes-fields", "a tensor of every dtype, in fields"),
    ] {
        let mut entries = Vec::new();
        let mut items = Vec::new();
        for (code, dtype, bits, w) in DTYPES {
            let bytes = random.bytes(40 * bits as usize / 8);
            let representation = match name {
                "dtypes-raw" => Representation::Raw,
                "dtypes-zstd" => Representation::Zstd,
                _ => {
                    let widths: Vec<u32> = match w {
                        4 => vec![1, 3],
                        6 => vec![2, 4],
                        8 => vec![8],
                        16 => vec![9, 7],
                        32 => vec![9, 12, 8, 3],
                        _ => vec![12, 16, 1, 11, 16, 8],
                    };
                    by_turns(&bytes, w, code % 3, &widths, usize::from(code))
                }
            };
            items.push(segment(&[entries.len()], 40, representation));
            entries.push(tensor(&format!("tensor of {dtype}"), dtype, &[5, 8], bytes));
        }
        all.push(Vector::new(name, about, entries, items));
    }
    let long_name = "n".repeat(300);
    let shapes: Vec<(&str, Vec<u64>)> = vec![
        ("scalar", vec![]),
        ("", vec![1]),
        ("one row", vec![1, 7]),
        ("a\u{0}b\n\u{202e}\u{1f600}/../x", vec![7, 1]),
        (&long_name, vec![1, 2, 1, 3, 1]),
        ("rank 300", vec![1; 300]),
        ("no elements", vec![0]),
        ("none, whatever the others", vec![u64::MAX, 0, u64::MAX, 1 << 40]),
        ("none, of rank 3", vec![3, 0, 2]),
    ];
    let entries: Vec<Entry> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let elements = if shape.contains(&0) { 0 } else { shape.iter().product::<u64>() };
            tensor(name, "F16", &shape, random.bytes(2 * elements as usize))
        })
        .collect();
    let stored: Vec<usize> = (0..entries.len()).filter(|&ordinal| entries[ordinal].stored()).collect();
    let items = vec![segment(&stored, 1 << 22, Representation::Raw)];
    all.push(Vector::new("shapes", "rank 0, rank 300, no elements, names of any text", entries, items));
    let bytes = random.bytes(24);
    let entries = vec![
        tensor("empty", "F32", &[0, 3], vec![]),
        tensor("first", "F32", &[2, 3], bytes),
        alias("same", 1, "F32", &[2, 3]),
        alias("same, of another shape", 1, "F32", &[6, 1]),
        alias("an alias of nothing", 0, "F32", &[7, 0, 7]),
        tensor("not an alias", "I32", &[6], random.bytes(24)),
    ];
    let items = vec![segment(&[1], 6, Representation::Raw), segment(&[5], 6, Representation::Raw)];
    all.push(Vector::new("aliases", "aliases of other shapes, and of an entry without elements", entries, items));
    let text = b"any file, byte for byte\r\n\x00\xff";
    let entries = vec![
        // a.safetensors
        tensor("weight", "F32", &[2, 2], random.bytes(16)),
        tensor("nothing", "F32", &[0], vec![]),
        tensor("bias", "BF16", &[3], random.bytes(6)),
        // b.safetensors
        alias("weight", 0, "F32", &[4]),
        // notes.txt
        content(text),
        // the same again
        Entry { alias: Some(4), bytes: vec![], ..content(text) },
        // pieces.bin: three entries, a tensor among them
        content(b"abc"),
        tensor("inner", "U8", &[2], b"de".to_vec()),
        content(b""),
        // of no file
        tensor("weight", "U8", &[3], b"xyz".to_vec()),
    ];
    let file = |name: &str, prefix: &[u8], entries: u64| File { name: name.into(), prefix: prefix.into(), entries };
    let items = vec![
        segment(&[4, 6, 7, 9], 300, Representation::Zstd),
        segment(&[2], 3, Representation::Raw),
        segment(&[0], 4, Representation::Raw),
    ];
    let mut files = Vector::new(
        "files",
        "files with and without prefix and entries, and a tensor of none; names that several files have",
        entries,
        items,
    );
    files.files = vec![
        file("a.safetensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}", 3),
        file("B.safetensors", b"\x05\x00\x00\x00\x00\x00\x00\x00{   }", 1),
        file("notes.txt", b"", 1),
        file("-notes \u{e9}\u{1f600}(2)...txt", b"", 1),
        file("pieces.bin", b"12345", 3),
        file("empty", b"", 0),
        file(".hidden", b"only a prefix", 0),
        file("CONsole.com1", b"", 0),
        file("con x.COM", b"", 0),
        file("com10.lpt\u{b9}", b"", 0),
        file("com\u{2074}", b"", 0),
    ];
    all.push(files);
}

fn segments(all: &mut Vec<Vector>) {
    let mut random = Random(3);
    let entries: Vec<Entry> = (0..12u64)
        .map(|i| tensor(&format!("t{i}"), "F32", &[i * i + 1, 2], random.bytes(8 * (i * i + 1) as usize)))
        .collect();
    let items = vec![
        segment(&[1, 4, 11], 256, Representation::Raw),
        segment(&[0, 2, 3, 5, 6, 7], 4_000_000, Representation::Zstd),
        segment(
            &[8, 9, 10],
            257,
            fields(1, &[field(8, Coding::Raw), field(16, Coding::Raw), field(8, bits(false, 9))]),
        ),
    ];
    all.push(Vector::new(
        "shared-segments",
        "segments that several tensors share, members across chunks",
        entries,
        items,
    ));
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (name, count, chunk) in [
        ("F4", 1026u64, 256u64),
        ("F6_E2M3", 1028, 264),
        ("F6_E3M2", 512, 512),
        ("U8", 769, 256),
        ("BF16", 1000, 999),
        ("C64", 600, 299),
        ("F64", 300, 299),
    ] {
        for representation in 0..3 {
            let (_, _, bits, w) = DTYPES[usize::from(dtype(name))];
            let bytes = random.bytes(count as usize * bits as usize / 8);
            let widths: &[u32] = match w {
                4 => &[1, 2, 1],
                6 => &[3, 3],
                w => &[8; 8][..w as usize / 8],
            };
            let representation = match representation {
                0 => Representation::Raw,
                1 => Representation::Zstd,
                _ => by_turns(&bytes, w, 1, widths, 0),
            };
            let shape = if count % 2 == 0 { vec![count / 2, 2] } else { vec![count] };
            items.push(segment(&[entries.len()], chunk, representation));
            entries.push(tensor(&format!("{name}.{}", entries.len()), name, &shape, bytes));
        }
    }
    all.push(Vector::new("chunks", "several chunks, the last one short, in every representation", entries, items));
    let large = vec![7; (1 << 22) + 1000];
    let entries = vec![tensor("large", "U8", &[large.len() as u64], large), tensor("small", "U8", &[3], vec![1, 2, 3])];
    let items = vec![
        segment(&[0], 1 << 22, fields(2, &[field(8, Coding::Constant(14))])),
        segment(&[1], 1 << 22, fields(0, &[field(8, Coding::Raw)])),
    ];
    all.push(Vector::new("largest-chunk", "a chunk of 2^22 elements, all equal: no coded bytes", entries, items));
}

fn codings(all: &mut Vec<Vector>) {
    let mut random = Random(4);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (name, w) in [("F4", 4), ("F6_E3M2", 6), ("I8", 8), ("I16", 16), ("C64", 32), ("I64", 64)] {
        for transform in 0..3 {
            // extremes of both signs, and some others
            let mut values: Vec<u64> = vec![0, 1, 2, 1 << (w - 1), (1 << (w - 1)) - 1, (1 << (w - 1)) + 1];
            values.push(u64::MAX >> (64 - w));
            values.resize_with(24, || random.next() >> (64 - w));
            let bytes = pack_words(&values, w as u32);
            let widths: Vec<u32> = match w {
                4 => vec![3, 1],
                6 => vec![1, 1, 1, 1, 1, 1],
                8 => vec![5, 3],
                16 => vec![16],
                32 => vec![15, 2, 14, 1],
                _ => vec![4; 16],
            };
            let raw: Vec<Field> = widths.iter().map(|&width| field(width, Coding::Raw)).collect();
            items.push(segment(&[entries.len()], 24, fields(transform, &raw)));
            let count = if name == "C64" { 12 } else { 24 };
            entries.push(tensor(&format!("{name} under transform {transform}"), name, &[count], bytes));
        }
    }
    all.push(Vector::new(
        "transforms",
        "every transform on words of every width, fields of many widths",
        entries,
        items,
    ));
    let entries = vec![
        tensor("zeros", "F32", &[1000], vec![0; 4000]),
        tensor("ones", "F32", &[3], [0, 0, 0x80, 0x3f].repeat(3)),
        tensor("all bits", "U64", &[2], vec![0xff; 16]),
    ];
    let constant = |width: u32, value: u64| field(width, Coding::Constant(value));
    let all_ones = [0; 4].map(|_| constant(16, 0xffff));
    let items = vec![
        segment(&[0], 300, fields(0, &[constant(16, 0), constant(16, 0)])),
        segment(&[1], 3, fields(1, &[constant(8, 127), constant(16, 0), constant(8, 0)])),
        segment(&[2], 2, fields(0, &all_ones)),
    ];
    all.push(Vector::new("constants", "fields that are constant, up to a value of 16 bits", entries, items));
    let values = weights(&mut random, 3000);
    let (as_f32, mut as_bf16) = (f32_bytes(&values), Vec::new());
    values.iter().for_each(|value| as_bf16.extend(&value.to_le_bytes()[2..]));
    let top =
        |bytes: &[u8], w: u32, width: u32| split(&words(bytes, w), 1, w, &[width, w - width.min(w)]).swap_remove(0);
    let f32_top = lanes_for(&top(&as_f32, 32, 8), 8, 8, 9, 3);
    let bf16_top = lanes_for(&top(&as_bf16, 16, 11), 11, 2, 0, 0);
    let entries = vec![tensor("f32", "F32", &[30, 100], as_f32), tensor("bf16", "BF16", &[30, 100], as_bf16)];
    let items = vec![
        segment(
            &[0],
            1100,
            fields(1, &[field(8, f32_top), field(8, Coding::Raw), field(8, Coding::Raw), field(8, Coding::Raw)]),
        ),
        segment(&[1], 3000, fields(1, &[field(11, bf16_top), field(5, Coding::Raw)])),
    ];
    all.push(Vector::new("weights", "what an encoder makes of common weights", entries, items));
}

fn lanes(all: &mut Vec<Vector>) {
    let mut random = Random(5);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    // incomplete groups of lanes
    for count in [1, 2, 31, 32, 33, 63, 64, 65, 100] {
        let symbols: Vec<u16> = (0..count).map(|_| random.skewed(8)).collect();
        let coding = lanes_for(&symbols, 8, if count % 2 == 0 { 2 } else { 0 }, 0, 0);
        items.push(segment(&[entries.len()], count, fields(0, &[field(8, coding)])));
        entries.push(tensor(&format!("{count} symbols"), "U8", &[count], bytes_of_symbols(&symbols)));
    }
    all.push(Vector::new("lanes-counts", "as many symbols as fill groups of lanes, and fewer", entries, items));

    let one = |levels: &[(u16, i32)], escape: Option<i32>| {
        lanes_of(Tables::new(8, 12, &[levels], escape.as_ref().map(std::slice::from_ref)), 0, 0)
    };
    let symbols: Vec<u16> = (0..500).map(|i| if i % 50 == 49 { 254 } else { 0 }).collect();
    let with_rare: Vec<u16> = (0..500).map(|i| if i % 97 == 96 { i } else { 0 } & 0xff).collect();
    let any: Vec<u16> = (0..400).map(|_| random.next() as u16 & 0xff).collect();
    let mut alone = Alone::default();
    let mut add = |name: &str, chunk_len: u64, symbols: &[u16], coding: Coding| {
        let entry = tensor(name, "U8", &[symbols.len() as u64], bytes_of_symbols(symbols));
        alone.add(entry, chunk_len, fields(0, &[field(8, coding)]));
    };
    add("one symbol of frequency 4096: no words", 70, &[200; 70], one(&[(200, 1)], None));
    add("the last symbol alone, of the highest level", 70, &[255; 70], one(&[(255, 127)], None));
    add("frequencies 4094, 1 and an unused escape of 1", 500, &symbols, one(&[(0, 127), (254, 1)], Some(1)));
    add("escapes", 260, &with_rare, one(&[(0, 127)], Some(80)));
    add("an escape alone", 400, &any, one(&[], Some(50)));
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 64)).collect();
    add("256 symbols alike", 400, &any, one(&alike, None));
    let most: Vec<(u16, i32)> = (0..255).map(|symbol| (symbol, 1 + symbol as i32 % 127)).collect();
    add("255 symbols and the escape", 400, &any, one(&most, Some(127)));
    for precision in 9..=12 {
        let last = ((1u32 << (32 - 2 * precision)) - 1).min(4095) as u16;
        let mut named: Vec<(u16, i32)> = (0..255).map(|i| (i * (last / 255), 40 + i as i32 % 50)).collect();
        named.push((last, 127));
        let coding = lanes_of(Tables::new(12, precision as u8, &[&named], None), 0, 0);
        let symbols: Vec<u16> = (0..500).map(|_| named[random.below(256) as usize].0).collect();
        let bytes: Vec<u8> = symbols.iter().flat_map(|symbol| symbol.to_le_bytes()).collect();
        alone.add(
            tensor(&format!("256 symbols up to {last}, precision {precision}"), "U16", &[500], bytes),
            300,
            fields(0, &[field(4, Coding::Constant(0)), field(12, coding)]),
        );
    }
    all.push(alone.vector("lanes-tables", "tables of one symbol, of all, of an escape alone, of 256 entries"));

    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (interval, rate, count, least) in [
        (8, 1, 3000, 0),
        (8, 8, 3000, 5),
        (9, 4, 2048, 9),
        (10, 3, 1025, 3),
        (11, 2, 2048, 0),
        (8, 2, 256, 0),
        (8, 2, 257, 0),
    ] {
        let half = count / 2;
        let symbols: Vec<u16> =
            (0..count).map(|i| if i < half { random.skewed(6) } else { 63 - random.skewed(6) }).collect();
        let coding = lanes_for(&symbols, 8, least, interval, rate);
        // two chunks where there can be: the frequencies start anew
        items.push(segment(&[entries.len()], (half + 400).min(count), fields(0, &[field(8, coding)])));
        entries.push(tensor(
            &format!("interval {interval}, rate {rate}, {count} symbols"),
            "U8",
            &[count],
            bytes_of_symbols(&symbols),
        ));
    }
    // an entry that never occurs keeps a frequency of 1; one that always does takes the rest
    let table = Tables::new(4, 12, &[&[(0, 1), (1, 127), (2, 1), (3, 1)]], None);
    let symbols: Vec<u16> = (0..4000).map(|i| if i == 3999 { 3 } else { 0 }).collect();
    let packed = super::coders::pack(&symbols, 4);
    entries.push(tensor("far from its table", "F4", &[4000], packed));
    items.push(segment(&[entries.len() - 1], 4000, fields(0, &[field(4, lanes_of(table, 8, 1))])));
    all.push(Vector::new("lanes-adaptive", "frequencies that follow the symbols", entries, items));

    let symbols: Vec<u16> = (0..70_000u32).map(|i| (random.skewed(3) + (i / 10_000) as u16) & 15).collect();
    let entries = vec![tensor("x", "F4", &[70_000], super::coders::pack(&symbols, 4))];
    let coding = lanes_for(&symbols, 4, 0, 16, 1);
    let items = vec![segment(&[0], 70_000, fields(0, &[field(4, coding)]))];
    all.push(Vector::new("lanes-longest-interval", "interval 16: one change of the frequencies", entries, items));
}

fn bits_coder(all: &mut Vec<Vector>) {
    let mut random = Random(6);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for wide in [false, true] {
        for (width, limit) in [(1, 255), (2, 1), (3, 30), (8, 255), (8, 1), (8, 4)] {
            let count = 700;
            let symbols: Vec<u16> = (0..count).map(|_| random.skewed(width)).collect();
            let mut parts = vec![field(width, bits(wide, limit))];
            if width < 8 {
                parts.insert(0, field(8 - width, Coding::Constant(0)));
            }
            items.push(segment(&[entries.len()], 300, fields(0, &parts)));
            let name = format!("{} bits, limit {limit}, {}", width, if wide { "wide" } else { "narrow" });
            entries.push(tensor(&name, "U8", &[count], bytes_of_symbols(&symbols)));
        }
        for count in [1u64, 2, 3] {
            let value = random.next() as u16 & 0xfff;
            let bytes = value.to_le_bytes().repeat(count as usize);
            items.push(segment(
                &[entries.len()],
                count,
                fields(0, &[field(4, Coding::Constant(0)), field(12, bits(wide, 30))]),
            ));
            entries.push(tensor(
                &format!("{count} of 12 bits, {}", if wide { "wide" } else { "narrow" }),
                "U16",
                &[count],
                bytes,
            ));
        }
    }
    all.push(Vector::new("bits", "both sizes of the bits coder, with fast and slow contexts", entries, items));
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for wide in [false, true] {
        for last in [false, true] {
            for limit in [30, 255] {
                let symbols = undecided(wide, limit, 7, last);
                let count = symbols.len() as u64;
                items.push(segment(&[entries.len()], count, fields(0, &[field(8, bits(wide, limit))])));
                let name = format!("{}, limit {limit}, {last}", if wide { "wide" } else { "narrow" });
                entries.push(tensor(&name, "U8", &[count], bytes_of_symbols(&symbols)));
            }
        }
    }
    all.push(Vector::new("bits-carry", "words that a carry may still reach, resolved in both ways", entries, items));
}

/// What `zstd -19` made of 'to be or not to be, that is the question: ' four times over, with checksum: a compressed block.
pub const COMPRESSED: &str = "28b52ffd24a8550100a242080cc03d2487608abf1a65aee5048f43e3a5ce53f1d7ce527ca039f219ef8aa7397201\
                              00da2d55653f5ce59a";
pub const COMPRESSED_TEXT: &str = "to be or not to be, that is the question: ";

fn zstd(all: &mut Vec<Vector>) {
    let text = COMPRESSED_TEXT.repeat(4).into_bytes();
    let compressed =
        (0..COMPRESSED.len() / 2).map(|i| u8::from_str_radix(&COMPRESSED[2 * i..2 * i + 2], 16).expect("hex"));
    let mixed: Vec<u8> = (0..5000u32).map(|i| if i / 1000 % 2 == 0 { 9 } else { ((i * i) >> 3) as u8 }).collect();
    let small = mixed[..700].to_vec();
    let entries = vec![
        tensor("compressed", "U8", &[text.len() as u64], text),
        tensor("blocks that repeat a byte", "U8", &[5000], mixed.clone()),
        tensor("several frames", "I16", &[2500], mixed),
        tensor("a window of 1 KiB and no length", "U8", &[700], small.clone()),
        tensor("the smallest that may have 2 KiB", "U8", &[1025], [small.clone(), small[..325].to_vec()].concat()),
    ];
    let windowed = super::coders::zstd_windowed(&small, 10);
    let windowed_twice = super::coders::zstd_windowed(&entries[4].bytes, 11);
    let items = vec![
        segment(&[0], 200, Representation::Frames(vec![compressed.collect()])),
        segment(&[1], 5000, Representation::Zstd),
        segment(&[2], 700, Representation::Zstd),
        segment(&[3], 700, Representation::Frames(vec![windowed])),
        segment(&[4], 1025, Representation::Frames(vec![windowed_twice])),
    ];
    all.push(Vector::new("zstd", "zstd frames of several kinds", entries, items));
    let mut longest = longest(0);
    longest.about = "a chunk of as many coded bytes as it may have: 65536 + 32 * 5";
    all.push(longest);
}

/// A chunk of five bytes in a zstd frame of 65696 bytes, the most that it may have, and `more` empty blocks.
pub fn longest(more: usize) -> Vector {
    let bytes = vec![5, 4, 3, 2, 1];
    let frame = super::coders::zstd_windowed(&bytes, 10);
    let (header, block) = frame.split_at(6);
    let frame = [header, &[0; 3].repeat(21_894 + more), block].concat();
    assert_eq!(frame.len(), 65_536 + 32 * 5 + 3 * more);
    let items = vec![segment(&[0], 5, Representation::Frames(vec![frame]))];
    Vector::new("longest-chunk", "", vec![tensor("x", "U8", &[5], bytes)], items)
}

/// Tensors, each in a segment of its own.
#[derive(Default)]
pub struct Alone {
    entries: Vec<Entry>,
    items: Vec<Item>,
}

impl Alone {
    pub fn add(&mut self, entry: Entry, chunk_len: u64, representation: Representation) {
        let name = String::from_utf8_lossy(entry.name.as_deref().unwrap_or_default());
        assert!(self.entries.iter().all(|other| other.name != entry.name), "two tensors {name}");
        self.items.push(segment(&[self.entries.len()], chunk_len, representation));
        self.entries.push(entry);
    }

    pub fn vector(self, name: &str, about: &'static str) -> Vector {
        Vector::new(name, about, self.entries, self.items)
    }
}

impl Random {
    fn classes(&mut self, count: usize, width: u8) -> Vec<u8> {
        (0..count).map(|_| self.skewed(width.into()) as u8).collect()
    }

    /// A class field for members of these shapes, with groups of these axes.
    pub fn class_field(
        &mut self,
        depth: u8,
        width: u8,
        order: u8,
        shapes: &[&[u64]],
        groups: &[[u64; 2]],
    ) -> ClassField {
        let groups = groups.iter().map(|&[first, axes]| {
            let count = shapes[0][first as usize..(first + axes) as usize].iter().product::<u64>();
            Group { first, axes, classes: self.classes(count as usize, width) }
        });
        let mut field = ClassField { depth, width, order, rows: vec![], groups: groups.collect() };
        if depth != NO_ROWS {
            let rows = shapes.iter().map(|shape| field.row_count(shape)).sum();
            field.rows = self.classes(rows, width);
        }
        field
    }
}

fn by_class(field: u8, shift: u8, contexts: u8) -> Source {
    Source::Class { field, shift, contexts }
}

pub fn by_field(field: u8, thresholds: &[u64]) -> Source {
    Source::Field { field, thresholds: thresholds.into() }
}

/// How a field is to be coded.
enum Make {
    Raw,
    Constant(u64),
    /// Source, precision, drift, interval and rate; what occurs less often in a context than this is escaped there.
    Lanes(Source, u8, i32, u64, u8, u8),
    Bits(Source, bool, u8),
}

impl Alone {
    /// A tensor whose symbols follow its class sums (of the first class field), under fields of these widths.
    fn add_made(
        &mut self,
        random: &mut Random,
        name: &str,
        (dtype_name, shape): (&str, &[u64]),
        chunk_len: u64,
        classes: Vec<ClassField>,
        makes: Vec<(u32, Make)>,
    ) {
        let (_, _, bits, w) = DTYPES[usize::from(dtype(dtype_name))];
        let (elements, words_each) = (shape.iter().product::<u64>() as usize, (bits / w) as usize);
        let mut fields = Fields { classes, ..Fields::of(0, &[]) };
        let (_, sums) = fields.classes_of(&[shape], 0, elements, words_each);
        let symbol = |random: &mut Random, i: usize, width: u32, make: &Make| match make {
            Make::Constant(value) => *value as u16,
            _ => {
                let sum = sums.first().map_or(0, |sums| sums[i] as u16);
                (sum + random.skewed(width)) & ((1u32 << width) - 1) as u16
            }
        };
        let mut symbols = vec![vec![]; makes.len()];
        for i in 0..elements * words_each {
            for ((width, make), symbols) in makes.iter().zip(&mut symbols) {
                symbols.push(symbol(random, i, *width, make));
            }
        }
        let word =
            |i: usize| makes.iter().zip(&symbols).fold(0, |word, ((width, _), of)| word << width | u64::from(of[i]));
        let bytes = pack_words(&(0..elements * words_each).map(word).collect::<Vec<_>>(), w);
        for ((width, make), own) in makes.into_iter().zip(&symbols) {
            let coding = match make {
                Make::Raw => Coding::Raw,
                Make::Constant(value) => Coding::Constant(value),
                Make::Bits(source, wide, limit) => Coding::Bits { source, word: wide.into(), limit },
                Make::Lanes(source, precision, drift, least, interval, rate) => {
                    let contexts = source.of(&sums, &symbols);
                    let tables =
                        Tables::of(own, &contexts, source.contexts(), width, precision, least).with_drift(drift);
                    Coding::Lanes { source, tables, interval, rate }
                }
            };
            fields.fields.push(field(width, coding));
        }
        self.add(tensor(name, dtype_name, shape, bytes), chunk_len, Representation::Fields(fields));
    }
}

/// Lanes that do not adapt.
fn fixed(source: Source, precision: u8) -> Make {
    Make::Lanes(source, precision, 0, 0, 0, 0)
}

fn class_rows(all: &mut Vec<Vector>) {
    let mut random = Random(7);
    let mut alone = Alone::default();
    for (name, shape, depth, order, width, chunk_len) in [
        ("chunks that begin and end within a row", &[20, 37][..], 1, 0, 2, 256),
        ("the same in order 1", &[20, 37], 1, 1, 3, 256),
        ("chunks of whole rows", &[8, 64], 1, 1, 6, 256),
        ("chunks of a row and an element", &[8, 256], 1, 1, 4, 257),
        ("rows longer than two chunks", &[3, 700], 1, 0, 1, 300),
        ("rows of an element", &[300, 1], 1, 1, 6, 257),
        ("two axes of rows", &[4, 5, 30], 2, 1, 4, 256),
        ("one axis of rows", &[4, 5, 30], 1, 0, 4, 599),
        ("deeper than the rank", &[4, 5, 30], 254, 1, 5, 300),
        ("as deep as the rank", &[4, 5, 30], 3, 0, 5, 300),
        ("rank 1: a row", &[600], 1, 1, 2, 256),
        ("depth 0: a row", &[20, 30], 0, 0, 6, 256),
    ] {
        let classes = vec![random.class_field(depth, width, order, &[shape], &[])];
        let contexts = 2.max(1 << width.min(4)) as u8;
        let makes = vec![
            (5, fixed(by_class(0, width.saturating_sub(3), contexts.min(8)), 11)),
            (3, Make::Bits(by_class(0, 0, contexts), order == 1, 60)),
        ];
        alone.add_made(&mut random, name, ("U8", shape), chunk_len, classes, makes);
    }
    let shape = &[10, 6, 11];
    let classes = vec![
        random.class_field(2, 3, 1, &[shape], &[]),
        random.class_field(1, 2, 0, &[shape], &[]),
        random.class_field(0, 6, 0, &[shape], &[]),
    ];
    let makes = vec![(4, fixed(by_class(1, 0, 4), 12)), (4, fixed(by_class(0, 0, 8), 12))];
    alone.add_made(&mut random, "three class fields, one unused", ("U8", shape), 256, classes, makes);
    all.push(alone.vector("class-rows", "class fields of rows, in chunks that cut them"));
}

fn class_groups(all: &mut Vec<Vector>) {
    let mut random = Random(8);
    let mut alone = Alone::default();
    let four: &[u64] = &[3, 4, 5, 6];
    // depth and groups of each class field
    type ClassFields = [(u8, &'static [[u64; 2]])];
    let cases: [(&str, &[u64], &ClassFields); 19] = [
        ("axis 0", four, &[(NO_ROWS, &[[0, 1]])]),
        ("axis 1", four, &[(NO_ROWS, &[[1, 1]])]),
        ("axis 2", four, &[(NO_ROWS, &[[2, 1]])]),
        ("axis 3", four, &[(NO_ROWS, &[[3, 1]])]),
        ("every element", four, &[(NO_ROWS, &[[0, 4]])]),
        ("a row and every element", four, &[(0, &[[0, 4]])]),
        ("rows x rest", four, &[(1, &[[1, 3]])]),
        ("rows and each other axis", four, &[(1, &[[1, 1], [2, 1], [3, 1]])]),
        ("rows of two axes and the others", four, &[(2, &[[2, 1], [3, 1]])]),
        ("rows of two axes and the last", four, &[(2, &[[3, 1]])]),
        ("rows of all but the last, and the last", four, &[(3, &[[3, 1]])]),
        ("outer x last", four, &[(NO_ROWS, &[[0, 3], [3, 1]])]),
        ("the first, and the last two", four, &[(NO_ROWS, &[[0, 1], [2, 2]])]),
        ("the middle", four, &[(NO_ROWS, &[[1, 2]])]),
        ("two class fields", four, &[(1, &[[3, 1]]), (NO_ROWS, &[[0, 2], [2, 2]])]),
        ("four class fields", four, &[(1, &[]), (NO_ROWS, &[[1, 1]]), (2, &[[2, 2]]), (0, &[[1, 1], [3, 1]])]),
        ("axes of one", &[1, 7, 1, 60], &[(1, &[[1, 1], [2, 1], [3, 1]])]),
        ("rank 1", &[700], &[(NO_ROWS, &[[0, 1]])]),
        ("rank 1 and a row", &[700], &[(0, &[[0, 1]])]),
    ];
    for (number, (name, shape, class_fields)) in cases.into_iter().enumerate() {
        let classes: Vec<ClassField> = class_fields
            .iter()
            .enumerate()
            .map(|(k, (depth, groups))| {
                let (width, order) = (1 + (number + k) as u8 % 6, (number + k / 2) as u8 % 2);
                random.class_field(*depth, width, order, &[shape], groups)
            })
            .collect();
        let last = classes.len() as u8 - 1;
        let makes = vec![
            (6, fixed(by_class(0, 1, 8), 10)),
            (5, Make::Bits(by_class(last, 0, 32), number % 2 == 0, 100)),
            (5, fixed(by_class(last / 2, 3, 4), 10)),
        ];
        alone.add_made(&mut random, name, ("BF16", shape), 256, classes, makes);
    }
    all.push(alone.vector("class-groups", "classes of groups of axes, of every kind, with and without rows"));
    // mostly equal: few bytes
    let count = 1 << 19;
    let class = |width: u8, distance: usize| {
        let classes = (0..count).map(|number| u8::from(number % distance == 7)).collect();
        let groups = vec![Group { first: 0, axes: 1, classes }];
        ClassField { depth: NO_ROWS, width, order: 1, rows: vec![], groups }
    };
    let classes = vec![class(1, 50_000), class(2, 70_000)];
    let values: Vec<u64> = classes[1].groups[0].classes.iter().map(|&class| class.into()).collect();
    let coding = Coding::Bits { source: by_class(1, 0, 2), word: 0, limit: 200 };
    let parts = vec![field(3, Coding::Constant(0)), field(1, coding)];
    let entries = vec![tensor("x", "F4", &[count as u64], pack_words(&values, 4))];
    let items = vec![segment(&[0], 1 << 18, Representation::Fields(Fields { classes, ..Fields::of(0, &parts) }))];
    all.push(Vector::new("class-most", "2^20 classes of groups, as many as there may be", entries, items));
}

fn class_members(all: &mut Vec<Vector>) {
    let mut random = Random(9);
    let shapes: [&[u64]; 8] = [&[], &[90], &[7, 11], &[2, 3, 50], &[], &[1, 5, 1, 9], &[4, 100], &[3, 2, 1]];
    let mut entries: Vec<Entry> = Vec::new();
    let mut items = Vec::new();
    for (depth, order) in [(0, 0), (1, 1), (2, 1), (2, 0), (254, 1)] {
        let elements = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum::<u64>() as usize;
        let class_field = random.class_field(depth, 3, order, &shapes, &[]);
        let mut fields = Fields { classes: vec![class_field], ..Fields::of(1, &[]) };
        let (_, sums) = fields.classes_of(&shapes, 0, elements, 1);
        let values: Vec<u64> = sums[0].iter().map(|&sum| (sum as u64) << 12 | u64::from(random.skewed(12))).collect();
        let mut bytes = pack_words(&values, 16);
        let symbols = split(&values, 1, 16, &[8, 8]);
        let source = by_class(0, 0, 8);
        let tables = Tables::of(&symbols[0], &source.of(&sums, &symbols), 8, 8, 12, 2);
        fields.fields = vec![
            field(8, Coding::Lanes { source: source.clone(), tables, interval: 0, rate: 0 }),
            field(8, Coding::Bits { source, word: 0, limit: 30 }),
        ];
        let members: Vec<usize> = (0..shapes.len()).map(|k| entries.len() + k).collect();
        for (k, shape) in shapes.iter().enumerate() {
            let rest = bytes.split_off(2 * shape.iter().product::<u64>() as usize);
            entries.push(tensor(&format!("member {k}, depth {depth}, order {order}"), "F16", shape, bytes));
            bytes = rest;
        }
        items.push(segment(&members, 300, Representation::Fields(fields)));
    }
    all.push(Vector::new("class-members", "rows of members of ranks 0 to 4 in shared segments", entries, items));
}

fn class_dtypes(all: &mut Vec<Vector>) {
    let mut random = Random(10);
    let mut alone = Alone::default();
    let shape: &[u64] = &[9, 5, 16];
    for (number, (_, name, _, w)) in DTYPES.into_iter().enumerate() {
        let groups: &[[u64; 2]] = [&[][..], &[[1, 1], [2, 1]], &[[1, 2]]][number % 3];
        let classes = vec![random.class_field(1, 3, number as u8 % 2, &[shape], groups)];
        let lanes = || fixed(by_class(0, 1, 8), 12);
        let bits = |limit: u8| Make::Bits(by_class(0, 0, 16), limit & 1 == 0, limit);
        let makes = match w {
            4 => vec![(3, lanes()), (1, bits(50))],
            6 => vec![(2, bits(51)), (4, lanes())],
            8 => vec![(4, lanes()), (4, bits(52))],
            16 => vec![(7, bits(53)), (9, Make::Lanes(by_class(0, 1, 8), 12, 1, 3, 0, 0))],
            32 => vec![(8, lanes()), (10, bits(54)), (14, Make::Raw)],
            _ => vec![
                (5, lanes()),
                (12, Make::Raw),
                (11, Make::Constant(1000)),
                (16, Make::Raw),
                (8, bits(55)),
                (12, Make::Raw),
            ],
        };
        alone.add_made(&mut random, name, (name, shape), if number % 2 == 0 { 264 } else { 720 }, classes, makes);
    }
    all.push(alone.vector("class-dtypes", "classes in a tensor of every dtype; the two words of a C64 share one"));
}

fn contexts(all: &mut Vec<Vector>) {
    let mut random = Random(11);
    let mut alone = Alone::default();
    let shape: &[u64] = &[30, 40];
    // sums to 4 * 63 = 252
    let wide_sums = |random: &mut Random| random.class_field(1, 6, 0, &[shape], &[[1, 1]]);
    for shift in 0..=7 {
        let mut classes = vec![wide_sums(&mut random)];
        // both ends
        (classes[0].rows[0], classes[0].rows[1]) = (0, 63);
        (classes[0].groups[0].classes[0], classes[0].groups[0].classes[1]) = (0, 63);
        let makes = vec![
            (4, Make::Bits(by_class(0, shift, 32), shift % 2 == 0, 80)),
            (4, fixed(by_class(0, shift, 2 + 30 * (shift % 2)), 10)),
        ];
        alone.add_made(&mut random, &format!("shift {shift}"), ("U8", shape), 600, classes, makes);
    }
    for (precision, count) in [(9, 32), (10, 32), (11, 16), (12, 8), (12, 3), (9, 2)] {
        let classes = vec![wide_sums(&mut random)];
        let makes = vec![(8, Make::Lanes(by_class(0, 1, count), precision, 0, 3, 0, 0))];
        let name = format!("precision {precision}, {count} contexts, some with escapes");
        alone.add_made(&mut random, &name, ("U8", shape), 1200, classes, makes);
    }
    let classes = vec![random.class_field(1, 1, 1, &[shape], &[])];
    let makes = vec![(4, fixed(by_class(0, 0, 32), 9)), (4, Make::Bits(by_class(0, 1, 2), false, 9))];
    alone.add_made(&mut random, "contexts that never occur", ("U8", shape), 500, classes, makes);
    let all_31: Vec<u64> = (0..31).map(|k| 100 * k + 3).collect();
    for (number, thresholds) in
        [&[1][..], &[0], &[4095], &[0, 1, 2, 3], &all_31, &[17, 500, 4094, 4095]].into_iter().enumerate()
    {
        let source = by_field(0, thresholds);
        let makes = vec![
            (12, Make::Raw),
            (3, Make::Lanes(source.clone(), 10, 0, 2, 0, 0)),
            (1, Make::Bits(source, number % 2 == 0, 200)),
        ];
        alone.add_made(&mut random, &format!("thresholds {thresholds:?}"), ("U16", shape), 700, vec![], makes);
    }
    let classes = vec![wide_sums(&mut random)];
    let makes = vec![
        (16, Make::Raw),
        (5, fixed(by_field(0, &[0, 1, 300, 65535]), 12)),
        (4, Make::Bits(by_field(1, &[3, 9, 31]), true, 40)),
        (6, Make::Lanes(by_class(0, 4, 7), 12, -1, 0, 8, 4)),
        (1, Make::Constant(1)),
        (4, fixed(by_field(4, &[1]), 9)),
        (12, Make::Bits(by_field(3, &[1, 2, 4, 8, 16, 32, 63]), false, 100)),
        (3, fixed(by_field(2, &[8]), 12)),
        (10, Make::Bits(by_field(6, &all_31), true, 30)),
        (3, fixed(Source::Nothing, 12)),
    ];
    alone.add_made(&mut random, "fields that depend on each other", ("U64", shape), 1000, classes, makes);
    let classes = vec![wide_sums(&mut random)];
    let makes = vec![(8, Make::Bits(by_class(0, 2, 32), true, 255)), (8, Make::Bits(by_class(0, 2, 31), false, 1))];
    alone.add_made(&mut random, "bits with contexts", ("U16", shape), 1000, classes, makes);
    // a word of two has contexts of its own
    let makes = vec![(4, Make::Raw), (12, Make::Raw), (12, Make::Bits(by_field(0, &[2, 9]), true, 20)), (4, Make::Raw)];
    alone.add_made(&mut random, "words of a C64", ("C64", &[300]), 299, vec![], makes);
    all.push(alone.vector("contexts", "contexts from classes and from earlier fields, at both ends of their ranges"));
}

/// Symbols that these tables can code, in contexts that are drawn first.
pub fn drawn(random: &mut Random, tables: &Tables, contexts: &[usize]) -> Vec<u16> {
    let draw = |context: &usize| {
        let mut entries = tables.entries(*context);
        // an escape has nothing to say where all symbols have a frequency
        entries.truncate(1 << tables.width);
        match entries[random.below(entries.len() as u64) as usize].0 {
            Some(symbol) => symbol,
            None => loop {
                let symbol = random.below(1 << tables.width) as u16;
                if entries.iter().all(|(name, _)| *name != Some(symbol)) {
                    break symbol;
                }
            },
        }
    };
    contexts.iter().map(draw).collect()
}

/// A field of four bits that is the context, one of `width` that follows these tables.
fn add_tables(alone: &mut Alone, random: &mut Random, name: &str, tables: Tables) {
    let tables = tables.in_slots();
    let (count, width) = (tables.levels.len(), tables.width);
    let contexts: Vec<usize> = (0..400).map(|_| random.below(count as u64) as usize).collect();
    let symbols = drawn(random, &tables, &contexts);
    let words: Vec<u64> =
        contexts.iter().zip(&symbols).map(|(&c, &symbol)| (c as u64) << width | u64::from(symbol)).collect();
    let source = match count {
        1 => Source::Nothing,
        count => by_field(0, &(1..count as u64).collect::<Vec<_>>()),
    };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    let fields = fields(0, &[field(16 - width, Coding::Raw), field(width, coding)]);
    alone.add(tensor(name, "U16", &[400], pack_words(&words, 16)), 400, fields);
}

fn levels(all: &mut Vec<Vector>) {
    let mut random = Random(12);
    let mut alone = Alone::default();
    // hills that wander with the context, as an encoder would have them, rough ones, and some that no prediction fits
    for (number, drift) in (-8..8).enumerate() {
        let (width, count) = (4 + number as u32 % 6, 2 + number % 15);
        let (rough, holes) = ([1, 3, 9, 60, 254][number % 5], [0, 30, 5][number % 3]);
        let precision = 9 + (number % 4) as u8;
        let precision = if count << precision > 32768 { 11 } else { precision };
        let (middle, size) = (1 << (width - 1), 1 << width);
        let mut levels = vec![vec![0; size]; count];
        for (c, table) in levels.iter_mut().enumerate() {
            for (s, level) in table.iter_mut().enumerate().take(size.min(250)) {
                let distance = s as i32 - middle - drift * (c as i32 - count as i32 / 2);
                let noise = random.below(rough) as i32 - rough as i32 / 2;
                let hole = holes > 0 && random.below(holes) == 0;
                *level = if hole { 0 } else { (100 - distance.abs() * 2 + noise).clamp(1, 127) };
            }
            table[middle as usize] = 120;
        }
        let escapes = (number % 2 == 0).then(|| (0..count).map(|c| [0, 20, 21, 90][(c + number / 2) % 4]).collect());
        let mut tables = Tables { width, precision, first: 0, last: 0, drift, levels, escapes };
        tables.set_range();
        add_tables(&mut alone, &mut random, &format!("drift {drift}, {count} contexts of {width} bits"), tables);
    }
    // differences of every magnitude from p, in both directions
    for (name, base, sign) in [("up", 1, 1), ("down", 127, -1)] {
        let levels: Vec<Vec<(u16, i32)>> = (0..16)
            .map(|c| {
                (0..16)
                    .map(|s| (s, if s == 0 || c == 0 { base } else { base + sign * (8 * c + s as i32 - 9).min(126) }))
                    .collect()
            })
            .collect();
        let levels: Vec<&[(u16, i32)]> = levels.iter().map(|table| &table[..]).collect();
        add_tables(&mut alone, &mut random, &format!("levels that go {name}"), Tables::new(4, 10, &levels, None));
    }
    let swings: Vec<(u16, i32)> = (0..64).map(|s| (s, if s % 2 == 0 { 1 } else { 127 - (s as i32 & 0x3e) })).collect();
    add_tables(&mut alone, &mut random, "levels that swing", Tables::new(6, 12, &[&swings], None));
    // a table that the one before says nothing of, and one without a symbol
    let tables = Tables::new(5, 9, &[&[(3, 50)], &[(30, 50), (31, 1)], &[], &[(0, 127)]], Some(&[0, 3, 127, 0]));
    add_tables(&mut alone, &mut random, "tables that have nothing in common", tables.with_drift(-8));
    let wider = Tables { first: 1, last: 29, ..Tables::new(5, 11, &[&[(9, 50), (20, 60)], &[(12, 1)]], Some(&[0, 0])) };
    add_tables(
        &mut alone,
        &mut random,
        "a wider range than needed, and an escape that no table has",
        wider.with_drift(3),
    );
    let tables = Tables::new(5, 12, &[&[(31, 127)], &[(31, 1)], &[(31, 64)]], Some(&[1, 127, 0]));
    add_tables(&mut alone, &mut random, "one symbol, the last", tables.with_drift(7));
    let sparse: Vec<Vec<(u16, i32)>> =
        (0..8).map(|c| (0..20).map(|k| (k * 200 + c, 1 + (k * 41 + c * 5) as i32 % 127)).collect()).collect();
    let sparse: Vec<&[(u16, i32)]> = sparse.iter().map(|table| &table[..]).collect();
    let tables = Tables::new(12, 12, &sparse, Some(&[50; 8])).with_drift(1);
    add_tables(&mut alone, &mut random, "few of 4096 symbols, which move with the context", tables);
    // contexts times symbols from the first to the last: 32768, as many as there may be
    for (count, width, precision, escape) in [(8, 12, 12, None), (32, 10, 10, Some(40)), (16, 11, 11, None)] {
        let last = (1u16 << width) - 1;
        let levels: Vec<Vec<(u16, i32)>> = (0..count)
            .map(|c| (0..8).map(|k| (k * (last / 8 - 1) + c, 30 + (k * 7 + c) as i32)).chain([(last, 50)]).collect())
            .collect();
        let levels: Vec<&[(u16, i32)]> = levels.iter().map(|table| &table[..]).collect();
        let escapes = escape.map(|level| vec![level; count.into()]);
        let tables = Tables::new(width, precision, &levels, escapes.as_deref()).with_drift(1);
        assert!(count * (tables.last - tables.first + 1) == 32768);
        add_tables(&mut alone, &mut random, &format!("32768 levels, {count} contexts of {width} bits"), tables);
    }
    // as many symbols from the first to the last, with an escape and without, as there is room for in a slot
    for (precision, width) in [(12, 9), (12, 8), (11, 11), (10, 12)] {
        for escape in [None, Some([30])] {
            let last = (1 << (32 - 2 * precision)) - 1 - u16::from(escape.is_some());
            let levels: Vec<(u16, i32)> =
                (0..20).map(|k| (k * (last / 20), 30 + k as i32)).chain([(last, 60)]).collect();
            let tables = Tables::new(width, precision as u8, &[&levels], escape.as_ref().map(|escape| &escape[..]));
            let name = format!("{} symbols of {width} bits, precision {precision}, escape {escape:?}", last + 1);
            add_tables(&mut alone, &mut random, &name, tables);
        }
    }
    all.push(alone.vector("levels", "tables of levels, through each kind of prediction and length of a difference"));
}

fn adaptive_contexts(all: &mut Vec<Vector>) {
    let mut random = Random(13);
    let mut alone = Alone::default();
    for (interval, rate, precision, chunk_len, escape) in [
        (8, 1, 12, 4000, None),
        (8, 8, 9, 2500, Some(60)),
        (9, 3, 10, 4000, Some(1)),
        (10, 5, 11, 4000, None),
        (8, 4, 12, 256, Some(60)),
        (11, 2, 9, 4000, Some(127)),
    ] {
        // the contexts take turns to be alone, and then collect at rates of their own
        let contexts: Vec<usize> = (0..4000u64)
            .map(|i| match i / 512 {
                0 | 1 => 1,
                2 => (i % 2) as usize,
                _ => [0, 0, 0, 0, 1, 1, 2, 3][random.below(8) as usize].min(random.below(40) as usize),
            })
            .collect();
        let spread: Vec<(u16, i32)> = (0..40).map(|s| (s, 40 + (s * 7 % 60) as i32)).collect();
        let escapes = escape.map(|level| [level, 0, level, level]);
        let levels = [&spread[..], &spread[..20], &spread[7..9], &spread[3..40]];
        let tables = Tables::new(6, precision, &levels, escapes.as_ref().map(|escapes| &escapes[..]));
        let symbols = drawn(&mut random, &tables, &contexts);
        let words: Vec<u64> = contexts.iter().zip(&symbols).map(|(&c, &s)| (c as u64) << 6 | u64::from(s)).collect();
        let coding = Coding::Lanes { source: by_field(0, &[1, 2, 3]), tables, interval, rate };
        let name = format!("interval {interval}, rate {rate}, precision {precision}, chunks of {chunk_len}");
        let fields = fields(0, &[field(2, Coding::Raw), field(6, coding)]);
        alone.add(tensor(&name, "U8", &[4000], pack_words(&words, 8)), chunk_len, fields);
    }
    all.push(
        alone.vector("lanes-contexts", "frequencies that follow the symbols of their context, over several blocks"),
    );
}

/// A kind and a fraction, the rest in the middle of the range.
pub fn mixed(kind: u8, fraction: u8) -> Mixed {
    Mixed { kind, fraction, shift: 5, period: 1, distances: vec![1], ..Mixed::default() }
}

/// Values that resemble those `row` and `row / 10` before them, of a magnitude that depends on the column.
fn series(random: &mut Random, count: usize, row: usize) -> Vec<f64> {
    let scales: Vec<f64> = (0..row).map(|_| 0.25 * (1 << random.below(4)) as f64).collect();
    let mut values: Vec<f64> = Vec::new();
    for i in 0..count {
        let noise: f64 = (0..4).map(|_| random.below(1 << 20) as f64 / (1 << 20) as f64 - 0.5).sum();
        let before = |distance: usize| i.checked_sub(distance).map_or(0.0, |at| values[at]);
        values.push(noise * scales[i % row] + 0.5 * before(row) + 0.25 * before(row / 10 + 1));
    }
    values
}

/// Their symbols: floats cut off after `fraction` bits, their exponents shifted so that 1 is at half of what the field
/// can say; or integers in quarters of 2^m.
fn symbols_of(values: &[f64], of: &Mixed, width: u32) -> Vec<u16> {
    let m = of.magnitude_bits(width);
    let symbol = |&value: &f64| {
        if of.kind == 2 {
            let whole = (value * (1u32 << m) as f64 / 4.0) as i64;
            return whole.clamp(-1 << m, (1 << m) - 1) as u16 & ((1u32 << width) - 1) as u16;
        }
        let float = (value as f32).to_bits();
        let exponent = i64::from(float >> 23 & 255) - 127 + (1 << (m - u32::from(of.fraction)) >> 1);
        let cut = i64::from(float & 0x7f_ffff) >> (23 - of.fraction);
        let magnitude = (exponent << of.fraction | cut).clamp(0, (1 << m) - 1) as u16;
        if of.kind == 1 { ((float >> 31) as u16) << m | magnitude } else { magnitude }
    };
    values.iter().map(symbol).collect()
}

/// The base that has 1 in the upper part of the window.
fn near_one(of: Mixed, width: u32) -> Mixed {
    let half = 1u64 << (of.magnitude_bits(width) - u32::from(of.fraction)) >> 1;
    Mixed { base: half.saturating_sub(11).min(of.last_base(width)), ..of }
}

impl Alone {
    /// One mixed field, under zeros.
    fn add_mixed(&mut self, name: &str, symbols: &[u16], width: u32, chunk_len: u64, mixed: Mixed) {
        let w = if width <= 8 { 8 } else { 16 };
        let mut parts = vec![field(width, Coding::Mixed { source: Source::Nothing, mixed })];
        if width < w {
            parts.insert(0, field(w - width, Coding::Constant(0)));
        }
        let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
        let dtype = if w == 8 { "U8" } else { "U16" };
        let entry = tensor(name, dtype, &[symbols.len() as u64], pack_words(&words, w));
        self.add(entry, chunk_len, fields(0, &parts));
    }
}

fn mixed_kinds(all: &mut Vec<Vector>) {
    let mut random = Random(14);
    let mut alone = Alone::default();
    for (kind, fraction, width) in [
        // the window is all that there is
        (0, 0, 1),
        (0, 0, 4),
        (0, 3, 7),
        (0, 4, 4),
        (1, 0, 2),
        (1, 1, 2),
        (1, 4, 5),
        (1, 4, 9),
        (2, 0, 2),
        (2, 0, 8),
        (2, 0, 9),
        // or a part of it
        (0, 0, 8),
        (0, 1, 9),
        (0, 2, 10),
        (0, 3, 12),
        (0, 4, 12),
        (1, 0, 9),
        (1, 1, 10),
        (1, 2, 11),
        (1, 3, 12),
        (1, 4, 10),
        (2, 0, 10),
        (2, 0, 12),
    ] {
        let of = near_one(Mixed { columns: 40, ..mixed(kind, fraction) }, width);
        let symbols = symbols_of(&series(&mut random, 600, 40), &of, width);
        let kind = ["magnitudes", "floats", "integers"][usize::from(kind)];
        let name = format!("{kind} of {width} bits, fraction {fraction}, base {}", of.base);
        alone.add_mixed(&name, &symbols, width, 400, of);
    }
    for count in [1, 2, 3] {
        let of = near_one(mixed(1, 2), 11);
        let symbols = symbols_of(&series(&mut random, count, 10), &of, 11);
        alone.add_mixed(&format!("{count} floats"), &symbols, 11, count as u64, of);
    }
    all.push(alone.vector("mixed", "mixed fields of each kind, fraction and several widths"));
}

fn mixed_predictor(all: &mut Vec<Vector>) {
    let mut random = Random(15);
    let mut alone = Alone::default();
    let up_to = |last: u64| (1..=last).collect::<Vec<_>>();
    for (period, shift, distances) in [
        (1, 5, vec![]),
        (1, 5, vec![1]),
        (1, 4, vec![1, 2, 3, 40, 80]),
        (3, 6, vec![1, 2, 3, 6]),
        (9, 5, up_to(9)),
        (16, 7, vec![4, 40]),
        (17, 3, vec![4, 40]),
        (20, 2, up_to(32)),
        (20, 5, vec![4, 299, 300, 301]),
        (1 << 22, 15, vec![1, 5]),
        (40, 1, vec![40]),
        (7, 1, up_to(32)),
        (1, 5, vec![5, 1000, 1 << 22]),
        (2, 5, (1..=32).map(|k| k << 17).collect()),
    ] {
        let of = Mixed { shift, period, distances, ..near_one(mixed(1, 2), 11) };
        let symbols = symbols_of(&series(&mut random, 700, 40), &of, 11);
        let name = format!("period {period}, shift {shift}, distances {:?}", of.distances);
        alone.add_mixed(&name, &symbols, 11, 600, of);
    }
    for kind in [0, 2] {
        let of = Mixed { period: 4, distances: vec![1, 5, 40], ..near_one(mixed(kind, 0), 9) };
        let symbols = symbols_of(&series(&mut random, 700, 40), &of, 9);
        alone.add_mixed(&format!("kind {kind}, distances {:?}", of.distances), &symbols, 9, 600, of);
    }
    all.push(alone.vector("mixed-predictor", "phases, distances (also beyond the chunk) and shifts of the predictor"));
}

fn mixed_columns(all: &mut Vec<Vector>) {
    let mut random = Random(16);
    let mut alone = Alone::default();
    for (columns, chunk_len, kind) in [
        (0, 1300, 0),
        (1, 1300, 1),
        (2, 1300, 2),
        (10, 1300, 0),
        (10, 1300, 1),
        (10, 335, 2),
        (40, 520, 1),
        (700, 650, 0),
        (65536, 1300, 1),
    ] {
        let of = Mixed { columns, ..near_one(mixed(kind, if kind == 2 { 0 } else { 2 }), 10) };
        // a mean apart from 0
        let values: Vec<f64> = series(&mut random, 1300, 10).iter().map(|value| value + 0.5).collect();
        let symbols = symbols_of(&values, &of, 10);
        let name = format!("{columns} columns in chunks of {chunk_len}, kind {kind}");
        alone.add_mixed(&name, &symbols, 10, chunk_len, of);
    }
    all.push(alone.vector("mixed-columns", "means of columns: none, one, those of a row, more than a chunk has"));
}

fn mixed_escapes(all: &mut Vec<Vector>) {
    let mut random = Random(17);
    let mut alone = Alone::default();
    for (kind, fraction, width) in [(0, 2, 12), (1, 0, 9), (1, 3, 12), (2, 0, 12)] {
        let of = near_one(mixed(kind, fraction), width);
        let mask = ((1u32 << width) - 1) as u16;
        let values = symbols_of(&series(&mut random, 600, 10), &of, width);
        // runs of any symbols, and single ones
        let any = |random: &mut Random, i: usize| i / 50 % 4 == 3 || random.below(20) == 0;
        let symbols: Vec<u16> =
            (0..600).map(|i| if any(&mut random, i) { random.next() as u16 & mask } else { values[i] }).collect();
        let name = format!("some of kind {kind}, fraction {fraction}, {width} bits");
        alone.add_mixed(&name, &symbols, width, 400, of.clone());
        let every = Mixed { escape_each: 1, ..of.clone() };
        alone.add_mixed(&format!("every symbol, kind {kind}, fraction {fraction}"), &symbols[..300], width, 300, every);
        let some = Mixed { escape_each: 7, ..of };
        alone.add_mixed(
            &format!("every seventh at least, kind {kind}, fraction {fraction}"),
            &symbols[..300],
            width,
            300,
            some,
        );
    }
    let needless = Mixed { escape_each: 3, ..mixed(1, 4) };
    let symbols = symbols_of(&series(&mut random, 300, 10), &needless, 9);
    alone.add_mixed("where the window is all", &symbols, 9, 300, needless);
    all.push(alone.vector("mixed-escapes", "escapes: single ones, runs, and some within the window"));
}

fn mixed_contexts(all: &mut Vec<Vector>) {
    let mut random = Random(18);
    let mut alone = Alone::default();
    let shape: &[u64] = &[20, 40];
    let cases: [(&str, u8, Vec<ClassField>, Source); 7] = [
        ("rows", 1, vec![random.class_field(1, 2, 1, &[shape], &[])], by_class(0, 0, 4)),
        ("rows and columns", 1, vec![random.class_field(1, 4, 0, &[shape], &[[1, 1]])], by_class(0, 0, 32)),
        ("the second class field", 0, vec![random.class_field(1, 6, 0, &[shape], &[]); 2], by_class(1, 3, 5)),
        ("integers by class", 2, vec![random.class_field(1, 6, 0, &[shape], &[])], by_class(0, 7, 2)),
        ("an earlier field", 1, vec![], by_field(0, &[1, 2, 7])),
        ("31 thresholds, integers", 2, vec![], by_field(1, &(1..32).map(|k| 8 * k).collect::<Vec<_>>())),
        ("magnitudes by field", 0, vec![], by_field(1, &[0, 200])),
    ];
    for (name, kind, classes, source) in cases {
        let of = Mixed { columns: 40, period: 3, distances: vec![1, 40], ..near_one(mixed(kind, 0), 9) };
        let mut fields = Fields { classes, ..Fields::of(0, &[]) };
        let (_, sums) = fields.classes_of(&[shape], 0, 800, 1);
        let mut values = series(&mut random, 800, 40);
        // what the source speaks of has something to say
        let before: Vec<u64> = (0..800).map(|_| random.skewed(3).into()).collect();
        let also: Vec<u64> = (0..800).map(|_| random.skewed(8).into()).collect();
        let contexts =
            source.of(&sums, &[before.iter().map(|&x| x as u16).collect(), also.iter().map(|&x| x as u16).collect()]);
        values.iter_mut().zip(contexts).for_each(|(value, context)| *value /= (1u64 << (context % 8)) as f64);
        let symbols = symbols_of(&values, &of, 9);
        let words: Vec<u64> =
            (0..800).map(|i| before[i] << 29 | also[i] << 21 | u64::from(symbols[i]) << 12 | i as u64).collect();
        fields.fields = vec![
            field(3, Coding::Raw),
            field(8, bits(false, 30)),
            field(9, Coding::Mixed { source, mixed: of }),
            // a field that depends on the mixed one
            field(4, Coding::Bits { source: by_field(2, &[100, 256]), word: 1, limit: 40 }),
            field(8, Coding::Raw),
        ];
        alone.add(tensor(name, "U32", shape, pack_words(&words, 32)), 480, Representation::Fields(fields));
    }
    all.push(alone.vector("mixed-contexts", "mixed fields with contexts from classes and from earlier fields"));
}

fn mixed_dtypes(all: &mut Vec<Vector>) {
    let mut random = Random(19);
    let mut alone = Alone::default();
    let mixed_field = |width: u32, kind: u8, fraction: u8| {
        let of = near_one(Mixed { columns: 20, period: 2, distances: vec![1, 2, 20], ..mixed(kind, fraction) }, width);
        field(width, Coding::Mixed { source: Source::Nothing, mixed: of })
    };
    let raw = |width: u32| field(width, Coding::Raw);
    for (name, parts) in [
        ("F4", vec![mixed_field(4, 1, 1)]),
        ("F6_E2M3", vec![mixed_field(6, 1, 3)]),
        ("F8_E4M3", vec![mixed_field(8, 1, 3)]),
        ("F8_E5M2", vec![mixed_field(8, 1, 2)]),
        ("U8", vec![mixed_field(8, 0, 0)]),
        ("I8", vec![mixed_field(8, 2, 0)]),
        ("I16", vec![mixed_field(12, 2, 0), raw(4)]),
        ("F16", vec![mixed_field(10, 1, 4), raw(6)]),
        ("BF16", vec![mixed_field(12, 1, 3), raw(4)]),
        ("F32", vec![mixed_field(11, 1, 2), raw(13), raw(8)]),
        ("C64", vec![mixed_field(9, 1, 0), raw(16), raw(7)]),
        ("F64", vec![mixed_field(12, 1, 0), mixed_field(4, 0, 0), raw(16), raw(16), raw(16)]),
    ] {
        let (_, _, bits, w) = DTYPES[usize::from(dtype(name))];
        let words_each = (bits / w) as usize;
        let first = match &parts[0].coding {
            Coding::Mixed { mixed, .. } => {
                symbols_of(&series(&mut random, 400 * words_each, 20), mixed, parts[0].width)
            }
            _ => unreachable!("all begin with a mixed field"),
        };
        let rest = w - parts[0].width;
        let words = first.iter().map(|&symbol| u64::from(symbol) << rest | random.next() & ((1 << rest) - 1));
        let entry = tensor(name, name, &[20, 20], pack_words(&words.collect::<Vec<_>>(), w));
        // a multiple of 8, as elements of 4 and 6 bits need it
        alone.add(entry, 264, fields(0, &parts));
    }
    // what the transforms make of words is nothing special to a mixed field
    for transform in [1, 2] {
        let values: Vec<u64> = (0..300).map(|_| random.skewed(16).into()).collect();
        let parts = [mixed_field(10, 2, 0), mixed_field(6, 0, 1)];
        let entry = tensor(&format!("transform {transform}"), "I16", &[300], pack_words(&values, 16));
        alone.add(entry, 300, fields(transform, &parts));
    }
    all.push(alone.vector("mixed-dtypes", "mixed fields in words of many dtypes"));
}

fn mixed_extremes(all: &mut Vec<Vector>) {
    let mut random = Random(20);
    let mut alone = Alone::default();
    let far = |of: &Mixed, width: u32| [0, of.last_base(width)];
    for (kind, fraction, width) in [(0, 0, 12), (0, 4, 12), (1, 0, 12), (1, 1, 12), (1, 4, 12), (2, 0, 12), (1, 0, 9)] {
        for base in far(&mixed(kind, fraction), width) {
            let distances = vec![1, 2, 3, 5, 8, 13];
            let of = Mixed { base, shift: 1, columns: 7, period: 5, distances, ..mixed(kind, fraction) };
            let mask = ((1u32 << width) - 1) as u16;
            // any symbols, then lows and highs, then one of each and long after it none
            let symbols: Vec<u16> = (0..600u32)
                .map(|i| match i / 200 {
                    0 => random.next() as u16 & mask,
                    1 => [0, mask, mask >> 1, mask & !(mask >> 1)][random.below(4) as usize],
                    _ => {
                        if i % 50 == 0 {
                            mask >> 1
                        } else {
                            1 << fraction
                        }
                    }
                })
                .collect();
            let name = format!("kind {kind}, fraction {fraction}, base {base}, {width} bits");
            alone.add_mixed(&name, &symbols, width, 600, of);
            if kind == 2 {
                break;
            }
        }
    }
    // values of 64 among those of almost 2^20 drive the predictor's weights, and so its predictions, to their ends
    for (sign, shift) in [(0, 1), (1, 1), (0, 2), (1, 5)] {
        let of = Mixed { shift, distances: (1..=32).collect(), ..mixed(1, 0) };
        let symbols: Vec<u16> = (0..700u32)
            .map(|i| match i % 70 {
                0..33 => 2,
                33 | 34 => 0x80 * sign + 15,
                35..60 => (random.below(2) as u16 * 0x80) + 15,
                _ => random.below(256) as u16,
            })
            .collect();
        alone.add_mixed(&format!("predictions out of range, sign {sign}, shift {shift}"), &symbols, 8, 700, of);
    }
    all.push(alone.vector("mixed-extremes", "bases at both ends, and values that drive what has bounds to them"));
}

fn mixed_long(all: &mut Vec<Vector>) {
    let mut random = Random(21);
    let mut alone = Alone::default();
    // probabilities at both ends, counts and uses at their limits; later all is otherwise
    let of = Mixed { period: 2, distances: vec![1, 2], columns: 2, ..near_one(mixed(1, 1), 8) };
    let symbols: Vec<u16> = (0..9000u32)
        .map(|i| match i {
            0..4000 => 0x20,
            4000..8000 => 0xff,
            _ => random.skewed(8),
        })
        .collect();
    alone.add_mixed("two values", &symbols, 8, 9000, of);
    let of = Mixed { distances: (1..=9).collect(), columns: 90, period: 9, ..near_one(mixed(1, 2), 11) };
    let symbols = symbols_of(&series(&mut random, 6000, 90), &of, 11);
    alone.add_mixed("as weights may be", &symbols, 11, 6000, of);
    let of = Mixed { distances: vec![1, 90], columns: 90, ..mixed(2, 0) };
    let symbols = symbols_of(&series(&mut random, 5000, 90), &of, 8);
    alone.add_mixed("integers", &symbols, 8, 5000, of);
    // the probability of a slot used alone comes to rest: at 65519, short of its upper bound, ...
    let symbols: Vec<u16> = (0..20_000u32).map(|i| (i / 100 % 8) as u16 + u16::from(random.below(40) == 0)).collect();
    let of = Mixed { columns: 100, ..mixed(0, 0) };
    let coding = Coding::Mixed { source: Source::Nothing, mixed: of };
    let entry = tensor("no escape", "F4", &[20_000], super::coders::pack(&symbols, 4));
    alone.add(entry, 20_000, fields(0, &[field(4, coding)]));
    // ... and at its lower bound, of 16
    let symbols: Vec<u16> = (0..2000u32)
        .map(|i| match i {
            0..1800 if i % 450 < 449 => 0b10101,
            _ => random.skewed(5),
        })
        .collect();
    let coding = Coding::Mixed { source: Source::Nothing, mixed: mixed(0, 0) };
    let entry = tensor("hardly anything but escapes", "F6_E3M2", &[2000], super::coders::pack(&symbols, 6));
    alone.add(entry, 2000, fields(0, &[field(1, Coding::Constant(0)), field(5, coding)]));
    all.push(alone.vector("mixed-long", "mixed fields so long that counts reach their limits"));
}
