//! Annex A of the specification: no vector needs a later step of the implementation than the step that names it.

use conformance::encoder::coding::Coding;
use conformance::encoder::container::{Item, Representation};
use conformance::encoder::fields::Fields;
use conformance::encoder::source::Source;
use conformance::encoder::steps::{Map, Steps};
use conformance::vectors::good;
use conformance::vectors::good::Vector;

const SPECIFICATION: &str = include_str!("../../spec/format.md");

/// Returns the step that a stream needs.
fn step_of_stream(coding: &Coding) -> u32 {
    let of_source = |source: &Source| match source {
        Source::Nothing => 1,
        _ => 7,
    };
    match coding {
        Coding::Raw | Coding::Constant(_) => 3,
        Coding::Bits { source, .. } => of_source(source).max(4),
        Coding::Lanes { source, interval: 0, .. } => of_source(source).max(6),
        Coding::Lanes { .. } => 9,
        Coding::MixedField { .. } => 10,
        Coding::MixedMask(_) => 11,
        Coding::MixedKept(_) => 12,
    }
}

fn step_of_fields(fields: &Fields) -> u32 {
    let Steps { unpack, mask, templates, map, .. } = &fields.steps;
    let has_steps = unpack.is_some() || mask.is_some() || templates.is_some() || !matches!(map, Map::Nothing);
    let of_classes = if fields.class_fields.is_empty() { 3 } else { 7 };
    let of_steps = if has_steps { 8 } else { 3 };
    let of_mask = mask.iter().map(|mask| &mask.coding);
    let of_mask = of_mask.chain(templates.iter().map(|templates| &templates.coding));
    let streams = of_mask.chain(fields.fields.iter().map(|field| &field.coding));
    streams.map(step_of_stream).fold(of_classes.max(of_steps), u32::max)
}

/// Returns the step that a vector needs.
fn step_of(vector: &Vector) -> u32 {
    let of_item = |item: &Item| match item {
        Item::Manifest(_) | Item::Optional { .. } => 1,
        Item::Segment { representation, .. } => match representation {
            Representation::Raw => 1,
            Representation::Zstd | Representation::Frames(_) => 2,
            Representation::Fields(fields) => step_of_fields(fields),
        },
    };
    let of_blocks = if vector.packed { 2 } else { 1 };
    vector.items.iter().map(of_item).fold(of_blocks, u32::max)
}

#[test]
fn no_vector_comes_too_early() {
    let (_, annex) = SPECIFICATION.split_once("## Annex A").expect("an annex");
    let named_in = |name: &str| {
        let row = annex.lines().find(|line| line.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("no step names {name}"));
        let number = row.split('|').nth(1).expect("a row of the table");
        number.trim().parse::<u32>().expect("the number of a step")
    };
    for vector in good() {
        let (named, needed) = (named_in(&vector.name), step_of(&vector));
        assert!(named >= needed, "step {named} names {}, which needs step {needed}", vector.name);
    }
}
