//! Section 8.2: class fields.

use crate::encoder::class_field::{AxisGroup, ClassField, NO_ROWS};
use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::source::Source;
use crate::encoder::tables::Tables;
use crate::encoder::transform::split;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::{fields_of, spoiled, words_at};
use crate::vectors::build::{Alone, by_class, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::made::{Made, Make, fixed};
use crate::wire::bits::pack_words;
use crate::wire::dtypes::DTYPES;
use crate::wire::manifest::Entry;
use crate::wire::primitives::put_words;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    class_rows(all);
    class_groups(all);
    class_members(all);
    class_dtypes(all);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    class_rules(list);
}

pub(crate) fn class_rows(all: &mut Vec<Vector>) {
    let mut random = Random(7);
    let mut alone = Alone::default();
    for (name, shape, depth, order, width, chunk_len) in [
        ("chunks that begin and end within a row", &[20, 37][..], 1, 0, 2, 256),
        ("the same in order 1", &[20, 37], 1, 1, 3, 256),
        ("chunks of whole rows", &[8, 64], 1, 1, 6, 256),
        ("chunks of a row and an element", &[8, 256], 1, 1, 4, 257),
        ("rows longer than two chunks", &[3, 700], 1, 0, 1, 300),
        ("rows of an element", &[300, 1], 1, 1, 6, 257),
        ("two axes of rows", &[4, 5, 30], 2, 1, 4, 256),
        ("one axis of rows", &[4, 5, 30], 1, 0, 4, 599),
        ("deeper than the rank", &[4, 5, 30], 254, 1, 5, 300),
        ("as deep as the rank", &[4, 5, 30], 3, 0, 5, 300),
        ("rank 1: a row", &[600], 1, 1, 2, 256),
        ("depth 0: a row", &[20, 30], 0, 0, 6, 256),
    ] {
        let class_fields = vec![random.class_field(depth, width, order, &[shape], &[])];
        let contexts = 2.max(1 << width.min(4)) as u8;
        let fields = vec![
            (5, fixed(by_class(0, width.saturating_sub(3), contexts.min(8)), 11)),
            (3, Make::Bits(by_class(0, 0, contexts), order == 1, 60)),
        ];
        let made = Made { dtype: "U8", shape, chunk_len, class_fields, fields };
        alone.add_made(&mut random, name, made);
    }
    let shape = &[10, 6, 11];
    let class_fields = vec![
        random.class_field(2, 3, 1, &[shape], &[]),
        random.class_field(1, 2, 0, &[shape], &[]),
        random.class_field(0, 6, 0, &[shape], &[]),
    ];
    let fields = vec![(4, fixed(by_class(1, 0, 4), 12)), (4, fixed(by_class(0, 0, 8), 12))];
    let made = Made { dtype: "U8", shape, chunk_len: 256, class_fields, fields };
    alone.add_made(&mut random, "three class fields, one unused", made);
    all.push(alone.vector("s08-2-class-rows", "class fields of rows, in chunks that cut them"));
}

pub(crate) fn class_groups(all: &mut Vec<Vector>) {
    let mut random = Random(8);
    let mut alone = Alone::default();
    let four: &[u64] = &[3, 4, 5, 6];
    // the depth and the axis groups of each class field
    type ClassFields = [(u8, &'static [[u64; 2]])];
    let cases: [(&str, &[u64], &ClassFields); 19] = [
        ("axis 0", four, &[(NO_ROWS, &[[0, 1]])]),
        ("axis 1", four, &[(NO_ROWS, &[[1, 1]])]),
        ("axis 2", four, &[(NO_ROWS, &[[2, 1]])]),
        ("axis 3", four, &[(NO_ROWS, &[[3, 1]])]),
        ("every element", four, &[(NO_ROWS, &[[0, 4]])]),
        ("a row and every element", four, &[(0, &[[0, 4]])]),
        ("rows x rest", four, &[(1, &[[1, 3]])]),
        ("rows and each other axis", four, &[(1, &[[1, 1], [2, 1], [3, 1]])]),
        ("rows of two axes and the others", four, &[(2, &[[2, 1], [3, 1]])]),
        ("rows of two axes and the last", four, &[(2, &[[3, 1]])]),
        ("rows of all but the last, and the last", four, &[(3, &[[3, 1]])]),
        ("outer x last", four, &[(NO_ROWS, &[[0, 3], [3, 1]])]),
        ("the first, and the last two", four, &[(NO_ROWS, &[[0, 1], [2, 2]])]),
        ("the middle", four, &[(NO_ROWS, &[[1, 2]])]),
        ("two class fields", four, &[(1, &[[3, 1]]), (NO_ROWS, &[[0, 2], [2, 2]])]),
        ("four class fields", four, &[(1, &[]), (NO_ROWS, &[[1, 1]]), (2, &[[2, 2]]), (0, &[[1, 1], [3, 1]])]),
        ("axes of one", &[1, 7, 1, 60], &[(1, &[[1, 1], [2, 1], [3, 1]])]),
        ("rank 1", &[700], &[(NO_ROWS, &[[0, 1]])]),
        ("rank 1 and a row", &[700], &[(0, &[[0, 1]])]),
    ];
    for (number, (name, shape, class_fields)) in cases.into_iter().enumerate() {
        let class_fields: Vec<ClassField> = class_fields
            .iter()
            .enumerate()
            .map(|(k, (depth, axis_groups))| {
                let (width, order) = (1 + (number + k) as u8 % 6, (number + k / 2) as u8 % 2);
                random.class_field(*depth, width, order, &[shape], axis_groups)
            })
            .collect();
        let last = class_fields.len() as u8 - 1;
        let fields = vec![
            (6, fixed(by_class(0, 1, 8), 10)),
            (5, Make::Bits(by_class(last, 0, 32), number % 2 == 0, 100)),
            (5, fixed(by_class(last / 2, 3, 4), 10)),
        ];
        let made = Made { dtype: "BF16", shape, chunk_len: 256, class_fields, fields };
        alone.add_made(&mut random, name, made);
    }
    all.push(alone.vector("s08-2-class-groups", "classes of groups of axes, of every kind, with and without rows"));
    // almost all classes are equal, so they take few bytes
    let count = 1 << 19;
    let class = |width: u8, distance: usize| {
        let classes = (0..count).map(|number| u8::from(number % distance == 7)).collect();
        let axis_groups = vec![AxisGroup { first: 0, axes: 1, classes }];
        ClassField { depth: NO_ROWS, width, order: 1, rows: vec![], axis_groups }
    };
    let class_fields = vec![class(1, 50_000), class(2, 70_000)];
    let values: Vec<u64> = class_fields[1].axis_groups[0].classes.iter().map(|&class| class.into()).collect();
    let coding = Coding::Bits { source: by_class(1, 0, 2), word_size: 0, limit: 200 };
    let parts = vec![field(3, Coding::Constant(0)), field(1, coding)];
    let entries = vec![tensor("x", "F4", &[count as u64], pack_words(&values, 4))];
    let items = vec![segment(&[0], 1 << 18, Representation::Fields(Fields { class_fields, ..Fields::of(0, &parts) }))];
    all.push(Vector::new("s08-2-class-most", "2^20 classes of groups, as many as there may be", entries, items));
}

pub(crate) fn class_members(all: &mut Vec<Vector>) {
    let mut random = Random(9);
    let shapes: [&[u64]; 8] = [&[], &[90], &[7, 11], &[2, 3, 50], &[], &[1, 5, 1, 9], &[4, 100], &[3, 2, 1]];
    let mut entries: Vec<Entry> = Vec::new();
    let mut items = Vec::new();
    for (depth, order) in [(0, 0), (1, 1), (2, 1), (2, 0), (254, 1)] {
        let elements = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum::<u64>() as usize;
        let class_field = random.class_field(depth, 3, order, &shapes, &[]);
        let mut fields = Fields { class_fields: vec![class_field], ..Fields::of(1, &[]) };
        let (_, sums) = fields.classes_of(&shapes, 0, elements, 1);
        let values: Vec<u64> = sums[0].iter().map(|&sum| (sum as u64) << 12 | u64::from(random.skewed(12))).collect();
        let mut bytes = pack_words(&values, 16);
        let symbols = split(&values, 1, 16, &[8, 8]);
        let source = by_class(0, 0, 8);
        let tables = Tables::of(&symbols[0], &source.of(&sums, &symbols), 8, 8, 12, 2);
        fields.fields = vec![
            field(8, Coding::Lanes { source: source.clone(), tables, interval: 0, rate: 0 }),
            field(8, Coding::Bits { source, word_size: 0, limit: 30 }),
        ];
        let members: Vec<usize> = (0..shapes.len()).map(|k| entries.len() + k).collect();
        for (k, shape) in shapes.iter().enumerate() {
            let rest = bytes.split_off(2 * shape.iter().product::<u64>() as usize);
            entries.push(tensor(&format!("member {k}, depth {depth}, order {order}"), "F16", shape, bytes));
            bytes = rest;
        }
        items.push(segment(&members, 300, Representation::Fields(fields)));
    }
    all.push(Vector::new("s08-2-class-members", "rows of members of ranks 0 to 4 in shared segments", entries, items));
}

pub(crate) fn class_dtypes(all: &mut Vec<Vector>) {
    let mut random = Random(10);
    let mut alone = Alone::default();
    let shape: &[u64] = &[9, 5, 16];
    for (number, (_, name, _, w)) in DTYPES.into_iter().enumerate() {
        let axis_groups: &[[u64; 2]] = [&[][..], &[[1, 1], [2, 1]], &[[1, 2]]][number % 3];
        let class_fields = vec![random.class_field(1, 3, number as u8 % 2, &[shape], axis_groups)];
        let lanes = || fixed(by_class(0, 1, 8), 12);
        let bits = |limit: u8| Make::Bits(by_class(0, 0, 16), limit & 1 == 0, limit);
        let fields = match w {
            4 => vec![(3, lanes()), (1, bits(50))],
            6 => vec![(2, bits(51)), (4, lanes())],
            8 => vec![(4, lanes()), (4, bits(52))],
            16 => {
                let source = by_class(0, 1, 8);
                let lanes = Make::Lanes { source, precision: 12, drift: 1, least: 3, interval: 0, rate: 0 };
                vec![(7, bits(53)), (9, lanes)]
            }
            32 => vec![(8, lanes()), (10, bits(54)), (14, Make::Raw)],
            _ => vec![
                (5, lanes()),
                (12, Make::Raw),
                (11, Make::Constant(1000)),
                (16, Make::Raw),
                (8, bits(55)),
                (12, Make::Raw),
            ],
        };
        let made =
            Made { dtype: name, shape, chunk_len: if number % 2 == 0 { 264 } else { 720 }, class_fields, fields };
        alone.add_made(&mut random, name, made);
    }
    all.push(
        alone.vector("s08-2-class-dtypes", "classes in a tensor of every dtype; the two words of a C64 share one"),
    );
}

/// Returns a container with a tensor of 48 rows of 3 x 4 x 5, coded by bits in contexts by class.
pub(crate) fn with_classes() -> Vector {
    let shape = [48, 3, 4, 5];
    let mut random = Random(22);
    let class_field = random.class_field(1, 3, 1, &[&shape], &[[1, 1], [2, 2]]);
    let source = Source::Class { field: 0, shift: 0, contexts: 8 };
    let coding = Coding::Bits { source, word_size: 0, limit: 30 };
    let fields = Fields { class_fields: vec![class_field], ..Fields::of(0, &[field(8, coding)]) };
    let items = vec![segment(&[0], 48 * 60, Representation::Fields(fields))];
    Vector::new("", "", vec![tensor("x", "U8", &shape, random.bytes(48 * 60))], items)
}

pub(crate) fn class_rules(list: &mut List) {
    list.begin("8");
    let base = with_classes();
    let [rows, axis_group] = {
        let axis_group = AxisGroup { first: 1, axes: 1, classes: vec![1, 2, 3] };
        let class = |axis_groups: &[AxisGroup]| ClassField {
            depth: 1,
            width: 2,
            order: 0,
            rows: vec![],
            axis_groups: axis_groups.into(),
        };
        [class(&[]), class(&[axis_group])]
    };
    // the chunk can stay, because a decoder refuses the head first
    let with = |list: &mut List, name: &str, breaks: &str, change: &dyn Fn(&mut Fields)| {
        let mut fields = fields_of(&base);
        change(&mut fields);
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    };
    list.rule("R8-3");
    with(list, "class-fields-5", "five class fields", &|fields| fields.class_fields = vec![rows.clone(); 5]);
    with(list, "class-fields-255", "255 class fields", &|fields| fields.class_fields = vec![rows.clone(); 255]);
    list.begin("8.2");
    list.rule("R8.2-1");
    for width in [0, 7, 255] {
        with(list, &format!("class-width-{width}"), "the width of a class", &|fields| {
            fields.class_fields[0] = ClassField { width, ..rows.clone() };
        });
    }
    with(list, "class-width-7-of-groups", "the width of a class", &|fields| fields.class_fields[0].width = 7);
    with(list, "class-order-2", "the order of classes", &|fields| fields.class_fields[0].order = 2);
    list.rule("R8.2-2");
    with(list, "no-rows-and-no-groups", "neither rows nor axis groups", &|fields| {
        fields.class_fields[0] = ClassField { depth: NO_ROWS, ..rows.clone() };
    });
    let axis_groups = |axes: &[(u64, u64)]| -> Vec<AxisGroup> {
        // an axis group that exists gets as many classes as it needs
        let size = |&(first, axes): &(u64, u64)| match (first as usize, (first.saturating_add(axes)) as usize) {
            (f, g) if g <= 4 => [48, 3, 4, 5][f..g].iter().product(),
            _ => 5,
        };
        let axis_group = |axes: &(u64, u64)| AxisGroup { first: axes.0, axes: axes.1, classes: vec![1; size(axes)] };
        axes.iter().map(axis_group).collect()
    };
    for (name, rule, depth, breaks, axes) in [
        ("groups-overlap", "R8.2-4", 1, "axis groups that share an axis", &[(1, 2), (2, 1)][..]),
        ("groups-same", "R8.2-4", 1, "the same axis group twice", &[(3, 1), (3, 1)]),
        ("groups-descending", "R8.2-4", 1, "axis groups in descending order", &[(2, 1), (1, 1)]),
        ("groups-4", "R8.2-2", NO_ROWS, "four axis groups", &[(0, 1), (1, 1), (2, 1), (3, 1)]),
        ("group-without-axes", "R8.2-3", 1, "an axis group of no axes", &[(1, 0)]),
        ("group-without-axes-at-the-end", "R8.2-3", 1, "an axis group of no axes", &[(1, 1), (4, 0)]),
        ("group-beyond-the-rank", "R8.2-3", 1, "axes that there are not", &[(4, 1)]),
        ("group-partly-beyond-the-rank", "R8.2-3", 1, "axes that there are not", &[(2, 3)]),
        ("group-of-2-to-the-63-axes", "R8.2-3", 1, "axes that there are not", &[(1, 1 << 63)]),
        ("group-from-axis-2-to-the-63", "R8.2-3", 1, "axes that there are not", &[(1 << 63, 1)]),
        ("group-whose-end-wraps", "R8.2-3", NO_ROWS, "axes that there are not", &[(u64::MAX, 2)]),
        ("group-of-the-row-axis", "R8.2-5", 1, "an axis group of an axis that numbers the rows", &[(0, 1)]),
        ("group-from-the-row-axis-on", "R8.2-5", 2, "an axis group of an axis that numbers the rows", &[(1, 2)]),
        (
            "group-of-the-last-axis-in-depth-4",
            "R8.2-5",
            4,
            "an axis group of one of the leading 4 axes of 4",
            &[(3, 1)],
        ),
    ] {
        list.rule(rule);
        with(list, name, breaks, &|fields| {
            fields.class_fields[0] = ClassField { depth, axis_groups: axis_groups(axes), ..axis_group.clone() };
        });
    }
    let shared = {
        let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4]), tensor("y", "U8", &[4], vec![5, 6, 7, 8])];
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![1, 0], axis_groups: vec![] };
        let fields = Fields { class_fields: vec![class], ..Fields::of(0, &[field(8, Coding::Raw)]) };
        Vector::new("", "", entries, vec![segment(&[0, 1], 8, Representation::Fields(fields))])
    };
    list.rule("R8.2-2");
    for (name, depth, axis_groups, breaks) in [
        (
            "group-in-a-shared-segment",
            0,
            vec![AxisGroup { first: 0, axes: 1, classes: vec![0; 4] }],
            "axis groups of two members",
        ),
        ("no-rows-in-a-shared-segment", NO_ROWS, vec![], "neither rows nor axis groups"),
    ] {
        let mut fields = fields_of(&shared);
        fields.class_fields[0] = ClassField { depth, axis_groups, ..fields.class_fields[0].clone() };
        list.change(&shared, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    }
    let scalar = {
        let class = ClassField { depth: 0, width: 1, order: 0, rows: vec![1], axis_groups: vec![] };
        let fields = Fields { class_fields: vec![class], ..Fields::of(0, &[field(8, Coding::Raw)]) };
        let items = vec![segment(&[0], 1, Representation::Fields(fields))];
        Vector::new("", "", vec![tensor("x", "U8", &[], vec![1])], items)
    };
    list.rule("R8.2-3");
    list.change(&scalar, "group-in-rank-0", CORRUPT, "axes that there are not", |parts| {
        let mut fields = fields_of(&scalar);
        fields.class_fields[0].axis_groups = vec![AxisGroup { first: 0, axes: 1, classes: vec![0] }];
        parts.segment().parameters = fields.parameters();
    });
    // classes that are all equal take almost no bytes
    list.rule("R8.2-6");
    for (name, shape, axes) in [
        ("classes-2-to-the-20-and-1", &[(1 << 20) + 1, 1][..], &[[0, 1]][..]),
        ("classes-2-to-the-20-and-a-field", &[1 << 20, 2], &[[0, 1], [1, 1]]),
    ] {
        let class = |&[first, axes]: &[u64; 2]| {
            let classes = vec![0; shape[first as usize..(first + axes) as usize].iter().product::<u64>() as usize];
            ClassField {
                depth: NO_ROWS,
                width: 1,
                order: 0,
                rows: vec![],
                axis_groups: vec![AxisGroup { first, axes, classes }],
            }
        };
        let class_fields = axes.iter().map(class).collect();
        let good = Fields::of(0, &[field(8, Coding::Constant(0))]);
        let parameters = Fields { class_fields, ..good.clone() }.parameters();
        let bytes = vec![0; shape.iter().product::<u64>() as usize];
        let items = vec![segment(&[0], 1 << 22, Representation::Fields(good))];
        let vector = Vector::new("", "", vec![tensor("x", "U8", shape, bytes)], items);
        list.change(&vector, name, CORRUPT, "more than 2^20 classes", |parts| parts.segment().parameters = parameters);
    }
    // these come before the stream: steps, count, depth, width, order, axis group count, and two axis groups
    let head = base.parts().segment().parameters.clone();
    let class_field = &fields_of(&base).class_fields[0];
    let vectors: Vec<&[u8]> = class_field.axis_groups.iter().map(|axis_group| &axis_group.classes[..]).collect();
    let stream_end = {
        let mut stream = Vec::new();
        put_words(&class_field.words(&vectors), 2, &mut stream);
        10 + stream.len()
    };
    let classes_of = |vectors: &[&[u8]]| class_field.words(vectors);
    for (name, rule, breaks, stream) in spoiled(&classes_of(&vectors), 2) {
        list.rule(rule);
        let parameters = [&head[..10], &stream, &head[stream_end..]].concat();
        list.change(&base, &format!("group-classes-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = parameters;
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let rows = &class_field.rows[..];
    let stream_of = |rows: &[u8]| {
        let mut stream = Vec::new();
        put_words(&classes_of(&[rows]), 2, &mut stream);
        stream
    };
    let rest = &chunk[stream_of(rows).len()..];
    let mut streams = spoiled(&classes_of(&[rows]), 2);
    streams.push(("of-fewer-rows", "R11.2-2", "the classes of half of a chunk's rows", stream_of(&rows[..24])));
    streams.push((
        "of-more-rows",
        "R11.2-2",
        "the classes of more rows than a chunk has",
        stream_of(&[rows, rows].concat()),
    ));
    for (name, rule, breaks, stream) in streams {
        list.rule(rule);
        let chunk = [&stream[..], rest].concat();
        list.change(&base, &format!("row-classes-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![chunk]
        });
    }
    list.rule("R11.2-2");
    list.change(&base, "row-classes-missing", CORRUPT, "a chunk without the classes of its rows", |parts| {
        parts.segment().chunks = vec![rest.to_vec()];
    });
    list.rule("R11.2-1");
    with(list, "classes-of-another-order", "classes coded in another order than the head says", &|fields| {
        // this order applies to the classes of axis groups, but not to those of rows
        fields.class_fields[0].order = 0;
    });
    list.begin("11.4");
    // the rest of the chunk is the stream of the field
    for (name, rule, breaks, stream) in spoiled(&rest[words_at(rest)..], 2) {
        let chunk = [&stream_of(rows)[..], &stream].concat();
        let name = format!("bits-of-several-trees-{name}");
        list.rule(rule);
        list.change(&base, &name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
}
