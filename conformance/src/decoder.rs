//! A decoder of segments in fields (sections 8 to 11), as slow and as close to the text as it can be, which shares
//! nothing with the encoder but the normalising of frequencies. It reads all good vectors before they are written, and
//! may be held against the library where they do not reach.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::coders::normalise;
use super::mixing_decoder::{MixedKept, MixedMask};
use super::step_decoder::{Map, Mask, Unpack};

/// What it refuses, and why.
pub type Result<T> = std::result::Result<T, &'static str>;

/// `Err(why)` unless it holds.
pub fn must(holds: bool, why: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(why) }
}

pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        must(count <= self.0.len() as u64, "bytes missing")?;
        let (taken, rest) = self.0.split_at(count as usize);
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for k in 0.. {
            let byte = self.byte()?;
            must(k < 9 || k == 9 && byte < 2, "a varint beyond 64 bits")?;
            value |= u64::from(byte & 0x7f) << (7 * k);
            if byte < 0x80 {
                must(byte > 0 || k == 0, "a varint's last byte")?;
                break;
            }
        }
        Ok(value)
    }

    pub fn words(&mut self, size: u64) -> Result<Vec<u64>> {
        let count = self.varint()?;
        let bytes = self.take(count.checked_mul(size).ok_or("words missing")?)?;
        Ok(bytes.chunks(size as usize).map(|word| word.iter().rev().fold(0, |x, &b| x << 8 | u64::from(b))).collect())
    }

    pub fn packed(&mut self, count: u64, width: u32) -> Result<Vec<u16>> {
        let bits = count.checked_mul(width.into()).ok_or("packed values missing")?;
        let bytes = self.take(bits.div_ceil(8))?;
        let bit = |k: u64| u16::from(bytes[k as usize / 8] >> (k % 8) & 1);
        must((bits..bits.next_multiple_of(8)).all(|k| bit(k) == 0), "unused bits")?;
        let width = u64::from(width);
        Ok((0..count).map(|i| (0..width).fold(0, |value, k| value | bit(i * width + k) << k)).collect())
    }

    pub fn end(&self) -> Result<()> {
        must(self.0.is_empty(), "bytes left over")
    }
}

struct ClassField {
    depth: Option<usize>,
    width: u32,
    order: u8,
    /// First axis, end, classes.
    groups: Vec<(usize, usize, Vec<u16>)>,
}

pub struct Source {
    pub class: Option<(usize, u8)>,
    pub field: Option<(usize, Vec<u64>)>,
    contexts: usize,
}

pub struct Tables {
    precision: u32,
    /// By context: symbols (the escape: none) and frequencies.
    entries: Vec<Vec<(Option<u16>, u64)>>,
}

pub enum Coding {
    Raw,
    Constant(u16),
    Lanes(Source, u8, u8, Tables),
    Bits(Source, bool, u32),
    Mixed(Source, Mixed),
    MixedMask(MixedMask),
    MixedKept(MixedKept),
}

/// What the elements of a segment are: an element is `each` words of `w` bits.
#[derive(Clone, Copy)]
pub struct Words {
    pub dtype: &'static str,
    pub w: u32,
    pub each: u64,
}

/// What a segment's head says.
pub struct Head {
    /// Of the members' values.
    shapes: Vec<Vec<u64>>,
    words: Words,
    unpack: Option<Unpack>,
    mask: Option<Mask>,
    map: Map,
    /// Of a value and of a symbol word.
    v: u32,
    u: u32,
    transform: u8,
    offset: u64,
    classes: Vec<ClassField>,
    fields: Vec<(u32, Coding)>,
}

impl Head {
    pub fn read(parameters: &[u8], shapes: &[Vec<u64>], words: Words, chunk_len: u64) -> Result<Self> {
        let mut bytes = Bytes(parameters);
        let steps = bytes.byte()?;
        must(steps < 16 && steps >> 2 < 3, "steps")?;
        must(steps == 0 || words.each == 1, "steps of elements of two words")?;
        let unpack = match steps & 1 {
            0 => None,
            _ => Some(Unpack::read(&mut bytes, shapes, words.w, chunk_len)?),
        };
        let (mut v, mut shapes, mut chunk_values) = (words.w, shapes.to_vec(), chunk_len);
        if let Some(unpack) = &unpack {
            v = unpack.bits;
            shapes = shapes.iter().map(|shape| unpack.shape(shape)).collect();
            chunk_values = unpack.count(chunk_len);
        }
        let count = bytes.byte()?;
        must(count <= 4, "class field count")?;
        let mut total = 0;
        let classes = (0..count).map(|_| class_field(&mut bytes, &shapes, &mut total)).collect::<Result<Vec<_>>>()?;
        let mask = match steps & 2 {
            0 => None,
            _ => Some(Mask::read(&mut bytes, v, classes.len())?),
        };
        let values = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum();
        let dtype = if unpack.is_some() { "" } else { words.dtype };
        let map = Map::read(&mut bytes, steps >> 2, dtype, v, values, chunk_values)?;
        let u = map.bits().unwrap_or(v);
        let transform = bytes.byte()?;
        must(transform <= 3, "unsupported: transform")?;
        let offset = if transform == 3 { bytes.varint()? } else { 0 };
        must(transform < 3 || offset > 0 && offset <= u64::MAX >> (64 - u), "offset")?;
        let count = bytes.byte()?;
        must((1..=16).contains(&count), "field count")?;
        let mut fields: Vec<(u32, Coding)> = Vec::new();
        for number in 0..count {
            let width = u32::from(bytes.byte()?);
            must((1..=16).contains(&width), "field width")?;
            let widths: Vec<u32> = fields.iter().map(|(width, _)| *width).collect();
            must(widths.iter().sum::<u32>() + width <= u, "sum of widths")?;
            let coding = coding(&mut bytes, width, &widths, classes.len())?;
            must(!matches!(coding, Coding::MixedMask(_)), "a mixed mask of a field")?;
            must(!matches!(coding, Coding::MixedKept(_)) || number == 0 && mask.is_some(), "mixed kept values")?;
            fields.push((width, coding));
        }
        must(fields.iter().map(|(width, _)| width).sum::<u32>() == u, "sum of widths")?;
        bytes.end()?;
        Ok(Self { shapes, words, unpack, mask, map, v, u, transform, offset, classes, fields })
    }

    /// The bytes of the elements from `from` on, as many as there are.
    pub fn chunk(&self, coded: &[u8], from: u64, elements: u64) -> Result<Vec<u8>> {
        let mut bytes = Bytes(coded);
        // with a C64, an element is two values
        let count = |elements: u64| self.unpack.as_ref().map_or(elements, |unpack| unpack.count(elements));
        let (from, places) = (count(from), count(elements));
        let mut sums = Vec::new();
        for class in &self.classes {
            let places: Vec<(u64, u64)> = (from..from + places).map(|place| self.place(class, place)).collect();
            let mut of_rows = HashMap::new();
            if class.depth.is_some() {
                let (first, last) = (places[0].0, places[places.len() - 1].0);
                let mut stream = BitStream::new(bytes.words(2)?, false);
                let vector = class.vector(&mut stream, last - first + 1)?;
                stream.end()?;
                of_rows = (first..=last).zip(vector).collect();
            }
            let sum = |&(row, of_groups): &(u64, u64)| of_groups + of_rows.get(&row).map_or(0, |&class| class.into());
            // an element's words have its class
            let sum_of_element: Vec<u64> = places.iter().map(sum).collect();
            let words = 0..places.len() as u64 * self.words.each;
            sums.push(words.map(|i| sum_of_element[(i / self.words.each) as usize]).collect());
        }
        let values = self.values(&mut bytes, from, places * self.words.each, &sums)?;
        bytes.end()?;
        let words = match &self.unpack {
            None => values,
            Some(unpack) => unpack.words(&values, &self.shapes[0]),
        };
        let w = self.words.w as usize;
        let mut out = vec![0; words.len() * w / 8];
        for (i, x) in words.into_iter().enumerate() {
            for k in 0..w {
                let at = i * w + k;
                out[at / 8] |= ((x >> k & 1) as u8) << (at % 8);
            }
        }
        Ok(out)
    }

    /// `count` values from value `from` on, of these class sums.
    fn values(&self, bytes: &mut Bytes, from: u64, count: u64, sums: &[Vec<u64>]) -> Result<Vec<u64>> {
        let kept = match &self.mask {
            None => vec![true; count as usize],
            Some(mask) => mask.decode(bytes, count as usize, sums)?,
        };
        let places: Vec<usize> = (0..kept.len()).filter(|&i| kept[i]).collect();
        let mut values = vec![self.mask.as_ref().map_or(0, |mask| mask.left_out); kept.len()];
        if places.is_empty() {
            return Ok(values);
        }
        let groups = self.map.of_chunk(bytes, self.v, count)?;
        let n = places.len() as u64;
        let sums: Vec<Vec<u64>> = sums.iter().map(|sums| places.iter().map(|&i| sums[i]).collect()).collect();
        let mut symbols: Vec<Vec<u16>> = Vec::new();
        for (width, coding) in &self.fields {
            let own = match coding {
                Coding::MixedKept(mixed) => {
                    let mut stream = BitStream::new(bytes.words(4)?, true);
                    let own = mixed.decode(&mut stream, &kept)?;
                    stream.end()?;
                    own
                }
                coding => coding.decode(bytes, *width, &sums, &symbols, n)?,
            };
            symbols.push(own);
        }
        let (u, all_ones) = (self.u, u64::MAX >> (64 - self.u));
        for (number, i) in places.into_iter().enumerate() {
            let word =
                self.fields.iter().zip(&symbols).fold(0u64, |t, ((width, _), s)| t << width | u64::from(s[number]));
            let x = match self.transform {
                0 => word,
                1 => word >> 1 | (word & 1) << (u - 1),
                2 => (word >> 1) ^ (all_ones * (word & 1)),
                _ => word.wrapping_sub(self.offset) & all_ones,
            };
            values[i] = self.map.value(&groups, x, from, i as u64)?;
        }
        Ok(values)
    }

    /// The row of an element, and its classes in the groups.
    fn place(&self, class: &ClassField, element: u64) -> (u64, u64) {
        let (mut before, mut rows) = (0, 0);
        for shape in &self.shapes {
            let len: u64 = shape.iter().product();
            let a = class.depth.unwrap_or(0).min(shape.len().saturating_sub(1));
            let count: u64 = shape[..a].iter().product();
            if element < before + len {
                let i = element - before;
                let number =
                    |f: usize, g: usize| i / shape[g..].iter().product::<u64>() % shape[f..g].iter().product::<u64>();
                let sum = class.groups.iter().map(|(f, g, classes)| u64::from(classes[number(*f, *g) as usize])).sum();
                return (rows + i / (len / count), sum);
            }
            before += len;
            rows += count;
        }
        unreachable!("an element beyond the segment")
    }
}

fn class_field(bytes: &mut Bytes, shapes: &[Vec<u64>], total: &mut u64) -> Result<ClassField> {
    let depth = Some(bytes.byte()?).filter(|&depth| depth != 255).map(usize::from);
    let width = u32::from(bytes.byte()?);
    must((1..=6).contains(&width), "class width")?;
    let order = bytes.byte()?;
    must(order <= 1, "class order")?;
    let count = bytes.byte()?;
    must(count <= 3, "group count")?;
    must(count == 0 || shapes.len() == 1, "groups in a shared segment")?;
    must(count > 0 || depth.is_some(), "neither rows nor groups")?;
    let mut class = ClassField { depth, width, order, groups: Vec::new() };
    let mut sizes = Vec::new();
    let mut end_before = depth.unwrap_or(0) as u64;
    for _ in 0..count {
        let (first, axes) = (bytes.varint()?, bytes.varint()?);
        must(axes > 0, "a group without axes")?;
        let end = first.checked_add(axes).ok_or("axes beyond the rank")?;
        must(end <= shapes[0].len() as u64, "axes beyond the rank")?;
        must(first >= end_before, "a group that begins too early")?;
        end_before = end;
        let size: u64 = shapes[0][first as usize..end as usize].iter().product();
        *total += size;
        must(*total <= 1 << 20, "too many classes")?;
        sizes.push((first as usize, end as usize, size));
    }
    if count > 0 {
        let mut stream = BitStream::new(bytes.words(2)?, false);
        for (first, end, size) in sizes {
            let vector = class.vector(&mut stream, size)?;
            class.groups.push((first, end, vector));
        }
        stream.end()?;
    }
    Ok(class)
}

impl ClassField {
    fn vector(&self, stream: &mut BitStream, count: u64) -> Result<Vec<u16>> {
        let mut trees = vec![HashMap::new(); 1 << self.width];
        let mut before = 0;
        let mut out = Vec::new();
        for _ in 0..count {
            let number = if self.order == 1 { usize::from(before) } else { 0 };
            before = stream.tree(&mut trees[number], self.width, 255)?;
            out.push(before);
        }
        Ok(out)
    }
}

impl Coding {
    /// n symbols of a field or mask, from their class sums and the fields before.
    pub fn decode(
        &self,
        bytes: &mut Bytes,
        width: u32,
        sums: &[Vec<u64>],
        symbols: &[Vec<u16>],
        n: u64,
    ) -> Result<Vec<u16>> {
        match self {
            Self::Raw => bytes.packed(n, width),
            Self::Constant(value) => Ok(vec![*value; n as usize]),
            Self::Lanes(source, interval, rate, tables) => {
                lanes(bytes, &source.of(sums, symbols, n), tables, *interval, *rate, width)
            }
            Self::Bits(source, wide, limit) => {
                let mut stream = BitStream::new(bytes.words(if *wide { 4 } else { 2 })?, *wide);
                let mut trees = HashMap::new();
                let mut out = Vec::new();
                for context in source.of(sums, symbols, n) {
                    out.push(stream.tree(trees.entry(context).or_default(), width, *limit)?);
                }
                stream.end()?;
                Ok(out)
            }
            Self::Mixed(source, mixed) => {
                let mut stream = BitStream::new(bytes.words(4)?, true);
                let out = mixed.decode(&mut stream, &source.of(sums, symbols, n), source.contexts)?;
                stream.end()?;
                Ok(out)
            }
            Self::MixedMask(_) | Self::MixedKept(_) => unreachable!("decoded where the mask is known"),
        }
    }
}

pub fn coding(bytes: &mut Bytes, width: u32, before: &[u32], class_fields: usize) -> Result<Coding> {
    let code = bytes.byte()?;
    must(code <= 6, "unsupported: coding")?;
    must(code < 2 || width <= 12, "a field of more than 12 bits")?;
    Ok(match code {
        0 => Coding::Raw,
        1 => {
            let value = bytes.varint()?;
            must(value < 1 << width, "constant beyond its field")?;
            Coding::Constant(value as u16)
        }
        2 => {
            let source = source(bytes, before, class_fields)?;
            let (interval, rate) = (bytes.byte()?, bytes.byte()?);
            let adapts = (8..=16).contains(&interval) && (1..=8).contains(&rate);
            must(adapts || interval == 0 && rate == 0, "interval or rate")?;
            let tables = tables(bytes, width, source.contexts)?;
            Coding::Lanes(source, interval, rate, tables)
        }
        3 => {
            let source = source(bytes, before, class_fields)?;
            must(source.contexts << width <= 32768, "too many trees")?;
            let (word, limit) = (bytes.byte()?, bytes.byte()?);
            must(word <= 1, "word size")?;
            must(limit > 0, "limit")?;
            Coding::Bits(source, word == 1, limit.into())
        }
        4 => Coding::Mixed(source(bytes, before, class_fields)?, Mixed::read(bytes, width)?),
        5 => Coding::MixedMask(MixedMask::read(bytes)?),
        _ => Coding::MixedKept(MixedKept::read(bytes, width)?),
    })
}

fn source(bytes: &mut Bytes, before: &[u32], class_fields: usize) -> Result<Source> {
    match bytes.byte()? {
        0 => Ok(Source { class: None, field: None, contexts: 1 }),
        1 => {
            let (class, shift, contexts) = (usize::from(bytes.byte()?), bytes.byte()?, usize::from(bytes.byte()?));
            must(class < class_fields, "class field number")?;
            must(shift <= 7, "shift")?;
            must((2..=32).contains(&contexts), "number of contexts")?;
            Ok(Source { class: Some((class, shift)), field: None, contexts })
        }
        2 => {
            let (field, count) = (usize::from(bytes.byte()?), bytes.byte()?);
            must(field < before.len(), "field number")?;
            must((1..=31).contains(&count), "number of thresholds")?;
            let mut thresholds: Vec<u64> = Vec::new();
            for _ in 0..count {
                let distance = bytes.varint()?;
                let threshold = match thresholds.last() {
                    None => distance,
                    Some(_) if distance == 0 => return Err("thresholds not ascending"),
                    Some(last) => last.checked_add(distance).ok_or("threshold beyond its field")?,
                };
                thresholds.push(threshold);
            }
            must(thresholds[thresholds.len() - 1] < 1 << before[field], "threshold beyond its field")?;
            Ok(Source { class: None, contexts: thresholds.len() + 1, field: Some((field, thresholds)) })
        }
        _ => Err("unsupported: context source"),
    }
}

impl Source {
    fn of(&self, sums: &[Vec<u64>], symbols: &[Vec<u16>], n: u64) -> Vec<usize> {
        let context = |i: usize| match (&self.class, &self.field) {
            (Some((class, shift)), _) => ((sums[*class][i] >> shift) as usize).min(self.contexts - 1),
            (_, Some((field, thresholds))) => {
                thresholds.iter().take_while(|&&threshold| threshold <= symbols[*field][i].into()).count()
            }
            _ => 0,
        };
        (0..n as usize).map(context).collect()
    }
}

fn tables(bytes: &mut Bytes, width: u32, contexts: usize) -> Result<Tables> {
    let precision = u32::from(bytes.byte()?);
    must((9..=12).contains(&precision), "precision")?;
    must(contexts << precision <= 32768, "too many slots")?;
    let mut stream = BitStream::new(bytes.words(2)?, false);
    let has_escape = stream.halves(1)? == 1;
    let (first, last) = (stream.halves(width)?, stream.halves(width)?);
    must(first <= last, "first and last symbol")?;
    must(contexts as i64 * (last - first + 1) <= 32768, "too many levels")?;
    let labels = last - first + 1 + i64::from(has_escape);
    must(labels <= 1 << (32 - 2 * precision), "too many symbols for the precision")?;
    let drift = if contexts > 1 { stream.halves(4)? - 8 } else { 0 };
    let mut models = LevelModels::default();
    // by context and symbol; the escape is symbol -1
    let mut levels: HashMap<(i64, i64), i64> = HashMap::new();
    let mut entries = Vec::new();
    for c in 0..contexts as i64 {
        models.h = 0;
        let mut names = Vec::new();
        for s in first..=last {
            let at = |c: i64, s: i64| if s < first { 0 } else { *levels.get(&(c, s)).unwrap_or(&0) };
            let near =
                [at(c, s - 1), at(c, s - 2), at(c - 1, s - drift), at(c - 1, s - drift - 1), at(c - 1, s - drift + 1)];
            let level = models.level(&mut stream, c, false, near)?;
            levels.insert((c, s), level);
            names.push((Some(s as u16), level));
        }
        if has_escape {
            let near = [0, 0, *levels.get(&(c - 1, -1)).unwrap_or(&0), 0, 0];
            let level = models.level(&mut stream, c, true, near)?;
            levels.insert((c, -1), level);
            names.push((None, level));
        }
        names.retain(|(_, level)| *level > 0);
        must(!names.is_empty(), "a table without an entry")?;
        must(names.len() <= 256, "a table of more than 256 entries")?;
        let value = |level: i64| ([256, 279, 304, 332, 362, 395, 431, 470][level as usize % 8] << (level / 8)) / 16;
        let values: Vec<u64> = names.iter().map(|(_, level)| value(*level)).collect();
        entries.push(names.into_iter().map(|(name, _)| name).zip(normalise(&values, precision as u8)).collect());
    }
    stream.end()?;
    Ok(Tables { precision, entries })
}

/// The contexts of section 9.1.
#[derive(Default)]
struct LevelModels {
    zero: HashMap<i64, Adaptive>,
    trees: [HashMap<u32, Adaptive>; 2],
    differs: HashMap<i64, Adaptive>,
    sign: HashMap<i64, Adaptive>,
    length: HashMap<(i64, u32), Adaptive>,
    top: HashMap<(i64, u32), Adaptive>,
    h: i64,
}

impl LevelModels {
    fn level(&mut self, stream: &mut BitStream, c: i64, escape: bool, [w, u, n, m, r]: [i64; 5]) -> Result<i64> {
        let zero = |level: i64| i64::from(level == 0);
        let context = match escape {
            true => 32,
            false => 16 * i64::from(c > 0) + zero(w) + 2 * zero(u) + 4 * zero(n) + 8 * zero(r),
        };
        if stream.adaptive(self.zero.entry(context).or_default(), 60)? {
            return Ok(0);
        }
        if w == 0 && n == 0 {
            let level = stream.tree(&mut self.trees[usize::from(escape)], 7, 60)?.into();
            must(level != 0, "level 0")?;
            return Ok(level);
        }
        let (kind, p) = match (w != 0, n != 0, m != 0, u != 0) {
            (true, true, true, _) if m <= w.min(n) => (0, w.max(n)),
            (true, true, true, _) if m >= w.max(n) => (0, w.min(n)),
            (true, true, true, _) => (0, w + n - m),
            (_, true, _, _) => (1, n),
            (_, false, _, true) => (2, (w + (w - u) / 2).clamp(1, 127)),
            (_, false, _, false) => (3, w),
        };
        let k = 3 * kind + self.h;
        let mut difference = 0;
        let mut g = 0;
        if stream.adaptive(self.differs.entry(k).or_default(), 60)? {
            let negative = stream.adaptive(self.sign.entry(k).or_default(), 60)?;
            while stream.adaptive(self.length.entry((k, g)).or_default(), 60)? {
                g += 1;
                must(g <= 6, "a difference of more than 7 bits")?;
            }
            let mut magnitude = 1;
            for i in 0..g {
                let bit = match i {
                    0 => stream.adaptive(self.top.entry((k, g)).or_default(), 60)?,
                    _ => stream.halves(1)? == 1,
                };
                magnitude = 2 * magnitude + i64::from(bit);
            }
            difference = if negative { -magnitude } else { magnitude };
        }
        self.h = match difference.abs() {
            0 => 0,
            1..=2 => 1,
            _ => 2,
        };
        let level = p + difference;
        must((1..=127).contains(&level), "a level out of range")?;
        Ok(level)
    }
}

fn lanes(
    bytes: &mut Bytes,
    contexts: &[usize],
    tables: &Tables,
    interval: u8,
    rate: u8,
    width: u32,
) -> Result<Vec<u16>> {
    let (word_count, escape_count) = (bytes.varint()?, bytes.varint()?);
    let mut states = Vec::new();
    for _ in 0..32 {
        let bytes: [u8; 4] = bytes.take(4)?.try_into().expect("4 bytes");
        states.push(u64::from(u32::from_le_bytes(bytes)));
        must(states[states.len() - 1] >= 1 << 16, "initial state")?;
    }
    let words = bytes.take(word_count.checked_mul(2).ok_or("words missing")?)?;
    let mut words = words.chunks(2).map(|word| u64::from(word[0]) | u64::from(word[1]) << 8);
    let mut escapes = bytes.packed(escape_count, width)?.into_iter();
    let precision = tables.precision;
    let mut frequencies: Vec<Vec<u64>> =
        tables.entries.iter().map(|table| table.iter().map(|(_, frequency)| *frequency).collect()).collect();
    let mut weights = frequencies.clone();
    weights.iter_mut().flatten().for_each(|weight| *weight <<= 24 - precision);
    let mut counts: Vec<Vec<u64>> = frequencies.iter().map(|table| vec![0; table.len()]).collect();
    let mut out = Vec::new();
    for (i, &c) in contexts.iter().enumerate() {
        let x = &mut states[i % 32];
        let slot = *x % (1 << precision);
        let (mut k, mut start) = (0, 0);
        while slot >= start + frequencies[c][k] {
            start += frequencies[c][k];
            k += 1;
        }
        *x = frequencies[c][k] * (*x >> precision) + slot - start;
        if *x < 1 << 16 {
            *x = *x << 16 | words.next().ok_or("a word missing")?;
        }
        out.push(match tables.entries[c][k].0 {
            Some(symbol) => symbol,
            None => {
                let symbol = escapes.next().ok_or("an escape missing")?;
                let named = tables.entries[c].iter().any(|(name, _)| *name == Some(symbol));
                must(!named, "an escaped symbol that has a frequency")?;
                symbol
            }
        });
        let g = i as u64 / 32;
        if (g * 2_654_435_769) & 0xffff_ffff < 1 << 29 {
            counts[c][k] += 1;
        }
        if interval == 0 || (i + 1) % (1 << interval) != 0 {
            continue;
        }
        for c in 0..counts.len() {
            let n: u64 = counts[c].iter().sum();
            if n < 1 << (interval - 3) {
                continue;
            }
            let r = (1 << 32) / n;
            for k in 0..counts[c].len() {
                let weight = weights[c][k];
                weights[c][k] = weight - (weight >> rate) + (((counts[c][k] * r) >> 8) >> rate);
            }
            let values: Vec<u64> = weights[c].iter().map(|weight| weight >> 8).collect();
            frequencies[c] = normalise(&values, precision as u8);
            counts[c].fill(0);
        }
    }
    must(states.iter().all(|&state| state == 1 << 16), "final state")?;
    must(words.next().is_none(), "words left over")?;
    must(escapes.next().is_none(), "escapes left over")?;
    Ok(out)
}

/// A mixed field (11.5).
pub struct Mixed {
    kind: u8,
    fraction: u32,
    base: i64,
    shift: u32,
    period: usize,
    columns: usize,
    distances: Vec<usize>,
    /// m, b and the first magnitude of the window.
    m: u32,
    b: u32,
    first: usize,
}

impl Mixed {
    fn read(bytes: &mut Bytes, width: u32) -> Result<Self> {
        let (kind, fraction) = (bytes.byte()?, u32::from(bytes.byte()?));
        must(kind <= 2, "kind")?;
        let base = bytes.varint()?;
        must(fraction <= 4, "fraction")?;
        must(kind < 2 || fraction == 0 && base == 0, "fraction or base of integers")?;
        must(kind == 0 || width >= 2, "a sign without a magnitude")?;
        let m = if kind == 0 { width } else { width - 1 };
        must(fraction <= m, "more fraction than magnitude")?;
        let b = if kind == 2 { m.min(8) } else { m.min(fraction + 4) };
        let first = u128::from(base) << fraction;
        must(first + (1 << b) <= 1 << m, "a window beyond the magnitudes")?;
        let shift = bytes.byte()?.into();
        must((1..=15).contains(&shift), "shift")?;
        let (period, columns) = (bytes.varint()?, bytes.varint()?);
        must((1..=1 << 22).contains(&period), "period")?;
        must(columns <= 65536, "columns")?;
        let count = bytes.byte()?;
        must(count <= 32, "number of distances")?;
        let mut distances = Vec::new();
        let mut sum = 0;
        for _ in 0..count {
            let distance = bytes.varint()?;
            must((1..=1 << 22).contains(&distance), "distance")?;
            sum += distance as usize;
            must(sum <= 1 << 22, "sum of distances")?;
            distances.push(sum);
        }
        let (period, columns) = (period as usize, columns as usize);
        Ok(Self { kind, fraction, base: base as i64, shift, period, columns, distances, m, b, first: first as usize })
    }

    fn decode(&self, stream: &mut BitStream, contexts: &[usize], count: usize) -> Result<Vec<u16>> {
        let nodes = 1 << self.b;
        // by set and context times nodes plus node
        let mut sets: Vec<Vec<Slot>> =
            [16 * count, 64 * count, 1024, 1024, 64].map(|size| vec![Slot::default(); size * nodes]).into();
        let mut mixers = vec![Mixer::new(6, 13107); nodes];
        let mut of_escape = [Slot::default(), Slot::default()];
        let mut escape_tree = vec![Slot::default(); 1 << self.m];
        let mut predictor = vec![vec![0i64; self.distances.len()]; 16];
        let mut columns = vec![[0i64; 2]; self.columns];
        let (mut quick, mut slow) = (4096i64, 4096i64);
        let mut was_escape = false;
        let mut values: Vec<i64> = Vec::new();
        let mut out = Vec::new();
        for (i, &z) in contexts.iter().enumerate() {
            let x: Vec<i64> = self.distances.iter().map(|&d| if i < d { 0 } else { values[i - d] }).collect();
            let weights = &mut predictor[(i % self.period).min(15)];
            let prediction = (0..x.len()).map(|j| weights[j] * x[j]).sum::<i64>() >> 16;
            let norm = (0..x.len()).map(|j| x[j] * x[j]).sum::<i64>() + 4096;
            let [mean, means] = if self.columns > 0 { columns[i % self.columns] } else { [0, 0] };
            let last = if i > 0 { values[i - 1] } else { 0 };
            let of_prediction = level_and_sign(prediction);
            let mut places = [
                16 * z + level(quick >> 4) / 4,
                64 * z + of_prediction,
                64 * (level(slow >> 4) / 4) + of_prediction,
                64 * (means / 64) as usize + level_and_sign(mean >> 4),
                level_and_sign(last),
            ];
            let mut sign = false;
            if self.kind > 0 {
                sign = decision(stream, &mut sets, &mut mixers, &places, 0)?;
                if sign {
                    (1..5).for_each(|j| places[j] ^= 1);
                }
            }
            was_escape = of_escape[usize::from(was_escape)].decode(stream)?;
            let (bits, first) = if was_escape { (self.m, 0) } else { (self.b, self.first) };
            let mut node = 1;
            for _ in 0..bits {
                let bit = match was_escape {
                    true => escape_tree[node].decode(stream)?,
                    false => decision(stream, &mut sets, &mut mixers, &places, node)?,
                };
                node = 2 * node + usize::from(bit);
            }
            let magnitude = first + node - (1 << bits);
            out.push(match (self.kind, sign) {
                (2, true) => (1 << self.m) | ((1 << self.m) - 1 - magnitude) as u16,
                _ => u16::from(sign) << self.m | magnitude as u16,
            });
            let v = self.value(magnitude as i64, sign);
            values.push(v);
            let error = (v - prediction).clamp(-(1 << 22), 1 << 22);
            let gain = error * (1 << 28) / norm;
            for j in 0..x.len() {
                weights[j] = (weights[j] + ((gain * x[j]) >> (12 + self.shift))).clamp(-(1 << 20), 1 << 20);
            }
            quick += (16 * error.abs() - quick) >> 3;
            slow += (16 * error.abs() - slow) >> 5;
            if let Some(row) = i.checked_div(self.columns) {
                let a = 6.min(1 + (0..64).take_while(|&bits| row >> bits > 0).count());
                let [mean, means] = &mut columns[i % self.columns];
                *mean += (16 * v - *mean + (1 << (a - 1))) >> a;
                *means += (16 * level(v) as i64 - *means + (1 << (a - 1))) >> a;
            }
        }
        Ok(out)
    }

    fn value(&self, magnitude: i64, sign: bool) -> i64 {
        let k = self.fraction;
        let (e, f) = (magnitude / (1 << k), magnitude % (1 << k));
        let mantissa = ((1 << k) + f) * (1 << (4 - k));
        let v = match self.kind {
            2 => 16 * (2 * magnitude + 1),
            _ if e >= self.base => mantissa << (e - self.base).min(15),
            _ => mantissa >> (self.base - e).min(5),
        };
        if sign { -v } else { v }
    }
}

pub fn level(x: i64) -> usize {
    match x.unsigned_abs() {
        0..16 => 0,
        x => {
            let g = x.ilog2();
            (4 * (g as usize - 4) + (x >> (g - 2)) as usize % 4).min(63)
        }
    }
}

/// H.
pub fn level_and_sign(x: i64) -> usize {
    level(x) / 2 * 2 + usize::from(x < 0)
}

/// L, up to 65535.
static LOG: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let log = |x: u64| {
        let g = x.ilog2();
        let mut y = u128::from(x) << (31 - g);
        let mut l = i64::from(g);
        for _ in 0..16 {
            y = (y * y) >> 31;
            let carry = y >> 32 != 0;
            y >>= u32::from(carry);
            l = 2 * l + i64::from(carry);
        }
        l
    };
    (0..65536).map(|x| if x > 0 { log(x) } else { 0 }).collect()
});

#[derive(Clone, Copy)]
pub struct Slot {
    pub p: i64,
    pub c: i64,
}

impl Default for Slot {
    fn default() -> Self {
        Self { p: 1 << 21, c: 0 }
    }
}

impl Slot {
    pub fn follow(&mut self, bit: bool) {
        let t = if bit { 0 } else { (1 << 22) - 1 };
        self.p += ((t - self.p) * (131_072 / (2 * self.c + 3))) >> 16;
        self.c = 1023.min(self.c + 1);
    }

    pub fn decode(&mut self, stream: &mut BitStream) -> Result<bool> {
        let bit = stream.bit((self.p >> 6).clamp(16, 65520) as u128)?;
        self.follow(bit);
        Ok(bit)
    }
}

/// stretch.
pub fn stretch(slot: Slot) -> i64 {
    let i = slot.p >> 10;
    (LOG[2 * i as usize + 1] - LOG[8191 - 2 * i as usize]) >> 8
}

/// Mixing weights, of a constant too if there is one more than inputs, and their uses.
#[derive(Clone)]
pub struct Mixer {
    weights: Vec<i64>,
    uses: i64,
}

impl Mixer {
    pub fn new(count: usize, weight: i64) -> Self {
        Self { weights: vec![weight; count], uses: 0 }
    }

    /// A decision by the mixture of these slots, which follow it. `slows`: the weights learn slower with each use.
    pub fn decode(&mut self, stream: &mut BitStream, slots: &mut [&mut Slot], slows: bool) -> Result<bool> {
        let mut s: Vec<i64> = slots.iter().map(|slot| stretch(**slot)).collect();
        s.resize(self.weights.len(), 256);
        let dot = (0..s.len()).map(|j| self.weights[j] * s[j]).sum::<i64>() >> 16;
        let z = dot.clamp(-3328, 3327);
        // the logarithms rise with p: halve where the least p may be
        let (mut p, mut end) = (16, 65520);
        while p < end {
            let middle = (p + end) / 2;
            if (LOG[middle] - LOG[65536 - middle]) >> 8 >= z { end = middle } else { p = middle + 1 }
        }
        let bit = stream.bit(p as u128)?;
        let e = if bit { 0 } else { 65536 } - p as i64;
        let rate = if slows { 2 + 16 / (self.uses / 16 + 1) } else { 1 };
        for (weight, s) in self.weights.iter_mut().zip(s) {
            *weight = (*weight + ((s * e * rate + (1 << 17)) >> 18)).clamp(-(1 << 20), 1 << 20);
        }
        self.uses = 256.min(self.uses + 1);
        slots.iter_mut().for_each(|slot| slot.follow(bit));
        Ok(bit)
    }
}

/// A decision at a node, with one slot of each set.
pub fn decision(
    stream: &mut BitStream,
    sets: &mut [Vec<Slot>],
    mixers: &mut [Mixer],
    places: &[usize],
    node: usize,
) -> Result<bool> {
    let nodes = mixers.len();
    let mut slots: Vec<&mut Slot> =
        sets.iter_mut().zip(places).map(|(set, place)| &mut set[place * nodes + node]).collect();
    mixers[node].decode(stream, &mut slots, true)
}

/// An adaptive bit (11.3).
#[derive(Clone)]
pub struct Adaptive {
    p: u64,
    c: u64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { p: 32768, c: 0 }
    }
}

/// The bits coder (11.1, 11.2).
pub struct BitStream {
    words: Vec<u64>,
    next: usize,
    word: u32,
    precision: u32,
    lower: u128,
    range: u128,
    point: u128,
}

impl BitStream {
    pub fn new(words: Vec<u64>, wide: bool) -> Self {
        let (word, precision) = if wide { (32, 16) } else { (16, 12) };
        let range = (1 << (2 * word)) - 1;
        let mut stream = Self { words, next: 0, word, precision, lower: 0, range, point: 0 };
        stream.point = stream.word() << word;
        stream.point |= stream.word();
        stream
    }

    fn word(&mut self) -> u128 {
        self.next += 1;
        self.words.get(self.next - 1).map_or(0, |&word| word.into())
    }

    /// `q`: the probability of a 0 in units of 2^-P.
    pub fn bit(&mut self, q: u128) -> Result<bool> {
        let modulus = 1u128 << (2 * self.word);
        let scale = self.range >> self.precision;
        let quantile = (self.point + modulus - self.lower) % modulus / scale;
        must(quantile < 1 << self.precision, "a point beyond the range")?;
        let bit = quantile >= q;
        if bit {
            self.lower = (self.lower + scale * q) % modulus;
            self.range = scale * ((1 << self.precision) - q);
        } else {
            self.range = scale * q;
        }
        if self.range < 1 << self.word {
            self.lower = (self.lower << self.word) % modulus;
            self.range <<= self.word;
            self.point = ((self.point << self.word) % modulus) | self.word();
            must(self.next <= self.words.len() + 1, "words of bits missing")?;
        }
        Ok(bit)
    }

    /// Bits of probability one half, the most significant first.
    pub fn halves(&mut self, count: u32) -> Result<i64> {
        Ok(self.long_halves(count)? as i64)
    }

    pub fn long_halves(&mut self, count: u32) -> Result<u64> {
        let mut value = 0;
        for _ in 0..count {
            value = 2 * value + u64::from(self.bit(1 << (self.precision - 1))?);
        }
        Ok(value)
    }

    pub fn adaptive(&mut self, context: &mut Adaptive, limit: u64) -> Result<bool> {
        let bit = self.bit(u128::from(context.p) >> (16 - self.precision))?;
        let r = 131_072 / (2 * context.c + 3);
        context.p = match bit {
            false => context.p + (((65536 - context.p) * r) >> 16),
            true => context.p - ((context.p * r) >> 16),
        };
        context.p = context.p.clamp(32, 65504);
        context.c += u64::from(context.c < limit);
        Ok(bit)
    }

    pub fn tree(&mut self, tree: &mut HashMap<u32, Adaptive>, width: u32, limit: u32) -> Result<u16> {
        let mut node = 1;
        for _ in 0..width {
            node = 2 * node + u32::from(self.adaptive(tree.entry(node).or_default(), limit.into())?);
        }
        Ok((node - (1 << width)) as u16)
    }

    pub fn end(&self) -> Result<()> {
        must(self.next >= self.words.len(), "words of bits left over")?;
        must(self.next <= self.words.len() + 1, "words of bits missing")
    }
}
