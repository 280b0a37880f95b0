//! The bad vectors of the steps before fields: unpacking, masks, and the transform offset.

use super::bad::{CORRUPT, Kinds, List, UNSUPPORTED, spoiled};
use super::coders::{Coding, Field, Fields, Source, bits, field, pack};
use super::good::{Vector, segment, tensor};
use super::good_steps::{mask, widths};
use super::mixing::{MixedKept, MixedMask};
use super::steps::{Affine, Codebook, Groups, Map, Order, Steps, Unpack};
use super::wire::{DTYPES, Item, Parts, Representation, dtype, put_varint};

pub fn all(list: &mut List) {
    step_rules(list);
    offset_rules(list);
    unpack_rules(list);
    mask_rules(list);
    mask_chunk_rules(list);
}

impl List {
    /// From `base`, changed; the generator's own decoder sees that it is wrong, and how.
    pub fn refuse(&mut self, base: &Vector, name: &str, kinds: Kinds, breaks: &str, change: impl FnOnce(&mut Parts)) {
        let mut parts = base.parts();
        change(&mut parts);
        match base.decode(&mut parts) {
            Ok(()) => panic!("{name} is not wrong"),
            Err(why) => {
                assert!(!why.ends_with("other bytes"), "{name} is not refused");
                assert_eq!(why.contains("unsupported"), kinds == UNSUPPORTED, "{name}: {why}");
            }
        }
        self.add(name, kinds, breaks, parts.assemble());
    }

    /// A tensor of zeros, whose chunks have no bytes, under parameters that are wrong.
    pub fn zeros(&mut self, name: &str, kinds: Kinds, breaks: &str, zeros: &Zeros, fields: &Fields) {
        self.refuse(&zeros.vector(), name, kinds, breaks, |parts| parts.segment().parameters = fields.parameters());
    }
}

/// Tensors of zeros in one segment.
#[derive(Clone, Copy)]
pub struct Zeros<'a> {
    pub dtype: &'a str,
    pub shapes: &'a [&'a [u64]],
    pub chunk_len: u64,
}

impl Zeros<'_> {
    pub fn vector(&self) -> Vector {
        let bits = u64::from(DTYPES[usize::from(dtype(self.dtype))].2);
        let entries = self.shapes.iter().enumerate().map(|(number, shape)| {
            let bytes = vec![0; (shape.iter().product::<u64>() * bits / 8) as usize];
            tensor(&format!("x{number}"), self.dtype, shape, bytes)
        });
        let w = DTYPES[usize::from(dtype(self.dtype))].3;
        let members: Vec<usize> = (0..self.shapes.len()).collect();
        let item = segment(&members, self.chunk_len, Representation::Fields(Fields::of(0, &constants(w))));
        Vector::new("", "", entries.collect(), vec![item])
    }

    /// Asserts that these parameters are right for it.
    pub fn accepts(&self, fields: &Fields) {
        let vector = self.vector();
        let mut parts = vector.parts();
        parts.segment().parameters = fields.parameters();
        vector.decode(&mut parts).unwrap_or_else(|why| panic!("{}: {why}", self.dtype));
    }
}

/// Fields of words of `width` bits that are all 0.
pub fn constants(width: u32) -> Vec<Field> {
    widths(width).iter().map(|&width| field(width, Coding::Constant(0))).collect()
}

pub fn after(steps: Steps, width: u32) -> Fields {
    Fields { steps, ..Fields::of(0, &constants(width)) }
}

fn of_unpack(bits: u8, run: u8, axis: u8) -> Steps {
    Steps { unpack: Some(Unpack { bits, run, axis }), ..Steps::default() }
}

/// A mask that keeps nothing.
pub fn nothing_kept(map: Map) -> Steps {
    Steps { mask: mask(0, 1, 1, Coding::Constant(0)), map, ..Steps::default() }
}

/// A codebook of 0 alone for each group, if they go through the segment.
pub fn book(block: u64, period: u64, bits: u8, zero_bits: u8) -> Codebook {
    let groups = Groups::new(block, period);
    let books = vec![vec![0]; if block == 0 { period.min(1000) as usize } else { 0 }];
    Codebook { groups, bits, zero_bits, order: Order::Plain, width: 32, books }
}

pub fn grid(block: u64, period: u64, bits: u8, lowest: i64, zero_bits: u8) -> Affine {
    let scales = vec![0; if block == 0 { period.min(1000) as usize } else { 0 }];
    Affine { groups: Groups::new(block, period), bits, lowest, zero_bits, scales, symbols: vec![] }
}

pub const ONE: Zeros = Zeros { dtype: "U32", shapes: &[&[6, 10]], chunk_len: 60 };

fn step_rules(list: &mut List) {
    list.section = "8";
    for bit in 4..8 {
        let steps = Steps { code: Some(1 << bit), ..Steps::default() };
        list.zeros(&format!("steps-bit-{bit}"), CORRUPT, "a step that there is not", &ONE, &after(steps, 32));
    }
    let steps = Steps { code: Some(12), ..Steps::default() };
    list.zeros("steps-map-3", CORRUPT, "a map that there is not", &ONE, &after(steps, 32));
    let complex = Zeros { dtype: "C64", shapes: &[&[30]], chunk_len: 30 };
    complex.accepts(&after(Steps::default(), 32));
    for (name, steps, u) in [
        ("unpack", of_unpack(4, 1, 0), 4),
        ("mask", nothing_kept(Map::Nothing), 32),
        ("codebook", Steps { map: Map::Codebook(book(0, 1, 1, 0)), ..Steps::default() }, 1),
        ("grid", Steps { map: Map::Affine(grid(0, 1, 1, 0, 0)), ..Steps::default() }, 1),
    ] {
        list.zeros(&format!("{name}-of-c64"), CORRUPT, "a step of elements of two words", &complex, &after(steps, u));
    }
    for (name, steps, u, wrong) in [
        ("unpacked", of_unpack(4, 1, 0), 4, 32),
        ("numbers-of-a-codebook", Steps { map: Map::Codebook(book(0, 1, 3, 0)), ..Steps::default() }, 3, 32),
        ("numbers-of-3-bits", Steps { map: Map::Codebook(book(0, 1, 3, 0)), ..Steps::default() }, 3, 4),
    ] {
        ONE.accepts(&after(steps.clone(), u));
        list.zeros(
            &format!("{name}-in-fields-of-{wrong}-bits"),
            CORRUPT,
            "fields of another width than what the steps give",
            &ONE,
            &after(steps, wrong),
        );
    }
    list.section = "8.1";
    let kept = || Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 10, kernel: 1, escape_each: 0 });
    let mixed_mask = || Coding::MixedMask(MixedMask { row: 10, kernel: 1 });
    let with_mask = |fields: &[Field]| Fields { steps: nothing_kept(Map::Nothing), ..Fields::of(0, fields) };
    let rest = constants(24);
    ONE.accepts(&with_mask(&[&[field(8, kept())][..], &rest].concat()));
    for (name, breaks, fields) in [
        (
            "mixed-kept-without-a-mask",
            "mixed kept values without a mask",
            Fields::of(0, &[&[field(8, kept())][..], &rest].concat()),
        ),
        (
            "mixed-kept-as-second-field",
            "mixed kept values that are not the first field",
            with_mask(&[&rest[..], &[field(8, kept())]].concat()),
        ),
        (
            "mixed-mask-of-a-field",
            "a mixed mask that is a field",
            with_mask(&[&[field(8, mixed_mask())][..], &rest].concat()),
        ),
        (
            "mixed-mask-of-a-field-of-1-bit",
            "a mixed mask that is a field",
            with_mask(&[&[field(1, mixed_mask()), field(7, Coding::Raw)][..], &rest].concat()),
        ),
        (
            "mixed-kept-of-13-bits",
            "mixed kept values of 13 bits",
            with_mask(&[&[field(13, kept()), field(3, Coding::Raw)][..], &constants(16)].concat()),
        ),
    ] {
        list.zeros(name, CORRUPT, breaks, &ONE, &fields);
    }
}

fn offset_rules(list: &mut List) {
    list.section = "8";
    // zeros all the same, where there are offset and width
    let of = |steps: Steps, width: u32, offset: u64| {
        let mut fields = Fields { transform: 3, offset, ..after(steps, width) };
        if width <= 8 && offset < 1 << width {
            fields.fields[0].coding = Coding::Constant(offset);
        }
        fields
    };
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    byte.accepts(&of(Steps::default(), 8, 255));
    for (name, offset) in [("0", 0), ("256", 256), ("2-to-the-63", 1 << 63), ("2-to-the-64-less-1", u64::MAX)] {
        let fields = of(Steps::default(), 8, offset);
        list.zeros(&format!("offset-{name}-of-8-bits"), CORRUPT, "an offset out of range", &byte, &fields);
    }
    let numbers = Steps { map: Map::Codebook(Codebook { width: 8, ..book(0, 1, 3, 0) }), ..Steps::default() };
    byte.accepts(&of(numbers.clone(), 3, 7));
    list.zeros("offset-8-of-3-bits", CORRUPT, "an offset beyond the symbol words", &byte, &of(numbers, 3, 8));
    list.zeros(
        "offset-0-of-64-bits",
        CORRUPT,
        "an offset of 0",
        &Zeros { dtype: "U64", ..byte },
        &of(Steps::default(), 64, 0),
    );
    list.refuse(&byte.vector(), "offset-cut", CORRUPT, "parameters that end in an offset", |parts| {
        parts.segment().parameters = vec![0, 0, 3, 0x80];
    });
}

fn unpack_rules(list: &mut List) {
    list.section = "8.4";
    let zeros = |dtype, shapes, chunk_len| Zeros { dtype, shapes, chunk_len };
    let many: &[&[u64]] = &[&[6, 10], &[6, 20]];
    zeros("I32", many, 180).accepts(&after(of_unpack(3, 1, 0), 3));
    ONE.accepts(&after(of_unpack(3, 3, 1), 3));
    zeros("I32", &[&[60, 10]], 300).accepts(&after(of_unpack(3, 3, 1), 3));
    zeros("U8", &[&[10]], 1 << 21).accepts(&after(of_unpack(4, 1, 0), 4));
    zeros("I32", &[&[30]], 393_216).accepts(&after(of_unpack(3, 3, 0), 3));
    zeros("I32", &[&[11]], 11).accepts(&after(of_unpack(8, 1, 0), 8));
    for (name, breaks, zeros, (b, run, axis)) in [
        ("bits-0", "values of no bits", ONE, (0, 1, 0)),
        ("bits-9", "values of 9 bits", ONE, (9, 1, 0)),
        ("bits-32-of-32", "values of as many bits as words", ONE, (32, 1, 0)),
        ("bits-255", "values of 255 bits", ONE, (255, 1, 0)),
        ("bits-8-of-8", "values of as many bits as words", zeros("U8", &[&[30]], 30), (8, 1, 0)),
        ("bits-8-of-8-in-runs", "values of as many bits as words", zeros("U8", &[&[30]], 30), (8, 2, 0)),
        ("words-of-4-bits", "words of less than 8 bits", zeros("F4", &[&[30]], 30), (2, 1, 0)),
        ("words-of-6-bits", "words of less than 8 bits", zeros("F6_E2M3", &[&[40]], 40), (3, 2, 0)),
        ("run-0", "runs of no words", ONE, (4, 0, 0)),
        ("run-9", "runs of 9 words", zeros("I32", &[&[9, 9]], 81), (4, 9, 0)),
        ("run-255", "runs of 255 words", zeros("U8", &[&[255]], 255), (4, 255, 0)),
        ("one-value", "one value in a word", zeros("U8", &[&[30]], 30), (5, 1, 0)),
        ("axis-2", "an axis that there is not", ONE, (3, 3, 2)),
        ("axis-255", "an axis that there is not", ONE, (3, 3, 255)),
        ("axis-2-of-one-word", "an axis that there is not", ONE, (4, 1, 2)),
        ("axis-1-of-one-word", "an axis where runs are one word", ONE, (4, 1, 1)),
        ("runs-of-rank-0", "runs of a tensor without axes", zeros("I32", &[&[]], 1), (3, 3, 0)),
        ("runs-below-each-other-of-rank-0", "runs of a tensor without axes", zeros("I32", &[&[]], 1), (3, 3, 1)),
        (
            "runs-below-each-other-of-rank-1",
            "runs one below the other in rank 1",
            zeros("I32", &[&[60]], 60),
            (3, 3, 1),
        ),
        ("runs-beyond-the-last-axis", "a last dimension that runs do not divide", ONE, (3, 3, 0)),
        ("runs-beyond-rank-1", "a dimension that runs do not divide", zeros("I32", &[&[10]], 10), (3, 3, 0)),
        (
            "runs-beyond-the-first-axis",
            "a first dimension that runs do not divide",
            zeros("I32", &[&[10, 6]], 60),
            (3, 3, 1),
        ),
        ("run-longer-than-the-axis", "a dimension that runs do not divide", zeros("I32", &[&[2, 3]], 6), (3, 3, 1)),
        ("runs-of-two-members", "runs of two members", zeros("I32", many, 180), (3, 2, 0)),
        ("runs-below-each-other-of-two-members", "runs of two members", zeros("I32", many, 180), (3, 3, 1)),
        ("chunks-cut-runs", "a chunk length that runs do not divide", zeros("I32", &[&[20, 30]], 256), (3, 3, 0)),
        (
            "chunks-cut-rows-of-runs",
            "a chunk length that rows of runs do not divide",
            zeros("I32", &[&[30, 20]], 270),
            (3, 3, 1),
        ),
        (
            "chunks-of-rows-but-not-of-runs",
            "a chunk length that rows of runs do not divide",
            zeros("I32", &[&[30, 20]], 260),
            (3, 3, 1),
        ),
        (
            "chunk-of-too-many-values",
            "chunks of more than 2^22 values",
            zeros("U8", &[&[10]], (1 << 21) + 1),
            (4, 1, 0),
        ),
        ("chunk-of-2-to-the-25-values", "chunks of more than 2^22 values", zeros("U8", &[&[10]], 1 << 22), (1, 1, 0)),
        (
            "chunk-of-too-many-values-in-runs",
            "chunks of more than 2^22 values",
            zeros("I32", &[&[30]], 393_219),
            (3, 3, 0),
        ),
    ] {
        list.zeros(&format!("unpack-{name}"), CORRUPT, breaks, &zeros, &after(of_unpack(b, run, axis), b.into()));
    }
    for kept in 1..4 {
        list.refuse(&ONE.vector(), &format!("unpack-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = [1, 4, 1, 0][..kept].to_vec();
        });
    }
}

fn mask_rules(list: &mut List) {
    list.section = "8.5";
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    let four = Zeros { dtype: "F4", ..byte };
    // the mask keeps nothing, unless all that is wrong is what it leaves out
    let of = |left_out: u64, group: u8, stride: u64, width: u32| {
        let steps = Steps { mask: mask(left_out, group, stride, Coding::Constant(0)), ..Steps::default() };
        after(steps, width)
    };
    byte.accepts(&of(0, 1, 1, 8));
    byte.accepts(&of(0, 8, 1 << 22, 8));
    for (name, breaks, zeros, fields) in [
        ("left-out-256", "a value left out that there is not", byte, of(256, 1, 1, 8)),
        ("left-out-2-to-the-63", "a value left out that there is not", byte, of(1 << 63, 1, 1, 8)),
        ("left-out-16-of-4-bits", "a value left out that there is not", four, of(16, 1, 1, 4)),
        ("group-0", "mask symbols of no bits", byte, of(0, 0, 1, 8)),
        ("group-3", "mask symbols of 3 bits", byte, of(0, 3, 1, 8)),
        ("group-5", "mask symbols of 5 bits", byte, of(0, 5, 1, 8)),
        ("group-16", "mask symbols of 16 bits", byte, of(0, 16, 1, 8)),
        ("group-255", "mask symbols of 255 bits", byte, of(0, 255, 1, 8)),
        ("stride-0", "a stride of 0", byte, of(0, 4, 0, 8)),
        ("stride-2-to-the-22-and-1", "a stride above 2^22", byte, of(0, 1, (1 << 22) + 1, 8)),
        ("stride-2-to-the-63", "a stride above 2^22", byte, of(0, 8, 1 << 63, 8)),
        ("stride-2-to-the-64-less-1", "a stride above 2^22", byte, of(0, 2, u64::MAX, 8)),
    ] {
        list.zeros(&format!("mask-{name}"), CORRUPT, breaks, &zeros, &fields);
    }
    let mut unpacked = of(16, 1, 1, 4);
    unpacked.steps.unpack = Some(Unpack { bits: 4, run: 1, axis: 0 });
    list.zeros("mask-left-out-16-of-unpacked", CORRUPT, "a value left out that there is not", &byte, &unpacked);
    let coded = |group: u8, stride: u64, coding: Coding| {
        after(Steps { mask: mask(0, group, stride, coding), ..Steps::default() }, 8)
    };
    let by = |source: Source| Coding::Bits { source, word: 0, limit: 30 };
    let mixed_mask = || Coding::MixedMask(MixedMask { row: 10, kernel: 1 });
    let kept = Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 10, kernel: 1, escape_each: 0 });
    let mixed = Coding::Mixed { source: Source::Nothing, mixed: super::good::mixed(0, 0) };
    for (name, kinds, breaks, fields) in [
        ("mixed", CORRUPT, "a mask that is a mixed field", coded(8, 1, mixed)),
        ("mixed-kept", CORRUPT, "a mask of mixed kept values", coded(8, 1, kept)),
        ("mixed-in-groups", CORRUPT, "a mixed mask of symbols of 4 bits", coded(4, 1, mixed_mask())),
        ("mixed-in-strides", CORRUPT, "a mixed mask of a stride of 2", coded(1, 2, mixed_mask())),
        (
            "source-2",
            CORRUPT,
            "a mask in the context of a field",
            coded(1, 1, by(Source::Field { field: 0, thresholds: vec![1] })),
        ),
        (
            "source-1-without-classes",
            CORRUPT,
            "a class field that there is not",
            coded(1, 1, by(Source::Class { field: 0, shift: 0, contexts: 2 })),
        ),
        ("source-3", UNSUPPORTED, "an unknown context source", coded(1, 1, by(Source::Bytes(vec![3])))),
        ("constant-2-of-1-bit", CORRUPT, "a constant beyond its mask symbol", coded(1, 1, Coding::Constant(2))),
    ] {
        list.zeros(&format!("mask-{name}"), kinds, breaks, &byte, &fields);
    }
    for (name, bytes) in [("7", [2, 0, 0, 1, 1, 7]), ("255", [2, 0, 0, 1, 1, 255])] {
        list.refuse(&byte.vector(), &format!("mask-coding-{name}"), UNSUPPORTED, "an unknown coding", |parts| {
            parts.segment().parameters = bytes.into();
        });
    }
    for kept in 2..7 {
        list.refuse(&byte.vector(), &format!("mask-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = [2, 0, 0, 1, 1, 1, 0][..kept].to_vec();
        });
    }
}

fn mask_chunk_rules(list: &mut List) {
    list.section = "8.5";
    let base = |values: &[u64], group: u8, stride: u64, coding: Coding| {
        let steps = Steps { mask: mask(0, group, stride, coding), ..Steps::default() };
        let fields = Fields { steps, ..Fields::of(0, &[field(8, Coding::Raw)]) };
        let bytes = values.iter().map(|&value| value as u8).collect();
        let item = segment(&[0], values.len() as u64, Representation::Fields(fields));
        Vector::new("", "", vec![tensor("x", "U8", &[values.len() as u64], bytes)], vec![item])
    };
    let ten = [1, 0, 2, 0, 0, 3, 4, 0, 5, 6];
    let values = [1, 2, 3, 4, 5, 6];
    for (name, group, stride, symbols) in [
        // 10 values are two blocks of 4 and half a one
        ("bits-beyond-the-chunk", 4, 1, vec![0b0101, 0b0110, 0b1011]),
        ("bits-beyond-the-chunk-of-8-bits", 8, 1, vec![0b0110_0101, 0b100_0011]),
        ("bits-beyond-the-chunk-in-strides", 2, 8, vec![3, 2, 1, 0, 0, 3, 1, 0]),
    ] {
        list.refuse(
            &base(&ten, group, stride, Coding::Raw),
            &format!("mask-{name}"),
            CORRUPT,
            "mask bits beyond the chunk",
            |parts| {
                let mask = pack(&symbols, group.into());
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
    // a mask of bits, and of none
    let long: Vec<u64> = (0..200).map(|i| i * i % 7 % 3).collect();
    let of_bits = base(&long, 1, 1, bits(false, 30));
    let chunk = of_bits.parts().segment().chunks[0].clone();
    let words = usize::from(chunk[0]) * 2;
    let (stream, rest) = chunk[1..].split_at(words);
    for (name, breaks, stream) in spoiled(stream, 2) {
        list.refuse(&of_bits, &format!("mask-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[&stream[..], rest].concat()];
        });
    }
    let raw = base(&ten, 1, 1, Coding::Raw);
    for (name, breaks, chunk) in [
        ("mask-missing", "a chunk without its mask", vec![]),
        ("mask-half", "a chunk that ends in its mask", vec![0b0110_0101]),
        ("kept-values-missing", "a chunk that ends after its mask", pack(&[1, 0, 1, 0, 0, 1, 1, 0, 1, 1], 1)),
        (
            "kept-value-missing",
            "a kept value too few",
            [&pack(&[1, 0, 1, 0, 0, 1, 1, 0, 1, 1], 1)[..], &values[..5]].concat(),
        ),
        (
            "kept-value-left-over",
            "a kept value too many",
            [&pack(&[1, 0, 1, 0, 0, 1, 0, 0, 1, 1], 1)[..], &values].concat(),
        ),
        ("mask-unused-bits", "unused bits of a mask", [&[0b0110_0101, 0b111][..], &values].concat()),
        ("nothing-kept-and-a-byte", "a byte after a mask that keeps nothing", vec![0, 0, 0]),
    ] {
        list.refuse(&raw, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    // what a chunk has, of which something is kept
    for (name, breaks, map, stream) in [
        (
            "nothing-kept-and-a-codebook",
            "a codebook after a mask that keeps nothing",
            Map::Codebook(book(10, 1, 1, 0)),
            book(10, 1, 1, 0).words(&vec![vec![5]; 6]),
        ),
        (
            "nothing-kept-and-scales",
            "scales after a mask that keeps nothing",
            Map::Affine(grid(10, 1, 1, 0, 0)),
            grid(10, 1, 1, 0, 0).words(&[7; 6]),
        ),
        ("nothing-kept-and-fields", "fields after a mask that keeps nothing", Map::Nothing, vec![]),
    ] {
        let zeros = Zeros { dtype: "F32", ..ONE };
        let u = if stream.is_empty() { 32 } else { 1 };
        let mut fields = after(nothing_kept(map), u);
        zeros.accepts(&fields);
        let mut chunk = Vec::new();
        if stream.is_empty() {
            // a stream of no words
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
