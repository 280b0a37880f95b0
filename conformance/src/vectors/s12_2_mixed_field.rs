//! Section 12.2: mixed fields.

use crate::encoder::class_field::ClassField;
use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::mixed_field::MixedField;
use crate::encoder::source::Source;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::{spoiled, under, words_at};
use crate::vectors::build::{Alone, by_class, by_field, fields, tensor};
use crate::vectors::good::Vector;
use crate::vectors::series::{near_one, series, symbols_of};
use crate::vectors::zeros::{ONE, Zeros, zeros_in};
use crate::wire::bits::{pack, pack_words};
use crate::wire::dtypes::{DTYPES, dtype};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    mixed_kinds(all);
    mixed_predictor(all);
    mixed_columns(all);
    mixed_escapes(all);
    mixed_contexts(all);
    mixed_dtypes(all);
    mixed_extremes(all);
    mixed_long(all);
}

/// Returns parameters with this kind and fraction, and simple values for the others.
pub fn mixed(kind: u8, fraction: u8) -> MixedField {
    MixedField { kind, fraction, shift: 5, period: 1, distances: vec![1], ..MixedField::default() }
}

impl Alone {
    /// Adds a tensor with one mixed field, below a constant field of zeros.
    fn add_mixed(&mut self, name: &str, symbols: &[u16], width: u32, chunk_len: u64, mixed: MixedField) {
        let w = if width <= 8 { 8 } else { 16 };
        let mut parts = vec![field(width, Coding::MixedField { source: Source::Nothing, mixed })];
        if width < w {
            parts.insert(0, field(w - width, Coding::Constant(0)));
        }
        let words: Vec<u64> = symbols.iter().map(|&symbol| symbol.into()).collect();
        let dtype = if w == 8 { "U8" } else { "U16" };
        let entry = tensor(name, dtype, &[symbols.len() as u64], pack_words(&words, w));
        self.add(entry, chunk_len, fields(0, &parts));
    }
}

pub(crate) fn mixed_kinds(all: &mut Vec<Vector>) {
    let mut random = Random(14);
    let mut alone = Alone::default();
    for (kind, fraction, width) in [
        // the window has all magnitudes
        (0, 0, 1),
        (0, 0, 4),
        (0, 3, 7),
        (0, 4, 4),
        (1, 0, 2),
        (1, 1, 2),
        (1, 4, 5),
        (1, 4, 9),
        (2, 0, 2),
        (2, 0, 8),
        (2, 0, 9),
        // the window has some of the magnitudes
        (0, 0, 8),
        (0, 1, 9),
        (0, 2, 10),
        (0, 3, 12),
        (0, 4, 12),
        (1, 0, 9),
        (1, 1, 10),
        (1, 2, 11),
        (1, 3, 12),
        (1, 4, 10),
        (2, 0, 10),
        (2, 0, 12),
    ] {
        let of = near_one(MixedField { columns: 40, ..mixed(kind, fraction) }, width);
        let symbols = symbols_of(&series(&mut random, 600, 40), &of, width);
        let kind = ["magnitudes", "floats", "integers"][usize::from(kind)];
        let name = format!("{kind} of {width} bits, fraction {fraction}, base {}", of.base);
        alone.add_mixed(&name, &symbols, width, 400, of);
    }
    for count in [1, 2, 3] {
        let of = near_one(mixed(1, 2), 11);
        let symbols = symbols_of(&series(&mut random, count, 10), &of, 11);
        alone.add_mixed(&format!("{count} floats"), &symbols, 11, count as u64, of);
    }
    all.push(alone.vector("s12-2-mixed-kinds", "mixed fields of each kind, fraction and several widths"));
}

pub(crate) fn mixed_predictor(all: &mut Vec<Vector>) {
    let mut random = Random(15);
    let mut alone = Alone::default();
    let up_to = |last: u64| (1..=last).collect::<Vec<_>>();
    for (period, shift, distances) in [
        (1, 5, vec![]),
        (1, 5, vec![1]),
        (1, 4, vec![1, 2, 3, 40, 80]),
        (3, 6, vec![1, 2, 3, 6]),
        (9, 5, up_to(9)),
        (16, 7, vec![4, 40]),
        (17, 3, vec![4, 40]),
        (20, 2, up_to(32)),
        (20, 5, vec![4, 299, 300, 301]),
        (1 << 22, 15, vec![1, 5]),
        (40, 1, vec![40]),
        (7, 1, up_to(32)),
        (1, 5, vec![5, 1000, 1 << 22]),
        (2, 5, (1..=32).map(|k| k << 17).collect()),
    ] {
        let of = MixedField { shift, period, distances, ..near_one(mixed(1, 2), 11) };
        let symbols = symbols_of(&series(&mut random, 700, 40), &of, 11);
        let name = format!("period {period}, shift {shift}, distances {:?}", of.distances);
        alone.add_mixed(&name, &symbols, 11, 600, of);
    }
    for kind in [0, 2] {
        let of = MixedField { period: 4, distances: vec![1, 5, 40], ..near_one(mixed(kind, 0), 9) };
        let symbols = symbols_of(&series(&mut random, 700, 40), &of, 9);
        alone.add_mixed(&format!("kind {kind}, distances {:?}", of.distances), &symbols, 9, 600, of);
    }
    all.push(
        alone.vector("s12-2-mixed-predictor", "phases, distances (also beyond the chunk) and shifts of the predictor"),
    );
}

pub(crate) fn mixed_columns(all: &mut Vec<Vector>) {
    let mut random = Random(16);
    let mut alone = Alone::default();
    for (columns, chunk_len, kind) in [
        (0, 1300, 0),
        (1, 1300, 1),
        (2, 1300, 2),
        (10, 1300, 0),
        (10, 1300, 1),
        (10, 335, 2),
        (40, 520, 1),
        (700, 650, 0),
        (65536, 1300, 1),
    ] {
        let of = MixedField { columns, ..near_one(mixed(kind, if kind == 2 { 0 } else { 2 }), 10) };
        // values whose mean is not 0
        let values: Vec<f64> = series(&mut random, 1300, 10).iter().map(|value| value + 0.5).collect();
        let symbols = symbols_of(&values, &of, 10);
        let name = format!("{columns} columns in chunks of {chunk_len}, kind {kind}");
        alone.add_mixed(&name, &symbols, 10, chunk_len, of);
    }
    all.push(alone.vector("s12-2-mixed-columns", "means of columns: none, one, those of a row, more than a chunk has"));
}

pub(crate) fn mixed_escapes(all: &mut Vec<Vector>) {
    let mut random = Random(17);
    let mut alone = Alone::default();
    for (kind, fraction, width) in [(0, 2, 12), (1, 0, 9), (1, 3, 12), (2, 0, 12)] {
        let of = near_one(mixed(kind, fraction), width);
        let mask = ((1u32 << width) - 1) as u16;
        let values = symbols_of(&series(&mut random, 600, 10), &of, width);
        // random symbols, some in runs and some alone
        let any = |random: &mut Random, i: usize| i / 50 % 4 == 3 || random.below(20) == 0;
        let symbols: Vec<u16> =
            (0..600).map(|i| if any(&mut random, i) { random.next() as u16 & mask } else { values[i] }).collect();
        let name = format!("some of kind {kind}, fraction {fraction}, {width} bits");
        alone.add_mixed(&name, &symbols, width, 400, of.clone());
        let every = MixedField { escape_each: 1, ..of.clone() };
        alone.add_mixed(&format!("every symbol, kind {kind}, fraction {fraction}"), &symbols[..300], width, 300, every);
        let some = MixedField { escape_each: 7, ..of };
        alone.add_mixed(
            &format!("every seventh at least, kind {kind}, fraction {fraction}"),
            &symbols[..300],
            width,
            300,
            some,
        );
    }
    let needless = MixedField { escape_each: 3, ..mixed(1, 4) };
    let symbols = symbols_of(&series(&mut random, 300, 10), &needless, 9);
    alone.add_mixed("where the window is all", &symbols, 9, 300, needless);
    all.push(alone.vector("s12-2-mixed-escapes", "escapes: single ones, runs, and some within the window"));
}

pub(crate) fn mixed_contexts(all: &mut Vec<Vector>) {
    let mut random = Random(18);
    let mut alone = Alone::default();
    let shape: &[u64] = &[20, 40];
    let cases: [(&str, u8, Vec<ClassField>, Source); 7] = [
        ("rows", 1, vec![random.class_field(1, 2, 1, &[shape], &[])], by_class(0, 0, 4)),
        ("rows and columns", 1, vec![random.class_field(1, 4, 0, &[shape], &[[1, 1]])], by_class(0, 0, 32)),
        ("the second class field", 0, vec![random.class_field(1, 6, 0, &[shape], &[]); 2], by_class(1, 3, 5)),
        ("integers by class", 2, vec![random.class_field(1, 6, 0, &[shape], &[])], by_class(0, 7, 2)),
        ("an earlier field", 1, vec![], by_field(0, &[1, 2, 7])),
        ("31 thresholds, integers", 2, vec![], by_field(1, &(1..32).map(|k| 8 * k).collect::<Vec<_>>())),
        ("magnitudes by field", 0, vec![], by_field(1, &[0, 200])),
    ];
    for (name, kind, class_fields, source) in cases {
        let of = MixedField { columns: 40, period: 3, distances: vec![1, 40], ..near_one(mixed(kind, 0), 9) };
        let mut fields = Fields { class_fields, ..Fields::of(0, &[]) };
        let (_, sums) = fields.classes_of(&[shape], 0, 800, 1);
        let mut values = series(&mut random, 800, 40);
        // the magnitudes depend on the contexts
        let before: Vec<u64> = (0..800).map(|_| random.skewed(3).into()).collect();
        let also: Vec<u64> = (0..800).map(|_| random.skewed(8).into()).collect();
        let contexts =
            source.of(&sums, &[before.iter().map(|&x| x as u16).collect(), also.iter().map(|&x| x as u16).collect()]);
        values.iter_mut().zip(contexts).for_each(|(value, context)| *value /= (1u64 << (context % 8)) as f64);
        let symbols = symbols_of(&values, &of, 9);
        let words: Vec<u64> =
            (0..800).map(|i| before[i] << 29 | also[i] << 21 | u64::from(symbols[i]) << 12 | i as u64).collect();
        fields.fields = vec![
            field(3, Coding::Raw),
            field(8, bits(false, 30)),
            field(9, Coding::MixedField { source, mixed: of }),
            // a field that has its contexts from the mixed field
            field(4, Coding::Bits { source: by_field(2, &[100, 256]), word_size: 1, limit: 40 }),
            field(8, Coding::Raw),
        ];
        alone.add(tensor(name, "U32", shape, pack_words(&words, 32)), 480, Representation::Fields(fields));
    }
    all.push(alone.vector("s12-2-mixed-contexts", "mixed fields with contexts from classes and from earlier fields"));
}

pub(crate) fn mixed_dtypes(all: &mut Vec<Vector>) {
    let mut random = Random(19);
    let mut alone = Alone::default();
    let mixed_field = |width: u32, kind: u8, fraction: u8| {
        let of =
            near_one(MixedField { columns: 20, period: 2, distances: vec![1, 2, 20], ..mixed(kind, fraction) }, width);
        field(width, Coding::MixedField { source: Source::Nothing, mixed: of })
    };
    let raw = |width: u32| field(width, Coding::Raw);
    for (name, parts) in [
        ("F4", vec![mixed_field(4, 1, 1)]),
        ("F6_E2M3", vec![mixed_field(6, 1, 3)]),
        ("F8_E4M3", vec![mixed_field(8, 1, 3)]),
        ("F8_E5M2", vec![mixed_field(8, 1, 2)]),
        ("U8", vec![mixed_field(8, 0, 0)]),
        ("I8", vec![mixed_field(8, 2, 0)]),
        ("I16", vec![mixed_field(12, 2, 0), raw(4)]),
        ("F16", vec![mixed_field(10, 1, 4), raw(6)]),
        ("BF16", vec![mixed_field(12, 1, 3), raw(4)]),
        ("F32", vec![mixed_field(11, 1, 2), raw(13), raw(8)]),
        ("C64", vec![mixed_field(9, 1, 0), raw(16), raw(7)]),
        ("F64", vec![mixed_field(12, 1, 0), mixed_field(4, 0, 0), raw(16), raw(16), raw(16)]),
    ] {
        let (_, _, bits, w) = DTYPES[usize::from(dtype(name))];
        let element_words = (bits / w) as usize;
        let first = match &parts[0].coding {
            Coding::MixedField { mixed, .. } => {
                symbols_of(&series(&mut random, 400 * element_words, 20), mixed, parts[0].width)
            }
            _ => unreachable!("all begin with a mixed field"),
        };
        let rest = w - parts[0].width;
        let words = first.iter().map(|&symbol| u64::from(symbol) << rest | random.next() & ((1 << rest) - 1));
        let entry = tensor(name, name, &[20, 20], pack_words(&words.collect::<Vec<_>>(), w));
        // a multiple of 8, because elements of 4 and 6 bits need whole bytes
        alone.add(entry, 264, fields(0, &parts));
    }
    // mixed fields work with any transform
    for transform in [1, 2] {
        let values: Vec<u64> = (0..300).map(|_| random.skewed(16).into()).collect();
        let parts = [mixed_field(10, 2, 0), mixed_field(6, 0, 1)];
        let entry = tensor(&format!("transform {transform}"), "I16", &[300], pack_words(&values, 16));
        alone.add(entry, 300, fields(transform, &parts));
    }
    all.push(alone.vector("s12-2-mixed-dtypes", "mixed fields in words of many dtypes"));
}

pub(crate) fn mixed_extremes(all: &mut Vec<Vector>) {
    let mut random = Random(20);
    let mut alone = Alone::default();
    let far = |of: &MixedField, width: u32| [0, of.last_base(width)];
    for (kind, fraction, width) in [(0, 0, 12), (0, 4, 12), (1, 0, 12), (1, 1, 12), (1, 4, 12), (2, 0, 12), (1, 0, 9)] {
        for base in far(&mixed(kind, fraction), width) {
            let distances = vec![1, 2, 3, 5, 8, 13];
            let of = MixedField { base, shift: 1, columns: 7, period: 5, distances, ..mixed(kind, fraction) };
            let mask = ((1u32 << width) - 1) as u16;
            // random symbols, then the lowest and the highest ones, then single high symbols far apart
            let symbols: Vec<u16> = (0..600u32)
                .map(|i| match i / 200 {
                    0 => random.next() as u16 & mask,
                    1 => [0, mask, mask >> 1, mask & !(mask >> 1)][random.below(4) as usize],
                    _ => {
                        if i % 50 == 0 {
                            mask >> 1
                        } else {
                            1 << fraction
                        }
                    }
                })
                .collect();
            let name = format!("kind {kind}, fraction {fraction}, base {base}, {width} bits");
            alone.add_mixed(&name, &symbols, width, 600, of);
            if kind == 2 {
                break;
            }
        }
    }
    // values of 64 among values of almost 2^20 drive the weights of the predictor, and so its predictions, to their
    // bounds
    for (sign, shift) in [(0, 1), (1, 1), (0, 2), (1, 5)] {
        let of = MixedField { shift, distances: (1..=32).collect(), ..mixed(1, 0) };
        let symbols: Vec<u16> = (0..700u32)
            .map(|i| match i % 70 {
                0..33 => 2,
                33 | 34 => 0x80 * sign + 15,
                35..60 => (random.below(2) as u16 * 0x80) + 15,
                _ => random.below(256) as u16,
            })
            .collect();
        alone.add_mixed(&format!("predictions out of range, sign {sign}, shift {shift}"), &symbols, 8, 700, of);
    }
    all.push(alone.vector("s12-2-mixed-extremes", "bases at both ends, and values that drive what has bounds to them"));
}

pub(crate) fn mixed_long(all: &mut Vec<Vector>) {
    let mut random = Random(21);
    let mut alone = Alone::default();
    // drives probabilities, counts and uses to their bounds; then the symbols change
    let of = MixedField { period: 2, distances: vec![1, 2], columns: 2, ..near_one(mixed(1, 1), 8) };
    let symbols: Vec<u16> = (0..9000u32)
        .map(|i| match i {
            0..4000 => 0x20,
            4000..8000 => 0xff,
            _ => random.skewed(8),
        })
        .collect();
    alone.add_mixed("two values", &symbols, 8, 9000, of);
    let of = MixedField { distances: (1..=9).collect(), columns: 90, period: 9, ..near_one(mixed(1, 2), 11) };
    let symbols = symbols_of(&series(&mut random, 6000, 90), &of, 11);
    alone.add_mixed("as weights may be", &symbols, 11, 6000, of);
    let of = MixedField { distances: vec![1, 90], columns: 90, ..mixed(2, 0) };
    let symbols = symbols_of(&series(&mut random, 5000, 90), &of, 8);
    alone.add_mixed("integers", &symbols, 8, 5000, of);
    // a slot that is used alone reaches its highest probability, 65519 ...
    let symbols: Vec<u16> = (0..20_000u32).map(|i| (i / 100 % 8) as u16 + u16::from(random.below(40) == 0)).collect();
    let of = MixedField { columns: 100, ..mixed(0, 0) };
    let coding = Coding::MixedField { source: Source::Nothing, mixed: of };
    let entry = tensor("no escape", "F4", &[20_000], pack(&symbols, 4));
    alone.add(entry, 20_000, fields(0, &[field(4, coding)]));
    // ... and its lowest one, 16
    let symbols: Vec<u16> = (0..2000u32)
        .map(|i| match i {
            0..1800 if i % 450 < 449 => 0b10101,
            _ => random.skewed(5),
        })
        .collect();
    let coding = Coding::MixedField { source: Source::Nothing, mixed: mixed(0, 0) };
    let entry = tensor("hardly anything but escapes", "F6_E3M2", &[2000], pack(&symbols, 6));
    alone.add(entry, 2000, fields(0, &[field(1, Coding::Constant(0)), field(5, coding)]));
    all.push(alone.vector("s12-2-mixed-long", "mixed fields so long that counts reach their limits"));
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    list.begin("12.2");
    let coding = |mixed: MixedField| Coding::MixedField { source: Source::Nothing, mixed };
    // below a constant field of zeros, if it has less than 8 bits
    let in_8_bits = |width: u32, coding: Coding| match width {
        8 => Fields::of(0, &[field(8, coding)]),
        _ => Fields::of(0, &[field(8 - width, Coding::Constant(0)), field(width, coding)]),
    };
    let symbols: Vec<u16> = (0..100).map(|i| (i * i) & 0x7f).collect();
    let good = MixedField { base: 3, columns: 10, period: 3, distances: vec![1, 10], ..mixed(1, 2) };
    let base = under(&symbols, coding(good.clone()));
    // the chunk can stay, because a decoder refuses the head first
    let with = |list: &mut List, name: &str, breaks: &str, width: u32, mixed: MixedField| {
        let parameters = in_8_bits(width, coding(mixed)).parameters();
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    };
    list.rule("R12.2-1");
    for kind in [3, 255] {
        with(
            list,
            &format!("kind-{kind}"),
            "a kind of symbols that there is not",
            8,
            MixedField { kind, ..good.clone() },
        );
    }
    // the window has 2^6 magnitudes and begins at 3 * 2^2
    let parts = |kind: u8, fraction: u8, base: u64| MixedField { base, ..mixed(kind, fraction) };
    list.rule("R12.2-2");
    with(list, "fraction-5", "a fraction of 5 bits", 8, parts(0, 5, 0));
    with(list, "fraction-255", "a fraction of 255 bits", 8, parts(0, 255, 0));
    with(list, "fraction-above-magnitude", "a fraction of 4 bits for a magnitude of 3", 3, parts(0, 4, 0));
    with(list, "fraction-above-magnitude-of-floats", "a fraction of 4 bits for a magnitude of 3", 4, parts(1, 4, 0));
    with(list, "fraction-of-integers", "integers with a fraction", 8, parts(2, 1, 0));
    with(list, "base-of-integers", "integers with a base", 8, parts(2, 0, 1));
    list.rule("R12.2-3");
    for (kind, fraction, width) in [(0, 0, 8), (0, 3, 8), (1, 0, 8), (1, 2, 8), (1, 4, 8), (0, 0, 4), (1, 0, 5)] {
        let base = parts(kind, fraction, 0).last_base(width) + 1;
        let name = format!("window-of-kind-{kind}-fraction-{fraction}-base-{base}-of-{width}-bits");
        with(list, &name, "a window beyond the magnitudes", width, parts(kind, fraction, base));
    }
    for log in [32, 62, 63] {
        let name = format!("base-2-to-the-{log}");
        with(list, &name, "a window beyond the magnitudes", 8, parts(1, 2, 1 << log));
    }
    with(list, "base-2-to-the-64-less-1", "a window beyond the magnitudes", 8, parts(1, 0, u64::MAX));
    list.rule("R12.2-4");
    for shift in [0, 16, 255] {
        with(list, &format!("shift-{shift}"), "the shift of a predictor", 8, MixedField { shift, ..good.clone() });
    }
    for (name, period) in [("0", 0), ("2-to-the-22-and-1", (1 << 22) + 1), ("2-to-the-63", 1 << 63)] {
        with(list, &format!("period-{name}"), "a period out of range", 8, MixedField { period, ..good.clone() });
    }
    for (name, columns) in [("65537", 65537), ("2-to-the-63", 1 << 63)] {
        with(list, &format!("columns-{name}"), "more than 65536 columns", 8, MixedField { columns, ..good.clone() });
    }
    list.rule("R12.2-5");
    for (name, breaks, distances) in [
        ("distances-33", "33 distances", (1..=33).collect::<Vec<_>>()),
        ("distances-255", "255 distances", (1..=255).collect()),
        ("distance-0", "a distance of 0", vec![0]),
        ("distances-equal", "two equal distances", vec![1, 7, 7]),
        ("distance-2-to-the-22-and-1", "a distance above 2^22", vec![(1 << 22) + 1]),
        ("distances-to-2-to-the-22-and-1", "distances that add up to more than 2^22", vec![1, 1 << 21, (1 << 22) + 1]),
        ("distance-2-to-the-63", "a distance above 2^22", vec![1, 1 << 63]),
        ("distances-that-wrap", "distances that add up to 2^64 and more", vec![9, 3]),
    ] {
        with(list, name, breaks, 8, MixedField { distances, ..good.clone() });
    }
    list.rule("R12.2-6");
    let of = |count: u64, width| field(width, coding(MixedField { distances: (1..=count).collect(), ..mixed(0, 0) }));
    let three = |last| zeros_in(&[of(32, 3), of(31, 3), of(last, 2)]);
    let zeros = Zeros { dtype: "U8", ..ONE };
    zeros.accepts(&three(1));
    list.zeros("mixed-fields-of-65-distances", CORRUPT, "mixed fields of 65 distances in all", &zeros, &three(2));
    list.rule("R12.2-1");
    with(list, "float-of-1-bit", "a sign without a magnitude", 1, parts(1, 0, 0));
    with(list, "integer-of-1-bit", "a sign without a magnitude", 1, parts(2, 0, 0));
    // the first 7 bytes are steps, counts, transform, width, coding and source; this number of bytes after them stays
    let head = base.parts().segment().parameters.clone();
    list.rule("R6-8");
    for kept in 0..head.len() - 7 {
        list.change(&base, &format!("mixed-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(7 + kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let mut half = chunk.clone();
    half.pop();
    let mut cases = spoiled(&chunk[words_at(&chunk)..], 4);
    cases.push(("half-a-word", "R16.1-3", "half a word", half));
    for (name, rule, breaks, chunk) in cases {
        list.rule(rule);
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    // so many words that a decoder with other parameters does not end exactly at the last word
    let long: Vec<u16> = (0..1000u32).map(|i| ((i * i) >> 3) as u16 & 0xff).collect();
    let base = under(&long, coding(good.clone()));
    list.rule("R11.2-2");
    for (name, breaks, other) in [
        ("other-kind", "coded as magnitudes, not as floats", MixedField { kind: 0, ..good.clone() }),
        ("other-base", "coded with another base than the head says", MixedField { base: 4, ..good.clone() }),
        ("other-shift", "coded with another shift than the head says", MixedField { shift: 9, ..good.clone() }),
        ("other-period", "coded with another period than the head says", MixedField { period: 2, ..good.clone() }),
        ("other-columns", "coded with other columns than the head says", MixedField { columns: 9, ..good.clone() }),
        (
            "other-distances",
            "coded with other distances than the head says",
            MixedField { distances: vec![2], ..good.clone() },
        ),
    ] {
        let parameters = Fields::of(0, &[field(8, coding(other))]).parameters();
        list.change(&base, &format!("mixed-{name}"), CORRUPT, breaks, |parts| parts.segment().parameters = parameters);
    }
}
