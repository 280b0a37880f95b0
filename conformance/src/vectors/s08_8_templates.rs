//! Section 8.8: templates.

use crate::encoder::codebook::Codebook;
use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::mixed_mask::MixedMask;
use crate::encoder::source::Source;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::templates::Templates;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List, UNSUPPORTED};
use crate::vectors::build::{
    Alone, after, any_symbol, by_class, class_field, mask, packed, plain, segment, tensor, unpack,
};
use crate::vectors::good::Vector;
use crate::vectors::s08_6_codebook::codebook;
use crate::vectors::s12_2_mixed_field::mixed;
use crate::vectors::zeros::{Zeros, zeros_after};
use crate::wire::bits::pack;
use crate::wire::dtypes::DTYPES;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(template_lines());
    all.push(template_chunks());
    all.push(template_dtypes());
    all.push(template_steps());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    template_rules(list);
    coding_rules(list);
    label_rules(list);
}

/// Returns steps with these templates.
fn of(templates: Templates) -> Steps {
    Steps { templates: Some(templates), ..Steps::default() }
}

/// Returns random templates with some labels.
fn templates(random: &mut Random, v: u32, (distance, length): (u64, u64), coding: Coding) -> Templates {
    let template = |random: &mut Random| (0..length).map(|_| random.next() >> (64 - v)).collect();
    Templates {
        v,
        distance,
        length,
        templates: vec![template(random), template(random)],
        labels: vec![(0, 0), (0, 1), (1, 0), (1, -1), (0, -2)],
        coding,
        keep_each: 0,
    }
}

/// Draws values: most are those of labels.
fn repeating(random: &mut Random, count: usize, of: &Templates) -> Vec<u64> {
    let value = |number: u64| {
        let position = (number / of.distance % of.length) as usize;
        match of.labels.get(random.below(of.labels.len() as u64 + 3) as usize) {
            Some(&(template, difference)) => {
                of.templates[usize::from(template)][position].wrapping_add(difference as u64)
            }
            None => random.next(),
        }
    };
    (0..count as u64).map(value).map(|value| value & (u64::MAX >> (64 - of.v))).collect()
}

pub(crate) fn template_lines() -> Vector {
    let mut random = Random(61);
    let mut alone = Alone::default();
    for (name, shape, distance, length, chunk_len, coding) in [
        ("rows", &[30, 20][..], 1, 20, 600, bits(true, 60)),
        ("columns", &[30, 20], 20, 30, 600, any_symbol(3)),
        ("planes", &[5, 6, 20], 120, 5, 600, Coding::Raw),
        ("pixels", &[5, 6, 20], 1, 20, 600, bits(false, 9)),
        ("one value", &[600], 1, 1, 600, bits(false, 99)),
        ("a position longer than the tensor", &[600], 1 << 40, 3, 600, bits(false, 99)),
        ("a template longer than the tensor", &[40], 1, 100, 40, bits(false, 99)),
        ("lines that no shape has", &[600], 7, 11, 600, bits(false, 99)),
        ("the last value of 64 bits", &[600], u64::MAX, 1, 600, bits(false, 99)),
    ] {
        let templates = templates(&mut random, 16, (distance, length), coding);
        let count = shape.iter().product::<u64>() as usize;
        let values = repeating(&mut random, count, &templates);
        alone.add_words(name, ("BF16", shape), chunk_len, &values, after(of(templates), 16));
    }
    // many labels, and one
    for label_count in [1, 2, 3, 127, 128, 255] {
        let mut templates = templates(&mut random, 16, (1, 20), bits(true, 60));
        templates.labels = (0..label_count).map(|label| ((label % 2) as u8, label / 2 - 40)).collect();
        let values = repeating(&mut random, 600, &templates);
        alone.add_words(&format!("{label_count} labels"), ("U16", &[30, 20]), 600, &values, after(of(templates), 16));
    }
    // the first of two labels that stand for the same value, and values that are kept although a label suits them
    let mut twice = templates(&mut random, 16, (1, 20), bits(true, 60));
    (twice.labels[2], twice.keep_each) = (twice.labels[0], 3);
    let values = repeating(&mut random, 600, &twice);
    alone.add_words("a label twice", ("U16", &[30, 20]), 600, &values, after(of(twice), 16));
    alone.vector("s08-8-templates", "templates of rows, columns and other lines, with 1 to 255 labels")
}

pub(crate) fn template_chunks() -> Vector {
    let mut random = Random(62);
    let mut alone = Alone::default();
    let shape: &[u64] = &[40, 25];
    for (name, distance, length, depth, groups, chunk_len) in [
        ("rows", 1, 25, 1, &[][..], 256),
        ("columns", 25, 40, 0, &[[1, 1]][..], 300),
        ("columns and a chunk", 25, 40, 1, &[[1, 1]], 1000),
    ] {
        // a row or column repeats a template if its class is not 0
        let class = class_field(&mut random, depth, shape, groups);
        let coding = Coding::Bits { source: by_class(0, 0, 7), word_size: 1, limit: 200 };
        let templates = templates(&mut random, 32, (distance, length), coding);
        let values = (0..1000u64).map(|number| {
            let (_, sum) = class.class(&[shape], number as usize);
            let position = (number / distance % length) as usize;
            match sum % 3 {
                0 => random.next() >> 32,
                template => templates.templates[template - 1][position],
            }
        });
        let values: Vec<u64> = values.collect();
        let top = Coding::Bits { source: by_class(0, 0, 9), word_size: 0, limit: 30 };
        let parts = [vec![field(8, top)], plain(&[8, 16])].concat();
        let fields = Fields { steps: of(templates), class_fields: vec![class], ..Fields::of(1, &parts) };
        alone.add_words(name, ("F32", shape), chunk_len, &values, fields);
    }
    // chunks of which nothing is kept, or all
    let none = templates(&mut random, 16, (1, 32), bits(false, 99));
    let line = &none.templates[1];
    let other: Vec<u64> = (0..256).map(|i| line[i % 32] ^ 0x55).collect();
    let values: Vec<u64> = (0..256).map(|i| line[i % 32]).chain(other).collect();
    alone.add_words("nothing kept, then all", ("U16", &[16, 32]), 256, &values, after(of(none.clone()), 16));
    for (name, label, values) in [("nothing kept", 3, &values[..256]), ("everything kept", 0, &values[256..])] {
        let constant = Templates { coding: Coding::Constant(label), ..none.clone() };
        alone.add_words(name, ("U16", &[8, 32]), 256, values, after(of(constant), 16));
    }
    alone.vector(
        "s08-8-templates-chunks",
        "labels in the context of rows and columns, and chunks that keep nothing or all",
    )
}

pub(crate) fn template_dtypes() -> Vector {
    let mut random = Random(63);
    let mut alone = Alone::default();
    for (code, name, _, w) in DTYPES.into_iter().filter(|row| row.1 != "C64") {
        let templates = templates(&mut random, w, (1, 10), bits(false, 30));
        let values = repeating(&mut random, 80, &templates);
        let fields = Fields { transform: code % 3, ..after(of(templates), w) };
        alone.add_words(name, (name, &[8, 10]), 80, &values, fields);
    }
    // differences wrap at the width of a value
    let mut far = templates(&mut random, 64, (1, 10), bits(false, 30));
    far.labels = vec![(0, i64::MIN), (1, i64::MAX), (0, -1)];
    let values = repeating(&mut random, 80, &far);
    alone.add_words("far differences", ("I64", &[8, 10]), 80, &values, after(of(far), 64));
    alone.vector("s08-8-templates-dtypes", "templates in a tensor of every dtype but C64")
}

pub(crate) fn template_steps() -> Vector {
    let mut random = Random(64);
    let mut alone = Alone::default();
    // unpacked values
    let unpack = unpack(4, 1, 0);
    let nibbles = templates(&mut random, 4, (1, 30), bits(false, 50));
    let words = packed(&mut random, 8, &unpack, &[20, 30]);
    let steps = Steps { unpack: Some(unpack), ..of(nibbles) };
    alone.add_words("unpacked", ("U8", &[20, 30]), 300, &words, after(steps, 4));
    // a codebook of the kept values
    let of_words = templates(&mut random, 32, (1, 20), bits(true, 50));
    let few: Vec<u64> = (0..7).map(|_| random.next() >> 32).collect();
    let values: Vec<u64> = repeating(&mut random, 600, &of_words);
    let labels = of_words.labels_of(&values, 0);
    let few = |index: usize| few[index % few.len()];
    let values: Vec<u64> = values
        .iter()
        .zip(&labels)
        .enumerate()
        .map(|(i, (&value, &label))| if label == 0 { few(i) } else { value })
        .collect();
    let labels = of_words.labels_of(&values, 0);
    for (name, groups) in [("a codebook", (0, 1)), ("codebooks of columns", (0, 20)), ("codebooks of blocks", (100, 1))]
    {
        let kept: Vec<bool> = labels.iter().map(|&label| label == 0).collect();
        let own: Codebook = codebook("F32", groups, 3, 0).fill(&values, &kept, 300);
        let steps = Steps { map: Map::Codebook(own), ..of(of_words.clone()) };
        alone.add_words(name, ("F32", &[30, 20]), 300, &values, Fields { steps, ..Fields::of(0, &plain(&[3])) });
    }
    alone.vector("s08-8-templates-steps", "templates of unpacked values, and codebooks behind templates")
}

/// Returns templates of zeros, of which label 1 stands for all values.
fn of_zeros(v: u32, distance: u64, length: u64, count: usize) -> Templates {
    // too many values are not written: a decoder must not get so far
    let written = if length.saturating_mul(count.max(1) as u64) > 1 << 20 { 3 } else { length };
    let templates = vec![vec![0; written as usize]; count];
    Templates { v, distance, length, templates, labels: vec![(0, 0)], coding: Coding::Constant(1), keep_each: 0 }
}

fn template_rules(list: &mut List) {
    list.begin("8.8");
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    let four = Zeros { dtype: "F4", ..byte };
    let two = Zeros { dtype: "U16", ..byte };
    let after = |templates: Templates, v: u32| zeros_after(of(templates), v);
    byte.accepts(&after(of_zeros(8, 1, 1 << 20, 1), 8));
    byte.accepts(&after(of_zeros(8, u64::MAX, 1, 255), 8));
    let bounds = "R8.8-1";
    for (name, breaks, templates) in [
        ("distance-0", "a distance of 0", of_zeros(8, 0, 5, 1)),
        ("length-0", "templates without positions", of_zeros(8, 1, 0, 1)),
        ("count-0", "no templates", of_zeros(8, 1, 5, 0)),
        ("length-2-to-the-20-and-1", "more than 2^20 values of templates", of_zeros(8, 1, (1 << 20) + 1, 1)),
        ("values-2-to-the-20-and-2", "more than 2^20 values of templates", of_zeros(8, 1, (1 << 19) + 1, 2)),
        (
            "length-2-to-the-63",
            "more than 2^20 values of templates",
            Templates { templates: vec![vec![0; 3]; 2], ..of_zeros(8, 1, 1 << 63, 0) },
        ),
    ] {
        list.rule(bounds);
        list.zeros(&format!("templates-{name}"), CORRUPT, breaks, &byte, &after(templates, 8));
    }
    list.rule("R8.8-2");
    let mut large = of_zeros(4, 1, 5, 2);
    four.accepts(&after(large.clone(), 4));
    large.templates[1][4] = 16;
    let breaks = "a value of a template that has more bits than a value";
    list.zeros("templates-value-16-of-4-bits", CORRUPT, breaks, &four, &after(large, 4));
    let labelled =
        |labels: &[(u8, i64)], v: u32| after(Templates { labels: labels.to_vec(), ..of_zeros(v, 1, 5, 2) }, v);
    byte.accepts(&labelled(&[(1, -128), (0, 0), (1, 127)][1..], 8));
    for (name, breaks, zeros, fields) in [
        ("label-count-0", "no labels", &byte, labelled(&[], 8)),
        ("label-of-template-2", "a template that there is not", &byte, labelled(&[(0, 0), (2, 0)], 8)),
        ("label-of-template-255", "a template that there is not", &byte, labelled(&[(255, 0)], 8)),
        (
            "difference-128-of-8-bits",
            "a difference that has more bits than a value",
            &byte,
            labelled(&[(0, 0), (0, 128)], 8),
        ),
        (
            "difference-minus-129-of-8-bits",
            "a difference that has more bits than a value",
            &byte,
            labelled(&[(0, 0), (0, -129)], 8),
        ),
        (
            "difference-8-of-4-bits",
            "a difference that has more bits than a value",
            &four,
            labelled(&[(0, 0), (0, 8)], 4),
        ),
        (
            "difference-32768-of-16-bits",
            "a difference that has more bits than a value",
            &two,
            labelled(&[(0, 0), (0, 32768)], 16),
        ),
        (
            "difference-minus-2-to-the-63",
            "a difference that has more bits than a value",
            &two,
            labelled(&[(0, 0), (0, i64::MIN)], 16),
        ),
    ] {
        list.rule("R8.8-3");
        list.zeros(&format!("templates-{name}"), CORRUPT, breaks, zeros, &fields);
    }
    list.rule("R8-1");
    let both = Steps { mask: mask(0, 1, 1, Coding::Constant(0)), ..of(of_zeros(8, 1, 5, 1)) };
    list.zeros("templates-and-a-mask", CORRUPT, "a mask of one value and templates", &byte, &zeros_after(both, 8));
    list.rule("R6-8");
    let parameters = after(of_zeros(8, 1, 2, 1), 8).parameters();
    for kept in 2..parameters.len() {
        list.refuse(&byte.vector(), &format!("templates-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = parameters[..kept].to_vec();
        });
    }
}

fn coding_rules(list: &mut List) {
    list.begin("8.8");
    let byte = Zeros { dtype: "U8", shapes: &[&[30]], chunk_len: 30 };
    let coded = |coding: Coding| zeros_after(of(Templates { coding, ..of_zeros(8, 1, 5, 1) }), 8);
    let by = |source: Source| Coding::Bits { source, word_size: 0, limit: 30 };
    let kept = Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 10, kernel: 1, escape_each: 0 });
    let of_field = Coding::MixedField { source: Source::Nothing, mixed: mixed(0, 0) };
    for (name, rule, kinds, breaks, fields) in [
        ("mixed", "R8.8-4", CORRUPT, "labels that are a mixed field", coded(of_field)),
        (
            "mixed-mask",
            "R8.8-4",
            CORRUPT,
            "labels that are a mixed mask",
            coded(Coding::MixedMask(MixedMask { row: 10, kernel: 1 })),
        ),
        ("mixed-kept", "R8.8-4", CORRUPT, "labels that are mixed kept values", coded(kept.clone())),
        (
            "source-2",
            "R8.3-3",
            CORRUPT,
            "labels in the context of a field",
            coded(by(Source::Field { field: 0, thresholds: vec![1] })),
        ),
        (
            "source-1-without-classes",
            "R8.3-2",
            CORRUPT,
            "a class field that there is not",
            coded(by(Source::Class { field: 0, shift: 0, contexts: 2 })),
        ),
        ("source-3", "R8.3-1", UNSUPPORTED, "an unknown context source", coded(by(Source::Bytes(vec![3])))),
        ("constant-2-of-1-bit", "R8.1-3", CORRUPT, "a constant beyond its label", coded(Coding::Constant(2))),
    ] {
        list.rule(rule);
        list.zeros(&format!("templates-{name}"), kinds, breaks, &byte, &fields);
    }
    list.rule("R8.1-7");
    let mut behind = coded(Coding::Constant(1));
    behind.fields = vec![field(8, kept)];
    list.zeros("templates-and-mixed-kept-values", CORRUPT, "mixed kept values behind templates", &byte, &behind);
}

fn label_rules(list: &mut List) {
    list.begin("8.8");
    let five = Templates { labels: vec![(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)], ..of_zeros(8, 1, 5, 1) };
    let base = |coding: Coding| {
        let fields =
            Fields { steps: of(Templates { coding, ..five.clone() }), ..Fields::of(0, &[field(8, Coding::Raw)]) };
        let bytes = vec![0, 1, 2, 3, 4, 9, 0, 1, 2, 7];
        let item = segment(&[0], 10, Representation::Fields(fields));
        Vector::new("", "", vec![tensor("x", "U8", &[10], bytes)], vec![item])
    };
    let raw = base(Coding::Raw);
    raw.decode(&mut raw.parts()).expect("labels from 0 to 5");
    let labels = |last: u16| pack(&[1, 2, 3, 4, 5, 0, 1, 2, 3, last], 3);
    for (name, rule, breaks, chunk) in [
        ("label-6-of-5", "R8.8-5", "a label that there is not", [&labels(6)[..], &[9]].concat()),
        ("label-7-of-5", "R8.8-5", "a label that there is not", [&labels(7)[..], &[9]].concat()),
        ("labels-missing", "R16.1-3", "a chunk that ends in its labels", labels(0)[..3].to_vec()),
        ("templates-kept-value-missing", "R16.1-3", "a kept value too few", [&labels(0)[..], &[9]].concat()),
        ("templates-kept-value-left-over", "R8-7", "a kept value too many", [&labels(1)[..], &[9, 7]].concat()),
    ] {
        list.rule(rule);
        list.refuse(&raw, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    list.rule("R8.8-5");
    list.refuse(&base(any_symbol(3)), "label-6-constant", CORRUPT, "a label that there is not", |parts| {
        let constant = Templates { coding: Coding::Constant(6), ..five.clone() };
        parts.segment().parameters = zeros_after(of(constant), 8).parameters();
        parts.segment().chunks = vec![vec![]];
    });
}
