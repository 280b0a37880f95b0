//! The good vectors: what each file of `spec/vectors/good/` holds.

use super::Random;
use super::coders::{Coding, Field, Table, bits, field, split, undecided, words};
use super::wire::{
    DTYPES, Entry, File, Item, MAGIC, Packing, Part, Parts, Representation, bytes_of, digest, dtype, dtype_name, header,
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
        parts.header = header(&MAGIC, [0, 1], 0, 0, self.optional);
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
    Representation::Fields(transform, fields.into())
}

/// Symbols of one byte each as a U8 tensor.
pub fn bytes_of_symbols(symbols: &[u16]) -> Vec<u8> {
    symbols.iter().map(|&symbol| symbol as u8).collect()
}

/// Lanes for what a field of these words holds; symbols rarer than `least` are escaped.
fn lanes_for(symbols: &[u16], width: u32, least: u64, interval: u8, rate: u8) -> Coding {
    Coding::Lanes { table: Table::of(symbols, width, least), interval, rate }
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
    Representation::Fields(transform, fields.collect())
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
            let mut bytes = vec![0u8; 24 * w / 8];
            for bit in 0..24 * w {
                bytes[bit / 8] |= ((values[bit / w] >> (bit % w) & 1) as u8) << (bit % 8);
            }
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

    let only = |symbol: usize, width: u32| {
        let mut frequencies = vec![0; 1 << width];
        frequencies[symbol] = 4096;
        Table { frequencies, escape: None }
    };
    let mut rare = vec![0; 256];
    (rare[0], rare[255]) = (4094, 1);
    let symbols: Vec<u16> = (0..500).map(|i| if i % 50 == 49 { 255 } else { 0 }).collect();
    let with_rare: Vec<u16> = (0..500).map(|i| if i % 97 == 96 { i } else { 0 } & 0xff).collect();
    let all_escaped: Vec<u16> = (0..100).map(|_| random.next() as u16 & 0xff).collect();
    let wide: Vec<u16> = (0..6000).map(|_| random.next() as u16 & 0xfff).collect();
    let wide_bytes: Vec<u8> = wide.iter().flat_map(|symbol| symbol.to_le_bytes()).collect();
    let static_lanes = |table: Table| Coding::Lanes { table, interval: 0, rate: 0 };
    let entries = vec![
        tensor("one symbol of frequency 4096: no words", "U8", &[70], vec![200; 70]),
        tensor("frequencies 4094, 1 and an unused escape of 1", "U8", &[500], bytes_of_symbols(&symbols)),
        tensor("escapes", "U8", &[500], bytes_of_symbols(&with_rare)),
        tensor("an escape alone", "U8", &[100], bytes_of_symbols(&all_escaped)),
        tensor("4096 symbols of frequency 1", "U16", &[6000], wide_bytes),
    ];
    let escaping = {
        let mut frequencies = vec![0; 256];
        frequencies[0] = 4000;
        Table { frequencies, escape: Some(96) }
    };
    let items = vec![
        segment(&[0], 70, fields(0, &[field(8, static_lanes(only(200, 8)))])),
        segment(&[1], 500, fields(0, &[field(8, static_lanes(Table { frequencies: rare, escape: Some(1) }))])),
        segment(&[2], 260, fields(0, &[field(8, static_lanes(escaping))])),
        segment(
            &[3],
            100,
            fields(0, &[field(8, static_lanes(Table { frequencies: vec![0; 256], escape: Some(4096) }))]),
        ),
        segment(
            &[4],
            6000,
            fields(
                0,
                &[
                    field(4, Coding::Constant(0)),
                    field(12, static_lanes(Table { frequencies: vec![1; 4096], escape: None })),
                ],
            ),
        ),
    ];
    all.push(Vector::new("lanes-tables", "tables of one symbol, of all, of an escape alone", entries, items));

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
    let mut frequencies = vec![0; 16];
    frequencies[..4].copy_from_slice(&[1, 4093, 1, 1]);
    let symbols: Vec<u16> = (0..4000).map(|i| if i == 3999 { 3 } else { 0 }).collect();
    let packed = super::coders::pack(&symbols, 4);
    entries.push(tensor("far from its table", "F4", &[4000], packed));
    let coding = Coding::Lanes { table: Table { frequencies, escape: None }, interval: 8, rate: 1 };
    items.push(segment(&[entries.len() - 1], 4000, fields(0, &[field(4, coding)])));
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
