//! Files that claim large sizes. Memory depends on the bytes that are present, not on the claims.

use conformance::encoder::class_field::ClassField;
use conformance::encoder::coding::{Coding, field};
use conformance::encoder::container::{Part, Parts, Representation};
use conformance::encoder::fields::Fields;
use conformance::encoder::source::Source;
use conformance::encoder::tables::Tables;
use conformance::vectors::build::{alias, fields, segment, tensor};
use conformance::vectors::good::Vector;
use conformance::wire::manifest::{Manifest, Packing};
use conformance::wire::primitives::put_varint;
use tersor::{ErrorKind, Limits};

use crate::known::containers;
use crate::support::{by_index, in_order, tight};
use crate::watch::{peak, turn, watch};

#[test]
fn memory_stays_within_the_limits() {
    let _turn = turn();
    let limits = Limits::default()
        .with_total_bytes(1 << 20)
        .with_tensor_bytes(1 << 20)
        .with_tensors(10_000)
        .with_head_bytes(64 << 10);
    for (name, bytes) in containers("good").into_iter().chain(containers("bad")) {
        watch(&name, &bytes, limits);
        watch(&name, &bytes, tight());
    }
    // the watch itself works: it notices more memory than allowed
    let ((), own) = peak(|| drop(vec![1u8; 50 << 20]));
    assert!(own >= 50 << 20);
}

/// Even without limits of the caller, claims alone get no memory.
#[test]
fn claims_get_no_memory() {
    let _turn = turn();
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4])];
    let base = Vector::new("", "", entries, vec![segment(&[0], 4, Representation::Raw)]);
    type Change = Box<dyn Fn(&mut Parts)>;
    let claims: Vec<(&str, Change)> = vec![
        (
            "a head of 2^40 bytes",
            Box::new(|parts| {
                let mut frame = vec![128];
                put_varint(&mut frame, 1 << 40);
                put_varint(&mut frame, 0);
                frame.extend([0; 100]);
                parts.parts = vec![Part::Verbatim { bytes: frame }];
            }),
        ),
        (
            "a chunk of 4 GiB",
            Box::new(|parts| {
                parts.segment().table = Some(vec![(u32::MAX, 0)]);
                let Part::Segment { segment, body_len, .. } = &mut parts.parts[1] else { unreachable!() };
                (segment.representation, *body_len) = (1, Some(u32::MAX.into()));
            }),
        ),
        (
            "a tensor of 2^40 bytes in one raw chunk",
            Box::new(|parts| {
                parts.manifest().dimensions = vec![1 << 40];
            }),
        ),
        (
            "a packed block of 2^40 bytes",
            Box::new(|parts| {
                let content = parts.manifest().content();
                let mut block = Vec::new();
                put_varint(&mut block, 1 << 40);
                put_varint(&mut block, 0);
                block.extend(content);
                let Part::Manifest { packing, .. } = &mut parts.parts[0] else { unreachable!() };
                *packing = Packing::Bytes(block);
            }),
        ),
        ("2^40 members", Box::new(|parts| parts.segment().count = 1 << 40)),
        ("2^40 segments", Box::new(|parts| parts.edit_index = Box::new(|index| index.count = 1 << 40))),
    ];
    for (name, change) in claims {
        let mut parts = base.parts();
        change(&mut parts);
        let bytes = parts.assemble();
        for way in 0..2 {
            let (outcome, peak) = peak(|| match way {
                0 => by_index(&bytes[..], Limits::unlimited()).map(drop),
                _ => in_order(&bytes, Limits::unlimited()).map(drop),
            });
            assert!(outcome.is_err(), "{name}, way {way}");
            assert!(peak < 3 << 20, "{name}: {peak} bytes, way {way}");
        }
    }
}

/// Small files that decode to much data.
#[test]
fn bombs() {
    let _turn = turn();
    let constant = |shape: &[u64], copies: usize| {
        // the bytes of these sizes are never made, because only the head is changed
        let entries = vec![tensor("x", "U8", &[1], vec![0])];
        let items = vec![segment(&[0], 1 << 22, fields(0, &[field(8, Coding::Constant(0))]))];
        let mut parts = Vector::new("", "", entries, items).parts();
        let elements = shape.iter().product::<u64>();
        let manifest = parts.manifest();
        (manifest.ranks, manifest.dimensions) = (vec![shape.len() as u64], shape.to_vec());
        for copy in 0..copies {
            let mut entry = alias(&format!("x{copy}"), 0, "U8", shape);
            entry.bytes = Vec::new();
            manifest.add(&entry);
        }
        let chunks = elements.div_ceil(1 << 22) as usize;
        parts.segment().chunks = vec![Vec::new(); chunks];
        parts.assemble()
    };
    let limit = [Some(ErrorKind::Limit); 2];
    assert_eq!(watch("16 MiB and one", &constant(&[(16 << 20) + 1], 0), tight()), limit);
    assert_eq!(watch("a tebibyte of zeros", &constant(&[1 << 20, 1 << 20], 0), tight()), limit);
    assert_eq!(watch("aliases", &constant(&[1 << 20], 20), tight()), limit);
    // the digest is wrong, which a reader notices at the end; the limits are kept until then
    assert_eq!(watch("16 MiB", &constant(&[16 << 20], 0), tight()), [Some(ErrorKind::Corrupt); 2]);

    // each manifest of zeros keeps the limit, but together they exceed it
    let zeros = |count: usize, size: usize| {
        let mut parts = Parts::new(&[], &[], &[], &[]);
        for number in 0..count {
            let key = (number as u64).to_le_bytes().to_vec();
            let manifest = Manifest { metadata: vec![(key, vec![b'0'; size])], ..Manifest::default() };
            let content = manifest.content();
            let coded = squeezed(&content);
            let mut block = Vec::new();
            put_varint(&mut block, content.len() as u64);
            put_varint(&mut block, coded.len() as u64);
            block.extend(coded);
            parts.parts.push(Part::Manifest {
                manifest: Manifest::default(),
                packing: Packing::Bytes(block),
                body: vec![],
            });
        }
        parts.assemble()
    };
    let bytes = zeros(100, 1 << 20);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(watch("manifests too large", &bytes, tight())[1], Some(ErrorKind::Limit));
    let bytes = zeros(500, 1_000_000);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(watch("many large manifests", &bytes, tight())[1], Some(ErrorKind::Limit));

    // tables of 8 contexts, 256 entries and 32768 slots are the largest, and take a few bytes each
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 1)).collect();
    let tables = Tables::new(12, 12, &[&alike[..]; 8], None);
    let source = Source::Class { field: 0, shift: 0, contexts: 8 };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    let mut largest = vec![field(12, coding); 5];
    largest.push(field(4, Coding::Constant(0)));
    let rows = ClassField { depth: 0, width: 1, order: 0, rows: vec![0], axis_groups: vec![] };
    let largest = Representation::Fields(Fields { class_fields: vec![rows], ..Fields::of(0, &largest) });
    let x = || vec![tensor("x", "U64", &[1], vec![0; 8])];
    let one = Vector::new("", "", x(), vec![segment(&[0], 1, largest)]).parts().segment().clone();
    let count = 3000;
    let entries: Vec<_> = (0..count).map(|i| tensor(&i.to_string(), "U64", &[1], vec![0; 8])).collect();
    let raw = fields(0, &[(); 4].map(|()| field(16, Coding::Raw)));
    let items = (0..count).map(|i| segment(&[i], 1, raw.clone())).collect();
    let mut parts = Vector::new("", "", entries, items).parts();
    for segment in parts.segments() {
        (segment.parameters, segment.chunks) = (one.parameters.clone(), one.chunks.clone());
    }
    let bytes = parts.assemble();
    println!("{} segments in {} bytes", count, bytes.len());
    assert_eq!(watch("tables", &bytes, tight().with_total_bytes(1 << 20)), [None, None]);
}

/// Returns the smallest zstd frame whose blocks repeat a byte.
fn squeezed(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    let runs = content.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(1 << 17));
    let count = runs.clone().count();
    for (number, run) in runs.enumerate() {
        let header = u32::from(number + 1 == count) | 1 << 1 | (run.len() as u32) << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.push(run[0]);
    }
    out
}
