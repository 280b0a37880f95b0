//! Section 9: frequency tables.

use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::frequency_codes::FALSE_ZERO;
use crate::encoder::source::Source;
use crate::encoder::tables::{Tables, most_span};
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::{spoiled, under};
use crate::vectors::build::{Alone, by_class, by_field, fields, lanes_of, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::made::drawn;
use crate::wire::bits::pack_words;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    codes(all);
    all.push(spans());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    table_rules(list);
    span_rules(list);
}

/// Adds a tensor of two fields: the context in 4 bits, and symbols that these tables can code.
pub(crate) fn add_tables(alone: &mut Alone, random: &mut Random, name: &str, tables: Tables) {
    let tables = tables.in_slots();
    let (count, width) = (tables.codes.len(), tables.width);
    let contexts: Vec<usize> = (0..400).map(|_| random.below(count as u64) as usize).collect();
    let symbols = drawn(random, &tables, &contexts);
    let words: Vec<u64> =
        contexts.iter().zip(&symbols).map(|(&c, &symbol)| (c as u64) << width | u64::from(symbol)).collect();
    let source = match count {
        1 => Source::Nothing,
        count => by_field(0, &(1..count as u64).collect::<Vec<_>>()),
    };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    let fields = fields(0, &[field(16 - width, Coding::Raw), field(width, coding)]);
    alone.add(tensor(name, "U16", &[400], pack_words(&words, 16)), 400, fields);
}

pub(crate) fn codes(all: &mut Vec<Vector>) {
    let mut random = Random(12);
    let mut alone = Alone::default();
    // frequency codes that rise and fall around a middle symbol, which moves with the context: some smooth, as an
    // encoder would have them, some rough, and some too irregular for any prediction
    for (number, drift) in (-8..8).enumerate() {
        let (width, count) = (4 + number as u32 % 6, 2 + number % 15);
        let (rough, holes) = ([1, 3, 9, 60, 254][number % 5], [0, 30, 5][number % 3]);
        let precision = 9 + (number % 4) as u8;
        let precision = if count << precision > 32768 { 11 } else { precision };
        let (middle, size) = (1 << (width - 1), 1 << width);
        let mut codes = vec![vec![0; size]; count];
        for (c, table) in codes.iter_mut().enumerate() {
            for (s, code) in table.iter_mut().enumerate().take(size.min(250)) {
                let distance = s as i32 - middle - drift * (c as i32 - count as i32 / 2);
                let noise = random.below(rough) as i32 - rough as i32 / 2;
                let hole = holes > 0 && random.below(holes) == 0;
                *code = if hole { 0 } else { (100 - distance.abs() * 2 + noise).clamp(1, 127) };
            }
            table[middle as usize] = 120;
        }
        let escapes = (number % 2 == 0).then(|| (0..count).map(|c| [0, 20, 21, 90][(c + number / 2) % 4]).collect());
        let mut tables = Tables { width, precision, first_symbol: 0, last_symbol: 0, drift, codes, escapes };
        tables.set_range();
        add_tables(&mut alone, &mut random, &format!("drift {drift}, {count} contexts of {width} bits"), tables);
    }
    // every difference from the prediction, up and down
    for (name, base, sign) in [("up", 1, 1), ("down", 127, -1)] {
        let codes: Vec<Vec<(u16, i32)>> = (0..16)
            .map(|c| {
                (0..16)
                    .map(|s| (s, if s == 0 || c == 0 { base } else { base + sign * (8 * c + s as i32 - 9).min(126) }))
                    .collect()
            })
            .collect();
        let codes: Vec<&[(u16, i32)]> = codes.iter().map(|table| &table[..]).collect();
        add_tables(&mut alone, &mut random, &format!("levels that go {name}"), Tables::new(4, 10, &codes, None));
    }
    let swings: Vec<(u16, i32)> = (0..64).map(|s| (s, if s % 2 == 0 { 1 } else { 127 - (s as i32 & 0x3e) })).collect();
    add_tables(&mut alone, &mut random, "levels that swing", Tables::new(6, 12, &[&swings], None));
    // a table that differs completely from the one before, and a table without symbols
    let tables = Tables::new(5, 9, &[&[(3, 50)], &[(30, 50), (31, 1)], &[], &[(0, 127)]], Some(&[0, 3, 127, 0]));
    add_tables(&mut alone, &mut random, "tables that have nothing in common", tables.with_drift(-8));
    let wider = Tables {
        first_symbol: 1,
        last_symbol: 29,
        ..Tables::new(5, 11, &[&[(9, 50), (20, 60)], &[(12, 1)]], Some(&[0, 0]))
    };
    add_tables(
        &mut alone,
        &mut random,
        "a wider range than needed, and an escape that no table has",
        wider.with_drift(3),
    );
    let tables = Tables::new(5, 12, &[&[(31, 127)], &[(31, 1)], &[(31, 64)]], Some(&[1, 127, 0]));
    add_tables(&mut alone, &mut random, "one symbol, the last", tables.with_drift(7));
    let sparse: Vec<Vec<(u16, i32)>> =
        (0..8).map(|c| (0..20).map(|k| (k * 200 + c, 1 + (k * 41 + c * 5) as i32 % 127)).collect()).collect();
    let sparse: Vec<&[(u16, i32)]> = sparse.iter().map(|table| &table[..]).collect();
    let tables = Tables::new(12, 12, &sparse, Some(&[50; 8])).with_drift(1);
    add_tables(&mut alone, &mut random, "few of 4096 symbols, which move with the context", tables);
    // contexts times symbols from the first to the last are 32768, the most that R9-3 allows
    for (count, width, precision, escape) in [(8, 12, 12, None), (32, 10, 10, Some(40)), (16, 11, 11, None)] {
        let last = (1u16 << width) - 1;
        let codes: Vec<Vec<(u16, i32)>> = (0..count)
            .map(|c| (0..8).map(|k| (k * (last / 8 - 1) + c, 30 + (k * 7 + c) as i32)).chain([(last, 50)]).collect())
            .collect();
        let codes: Vec<&[(u16, i32)]> = codes.iter().map(|table| &table[..]).collect();
        let escapes = escape.map(|code| vec![code; count.into()]);
        let tables = Tables::new(width, precision, &codes, escapes.as_deref()).with_drift(1);
        assert!(count * (tables.last_symbol - tables.first_symbol + 1) == 32768);
        add_tables(&mut alone, &mut random, &format!("32768 levels, {count} contexts of {width} bits"), tables);
    }
    // the largest span of symbols that the precision allows, with an escape and without
    for (precision, width) in [(12, 9), (12, 8), (11, 11), (10, 12)] {
        for escape in [None, Some([30])] {
            let last = (1 << (32 - 2 * precision)) - 1 - u16::from(escape.is_some());
            let codes: Vec<(u16, i32)> =
                (0..20).map(|k| (k * (last / 20), 30 + k as i32)).chain([(last, 60)]).collect();
            let tables = Tables::new(width, precision as u8, &[&codes], escape.as_ref().map(|escape| &escape[..]));
            let name = format!("{} symbols of {width} bits, precision {precision}, escape {escape:?}", last + 1);
            add_tables(&mut alone, &mut random, &name, tables);
        }
    }
    all.push(alone.vector(
        "s09-1-frequency-codes",
        "tables of levels, through each kind of prediction and length of a difference",
    ));
}

/// Adds a U16 tensor: the context in the upper bits, and below it a field of `width` bits that these tables can code.
pub(crate) fn add_drawn(
    alone: &mut Alone,
    random: &mut Random,
    name: &str,
    tables: Tables,
    contexts: &[usize],
    (interval, rate): (u8, u8),
) {
    let (width, count) = (tables.width, tables.codes.len() as u64);
    let symbols = drawn(random, &tables, contexts);
    let words: Vec<u64> = contexts.iter().zip(&symbols).map(|(&c, &s)| (c as u64) << width | u64::from(s)).collect();
    let (above, source) = match count {
        1 => (Coding::Constant(0), Source::Nothing),
        count => (Coding::Raw, by_field(0, &(1..count).collect::<Vec<_>>())),
    };
    let coding = Coding::Lanes { source, tables, interval, rate };
    let fields = Fields::of(0, &[field(16 - width, above), field(width, coding)]);
    let entry = tensor(name, "U16", &[words.len() as u64], pack_words(&words, 16));
    alone.add(entry, words.len() as u64, Representation::Fields(fields));
}

pub(crate) fn spans() -> Vector {
    let mut random = Random(60);
    let mut alone = Alone::default();
    let about = |precision: u8, width: u32, first: u16, symbols: u16, escape: bool| {
        let escape = if escape { " and the escape" } else { "" };
        format!("{symbols} symbols of {width} bits from {first}{escape}, precision {precision}")
    };
    for (precision, width, first, symbols, escape) in [
        (12, 8, 0, 256, false),
        (12, 12, 1000, 256, false),
        (12, 12, 3840, 256, false),
        (12, 8, 0, 255, true),
        (12, 8, 1, 255, true),
        (12, 12, 3841, 255, true),
        (11, 10, 0, 1024, false),
        (11, 12, 3072, 1024, false),
        (11, 10, 1, 1023, true),
        (11, 12, 2000, 1023, true),
        (10, 12, 0, 4096, false),
        (10, 12, 0, 4095, true),
        (10, 12, 1, 4095, true),
        // fields are too narrow for a larger span
        (9, 12, 0, 4096, false),
        (9, 12, 0, 4096, true),
    ] {
        let last = first + (symbols - 1);
        let ends = [(first, 1), (first + 1, 40), (first + symbols / 2, 60), (last - 1, 90), (last, 127)];
        let inner = [(first + 3, 70), (first + symbols / 3, 20), (last - 3, 90)];
        // a single entry: the last symbol, or the escape
        let one: &[(u16, i32)] = if escape { &[] } else { &[(last, 1)] };
        for (kind, codes) in [("ends that occur", &ends[..]), ("ends that do not occur", &inner), ("one entry", one)] {
            let mut tables = Tables::new(width, precision, &[codes], escape.then_some(&[100]));
            (tables.first_symbol, tables.last_symbol) = (first, last);
            assert!(tables.span() == most_span(precision) || precision == 9);
            let name = format!("{kind}: {}", about(precision, width, first, symbols, escape));
            add_drawn(&mut alone, &mut random, &name, tables, &[0; 150], (0, 0));
        }
    }
    for (precision, width, first, symbols, escape, count) in [
        (12, 12, 700, 256, false, 8),
        (12, 12, 700, 255, true, 8),
        (11, 11, 5, 1024, false, 16),
        (11, 11, 5, 1023, true, 16),
        (10, 12, 0, 4096, false, 8),
        (10, 12, 0, 4095, true, 8),
        (9, 12, 0, 4096, true, 8),
    ] {
        let last = first + (symbols - 1);
        // each table has its own entries, which move with the context; only the last table has the last symbol
        let codes: Vec<Vec<(u16, i32)>> = (0..count)
            .map(|c| {
                let between = (0..9).map(|k| (first + (symbols - count) / 9 * k + c, 30 + i32::from(k * 7 + c)));
                between.chain((c + 1 == count).then_some((last, 80))).collect()
            })
            .collect();
        let codes: Vec<&[(u16, i32)]> = codes.iter().map(|table| &table[..]).collect();
        let escapes: Vec<i32> = (0..count).map(|c| 50 * i32::from(c % 3 != 1)).collect();
        let tables = Tables::new(width, precision, &codes, escape.then_some(&escapes)).with_drift(1);
        assert!(tables.span() == most_span(precision) || precision == 9);
        // draws the first contexts more often, so that they adapt
        let contexts: Vec<usize> =
            (0..1000).map(|_| (random.next().trailing_zeros() as usize).min(usize::from(count) - 1)).collect();
        let name = format!("{count} contexts: {}", about(precision, width, first, symbols, escape));
        add_drawn(&mut alone, &mut random, &name, tables, &contexts, (8, 1));
    }
    alone.vector("s09-lanes-spans", "tables of as many symbols from the first to the last as their precision allows")
}

/// Returns eight symbols, of which one is escaped, and a table for them.
pub(crate) fn some() -> (Vec<u16>, Tables) {
    ([1, 1, 2, 1, 1, 9, 1, 1].into(), Tables::new(8, 12, &[&[(1, 100), (2, 87)]], Some(&[60])))
}

pub(crate) fn under_lanes(symbols: &[u16], tables: &Tables, interval: u8, rate: u8) -> Vector {
    under(symbols, lanes_of(tables.clone(), interval, rate))
}

/// Returns parameters that code the same symbols in two contexts.
pub(crate) fn in_contexts(tables: &Tables) -> Fields {
    let coding = Coding::Lanes { source: by_field(0, &[1]), tables: tables.clone(), interval: 0, rate: 0 };
    Fields::of(0, &[field(16 - tables.width, Coding::Raw), field(tables.width, coding)])
}

pub(crate) fn table_rules(list: &mut List) {
    list.begin("9");
    let (symbols, table) = some();
    let base = under_lanes(&symbols, &table, 0, 0);
    // the chunk can stay, because a decoder refuses the head first
    let with = |list: &mut List, name: &str, breaks: &str, tables: &Tables| {
        let fields = Fields::of(0, &[field(8, lanes_of(tables.clone(), 0, 0))]);
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().parameters = fields.parameters());
    };
    list.rule("R9-1");
    for precision in [0, 8, 13, 255] {
        let tables = Tables { precision, ..table.clone() };
        with(list, &format!("precision-{precision}"), "a precision that is not 9 to 12", &tables);
    }
    list.rule("R9-2");
    with(
        list,
        "first-symbol-above-last",
        "a first symbol above the last",
        &Tables { first_symbol: 3, last_symbol: 2, ..table.clone() },
    );
    let escape_after_nothing = Tables { first_symbol: 255, last_symbol: 0, ..table.clone() };
    with(list, "first-symbol-255-and-last-0", "a first symbol above the last", &escape_after_nothing);
    let of = |codes: &[(u16, i32)], escape: Option<i32>| {
        Tables::new(8, 12, &[codes], escape.as_ref().map(std::slice::from_ref))
    };
    list.rule("R9-5");
    with(list, "no-entry", "a table without an entry", &of(&[], None));
    with(list, "no-entry-and-no-escape", "a table without an entry", &of(&[], Some(0)));
    let many: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 50)).collect();
    let tables = Tables::new(8, 11, &[&many], Some(&[50]));
    with(list, "entries-257", "256 symbols and the escape", &tables);
    // tables for two contexts of a field of 12 bits
    let spread = |count: u16, distance: u16| -> Vec<(u16, i32)> { (0..count).map(|k| (k * distance, 50)).collect() };
    let wide = {
        let tables = Tables::new(12, 12, &[&spread(4, 1), &spread(4, 2)], None);
        let bytes = [0x00, 0x00, 0x03, 0x00, 0x00, 0x10, 0x06, 0x10];
        let items = vec![segment(&[0], 4, Representation::Fields(in_contexts(&tables)))];
        Vector::new("", "", vec![tensor("x", "U16", &[4], bytes.to_vec())], items)
    };
    let with_two = |list: &mut List, name: &str, breaks: &str, tables: &Tables| {
        let parameters = in_contexts(tables).parameters();
        list.change(&wide, name, CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    };
    let two = |second: &[(u16, i32)], escapes: Option<[i32; 2]>| {
        Tables::new(12, 10, &[&spread(4, 1), second], escapes.as_ref().map(|escapes| &escapes[..]))
    };
    with_two(list, "second-table-without-entry", "a table without an entry", &two(&[], None));
    with_two(list, "second-table-without-entry-or-escape", "a table without an entry", &two(&[], Some([9, 0])));
    with_two(list, "second-table-of-257", "a table of 257 symbols", &two(&spread(257, 15), None));
    with_two(
        list,
        "second-table-of-256-and-escape",
        "a table of 256 symbols and the escape",
        &two(&spread(256, 16), Some([0, 9])),
    );
    let first_of_4096 = Tables::new(12, 10, &[&spread(4096, 1), &spread(4, 1)], None);
    with_two(list, "first-table-of-4096", "a table of 4096 symbols", &first_of_4096);
    list.rule("R9-1");
    for (precision, contexts) in [(12, 9), (11, 17)] {
        let codes = vec![&[(1, 50), (2, 60)][..]; contexts];
        let tables = Tables::new(12, precision, &codes, None);
        let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![0], axis_groups: vec![] };
        let coding = Coding::Lanes { source: by_class(0, 0, contexts as u8), tables, interval: 0, rate: 0 };
        let parts = vec![field(4, Coding::Raw), field(12, coding)];
        let parameters = Fields { class_fields: vec![class], ..Fields::of(0, &parts) }.parameters();
        let name = format!("slots-of-{contexts}-contexts-in-precision-{precision}");
        list.change(&wide, &name, CORRUPT, "tables of more than 32768 slots", |parts| {
            parts.segment().parameters = parameters;
        });
    }
    list.rule("R9-3");
    for (precision, contexts, last) in [(10, 9, 4095), (9, 9, 3640), (9, 10, 3276), (9, 32, 1024)] {
        let ends = [(0, 50), (last, 60)];
        let tables = Tables::new(12, precision, &vec![&ends[..]; contexts], None);
        let class = ClassField { depth: 0, width: 6, order: 0, rows: vec![0], axis_groups: vec![] };
        let coding = Coding::Lanes { source: by_class(0, 0, contexts as u8), tables, interval: 0, rate: 0 };
        let parts = vec![field(4, Coding::Raw), field(12, coding)];
        let parameters = Fields { class_fields: vec![class], ..Fields::of(0, &parts) }.parameters();
        let name = format!("levels-of-{contexts}-contexts-and-{}-symbols", last + 1);
        list.change(&wide, &name, CORRUPT, "tables of more than 32768 frequency codes", |parts| {
            parts.segment().parameters = parameters;
        });
    }
    let words = table.words();
    for (name, rule, breaks, stream) in spoiled(&words, 2) {
        list.rule(rule);
        list.change(&base, &format!("table-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = [&[0, 0, 0, 1, 8, 2, 0, 0, 0, 12][..], &stream].concat();
        });
    }
    list.begin("9.1");
    list.rule("R9.1-1");
    with(
        list,
        "level-0-of-a-symbol",
        "a frequency code of 0 that is said not to be 0",
        &of(&[(1, FALSE_ZERO), (2, 9)], None),
    );
    with(
        list,
        "level-0-of-the-escape",
        "a frequency code of 0 that is said not to be 0",
        &of(&[(1, 9)], Some(FALSE_ZERO)),
    );
    list.rule("R9.1-3");
    for (name, before, code) in [
        ("0-by-difference", 1, FALSE_ZERO),
        ("minus-126-by-difference", 1, -126),
        ("128-by-difference", 127, 128),
        ("254-by-difference", 127, 254),
    ] {
        let out = "a frequency code that is not 1 to 127";
        with(list, &format!("level-{name}"), out, &of(&[(1, before), (2, code), (3, 5)], None));
        with_two(list, &format!("level-{name}-of-the-escape"), out, &two(&spread(3, 2), Some([before, code])));
        // the wrong code is in the second table, predicted from the first one
        let tables = Tables::new(12, 12, &[&[(0, before), (9, 9)], &[(0, code), (9, 9)]], None);
        with_two(list, &format!("level-{name}-from-the-table-before"), out, &tables);
    }
    list.rule("R9.1-2");
    let long = "a difference whose exponent has seven bits 1";
    with(list, "difference-of-128", long, &of(&[(1, 127), (2, -1), (3, 5)], None));
    with(list, "difference-of-200", long, &of(&[(1, 1), (2, 201), (3, 5)], None));
    with(list, "difference-of-2-to-the-20", long, &of(&[(1, 1), (2, 1 << 20), (3, 5)], None));
}

/// Returns a container with one tensor in one chunk of these fields.
pub(crate) fn of_words(dtype: &str, words: &[u64], width: u32, fields: Fields) -> Vector {
    let count = words.len() as u64;
    let item = segment(&[0], count, Representation::Fields(fields));
    Vector::new("", "", vec![tensor("x", dtype, &[count], pack_words(words, width))], vec![item])
}

/// Returns a container with a U16 tensor: the context in the upper bits, and below it a field of at most 12 bits that
/// these tables can code.
pub(crate) fn in_tables(random: &mut Random, tables: Tables) -> Vector {
    let (width, count) = (tables.width, tables.codes.len() as u64);
    let contexts: Vec<usize> = (0..40).map(|_| random.below(count) as usize).collect();
    let symbols = drawn(random, &tables, &contexts);
    let words: Vec<u64> = contexts.iter().zip(symbols).map(|(&c, s)| (c as u64) << width | u64::from(s)).collect();
    let source = if count == 1 { Source::Nothing } else { by_field(0, &[1]) };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    of_words("U16", &words, 16, Fields::of(0, &[field(16 - width, Coding::Raw), field(width, coding)]))
}

pub(crate) fn span_rules(list: &mut List) {
    list.begin("9");
    list.rule("R9-4");
    let mut random = Random(64);
    let mut add = |name: &str, tables: Tables| {
        assert!(tables.span() > most_span(tables.precision));
        let vector = in_tables(&mut random, tables);
        let why = vector.decode(&mut vector.parts()).expect_err("a bad one");
        assert!(why.contains("too many symbols for the precision"), "{name}: {why}");
        let breaks = "more symbols from the first to the last, and the escape, than the precision allows";
        list.add(&format!("span-{name}"), CORRUPT, breaks, vector.parts().assemble());
    };
    for (precision, width, first, symbols, escape) in [
        (12, 12, 1000, 257, false),
        (12, 12, 0, 4096, false),
        (12, 8, 0, 256, true),
        (12, 12, 3840, 256, true),
        (11, 12, 3071, 1025, false),
        (11, 12, 3072, 1024, true),
        (11, 11, 0, 2048, true),
        (10, 12, 0, 4096, true),
    ] {
        let last = first + (symbols - 1);
        let with_escape = if escape { "-and-escape" } else { "" };
        let name = format!("{symbols}{with_escape}-of-{width}-bits-in-precision-{precision}");
        let ends = [(first, 60), (first + symbols / 2, 90), (last, 60)];
        let inner = [(first + 1, 60), (first + symbols / 2, 90), (last - 1, 60)];
        let two = [&ends[..], &inner];
        let tables = |codes: &[&[(u16, i32)]]| {
            let escapes = vec![50; codes.len()];
            Tables {
                first_symbol: first,
                last_symbol: last,
                ..Tables::new(width, precision, codes, escape.then_some(&escapes))
            }
        };
        add(&name, tables(&two[..1]));
        add(&format!("{name}-but-for-its-ends"), tables(&two[1..]));
        add(&format!("{name}-in-two-contexts"), tables(&two));
    }
    // the escape counts for the span, even if its frequency code is 0 in all tables
    let tables = Tables::new(12, 12, &[&[(7, 60), (262, 90)]], Some(&[0]));
    add("256-and-escape-of-level-0-in-precision-12", tables);
}
