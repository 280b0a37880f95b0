//! Fields, classes, tables, lanes and bits (sections 8 to 11), encoding only. Numbers go to the file as they are, right
//! or wrong.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::mixing::{MixedKept, MixedMask};
use super::steps::Steps;
use super::wire::{DTYPES, put_varint};

/// What a segment in fields says of itself (section 8).
#[derive(Clone, Default)]
pub struct Fields {
    pub steps: Steps,
    pub classes: Vec<ClassField>,
    pub transform: u8,
    /// Of transform 3.
    pub offset: u64,
    pub fields: Vec<Field>,
}

#[derive(Clone)]
pub struct Field {
    pub width: u32,
    pub coding: Coding,
}

/// How a field is coded (8.1).
#[derive(Clone)]
pub enum Coding {
    Raw,
    Constant(u64),
    Lanes { source: Source, tables: Tables, interval: u8, rate: u8 },
    Bits { source: Source, word: u8, limit: u8 },
    Mixed { source: Source, mixed: Mixed },
    MixedMask(MixedMask),
    MixedKept(MixedKept),
}

impl Coding {
    /// Code and parameters.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw => out.push(0),
            Self::Constant(value) => {
                out.push(1);
                put_varint(out, *value);
            }
            Self::Lanes { source, tables, interval, rate } => {
                out.push(2);
                source.write(out);
                out.extend([*interval, *rate]);
                tables.write(out);
            }
            Self::Bits { source, word, limit } => {
                out.push(3);
                source.write(out);
                out.extend([*word, *limit]);
            }
            Self::Mixed { source, mixed } => {
                out.push(4);
                source.write(out);
                mixed.write(out);
            }
            Self::MixedMask(mixed) => {
                out.push(5);
                mixed.write(out);
            }
            Self::MixedKept(mixed) => {
                out.push(6);
                mixed.write(out);
            }
        }
    }

    /// Where its contexts come from.
    pub fn source(&self) -> &Source {
        match self {
            Self::Lanes { source, .. } | Self::Bits { source, .. } | Self::Mixed { source, .. } => source,
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => &Source::Nothing,
        }
    }
}

pub fn field(width: u32, coding: Coding) -> Field {
    Field { width, coding }
}

pub fn bits(wide: bool, limit: u8) -> Coding {
    Coding::Bits { source: Source::Nothing, word: wide.into(), limit }
}

/// A class field (8.2).
#[derive(Clone, Default)]
pub struct ClassField {
    pub depth: u8,
    pub width: u8,
    pub order: u8,
    /// Classes of all rows of the segment.
    pub rows: Vec<u8>,
    pub groups: Vec<Group>,
}

#[derive(Clone, Default)]
pub struct Group {
    pub first: u64,
    pub axes: u64,
    pub classes: Vec<u8>,
}

/// The depth that says that there are no rows.
pub const NO_ROWS: u8 = 255;

fn product(dimensions: &[u64]) -> usize {
    dimensions.iter().product::<u64>() as usize
}

impl ClassField {
    /// Rows of a member of this shape.
    pub fn row_count(&self, shape: &[u64]) -> usize {
        product(&shape[..usize::from(self.depth).min(shape.len().saturating_sub(1))])
    }

    /// The row of an element of the segment, and its class sum.
    fn class(&self, shapes: &[&[u64]], element: usize) -> (usize, usize) {
        let (mut index, mut row) = (element, 0);
        for shape in shapes {
            if index >= product(shape) {
                index -= product(shape);
                row += self.row_count(shape);
                continue;
            }
            let mut sum = 0;
            if self.depth != NO_ROWS {
                row += index / (product(shape) / self.row_count(shape));
                sum += usize::from(self.rows[row]);
            }
            for group in &self.groups {
                let (f, g) = (group.first as usize, (group.first + group.axes) as usize);
                let number = index / product(&shape[g..]) % product(&shape[f..g]);
                sum += usize::from(group.classes[number]);
            }
            return (row, sum);
        }
        unreachable!("an element beyond the segment")
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.depth, self.width, self.order, self.groups.len() as u8]);
        for group in &self.groups {
            put_varint(out, group.first);
            put_varint(out, group.axes);
        }
        if !self.groups.is_empty() {
            let vectors: Vec<&[u8]> = self.groups.iter().map(|group| &group.classes[..]).collect();
            put_words(&self.words(&vectors), 2, out);
        }
    }

    /// A stream of these vectors.
    pub fn words(&self, vectors: &[&[u8]]) -> Vec<u8> {
        let mut coder = BitsEncoder::new(false);
        for vector in vectors {
            let mut trees = HashMap::new();
            let mut before = 0;
            for &class in *vector {
                let number = if self.order == 0 { 0 } else { before };
                let tree = trees.entry(number).or_insert_with(|| new_tree(self.width.into()));
                coder.tree(tree, class.into(), self.width.into(), 255);
                before = class;
            }
        }
        coder.finish()
    }
}

/// Words of `size` bytes after their number.
pub fn put_words(words: &[u8], size: usize, out: &mut Vec<u8>) {
    put_varint(out, (words.len() / size) as u64);
    out.extend(words);
}

/// Where the contexts of a field come from (8.3).
#[derive(Clone)]
pub enum Source {
    Nothing,
    Class {
        field: u8,
        shift: u8,
        contexts: u8,
    },
    Field {
        field: u8,
        thresholds: Vec<u64>,
    },
    /// These bytes in its place.
    Bytes(Vec<u8>),
}

impl Source {
    /// C.
    pub fn contexts(&self) -> usize {
        match self {
            Self::Nothing | Self::Bytes(_) => 1,
            Self::Class { contexts, .. } => usize::from(*contexts),
            Self::Field { thresholds, .. } => thresholds.len() + 1,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => out.push(0),
            Self::Class { field, shift, contexts } => out.extend([1, *field, *shift, *contexts]),
            Self::Field { field, thresholds } => {
                out.extend([2, *field, thresholds.len() as u8]);
                let mut before = 0;
                for &threshold in thresholds {
                    put_varint(out, threshold.wrapping_sub(before));
                    before = threshold;
                }
            }
            Self::Bytes(bytes) => out.extend(bytes),
        }
    }

    /// The contexts of a chunk's words, from their class sums by class field, and their symbols by field.
    pub fn of(&self, sums: &[Vec<usize>], symbols: &[Vec<u16>]) -> Vec<usize> {
        match self {
            Self::Nothing | Self::Bytes(_) => vec![0; symbols[0].len()],
            Self::Class { field, shift, contexts } => {
                let last = usize::from(*contexts) - 1;
                sums[usize::from(*field)].iter().map(|sum| (sum >> shift).min(last)).collect()
            }
            Self::Field { field, thresholds } => {
                let context = |symbol: u16| thresholds.iter().filter(|&&threshold| threshold <= symbol.into()).count();
                symbols[usize::from(*field)].iter().map(|&symbol| context(symbol)).collect()
            }
        }
    }
}

/// A level that says that it is not 0, and is 0.
pub const FALSE_ZERO: i32 = i32::MIN;

/// The value of a level (section 9).
pub fn value(level: i32) -> u64 {
    [256, 279, 304, 332, 362, 395, 431, 470][level as usize & 7] << (level >> 3) >> 4
}

/// The widest span of tables of a precision (section 9).
pub fn most_span(precision: u8) -> u64 {
    1 << (32 - 2 * precision)
}

/// The tables of a stream (section 9).
#[derive(Clone)]
pub struct Tables {
    pub width: u32,
    pub precision: u8,
    pub first: u16,
    pub last: u16,
    pub drift: i32,
    /// By context and symbol; 0 without an entry.
    pub levels: Vec<Vec<i32>>,
    /// By context; 0 without an entry.
    pub escapes: Option<Vec<i32>>,
}

impl Tables {
    /// Of these levels, by context.
    pub fn new(width: u32, precision: u8, levels: &[&[(u16, i32)]], escapes: Option<&[i32]>) -> Self {
        let mut all = vec![vec![0; 1 << width]; levels.len()];
        for (table, levels) in all.iter_mut().zip(levels) {
            levels.iter().for_each(|&(symbol, level)| table[usize::from(symbol)] = level);
        }
        let escapes = escapes.map(<[i32]>::to_vec);
        let mut tables = Self { width, precision, first: 0, last: 0, drift: 0, levels: all, escapes };
        tables.set_range();
        tables
    }

    /// From the first to the last symbol with a level.
    pub fn set_range(&mut self) {
        let named: Vec<u16> = (0..1 << self.width)
            .filter(|&symbol| self.levels.iter().any(|table| table[symbol as usize] != 0))
            .collect();
        (self.first, self.last) = (*named.first().unwrap_or(&0), *named.last().unwrap_or(&0));
    }

    /// With the greatest precision, at most its own, in which there is room for its symbols.
    pub fn in_slots(mut self) -> Self {
        while self.span() > most_span(self.precision) {
            self.precision -= 1;
        }
        self
    }

    /// What a slot has to tell apart: symbols from the first to the last, and an escape.
    pub fn span(&self) -> u64 {
        u64::from(self.last - self.first) + 1 + u64::from(self.escapes.is_some())
    }

    /// For symbols as they occur in their contexts; those that occur less than `least` times in one are escaped there.
    pub fn of(symbols: &[u16], contexts: &[usize], count: usize, width: u32, precision: u8, least: u64) -> Self {
        let mut levels = vec![vec![0; 1 << width]; count];
        let mut escapes = vec![0; count];
        for context in 0..count {
            let mut counts = vec![0u64; 1 << width];
            let inside = symbols.iter().zip(contexts).filter(|(_, c)| **c == context);
            inside.for_each(|(&symbol, _)| counts[usize::from(symbol)] += 1);
            let level = |count: u64| (1..=127).rev().find(|&level| value(level) <= 32 * count).expect("17 <= 32");
            let escaped: u64 = counts.iter().filter(|&&count| count < least).sum();
            for (to, &count) in levels[context].iter_mut().zip(&counts) {
                *to = if count > 0 && count >= least { level(count) } else { 0 };
            }
            escapes[context] = if escaped > 0 { level(escaped) } else { 0 };
            // a context that no symbol has needs an entry all the same
            if counts.iter().all(|&count| count == 0) {
                levels[context][0] = 1;
            }
        }
        let escapes = escapes.iter().any(|&level| level > 0).then_some(escapes);
        let mut tables = Self { width, precision, first: 0, last: 0, drift: 0, levels, escapes };
        tables.set_range();
        tables.in_slots()
    }

    pub fn with_drift(self, drift: i32) -> Self {
        Self { drift, ..self }
    }

    /// Symbols (the escape: none) and frequencies of a context's entries.
    pub fn entries(&self, context: usize) -> Vec<(Option<u16>, u64)> {
        let symbols = (0..1u16 << self.width).map(|symbol| (Some(symbol), self.levels[context][usize::from(symbol)]));
        let escape = self.escapes.iter().map(|escapes| (None, escapes[context]));
        let (names, values): (Vec<_>, Vec<u64>) =
            symbols.chain(escape).filter(|(_, level)| *level > 0).map(|(name, level)| (name, value(level))).unzip();
        names.into_iter().zip(normalise(&values, self.precision)).collect()
    }

    /// As the parameters have them.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.precision);
        put_words(&self.words(), 2, out);
    }

    /// The words of the stream, as bytes.
    pub fn words(&self) -> Vec<u8> {
        let mut coder = LevelCoder { coder: BitsEncoder::new(false), bits: HashMap::new(), trees: HashMap::new() };
        coder.halves(self.escapes.is_some().into(), 1);
        coder.halves(self.first.into(), self.width);
        coder.halves(self.last.into(), self.width);
        if self.levels.len() > 1 {
            coder.halves((self.drift + 8) as u32, 4);
        }
        let (first, last, d) = (i32::from(self.first), i32::from(self.last), self.drift);
        let level = |c: usize, s: i32| match (first..=last).contains(&s) {
            true => self.levels[c][s as usize].max(0),
            false => 0,
        };
        for c in 0..self.levels.len() {
            let above = |s: i32| if c == 0 { 0 } else { level(c - 1, s) };
            let mut difference_before = 0;
            for s in first..=last {
                let near = Near {
                    w: level(c, s - 1),
                    u: level(c, s - 2),
                    n: above(s - d),
                    m: above(s - d - 1),
                    r: above(s - d + 1),
                };
                let context = 16 * usize::from(c > 0)
                    + usize::from(near.w == 0)
                    + 2 * usize::from(near.u == 0)
                    + 4 * usize::from(near.n == 0)
                    + 8 * usize::from(near.r == 0);
                coder.level(self.levels[c][s as usize], &near, context, &mut difference_before);
            }
            if let Some(escapes) = &self.escapes {
                let near = Near { n: if c == 0 { 0 } else { escapes[c - 1].max(0) }, ..Near::default() };
                coder.level(escapes[c], &near, ESCAPE_CONTEXT, &mut difference_before);
            }
        }
        coder.coder.finish()
    }
}

/// The zero bit's context of the escape.
const ESCAPE_CONTEXT: usize = 32;

/// The levels near one: W, U, N, M and R of section 9.1.
#[derive(Default)]
struct Near {
    w: i32,
    u: i32,
    n: i32,
    m: i32,
    r: i32,
}

impl Near {
    /// The kind of prediction, and p.
    fn predict(&self) -> (usize, i32) {
        let Self { w, u, n, m, .. } = *self;
        if w != 0 && n != 0 && m != 0 {
            let (low, high) = (w.min(n), w.max(n));
            (
                0,
                if m <= low {
                    high
                } else if m >= high {
                    low
                } else {
                    w + n - m
                },
            )
        } else if n != 0 {
            (1, n)
        } else if u != 0 {
            (2, (w + (w - u) / 2).clamp(1, 127))
        } else {
            (3, w)
        }
    }
}

/// Levels on the narrow bits coder (9.1); contexts by what they are for and two numbers.
struct LevelCoder {
    coder: BitsEncoder,
    bits: HashMap<(&'static str, usize, usize), Adaptive>,
    trees: HashMap<bool, Vec<Adaptive>>,
}

impl LevelCoder {
    fn halves(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|k| self.coder.half(value >> k & 1 == 1));
    }

    fn adaptive(&mut self, bit: bool, context: (&'static str, usize, usize)) {
        self.coder.adaptive(self.bits.entry(context).or_insert(Adaptive::NEW), bit, 60);
    }

    fn level(&mut self, level: i32, near: &Near, zero_context: usize, difference_before: &mut i32) {
        self.adaptive(level == 0, ("zero", zero_context, 0));
        if level == 0 {
            return;
        }
        let level = if level == FALSE_ZERO { 0 } else { level };
        if near.w == 0 && near.n == 0 {
            let tree = self.trees.entry(zero_context == ESCAPE_CONTEXT).or_insert_with(|| new_tree(7));
            self.coder.tree(tree, level as u16, 7, 60);
            return;
        }
        let (kind, p) = near.predict();
        let h = match difference_before.abs() {
            0 => 0,
            1 | 2 => 1,
            _ => 2,
        };
        let k = 3 * kind + h;
        let difference = level - p;
        *difference_before = difference;
        self.adaptive(difference != 0, ("differs", k, 0));
        if difference == 0 {
            return;
        }
        self.adaptive(difference < 0, ("sign", k, 0));
        let magnitude = difference.unsigned_abs();
        let g = magnitude.ilog2() as usize;
        for i in 0..g {
            self.adaptive(true, ("length", k, i.min(7)));
        }
        self.adaptive(false, ("length", k, g.min(7)));
        for bit in (0..g).rev() {
            let value = magnitude >> bit & 1 == 1;
            if bit + 1 == g { self.adaptive(value, ("top", k, g)) } else { self.coder.half(value) }
        }
    }
}

impl Fields {
    pub fn of(transform: u8, fields: &[Field]) -> Self {
        Self { transform, fields: fields.into(), ..Self::default() }
    }

    /// The parameters in a segment's head.
    pub fn parameters(&self) -> Vec<u8> {
        let mut out = vec![self.steps.code()];
        self.steps.write_unpack(&mut out);
        out.push(self.classes.len() as u8);
        self.classes.iter().for_each(|class| class.write(&mut out));
        self.steps.write_mask_and_map(&mut out);
        out.push(self.transform);
        if self.transform == 3 {
            put_varint(&mut out, self.offset);
        }
        out.push(self.fields.len() as u8);
        for field in &self.fields {
            out.push(field.width as u8);
            field.coding.write(&mut out);
        }
        out
    }

    /// The classes of the rows of a chunk and the class sums of its words, for each class field. The chunk begins with
    /// element `from` of a segment whose members have these shapes.
    pub fn classes_of(
        &self,
        shapes: &[&[u64]],
        from: usize,
        elements: usize,
        words: usize,
    ) -> (Vec<Vec<u8>>, Vec<Vec<usize>>) {
        let of = |class: &ClassField| {
            let of_element: Vec<(usize, usize)> =
                (from..from + elements).map(|element| class.class(shapes, element)).collect();
            let mut rows: Vec<usize> = of_element.iter().map(|(row, _)| *row).collect();
            rows.dedup();
            let rows = if class.depth == NO_ROWS { vec![] } else { rows.iter().map(|&row| class.rows[row]).collect() };
            // both words of an element have its class
            (rows, of_element.iter().flat_map(|(_, sum)| vec![*sum; words]).collect())
        };
        self.classes.iter().map(of).unzip()
    }

    /// The coded bytes of a chunk that begins with element `from` of a segment of this dtype, with members of these shapes.
    pub fn encode(&self, bytes: &[u8], dtype: u8, shapes: &[&[u64]], from: usize) -> Vec<u8> {
        let (_, _, bits, w) = DTYPES[usize::from(dtype)];
        let words_each = (bits / w) as usize;
        let unpacked = self.steps.unpack(&words(bytes, w), w, shapes, from);
        let (values, from) = (&unpacked.values, unpacked.from);
        let shapes: Vec<&[u64]> = unpacked.shapes.iter().map(Vec::as_slice).collect();
        let (rows, sums) = self.classes_of(&shapes, from, values.len() / words_each, words_each);
        let mut out = Vec::new();
        for (class, rows) in self.classes.iter().zip(rows).filter(|(class, _)| class.depth != NO_ROWS) {
            put_words(&class.words(&[&rows]), 2, &mut out);
        }
        let kept = self.steps.kept(values);
        if let Some(mask) = &self.steps.mask {
            out.extend(mask.chunk(&kept, &sums));
        }
        let places: Vec<usize> = (0..values.len()).filter(|&i| kept[i]).collect();
        if places.is_empty() {
            return out;
        }
        let (mut symbol_words, u) = self.steps.map(values, unpacked.bits, &places, from, &mut out);
        if self.transform == 3 {
            let add = |x: &mut u64| *x = x.wrapping_add(self.offset) & (u64::MAX >> (64 - u));
            symbol_words.iter_mut().for_each(add);
        }
        let widths: Vec<u32> = self.fields.iter().map(|field| field.width).collect();
        let symbols = split(&symbol_words, self.transform, u, &widths);
        let sums: Vec<Vec<usize>> = sums.iter().map(|sums| places.iter().map(|&i| sums[i]).collect()).collect();
        for (field, own) in self.fields.iter().zip(&symbols) {
            match &field.coding {
                Coding::MixedKept(mixed) => put_words(&mixed.words(own, &kept, field.width), 4, &mut out),
                coding => out.extend(encode_field(own, &coding.source().of(&sums, &symbols), field)),
            }
        }
        out
    }
}

/// A field of a chunk.
pub fn encode_field(symbols: &[u16], contexts: &[usize], field: &Field) -> Vec<u8> {
    match &field.coding {
        Coding::Raw => pack(symbols, field.width),
        Coding::Constant(_) => Vec::new(),
        Coding::Lanes { tables, interval, rate, .. } => lanes(symbols, contexts, tables, *interval, *rate).write(),
        Coding::Bits { word, limit, .. } => {
            let mut out = Vec::new();
            let wide = *word == 1;
            put_words(&bit_trees(symbols, contexts, field.width, wide, *limit), if wide { 4 } else { 2 }, &mut out);
            out
        }
        Coding::Mixed { mixed, .. } => {
            let mut out = Vec::new();
            put_words(&mixed.words(symbols, contexts, field.width), 4, &mut out);
            out
        }
        Coding::MixedMask(_) | Coding::MixedKept(_) => panic!("a mask knows its bits, and kept values their mask"),
    }
}

/// Section 11.4: the words.
pub fn bit_trees(symbols: &[u16], contexts: &[usize], width: u32, wide: bool, limit: u8) -> Vec<u8> {
    let mut coder = BitsEncoder::new(wide);
    let mut trees = HashMap::new();
    for (&symbol, &context) in symbols.iter().zip(contexts) {
        coder.tree(trees.entry(context).or_insert_with(|| new_tree(width)), symbol, width, limit);
    }
    coder.finish()
}

/// The words of a chunk: unsigned integers of `width` bits.
pub fn words(bytes: &[u8], width: u32) -> Vec<u64> {
    let bit = |k: usize| u64::from(bytes[k / 8] >> (k % 8) & 1);
    let width = width as usize;
    (0..bytes.len() * 8 / width).map(|i| (0..width).fold(0, |word, k| word | bit(i * width + k) << k)).collect()
}

/// Bytes of these words.
pub fn pack_words(words: &[u64], width: u32) -> Vec<u8> {
    let width = width as usize;
    let mut out = vec![0; words.len() * width / 8];
    for bit in 0..words.len() * width {
        out[bit / 8] |= ((words[bit / width] >> (bit % width) & 1) as u8) << (bit % 8);
    }
    out
}

pub fn transform(kind: u8, x: u64, w: u32) -> u64 {
    let mask = u64::MAX >> (64 - w);
    match kind {
        1 => (x << 1 | x >> (w - 1)) & mask,
        2 if x >> (w - 1) == 0 => (2 * x) & mask,
        // with X = x - 2^w: -2X - 1 = 2^(w+1) - 2x - 1
        2 => 0u64.wrapping_sub(2u64.wrapping_mul(x)).wrapping_sub(1) & mask,
        _ => x,
    }
}

/// The symbols of each field.
pub fn split(words: &[u64], kind: u8, w: u32, widths: &[u32]) -> Vec<Vec<u16>> {
    let mut shift = w;
    let symbols = widths.iter().map(|width| {
        shift -= width;
        words.iter().map(|&x| (transform(kind, x, w) >> shift & ((1 << width) - 1)) as u16).collect()
    });
    symbols.collect()
}

/// Packed bits (section 1.2).
pub fn pack(values: &[u16], width: u32) -> Vec<u8> {
    let width = width as usize;
    let mut out = vec![0; (values.len() * width).div_ceil(8)];
    for (i, value) in values.iter().enumerate() {
        for k in 0..width {
            let at = i * width + k;
            out[at / 8] |= ((value >> k & 1) as u8) << (at % 8);
        }
    }
    out
}

/// A stream of the lane coder in its parts.
#[derive(Clone)]
pub struct LaneStream {
    pub word_count: u64,
    pub escape_count: u64,
    pub states: Vec<u32>,
    pub words: Vec<u16>,
    pub escapes: Vec<u8>,
}

impl LaneStream {
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.word_count);
        put_varint(&mut out, self.escape_count);
        out.extend(self.states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        out.extend(&self.escapes);
        out
    }
}

/// What is counted for adaptation (10.2).
#[derive(Clone, Copy)]
pub struct Counting {
    /// Whether symbol i of the chunk is.
    pub counted: fn(usize) -> bool,
    /// The counts that make a context due, by interval.
    pub due: fn(u8) -> u64,
}

impl Counting {
    pub const RIGHT: Self = Self {
        counted: |i| (i as u64 / 32 * 2_654_435_769) % (1 << 32) < 1 << 29,
        due: |interval| 1 << (interval - 3),
    };
}

/// Section 10.
pub fn lanes(symbols: &[u16], contexts: &[usize], tables: &Tables, interval: u8, rate: u8) -> LaneStream {
    lanes_counting(symbols, contexts, tables, interval, rate, Counting::RIGHT)
}

/// The same, but for what is counted.
pub fn lanes_counting(
    symbols: &[u16],
    contexts: &[usize],
    tables: &Tables,
    interval: u8,
    rate: u8,
    counting: Counting,
) -> LaneStream {
    let precision = tables.precision;
    let (names, mut frequencies): (Vec<Vec<Option<u16>>>, Vec<Vec<u64>>) =
        (0..tables.levels.len()).map(|context| tables.entries(context).into_iter().unzip()).unzip();
    let mut weights: Vec<Vec<u64>> =
        frequencies.iter().map(|table| table.iter().map(|f| f << (24 - precision)).collect()).collect();
    let mut counts: Vec<Vec<u64>> = frequencies.iter().map(|table| vec![0; table.len()]).collect();
    let mut escapes = Vec::new();
    // frequency and start of each symbol, at its time
    let mut places = Vec::new();
    for (i, (&symbol, &c)) in symbols.iter().zip(contexts).enumerate() {
        if interval > 0 && i > 0 && i % (1 << interval) == 0 {
            adapt(&mut frequencies, &mut weights, &mut counts, (counting.due)(interval), rate, precision);
        }
        let place = |name: Option<u16>| names[c].iter().position(|&other| other == name);
        let k = place(Some(symbol)).unwrap_or_else(|| {
            escapes.push(symbol);
            place(None).expect("a symbol without frequency needs an escape")
        });
        counts[c][k] += u64::from((counting.counted)(i));
        places.push((frequencies[c][k], frequencies[c][..k].iter().sum::<u64>()));
    }
    let mut states = vec![1u64 << 16; 32];
    let mut words = Vec::new();
    for (i, (frequency, start)) in places.into_iter().enumerate().rev() {
        let x = &mut states[i % 32];
        if *x >= frequency << (32 - precision) {
            words.push(*x as u16);
            *x >>= 16;
        }
        *x = ((*x / frequency) << precision) + *x % frequency + start;
    }
    words.reverse();
    LaneStream {
        word_count: words.len() as u64,
        escape_count: escapes.len() as u64,
        states: states.into_iter().map(|state| state as u32).collect(),
        words,
        escapes: pack(&escapes, tables.width),
    }
}

/// Section 10.2, at the end of a block.
fn adapt(
    frequencies: &mut [Vec<u64>],
    weights: &mut [Vec<u64>],
    counts: &mut [Vec<u64>],
    due: u64,
    rate: u8,
    precision: u8,
) {
    for c in 0..frequencies.len() {
        let n: u64 = counts[c].iter().sum();
        if n < due {
            continue;
        }
        let r = (1 << 32) / n;
        for (weight, count) in weights[c].iter_mut().zip(&counts[c]) {
            *weight = *weight - (*weight >> rate) + (((count * r) >> 8) >> rate);
        }
        let values: Vec<u64> = weights[c].iter().map(|weight| weight >> 8).collect();
        frequencies[c] = normalise(&values, precision);
        counts[c].fill(0);
    }
}

/// Section 10.3.
pub fn normalise(v: &[u64], precision: u8) -> Vec<u64> {
    let (m, whole) = (v.len() as u64, 1 << precision);
    let total: u64 = v.iter().sum();
    let e: Vec<u64> = v.iter().map(|v| (whole * v).saturating_sub(total)).collect();
    let ratio = ((whole - m) << 32).checked_div(e.iter().sum()).unwrap_or(0);
    let mut starts: Vec<u64> = Vec::new();
    let mut before = 0;
    for (k, e) in e.iter().enumerate() {
        starts.push(k as u64 + ((ratio * before) >> 32));
        before += e;
    }
    starts.push(whole);
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Section 11.3.
#[derive(Clone, Copy)]
pub struct Adaptive {
    pub p: u32,
    c: u32,
}

impl Adaptive {
    pub const NEW: Self = Self { p: 32768, c: 0 };

    fn update(&mut self, bit: bool, limit: u8) {
        let r = 131_072 / (2 * self.c + 3);
        self.p = if bit { self.p - ((self.p * r) >> 16) } else { self.p + (((65536 - self.p) * r) >> 16) };
        self.p = self.p.clamp(32, 65504);
        self.c += u32::from(self.c < u32::from(limit));
    }
}

/// The contexts of a tree of `width` bits, from 1 on.
pub fn new_tree(width: u32) -> Vec<Adaptive> {
    vec![Adaptive::NEW; 1 << width]
}

/// Section 11.2, both sizes.
pub struct BitsEncoder {
    /// B and P.
    word: u32,
    precision: u32,
    lower: u128,
    range: u128,
    /// The first word held back, and how many there are.
    held: Option<(u128, u64)>,
    out: Vec<u8>,
    empty: bool,
}

impl BitsEncoder {
    pub fn new(wide: bool) -> Self {
        let (word, precision) = if wide { (32, 16) } else { (16, 12) };
        let range = (1 << (2 * word)) - 1;
        Self { word, precision, lower: 0, range, held: None, out: Vec::new(), empty: true }
    }

    fn put(&mut self, word: u128) {
        self.out.extend_from_slice(&(word as u64).to_le_bytes()[..self.word as usize / 8]);
    }

    fn resolve(&mut self, wrapped: bool) {
        let Some((first, count)) = self.held.take() else { return };
        let all_ones = (1 << self.word) - 1;
        self.put((first + u128::from(wrapped)) & all_ones);
        (1..count).for_each(|_| self.put(if wrapped { 0 } else { all_ones }));
    }

    /// What bit 0 takes of the range.
    pub fn part_of_zero(&self, p: u32) -> u128 {
        (self.range >> self.precision) * u128::from(p >> (16 - self.precision))
    }

    /// `p`: the probability of a 0 in units of 2^-16. Returns whether a word was shifted out.
    pub fn bit(&mut self, bit: bool, p: u32) -> bool {
        self.empty = false;
        let modulus = 1u128 << (2 * self.word);
        let (scale, zero) = (self.range >> self.precision, self.part_of_zero(p));
        let old = self.lower;
        if bit {
            self.lower = (self.lower + zero) % modulus;
            self.range = (scale << self.precision) - zero;
        } else {
            self.range = zero;
        }
        if (self.lower + self.range) % modulus > self.lower {
            self.resolve(self.lower < old);
        }
        let shifts = self.range < 1 << self.word;
        if shifts {
            let word = self.lower >> self.word;
            self.lower = (self.lower << self.word) % modulus;
            self.range <<= self.word;
            match &mut self.held {
                Some((_, count)) => *count += 1,
                None if self.lower + self.range >= modulus => self.held = Some((word, 1)),
                None => self.put(word),
            }
        }
        shifts
    }

    pub fn half(&mut self, bit: bool) {
        self.bit(bit, 1 << 15);
    }

    pub fn adaptive(&mut self, context: &mut Adaptive, bit: bool, limit: u8) -> bool {
        let shifts = self.bit(bit, context.p);
        context.update(bit, limit);
        shifts
    }

    /// The contexts are those of `new_tree`.
    pub fn tree(&mut self, contexts: &mut [Adaptive], symbol: u16, width: u32, limit: u8) {
        let mut node = 1;
        for shift in (0..width).rev() {
            let bit = symbol >> shift & 1 == 1;
            self.adaptive(&mut contexts[node], bit, limit);
            node = 2 * node + usize::from(bit);
        }
    }

    /// The words, as bytes.
    pub fn finish(mut self) -> Vec<u8> {
        if self.empty {
            return self.out;
        }
        let modulus = 1u128 << (2 * self.word);
        let point = (self.lower + (1 << self.word) - 1) % modulus;
        self.resolve(point < self.lower);
        let word = point >> self.word;
        self.put(word);
        if word == ((self.lower + self.range) % modulus) >> self.word {
            self.put(0);
        }
        self.out
    }
}

/// A mixed field (11.5).
#[derive(Clone, Default)]
pub struct Mixed {
    pub kind: u8,
    pub fraction: u8,
    pub base: u64,
    pub shift: u8,
    pub period: u64,
    pub columns: u64,
    /// Ascending, not as they are written.
    pub distances: Vec<u64>,
    /// Every symbol whose number is a multiple of it is an escape, needed or not; 0: only those that must.
    pub escape_each: usize,
}

impl Mixed {
    /// Bits of a magnitude.
    pub fn magnitude_bits(&self, width: u32) -> u32 {
        width - u32::from(self.kind > 0)
    }

    /// Bits of the window.
    pub fn window_bits(&self, width: u32) -> u32 {
        let m = self.magnitude_bits(width);
        if self.kind == 2 { m.min(8) } else { m.min(u32::from(self.fraction) + 4) }
    }

    /// The highest base that a field of this width allows.
    pub fn last_base(&self, width: u32) -> u64 {
        if self.kind == 2 {
            return 0;
        }
        ((1 << self.magnitude_bits(width)) - (1 << self.window_bits(width))) >> self.fraction
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.kind, self.fraction]);
        put_varint(out, self.base);
        out.push(self.shift);
        put_varint(out, self.period);
        put_varint(out, self.columns);
        out.push(self.distances.len() as u8);
        let mut before = 0;
        for &distance in &self.distances {
            put_varint(out, distance.wrapping_sub(before));
            before = distance;
        }
    }

    /// The value of a magnitude without its sign.
    fn value(&self, magnitude: i64) -> i64 {
        if self.kind == 2 {
            return 16 * (2 * magnitude + 1);
        }
        let k = self.fraction;
        let (e, f) = (magnitude >> k, magnitude % (1 << k));
        let (base, scaled) = (self.base as i64, ((1 << k) + f) << (4 - k));
        if e >= base { scaled << (e - base).min(15) } else { scaled >> (base - e).min(5) }
    }

    /// The words of a chunk, as bytes.
    pub fn words(&self, symbols: &[u16], of_words: &[usize], width: u32) -> Vec<u8> {
        let (m, b) = (self.magnitude_bits(width), self.window_bits(width));
        let first = if self.kind == 2 { 0 } else { (self.base << self.fraction) as i64 };
        let mut coder = MixedCoder { coder: BitsEncoder::new(true), slots: HashMap::new(), weights: HashMap::new() };
        let mut past = Past::new(self);
        let mut escaped = false;
        for (i, (&symbol, &z)) in symbols.iter().zip(of_words).enumerate() {
            let sign = self.kind > 0 && symbol >> m == 1;
            let inverted = if self.kind == 2 && sign { !symbol } else { symbol };
            let magnitude = i64::from(inverted & ((1 << m) - 1));
            let (prediction, mut contexts) = past.contexts(z as i64);
            if self.kind > 0 {
                coder.decision(sign, &contexts, 0);
                contexts[1..].iter_mut().for_each(|context| *context ^= i64::from(sign));
            }
            let inside = (first..first + (1 << b)).contains(&magnitude);
            let escape = !inside || self.escape_each > 0 && i % self.escape_each == 0;
            coder.alone(escape, Set::Escape, usize::from(escaped));
            escaped = escape;
            let (bits, offset) = if escape { (m, magnitude) } else { (b, magnitude - first) };
            let mut node = 1;
            for shift in (0..bits).rev() {
                let bit = offset >> shift & 1 == 1;
                if escape {
                    coder.alone(bit, Set::Escaped, node)
                } else {
                    coder.decision(bit, &contexts, node)
                }
                node = 2 * node + usize::from(bit);
            }
            let value = self.value(magnitude);
            past.follow(if sign { -value } else { value }, prediction);
        }
        coder.coder.finish()
    }
}

fn log2(x: u64) -> i64 {
    let g = x.ilog2();
    let (mut y, mut l) = (x << (31 - g), i64::from(g));
    for _ in 0..16 {
        y = (y * y) >> 31;
        l *= 2;
        if y >= 1 << 32 {
            y >>= 1;
            l += 1;
        }
    }
    l
}

pub static STRETCH: LazyLock<Vec<i64>> =
    LazyLock::new(|| (0..4096).map(|i| (log2(2 * i + 1) - log2(8191 - 2 * i)) >> 8).collect());

/// From -3328 on.
pub static SQUASH: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut p = 16;
    let least = |z: i64| {
        // what is too small for one is too small for the next
        while p < 65520 && (log2(p) - log2(65536 - p)) >> 8 < z {
            p += 1;
        }
        p as i64
    };
    (-3328..=3327).map(least).collect()
});

pub fn level(x: i64) -> i64 {
    let x = x.abs();
    if x < 16 {
        return 0;
    }
    let g = x.ilog2();
    (4 * (i64::from(g) - 4) + (x >> (g - 2)) % 4).min(63)
}

/// H.
pub fn signed_level(x: i64) -> i64 {
    2 * (level(x) >> 1) + i64::from(x < 0)
}

/// The values of a chunk so far and what is kept of them.
struct Past<'a> {
    of: &'a Mixed,
    values: Vec<i64>,
    /// By phase.
    weights: Vec<Vec<i64>>,
    quick: i64,
    slow: i64,
    /// By column: `mean` and `means`.
    columns: HashMap<u64, (i64, i64)>,
}

impl<'a> Past<'a> {
    fn new(of: &'a Mixed) -> Self {
        let weights = vec![vec![0; of.distances.len()]; 16];
        Self { of, values: Vec::new(), weights, quick: 4096, slow: 4096, columns: HashMap::new() }
    }

    fn phase(&self) -> usize {
        (self.values.len() as u64 % self.of.period).min(15) as usize
    }

    /// The values at the distances.
    fn near(&self) -> Vec<i64> {
        let at = |&distance: &u64| self.values.len().checked_sub(distance as usize).map_or(0, |at| self.values[at]);
        self.of.distances.iter().map(at).collect()
    }

    /// The number of the column and of its row.
    fn place(&self) -> Option<(u64, u64)> {
        let i = self.values.len() as u64;
        (self.of.columns > 0).then(|| (i % self.of.columns, i / self.of.columns))
    }

    /// The prediction and A0 to A4.
    fn contexts(&self, z: i64) -> (i64, [i64; 5]) {
        let sum: i64 = self.weights[self.phase()].iter().zip(self.near()).map(|(weight, x)| weight * x).sum();
        let prediction = sum >> 16;
        let (mean, means) = self.place().and_then(|(column, _)| self.columns.get(&column)).copied().unwrap_or_default();
        let contexts = [
            16 * z + (level(self.quick >> 4) >> 2),
            64 * z + signed_level(prediction),
            64 * (level(self.slow >> 4) >> 2) + signed_level(prediction),
            64 * (means >> 6) + signed_level(mean >> 4),
            signed_level(self.values.last().copied().unwrap_or(0)),
        ];
        (prediction, contexts)
    }

    fn follow(&mut self, value: i64, prediction: i64) {
        let near = self.near();
        let norm = 4096 + near.iter().map(|x| x * x).sum::<i64>();
        let error = (value - prediction).clamp(-1 << 22, 1 << 22);
        let gain = (error << 28) / norm;
        let phase = self.phase();
        for (weight, x) in self.weights[phase].iter_mut().zip(near) {
            *weight = (*weight + ((gain * x) >> (12 + self.of.shift))).clamp(-1 << 20, 1 << 20);
        }
        self.quick += (16 * error.abs() - self.quick) >> 3;
        self.slow += (16 * error.abs() - self.slow) >> 5;
        if let Some((column, row)) = self.place() {
            let a = (1 + 64 - row.leading_zeros()).min(6);
            let (mean, means) = self.columns.entry(column).or_default();
            let half = 1 << (a - 1);
            *mean += (16 * value - *mean + half) >> a;
            *means += (16 * level(value) - *means + half) >> a;
        }
        self.values.push(value);
    }
}

#[derive(Clone, Copy)]
pub struct Slot {
    pub p: i64,
    pub c: i64,
}

impl Slot {
    pub const NEW: Self = Self { p: 1 << 21, c: 0 };

    pub fn follow(&mut self, bit: bool) {
        let to = if bit { 0 } else { (1 << 22) - 1 };
        self.p += ((to - self.p) * (131_072 / (2 * self.c + 3))) >> 16;
        self.c = (self.c + 1).min(1023);
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Set {
    /// The number of a context, 0 to 4, and its value.
    Context(usize, i64),
    /// Whether a symbol is an escape.
    Escape,
    /// The tree of an escape's magnitude.
    Escaped,
}

struct MixedCoder {
    coder: BitsEncoder,
    slots: HashMap<(Set, usize), Slot>,
    /// By node: M and u.
    weights: HashMap<usize, ([i64; 6], i64)>,
}

impl MixedCoder {
    fn alone(&mut self, bit: bool, set: Set, node: usize) {
        let slot = self.slots.entry((set, node)).or_insert(Slot::NEW);
        self.coder.bit(bit, (slot.p >> 6).clamp(16, 65520) as u32);
        slot.follow(bit);
    }

    fn decision(&mut self, bit: bool, contexts: &[i64; 5], node: usize) {
        let mut inputs = [256; 6];
        for (j, &context) in contexts.iter().enumerate() {
            let slot = self.slots.entry((Set::Context(j, context), node)).or_insert(Slot::NEW);
            inputs[j] = STRETCH[(slot.p >> 10) as usize];
            slot.follow(bit);
        }
        let (weights, uses) = self.weights.entry(node).or_insert(([13107; 6], 0));
        let dot = weights.iter().zip(inputs).map(|(weight, s)| weight * s).sum::<i64>() >> 16;
        let q = SQUASH[(dot.clamp(-3328, 3327) + 3328) as usize];
        self.coder.bit(bit, q as u32);
        let e = if bit { -q } else { 65536 - q };
        for (weight, s) in weights.iter_mut().zip(inputs) {
            let step = (s * e * (2 + 16 / (*uses / 16 + 1)) + (1 << 17)) >> 18;
            *weight = (*weight + step).clamp(-1 << 20, 1 << 20);
        }
        *uses = (*uses + 1).min(256);
    }
}

/// Symbols of 8 bits that keep the bits coder from deciding its words until it holds back `held` of them, and then decide
/// them, one way or the other.
pub fn undecided(wide: bool, limit: u8, held: u64, last: bool) -> Vec<u16> {
    let mut coder = BitsEncoder::new(wide);
    let mut contexts = [Adaptive::NEW; 256];
    let word = coder.word;
    // from the lower end to a point that all words after the first are zero of: a carry is open as long as it is inside
    let mut distance = 0x5a3d << (2 * word - 16);
    let mut symbols = Vec::new();
    while coder.held.is_none_or(|(_, count)| count < held) {
        assert!(symbols.len() < 10_000, "the coder decides all too soon");
        let mut node = 1;
        for _ in 0..8 {
            if distance >= coder.range {
                // decided: aim at another
                distance = (1 << word) - coder.lower % (1 << word);
                let further = (coder.range - distance.min(coder.range)) >> word;
                distance += (further * 5 / 11) << word;
            }
            let zero = coder.part_of_zero(contexts[node].p);
            let bit = distance >= zero;
            if bit {
                distance -= zero;
            }
            if coder.adaptive(&mut contexts[node], bit, limit) {
                distance <<= word;
            }
            node = 2 * node + usize::from(bit);
        }
        symbols.push(node as u16 - 256);
    }
    symbols.extend([if last { 255 } else { 0 }; 20]);
    symbols
}

/// A zstd frame of blocks that are stored or repeat one byte (RFC 8878), of a single segment.
pub fn zstd_stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    zstd_blocks(content, &mut out);
    out
}

/// The same with a window of 2^`log` bytes, without content size.
pub fn zstd_windowed(content: &[u8], log: u8) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3];
    zstd_blocks(content, &mut out);
    out
}

fn zstd_blocks(content: &[u8], out: &mut Vec<u8>) {
    let mut blocks: Vec<(u32, u32, &[u8])> = Vec::new();
    // no block may be larger than the window; 1000 is below any
    for piece in content.chunks(1000) {
        match piece.iter().all(|byte| *byte == piece[0]) {
            true => blocks.push((1, piece.len() as u32, &piece[..1])),
            false => blocks.push((0, piece.len() as u32, piece)),
        }
    }
    if blocks.is_empty() {
        blocks.push((0, 0, &[]));
    }
    let count = blocks.len();
    for (number, (kind, size, bytes)) in blocks.into_iter().enumerate() {
        let header = u32::from(number + 1 == count) | kind << 1 | size << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(bytes);
    }
}
