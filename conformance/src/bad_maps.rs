//! The bad vectors of codebooks and affine grids, and of the groups of values that they are for.

use super::bad::{CORRUPT, List, spoiled};
use super::bad_steps::{ONE, Zeros, after, book, grid, nothing_kept};
use super::coders::{Coding, Fields, field, pack_words, put_words};
use super::good::{Vector, segment, tensor};
use super::steps::{Affine, BookCoder, Codebook, Groups, Map, Order, Steps, Unpack};
use super::wire::{Representation, put_varint};

pub fn all(list: &mut List) {
    group_rules(list);
    codebook_rules(list);
    codebook_stream_rules(list);
    affine_rules(list);
}

/// Steps for groups of this block and period.
type OfGroups = dyn Fn(u64, u64) -> Steps;

/// Writes the second key of a codebook.
type Spoil = dyn Fn(&mut BookCoder);

fn group_rules(list: &mut List) {
    let zeros = Zeros { dtype: "F32", shapes: &[&[1000]], chunk_len: 300 };
    let single = Zeros { chunk_len: 1 << 22, ..zeros };
    let steps: [(&str, &str, &OfGroups); 2] = [
        ("codebook", "8.6", &|block, period| nothing_kept(Map::Codebook(book(block, period, 1, 0)))),
        ("grid", "8.7", &|block, period| nothing_kept(Map::Affine(grid(block, period, 1, 0, 0)))),
    ];
    for (kind, section, steps) in steps {
        list.section = section;
        zeros.accepts(&after(steps(10, 10), 1));
        single.accepts(&after(steps(4, 1 << 20), 1));
        single.accepts(&after(steps(7, 9), 1));
        for (name, breaks, zeros, (block, period)) in [
            ("period-0", "a period of 0", single, (0, 0)),
            ("period-0-of-blocks", "a period of 0", single, (10, 0)),
            ("period-2-to-the-20-and-1", "a period above 2^20", single, (1, (1 << 20) + 1)),
            ("period-2-to-the-20-and-1-of-the-segment", "a period above 2^20", single, (0, (1 << 20) + 1)),
            ("period-longer-than-the-segment", "more groups than values", single, (0, 1001)),
            ("period-2-to-the-63", "a period above 2^20", single, (2, 1 << 63)),
            ("block-2-to-the-22-and-1", "a block above 2^22", single, ((1 << 22) + 1, 1)),
            ("block-2-to-the-63", "a block above 2^22", single, (1 << 63, 2)),
            ("groups-above-2-to-the-22", "blocks and period of more than 2^22 values", single, (5, 1 << 20)),
            ("groups-of-2-to-the-42", "blocks and period of more than 2^22 values", single, (1 << 22, 1 << 20)),
            ("chunks-cut-blocks", "a chunk length that blocks do not divide", zeros, (7, 1)),
            ("chunks-cut-groups", "a chunk length that blocks and period do not divide", zeros, (20, 30)),
        ] {
            list.zeros(&format!("{kind}-{name}"), CORRUPT, breaks, &zeros, &after(steps(block, period), 1));
        }
    }
    // the chunk length counts words, its groups values
    list.section = "8.6";
    let unpacked = |block: u64| {
        let map = Map::Codebook(Codebook { width: 4, ..book(block, 1, 1, 0) });
        after(Steps { unpack: Some(Unpack { bits: 4, run: 1, axis: 0 }), ..nothing_kept(map) }, 1)
    };
    let words = Zeros { dtype: "I32", ..zeros };
    words.accepts(&unpacked(800));
    list.zeros(
        "codebook-chunks-of-unpacked-cut-blocks",
        CORRUPT,
        "a chunk length that blocks do not divide",
        &words,
        &unpacked(700),
    );
}

fn codebook_rules(list: &mut List) {
    list.section = "8.6";
    let of = |book: Codebook, u: u32| after(Steps { map: Map::Codebook(book), ..Steps::default() }, u);
    ONE.accepts(&of(book(0, 1, 1, 31), 1));
    for bits in [0, 13, 16, 255] {
        let mut parameters = vec![4, 0, 0, 1, bits, 0];
        let stream = book(0, 1, 12, 0).words(&[vec![0]]);
        put_varint(&mut parameters, stream.len() as u64 / 2);
        parameters.extend(stream);
        parameters.extend([0, 1, bits, 0]);
        list.refuse(
            &ONE.vector(),
            &format!("codebook-of-{bits}-bits"),
            CORRUPT,
            "the bits of a codebook's numbers",
            |parts| {
                parts.segment().parameters = parameters;
            },
        );
    }
    for (name, dtype, zero_bits) in
        [("32-of-32", "I32", 32), ("255", "I32", 255), ("16-of-16", "I16", 16), ("4-of-4", "F4", 4)]
    {
        let zeros = Zeros { dtype, ..ONE };
        let mut parameters = vec![4, 0, 0, 1, 1, zero_bits];
        parameters.extend([1, 0, 0, 0, 1, 1, 1, 0]);
        list.refuse(
            &zeros.vector(),
            &format!("codebook-zero-bits-{name}"),
            CORRUPT,
            "values of which all bits are 0",
            |parts| {
                parts.segment().parameters = parameters;
            },
        );
    }
    let mut unpacked = of(Codebook { width: 4, zero_bits: 4, ..book(0, 1, 1, 0) }, 1);
    unpacked.steps.map = Map::Nothing;
    unpacked.steps.unpack = Some(Unpack { bits: 4, run: 1, axis: 0 });
    let mut parameters = vec![5, 4, 1, 0, 0, 0, 1, 1, 4];
    parameters.extend([1, 0, 0, 0, 1, 1, 1, 0]);
    list.refuse(
        &ONE.vector(),
        "codebook-zero-bits-4-of-unpacked",
        CORRUPT,
        "values of which all bits are 0",
        |parts| {
            parts.segment().parameters = parameters;
        },
    );
    let parameters = of(book(0, 1, 1, 0), 1).parameters();
    for kept in 2..parameters.len() {
        list.refuse(&ONE.vector(), &format!("codebook-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = parameters[..kept].to_vec();
        });
    }
    // three values, and a number for a fourth
    let bytes = [1, 2, 3, 1, 1, 2, 3, 3];
    for (name, block) in [("of-the-segment", 0), ("of-a-block", 4)] {
        let books = if block == 0 { vec![vec![1, 2, 3]] } else { vec![vec![1, 2, 3], vec![1, 2, 3]] };
        let three = Codebook { width: 8, books, ..book(block, 1, 2, 0) };
        let fields = Fields { fields: vec![field(2, Coding::Raw)], ..of(three, 2) };
        let item = segment(&[0], 8, Representation::Fields(fields));
        let base = Vector::new("", "", vec![tensor("x", "U8", &[8], bytes.to_vec())], vec![item]);
        base.decode(&mut base.parts()).expect("three values");
        list.refuse(
            &base,
            &format!("codebook-number-3-of-3-{name}"),
            CORRUPT,
            "a number that its codebook does not have",
            |parts| {
                *parts.segment().chunks[0].last_mut().expect("two bytes of numbers") |= 0xc0;
            },
        );
    }
    // the other group has it
    let two = Codebook { width: 8, books: vec![vec![1], vec![2, 3]], ..book(0, 2, 1, 0) };
    let fields = Fields { fields: vec![field(1, Coding::Raw)], ..of(two, 1) };
    let item = segment(&[0], 8, Representation::Fields(fields));
    let base = Vector::new("", "", vec![tensor("x", "U8", &[8], vec![1, 2, 1, 3, 1, 3, 1, 2])], vec![item]);
    list.refuse(
        &base,
        "codebook-number-of-another-group",
        CORRUPT,
        "a number that its codebook does not have",
        |parts| {
            parts.segment().chunks[0][0] |= 4;
        },
    );
}

fn codebook_stream_rules(list: &mut List) {
    list.section = "8.6";
    let books = vec![vec![0, 5, 1000, 0xffff_fffe], vec![3, 77, 78], vec![0], vec![1 << 31, 0x8000_0011]];
    let own = |block: u64| Codebook {
        order: Order::Signed,
        books: books.clone(),
        ..book(block, if block == 0 { 4 } else { 1 }, 3, 0)
    };
    let values = |block: usize| -> Vec<u64> {
        (0..60).map(|i| books[if block == 0 { i % 4 } else { i / 15 }][0] ^ (1 << 31)).collect()
    };
    for (name, block) in [("head", 0), ("chunk", 15)] {
        let fields = after(Steps { map: Map::Codebook(own(block)), ..Steps::default() }, 3);
        let bytes = pack_words(&values(block as usize), 32);
        let item = segment(&[0], 60, Representation::Fields(fields.clone()));
        let base = Vector::new("", "", vec![tensor("x", "I32", &[60], bytes)], vec![item]);
        base.decode(&mut base.parts()).expect("four codebooks");
        let words = own(block).words(&books);
        // with the stream replaced
        let refuse = |list: &mut List, name: &str, breaks: &str, stream: &[u8]| {
            list.refuse(&base, name, CORRUPT, breaks, |parts| match block {
                0 => {
                    let mut old = Vec::new();
                    put_words(&words, 2, &mut old);
                    let head = parts.segment().parameters.clone();
                    // steps, classes, groups and bits go before
                    assert_eq!(head[6..6 + old.len()], old);
                    parts.segment().parameters = [&head[..6], stream, &head[6 + old.len()..]].concat();
                }
                _ => parts.segment().chunks = vec![stream.to_vec()],
            });
        };
        for (spoil, breaks, stream) in spoiled(&words, 2) {
            refuse(list, &format!("codebook-{name}-{spoil}"), breaks, &stream);
        }
        let broken: [(&str, &str, &Spoil); 6] = [
            ("length-0", "a difference of no bits", &|coder| coder.length(0)),
            ("length-33", "a difference of more bits than a key", &|coder| coder.length(33)),
            ("length-127", "a difference of 127 bits", &|coder| coder.length(127)),
            ("key-beyond", "a key beyond its bits", &|coder| coder.difference(0xffff_fffc)),
            ("key-wraps", "a key beyond its bits", &|coder| coder.difference(0xffff_ffff)),
            ("key-2-to-the-32", "a key beyond its bits", &|coder| coder.difference(0xffff_fffb)),
        ];
        for (kind, breaks, bad) in broken {
            let mut coder = BookCoder::new(3);
            coder.entries(2);
            coder.halves(5, 32);
            bad(&mut coder);
            // what would be there if nobody looked
            coder.halves(0, if kind.starts_with("length") { 31 } else { 0 });
            for _ in 1..4 {
                coder.entries(1);
                coder.halves(0, 32);
            }
            let mut stream = Vec::new();
            put_words(&coder.finish(), 2, &mut stream);
            refuse(list, &format!("codebook-{name}-{kind}"), breaks, &stream);
        }
    }
    // keys of 64 bits go beyond what an integer holds
    for (kind, difference) in [("beyond-64-bits", u64::MAX - 4), ("wraps-64-bits", u64::MAX)] {
        let mut coder = BookCoder::new(1);
        coder.entries(2);
        coder.halves(5, 64);
        coder.difference(difference);
        let mut parameters = vec![4, 0, 0, 1, 1, 0];
        put_words(&coder.finish(), 2, &mut parameters);
        parameters.extend([0, 1, 1, 1, 0]);
        let zeros = Zeros { dtype: "U64", shapes: &[&[30]], chunk_len: 30 };
        list.refuse(&zeros.vector(), &format!("codebook-key-{kind}"), CORRUPT, "a key beyond its bits", |parts| {
            parts.segment().parameters = parameters;
        });
    }
    // 17 codebooks of 4096 neighbours are 69632 entries, 16 and one more 65537
    let all: Vec<u64> = (0..4096).collect();
    for (name, last) in [("65537", 1), ("69632", 4096)] {
        let mut many = vec![all.clone(); 16];
        many.push(all[..last].to_vec());
        let period = many.len() as u64;
        let fields = |books: Vec<Vec<u64>>| {
            let period = books.len() as u64;
            after(Steps { map: Map::Codebook(Codebook { books, ..book(0, period, 12, 0) }), ..Steps::default() }, 12)
        };
        let zeros = Zeros { dtype: "U32", ..ONE };
        zeros.accepts(&fields(many[..16].to_vec()));
        let of_chunk = Codebook { books: many.clone(), ..book(1, period, 12, 0) };
        list.zeros(&format!("codebook-entries-{name}"), CORRUPT, "more than 65536 entries", &zeros, &fields(many));
        let map = Map::Codebook(of_chunk.clone());
        let parameters = after(Steps { map, ..Steps::default() }, 12).parameters();
        let zeros = Zeros { dtype: "U32", shapes: &[&[17]], chunk_len: 17 };
        list.refuse(
            &zeros.vector(),
            &format!("codebook-entries-{name}-in-a-chunk"),
            CORRUPT,
            "more than 65536 entries",
            |parts| {
                parts.segment().parameters = parameters;
                let mut chunk = Vec::new();
                put_words(&of_chunk.words(&of_chunk.books), 2, &mut chunk);
                parts.segment().chunks = vec![chunk];
            },
        );
    }
}

fn affine_rules(list: &mut List) {
    list.section = "8.7";
    let of = |grid: Affine, u: u32| after(Steps { map: Map::Affine(grid), ..Steps::default() }, u);
    let zeros = Zeros { dtype: "F32", ..ONE };
    let good = of(grid(0, 1, 4, 0, 0), 4);
    for dtype in ["F32", "BF16", "F16"] {
        Zeros { dtype, ..ONE }.accepts(&good);
    }
    for dtype in ["F64", "I8", "U8", "F8_E4M3", "F8_E5M2", "I32", "U16", "F4", "BOOL"] {
        let name = format!("grid-of-{}", dtype.to_lowercase().replace('_', "-"));
        list.zeros(&name, CORRUPT, "a grid of other elements than floats", &Zeros { dtype, ..ONE }, &good);
    }
    let mut unpacked = good.clone();
    unpacked.steps.unpack = Some(Unpack { bits: 8, run: 1, axis: 0 });
    list.zeros("grid-of-unpacked", CORRUPT, "a grid of unpacked values", &zeros, &unpacked);
    let most = 1 << 24;
    zeros.accepts(&of(Affine { lowest: 1, ..grid(0, 1, 24, 0, 0) }, 24));
    for (name, breaks, grid, u) in [
        ("of-0-bits", "grid numbers of no bits", grid(0, 1, 0, 0, 0), 4),
        ("of-25-bits", "grid numbers of 25 bits", grid(0, 1, 25, -most, 0), 25),
        ("of-255-bits", "grid numbers of 255 bits", grid(0, 1, 255, 0, 0), 32),
        ("lowest-above", "a lowest integer above 2^24", grid(0, 1, 1, most + 1, 0), 1),
        ("lowest-below", "a lowest integer below -2^24", grid(0, 1, 1, -most - 1, 0), 1),
        ("lowest-2-to-the-62", "a lowest integer above 2^24", grid(0, 1, 1, 1 << 62, 0), 1),
        ("lowest-less-2-to-the-62", "a lowest integer below -2^24", grid(0, 1, 1, -(1 << 62), 0), 1),
        ("highest-2-to-the-24-and-1", "a highest integer above 2^24", grid(0, 1, 4, most - 14, 0), 4),
        ("highest-above-of-24-bits", "a highest integer above 2^24", grid(0, 1, 24, 2, 0), 24),
        ("highest-above-of-1-bit", "a highest integer above 2^24", grid(0, 1, 1, most, 0), 1),
        ("zero-bits-24", "scales of which more than the mantissa is 0", grid(0, 1, 4, 0, 24), 4),
        ("zero-bits-255", "scales of which more than the mantissa is 0", grid(0, 1, 4, 0, 255), 4),
    ] {
        list.zeros(&format!("grid-{name}"), CORRUPT, breaks, &zeros, &of(grid, u));
    }
    let parameters = good.parameters();
    for kept in 2..parameters.len() {
        list.refuse(&zeros.vector(), &format!("grid-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = parameters[..kept].to_vec();
        });
    }
    let scales = [0.5f32, 0.5, -2.5, 1e-40, 7.7, 0.0, 1.5e30, 0.1, 0.1, 0.2].map(f32::to_bits);
    for (place, block) in [("head", 0), ("chunk", 6)] {
        let fields = |scales: &[u32]| {
            let period = if block == 0 { scales.len() as u64 } else { 1 };
            of(Affine { groups: Groups::new(block, period), scales: scales.to_vec(), ..grid(0, 1, 4, 0, 0) }, 4)
        };
        // symbols are all 0, and so is what they stand for, but for its sign
        let base = {
            let value = |i: usize| if scales[if block == 0 { i % 10 } else { i / 6 }] >> 31 == 1 { 1 << 31 } else { 0 };
            let bytes = pack_words(&(0..60).map(value).collect::<Vec<_>>(), 32);
            let Map::Affine(mut grid) = fields(&scales).steps.map else { unreachable!("a grid") };
            grid.symbols = vec![0; 60];
            let item = segment(&[0], 60, Representation::Fields(of(grid, 4)));
            Vector::new("", "", vec![tensor("x", "F32", &[60], bytes)], vec![item])
        };
        base.decode(&mut base.parts()).expect("ten scales");
        let words = grid(0, 1, 4, 0, 0).words(&scales);
        let refuse = |list: &mut List, name: &str, breaks: &str, stream: &[u8]| {
            list.refuse(&base, &format!("grid-{place}-{name}"), CORRUPT, breaks, |parts| match block {
                0 => {
                    let mut old = Vec::new();
                    put_words(&words, 2, &mut old);
                    let head = parts.segment().parameters.clone();
                    // steps, classes, groups, bits, lowest and zero bits go before
                    assert_eq!(head[7..7 + old.len()], old);
                    parts.segment().parameters = [&head[..7], stream, &head[7 + old.len()..]].concat();
                }
                _ => parts.segment().chunks = vec![stream.to_vec()],
            });
        };
        for (name, breaks, stream) in spoiled(&words, 2) {
            refuse(list, name, breaks, &stream);
        }
        for (name, scale) in [("infinity", f32::INFINITY), ("less-infinity", f32::NEG_INFINITY), ("nan", f32::NAN)] {
            let mut scales = scales;
            scales[4] = scale.to_bits();
            let mut stream = Vec::new();
            put_words(&grid(0, 1, 4, 0, 0).words(&scales), 2, &mut stream);
            refuse(list, name, "a scale that is not finite", &stream);
        }
    }
}
