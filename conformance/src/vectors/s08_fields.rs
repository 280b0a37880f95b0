//! Section 8 without its subsections, and section 8.1: steps, transforms, fields and codings.

use crate::encoder::codebook::Codebook;
use crate::encoder::coding::{Coding, Field, field};
use crate::encoder::fields::Fields;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::mixed_mask::MixedMask;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::tables::Tables;
use crate::encoder::transform::split;
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, Kinds, List, UNSUPPORTED};
use crate::vectors::bases::under;
use crate::vectors::build::after;
use crate::vectors::build::{Alone, fields, plain, segment, tensor, widths};
use crate::vectors::good::Vector;
use crate::vectors::s05_manifest::lanes_for;
use crate::vectors::s08_6_codebook::{codebook, with_codebook};
use crate::vectors::zeros::{ONE, Zeros, codebook_of_zeros, constants, grid_of_zeros, nothing_kept, zeros_after};
use crate::wire::bits::{pack_words, words};
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::frame::MIXING;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    codings(all);
    all.push(offset());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    field_rules(list);
    step_rules(list);
    offset_rules(list);
}

/// Draws floats that look like weights: they have many exponents and random mantissas.
pub(crate) fn weights(random: &mut Random, count: usize) -> Vec<f32> {
    let weight = |random: &mut Random| {
        let sum: f32 = (0..4).map(|_| random.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5).sum();
        sum * 0.05
    };
    (0..count).map(|_| weight(random)).collect()
}

pub(crate) fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(crate) fn codings(all: &mut Vec<Vector>) {
    let mut random = Random(4);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (name, w) in [("F4", 4), ("F6_E3M2", 6), ("I8", 8), ("I16", 16), ("C64", 32), ("I64", 64)] {
        for transform in 0..3 {
            // the extreme values of both signs, and some others
            let mut values: Vec<u64> = vec![0, 1, 2, 1 << (w - 1), (1 << (w - 1)) - 1, (1 << (w - 1)) + 1];
            values.push(u64::MAX >> (64 - w));
            values.resize_with(24, || random.next() >> (64 - w));
            let bytes = pack_words(&values, w as u32);
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
        "s08-transforms",
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
    all.push(Vector::new("s08-1-constants", "fields that are constant, up to a value of 16 bits", entries, items));
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
    all.push(Vector::new("s08-weights", "what an encoder makes of common weights", entries, items));
}

pub(crate) fn offset() -> Vector {
    let mut random = Random(56);
    let mut alone = Alone::default();
    for (name, a) in [
        ("F4", 1),
        ("F6_E3M2", 63),
        ("U8", 128),
        ("I8", 255),
        ("U16", 0x7fff),
        ("F32", 0xffff_ffff),
        ("C64", 0x8000_0001),
        ("U64", u64::MAX),
        ("I64", 1 << 63),
        ("F64", 12345),
    ] {
        let w = DTYPES[usize::from(dtype(name))].3;
        let words: Vec<u64> = (0..48u64)
            .map(|i| if i < 8 { 0u64.wrapping_sub(a).wrapping_add(i % 4) } else { random.next() } & (u64::MAX >> (64 - w)))
            .collect();
        let fields = Fields { offset: a, ..Fields::of(3, &plain(&widths(w))) };
        let count = if name == "C64" { 24 } else { 48 };
        alone.add_words(&format!("{name} and {a}"), (name, &[count]), 48, &words, fields);
    }
    // the transform offset changes symbol words, not values
    let values: Vec<u64> = (0..200).map(|_| random.below(7) << 20).collect();
    for (bits, a) in [(3, 5), (3, 7), (4, 8), (1, 1)] {
        let values: Vec<u64> = values.iter().map(|value| if bits == 1 { value & (1 << 20) } else { *value }).collect();
        let steps = with_codebook(codebook("I32", (0, 1), bits, 20), &values, 200);
        let fields = Fields { offset: a, transform: 3, ..after(steps, bits.into()) };
        alone.add_words(&format!("numbers of {bits} bits and {a}"), ("I32", &[200]), 200, &values, fields);
    }
    alone.vector("s08-offset", "the transform that adds a number, up to 2^u - 1")
}

pub(crate) fn field_rules(list: &mut List) {
    list.begin("8");
    let base = under(&[1, 2, 3, 4], Coding::Raw);
    let with = |list: &mut List, name: &str, kinds: Kinds, breaks: &str, parameters: &[u8]| {
        list.change(&base, name, kinds, breaks, |parts| parts.segment().parameters = parameters.into());
    };
    list.rule("R8-4");
    with(list, "transform-4", UNSUPPORTED, "an unknown transform", &[0, 0, 4, 1, 8, 0]);
    list.rule("R8-6");
    with(list, "no-field", CORRUPT, "no field", &[0, 0, 0, 0]);
    // two constant fields make words of 32 bits, and need no bytes
    let zero = {
        let halves = [0; 2].map(|_| field(16, Coding::Constant(0)));
        Vector::new("", "", vec![tensor("x", "U32", &[1], vec![0; 4])], vec![segment(&[0], 1, fields(0, &halves))])
    };
    for (name, breaks, widths) in [
        ("fields-17", "17 fields", [&[2; 15][..], &[1; 2]].concat()),
        ("field-of-17-bits", "a field of 17 bits", vec![17, 15]),
        ("field-of-32-bits", "a field of 32 bits", vec![32]),
        ("fields-of-48-bits", "fields of 48 bits for words of 32", vec![16; 3]),
        ("fields-of-256-bits", "fields of 256 bits for words of 32", vec![16; 16]),
    ] {
        let constants = widths.iter().map(|&width| field(width, Coding::Constant(0))).collect::<Vec<_>>();
        let parameters = Fields::of(0, &constants).parameters();
        list.change(&zero, name, CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    }
    with(list, "field-of-0-bits", CORRUPT, "a field of no bits", &[0, 0, 0, 2, 8, 0, 0, 0]);
    with(list, "fields-of-9-bits", CORRUPT, "fields of 9 bits for words of 8", &[0, 0, 0, 2, 4, 0, 5, 0]);
    with(list, "fields-of-7-bits", CORRUPT, "fields of 7 bits for words of 8", &[0, 0, 0, 1, 7, 0]);
    list.rule("R8.1-1");
    with(list, "coding-7", UNSUPPORTED, "an unknown coding", &[0, 0, 0, 1, 8, 7]);
    with(list, "coding-255", UNSUPPORTED, "an unknown coding", &[0, 0, 0, 1, 8, 255]);
    list.rule("R6-8");
    with(list, "parameters-end-early", CORRUPT, "parameters that end early", &[0, 0, 0, 2, 4, 0, 4]);
    with(list, "parameters-end-before-fields", CORRUPT, "parameters that end early", &[0, 0, 0]);
    with(list, "parameters-empty", CORRUPT, "parameters that end early", &[]);
    with(list, "parameters-and-a-byte", CORRUPT, "a byte after the parameters", &[0, 0, 0, 1, 8, 0, 0]);
    let constant = under(&[1, 1], Coding::Constant(1));
    list.rule("R8.1-3");
    list.change(&constant, "constant-256-in-8-bits", CORRUPT, "a constant beyond its field", |parts| {
        parts.segment().parameters = vec![0, 0, 0, 1, 8, 1, 0x80, 0x02];
    });
    list.change(&constant, "constant-2-to-the-63", CORRUPT, "a constant beyond its field", |parts| {
        parts.segment().parameters = vec![0, 0, 0, 1, 8, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    });
    list.rule("R8-7");
    list.change(&constant, "constant-with-a-byte", CORRUPT, "a byte at the end of a chunk", |parts| {
        parts.segment().chunks[0].push(0);
    });
    list.change(&base, "chunk-and-a-byte", CORRUPT, "a byte at the end of a chunk", |parts| {
        parts.segment().chunks[0].push(0);
    });
    list.rule("R16.1-3");
    list.change(&base, "chunk-short", CORRUPT, "a chunk that ends early", |parts| {
        parts.segment().chunks[0].pop();
    });
    let wide = |coding: &[u8]| {
        let entries = vec![tensor("x", "U16", &[2], vec![0; 4])];
        let items = vec![segment(&[0], 2, fields(0, &[field(13, Coding::Constant(0)), field(3, Coding::Constant(0))]))];
        let mut parts = Vector::new("", "", entries, items).parts();
        parts.segment().parameters = [&[0, 0, 0, 2, 13][..], coding, &[3, 1, 0]].concat();
        if coding[0] == 4 {
            parts.header.critical = MIXING;
        }
        parts.assemble()
    };
    let mut only_zero = vec![2, 0, 0, 0];
    Tables::new(13, 12, &[&[(0, 1)]], None).write(&mut only_zero);
    list.rule("R8.1-2");
    list.add("lanes-of-13-bits", CORRUPT, "lanes for a field of 13 bits", wide(&only_zero));
    list.add("bits-of-13-bits", CORRUPT, "bits for a field of 13 bits", wide(&[3, 0, 0, 30]));
    // all parameters are allowed: kind 1, fraction 0, base 0, shift 5, period 1, no columns and no distances
    list.add("mixed-of-13-bits", CORRUPT, "a mixed field of 13 bits", wide(&[4, 0, 1, 0, 0, 5, 1, 0, 0]));
}

pub(crate) fn of_unpack(value_bits: u8, run_words: u8, axis: u8) -> Steps {
    Steps { unpack: Some(Unpack { value_bits, run_words, axis }), ..Steps::default() }
}

pub(crate) fn step_rules(list: &mut List) {
    list.begin("8");
    list.rule("R8-1");
    for bit in 5..8 {
        let steps = Steps { code: Some(1 << bit), ..Steps::default() };
        list.zeros(&format!("steps-bit-{bit}"), CORRUPT, "a step that there is not", &ONE, &zeros_after(steps, 32));
    }
    let steps = Steps { code: Some(12), ..Steps::default() };
    list.zeros("steps-map-3", CORRUPT, "a map that there is not", &ONE, &zeros_after(steps, 32));
    let complex = Zeros { dtype: "C64", shapes: &[&[30]], chunk_len: 30 };
    complex.accepts(&zeros_after(Steps::default(), 32));
    list.rule("R8-2");
    for (name, steps, u) in [
        ("unpack", of_unpack(4, 1, 0), 4),
        ("mask", nothing_kept(Map::Nothing), 32),
        ("codebook", Steps { map: Map::Codebook(codebook_of_zeros(0, 1, 1, 0)), ..Steps::default() }, 1),
        ("grid", Steps { map: Map::Grid(grid_of_zeros(0, 1, 1, 0, 0)), ..Steps::default() }, 1),
    ] {
        list.zeros(
            &format!("{name}-of-c64"),
            CORRUPT,
            "a step of elements of two words",
            &complex,
            &zeros_after(steps, u),
        );
    }
    list.rule("R8-6");
    for (name, steps, u, wrong) in [
        ("unpacked", of_unpack(4, 1, 0), 4, 32),
        (
            "numbers-of-a-codebook",
            Steps { map: Map::Codebook(codebook_of_zeros(0, 1, 3, 0)), ..Steps::default() },
            3,
            32,
        ),
        ("numbers-of-3-bits", Steps { map: Map::Codebook(codebook_of_zeros(0, 1, 3, 0)), ..Steps::default() }, 3, 4),
    ] {
        ONE.accepts(&zeros_after(steps.clone(), u));
        list.zeros(
            &format!("{name}-in-fields-of-{wrong}-bits"),
            CORRUPT,
            "fields of another width than what the steps give",
            &ONE,
            &zeros_after(steps, wrong),
        );
    }
    list.begin("8.1");
    let kept = || Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 10, kernel: 1, escape_each: 0 });
    let mixed_mask = || Coding::MixedMask(MixedMask { row: 10, kernel: 1 });
    let with_mask = |fields: &[Field]| Fields { steps: nothing_kept(Map::Nothing), ..Fields::of(0, fields) };
    let rest = constants(24);
    ONE.accepts(&with_mask(&[&[field(8, kept())][..], &rest].concat()));
    for (name, rule, breaks, fields) in [
        (
            "mixed-kept-without-a-mask",
            "R8.1-7",
            "mixed kept values without a mask",
            Fields::of(0, &[&[field(8, kept())][..], &rest].concat()),
        ),
        (
            "mixed-kept-as-second-field",
            "R8.1-7",
            "mixed kept values that are not the first field",
            with_mask(&[&rest[..], &[field(8, kept())]].concat()),
        ),
        (
            "mixed-mask-of-a-field",
            "R8.1-6",
            "a mixed mask that is a field",
            with_mask(&[&[field(8, mixed_mask())][..], &rest].concat()),
        ),
        (
            "mixed-mask-of-a-field-of-1-bit",
            "R8.1-6",
            "a mixed mask that is a field",
            with_mask(&[&[field(1, mixed_mask()), field(7, Coding::Raw)][..], &rest].concat()),
        ),
        (
            "mixed-kept-of-13-bits",
            "R8.1-2",
            "mixed kept values of 13 bits",
            with_mask(&[&[field(13, kept()), field(3, Coding::Raw)][..], &constants(16)].concat()),
        ),
    ] {
        list.rule(rule);
        list.zeros(name, CORRUPT, breaks, &ONE, &fields);
    }
}

pub(crate) fn offset_rules(list: &mut List) {
    list.begin("8");
    // all values are 0; if offset and width are allowed, the constant field holds the offset
    let of = |steps: Steps, width: u32, offset: u64| {
        let mut fields = Fields { transform: 3, offset, ..zeros_after(steps, width) };
        if width <= 8 && offset < 1 << width {
            fields.fields[0].coding = Coding::Constant(offset);
        }
        fields
    };
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    byte.accepts(&of(Steps::default(), 8, 255));
    list.rule("R8-5");
    for (name, offset) in [("0", 0), ("256", 256), ("2-to-the-63", 1 << 63), ("2-to-the-64-less-1", u64::MAX)] {
        let fields = of(Steps::default(), 8, offset);
        list.zeros(&format!("offset-{name}-of-8-bits"), CORRUPT, "an offset out of range", &byte, &fields);
    }
    let numbers =
        Steps { map: Map::Codebook(Codebook { value_bits: 8, ..codebook_of_zeros(0, 1, 3, 0) }), ..Steps::default() };
    byte.accepts(&of(numbers.clone(), 3, 7));
    list.zeros("offset-8-of-3-bits", CORRUPT, "an offset beyond the symbol words", &byte, &of(numbers, 3, 8));
    list.zeros(
        "offset-0-of-64-bits",
        CORRUPT,
        "an offset of 0",
        &Zeros { dtype: "U64", ..byte },
        &of(Steps::default(), 64, 0),
    );
    list.rule("R6-8");
    list.refuse(&byte.vector(), "offset-cut", CORRUPT, "parameters that end in an offset", |parts| {
        parts.segment().parameters = vec![0, 0, 3, 0x80];
    });
}
