//! Sections 6 and 7: segments, and the representations raw and zstd.

use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::{Part, Representation};
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, IN_ORDER, List, UNSUPPORTED};
use crate::vectors::bases::{one, two};
use crate::vectors::build::{alias, fields, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::s05_manifest::by_turns;
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::manifest::Entry;
use crate::wire::primitives::crc;
use crate::wire::zstd::zstd_windowed;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    segments(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    segment_rules(list);
}

pub(crate) fn segments(all: &mut Vec<Vector>) {
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
        "s06-shared-segments",
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
    all.push(Vector::new("s06-chunks", "several chunks, the last one short, in every representation", entries, items));
    let large = vec![7; (1 << 22) + 1000];
    let entries = vec![tensor("large", "U8", &[large.len() as u64], large), tensor("small", "U8", &[3], vec![1, 2, 3])];
    let items = vec![
        segment(&[0], 1 << 22, fields(2, &[field(8, Coding::Constant(14))])),
        segment(&[1], 1 << 22, fields(0, &[field(8, Coding::Raw)])),
    ];
    all.push(Vector::new("s06-largest-chunk", "a chunk of 2^22 elements, all equal: no coded bytes", entries, items));
}

/// Returns a chunk of five bytes in a zstd frame with 21,894 + `more` empty blocks. With `more` = 0 the frame has
/// 65,696 bytes, which is the limit (R6-11).
pub fn longest(more: usize) -> Vector {
    let bytes = vec![5, 4, 3, 2, 1];
    let frame = zstd_windowed(&bytes, 10);
    let (header, block) = frame.split_at(6);
    let frame = [header, &[0; 3].repeat(21_894 + more), block].concat();
    assert_eq!(frame.len(), 65_536 + 32 * 5 + 3 * more);
    let items = vec![segment(&[0], 5, Representation::Frames(vec![frame]))];
    Vector::new("s06-longest-chunk", "", vec![tensor("x", "U8", &[5], bytes)], items)
}

pub(crate) fn segment_rules(list: &mut List) {
    list.begin("6");
    let (one, two) = (one(), two());
    list.rule("R6-1");
    list.change(&one, "no-member", CORRUPT, "a segment without members", |parts| {
        (parts.segment().count, parts.segment().members) = (0, vec![]);
    });
    list.rule("R6-3");
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
    list.rule("R16.1-3");
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
    list.rule("R6-2");
    list.add("member-twice", CORRUPT, "a member twice", shared(vec![0, 0], vec![x()]));
    list.rule("R6-3");
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
    list.rule("R2-4");
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
    list.rule("R6-4");
    list.change(&vector, "members-of-two-dtypes", CORRUPT, "members of two dtypes", |_| {});
    list.change(&one, "segment-of-another-dtype", CORRUPT, "a dtype other than its member's", |parts| {
        parts.segment().dtype = 2;
    });
    list.rule("R5.1-1");
    list.change(&one, "segment-of-dtype-22", UNSUPPORTED, "an unknown dtype", |parts| parts.segment().dtype = 22);
    list.rule("R6-6");
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
    list.rule("R6-7");
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
    list.rule("R7-1");
    list.change(&one, "representation-3", UNSUPPORTED, "an unknown representation", |parts| {
        parts.segment().representation = 3;
    });
    list.rule("R6-8");
    list.change(&one, "raw-with-parameters", CORRUPT, "parameters of a raw segment", |parts| {
        parts.segment().parameters = vec![0];
    });
    list.change(&two, "zstd-with-parameters", CORRUPT, "parameters of a zstd segment", |parts| {
        parts.segment().parameters = vec![3];
    });
    list.rule("R16.1-3");
    list.change(&one, "parameters-beyond-the-head", CORRUPT, "parameters longer than the head", |parts| {
        parts.segment().parameter_len = Some(1000);
    });
    list.change(&one, "parameter-length-2-to-the-63", CORRUPT, "parameters longer than the head", |parts| {
        parts.segment().parameter_len = Some(1 << 63);
    });
    list.rule("R6-9");
    list.change(&one, "chunk-table-short", CORRUPT, "a chunk table of no chunk", |parts| {
        (parts.segment().table, parts.segment().chunks) = (Some(vec![]), vec![]);
    });
    list.change(&one, "chunk-table-long", CORRUPT, "a chunk table of two chunks for one", |parts| {
        parts.segment().chunks.push(vec![]);
    });
    list.change(&one, "segment-head-and-a-byte", CORRUPT, "a byte at the end of a segment's head", |parts| {
        parts.segment().rest = vec![0];
    });
    list.rule("R6-12");
    list.change(&one, "chunk-checksum", CORRUPT, "a chunk's checksum", |parts| {
        parts.segment().table = Some(vec![(4, crc(&[1, 2, 3, 4]) ^ 1)]);
    });
    list.change(&one, "chunk-changed", CORRUPT, "a chunk's checksum", |parts| {
        parts.segment().table = Some(vec![(4, crc(&[1, 2, 3, 4]))]);
        parts.segment().chunks[0][2] ^= 1;
    });
    list.rule("R6-10");
    for (name, length, breaks) in
        [("body-longer", 5, "a body longer than its chunks"), ("body-shorter", 3, "a body shorter than its chunks")]
    {
        list.change(&one, name, CORRUPT, breaks, |parts| {
            let Part::Segment { body_len, .. } = &mut parts.parts[1] else { unreachable!() };
            *body_len = Some(length);
        });
    }
    list.rule("R6-13");
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
    list.rule("R6-5");
    list.change(&two, "elements-of-members-2-to-the-63", CORRUPT, "members of 2^63 elements in all", |parts| {
        parts.manifest().dimensions = vec![1 << 62, 1 << 62];
        (parts.segment().count, parts.segment().members) = (2, vec![0, 1]);
        parts.parts.pop();
        parts.segment_of = vec![0, 0];
    });
    let longest = longest(1);
    list.rule("R6-11");
    list.change(&longest, "chunk-too-long", CORRUPT, "a chunk of 65539 + 32 * 5 coded bytes for 5", |_| {});
    list.begin("7");
    list.rule("R7-2");
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
