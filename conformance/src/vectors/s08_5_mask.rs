//! Section 8.5: masks.

use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::{Item, Representation};
use crate::encoder::fields::Fields;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::mixed_mask::MixedMask;
use crate::encoder::source::Source;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::tables::Tables;
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List, UNSUPPORTED};
use crate::vectors::bases::spoiled;
use crate::vectors::build::{Alone, after, any_symbol, by_class, class_field, mask, packed, segment, tensor, unpack};
use crate::vectors::good::Vector;
use crate::vectors::s12_2_mixed_field::mixed;
use crate::vectors::zeros::{ONE, Zeros, codebook_of_zeros, grid_of_zeros, nothing_kept, zeros_after};
use crate::wire::bits::pack;
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::primitives::put_varint;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(mask_symbols());
    all.push(mask_chunks());
    all.push(mask_contexts());
    all.push(mask_dtypes());
    all.push(mask_unpacked());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    mask_rules(list);
    mask_chunk_rules(list);
}

/// Draws `count` words of `w` bits. About `kept` of 16 words differ from `omitted`.
pub fn sparse(random: &mut Random, count: usize, w: u32, omitted: u64, kept: u64) -> Vec<u64> {
    let word = |random: &mut Random| match random.below(16) < kept {
        true => random.next() >> (64 - w),
        false => omitted,
    };
    (0..count).map(|_| word(random)).collect()
}

pub(crate) fn mask_symbols() -> Vector {
    let mut random = Random(43);
    let mut alone = Alone::default();
    for (number, (symbol_bits, stride, count, chunk_len)) in [
        (1, 1, 700u64, 300),
        (1, 13, 700, 700),
        (1, 1 << 22, 100, 100),
        (2, 1, 601, 601),
        (2, 3, 601, 300),
        (2, 500, 601, 601),
        (4, 1, 600, 400),
        (4, 7, 602, 301),
        (4, 30, 599, 599),
        (4, 1000, 599, 599),
        (8, 1, 1003, 1003),
        (8, 5, 1003, 500),
        (8, 1 << 22, 40, 40),
    ]
    .into_iter()
    .enumerate()
    {
        let omitted = if number % 2 == 0 { 0 } else { 77 };
        let values = sparse(&mut random, count as usize, 8, omitted, 5);
        for (name, coding) in
            [("raw", Coding::Raw), ("bits", bits(number % 2 == 0, 40)), ("lanes", any_symbol(symbol_bits.into()))]
        {
            if (name == "lanes") == (number % 3 == 0) || name == "bits" {
                let steps = Steps { mask: mask(omitted, symbol_bits, stride, coding), ..Steps::default() };
                let about = format!("{name}, {symbol_bits} bits, stride {stride}, {count} values");
                alone.add_words(&about, ("U8", &[count]), chunk_len, &values, after(steps, 8));
            }
        }
    }
    // 2:4 sparsity with a constant mask symbol
    let pattern: Vec<u64> =
        (0..400).map(|i| if i % 4 == 1 || i % 4 == 2 { 1 + random.below(255) } else { 0 }).collect();
    let steps = Steps { mask: mask(0, 4, 1, Coding::Constant(0b0110)), ..Steps::default() };
    alone.add_words("constant pattern", ("U8", &[400]), 300, &pattern, after(steps, 8));
    let below: Vec<u64> =
        (0..40 * 10).map(|i| pattern[i / 40 * 4 % 400 / 4 + i % 10 * 4 + 1] * (i as u64 / 10 % 4 / 2)).collect();
    let steps = Steps { mask: mask(0, 4, 10, bits(false, 99)), ..Steps::default() };
    alone.add_words("pattern along the first axis", ("U8", &[40, 10]), 400, &below, after(steps, 8));
    alone.vector("s08-5-mask-symbols", "mask symbols of 1 to 8 bits, near and far apart, in all codings")
}

pub(crate) fn mask_chunks() -> Vector {
    let mut random = Random(44);
    let mut alone = Alone::default();
    let some = sparse(&mut random, 256, 16, 0x8000, 3);
    let all: Vec<u64> = (0..256).map(|i| i * 3).collect();
    let none = vec![0x8000; 256];
    let one: Vec<u64> = (0..256).map(|i| if i == 255 { 5 } else { 0x8000 }).collect();
    let values = [&none[..], &some, &all, &none, &one, &some[..100]].concat();
    let count = values.len() as u64;
    for (name, symbol_bits, coding) in [
        ("bits", 1, bits(false, 200)),
        ("raw", 1, Coding::Raw),
        ("lanes", 4, any_symbol(4)),
        ("bits of 8", 8, bits(true, 9)),
    ] {
        let steps = Steps { mask: mask(0x8000, symbol_bits, 1, coding), ..Steps::default() };
        alone.add_words(name, ("BF16", &[count]), 256, &values, after(steps, 16));
    }
    for (name, value, kept) in [("nothing kept", 0x8000, 0), ("everything kept", 7, 1)] {
        let steps = Steps { mask: mask(0x8000, 1, 1, Coding::Constant(kept)), ..Steps::default() };
        alone.add_words(name, ("F16", &[300]), 300, &[value; 300], after(steps, 16));
    }
    // a chunk without kept values still stores the classes of its rows
    let shape = [30, 20];
    let mut fields = after(Steps { mask: mask(0, 1, 1, bits(true, 30)), ..Steps::default() }, 16);
    fields.class_fields = vec![class_field(&mut random, 1, &shape, &[[1, 1]])];
    alone.add_words("nothing kept, and rows", ("F16", &shape), 300, &[0; 600], fields);
    alone.vector("s08-5-mask-chunks", "chunks of which nothing is kept, or all, or the last value alone")
}

pub(crate) fn mask_contexts() -> Vector {
    let mut random = Random(45);
    let mut alone = Alone::default();
    let shape: &[u64] = &[40, 25];
    for (symbol_bits, stride, chunk_len) in
        [(1, 1, 1000), (1, 1, 333), (4, 1, 1000), (4, 25, 500), (2, 100, 999), (8, 3, 700)]
    {
        let class_fields =
            vec![class_field(&mut random, 1, shape, &[[1, 1]]), class_field(&mut random, 0, shape, &[[0, 1]])];
        let values = sparse(&mut random, 1000, 16, 0, 6);
        let mask_by = |source: Source| match stride {
            1 => Coding::Bits { source, word_size: 1, limit: 60 },
            _ => {
                let codes: Vec<Vec<(u16, i32)>> =
                    (0..8).map(|c| (0..1 << symbol_bits).map(|s| (s, 60 + c + i32::from(s) % 7)).collect()).collect();
                let codes: Vec<&[(u16, i32)]> = codes.iter().map(|table| &table[..]).collect();
                Coding::Lanes {
                    source,
                    tables: Tables::new(symbol_bits.into(), 11, &codes, None),
                    interval: 8,
                    rate: 4,
                }
            }
        };
        let top = Coding::Bits { source: by_class(0, 0, 9), word_size: 0, limit: 30 };
        let low =
            Coding::Bits { source: Source::Field { field: 0, thresholds: vec![9, 200] }, word_size: 0, limit: 30 };
        let steps = Steps { mask: mask(0, symbol_bits, stride, mask_by(by_class(1, 0, 8))), ..Steps::default() };
        let fields = Fields { steps, class_fields, ..Fields::of(1, &[field(8, top), field(8, low)]) };
        let name = format!("{symbol_bits} bits, stride {stride}, chunks of {chunk_len}");
        alone.add_words(&name, ("BF16", shape), chunk_len, &values, fields);
    }
    alone.vector(
        "s08-5-mask-contexts",
        "masks and kept values in contexts by class, the fields of kept values by each other",
    )
}

pub(crate) fn mask_dtypes() -> Vector {
    let mut random = Random(46);
    let mut alone = Alone::default();
    for (code, name, _, w) in DTYPES.into_iter().filter(|row| row.1 != "C64") {
        let omitted = [0, 1 << (w - 1), u64::MAX >> (64 - w)][usize::from(code) % 3];
        let values = sparse(&mut random, 80, w, omitted, 4);
        let steps = Steps { mask: mask(omitted, 1 << (code % 4), 1, bits(false, 30)), ..Steps::default() };
        let fields = Fields { transform: code % 3, ..after(steps, w) };
        alone.add_words(name, (name, &[8, 10]), 80, &values, fields);
    }
    alone.vector("s08-5-mask-dtypes", "a masked tensor of every dtype but C64, whatever value is omitted")
}

pub(crate) fn mask_unpacked() -> Vector {
    let mut random = Random(47);
    let mut alone = Alone::default();
    for (name, shape, (b, run, axis), symbol_bits, chunk_len) in [
        ("U8", &[20, 30][..], (4, 1, 0), 1, 300),
        ("I32", &[12, 50], (3, 3, 1), 4, 300),
        ("I32", &[300], (3, 3, 0), 2, 300),
    ] {
        let unpack = unpack(b, run, axis);
        let w = DTYPES[usize::from(dtype(name))].3;
        let mut words = packed(&mut random, w, &unpack, shape);
        // makes many values 0
        words.iter_mut().for_each(|word| *word &= random.next() & random.next());
        let steps = Steps { unpack: Some(unpack), mask: mask(0, symbol_bits, 1, bits(false, 50)), ..Steps::default() };
        alone.add_words(
            &format!("{name}, {b} bits along axis {axis}, masks of {symbol_bits}"),
            (name, shape),
            chunk_len,
            &words,
            after(steps, b.into()),
        );
    }
    alone.vector("s08-5-mask-unpack", "masks of what unpacking gives")
}

pub(crate) fn mask_rules(list: &mut List) {
    list.begin("8.5");
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    let four = Zeros { dtype: "F4", ..byte };
    // all values are omitted, except in the cases whose omitted value is wrong
    let of = |omitted: u64, symbol_bits: u8, stride: u64, width: u32| {
        let steps = Steps { mask: mask(omitted, symbol_bits, stride, Coding::Constant(0)), ..Steps::default() };
        zeros_after(steps, width)
    };
    byte.accepts(&of(0, 1, 1, 8));
    byte.accepts(&of(0, 8, 1 << 22, 8));
    for (name, rule, breaks, zeros, fields) in [
        ("omitted-256", "R8.5-1", "an omitted value that has more bits than a value", byte, of(256, 1, 1, 8)),
        (
            "omitted-2-to-the-63",
            "R8.5-1",
            "an omitted value that has more bits than a value",
            byte,
            of(1 << 63, 1, 1, 8),
        ),
        ("omitted-16-of-4-bits", "R8.5-1", "an omitted value that has more bits than a value", four, of(16, 1, 1, 4)),
        ("group-0", "R8.5-2", "mask symbols of no bits", byte, of(0, 0, 1, 8)),
        ("group-3", "R8.5-2", "mask symbols of 3 bits", byte, of(0, 3, 1, 8)),
        ("group-5", "R8.5-2", "mask symbols of 5 bits", byte, of(0, 5, 1, 8)),
        ("group-16", "R8.5-2", "mask symbols of 16 bits", byte, of(0, 16, 1, 8)),
        ("group-255", "R8.5-2", "mask symbols of 255 bits", byte, of(0, 255, 1, 8)),
        ("stride-0", "R8.5-2", "a stride of 0", byte, of(0, 4, 0, 8)),
        ("stride-2-to-the-22-and-1", "R8.5-2", "a stride above 2^22", byte, of(0, 1, (1 << 22) + 1, 8)),
        ("stride-2-to-the-63", "R8.5-2", "a stride above 2^22", byte, of(0, 8, 1 << 63, 8)),
        ("stride-2-to-the-64-less-1", "R8.5-2", "a stride above 2^22", byte, of(0, 2, u64::MAX, 8)),
    ] {
        list.rule(rule);
        list.zeros(&format!("mask-{name}"), CORRUPT, breaks, &zeros, &fields);
    }
    list.rule("R8.5-1");
    let mut unpacked = of(16, 1, 1, 4);
    unpacked.steps.unpack = Some(Unpack { value_bits: 4, run_words: 1, axis: 0 });
    list.zeros(
        "mask-omitted-16-of-unpacked",
        CORRUPT,
        "an omitted value that has more bits than a value",
        &byte,
        &unpacked,
    );
    let coded = |symbol_bits: u8, stride: u64, coding: Coding| {
        zeros_after(Steps { mask: mask(0, symbol_bits, stride, coding), ..Steps::default() }, 8)
    };
    let by = |source: Source| Coding::Bits { source, word_size: 0, limit: 30 };
    let mixed_mask = || Coding::MixedMask(MixedMask { row: 10, kernel: 1 });
    let kept = Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 10, kernel: 1, escape_each: 0 });
    let mixed = Coding::MixedField { source: Source::Nothing, mixed: mixed(0, 0) };
    for (name, rule, kinds, breaks, fields) in [
        ("mixed", "R8.1-5", CORRUPT, "a mask that is a mixed field", coded(8, 1, mixed)),
        ("mixed-kept", "R8.1-7", CORRUPT, "a mask of mixed kept values", coded(8, 1, kept)),
        ("mixed-in-groups", "R8.1-6", CORRUPT, "a mixed mask of symbols of 4 bits", coded(4, 1, mixed_mask())),
        ("mixed-in-strides", "R8.1-6", CORRUPT, "a mixed mask of a stride of 2", coded(1, 2, mixed_mask())),
        (
            "source-2",
            "R8.3-3",
            CORRUPT,
            "a mask in the context of a field",
            coded(1, 1, by(Source::Field { field: 0, thresholds: vec![1] })),
        ),
        (
            "source-1-without-classes",
            "R8.3-2",
            CORRUPT,
            "a class field that there is not",
            coded(1, 1, by(Source::Class { field: 0, shift: 0, contexts: 2 })),
        ),
        ("source-3", "R8.3-1", UNSUPPORTED, "an unknown context source", coded(1, 1, by(Source::Bytes(vec![3])))),
        (
            "constant-2-of-1-bit",
            "R8.1-3",
            CORRUPT,
            "a constant beyond its mask symbol",
            coded(1, 1, Coding::Constant(2)),
        ),
    ] {
        list.rule(rule);
        list.zeros(&format!("mask-{name}"), kinds, breaks, &byte, &fields);
    }
    list.rule("R8.1-1");
    for (name, bytes) in [("7", [2, 0, 0, 1, 1, 7]), ("255", [2, 0, 0, 1, 1, 255])] {
        list.refuse(&byte.vector(), &format!("mask-coding-{name}"), UNSUPPORTED, "an unknown coding", |parts| {
            parts.segment().parameters = bytes.into();
        });
    }
    list.rule("R6-8");
    for kept in 2..7 {
        list.refuse(&byte.vector(), &format!("mask-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = [2, 0, 0, 1, 1, 1, 0][..kept].to_vec();
        });
    }
}

pub(crate) fn mask_chunk_rules(list: &mut List) {
    list.begin("8.5");
    let base = |values: &[u64], symbol_bits: u8, stride: u64, coding: Coding| {
        let steps = Steps { mask: mask(0, symbol_bits, stride, coding), ..Steps::default() };
        let fields = Fields { steps, ..Fields::of(0, &[field(8, Coding::Raw)]) };
        let bytes = values.iter().map(|&value| value as u8).collect();
        let item = segment(&[0], values.len() as u64, Representation::Fields(fields));
        Vector::new("", "", vec![tensor("x", "U8", &[values.len() as u64], bytes)], vec![item])
    };
    let ten = [1, 0, 2, 0, 0, 3, 4, 0, 5, 6];
    let values = [1, 2, 3, 4, 5, 6];
    list.rule("R8.5-3");
    for (name, symbol_bits, stride, symbols) in [
        // 10 values are two and a half blocks of 4
        ("bits-beyond-the-chunk", 4, 1, vec![0b0101, 0b0110, 0b1011]),
        ("bits-beyond-the-chunk-of-8-bits", 8, 1, vec![0b0110_0101, 0b100_0011]),
        ("bits-beyond-the-chunk-in-strides", 2, 8, vec![3, 2, 1, 0, 0, 3, 1, 0]),
    ] {
        list.refuse(
            &base(&ten, symbol_bits, stride, Coding::Raw),
            &format!("mask-{name}"),
            CORRUPT,
            "mask bits beyond the chunk",
            |parts| {
                let mask = pack(&symbols, symbol_bits.into());
                parts.segment().chunks = vec![[&mask[..], &values].concat()];
            },
        );
    }
    let full = base(&[7; 12], 4, 1, Coding::Constant(15));
    let all_kept = base(&[7; 10], 2, 1, Coding::Constant(3));
    all_kept.decode(&mut all_kept.parts()).expect("ten values are five pairs");
    full.decode(&mut full.parts()).expect("twelve values are three blocks");
    list.refuse(
        &all_kept,
        "mask-bits-beyond-the-chunk-in-a-constant",
        CORRUPT,
        "mask bits beyond the chunk",
        |parts| {
            let Some(Item::Segment { representation: Representation::Fields(fields), .. }) = full.items.get(1) else {
                unreachable!("a segment in fields");
            };
            parts.segment().parameters = fields.parameters();
        },
    );
    // a mask coded by bits, and a stream without words
    let long: Vec<u64> = (0..200).map(|i| i * i % 7 % 3).collect();
    let of_bits = base(&long, 1, 1, bits(false, 30));
    let chunk = of_bits.parts().segment().chunks[0].clone();
    let words = usize::from(chunk[0]) * 2;
    let (stream, rest) = chunk[1..].split_at(words);
    for (name, rule, breaks, stream) in spoiled(stream, 2) {
        list.rule(rule);
        list.refuse(&of_bits, &format!("mask-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[&stream[..], rest].concat()];
        });
    }
    let raw = base(&ten, 1, 1, Coding::Raw);
    for (name, rule, breaks, chunk) in [
        ("mask-missing", "R16.1-3", "a chunk without its mask", vec![]),
        ("mask-half", "R16.1-3", "a chunk that ends in its mask", vec![0b0110_0101]),
        (
            "kept-values-missing",
            "R16.1-3",
            "a chunk that ends after its mask",
            pack(&[1, 0, 1, 0, 0, 1, 1, 0, 1, 1], 1),
        ),
        (
            "kept-value-missing",
            "R16.1-3",
            "a kept value too few",
            [&pack(&[1, 0, 1, 0, 0, 1, 1, 0, 1, 1], 1)[..], &values[..5]].concat(),
        ),
        (
            "kept-value-left-over",
            "R8-7",
            "a kept value too many",
            [&pack(&[1, 0, 1, 0, 0, 1, 0, 0, 1, 1], 1)[..], &values].concat(),
        ),
        ("mask-unused-bits", "R1.2-1", "unused bits of a mask", [&[0b0110_0101, 0b111][..], &values].concat()),
        ("nothing-kept-and-a-byte", "R8-7", "a byte after a mask that keeps nothing", vec![0, 0, 0]),
    ] {
        list.rule(rule);
        list.refuse(&raw, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    list.rule("R8-7");
    // streams that a chunk would have only if it kept a value
    for (name, breaks, map, stream) in [
        (
            "nothing-kept-and-a-codebook",
            "a codebook after a mask that keeps nothing",
            Map::Codebook(codebook_of_zeros(10, 1, 1, 0)),
            codebook_of_zeros(10, 1, 1, 0).words(&vec![vec![5]; 6]),
        ),
        (
            "nothing-kept-and-scales",
            "scales after a mask that keeps nothing",
            Map::Grid(grid_of_zeros(10, 1, 1, 0, 0)),
            grid_of_zeros(10, 1, 1, 0, 0).words(&[7; 6]),
        ),
        ("nothing-kept-and-fields", "fields after a mask that keeps nothing", Map::Nothing, vec![]),
    ] {
        let zeros = Zeros { dtype: "F32", ..ONE };
        let u = if stream.is_empty() { 32 } else { 1 };
        let mut fields = zeros_after(nothing_kept(map), u);
        zeros.accepts(&fields);
        let mut chunk = Vec::new();
        if stream.is_empty() {
            // a stream without words
            fields.fields[0].coding = bits(false, 30);
            chunk.push(0);
        } else {
            put_varint(&mut chunk, stream.len() as u64 / 2);
            chunk.extend(stream);
        }
        list.refuse(&zeros.vector(), name, CORRUPT, breaks, |parts| {
            parts.segment().parameters = fields.parameters();
            parts.segment().chunks = vec![chunk];
        });
    }
}
