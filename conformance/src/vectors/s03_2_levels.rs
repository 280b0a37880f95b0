//! Section 3.2: decoder levels.

use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::{Item, Representation};
use crate::encoder::fields::Fields;
use crate::encoder::steps::Steps;
use crate::encoder::tables::Tables;
use crate::encoder::templates::Templates;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::build::{
    Alone, after, any_symbol, by_class, fields, lanes_of, mask, packed, segment, tensor, unpack,
};
use crate::vectors::good::Vector;
use crate::wire::bits::pack_words;
use crate::wire::frame::Header;
use crate::wire::manifest::Entry;

/// The header of a container that claims decoder level 1.
const LEVEL_1: Header = Header { level: 1, ..Header::PLAIN };

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(level_1());
    all.push(level_1_largest());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    list.begin("3.2");
    chunk_rules(list);
    template_rules(list);
    lane_rules(list);
    serial_rules(list);
}

/// Returns a coding by lanes for a field of 4 bits in `contexts` contexts by class.
fn lanes_in_contexts(contexts: u8, precision: u8) -> Coding {
    let codes: Vec<Vec<(u16, i32)>> =
        (0..contexts).map(|c| (0..16).map(|s| (s, 60 + i32::from(c) + i32::from(s) % 7)).collect()).collect();
    let codes: Vec<&[(u16, i32)]> = codes.iter().map(|table| &table[..]).collect();
    let tables = Tables::new(4, precision, &codes, None);
    Coding::Lanes { source: by_class(0, 0, contexts), tables, interval: 0, rate: 0 }
}

/// Draws a class field with classes of rows and without axis groups. Each row is coded by itself.
fn of_rows(random: &mut Random, shape: &[u64]) -> Vec<ClassField> {
    vec![random.class_field(1, 4, 1, &[shape], &[])]
}

fn level_1() -> Vector {
    let mut random = Random(80);
    let mut alone = Alone::default();
    let shape: &[u64] = &[20, 30];
    // C * 2^P is 8192 in each case, the most that level 1 allows
    for (contexts, precision) in [(4, 11), (8, 10), (16, 9)] {
        let words: Vec<u64> = (0..600).map(|_| random.next() & 15).collect();
        let parts = [field(4, lanes_in_contexts(contexts, precision))];
        let fields = Fields { class_fields: of_rows(&mut random, shape), ..Fields::of(0, &parts) };
        alone.add_words(&format!("{contexts} contexts, precision {precision}"), ("F4", shape), 600, &words, fields);
    }
    let unpacking = unpack(4, 1, 0);
    let words = packed(&mut random, 8, &unpacking, shape);
    let steps = Steps { unpack: Some(unpacking), mask: mask(0, 1, 1, any_symbol(1)), ..Steps::default() };
    alone.add_words("unpacked, a mask in lanes, fields in bits", ("U8", shape), 16_384, &words, after(steps, 4));
    let bytes = random.bytes(600);
    alone.add(tensor("zstd", "U8", shape, bytes.clone()), 32_768, Representation::Zstd);
    alone.add(tensor("raw", "U8", shape, bytes), 32_768, Representation::Raw);
    let mut vector = alone.vector("s03-2-level-1", "decoder level 1: tables, chunks and steps at its bounds");
    vector.header = LEVEL_1;
    vector
}

fn level_1_largest() -> Vector {
    let mut alone = Alone::default();
    let zeros = |name: &str, elements: u64| tensor(name, "U8", &[elements], vec![0; elements as usize]);
    alone.add(zeros("zstd", 65_536), 32_768, Representation::Zstd);
    alone.add(zeros("bits", 65_536), 32_768, fields(0, &[field(8, bits(true, 255))]));
    let one = Tables::new(8, 11, &[&[(0, 1)]], None);
    alone.add(zeros("lanes", 65_537), 32_768, fields(0, &[field(8, lanes_of(one, 0, 0))]));
    alone.add(zeros("constant", 100_000), 32_768, fields(0, &[field(8, Coding::Constant(0))]));
    // a chunk has 32,768 words, which two fields take
    let halves = [field(16, Coding::Constant(0)), field(16, Coding::Constant(0))];
    alone.add(tensor("complex", "C64", &[40_000], vec![0; 320_000]), 16_384, fields(0, &halves));
    let mut vector = alone.vector(
        "s03-2-level-1-largest",
        "decoder level 1: the longest segments under zstd and in bits, and the longest chunks",
    );
    vector.header = LEVEL_1;
    vector
}

/// Adds a container that is valid at level 2, but claims level 1.
fn refuse(list: &mut List, rule: &'static str, name: &str, breaks: &str, base: &Vector) {
    list.rule(rule);
    base.check(&mut base.parts());
    list.refuse(base, name, CORRUPT, breaks, |parts| parts.header.level = 1);
}

/// Returns a container with one tensor in one segment.
fn of(entry: Entry, chunk_len: u64, representation: Representation) -> Vector {
    Vector::new("", "", vec![entry], vec![segment(&[0], chunk_len, representation)])
}

fn chunk_rules(list: &mut List) {
    let x = |elements: u64| tensor("x", "U8", &[elements], vec![0; elements as usize]);
    let constant = || fields(0, &[field(8, Coding::Constant(0))]);
    let breaks = "a chunk length above 32768 at level 1";
    for (name, entry, chunk_len, representation) in [
        ("chunk-length-32769-of-raw", x(4), 32_769, Representation::Raw),
        ("chunk-length-32769-of-zstd", x(4), 32_769, Representation::Zstd),
        ("chunk-length-32769-of-fields", x(4), 32_769, constant()),
        ("chunk-length-2-to-the-22", x(4), 1 << 22, constant()),
        ("chunk-length-32769-of-two-chunks", x(40_000), 32_769, constant()),
    ] {
        refuse(list, "R3-12", name, breaks, &of(entry, chunk_len, representation));
    }
    let complex = || tensor("x", "C64", &[2], vec![0; 16]);
    let halves = || fields(0, &[field(16, Coding::Constant(0)), field(16, Coding::Constant(0))]);
    let breaks = "a chunk of more than 32768 words at level 1";
    for (name, representation) in [
        ("words-32770-of-raw", Representation::Raw),
        ("words-32770-of-zstd", Representation::Zstd),
        ("words-32770-of-fields", halves()),
    ] {
        refuse(list, "R3-12", name, breaks, &of(complex(), 16_385, representation));
    }
    let breaks = "a chunk of more than 32768 unpacked values at level 1";
    for (name, bits, run, chunk_len) in [
        ("values-32770-of-half-bytes", 4, 1, 16_385),
        ("values-of-3-bits", 3, 3, 12_291),
        ("values-of-1-bit", 1, 1, 4097),
    ] {
        let unpack = unpack(bits, run, 0);
        let fields = after(Steps { unpack: Some(unpack), ..Steps::default() }, bits.into());
        let entry = tensor("x", "U8", &[60], vec![0; 60]);
        refuse(list, "R3-13", name, breaks, &of(entry, chunk_len, Representation::Fields(fields)));
    }
}

fn template_rules(list: &mut List) {
    let templates = Templates {
        v: 8,
        distance: 1,
        length: 3,
        templates: vec![vec![0; 3]],
        labels: vec![(0, 0)],
        coding: Coding::Constant(1),
        keep_each: 0,
    };
    let steps = Steps { templates: Some(templates), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &[field(8, Coding::Constant(0))]) };
    let entry = tensor("x", "U8", &[60], vec![0; 60]);
    let base = of(entry, 60, Representation::Fields(fields));
    refuse(list, "R3-18", "templates", "templates at level 1", &base);
}

fn lane_rules(list: &mut List) {
    let mut random = Random(81);
    let shape: &[u64] = &[20, 30];
    let words: Vec<u64> = (0..600).map(|_| random.next() & 15).collect();
    let class_fields = of_rows(&mut random, shape);
    let entry = || tensor("x", "F4", shape, pack_words(&words, 4));
    let in_field = |coding: Coding| {
        let fields = Fields { class_fields: class_fields.clone(), ..Fields::of(0, &[field(4, coding)]) };
        of(entry(), 600, Representation::Fields(fields))
    };
    let in_mask = |coding: Coding| {
        let steps = Steps { mask: mask(0, 4, 1, coding), ..Steps::default() };
        let fields = Fields { steps, class_fields: class_fields.clone(), ..Fields::of(0, &[field(4, Coding::Raw)]) };
        of(entry(), 600, Representation::Fields(fields))
    };
    type Place<'a> = &'a dyn Fn(Coding) -> Vector;
    for (place, base) in [("a-field", &in_field as Place<'_>), ("a-mask", &in_mask)] {
        let coding = |contexts: u8, precision: u8, interval: u8, rate: u8| {
            let Coding::Lanes { source, tables, .. } = lanes_in_contexts(contexts, precision) else { unreachable!() };
            Coding::Lanes { source, tables, interval, rate }
        };
        let adapts = "tables that adapt at level 1";
        refuse(list, "R3-14", &format!("interval-8-of-{place}"), adapts, &base(coding(2, 10, 8, 4)));
        let precise = "a precision above 11 at level 1";
        refuse(list, "R3-15", &format!("precision-12-of-{place}"), precise, &base(coding(2, 12, 0, 0)));
        for (contexts, precision) in [(5, 11), (9, 10), (17, 9)] {
            let name = format!("slots-of-{contexts}-contexts-in-precision-{precision}-of-{place}");
            let breaks = "tables of more than 8192 slots at level 1";
            refuse(list, "R3-16", &name, breaks, &base(coding(contexts, precision, 0, 0)));
        }
    }
}

fn serial_rules(list: &mut List) {
    let breaks = "a serial coding in a segment of more than 65536 elements at level 1";
    let zeros = |name: &str, elements: u64| tensor(name, "U8", &[elements], vec![0; elements as usize]);
    let of_mask = {
        let steps = Steps { mask: mask(0, 1, 1, bits(true, 255)), ..Steps::default() };
        Fields { steps, ..Fields::of(0, &[field(8, Coding::Constant(1))]) }
    };
    for (name, representation) in [
        ("zstd", Representation::Zstd),
        ("bits", fields(0, &[field(8, bits(true, 255))])),
        ("bits-of-the-last-field", fields(0, &[field(7, Coding::Constant(0)), field(1, bits(false, 255))])),
        ("bits-of-a-mask", Representation::Fields(of_mask)),
    ] {
        let base = of(zeros("x", 65_537), 32_768, representation.clone());
        refuse(list, "R3-17", &format!("{name}-of-65537-elements"), breaks, &base);
        let entries = vec![zeros("x", 1), zeros("y", 65_536)];
        let item = Item::Segment { members: vec![0, 1], chunk_len: 32_768, representation };
        let base = Vector::new("", "", entries, vec![item]);
        refuse(list, "R3-17", &format!("{name}-of-65537-elements-of-two-members"), breaks, &base);
    }
}
