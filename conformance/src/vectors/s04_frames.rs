//! Section 4: frames.

use crate::encoder::coding::{Coding, field};
use crate::encoder::container::{Item, Part, Representation};
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, IN_ORDER, List};
use crate::vectors::bases::one;
use crate::vectors::build::{alias, fields, segment, tensor};
use crate::vectors::good::Vector;
use crate::wire::manifest::Entry;
use crate::wire::primitives::{crc, put_varint};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    frames(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    frame_rules(list);
}

pub(crate) fn frames(all: &mut Vec<Vector>) {
    let mut empty = Vector::new("s02-empty", "no frame but the index", vec![], vec![]);
    empty.items.clear();
    all.push(empty);
    all.push(Vector::new("s05-empty-manifest", "a manifest that declares nothing", vec![], vec![]));
    let mut metadata = Vector::new("s05-metadata", "metadata and no entries", vec![], vec![]);
    metadata.metadata = vec![("format", "pt"), ("", ""), ("\u{e9}\u{1f600}", "line\nbreak \"quoted\" \\ \u{7f}")];
    all.push(metadata);
    let mut random = Random(1);
    let three = |random: &mut Random| -> Vec<Entry> {
        ["a", "b", "c"].map(|name| tensor(name, "F32", &[5, 4], random.bytes(80))).into()
    };
    let mut several = Vector::new(
        "s05-several-manifests",
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
        "s04-optional-frames",
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
    optional.header.optional = 0x8000_0001;
    all.push(optional);
    let mut packed = Vector::new("s01-4-packed-blocks", "manifest and index under zstd", three(&mut random), vec![]);
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

pub(crate) fn frame_rules(list: &mut List) {
    list.begin("4");
    let base = one();
    list.rule("R4-1");
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
    list.rule("R4-6");
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
    list.rule("R4-5");
    list.change(&base, "manifest-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![0]);
    list.change(&base, "segment-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![1]);
    list.change(&base, "index-checksum", CORRUPT, "a checksum", |parts| parts.spoiled = vec![usize::MAX]);
    list.change(&base, "optional-checksum", IN_ORDER, "the checksum of a frame to skip", |parts| {
        parts.parts.insert(1, Part::Other { kind: 128, head: b"head".into(), body: vec![] });
        parts.spoiled = vec![1];
    });
    list.rule("R4-4");
    list.change(&base, "manifest-with-body", CORRUPT, "a manifest with a body", |parts| {
        let Part::Manifest { body, .. } = &mut parts.parts[0] else { unreachable!() };
        body.push(0);
    });
    list.change(&base, "index-with-body", CORRUPT, "an index with a body", |parts| {
        parts.edit_index = Box::new(|index| index.body = vec![0]);
    });
    list.rule("R4-3");
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
    list.rule("R16.1-3");
    list.change(&base, "body-beyond-the-end", [None, Some("truncated")], "a body longer than the file", |parts| {
        let mut frame = vec![128, 0];
        put_varint(&mut frame, 1 << 62);
        frame.extend(crc(&frame).to_le_bytes());
        parts.parts.insert(1, Part::Verbatim { bytes: frame });
    });
    list.rule("R2-1");
    list.change(&base, "bytes-between-frames", [None, Some("unsupported")], "a byte 0 between frames", |parts| {
        parts.parts.insert(1, Part::Verbatim { bytes: vec![0] });
    });
}
