//! Good vectors of the lanes: how wide tables may be, and what is counted for adaptation.

use super::Random;
use super::coders::{
    Coding, Counting, Fields, Source, Tables, bits, field, lanes, lanes_counting, most_span, pack_words,
};
use super::good::{Alone, Vector, by_field, drawn, lanes_of, tensor};
use super::good_steps::mask;
use super::steps::Steps;
use super::wire::Representation;

pub fn all() -> Vec<Vector> {
    vec![spans(), counted(), counted_contexts(), counted_longest()]
}

/// U16: the context above a field of `width` bits that follows these tables.
fn add_drawn(
    alone: &mut Alone,
    random: &mut Random,
    name: &str,
    tables: Tables,
    contexts: &[usize],
    (interval, rate): (u8, u8),
) {
    let (width, count) = (tables.width, tables.levels.len() as u64);
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

fn spans() -> Vector {
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
        // no field is wide enough for more
        (9, 12, 0, 4096, false),
        (9, 12, 0, 4096, true),
    ] {
        let last = first + (symbols - 1);
        let ends = [(first, 1), (first + 1, 40), (first + symbols / 2, 60), (last - 1, 90), (last, 127)];
        let inner = [(first + 3, 70), (first + symbols / 3, 20), (last - 3, 90)];
        // of all slots, the last symbol's or the escape's
        let one: &[(u16, i32)] = if escape { &[] } else { &[(last, 1)] };
        for (kind, levels) in [("ends that occur", &ends[..]), ("ends that do not occur", &inner), ("one entry", one)] {
            let mut tables = Tables::new(width, precision, &[levels], escape.then_some(&[100]));
            (tables.first, tables.last) = (first, last);
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
        // the entries move with the context, between the ends that one of them has each
        let levels: Vec<Vec<(u16, i32)>> = (0..count)
            .map(|c| {
                let between = (0..9).map(|k| (first + (symbols - count) / 9 * k + c, 30 + i32::from(k * 7 + c)));
                between.chain((c + 1 == count).then_some((last, 80))).collect()
            })
            .collect();
        let levels: Vec<&[(u16, i32)]> = levels.iter().map(|table| &table[..]).collect();
        let escapes: Vec<i32> = (0..count).map(|c| 50 * i32::from(c % 3 != 1)).collect();
        let tables = Tables::new(width, precision, &levels, escape.then_some(&escapes)).with_drift(1);
        assert!(tables.span() == most_span(precision) || precision == 9);
        // the first contexts more often, so that they become due
        let contexts: Vec<usize> =
            (0..1000).map(|_| (random.next().trailing_zeros() as usize).min(usize::from(count) - 1)).collect();
        let name = format!("{count} contexts: {}", about(precision, width, first, symbols, escape));
        add_drawn(&mut alone, &mut random, &name, tables, &contexts, (8, 1));
    }
    alone.vector("lanes-spans", "tables of as many symbols from the first to the last as their precision allows")
}

/// Symbols below 16, mostly 0; the others change with every block of 2^interval.
fn changing(random: &mut Random, count: usize, interval: u8, rare: u64) -> Vec<u16> {
    let symbol = |i: usize| match random.below(rare) {
        0 => 1 + ((i >> interval) % 4 * 4) as u16 + random.below(3) as u16,
        _ => 0,
    };
    (0..count).map(symbol).collect()
}

/// Of sixteen symbols, 0 most often.
fn sixteen(width: u32, precision: u8) -> Tables {
    let levels: Vec<(u16, i32)> = (0..16).map(|symbol| (symbol, if symbol == 0 { 90 } else { 50 })).collect();
    Tables::new(width, precision, &[&levels], None)
}

/// Asserts that these symbols are coded in another way if any other than `right` is counted.
fn assert_told_apart(symbols: &[u16], contexts: &[usize], tables: &Tables, interval: u8, rate: u8, wrong: &[Counting]) {
    let right = lanes(symbols, contexts, tables, interval, rate).write();
    for (number, &wrong) in wrong.iter().enumerate() {
        let wrong = lanes_counting(symbols, contexts, tables, interval, rate, wrong).write();
        assert!(wrong != right, "interval {interval}: counting {number} makes no difference");
    }
}

fn counted() -> Vector {
    let mut random = Random(61);
    let mut alone = Alone::default();
    // each is so long that a block has too few counts (none for interval 8), and one after it enough together with them
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
    // what a symbol's number is counted from
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
    alone.vector("lanes-counted", "one group of lanes in eight is counted, and a block may have too few of them")
}

fn counted_contexts() -> Vector {
    let mut random = Random(62);
    let mut alone = Alone::default();
    for (rate, precision, escape) in [(1, 12, false), (3, 9, true), (8, 11, true)] {
        let mut counts = 0;
        let contexts: Vec<usize> = (0..4000)
            .map(|i| {
                if !(Counting::RIGHT.counted)(i) {
                    // a context that is hardly ever counted, though most symbols are in it
                    return [0, 1, 2, 3, 3, 3][random.below(6) as usize];
                }
                counts += 1;
                match (i / 256, counts) {
                    // by the end of the first block one has just enough counts, one lacks one and one all but one ...
                    (0, ..=32) => 1,
                    (0, ..=63) => 2,
                    (0, _) => 0,
                    // ... which the second brings
                    (1, ..=65) => 2,
                    (1, _) => 0,
                    (2..12, _) => random.below(3) as usize,
                    (_, _) => random.below(4) as usize,
                }
            })
            .collect();
        let spread: Vec<(u16, i32)> = (0..30).map(|s| (s, 20 + (s * 7 % 60) as i32)).collect();
        let escapes = [60, 0, 90, 1];
        let levels = [&spread[..], &spread[..20], &spread[7..9], &spread[3..]];
        let tables = Tables::new(6, precision, &levels, escape.then_some(&escapes));
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
    alone.vector("lanes-counted-contexts", "contexts that become due with just enough counts, at once or by and by")
}

fn counted_longest() -> Vector {
    let mut random = Random(63);
    let mut alone = Alone::default();
    // more bytes than are listed: the second block of the longest interval has too few counts
    let count = 200_500;
    let symbols = changing(&mut random, count, 16, 30);
    let tables = sixteen(8, 12);
    let always_due = Counting { due: |_| 1, ..Counting::RIGHT };
    assert_told_apart(&symbols, &vec![0; count], &tables, 16, 1, &[always_due]);
    let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
    let fields = Fields::of(0, &[field(8, lanes_of(tables, 16, 1))]);
    alone.add_words("x", ("U8", &[count as u64]), count as u64, &words, fields);
    alone.vector(
        "lanes-counted-longest",
        "interval 16: after the second block too few are counted, after the third enough",
    )
}
