//! Section 8.4: unpacking.

use crate::encoder::class_field::NO_ROWS;
use crate::encoder::coding::{Coding, field};
use crate::encoder::container::{Item, Representation};
use crate::encoder::fields::Fields;
use crate::encoder::steps::Steps;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::build::{Alone, after, by_class, class_field, packed, segment, tensor, unpack};
use crate::vectors::good::Vector;
use crate::vectors::s08_fields::of_unpack;
use crate::vectors::zeros::{ONE, Zeros, zeros_after};
use crate::wire::bits::pack_words;
use crate::wire::dtypes::{DTYPES, dtype};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(unpack_words());
    all.push(unpack_runs());
    all.push(unpack_classes());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    unpack_rules(list);
}

pub(crate) fn unpack_words() -> Vector {
    let mut random = Random(40);
    let mut alone = Alone::default();
    for (name, shape, b, chunk_len) in [
        ("U8", &[20, 30][..], 4, 300),
        ("U8", &[7, 11], 3, 100),
        ("I8", &[100], 1, 100),
        ("I16", &[31], 5, 40),
        ("U16", &[4, 5, 6], 8, 120),
        ("I32", &[3, 100], 4, 256),
        ("F32", &[50], 7, 60),
        ("U64", &[5, 5], 8, 30),
        ("F64", &[30], 3, 30),
        ("BOOL", &[60], 1, 60),
        ("F8_E4M3", &[60], 2, 70),
        ("I32", &[], 4, 1),
    ] {
        let unpack = unpack(b, 1, 0);
        let w = DTYPES[usize::from(dtype(name))].3;
        let words = packed(&mut random, w, &unpack, shape);
        let about = format!("{name} of rank {}, {b} bits", shape.len());
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        alone.add_words(&about, (name, shape), chunk_len, &words, after(steps, b.into()));
    }
    let mut vector = alone.vector("s08-4-unpack-words", "several values in a word, with and without bits left over");
    // several members share a segment
    let unpack = unpack(3, 1, 0);
    let first = vector.entries.len();
    for (number, shape) in [&[][..], &[150], &[4, 50]].into_iter().enumerate() {
        let bytes = pack_words(&packed(&mut random, 16, &unpack, shape), 16);
        vector.entries.push(tensor(&format!("member {number}"), "U16", shape, bytes));
    }
    let steps = Steps { unpack: Some(unpack), ..Steps::default() };
    let fields = Representation::Fields(after(steps, 3));
    vector.items.push(segment(&[first, first + 1, first + 2], 260, fields));
    vector.items[0] = Item::Manifest(vector.entries.len());
    vector
}

pub(crate) fn unpack_runs() -> Vector {
    let mut random = Random(41);
    let mut alone = Alone::default();
    for (name, shape, (b, run, axis), chunk_len) in [
        ("I32", &[4, 90][..], (3, 3, 0), 258),
        ("I32", &[90], (3, 3, 0), 100),
        ("U8", &[2, 3, 12], (6, 3, 0), 72),
        ("U8", &[400], (5, 8, 0), 264),
        ("U64", &[16], (7, 8, 0), 16),
        ("I8", &[10, 10], (7, 5, 0), 100),
        ("I32", &[6, 10], (3, 3, 1), 60),
        ("I32", &[12, 50], (3, 3, 1), 300),
        ("U16", &[10, 7], (5, 5, 1), 71),
        ("U32", &[4, 3, 5], (7, 2, 1), 60),
        ("U8", &[8, 1], (3, 8, 1), 8),
        ("U8", &[40, 16, 2], (8 - 1, 8, 1), 512),
    ] {
        let unpack = unpack(b, run, axis);
        let w = DTYPES[usize::from(dtype(name))].3;
        let words = packed(&mut random, w, &unpack, shape);
        let about = format!("{name} {shape:?}: {b} bits in runs of {run} along axis {axis}, chunks of {chunk_len}");
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        alone.add_words(&about, (name, shape), chunk_len, &words, after(steps, b.into()));
    }
    alone.vector("s08-4-unpack-runs", "values that go through several words, side by side or one below the other")
}

pub(crate) fn unpack_classes() -> Vector {
    let mut random = Random(42);
    let mut alone = Alone::default();
    for (shape, (b, run, axis), depth, axis_groups, chunk_len) in [
        (&[40, 10][..], (4, 1, 0), 1, &[[1, 1], [2, 1]][..], 300),
        (&[40, 10], (4, 1, 0), 2, &[], 260),
        (&[400], (4, 1, 0), 1, &[[1, 1]], 257),
        (&[20, 30], (3, 3, 0), 1, &[[1, 2]], 300),
        (&[30, 20], (3, 3, 1), 1, &[[1, 1], [2, 1]], 300),
        (&[30, 20], (3, 3, 1), NO_ROWS, &[[0, 2]], 600),
        (&[6, 5, 20], (5, 3, 1), 2, &[[2, 1]], 300),
    ] {
        let unpack = unpack(b, run, axis);
        let of_values = unpack.shape(shape, 32);
        let words = packed(&mut random, 32, &unpack, shape);
        let class_fields = vec![class_field(&mut random, depth, &of_values, axis_groups)];
        let coding = Coding::Bits { source: by_class(0, 0, 10), word_size: 0, limit: 40 };
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        let fields = Fields { steps, class_fields, ..Fields::of(2, &[field(b.into(), coding)]) };
        let name = format!("{shape:?} to {of_values:?}, depth {depth}, groups {axis_groups:?}");
        alone.add_words(&name, ("I32", shape), chunk_len, &words, fields);
    }
    alone.vector("s08-4-unpack-classes", "rows and groups of the shape that the values have")
}

pub(crate) fn unpack_rules(list: &mut List) {
    list.begin("8.4");
    let zeros = |dtype, shapes, chunk_len| Zeros { dtype, shapes, chunk_len };
    let many: &[&[u64]] = &[&[6, 10], &[6, 20]];
    zeros("I32", many, 180).accepts(&zeros_after(of_unpack(3, 1, 0), 3));
    ONE.accepts(&zeros_after(of_unpack(3, 3, 1), 3));
    zeros("I32", &[&[60, 10]], 300).accepts(&zeros_after(of_unpack(3, 3, 1), 3));
    zeros("U8", &[&[10]], 1 << 21).accepts(&zeros_after(of_unpack(4, 1, 0), 4));
    zeros("I32", &[&[30]], 393_216).accepts(&zeros_after(of_unpack(3, 3, 0), 3));
    zeros("I32", &[&[11]], 11).accepts(&zeros_after(of_unpack(8, 1, 0), 8));
    for (name, rule, breaks, zeros, (b, run, axis)) in [
        ("bits-0", "R8.4-2", "values of no bits", ONE, (0, 1, 0)),
        ("bits-9", "R8.4-2", "values of 9 bits", ONE, (9, 1, 0)),
        ("bits-32-of-32", "R8.4-2", "values of as many bits as words", ONE, (32, 1, 0)),
        ("bits-255", "R8.4-2", "values of 255 bits", ONE, (255, 1, 0)),
        ("bits-8-of-8", "R8.4-2", "values of as many bits as words", zeros("U8", &[&[30]], 30), (8, 1, 0)),
        ("bits-8-of-8-in-runs", "R8.4-2", "values of as many bits as words", zeros("U8", &[&[30]], 30), (8, 2, 0)),
        ("words-of-4-bits", "R8.4-1", "words of less than 8 bits", zeros("F4", &[&[30]], 30), (2, 1, 0)),
        ("words-of-6-bits", "R8.4-1", "words of less than 8 bits", zeros("F6_E2M3", &[&[40]], 40), (3, 2, 0)),
        ("run-0", "R8.4-2", "runs of no words", ONE, (4, 0, 0)),
        ("run-9", "R8.4-2", "runs of 9 words", zeros("I32", &[&[9, 9]], 81), (4, 9, 0)),
        ("run-255", "R8.4-2", "runs of 255 words", zeros("U8", &[&[255]], 255), (4, 255, 0)),
        ("one-value", "R8.4-2", "one value in a word", zeros("U8", &[&[30]], 30), (5, 1, 0)),
        ("axis-2", "R8.4-3", "an axis that there is not", ONE, (3, 3, 2)),
        ("axis-255", "R8.4-3", "an axis that there is not", ONE, (3, 3, 255)),
        ("axis-2-of-one-word", "R8.4-3", "an axis that there is not", ONE, (4, 1, 2)),
        ("axis-1-of-one-word", "R8.4-3", "an axis where runs are one word", ONE, (4, 1, 1)),
        ("runs-of-rank-0", "R8.4-4", "runs of a tensor without axes", zeros("I32", &[&[]], 1), (3, 3, 0)),
        (
            "runs-below-each-other-of-rank-0",
            "R8.4-4",
            "runs of a tensor without axes",
            zeros("I32", &[&[]], 1),
            (3, 3, 1),
        ),
        (
            "runs-below-each-other-of-rank-1",
            "R8.4-4",
            "runs one below the other in rank 1",
            zeros("I32", &[&[60]], 60),
            (3, 3, 1),
        ),
        ("runs-beyond-the-last-axis", "R8.4-4", "a last dimension that runs do not divide", ONE, (3, 3, 0)),
        ("runs-beyond-rank-1", "R8.4-4", "a dimension that runs do not divide", zeros("I32", &[&[10]], 10), (3, 3, 0)),
        (
            "runs-beyond-the-first-axis",
            "R8.4-4",
            "a first dimension that runs do not divide",
            zeros("I32", &[&[10, 6]], 60),
            (3, 3, 1),
        ),
        (
            "run-longer-than-the-axis",
            "R8.4-4",
            "a dimension that runs do not divide",
            zeros("I32", &[&[2, 3]], 6),
            (3, 3, 1),
        ),
        ("runs-of-two-members", "R8.4-4", "runs of two members", zeros("I32", many, 180), (3, 2, 0)),
        ("runs-below-each-other-of-two-members", "R8.4-4", "runs of two members", zeros("I32", many, 180), (3, 3, 1)),
        (
            "chunks-cut-runs",
            "R8.4-7",
            "a chunk length that runs do not divide",
            zeros("I32", &[&[20, 30]], 256),
            (3, 3, 0),
        ),
        (
            "chunks-cut-rows-of-runs",
            "R8.4-7",
            "a chunk length that rows of runs do not divide",
            zeros("I32", &[&[30, 20]], 270),
            (3, 3, 1),
        ),
        (
            "chunks-of-rows-but-not-of-runs",
            "R8.4-7",
            "a chunk length that rows of runs do not divide",
            zeros("I32", &[&[30, 20]], 260),
            (3, 3, 1),
        ),
        (
            "chunk-of-too-many-values",
            "R8.4-6",
            "chunks of more than 2^22 values",
            zeros("U8", &[&[10]], (1 << 21) + 1),
            (4, 1, 0),
        ),
        (
            "chunk-of-2-to-the-25-values",
            "R8.4-6",
            "chunks of more than 2^22 values",
            zeros("U8", &[&[10]], 1 << 22),
            (1, 1, 0),
        ),
        (
            "chunk-of-too-many-values-in-runs",
            "R8.4-6",
            "chunks of more than 2^22 values",
            zeros("I32", &[&[30]], 393_219),
            (3, 3, 0),
        ),
    ] {
        list.rule(rule);
        list.zeros(&format!("unpack-{name}"), CORRUPT, breaks, &zeros, &zeros_after(of_unpack(b, run, axis), b.into()));
    }
    list.rule("R6-8");
    for kept in 1..4 {
        list.refuse(&ONE.vector(), &format!("unpack-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = [1, 4, 1, 0][..kept].to_vec();
        });
    }
}
