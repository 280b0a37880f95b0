//! Tests that the input bounds the work of a decoder.

use std::time::{Duration, Instant};

use conformance::encoder::coding::{Coding, field};
use conformance::encoder::container::{Item, Part, Parts};
use conformance::encoder::mixed_field::MixedField;
use conformance::encoder::source::Source;
use conformance::random::Random;
use conformance::vectors::build::{Alone, fields, tensor};
use conformance::vectors::good::Vector;
use conformance::wire::manifest::{Manifest, Packing};
use tersor::{DecodeOptions, ErrorKind, Limits, Reader, Result};

use crate::known::root;
use crate::support::{by_index, in_order, tight};
use crate::watch::{HANG, peak, turn};

/// Borrowed bytes must equal decoded bytes. A short chunk before them must not shift them.
#[test]
fn a_short_raw_chunk_shifts_nothing() {
    let _turn = turn();
    let bytes = std::fs::read(root().join("spec/vectors/bad/s07-raw-chunk-before-short.tersor")).unwrap();
    let reader = Reader::new(&bytes[..]).unwrap();
    let tensor = reader.tensor("y").unwrap();
    match (tensor.borrow_bytes(), tensor.decode()) {
        (Ok(Some(borrowed)), Ok(decoded)) => assert_eq!(borrowed, decoded),
        (borrowed, _) => assert_eq!(borrowed.unwrap_err().kind(), ErrorKind::Corrupt),
    }
}

/// Many frames must not take longer than their bytes. They would, if each frame looked at all earlier ones.
#[test]
fn many_frames_take_no_longer_than_their_bytes() {
    let _turn = turn();
    // if each frame looked at each entry, there would be more than 10^10 steps
    let (frames, count) = (300_000, 60_000u64);
    let mut parts = Parts::new(&[], &[], &[], &[]);
    let mut manifest = Manifest::default();
    for number in 0..count {
        manifest.add(&tensor(&number.to_string(), "U8", &[0], vec![]));
    }
    parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    for _ in 0..frames {
        let manifest = Manifest::default();
        parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    }
    let bytes = parts.assemble();
    let start = Instant::now();
    in_order(&bytes, tight().with_head_bytes(64 << 20)).unwrap();
    assert!(start.elapsed() < HANG, "{:?}", start.elapsed());
}

/// A segment of very many members and chunks comes back.
#[test]
fn many_members_come_back() {
    let _turn = turn();
    let members = 50_000usize;
    let mut entries: Vec<_> = (0..members).map(|i| tensor(&i.to_string(), "U8", &[1], vec![0])).collect();
    entries.push(tensor("large", "U8", &[4 << 20], vec![0; 4 << 20]));
    let all: Vec<usize> = (0..entries.len()).collect();
    let items = vec![Item::Segment {
        members: all,
        chunk_len: 256,
        representation: fields(0, &[field(8, Coding::Constant(0))]),
    }];
    let bytes = Vector::new("", "", entries, items).parts().assemble();
    let limits = tight().with_head_bytes(64 << 20);
    let mut decoder =
        tersor::StreamDecoder::new(&bytes[..], DecodeOptions::default().with_limits(limits).with_threads(1)).unwrap();
    while decoder.next_part().unwrap().is_some() {}
    let reader = Reader::with_options(&bytes[..], DecodeOptions::default().with_limits(limits)).unwrap();
    let large: Result<Vec<u8>> = reader.tensor("large").unwrap().decode();
    assert!(large.unwrap().iter().all(|byte| *byte == 0));
}

/// Returns a file of `tensors` tensors of `count` bytes: one chunk each, of eight mixed fields of one bit.
fn slow(tensors: usize, count: usize) -> Vec<u8> {
    let mixed = MixedField { shift: 5, period: 1, distances: (1..=8).collect(), ..MixedField::default() };
    let of_bit = field(1, Coding::MixedField { source: Source::Nothing, mixed });
    let mut random = Random(3);
    let mut alone = Alone::default();
    for name in 0..tensors {
        let bytes = (0..count).map(|_| random.next() as u8).collect();
        let entry = tensor(&name.to_string(), "U8", &[count as u64], bytes);
        alone.add(entry, count as u64, fields(0, &vec![of_bit.clone(); 8]));
    }
    alone.vector("", "").parts().assemble()
}

/// Both readers count the estimated time of all segments.
#[test]
fn slow_files_are_refused() {
    let _turn = turn();
    let file = slow(3, 2000);
    let with = |milliseconds| Limits::default().with_work(Duration::from_millis(milliseconds));
    assert!(in_order(&file, with(100)).is_ok() && by_index(&file, with(100)).is_ok());
    // one segment would be allowed, three are not
    for error in [in_order(&file, with(5)).unwrap_err(), by_index(&file, with(5)).unwrap_err()] {
        assert_eq!((error.kind(), error.limit_name()), (ErrorKind::Limit, Some("work")), "{error}");
        assert!(error.to_string().contains("the limit is 5.0ms"), "{error}");
    }
    let reader = Reader::with_options(&file[..], DecodeOptions::default().with_limits(with(5))).unwrap();
    for _ in 0..20 {
        reader.tensor("0").unwrap().decode().unwrap();
    }
    assert_eq!(reader.tensor("2").unwrap().decode().unwrap_err().limit_name(), Some("work"));
}

/// A predictor that looks far back needs memory for all that it looks at.
#[test]
fn memory_beside_the_chunk_is_limited() {
    let _turn = turn();
    let mixed = MixedField { shift: 5, period: 1, distances: vec![1 << 22], ..MixedField::default() };
    let far = field(1, Coding::MixedField { source: Source::Nothing, mixed });
    let mut alone = Alone::default();
    alone.add(tensor("x", "U8", &[1], vec![0]), 1 << 22, fields(0, &vec![far; 8]));
    // the bytes of this size are never made, because only the head is changed
    let mut parts = alone.vector("", "").parts();
    parts.manifest().dimensions = vec![1 << 22];
    let file = parts.assemble();
    let with = |bytes| Limits::default().with_scratch_bytes(bytes);
    for error in [in_order(&file, with(64 << 20)).unwrap_err(), by_index(&file, with(64 << 20)).unwrap_err()] {
        assert_eq!((error.kind(), error.limit_name()), (ErrorKind::Limit, Some("scratch_bytes")), "{error}");
    }
    assert_eq!(in_order(&file, with(256 << 20)).unwrap_err().kind(), ErrorKind::Corrupt);
}

/// All fields of a chunk are decoded side by side, in blocks. So their symbols are never all in memory.
#[test]
fn mixed_fields_take_little_memory() {
    let _turn = turn();
    let count = 100_000;
    let file = slow(1, count);
    let options = DecodeOptions::default().with_threads(1);
    let reader = Reader::with_options(&file[..], options).unwrap();
    let mut bytes = vec![0; count];
    let (decoded, peak) = peak(|| reader.tensor("0").unwrap().decode_bytes_into(&mut bytes));
    decoded.unwrap();
    // two bytes for each of eight symbols would be 16 bytes a value
    assert!(peak < 6 * count, "{peak} bytes of memory for {count} values");
}
