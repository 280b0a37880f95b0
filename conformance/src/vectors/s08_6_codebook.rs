//! Section 8.6: codebooks.

use std::collections::HashMap;

use crate::encoder::codebook::{Codebook, CodebookCoder, Order};
use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::groups::Groups;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::spoiled;
use crate::vectors::build::{Alone, after, by_class, class_field, mask, packed, segment, tensor, unpack};
use crate::vectors::good::Vector;
use crate::vectors::zeros::{ONE, Zeros, codebook_of_zeros, zeros_after};
use crate::wire::bits::{pack_words, words};
use crate::wire::dtypes::{DTYPES, dtype};
use crate::wire::primitives::{put_varint, put_words};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(codebook_segment());
    all.push(codebook_blocks());
    all.push(codebook_columns());
    all.push(codebook_steps());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    codebook_rules(list);
    codebook_stream_rules(list);
}

/// Returns a codebook step that has no codebooks yet.
pub fn codebook(name: &str, (block, period): (u64, u64), symbol_bits: u8, zero_bits: u8) -> Codebook {
    let value_bits = DTYPES[usize::from(dtype(name))].3;
    Codebook {
        groups: Groups::new(block, period),
        symbol_bits,
        zero_bits,
        order: Order::of(name),
        value_bits,
        codebooks: vec![],
    }
}

/// Returns steps with a codebook for these values. A chunk has `chunk_values` values.
pub fn with_codebook(codebook: Codebook, values: &[u64], chunk_values: usize) -> Steps {
    let codebook = codebook.fill(values, &vec![true; values.len()], chunk_values);
    Steps { map: Map::Codebook(codebook), ..Steps::default() }
}

pub(crate) fn f32s(values: &[f32]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits().into()).collect()
}

pub(crate) fn codebook_segment() -> Vector {
    let mut random = Random(48);
    let mut alone = Alone::default();
    let nans = [0x7fc0_0000u64, 0x7f80_0001, 0xffc0_1234, 0xffff_ffff, 0x7fff_ffff];
    let specials =
        [&f32s(&[0.0, -0.0, 1.0, -1.0, f32::MIN, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, 1e-45])[..], &nans]
            .concat();
    let ends = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
    let many: Vec<u64> = (0..300).map(|i| i * 0x0101_0101_0101 + (i << 55)).collect();
    for (name, entries, u, t) in [
        ("F32", &specials[..], 4, 0),
        ("F32", &f32s(&[0.5]), 1, 0),
        ("F32", &f32s(&[0.5, -0.5, 0.25, -2.0, 0.0, -0.0]), 3, 21),
        ("F32", &[0, 1 << 31], 1, 31),
        ("I32", &[0, 5, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x8000_0001], 12, 0),
        ("I8", &[0, 1, 0xff, 0x80, 0x7f, 0x40, 0xc0], 3, 0),
        ("U8", &[0, 1, 0xff, 0x80, 0x7f, 0x40, 0xc0], 5, 0),
        ("BOOL", &[0, 1], 1, 0),
        ("I16", &[0x8000, 0x7fc0, 0x0040, 0xffc0], 2, 6),
        ("U16", &[0x8000, 0x0000], 2, 15),
        ("U64", &ends, 3, 0),
        ("I64", &ends, 6, 0),
        ("U64", &many, 9, 0),
        (
            "F64",
            &[0, 1 << 63, 0x7ff0_0000_0000_0000, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000, 0xfff8_0000_0000_0000],
            3,
            51,
        ),
        ("F16", &[0, 0x8000, 0x3c00, 0xbc00, 0x7e01, 0xfe01], 3, 0),
        ("BF16", &[0, 0x8000, 0x3f80, 0xbf80, 0x7fc0, 0xff80], 3, 6),
        ("F8_E4M3", &[0, 0x80, 0x7f, 0xff, 0x38, 0xb8], 3, 0),
        ("F8_E5M2FNUZ", &[0, 0x80, 0x7c, 0xfc], 2, 2),
        ("F8_E8M0", &[0, 0x80, 0x7f, 0xff], 2, 0),
        ("F6_E2M3", &[0, 32, 31, 63, 16, 48], 3, 0),
        ("F6_E3M2", &[0, 32, 30, 62], 2, 1),
        ("F4", &[0, 8, 7, 15, 3], 3, 0),
    ] {
        let values: Vec<u64> = (0..320).map(|_| entries[random.below(entries.len() as u64) as usize]).collect();
        let fields = after(with_codebook(codebook(name, (0, 1), u, t), &values, 320), u.into());
        alone.add_words(&format!("{name}, {} of {u} bits", entries.len()), (name, &[32, 10]), 264, &values, fields);
    }
    // a codebook may have values that do not occur
    let mut unused = codebook("U8", (0, 1), 4, 0);
    unused.codebooks = vec![(10..26).collect()];
    let values: Vec<u64> = (0..50).map(|_| 10 + random.below(15)).collect();
    let fields = after(Steps { map: Map::Codebook(unused), ..Steps::default() }, 4);
    alone.add_words("as many entries as there may be, one of them unused", ("U8", &[50]), 50, &values, fields);
    alone
        .vector("s08-6-codebook-segment", "one codebook: every order of values, zero bits, differences of 1 to 64 bits")
}

pub(crate) fn codebook_blocks() -> Vector {
    let mut random = Random(49);
    let mut alone = Alone::default();
    for (name, (block, period), count, chunk_len) in [
        ("F32", (50, 1), 1000, 300),
        ("F32", (50, 1), 1000, 1000),
        ("I16", (64, 1), 500, 256),
        ("U8", (10, 30), 1000, 300),
        ("U8", (10, 30), 1000, 1001),
        ("I8", (1, 1), 40, 40),
        ("I8", (1, 7), 300, 259),
        ("BF16", (1000, 3), 20, 20),
        ("U8", (4, 100), 30, 30),
        ("U8", (1 << 22, 1), 30, 30),
        ("U8", (4, 1 << 20), 30, 30),
    ] {
        let w = DTYPES[usize::from(dtype(name))].3;
        let groups = Groups::new(block, period);
        let mut values = Vec::new();
        let mut codebooks: HashMap<usize, Vec<u64>> = HashMap::new();
        for i in 0..count {
            let (chunk, i) = (i / chunk_len, i % chunk_len);
            let group = chunk * 10_000 + groups.of_chunk(0, count).group(i);
            let size = 1 + random.below(8);
            let entries =
                codebooks.entry(group).or_insert_with(|| (0..size).map(|_| random.next() >> (64 - w)).collect());
            values.push(entries[random.below(entries.len() as u64) as usize]);
        }
        let fields = after(with_codebook(codebook(name, (block, period), 3, 0), &values, chunk_len), 3);
        let about = format!("{name}: blocks of {block}, period {period}, {count} values in chunks of {chunk_len}");
        alone.add_words(&about, (name, &[count as u64]), chunk_len as u64, &values, fields);
    }
    alone.vector(
        "s08-6-codebook-blocks",
        "codebooks in chunks: rows, parts of rows, pieces of columns, blocks without their end",
    )
}

pub(crate) fn codebook_columns() -> Vector {
    let mut random = Random(50);
    let mut alone = Alone::default();
    for (shape, period, chunk_len) in [(&[40, 20][..], 20, 800), (&[40, 20], 20, 257), (&[30, 9], 4, 270), (&[7], 7, 7)]
    {
        let count = shape.iter().product::<u64>();
        let values: Vec<u64> =
            (0..count).map(|i| (i % period) * 1000 + random.below(4) * 7 * ((i % period) % 3)).collect();
        let steps = with_codebook(codebook("I32", (0, period), 2, 0), &values, count as usize);
        let about = format!("{shape:?}, period {period}, chunks of {chunk_len}");
        alone.add_words(&about, ("I32", shape), chunk_len, &values, after(steps, 2));
    }
    alone.vector(
        "s08-6-codebook-columns",
        "codebooks of columns, through the whole segment; a period as long as the segment",
    )
}

pub(crate) fn codebook_steps() -> Vector {
    let mut random = Random(51);
    let mut alone = Alone::default();
    // unpacked values are ordered as unsigned integers, whatever the dtype is
    let unpacking = unpack(4, 1, 0);
    let mut packed = packed(&mut random, 32, &unpacking, &[200]);
    packed.iter_mut().for_each(|word| *word &= 0x9d9d_9d9d);
    let values = words(&pack_words(&packed, 32), 4);
    for (block, mask) in
        [(0, None), (80, None), (80, mask(9, 1, 1, bits(true, 80))), (0, mask(0, 4, 1, bits(true, 80)))]
    {
        let kept: Vec<bool> =
            values.iter().map(|value| mask.as_ref().is_none_or(|mask| mask.omitted != *value)).collect();
        let codebook = Codebook { order: Order::Plain, value_bits: 4, ..codebook("I32", (block, 1), 4, 0) };
        let map = Map::Codebook(codebook.fill(&values, &kept, 1600));
        let about = format!("unpacked, blocks of {block}, {} omitted", kept.iter().filter(|kept| !**kept).count());
        let steps = Steps { unpack: Some(unpacking.clone()), mask, map, ..Steps::default() };
        alone.add_words(&about, ("I32", &[200]), 200, &packed, after(steps, 4));
    }
    // the mask keeps no value of some groups, and no value of one chunk
    for (block, period) in [(30, 1), (3, 10), (0, 1), (0, 30)] {
        let value = |i: u64| if i / 30 % 3 == 1 || i / 300 == 1 || i % 30 == 4 { 0x8000 } else { i % 30 * 100 + i % 2 };
        let values: Vec<u64> = (0..900).map(value).collect();
        let kept: Vec<bool> = values.iter().map(|value| *value != 0x8000).collect();
        let shape: &[u64] = &[30, 30];
        let chunk = if block > 0 { 300 } else { 900 };
        let map = Map::Codebook(codebook("F16", (block, period), 7, 0).fill(&values, &kept, chunk));
        let steps = Steps { mask: mask(0x8000, 1, 1, bits(false, 100)), map, ..Steps::default() };
        let coding = Coding::Bits { source: by_class(0, 0, 9), word_size: 0, limit: 30 };
        let mut fields = Fields { steps, ..Fields::of(2, &[field(7, coding)]) };
        fields.class_fields = vec![class_field(&mut random, 1, shape, &[[1, 1]])];
        alone.add_words(&format!("masked, blocks of {block}, period {period}"), ("F16", shape), 300, &values, fields);
    }
    // no value is kept, but the head has its codebook
    let mut empty = codebook("F16", (0, 1), 1, 0);
    empty.codebooks = vec![vec![5]];
    let steps = Steps { mask: mask(0, 1, 1, bits(true, 30)), map: Map::Codebook(empty), ..Steps::default() };
    alone.add_words("nothing kept", ("F16", &[300]), 256, &[0; 300], after(steps, 1));
    alone.vector("s08-6-codebook-steps", "codebooks after unpacking and masks; groups without a kept value")
}

/// Writes the second key of a codebook, in a wrong way.
pub(crate) type Spoil = dyn Fn(&mut CodebookCoder);

pub(crate) fn codebook_rules(list: &mut List) {
    list.begin("8.6");
    let of = |codebook: Codebook, u: u32| zeros_after(Steps { map: Map::Codebook(codebook), ..Steps::default() }, u);
    ONE.accepts(&of(codebook_of_zeros(0, 1, 1, 31), 1));
    list.rule("R8.6-4");
    for (dtype, bits, zero_bits) in [("U8", 9, 0), ("BOOL", 12, 0)] {
        let zeros = Zeros { dtype, ..ONE };
        zeros.accepts(&of(codebook_of_zeros(0, 1, 8, zero_bits), 8));
        let name = format!("codebook-of-{bits}-bits-of-{}-less-{zero_bits}", dtype.to_lowercase());
        let fields = of(codebook_of_zeros(0, 1, bits, zero_bits), bits.into());
        list.zeros(&name, CORRUPT, "more bits than a value has", &zeros, &fields);
    }
    for bits in [0, 13, 16, 255] {
        let mut parameters = vec![4, 0, 0, 1, bits, 0];
        let stream = codebook_of_zeros(0, 1, 12, 0).words(&[vec![0]]);
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
    let mut unpacked = of(Codebook { value_bits: 4, zero_bits: 4, ..codebook_of_zeros(0, 1, 1, 0) }, 1);
    unpacked.steps.map = Map::Nothing;
    unpacked.steps.unpack = Some(Unpack { value_bits: 4, run_words: 1, axis: 0 });
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
    let parameters = of(codebook_of_zeros(0, 1, 1, 0), 1).parameters();
    list.rule("R6-8");
    for kept in 2..parameters.len() {
        list.refuse(&ONE.vector(), &format!("codebook-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = parameters[..kept].to_vec();
        });
    }
    list.rule("R8.6-8");
    // the codebook has three values; the chunk gets the number of a fourth one
    let bytes = [1, 2, 3, 1, 1, 2, 3, 3];
    for (name, block) in [("of-the-segment", 0), ("of-a-block", 4)] {
        let codebooks = if block == 0 { vec![vec![1, 2, 3]] } else { vec![vec![1, 2, 3], vec![1, 2, 3]] };
        let three = Codebook { value_bits: 8, codebooks, ..codebook_of_zeros(block, 1, 2, 0) };
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
    // the codebook of the other group has the number
    let two = Codebook { value_bits: 8, codebooks: vec![vec![1], vec![2, 3]], ..codebook_of_zeros(0, 2, 1, 0) };
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

pub(crate) fn codebook_stream_rules(list: &mut List) {
    list.begin("8.6");
    let codebooks = vec![vec![0, 5, 1000, 0xffff_fffe], vec![3, 77, 78], vec![0], vec![1 << 31, 0x8000_0011]];
    let own = |block: u64| Codebook {
        order: Order::Signed,
        codebooks: codebooks.clone(),
        ..codebook_of_zeros(block, if block == 0 { 4 } else { 1 }, 3, 0)
    };
    let values = |block: usize| -> Vec<u64> {
        (0..60).map(|i| codebooks[if block == 0 { i % 4 } else { i / 15 }][0] ^ (1 << 31)).collect()
    };
    for (name, block) in [("head", 0), ("chunk", 15)] {
        let fields = zeros_after(Steps { map: Map::Codebook(own(block)), ..Steps::default() }, 3);
        let bytes = pack_words(&values(block as usize), 32);
        let item = segment(&[0], 60, Representation::Fields(fields.clone()));
        let base = Vector::new("", "", vec![tensor("x", "I32", &[60], bytes)], vec![item]);
        base.decode(&mut base.parts()).expect("four codebooks");
        let words = own(block).words(&codebooks);
        // adds the container with this stream instead of its own
        let refuse = |list: &mut List, name: &str, breaks: &str, stream: &[u8]| {
            list.refuse(&base, name, CORRUPT, breaks, |parts| match block {
                0 => {
                    let mut old = Vec::new();
                    put_words(&words, 2, &mut old);
                    let head = parts.segment().parameters.clone();
                    // these come before the stream: steps, class fields, block, period, symbol bits, and zero bits
                    assert_eq!(head[6..6 + old.len()], old);
                    parts.segment().parameters = [&head[..6], stream, &head[6 + old.len()..]].concat();
                }
                _ => parts.segment().chunks = vec![stream.to_vec()],
            });
        };
        for (spoil, rule, breaks, stream) in spoiled(&words, 2) {
            list.rule(rule);
            refuse(list, &format!("codebook-{name}-{spoil}"), breaks, &stream);
        }
        let broken: [(&str, &str, &str, &Spoil); 6] = [
            ("length-0", "R8.6-5", "a difference of no bits", &|coder| coder.length(0)),
            ("length-33", "R8.6-5", "a difference of more bits than a key", &|coder| coder.length(33)),
            ("length-127", "R8.6-5", "a difference of 127 bits", &|coder| coder.length(127)),
            ("key-beyond", "R8.6-6", "a key beyond its bits", &|coder| coder.difference(0xffff_fffc)),
            ("key-wraps", "R8.6-6", "a key beyond its bits", &|coder| coder.difference(0xffff_ffff)),
            ("key-2-to-the-32", "R8.6-6", "a key beyond its bits", &|coder| coder.difference(0xffff_fffb)),
        ];
        for (kind, rule, breaks, bad) in broken {
            list.rule(rule);
            let mut coder = CodebookCoder::new(3);
            coder.entries(2);
            coder.halves(5, 32);
            bad(&mut coder);
            // continues as a decoder would read on if it did not check
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
    list.rule("R8.6-6");
    // the second key needs more than 64 bits
    for (kind, difference) in [("beyond-64-bits", u64::MAX - 4), ("wraps-64-bits", u64::MAX)] {
        let mut coder = CodebookCoder::new(1);
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
    list.rule("R8.6-7");
    // 17 codebooks of 4096 consecutive values have 69632 entries; if the last codebook has one entry, all have 65537
    let all: Vec<u64> = (0..4096).collect();
    for (name, last) in [("65537", 1), ("69632", 4096)] {
        let mut many = vec![all.clone(); 16];
        many.push(all[..last].to_vec());
        let period = many.len() as u64;
        let fields = |codebooks: Vec<Vec<u64>>| {
            let period = codebooks.len() as u64;
            zeros_after(
                Steps {
                    map: Map::Codebook(Codebook { codebooks, ..codebook_of_zeros(0, period, 12, 0) }),
                    ..Steps::default()
                },
                12,
            )
        };
        let zeros = Zeros { dtype: "U32", ..ONE };
        zeros.accepts(&fields(many[..16].to_vec()));
        let of_chunk = Codebook { codebooks: many.clone(), ..codebook_of_zeros(1, period, 12, 0) };
        list.zeros(&format!("codebook-entries-{name}"), CORRUPT, "more than 65536 entries", &zeros, &fields(many));
        let map = Map::Codebook(of_chunk.clone());
        let parameters = zeros_after(Steps { map, ..Steps::default() }, 12).parameters();
        let zeros = Zeros { dtype: "U32", shapes: &[&[17]], chunk_len: 17 };
        list.refuse(
            &zeros.vector(),
            &format!("codebook-entries-{name}-in-a-chunk"),
            CORRUPT,
            "more than 65536 entries",
            |parts| {
                parts.segment().parameters = parameters;
                let mut chunk = Vec::new();
                put_words(&of_chunk.words(&of_chunk.codebooks), 2, &mut chunk);
                parts.segment().chunks = vec![chunk];
            },
        );
    }
}
