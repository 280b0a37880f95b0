//! Section 5: the manifest, and dtypes (5.1).

use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::{Item, Part, Parts, Representation};
use crate::encoder::tables::Tables;
use crate::encoder::transform::split;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, IN_ORDER, List, UNSUPPORTED};
use crate::vectors::bases::{one, set_content, set_packing, two, with_files};
use crate::vectors::build::{alias, content, fields, lanes_of, segment, tensor};
use crate::vectors::good::Vector;
use crate::wire::bits::words;
use crate::wire::dtypes::DTYPES;
use crate::wire::manifest::{Entry, File, Manifest, Packing};
use crate::wire::primitives::{digest, put_varint};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    tensors(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    manifest_rules(list);
    name_rules(list);
}

/// Returns a coding by lanes with tables for these symbols. Symbols that occur less than `least` times are escaped.
pub(crate) fn lanes_for(symbols: &[u16], width: u32, least: u64, interval: u8, rate: u8) -> Coding {
    lanes_of(Tables::of(symbols, &vec![0; symbols.len()], 1, width, 12, least), interval, rate)
}

/// Returns fields of these widths. They use five codings in turn, beginning with number `turn` mod 5; there are lanes
/// with and without escapes. Fields of more than 12 bits are raw.
pub(crate) fn by_turns(bytes: &[u8], w: u32, transform: u8, widths: &[u32], turn: usize) -> Representation {
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

pub(crate) fn tensors(all: &mut Vec<Vector>) {
    let mut random = Random(2);
    for (name, about) in [
        ("s05-1-dtypes-raw", "a tensor of every dtype, raw"),
        ("s05-1-dtypes-zstd", "a tensor of every dtype, under zstd"),
        ("s05-1-dtypes-fields", "a tensor of every dtype, in fields"),
    ] {
        let mut entries = Vec::new();
        let mut items = Vec::new();
        for (code, dtype, bits, w) in DTYPES {
            let bytes = random.bytes(40 * bits as usize / 8);
            let representation = match name {
                "s05-1-dtypes-raw" => Representation::Raw,
                "s05-1-dtypes-zstd" => Representation::Zstd,
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
    all.push(Vector::new("s05-shapes", "rank 0, rank 300, no elements, names of any text", entries, items));
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
    all.push(Vector::new("s05-aliases", "aliases of other shapes, and of an entry without elements", entries, items));
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
        // the same content again, as an alias
        Entry { alias: Some(4), bytes: vec![], ..content(text) },
        // pieces.bin has three entries; one of them is a tensor
        content(b"abc"),
        tensor("inner", "U8", &[2], b"de".to_vec()),
        content(b""),
        // belongs to no file
        tensor("weight", "U8", &[3], b"xyz".to_vec()),
    ];
    let file = |path: &str, prefix: &[u8], entries: u64| File { path: path.into(), prefix: prefix.into(), entries };
    let items = vec![
        segment(&[4, 6, 7, 9], 300, Representation::Zstd),
        segment(&[2], 3, Representation::Raw),
        segment(&[0], 4, Representation::Raw),
    ];
    let mut files = Vector::new(
        "s05-files",
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
        // with a dotless i, this name is allowed: only A to Z and a to z are compared without case
        file("con\u{131}n$", b"", 0),
        file("CON\u{131}N$.x", b"", 0),
    ];
    all.push(files);
    tree(all);
}

/// Adds files in folders, and a folder with a single file.
fn tree(all: &mut Vec<Vector>) {
    let entries = vec![
        tensor("weight", "F32", &[1], vec![1, 2, 3, 4]),
        tensor("weight", "F32", &[1], vec![5, 6, 7, 8]),
        content(b"{}"),
    ];
    let items = vec![segment(&[0, 1], 2, Representation::Raw), segment(&[2], 2, Representation::Raw)];
    let mut folders = Vector::new("s05-folders", "files in folders, up to the greatest depth", entries, items);
    let file = |path: &str, entries: u64| File { path: path.into(), prefix: b"{}".into(), entries };
    let deep = ["d"; 32].join("/");
    folders.files = vec![
        file("unet/model.safetensors", 1),
        file("text encoder/1_\u{e9}/model.safetensors", 1),
        file("unet/config.json", 1),
        file("unet.json", 0),
        file("UNET/x", 0),
        file(&deep, 0),
        file(&["n".repeat(255), "n".repeat(255)].join("/"), 0),
    ];
    all.push(folders);
    let mut single = Vector::new(
        "s05-folder-of-one",
        "a folder with a single file",
        vec![content(b"{}")],
        vec![segment(&[0], 2, Representation::Raw)],
    );
    single.files = vec![File { path: b"adapter.json".into(), prefix: vec![], entries: 1 }];
    single.in_folder = true;
    all.push(single);
}

pub(crate) fn manifest_rules(list: &mut List) {
    list.begin("5");
    let (one, two, files) = (one(), two(), with_files());
    let pair = |key: &[u8]| (key.to_vec(), b"v".to_vec());
    list.rule("R5-2");
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
    list.rule("R5-9");
    let bytes = split(&|_, b| b.add(&tensor("x", "U8", &[0], vec![])));
    list.add("name-in-two-manifests", CORRUPT, "a tensor's name in two manifests", bytes);
    list.rule("R5-3");
    let file = File { path: b"late".into(), prefix: b"late".into(), entries: 0 };
    let mut parts = two.parts();
    let manifest = Manifest { files: vec![file.clone()], ..Manifest::default() };
    parts.parts.push(Part::Manifest { manifest: manifest.clone(), packing: Packing::Plain, body: vec![] });
    parts.file_digests = vec![digest(b"late")];
    list.add("files-in-second-manifest", IN_ORDER, "files in a manifest that is not the first", parts.assemble());
    let mut parts = Vector::new("", "", vec![], vec![]).parts();
    parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    parts.file_digests = vec![digest(b"late")];
    list.add(
        "files-in-second-manifest-after-nothing",
        IN_ORDER,
        "files in a manifest that is not the first, though the first says nothing",
        parts.assemble(),
    );
    list.rule("R5-10");
    list.change(&files, "file-name-twice", CORRUPT, "two files of one path", |parts| {
        parts.manifest().files[1].path = b"a.safetensors".into();
    });
    list.rule("R5-4");
    list.change(&files, "files-of-more-entries", CORRUPT, "files with more entries than there are", |parts| {
        parts.manifest().files[1].entries = 4;
    });
    list.change(&files, "file-of-2-to-the-64-entries", CORRUPT, "files with more entries than there are", |parts| {
        parts.manifest().files[0].entries = u64::MAX;
    });
    list.rule("R5-5");
    list.change(&one, "entry-flag-2", CORRUPT, "an unknown flag of an entry", |parts| parts.manifest().flags[0] |= 4);
    list.change(&one, "entry-flag-7", CORRUPT, "an unknown flag of an entry", |parts| parts.manifest().flags[0] |= 128);
    list.rule("R5.1-1");
    list.change(&one, "dtype-22", UNSUPPORTED, "an unknown dtype", |parts| parts.manifest().dtypes[0] = 22);
    list.change(&one, "dtype-255", UNSUPPORTED, "an unknown dtype", |parts| parts.manifest().dtypes[0] = 255);
    list.rule("R5-6");
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
    list.rule("R5.1-2");
    list.change(&one, "elements-2-to-the-63", CORRUPT, "2^63 elements", shape(1, &[1 << 32, 1 << 31]));
    list.change(&one, "elements-2-to-the-64", CORRUPT, "2^64 elements", shape(1, &[1 << 32, 1 << 32]));
    list.change(
        &one,
        "elements-beyond-64-bits",
        CORRUPT,
        "2^64 + 4 elements and 0 times 2^64",
        shape(1, &[u64::MAX, 4, u64::MAX]),
    );
    list.rule("R5.1-3");
    list.change(&one, "bytes-2-to-the-63", CORRUPT, "2^63 bytes", shape(11, &[1 << 61]));
    list.change(&one, "bits-not-whole-bytes", CORRUPT, "three elements of 4 bits", shape(21, &[3]));
    list.change(&one, "bits-not-whole-bytes-6", CORRUPT, "two elements of 6 bits", shape(19, &[2]));
    list.rule("R5-11");
    list.change(&two, "bytes-of-all-2-to-the-64", CORRUPT, "2^64 bytes in all", |parts| {
        let manifest = parts.manifest();
        manifest.dimensions = vec![(1 << 63) - 1, (1 << 63) - 1];
        for name in ["u", "v"] {
            manifest.add(&Entry { bytes: vec![], ..alias(name, 0, "U8", &[(1 << 63) - 1]) });
        }
    });
    list.rule("R5-9");
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
    list.rule("R16.1-3");
    list.change(&one, "names-beyond-the-block", CORRUPT, "a name longer than what is left", |parts| {
        parts.manifest().name_lengths = vec![2];
    });
    let unnamed = |dtype: &'static str, shape: &'static [u64], bytes: usize| {
        let mut vector = Vector::new("", "", vec![], vec![]);
        vector.entries = vec![Entry { name: None, ..tensor("", dtype, shape, vec![1; bytes]) }];
        vector.items = vec![Item::Manifest(1), segment(&[0], 4, Representation::Raw)];
        vector.files = vec![File { path: b"f".into(), prefix: vec![], entries: 1 }];
        vector
    };
    list.rule("R5-7");
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
    list.rule("R5-8");
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
    list.rule("R5-1");
    list.change(&one, "manifest-and-a-byte", CORRUPT, "a byte at the end of the manifest", |parts| {
        parts.manifest().rest = vec![0];
    });
    list.rule("R16.1-3");
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

pub(crate) fn name_rules(list: &mut List) {
    list.begin("5");
    let base = with_files();
    let mut long = vec![b'n'; 256];
    long[255] = b'm';
    let deep = ["d"; 33].join("/").into_bytes();
    let long_folder = [&long[..], b"/a"].concat();
    for (name, rule, bytes) in [
        ("empty", "R5-12", &b""[..]),
        ("of-256-bytes", "R5-12", &long),
        ("dot", "R5-13", b"."),
        ("dots", "R5-13", b".."),
        ("parent", "R5-13", b"../x"),
        ("slash-first", "R5-12", b"/a"),
        ("slash-last", "R5-12", b"a/"),
        ("slash-twice", "R5-12", b"a//b"),
        ("parent-within", "R5-13", b"a/../b"),
        ("this-folder", "R5-13", b"a/./b"),
        ("device-as-folder", "R5-14", b"nul/a"),
        ("folder-ends-in-space", "R5-13", b"a /b"),
        ("of-33-components", "R5-16", &deep),
        ("of-a-long-folder", "R5-12", &long_folder),
        ("backslash", "R5-12", b"a\\b"),
        ("drive", "R5-12", b"c:x"),
        ("star", "R5-12", b"a*"),
        ("question", "R5-12", b"a?"),
        ("quote", "R5-12", b"a\"b"),
        ("less", "R5-12", b"a<b"),
        ("greater", "R5-12", b"a>b"),
        ("pipe", "R5-12", b"a|b"),
        ("zero", "R5-12", b"a\0b"),
        ("newline", "R5-12", b"a\nb"),
        ("escape", "R5-12", b"a\x1bb"),
        ("delete", "R5-12", b"a\x7fb"),
        ("ends-in-dot", "R5-13", b"a."),
        ("ends-in-space", "R5-13", b"a "),
        ("not-utf-8", "R1.1-3", b"\xe9"),
        ("nul", "R5-14", b"NUL"),
        ("con-with-extension", "R5-14", b"con.safetensors"),
        ("aux-mixed", "R5-14", b"aUx.tar.gz"),
        ("prn", "R5-14", b"prn"),
        ("com0", "R5-14", b"COM0.x"),
        ("com9", "R5-14", b"com9"),
        ("lpt1", "R5-14", b"Lpt1"),
        ("con-and-spaces", "R5-14", b"con  .txt"),
        ("conin", "R5-14", b"CONIN$.x"),
        ("conout", "R5-14", b"conout$"),
        ("com-superscript-1", "R5-14", "com\u{b9}".as_bytes()),
        ("com-superscript-2", "R5-14", "COM\u{b2}.tar".as_bytes()),
        ("lpt-superscript-3", "R5-14", "lpt\u{b3} .x".as_bytes()),
    ] {
        list.rule(rule);
        list.change(&base, &format!("file-name-{name}"), CORRUPT, "a file's path", |parts| {
            parts.manifest().files[1].path = bytes.into();
        });
    }
    list.rule("R5-17");
    let base = with_files();
    for (name, path) in [("below-a-file", "b.txt/c"), ("far-below-a-file", "b.txt/c/d")] {
        list.change(&base, name, CORRUPT, "a file that is a folder too", |parts| {
            parts.manifest().files[0].path = path.into();
        });
    }
    list.rule("R5-18");
    list.change(&base, "files-without-folder", CORRUPT, "two files, but no folder", |parts| {
        parts.manifest().folder = Some(false);
    });
    list.change(&one(), "folder-without-files", CORRUPT, "a folder without files", |parts| {
        parts.manifest().folder = Some(true);
    });
    list.change(
        &base,
        "path-without-folder",
        CORRUPT,
        "a file in a folder, of a container that is no folder",
        |parts| {
            let manifest = parts.manifest();
            manifest.files.truncate(1);
            manifest.files[0].path = b"a/b".into();
            manifest.files[0].entries = 3;
            manifest.folder = Some(false);
            manifest.names = b"xyxy".into();
            parts.file_digests.truncate(1);
        },
    );
}
