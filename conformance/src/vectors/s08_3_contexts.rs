//! Section 8.3: context sources.

use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::source::Source;
use crate::encoder::tables::Tables;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List, UNSUPPORTED};
use crate::vectors::build::{Alone, by_class, by_field, fields, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::made::{Made, Make, fixed};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    contexts(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    source_rules(list);
}

pub(crate) fn contexts(all: &mut Vec<Vector>) {
    let mut random = Random(11);
    let mut alone = Alone::default();
    let shape: &[u64] = &[30, 40];
    // the largest class sum is 2 * 63 = 126
    let wide_sums = |random: &mut Random| random.class_field(1, 6, 0, &[shape], &[[1, 1]]);
    for shift in 0..=7 {
        let mut class_fields = vec![wide_sums(&mut random)];
        // the smallest and the largest class sum occur
        (class_fields[0].rows[0], class_fields[0].rows[1]) = (0, 63);
        (class_fields[0].axis_groups[0].classes[0], class_fields[0].axis_groups[0].classes[1]) = (0, 63);
        let fields = vec![
            (4, Make::Bits(by_class(0, shift, 32), shift % 2 == 0, 80)),
            (4, fixed(by_class(0, shift, 2 + 30 * (shift % 2)), 10)),
        ];
        let made = Made { dtype: "U8", shape, chunk_len: 600, class_fields, fields };
        alone.add_made(&mut random, &format!("shift {shift}"), made);
    }
    for (precision, count) in [(9, 32), (10, 32), (11, 16), (12, 8), (12, 3), (9, 2)] {
        let class_fields = vec![wide_sums(&mut random)];
        let source = by_class(0, 1, count);
        let fields = vec![(8, Make::Lanes { source, precision, drift: 0, least: 3, interval: 0, rate: 0 })];
        let name = format!("precision {precision}, {count} contexts, some with escapes");
        let made = Made { dtype: "U8", shape, chunk_len: 1200, class_fields, fields };
        alone.add_made(&mut random, &name, made);
    }
    let class_fields = vec![random.class_field(1, 1, 1, &[shape], &[])];
    let fields = vec![(4, fixed(by_class(0, 0, 32), 9)), (4, Make::Bits(by_class(0, 1, 2), false, 9))];
    let made = Made { dtype: "U8", shape, chunk_len: 500, class_fields, fields };
    alone.add_made(&mut random, "contexts that never occur", made);
    let all_31: Vec<u64> = (0..31).map(|k| 100 * k + 3).collect();
    for (number, thresholds) in
        [&[1][..], &[0], &[4095], &[0, 1, 2, 3], &all_31, &[17, 500, 4094, 4095]].into_iter().enumerate()
    {
        let source = by_field(0, thresholds);
        let fields = vec![
            (12, Make::Raw),
            (3, Make::Lanes { source: source.clone(), precision: 10, drift: 0, least: 2, interval: 0, rate: 0 }),
            (1, Make::Bits(source, number % 2 == 0, 200)),
        ];
        let made = Made { dtype: "U16", shape, chunk_len: 700, class_fields: vec![], fields };
        alone.add_made(&mut random, &format!("thresholds {thresholds:?}"), made);
    }
    let class_fields = vec![wide_sums(&mut random)];
    let fields = vec![
        (16, Make::Raw),
        (5, fixed(by_field(0, &[0, 1, 300, 65535]), 12)),
        (4, Make::Bits(by_field(1, &[3, 9, 31]), true, 40)),
        (6, Make::Lanes { source: by_class(0, 4, 7), precision: 12, drift: -1, least: 0, interval: 8, rate: 4 }),
        (1, Make::Constant(1)),
        (4, fixed(by_field(4, &[1]), 9)),
        (12, Make::Bits(by_field(3, &[1, 2, 4, 8, 16, 32, 63]), false, 100)),
        (3, fixed(by_field(2, &[8]), 12)),
        (10, Make::Bits(by_field(6, &all_31), true, 30)),
        (3, fixed(Source::Nothing, 12)),
    ];
    let made = Made { dtype: "U64", shape, chunk_len: 1000, class_fields, fields };
    alone.add_made(&mut random, "fields that depend on each other", made);
    let class_fields = vec![wide_sums(&mut random)];
    let fields = vec![(8, Make::Bits(by_class(0, 2, 32), true, 255)), (8, Make::Bits(by_class(0, 2, 31), false, 1))];
    let made = Made { dtype: "U16", shape, chunk_len: 1000, class_fields, fields };
    alone.add_made(&mut random, "bits with contexts", made);
    // each of the two words of an element has its own context
    let fields =
        vec![(4, Make::Raw), (12, Make::Raw), (12, Make::Bits(by_field(0, &[2, 9]), true, 20)), (4, Make::Raw)];
    let made = Made { dtype: "C64", shape: &[300], chunk_len: 299, class_fields: vec![], fields };
    alone.add_made(&mut random, "words of a C64", made);
    all.push(
        alone.vector("s08-3-contexts", "contexts from classes and from earlier fields, at both ends of their ranges"),
    );
}

pub(crate) fn source_rules(list: &mut List) {
    list.begin("8.3");
    let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![5], axis_groups: vec![] };
    let lanes_by = |source: Source| {
        let codes = vec![&[(1, 50), (2, 60)][..]; source.contexts()];
        let tables = Tables::new(4, 9, &codes, None);
        Coding::Lanes { source, tables, interval: 0, rate: 0 }
    };
    let bits_by = |source: Source| Coding::Bits { source, word_size: 0, limit: 30 };
    let build = |coding: &Coding| {
        let parts = vec![field(4, Coding::Raw), field(4, coding.clone())];
        Fields { class_fields: vec![class.clone()], ..Fields::of(0, &parts) }
    };
    let good = by_class(0, 0, 8);
    let cases = [
        ("source-3", "R8.3-1", UNSUPPORTED, "an unknown context source", Source::Bytes(vec![3])),
        ("source-255", "R8.3-1", UNSUPPORTED, "an unknown context source", Source::Bytes(vec![255])),
        ("source-class-field-1", "R8.3-2", CORRUPT, "the second class field of one", by_class(1, 0, 8)),
        ("source-class-field-255", "R8.3-2", CORRUPT, "the last class field of one", by_class(255, 0, 8)),
        ("source-shift-8", "R8.3-2", CORRUPT, "a shift of 8", by_class(0, 8, 8)),
        ("source-shift-255", "R8.3-2", CORRUPT, "a shift of 255", by_class(0, 255, 8)),
        ("source-contexts-0", "R8.3-2", CORRUPT, "no context", by_class(0, 0, 0)),
        ("source-contexts-1", "R8.3-2", CORRUPT, "one context", by_class(0, 0, 1)),
        ("source-contexts-33", "R8.3-2", CORRUPT, "33 contexts", by_class(0, 0, 33)),
        ("source-own-field", "R8.3-3", CORRUPT, "contexts from the field itself", by_field(1, &[3])),
        ("source-later-field", "R8.3-3", CORRUPT, "contexts from a field that there is not", by_field(2, &[3])),
        ("source-field-255", "R8.3-3", CORRUPT, "contexts from a field that there is not", by_field(255, &[3])),
        ("source-no-threshold", "R8.3-4", CORRUPT, "no threshold", by_field(0, &[])),
        (
            "source-thresholds-32",
            "R8.3-4",
            CORRUPT,
            "32 thresholds",
            Source::Bytes([&[2, 0, 32][..], &[1; 32]].concat()),
        ),
        ("source-thresholds-equal", "R8.3-4", CORRUPT, "two equal thresholds", by_field(0, &[3, 3])),
        (
            "source-thresholds-descending",
            "R8.3-4",
            CORRUPT,
            "thresholds that descend, by wrapping",
            by_field(0, &[3, 2]),
        ),
        ("source-threshold-16", "R8.3-4", CORRUPT, "a threshold of 2^4 for a field of 4 bits", by_field(0, &[16])),
        (
            "source-threshold-16-after-others",
            "R8.3-4",
            CORRUPT,
            "a threshold of 2^4 for a field of 4 bits",
            by_field(0, &[3, 7, 16]),
        ),
        ("source-threshold-2-to-the-63", "R8.3-4", CORRUPT, "a threshold of 2^63", by_field(0, &[1, 1 << 63])),
        ("source-cut", "R6-8", CORRUPT, "parameters that end in a source", Source::Bytes(vec![])),
    ];
    for (kind, coding_by) in [("lanes", &lanes_by as &dyn Fn(Source) -> Coding), ("bits", &bits_by)] {
        let items = vec![segment(&[0], 4, Representation::Fields(build(&coding_by(good.clone()))))];
        let base = Vector::new("", "", vec![tensor("x", "U8", &[4], vec![0x31, 0x02, 0x71, 0x12])], items);
        for (name, rule, kinds, breaks, source) in &cases {
            list.rule(rule);
            list.change(&base, &format!("{kind}-{name}"), *kinds, breaks, |parts| {
                let mut parameters = build(&coding_by(source.clone())).parameters();
                if let Source::Bytes(bytes) = source
                    && bytes.is_empty()
                {
                    let end = build(&Coding::Raw).parameters().len();
                    parameters.truncate(end);
                }
                parts.segment().parameters = parameters;
            });
        }
        list.rule("R8.3-2");
        // without class fields, the earlier field still has 4 bits
        let mut other = build(&coding_by(good.clone()));
        other.class_fields.clear();
        list.change(
            &base,
            &format!("{kind}-source-without-class-fields"),
            CORRUPT,
            "the first class field of none",
            |parts| {
                parts.segment().parameters = other.parameters();
            },
        );
    }
    // the symbols are coded in other contexts than the head says
    let entries = vec![tensor("x", "U8", &[400], (0..400u32).map(|i| (i * i % 251) as u8).collect())];
    let by = |threshold: u64| {
        let codes = [&[(0, 30), (1, 40), (2, 50), (3, 60)][..], &[(0, 60), (1, 50), (2, 40), (3, 30)]];
        let tables = Tables::new(2, 12, &codes, None);
        let coding = Coding::Lanes { source: by_field(0, &[threshold]), tables, interval: 0, rate: 0 };
        fields(0, &[field(6, Coding::Raw), field(2, coding)])
    };
    let other =
        Vector::new("", "", entries.clone(), vec![segment(&[0], 400, by(20))]).parts().segment().parameters.clone();
    let base = Vector::new("", "", entries, vec![segment(&[0], 400, by(10))]);
    list.rule("R10.1-3");
    list.change(&base, "other-contexts", CORRUPT, "lanes coded with another threshold than the head says", |parts| {
        parts.segment().parameters = other;
    });
}
