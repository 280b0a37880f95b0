//! Good vectors of the steps before fields: unpacking, masks, and the transform offset.

use super::Random;
use super::coders::{ClassField, Coding, Field, Fields, NO_ROWS, Source, Tables, bits, field, pack_words};
use super::good::{Alone, Vector, lanes_of, tensor};
use super::good_maps::{book, with_book};
use super::steps::{Mask, Steps, Unpack};
use super::wire::{DTYPES, Representation, dtype};

pub fn all() -> Vec<Vector> {
    vec![
        unpack_words(),
        unpack_runs(),
        unpack_classes(),
        mask_symbols(),
        mask_chunks(),
        mask_contexts(),
        mask_dtypes(),
        mask_unpacked(),
        offset(),
    ]
}

impl Alone {
    /// A tensor of these words.
    pub fn add_words(&mut self, name: &str, of: (&str, &[u64]), chunk_len: u64, words: &[u64], fields: Fields) {
        let w = DTYPES[usize::from(dtype(of.0))].3;
        self.add(tensor(name, of.0, of.1, pack_words(words, w)), chunk_len, Representation::Fields(fields));
    }
}

/// Fields of these widths: bits where they are narrow enough.
pub fn plain(widths: &[u32]) -> Vec<Field> {
    let of = |&width: &u32| field(width, if width <= 12 { bits(false, 30) } else { Coding::Raw });
    widths.iter().map(of).collect()
}

/// Widths that add up to `width`.
pub fn widths(width: u32) -> Vec<u32> {
    let mut widths = vec![8; width as usize / 8];
    widths.extend((!width.is_multiple_of(8)).then_some(width % 8));
    widths
}

/// Identity and plain fields after these steps.
pub fn after(steps: Steps, width: u32) -> Fields {
    Fields { steps, ..Fields::of(0, &plain(&widths(width))) }
}

/// Lanes that have a frequency for each symbol.
pub fn any_symbol(width: u32) -> Coding {
    let levels: Vec<(u16, i32)> = (0..1u16 << width).map(|symbol| (symbol, 90 - i32::from(symbol) / 4)).collect();
    lanes_of(Tables::new(width, 10, &[&levels], None), 0, 0)
}

pub fn mask(left_out: u64, group: u8, stride: u64, coding: Coding) -> Option<Mask> {
    Some(Mask { left_out, group, stride, coding })
}

/// Words of w bits that keep the bits above the last value of each run of G words 0.
pub fn packed(random: &mut Random, w: u32, unpack: &Unpack, shape: &[u64]) -> Vec<u64> {
    let run = usize::from(unpack.run);
    let apart = if unpack.axis == 0 { 1 } else { shape[1..].iter().product::<u64>() as usize };
    let used = unpack.values_each(w) * usize::from(unpack.bits);
    let count = shape.iter().product::<u64>() as usize;
    (0..count)
        .map(|i| {
            // the bits of this word that values have
            let before = i / apart % run * w as usize;
            let own = used.saturating_sub(before).min(w as usize) as u32;
            random.next() & u64::MAX.checked_shr(64 - own).unwrap_or(0)
        })
        .collect()
}

pub fn unpack(bits: u8, run: u8, axis: u8) -> Unpack {
    Unpack { bits, run, axis }
}

fn unpack_words() -> Vector {
    let mut random = Random(40);
    let mut alone = Alone::default();
    for (name, shape, b, chunk_len) in [
        ("U8", &[20, 30][..], 4, 300),
        ("U8", &[7, 11], 3, 100),
        ("I8", &[100], 1, 100),
        ("I16", &[31], 5, 40),
        ("U16", &[4, 5, 6], 8, 120),
        ("I32", &[3, 100], 4, 256),
        ("F32", &[50], 7, 60),
        ("U64", &[5, 5], 8, 30),
        ("F64", &[30], 3, 30),
        ("BOOL", &[60], 1, 60),
        ("F8_E4M3", &[60], 2, 70),
        ("I32", &[], 4, 1),
    ] {
        let unpack = unpack(b, 1, 0);
        let w = DTYPES[usize::from(dtype(name))].3;
        let words = packed(&mut random, w, &unpack, shape);
        let about = format!("{name} of rank {}, {b} bits", shape.len());
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        alone.add_words(&about, (name, shape), chunk_len, &words, after(steps, b.into()));
    }
    let mut vector = alone.vector("unpack-words", "several values in a word, with and without bits left over");
    // members that share a segment
    let unpack = unpack(3, 1, 0);
    let first = vector.entries.len();
    for (number, shape) in [&[][..], &[150], &[4, 50]].into_iter().enumerate() {
        let bytes = pack_words(&packed(&mut random, 16, &unpack, shape), 16);
        vector.entries.push(tensor(&format!("member {number}"), "U16", shape, bytes));
    }
    let steps = Steps { unpack: Some(unpack), ..Steps::default() };
    let fields = Representation::Fields(after(steps, 3));
    vector.items.push(super::good::segment(&[first, first + 1, first + 2], 260, fields));
    vector.items[0] = super::wire::Item::Manifest(vector.entries.len());
    vector
}

fn unpack_runs() -> Vector {
    let mut random = Random(41);
    let mut alone = Alone::default();
    for (name, shape, (b, run, axis), chunk_len) in [
        ("I32", &[4, 90][..], (3, 3, 0), 258),
        ("I32", &[90], (3, 3, 0), 100),
        ("U8", &[2, 3, 12], (6, 3, 0), 72),
        ("U8", &[400], (5, 8, 0), 264),
        ("U64", &[16], (7, 8, 0), 16),
        ("I8", &[10, 10], (7, 5, 0), 100),
        ("I32", &[6, 10], (3, 3, 1), 60),
        ("I32", &[12, 50], (3, 3, 1), 300),
        ("U16", &[10, 7], (5, 5, 1), 71),
        ("U32", &[4, 3, 5], (7, 2, 1), 60),
        ("U8", &[8, 1], (3, 8, 1), 8),
        ("U8", &[40, 16, 2], (8 - 1, 8, 1), 512),
    ] {
        let unpack = unpack(b, run, axis);
        let w = DTYPES[usize::from(dtype(name))].3;
        let words = packed(&mut random, w, &unpack, shape);
        let about = format!("{name} {shape:?}: {b} bits in runs of {run} along axis {axis}, chunks of {chunk_len}");
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        alone.add_words(&about, (name, shape), chunk_len, &words, after(steps, b.into()));
    }
    alone.vector("unpack-runs", "values that go through several words, side by side or one below the other")
}

/// A class field for a shape of values.
pub fn classes(random: &mut Random, depth: u8, shape: &[u64], groups: &[[u64; 2]]) -> ClassField {
    random.class_field(depth, 3, 1, &[shape], groups)
}

pub fn by_class(field: u8, contexts: u8) -> Source {
    Source::Class { field, shift: 0, contexts }
}

fn unpack_classes() -> Vector {
    let mut random = Random(42);
    let mut alone = Alone::default();
    for (shape, (b, run, axis), depth, groups, chunk_len) in [
        (&[40, 10][..], (4, 1, 0), 1, &[[1, 1], [2, 1]][..], 300),
        (&[40, 10], (4, 1, 0), 2, &[], 260),
        (&[400], (4, 1, 0), 1, &[[1, 1]], 257),
        (&[20, 30], (3, 3, 0), 1, &[[1, 2]], 300),
        (&[30, 20], (3, 3, 1), 1, &[[1, 1], [2, 1]], 300),
        (&[30, 20], (3, 3, 1), NO_ROWS, &[[0, 2]], 600),
        (&[6, 5, 20], (5, 3, 1), 2, &[[2, 1]], 300),
    ] {
        let unpack = unpack(b, run, axis);
        let of_values = unpack.shape(shape, 32);
        let words = packed(&mut random, 32, &unpack, shape);
        let classes = vec![classes(&mut random, depth, &of_values, groups)];
        let coding = Coding::Bits { source: by_class(0, 10), word: 0, limit: 40 };
        let steps = Steps { unpack: Some(unpack), ..Steps::default() };
        let fields = Fields { steps, classes, ..Fields::of(2, &[field(b.into(), coding)]) };
        let name = format!("{shape:?} to {of_values:?}, depth {depth}, groups {groups:?}");
        alone.add_words(&name, ("I32", shape), chunk_len, &words, fields);
    }
    alone.vector("unpack-classes", "rows and groups of the shape that the values have")
}

/// `count` words of w bits, of which about `kept` of 16 are not `left_out`.
pub fn sparse(random: &mut Random, count: usize, w: u32, left_out: u64, kept: u64) -> Vec<u64> {
    let word = |random: &mut Random| match random.below(16) < kept {
        true => random.next() >> (64 - w),
        false => left_out,
    };
    (0..count).map(|_| word(random)).collect()
}

fn mask_symbols() -> Vector {
    let mut random = Random(43);
    let mut alone = Alone::default();
    for (number, (group, stride, count, chunk_len)) in [
        (1, 1, 700u64, 300),
        (1, 13, 700, 700),
        (1, 1 << 22, 100, 100),
        (2, 1, 601, 601),
        (2, 3, 601, 300),
        (2, 500, 601, 601),
        (4, 1, 600, 400),
        (4, 7, 602, 301),
        (4, 30, 599, 599),
        (4, 1000, 599, 599),
        (8, 1, 1003, 1003),
        (8, 5, 1003, 500),
        (8, 1 << 22, 40, 40),
    ]
    .into_iter()
    .enumerate()
    {
        let left_out = if number % 2 == 0 { 0 } else { 77 };
        let values = sparse(&mut random, count as usize, 8, left_out, 5);
        for (name, coding) in
            [("raw", Coding::Raw), ("bits", bits(number % 2 == 0, 40)), ("lanes", any_symbol(group.into()))]
        {
            if (name == "lanes") == (number % 3 == 0) || name == "bits" {
                let steps = Steps { mask: mask(left_out, group, stride, coding), ..Steps::default() };
                let about = format!("{name}, {group} bits, stride {stride}, {count} values");
                alone.add_words(&about, ("U8", &[count]), chunk_len, &values, after(steps, 8));
            }
        }
    }
    // patterns of 2:4, and all kept in constants
    let pattern: Vec<u64> =
        (0..400).map(|i| if i % 4 == 1 || i % 4 == 2 { 1 + random.below(255) } else { 0 }).collect();
    let steps = Steps { mask: mask(0, 4, 1, Coding::Constant(0b0110)), ..Steps::default() };
    alone.add_words("constant pattern", ("U8", &[400]), 300, &pattern, after(steps, 8));
    let below: Vec<u64> =
        (0..40 * 10).map(|i| pattern[i / 40 * 4 % 400 / 4 + i % 10 * 4 + 1] * (i as u64 / 10 % 4 / 2)).collect();
    let steps = Steps { mask: mask(0, 4, 10, bits(false, 99)), ..Steps::default() };
    alone.add_words("pattern along the first axis", ("U8", &[40, 10]), 400, &below, after(steps, 8));
    alone.vector("mask-symbols", "mask symbols of 1 to 8 bits, near and far apart, in all codings")
}

fn mask_chunks() -> Vector {
    let mut random = Random(44);
    let mut alone = Alone::default();
    let some = sparse(&mut random, 256, 16, 0x8000, 3);
    let all: Vec<u64> = (0..256).map(|i| i * 3).collect();
    let none = vec![0x8000; 256];
    let one: Vec<u64> = (0..256).map(|i| if i == 255 { 5 } else { 0x8000 }).collect();
    let values = [&none[..], &some, &all, &none, &one, &some[..100]].concat();
    let count = values.len() as u64;
    for (name, group, coding) in [
        ("bits", 1, bits(false, 200)),
        ("raw", 1, Coding::Raw),
        ("lanes", 4, any_symbol(4)),
        ("bits of 8", 8, bits(true, 9)),
    ] {
        let steps = Steps { mask: mask(0x8000, group, 1, coding), ..Steps::default() };
        alone.add_words(name, ("BF16", &[count]), 256, &values, after(steps, 16));
    }
    for (name, value, kept) in [("nothing kept", 0x8000, 0), ("everything kept", 7, 1)] {
        let steps = Steps { mask: mask(0x8000, 1, 1, Coding::Constant(kept)), ..Steps::default() };
        alone.add_words(name, ("F16", &[300]), 300, &[value; 300], after(steps, 16));
    }
    // rows stay, where nothing else does
    let shape = [30, 20];
    let mut fields = after(Steps { mask: mask(0, 1, 1, bits(true, 30)), ..Steps::default() }, 16);
    fields.classes = vec![classes(&mut random, 1, &shape, &[[1, 1]])];
    alone.add_words("nothing kept, and rows", ("F16", &shape), 300, &[0; 600], fields);
    alone.vector("mask-chunks", "chunks of which nothing is kept, or all, or the last value alone")
}

fn mask_contexts() -> Vector {
    let mut random = Random(45);
    let mut alone = Alone::default();
    let shape: &[u64] = &[40, 25];
    for (group, stride, chunk_len) in
        [(1, 1, 1000), (1, 1, 333), (4, 1, 1000), (4, 25, 500), (2, 100, 999), (8, 3, 700)]
    {
        let classes = vec![classes(&mut random, 1, shape, &[[1, 1]]), classes(&mut random, 0, shape, &[[0, 1]])];
        let values = sparse(&mut random, 1000, 16, 0, 6);
        let mask_by = |source: Source| match stride {
            1 => Coding::Bits { source, word: 1, limit: 60 },
            _ => {
                let levels: Vec<Vec<(u16, i32)>> =
                    (0..8).map(|c| (0..1 << group).map(|s| (s, 60 + c + i32::from(s) % 7)).collect()).collect();
                let levels: Vec<&[(u16, i32)]> = levels.iter().map(|table| &table[..]).collect();
                Coding::Lanes { source, tables: Tables::new(group.into(), 11, &levels, None), interval: 8, rate: 4 }
            }
        };
        let top = Coding::Bits { source: by_class(0, 9), word: 0, limit: 30 };
        let low = Coding::Bits { source: Source::Field { field: 0, thresholds: vec![9, 200] }, word: 0, limit: 30 };
        let steps = Steps { mask: mask(0, group, stride, mask_by(by_class(1, 8))), ..Steps::default() };
        let fields = Fields { steps, classes, ..Fields::of(1, &[field(8, top), field(8, low)]) };
        let name = format!("{group} bits, stride {stride}, chunks of {chunk_len}");
        alone.add_words(&name, ("BF16", shape), chunk_len, &values, fields);
    }
    alone.vector("mask-contexts", "masks and kept values in contexts by class, the fields of kept values by each other")
}

fn mask_dtypes() -> Vector {
    let mut random = Random(46);
    let mut alone = Alone::default();
    for (code, name, _, w) in DTYPES.into_iter().filter(|row| row.1 != "C64") {
        let left_out = [0, 1 << (w - 1), u64::MAX >> (64 - w)][usize::from(code) % 3];
        let values = sparse(&mut random, 80, w, left_out, 4);
        let steps = Steps { mask: mask(left_out, 1 << (code % 4), 1, bits(false, 30)), ..Steps::default() };
        let fields = Fields { transform: code % 3, ..after(steps, w) };
        alone.add_words(name, (name, &[8, 10]), 80, &values, fields);
    }
    alone.vector("mask-dtypes", "a masked tensor of every dtype but C64, whatever is left out")
}

fn mask_unpacked() -> Vector {
    let mut random = Random(47);
    let mut alone = Alone::default();
    for (name, shape, (b, run, axis), group, chunk_len) in [
        ("U8", &[20, 30][..], (4, 1, 0), 1, 300),
        ("I32", &[12, 50], (3, 3, 1), 4, 300),
        ("I32", &[300], (3, 3, 0), 2, 300),
    ] {
        let unpack = unpack(b, run, axis);
        let w = DTYPES[usize::from(dtype(name))].3;
        let mut words = packed(&mut random, w, &unpack, shape);
        // many values are 0
        words.iter_mut().for_each(|word| *word &= random.next() & random.next());
        let steps = Steps { unpack: Some(unpack), mask: mask(0, group, 1, bits(false, 50)), ..Steps::default() };
        alone.add_words(
            &format!("{name}, {b} bits along axis {axis}, masks of {group}"),
            (name, shape),
            chunk_len,
            &words,
            after(steps, b.into()),
        );
    }
    alone.vector("mask-unpack", "masks of what unpacking gives")
}

fn offset() -> Vector {
    let mut random = Random(56);
    let mut alone = Alone::default();
    for (name, a) in [
        ("F4", 1),
        ("F6_E3M2", 63),
        ("U8", 128),
        ("I8", 255),
        ("U16", 0x7fff),
        ("F32", 0xffff_ffff),
        ("C64", 0x8000_0001),
        ("U64", u64::MAX),
        ("I64", 1 << 63),
        ("F64", 12345),
    ] {
        let w = DTYPES[usize::from(dtype(name))].3;
        let words: Vec<u64> = (0..48u64)
            .map(|i| if i < 8 { 0u64.wrapping_sub(a).wrapping_add(i % 4) } else { random.next() } & (u64::MAX >> (64 - w)))
            .collect();
        let fields = Fields { offset: a, ..Fields::of(3, &plain(&widths(w))) };
        let count = if name == "C64" { 24 } else { 48 };
        alone.add_words(&format!("{name} and {a}"), (name, &[count]), 48, &words, fields);
    }
    // symbol words, not values, are what it is added to
    let values: Vec<u64> = (0..200).map(|_| random.below(7) << 20).collect();
    for (bits, a) in [(3, 5), (3, 7), (4, 8), (1, 1)] {
        let values: Vec<u64> = values.iter().map(|value| if bits == 1 { value & (1 << 20) } else { *value }).collect();
        let steps = with_book(book("I32", (0, 1), bits, 20), &values, 200);
        let fields = Fields { offset: a, transform: 3, ..after(steps, bits.into()) };
        alone.add_words(&format!("numbers of {bits} bits and {a}"), ("I32", &[200]), 200, &values, fields);
    }
    alone.vector("offset", "the transform that adds a number, up to 2^u - 1")
}
