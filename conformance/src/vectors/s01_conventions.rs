//! Section 1: integers, strings, packed bits, zstd frames and packed blocks.

use crate::encoder::coding::{Coding, field};
use crate::encoder::container::{Part, Representation};
use crate::encoder::lanes::lanes;
use crate::encoder::tables::Tables;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::{one, set_content, set_packing};
use crate::vectors::build::{fields, lanes_of, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::s06_segments::longest;
use crate::wire::manifest::Packing;
use crate::wire::primitives::{crc, put_varint};
use crate::wire::zstd::{zstd_stored, zstd_windowed};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    zstd(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    integers(list);
    zstd_rules(list);
    packed_blocks(list);
}

/// The compressed block that `zstd -19` made from four times 'to be or not to be, that is the question: ', with a
/// checksum.
pub const COMPRESSED: &str = "28b52ffd24a8550100a242080cc03d2487608abf1a65aee5048f43e3a5ce53f1d7ce527ca039f219ef8aa7397201\
                              00da2d55653f5ce59a";

pub const COMPRESSED_TEXT: &str = "to be or not to be, that is the question: ";

pub(crate) fn zstd(all: &mut Vec<Vector>) {
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
    let windowed = zstd_windowed(&small, 10);
    let windowed_twice = zstd_windowed(&entries[4].bytes, 11);
    let items = vec![
        segment(&[0], 200, Representation::Frames(vec![compressed.collect()])),
        segment(&[1], 5000, Representation::Zstd),
        segment(&[2], 700, Representation::Zstd),
        segment(&[3], 700, Representation::Frames(vec![windowed])),
        segment(&[4], 1025, Representation::Frames(vec![windowed_twice])),
    ];
    all.push(Vector::new("s01-3-zstd", "zstd frames of several kinds", entries, items));
    let mut longest = longest(0);
    longest.about = "a chunk of as many coded bytes as it may have: 65536 + 32 * 5";
    all.push(longest);
}

pub(crate) fn integers(list: &mut List) {
    list.begin("1.1");
    let base = one();
    let content = base.parts().manifest().content();
    let with_count = |bytes: &[u8]| [bytes, &content[1..]].concat();
    for (name, rule, count) in [
        ("varint-superfluous-byte", "R1.1-2", &[0x80, 0x00][..]),
        ("varint-superfluous-bytes", "R1.1-2", &[0x80, 0x80, 0x00]),
        ("varint-65-bits", "R1.1-1", &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]),
        ("varint-11-bytes", "R1.1-1", &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ("varint-without-end", "R1.1-1", &[0xff; 30]),
    ] {
        list.rule(rule);
        list.change(&base, name, CORRUPT, "a varint", |parts| set_content(parts, &with_count(count)));
    }
    list.rule("R1.1-2");
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
    list.rule("R1.1-3");
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
    list.rule("R16.1-3");
    list.change(&base, "string-beyond-its-block", CORRUPT, "a string longer than what is left", |parts| {
        set_content(parts, &[1, 100, b'x']);
    });
    list.begin("1.2");
    list.rule("R1.2-1");
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

pub(crate) fn packed_blocks(list: &mut List) {
    list.begin("1.4");
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
    let cases: Vec<(&str, &str, Packing, &str)> = vec![
        ("block-beyond-its-head", "R16.1-3", block(len + 1, 0, &content), "a packed block longer than its head"),
        ("block-of-2-to-the-62", "R16.1-3", block(1 << 62, 0, &content), "a packed block longer than its head"),
        ("block-and-a-byte", "R5-1", block(len, 0, &[&content[..], &[0]].concat()), "something after the packed block"),
        ("block-frame-beyond-its-head", "R16.1-3", block(len, coded + 1, &frame), "a zstd frame longer than the head"),
        (
            "block-frame-of-fewer-bytes",
            "R1.3-2",
            block(len + 1, coded, &frame),
            "a zstd frame that decodes to fewer bytes",
        ),
        (
            "block-frame-of-more-bytes",
            "R1.3-2",
            block(len, longer.len() as u64, &longer),
            "a zstd frame that decodes to more bytes",
        ),
        ("block-frame-and-a-byte", "R1.3-1", block(len, coded + 1, &with_more), "a byte after the zstd frame"),
        ("block-two-frames", "R1.3-1", block(len, two_frames.len() as u64, &two_frames), "two zstd frames"),
        (
            "block-skippable-frame",
            "R1.3-1",
            block(len, skippable.len() as u64, &skippable),
            "a skippable frame after the zstd frame",
        ),
        ("block-no-frame", "R1.3-1", block(len, len, &content), "no zstd frame"),
        (
            "block-frame-of-2-to-the-40",
            "R1.3-2",
            block(1 << 40, coded, &frame),
            "a zstd frame that decodes to fewer bytes",
        ),
    ];
    for (name, rule, packing, breaks) in cases {
        list.rule(rule);
        list.change(&base, name, CORRUPT, breaks, |parts| set_packing(parts, packing));
    }
    let windowed = zstd_windowed(&content, 11);
    let packing = block(len, windowed.len() as u64, &windowed);
    list.rule("R1.3-3");
    list.change(&base, "block-frame-window", CORRUPT, "a zstd window of 2 KiB for less than 1 KiB", |parts| {
        set_packing(parts, packing);
    });
}

pub(crate) fn zstd_rules(list: &mut List) {
    list.begin("1.3");
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
    for (name, rule, chunk, breaks) in [
        ("zstd-nothing", "R1.3-1", vec![], "no zstd frame"),
        ("zstd-magic", "R1.3-1", magic, "no zstd frame"),
        ("zstd-cut", "R1.3-1", frame[..frame.len() - 1].to_vec(), "a zstd frame without its end"),
        ("zstd-and-a-byte", "R1.3-1", [&frame[..], &[0]].concat(), "a byte after the zstd frame"),
        (
            "zstd-two-frames",
            "R1.3-1",
            [zstd_stored(&bytes[..50]), zstd_stored(&bytes[50..])].concat(),
            "two zstd frames",
        ),
        ("zstd-empty-frame-after", "R1.3-1", [frame.clone(), zstd_stored(&[])].concat(), "two zstd frames"),
        ("zstd-skippable-before", "R1.3-1", skippable, "a skippable frame"),
        (
            "zstd-skippable-after",
            "R1.3-1",
            [&frame[..], &[0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]].concat(),
            "a skippable frame",
        ),
        ("zstd-skippable-only", "R1.3-1", vec![0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0], "a skippable frame"),
        ("zstd-fewer-bytes", "R1.3-2", zstd_stored(&bytes[..99]), "a zstd frame of fewer bytes"),
        ("zstd-more-bytes", "R1.3-2", zstd_stored(&[&bytes[..], &[0]].concat()), "a zstd frame of more bytes"),
        ("zstd-fewer-bytes-unsaid", "R1.3-2", zstd_windowed(&bytes[..99], 10), "a zstd frame of fewer bytes"),
        (
            "zstd-more-bytes-unsaid",
            "R1.3-2",
            zstd_windowed(&[&bytes[..], &[0]].concat(), 10),
            "a zstd frame of more bytes",
        ),
        ("zstd-content-size", "R1.3-2", wrong_size, "a zstd frame that says it has another length"),
        ("zstd-dictionary", "R1.3-1", dictionary, "a zstd frame that needs a dictionary"),
        ("zstd-reserved-bit", "R1.3-1", reserved, "the reserved bit of a zstd frame"),
        ("zstd-reserved-block", "R1.3-1", reserved_block, "a zstd block of the reserved type"),
        ("zstd-window", "R1.3-3", zstd_windowed(&bytes, 11), "a zstd window of 2 KiB for less than 1 KiB"),
        ("zstd-window-2-to-the-31", "R1.3-3", zstd_windowed(&bytes, 31), "a zstd window of 2 GiB"),
        ("zstd-window-2-to-the-41", "R1.3-3", zstd_windowed(&bytes, 41), "a zstd window of 2 TiB"),
    ] {
        list.rule(rule);
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
}
