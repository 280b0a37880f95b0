//! Tests that the input bounds the work of a decoder.

use std::time::Instant;

use conformance::encoder::coding::{Coding, field};
use conformance::encoder::container::{Item, Part, Parts};
use conformance::vectors::build::{fields, tensor};
use conformance::vectors::good::Vector;
use conformance::wire::manifest::{Manifest, Packing};
use tersor::{DecodeOptions, ErrorKind, Reader, Result};

use crate::known::root;
use crate::support::{in_order, tight};
use crate::watch::{HANG, turn};

/// Borrowed bytes must equal decoded bytes. A short chunk before them must not shift them.
#[test]
fn a_short_raw_chunk_shifts_nothing() {
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
