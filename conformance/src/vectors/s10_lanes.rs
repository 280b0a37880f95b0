//! Section 10: the lane coder.

use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::lanes::lanes;
use crate::encoder::lanes::{Counting, LaneStream, lanes_counting};
use crate::encoder::steps::Steps;
use crate::encoder::tables::Tables;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::build::{Alone, by_field, bytes_of_symbols, fields, lanes_of, mask, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::made::drawn;
use crate::vectors::s05_manifest::lanes_for;
use crate::vectors::s09_tables::{in_contexts, of_words, some, under_lanes};
use crate::wire::bits::{pack, pack_words};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    lane_vectors(all);
    adaptive_contexts(all);
    all.push(counted());
    all.push(counted_contexts());
    all.push(counted_longest());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    lane_rules(list);
    counting_rules(list);
}

fn lane_vectors(all: &mut Vec<Vector>) {
    let mut random = Random(5);
    let mut entries = Vec::new();
    let mut items = Vec::new();
    // the last round of the lanes is not full
    for count in [1, 2, 31, 32, 33, 63, 64, 65, 100] {
        let symbols: Vec<u16> = (0..count).map(|_| random.skewed(8)).collect();
        let coding = lanes_for(&symbols, 8, if count % 2 == 0 { 2 } else { 0 }, 0, 0);
        items.push(segment(&[entries.len()], count, fields(0, &[field(8, coding)])));
        entries.push(tensor(&format!("{count} symbols"), "U8", &[count], bytes_of_symbols(&symbols)));
    }
    all.push(Vector::new("s10-lanes-counts", "as many symbols as fill groups of lanes, and fewer", entries, items));

    let one = |codes: &[(u16, i32)], escape: Option<i32>| {
        lanes_of(Tables::new(8, 12, &[codes], escape.as_ref().map(std::slice::from_ref)), 0, 0)
    };
    let symbols: Vec<u16> = (0..500).map(|i| if i % 50 == 49 { 254 } else { 0 }).collect();
    let with_rare: Vec<u16> = (0..500).map(|i| if i % 97 == 96 { i } else { 0 } & 0xff).collect();
    let any: Vec<u16> = (0..400).map(|_| random.next() as u16 & 0xff).collect();
    let mut alone = Alone::default();
    let mut add = |name: &str, chunk_len: u64, symbols: &[u16], coding: Coding| {
        let entry = tensor(name, "U8", &[symbols.len() as u64], bytes_of_symbols(symbols));
        alone.add(entry, chunk_len, fields(0, &[field(8, coding)]));
    };
    add("one symbol of frequency 4096: no words", 70, &[200; 70], one(&[(200, 1)], None));
    add("the last symbol alone, of the highest level", 70, &[255; 70], one(&[(255, 127)], None));
    add("frequencies 4094, 1 and an unused escape of 1", 500, &symbols, one(&[(0, 127), (254, 1)], Some(1)));
    add("escapes", 260, &with_rare, one(&[(0, 127)], Some(80)));
    add("an escape alone", 400, &any, one(&[], Some(50)));
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 64)).collect();
    add("256 symbols alike", 400, &any, one(&alike, None));
    let most: Vec<(u16, i32)> = (0..255).map(|symbol| (symbol, 1 + symbol as i32 % 127)).collect();
    add("255 symbols and the escape", 400, &any, one(&most, Some(127)));
    for precision in 9..=12 {
        let last = ((1u32 << (32 - 2 * precision)) - 1).min(4095) as u16;
        let mut named: Vec<(u16, i32)> = (0..255).map(|i| (i * (last / 255), 40 + i as i32 % 50)).collect();
        named.push((last, 127));
        let coding = lanes_of(Tables::new(12, precision as u8, &[&named], None), 0, 0);
        let symbols: Vec<u16> = (0..500).map(|_| named[random.below(256) as usize].0).collect();
        let bytes: Vec<u8> = symbols.iter().flat_map(|symbol| symbol.to_le_bytes()).collect();
        alone.add(
            tensor(&format!("256 symbols up to {last}, precision {precision}"), "U16", &[500], bytes),
            300,
            fields(0, &[field(4, Coding::Constant(0)), field(12, coding)]),
        );
    }
    all.push(alone.vector("s09-lanes-tables", "tables of one symbol, of all, of an escape alone, of 256 entries"));

    let mut entries = Vec::new();
    let mut items = Vec::new();
    for (interval, rate, count, least) in [
        (8, 1, 3000, 0),
        (8, 8, 3000, 5),
        (9, 4, 2048, 9),
        (10, 3, 1025, 3),
        (11, 2, 2048, 0),
        (8, 2, 256, 0),
        (8, 2, 257, 0),
    ] {
        let half = count / 2;
        let symbols: Vec<u16> =
            (0..count).map(|i| if i < half { random.skewed(6) } else { 63 - random.skewed(6) }).collect();
        let coding = lanes_for(&symbols, 8, least, interval, rate);
        // has two chunks if there are enough symbols; the frequencies start again in the second one
        items.push(segment(&[entries.len()], (half + 400).min(count), fields(0, &[field(8, coding)])));
        entries.push(tensor(
            &format!("interval {interval}, rate {rate}, {count} symbols"),
            "U8",
            &[count],
            bytes_of_symbols(&symbols),
        ));
    }
    // an entry that does not occur has the frequency 1, and the entry that always occurs has all the rest
    let table = Tables::new(4, 12, &[&[(0, 1), (1, 127), (2, 1), (3, 1)]], None);
    let symbols: Vec<u16> = (0..4000).map(|i| if i == 3999 { 3 } else { 0 }).collect();
    let packed = pack(&symbols, 4);
    entries.push(tensor("far from its table", "F4", &[4000], packed));
    items.push(segment(&[entries.len() - 1], 4000, fields(0, &[field(4, lanes_of(table, 8, 1))])));
    all.push(Vector::new("s10-2-lanes-adaptive", "frequencies that follow the symbols", entries, items));

    let symbols: Vec<u16> = (0..70_000u32).map(|i| (random.skewed(3) + (i / 10_000) as u16) & 15).collect();
    let entries = vec![tensor("x", "F4", &[70_000], pack(&symbols, 4))];
    let coding = lanes_for(&symbols, 4, 0, 16, 1);
    let items = vec![segment(&[0], 70_000, fields(0, &[field(4, coding)]))];
    all.push(Vector::new("s10-2-lanes-longest-interval", "interval 16: one change of the frequencies", entries, items));
}

pub(crate) fn adaptive_contexts(all: &mut Vec<Vector>) {
    let mut random = Random(13);
    let mut alone = Alone::default();
    for (interval, rate, precision, chunk_len, escape) in [
        (8, 1, 12, 4000, None),
        (8, 8, 9, 2500, Some(60)),
        (9, 3, 10, 4000, Some(1)),
        (10, 5, 11, 4000, None),
        (8, 4, 12, 256, Some(60)),
        (11, 2, 9, 4000, Some(127)),
    ] {
        // The first 1024 symbols all have context 1. After them several contexts occur, and reach enough counts at
        // different times.
        let contexts: Vec<usize> = (0..4000u64)
            .map(|i| match i / 512 {
                0 | 1 => 1,
                2 => (i % 2) as usize,
                _ => [0, 0, 0, 0, 1, 1, 2, 3][random.below(8) as usize].min(random.below(40) as usize),
            })
            .collect();
        let spread: Vec<(u16, i32)> = (0..40).map(|s| (s, 40 + (s * 7 % 60) as i32)).collect();
        let escapes = escape.map(|code| [code, 0, code, code]);
        let codes = [&spread[..], &spread[..20], &spread[7..9], &spread[3..40]];
        let tables = Tables::new(6, precision, &codes, escapes.as_ref().map(|escapes| &escapes[..]));
        let symbols = drawn(&mut random, &tables, &contexts);
        let words: Vec<u64> = contexts.iter().zip(&symbols).map(|(&c, &s)| (c as u64) << 6 | u64::from(s)).collect();
        let coding = Coding::Lanes { source: by_field(0, &[1, 2, 3]), tables, interval, rate };
        let name = format!("interval {interval}, rate {rate}, precision {precision}, chunks of {chunk_len}");
        let fields = fields(0, &[field(2, Coding::Raw), field(6, coding)]);
        alone.add(tensor(&name, "U8", &[4000], pack_words(&words, 8)), chunk_len, fields);
    }
    all.push(
        alone.vector(
            "s10-2-lanes-contexts",
            "frequencies that follow the symbols of their context, over several blocks",
        ),
    );
}

/// Draws symbols below 16, mostly 0. The other symbols change with every block of 2^`interval` symbols.
pub(crate) fn changing(random: &mut Random, count: usize, interval: u8, rare: u64) -> Vec<u16> {
    let symbol = |i: usize| match random.below(rare) {
        0 => 1 + ((i >> interval) % 4 * 4) as u16 + random.below(3) as u16,
        _ => 0,
    };
    (0..count).map(symbol).collect()
}

/// Returns a table of sixteen symbols, of which 0 is the most frequent.
pub(crate) fn sixteen(width: u32, precision: u8) -> Tables {
    let codes: Vec<(u16, i32)> = (0..16).map(|symbol| (symbol, if symbol == 0 { 90 } else { 50 })).collect();
    Tables::new(width, precision, &[&codes], None)
}

/// Asserts that each of these wrong rules for counting gives another stream.
pub(crate) fn assert_told_apart(
    symbols: &[u16],
    contexts: &[usize],
    tables: &Tables,
    interval: u8,
    rate: u8,
    wrong: &[Counting],
) {
    let right = lanes(symbols, contexts, tables, interval, rate).write();
    for (number, &wrong) in wrong.iter().enumerate() {
        let wrong = lanes_counting(symbols, contexts, tables, interval, rate, wrong).write();
        assert!(wrong != right, "interval {interval}: counting {number} makes no difference");
    }
}

pub(crate) fn counted() -> Vector {
    let mut random = Random(61);
    let mut alone = Alone::default();
    // so long that one block has too few counts (except for interval 8), and the next block has enough together with it
    for (interval, rate, count) in
        [(8, 1, 3000), (8, 3, 2500), (9, 2, 3000), (10, 1, 6000), (11, 1, 11_000), (13, 1, 50_000)]
    {
        let symbols = changing(&mut random, count, interval, 6);
        let tables = sixteen(4, 12);
        if interval > 8 {
            let always_due = Counting { due: |_| 1, ..Counting::RIGHT };
            assert_told_apart(&symbols, &vec![0; count], &tables, interval, rate, &[always_due]);
        }
        let name = format!("interval {interval}, rate {rate}, {count} symbols");
        let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
        let fields = Fields::of(0, &[field(4, lanes_of(tables, interval, rate))]);
        alone.add_words(&name, ("F4", &[count as u64]), count as u64, &words, fields);
    }
    // symbols are counted from the start of the chunk, and only those of the field
    let coding = |width: u32| field(width, lanes_of(sixteen(width, 11), 8, 1));
    let symbols = |random: &mut Random, count: usize| changing(random, count, 8, 6).into_iter().map(u64::from);
    let words: Vec<u64> = symbols(&mut random, 2600).collect();
    alone.add_words("chunks of 1000", ("U8", &[2600]), 1000, &words, Fields::of(0, &[coding(8)]));
    let steps = Steps { mask: mask(200, 1, 1, bits(false, 30)), ..Steps::default() };
    let words: Vec<u64> =
        symbols(&mut random, 3000).map(|symbol| if random.below(3) == 0 { 200 } else { symbol }).collect();
    let fields = Fields { steps, ..Fields::of(0, &[coding(8)]) };
    alone.add_words("values that a mask keeps", ("U8", &[3000]), 2000, &words, fields);
    let words: Vec<u64> = symbols(&mut random, 1400).collect();
    let zeros = |width: u32| field(width, Coding::Constant(0));
    let fields = Fields::of(0, &[zeros(16), zeros(12), coding(4)]);
    alone.add_words("words of a C64", ("C64", &[700]), 500, &words, fields);
    alone.vector("s10-2-lanes-counted", "one group of lanes in eight is counted, and a block may have too few of them")
}

pub(crate) fn counted_contexts() -> Vector {
    let mut random = Random(62);
    let mut alone = Alone::default();
    for (rate, precision, escape) in [(1, 12, false), (3, 9, true), (8, 11, true)] {
        let mut counts = 0;
        let contexts: Vec<usize> = (0..4000)
            .map(|i| {
                if !(Counting::RIGHT.counted)(i) {
                    // a context that most symbols have, but almost none of the counted ones
                    return [0, 1, 2, 3, 3, 3][random.below(6) as usize];
                }
                counts += 1;
                match (i / 256, counts) {
                    // A context is due with 32 counts. After the first block the contexts 1, 2 and 0 have 32, 31 and 1.
                    (0, ..=32) => 1,
                    (0, ..=63) => 2,
                    (0, _) => 0,
                    // The second block adds 1 count to context 2 and 31 to context 0.
                    (1, ..=65) => 2,
                    (1, _) => 0,
                    (2..12, _) => random.below(3) as usize,
                    (_, _) => random.below(4) as usize,
                }
            })
            .collect();
        let spread: Vec<(u16, i32)> = (0..30).map(|s| (s, 20 + (s * 7 % 60) as i32)).collect();
        let escapes = [60, 0, 90, 1];
        let codes = [&spread[..], &spread[..20], &spread[7..9], &spread[3..]];
        let tables = Tables::new(6, precision, &codes, escape.then_some(&escapes));
        let symbols = drawn(&mut random, &tables, &contexts);
        let [one_less, one_more] =
            [Counting { due: |_| 31, ..Counting::RIGHT }, Counting { due: |_| 33, ..Counting::RIGHT }];
        assert_told_apart(&symbols, &contexts, &tables, 8, rate, &[one_less, one_more]);
        let words: Vec<u64> = contexts.iter().zip(&symbols).map(|(&c, &s)| (c as u64) << 6 | u64::from(s)).collect();
        let coding = Coding::Lanes { source: by_field(0, &[1, 2, 3]), tables, interval: 8, rate };
        let fields = Fields::of(0, &[field(2, Coding::Raw), field(6, coding)]);
        let name = format!("rate {rate}, precision {precision}");
        alone.add_words(&name, ("U8", &[4000]), 4000, &words, fields);
    }
    alone.vector(
        "s10-2-lanes-counted-contexts",
        "contexts that become due with just enough counts, at once or by and by",
    )
}

pub(crate) fn counted_longest() -> Vector {
    let mut random = Random(63);
    let mut alone = Alone::default();
    // The second block of the longest interval must have too few counts. This needs so large a content that there is no
    // `.bin` file, and tests compare only digests.
    let count = 200_500;
    let symbols = changing(&mut random, count, 16, 30);
    let tables = sixteen(8, 12);
    let always_due = Counting { due: |_| 1, ..Counting::RIGHT };
    assert_told_apart(&symbols, &vec![0; count], &tables, 16, 1, &[always_due]);
    let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
    let fields = Fields::of(0, &[field(8, lanes_of(tables, 16, 1))]);
    alone.add_words("x", ("U8", &[count as u64]), count as u64, &words, fields);
    alone.vector(
        "s10-2-lanes-counted-longest",
        "interval 16: after the second block too few are counted, after the third enough",
    )
}

pub(crate) fn lane_rules(list: &mut List) {
    list.begin("10");
    let (symbols, table) = some();
    let base = under_lanes(&symbols, &table, 0, 0);
    let stream = lanes(&symbols, &[0; 8], &table, 0, 0);
    assert!(stream.escape_count == 1);
    let mut with = |rule: &'static str, name: &str, breaks: &str, change: &dyn Fn(&mut LaneStream)| {
        list.rule(rule);
        let mut stream = stream.clone();
        change(&mut stream);
        let chunk = stream.write();
        list.change(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    };
    with("R10-1", "state-below-2-to-the-16", "an initial state of 2^16 - 1", &|stream| {
        stream.states[31] = (1 << 16) - 1
    });
    with("R10-1", "state-0", "an initial state of 0", &|stream| stream.states[3] = 0);
    with("R10.1-3", "final-state", "a final state other than 2^16", &|stream| stream.states[31] += 1);
    with("R10.1-3", "final-state-of-a-used-lane", "a final state other than 2^16", &|stream| stream.states[0] += 4096);
    with("R16.1-3", "words-beyond-the-chunk", "more words than the chunk has", &|stream| stream.word_count = 1000);
    with("R16.1-3", "words-2-to-the-63", "more words than the chunk has", &|stream| stream.word_count = 1 << 63);
    with("R10.1-2", "word-left-over", "a word left over", &|stream| {
        stream.words.push(0);
        stream.word_count += 1;
    });
    with("R16.1-3", "escapes-beyond-the-chunk", "more escapes than the chunk has", &|stream| stream.escape_count = 8);
    with("R16.1-3", "escapes-2-to-the-63", "more escapes than the chunk has", &|stream| stream.escape_count = 1 << 63);
    with("R10.1-2", "more-escapes-than-symbols", "more escapes than symbols", &|stream| {
        stream.escape_count = 9;
        stream.escapes = vec![9; 9];
    });
    with("R10.1-2", "escape-left-over", "an escape left over", &|stream| {
        stream.escape_count = 2;
        stream.escapes = vec![9; 2];
    });
    with("R10.1-2", "escape-missing", "an escape missing", &|stream| {
        stream.escape_count = 0;
        stream.escapes.clear();
    });
    with("R10.1-1", "escape-with-frequency", "an escaped symbol that has a frequency", &|stream| {
        stream.escapes = vec![2]
    });
    with("R16.1-3", "states-missing", "fewer than 32 states", &|stream| {
        stream.states.truncate(20);
        (stream.words, stream.escapes) = (vec![], vec![]);
        (stream.word_count, stream.escape_count) = (0, 0);
    });
    // the symbol has a frequency, but in the table of the other context
    list.rule("R10.1-1");
    let tables = Tables::new(8, 12, &[&[(1, 100), (2, 87)], &[(1, 100), (5, 87)]], Some(&[60, 60]));
    let words = [0x0001u16, 0x0101, 0x0102, 0x0105];
    let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let items = vec![segment(&[0], 4, Representation::Fields(in_contexts(&tables)))];
    let two = Vector::new("", "", vec![tensor("x", "U16", &[4], bytes)], items);
    list.change(
        &two,
        "escape-with-frequency-in-its-context",
        CORRUPT,
        "an escaped symbol that has a frequency",
        |parts| {
            let chunk = &mut parts.segment().chunks[0];
            assert!(chunk.ends_with(&[2]));
            *chunk.last_mut().unwrap() = 5;
        },
    );
    list.rule("R10.1-2");
    let long: Vec<u16> = (0..200).map(|i| (i * 37) & 0xff).collect();
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 1)).collect();
    let all = Tables::new(8, 12, &[&alike], None);
    let base = under_lanes(&long, &all, 0, 0);
    let stream = lanes(&long, &[0; 200], &all, 0, 0);
    for missing in [1, 2, stream.words.len()] {
        let mut stream = stream.clone();
        stream.words.truncate(stream.words.len() - missing);
        stream.word_count -= missing as u64;
        let name = format!("words-missing-{}", if missing > 2 { "all".to_owned() } else { missing.to_string() });
        list.change(&base, &name, CORRUPT, "words that are missing", |parts| {
            parts.segment().chunks = vec![stream.write()]
        });
    }
    let unescaped = under_lanes(&[1, 1, 1, 1], &Tables::new(8, 12, &[&[(1, 1)]], None), 0, 0);
    list.change(&unescaped, "escapes-without-escape", CORRUPT, "escapes, where the table has none", |parts| {
        parts.segment().chunks[0][1] = 1;
        parts.segment().chunks[0].push(7);
    });
    list.begin("10.2");
    list.rule("R10.2-1");
    let (symbols, table) = some();
    for (interval, rate) in [(0, 1), (7, 1), (17, 1), (8, 0), (8, 9), (255, 255), (1, 4)] {
        // coded without adaptation, because eight symbols are less than a block
        let base = under_lanes(&symbols, &table, 0, 0);
        list.change(&base, &format!("interval-{interval}-rate-{rate}"), CORRUPT, "interval or rate", |parts| {
            parts.segment().parameters[7..9].copy_from_slice(&[interval, rate]);
        });
    }
    let long: Vec<u16> = (0..600).map(|i| if i % 7 == 0 { 2 } else { 1 }).collect();
    let base = under_lanes(&long, &table, 8, 3);
    list.rule("R10.1-2");
    list.change(&base, "not-adapted", CORRUPT, "lanes coded with another rate than the head says", |parts| {
        parts.segment().parameters[8] = 4;
    });
}

pub(crate) fn counting_rules(list: &mut List) {
    list.begin("10.2");
    list.rule("R10.1-3");
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
        // the fourth block has too few counts
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
