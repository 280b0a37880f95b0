//! The bad vectors of how wide tables may be, and of what is counted for adaptation.
//!
//! They would decode if it were not for the one rule: a decoder that does not know it takes them.

use super::Random;
use super::bad::{CORRUPT, List, by_field};
use super::coders::{Coding, Counting, Fields, Source, Tables, field, lanes_counting, most_span, pack_words};
use super::good::{Vector, drawn, lanes_of, segment, tensor};
use super::wire::Representation;

pub fn all(list: &mut List) {
    span_rules(list);
    counting_rules(list);
}

/// One tensor in one chunk of these fields.
fn of_words(dtype: &str, words: &[u64], width: u32, fields: Fields) -> Vector {
    let count = words.len() as u64;
    let item = segment(&[0], count, Representation::Fields(fields));
    Vector::new("", "", vec![tensor("x", dtype, &[count], pack_words(words, width))], vec![item])
}

/// U16: the context above a field of 12 bits or less that follows these tables.
fn in_tables(random: &mut Random, tables: Tables) -> Vector {
    let (width, count) = (tables.width, tables.levels.len() as u64);
    let contexts: Vec<usize> = (0..40).map(|_| random.below(count) as usize).collect();
    let symbols = drawn(random, &tables, &contexts);
    let words: Vec<u64> = contexts.iter().zip(symbols).map(|(&c, s)| (c as u64) << width | u64::from(s)).collect();
    let source = if count == 1 { Source::Nothing } else { by_field(0, &[1]) };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    of_words("U16", &words, 16, Fields::of(0, &[field(16 - width, Coding::Raw), field(width, coding)]))
}

fn span_rules(list: &mut List) {
    list.section = "9";
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
        let tables = |levels: &[&[(u16, i32)]]| {
            let escapes = vec![50; levels.len()];
            Tables { first, last, ..Tables::new(width, precision, levels, escape.then_some(&escapes)) }
        };
        add(&name, tables(&two[..1]));
        add(&format!("{name}-but-for-its-ends"), tables(&two[1..]));
        add(&format!("{name}-in-two-contexts"), tables(&two));
    }
    // an escape counts also where its level is 0
    let tables = Tables::new(12, 12, &[&[(7, 60), (262, 90)]], Some(&[0]));
    add("256-and-escape-of-level-0-in-precision-12", tables);
}

fn counting_rules(list: &mut List) {
    list.section = "10.2";
    let mut random = Random(65);
    let right = Counting::RIGHT;
    for (name, breaks, wrong) in [
        (
            "adapted-by-all",
            "adapted as if every symbol were counted, and a context due at 2^interval of them",
            Counting { counted: |_| true, due: |interval| 1 << interval },
        ),
        (
            "adapted-by-all-and-early",
            "adapted as if every symbol were counted",
            Counting { counted: |_| true, ..right },
        ),
        (
            "adapted-by-every-eighth-group",
            "adapted as if every eighth group were counted",
            Counting { counted: |i| i / 32 % 8 == 0, ..right },
        ),
        (
            "adapted-by-every-eighth-symbol",
            "adapted as if every eighth symbol were counted",
            Counting { counted: |i| i % 8 == 0, ..right },
        ),
        (
            "adapted-late",
            "adapted as if a context were due at 2^interval counts",
            Counting { due: |interval| 1 << interval, ..right },
        ),
        ("adapted-at-any-counts", "adapted as if a context were due at any counts", Counting { due: |_| 1, ..right }),
    ] {
        let tables = Tables::new(8, 12, &[&(0..16).map(|symbol| (symbol, 50)).collect::<Vec<_>>()], Some(&[30]));
        // in the fourth block too few are counted
        let symbols: Vec<u16> = (0..3000).map(|i| (i / 512 * 3 + random.skewed(2)) % 17).collect();
        let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
        let stream = lanes_counting(&symbols, &vec![0; words.len()], &tables, 9, 1, wrong);
        let vector = of_words("U8", &words, 8, Fields::of(0, &[field(8, lanes_of(tables, 9, 1))]));
        vector.decode(&mut vector.parts()).expect("a good one");
        let mut parts = vector.parts();
        parts.segment().chunks = vec![stream.write()];
        vector.decode(&mut parts).expect_err("a bad one");
        list.add(name, CORRUPT, breaks, parts.assemble());
    }
}
