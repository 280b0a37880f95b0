//! Section 11: the bits coder.

use crate::encoder::bits::undecided;
use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, Field, bits, encode_field, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::{spoiled, under};
use crate::vectors::build::{by_class, bytes_of_symbols, fields, segment, tensor};
use crate::vectors::good::Vector;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    bits_coder(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    bits_rules(list);
}

pub(crate) fn bits_coder(all: &mut Vec<Vector>) {
    let mut random = Random(6);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for wide in [false, true] {
        for (width, limit) in [(1, 255), (2, 1), (3, 30), (8, 255), (8, 1), (8, 4)] {
            let count = 700;
            let symbols: Vec<u16> = (0..count).map(|_| random.skewed(width)).collect();
            let mut parts = vec![field(width, bits(wide, limit))];
            if width < 8 {
                parts.insert(0, field(8 - width, Coding::Constant(0)));
            }
            items.push(segment(&[entries.len()], 300, fields(0, &parts)));
            let name = format!("{} bits, limit {limit}, {}", width, if wide { "wide" } else { "narrow" });
            entries.push(tensor(&name, "U8", &[count], bytes_of_symbols(&symbols)));
        }
        for count in [1u64, 2, 3] {
            let value = random.next() as u16 & 0xfff;
            let bytes = value.to_le_bytes().repeat(count as usize);
            items.push(segment(
                &[entries.len()],
                count,
                fields(0, &[field(4, Coding::Constant(0)), field(12, bits(wide, 30))]),
            ));
            entries.push(tensor(
                &format!("{count} of 12 bits, {}", if wide { "wide" } else { "narrow" }),
                "U16",
                &[count],
                bytes,
            ));
        }
    }
    all.push(Vector::new("s11-4-bits", "both sizes of the bits coder, with fast and slow contexts", entries, items));
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for wide in [false, true] {
        for last in [false, true] {
            for limit in [30, 255] {
                let symbols = undecided(wide, limit, 7, last);
                let count = symbols.len() as u64;
                items.push(segment(&[entries.len()], count, fields(0, &[field(8, bits(wide, limit))])));
                let name = format!("{}, limit {limit}, {last}", if wide { "wide" } else { "narrow" });
                entries.push(tensor(&name, "U8", &[count], bytes_of_symbols(&symbols)));
            }
        }
    }
    all.push(Vector::new(
        "s11-2-bits-carry",
        "words that a carry may still reach, resolved in both ways",
        entries,
        items,
    ));
}

pub(crate) fn bits_rules(list: &mut List) {
    list.begin("11");
    let symbols: Vec<u16> = (0..100).map(|i| (i * i) & 0xff).collect();
    for wide in [false, true] {
        let (size, kind) = if wide { (4, "wide") } else { (2, "narrow") };
        let base = under(&symbols, bits(wide, 30));
        let chunk = encode_field(&symbols, &[0; 100], &Field { width: 8, coding: bits(wide, 30) });
        let mut half = chunk.clone();
        half.pop();
        let mut cases = spoiled(&chunk[1..], size);
        cases.push(("half-a-word", "R16.1-3", "half a word", half));
        for (name, rule, breaks, chunk) in cases {
            list.rule(rule);
            let name = format!("bits-{kind}-{name}");
            list.change(&base, &name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
        }
    }
    let base = under(&symbols, bits(false, 30));
    list.rule("R8.1-4");
    list.change(&base, "bits-word-2", CORRUPT, "a word size of 2", |parts| parts.segment().parameters[7] = 2);
    list.change(&base, "bits-limit-0", CORRUPT, "a limit of 0", |parts| parts.segment().parameters[8] = 0);
    list.rule("R11.2-2");
    list.change(&base, "bits-other-limit", CORRUPT, "bits coded with another limit than the head says", |parts| {
        parts.segment().parameters[8] = 1;
    });
    list.begin("11.4");
    list.rule("R11.4-1");
    for (contexts, width) in [(9, 12), (17, 11), (32, 12)] {
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![0], axis_groups: vec![] };
        let coding = |contexts: u8| Coding::Bits { source: by_class(0, 0, contexts), word_size: 1, limit: 9 };
        let of = |contexts: u8| {
            let parts = [field(16 - width, Coding::Raw), field(width, coding(contexts))];
            Fields { class_fields: vec![class.clone()], ..Fields::of(0, &parts) }
        };
        let items = vec![segment(&[0], 2, Representation::Fields(of(8)))];
        let base = Vector::new("", "", vec![tensor("x", "U16", &[2], vec![1, 2, 3, 4])], items);
        let name = format!("bits-of-{contexts}-trees-of-{width}-bits");
        list.change(&base, &name, CORRUPT, "trees of more than 32768 contexts", |parts| {
            parts.segment().parameters = of(contexts).parameters();
        });
    }
}
