//! Which representation a segment gets: the one whose measured cost is the least. All costs are integers, in units of
//! 2^-16 bit, so that every machine chooses the same.

use super::options::Effort;
use crate::container::MAX_CHUNK_ELEMENTS;
use crate::entropy::{
    Adaptation, BIT, BitsModel, LaneModel, MAX_SYMBOL_BITS, Table, WordSize, bits_cost, lanes_cost, static_cost,
};
use crate::error::Result;
use crate::represent::{Coding, Field, Fields, Representation, Transform, Word, read_words, take_field, with_word};
use crate::tensor::{Dtype, bytes_of};

/// A byte in units of cost.
const BYTE: u64 = 8 * BIT;
/// What a stream in lanes takes beside its words: states and counts.
const LANE_OVERHEAD: u64 = 132 * BYTE;
/// Bytes that zstd is tried on before it is tried on all.
const ZSTD_SAMPLE: usize = 128 << 10;
/// Words that zstd's candidate and histograms are counted on at a time.
const BLOCK_WORDS: usize = 1 << 16;

/// Segments of at most so many words have each of their layouts refined.
const SMALL_WORDS: usize = 1 << 14;

/// How a segment is to be coded.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) representation: Representation,
    /// Elements a chunk.
    pub(super) chunk_len: u64,
}

/// Plans the segment `bytes`, whose rows have `row` elements.
pub(super) fn plan(dtype: Dtype, row: u64, bytes: &[u8], chunk_bytes: u64, effort: &Effort) -> Result<Plan> {
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    let chunk_len = |cost: u64| chunk_len(dtype, row, elements, cost, chunk_bytes);
    let raw_cost = bytes.len() as u64 * BYTE;
    let (fields, fields_cost) = with_word!(dtype, W => plan_fields::<W>(dtype, bytes, &chunk_len, effort));
    // what gains less than a thousandth is better borrowed from a map
    let mut best = (Representation::Raw, raw_cost - raw_cost / 1024);
    if fields_cost < best.1 {
        best = (Representation::Fields(fields), fields_cost);
    }
    if let Some(zstd_cost) = zstd_cost(dtype, bytes, best.1, effort, &chunk_len)? {
        best = (Representation::Zstd, zstd_cost);
    }
    let (representation, cost) = best;
    Ok(Plan { representation, chunk_len: chunk_len(cost) })
}

/// Elements a chunk, so that chunks take about `chunk_bytes` coded, are equal, and end with rows.
fn chunk_len(dtype: Dtype, row: u64, elements: u64, cost: u64, chunk_bytes: u64) -> u64 {
    let cost_of_element = (cost / elements.max(1)).max(1);
    let target = (chunk_bytes * BYTE / cost_of_element).clamp(1024, MAX_CHUNK_ELEMENTS);
    if elements <= target + target / 4 && elements <= MAX_CHUNK_ELEMENTS {
        return elements;
    }
    let even = elements.div_ceil(elements.div_ceil(target));
    let byte_unit = if dtype.bits() < 8 { 8 } else { 1 };
    let unit = match row * byte_unit {
        unit if unit <= target => unit,
        _ => 32,
    };
    even.next_multiple_of(unit).min(MAX_CHUNK_ELEMENTS / unit * unit)
}

/// The cost under zstd, if it is below `best`.
fn zstd_cost(
    dtype: Dtype,
    bytes: &[u8],
    best: u64,
    effort: &Effort,
    chunk_len: &impl Fn(u64) -> u64,
) -> Result<Option<u64>> {
    let sample = &bytes[..bytes.len().min(ZSTD_SAMPLE)];
    let sample_len = zstd::bulk::compress(sample, effort.zstd_level.min(3))?.len() as u64;
    let estimate =
        (u128::from(sample_len) * u128::from(BYTE) * bytes.len() as u128 / sample.len().max(1) as u128) as u64;
    // a sample at a lower level and of one place may look a tenth worse than the whole
    if estimate > best + best / 8 {
        return Ok(None);
    }
    let chunk = bytes_of(dtype, chunk_len(estimate)) as usize;
    let mut total = 0;
    for chunk in bytes.chunks(chunk.max(1)) {
        total += zstd::bulk::compress(chunk, effort.zstd_level)?.len() as u64 * BYTE;
    }
    Ok((total < best).then_some(total))
}

/// Counts of a word's bits after the transform: of its top bits together, and of each of its bytes.
struct Histograms {
    top_width: u32,
    top: Vec<u64>,
    bytes: Vec<[u64; 256]>,
}

impl Histograms {
    fn of<W: Word>(bytes: &[u8], bits: u32, transform: Transform, top_width: u32) -> Self {
        let mut top = vec![0u64; 1 << top_width];
        let mut planes = vec![[0u64; 256]; bits.div_ceil(8) as usize];
        let mask = ((1u32 << top_width) - 1) as u16;
        for block in bytes.chunks(BLOCK_WORDS * bits.max(8) as usize / 8 * 3) {
            let mut words = read_words::<W>(block, bits);
            transform.apply(&mut words, bits);
            words.iter().for_each(|word| top[usize::from(word.field(bits - top_width, mask))] += 1);
            for (plane, counts) in planes.iter_mut().enumerate() {
                words.iter().for_each(|word| counts[usize::from(word.field(8 * plane as u32, 0xff))] += 1);
            }
        }
        Self { top_width, top, bytes: planes }
    }

    /// Counts of the `width` topmost bits, which are at most `top_width`.
    fn of_top(&self, width: u32) -> Vec<u64> {
        self.top.chunks(1 << (self.top_width - width)).map(|chunk| chunk.iter().sum()).collect()
    }

    /// Counts of the `width` lowest bits of byte `plane`.
    fn of_byte(&self, plane: usize, width: u32) -> Vec<u64> {
        let mut counts = vec![0; 1 << width];
        for (value, count) in self.bytes[plane].iter().enumerate() {
            counts[value & ((1 << width) - 1)] += count;
        }
        counts
    }
}

/// The cheapest fields and their cost.
fn plan_fields<W: Word>(dtype: Dtype, bytes: &[u8], chunk_len: &impl Fn(u64) -> u64, effort: &Effort) -> (Fields, u64) {
    let bits = dtype.word_bits();
    let (transform, first_widths) = match dtype.exponent_bits() {
        Some(exponent) if bits > 8 => {
            let most = (exponent + effort.most_mantissa_bits).min(MAX_SYMBOL_BITS).min(bits - 1);
            (Transform::Rotate, exponent..=most)
        }
        _ if bits <= 8 => (Transform::Identity, bits..=bits),
        _ if dtype.is_signed_integer() => (Transform::Zigzag, 8..=8),
        _ => (Transform::Identity, 8..=8),
    };
    let histograms = Histograms::of::<W>(bytes, bits, transform, *first_widths.end());
    let mut known_planes: Vec<((u32, u32), (Coding, u64))> = Vec::new();
    let candidates = first_widths.map(|first| {
        let (coding, mut cost) = plan_field(&histograms.of_top(first), first);
        let mut fields = vec![Field { width: first, coding }];
        let rest = bits - first;
        for plane in (0..rest.div_ceil(8)).rev() {
            let width = (rest - 8 * plane).min(8);
            let known = known_planes.iter().find(|(key, _)| *key == (plane, width));
            let (coding, plane_cost) = match known {
                Some((_, planned)) => planned.clone(),
                None => {
                    let planned = plan_field(&histograms.of_byte(plane as usize, width), width);
                    known_planes.push(((plane, width), planned.clone()));
                    planned
                }
            };
            fields.push(Field { width, coding });
            cost += plane_cost;
        }
        (Fields { transform, fields }, cost)
    });
    let refined = |(mut fields, cost): (Fields, u64)| {
        let saved = refine::<W>(&mut fields, dtype, bytes, chunk_len(cost), effort);
        (fields, cost.saturating_sub(saved))
    };
    let count = bytes.len() * 8 / bits as usize;
    // refining costs time: in large segments only the best is
    let best = if count <= effort.bits_symbols.min(SMALL_WORDS) {
        candidates.map(refined).min_by_key(|(_, cost)| *cost)
    } else {
        candidates.min_by_key(|(_, cost)| *cost).map(refined)
    };
    best.unwrap_or_else(|| unreachable!("a range of widths is not empty"))
}

/// The cheapest coding of a field with these counts among raw, constant and static lanes.
fn plan_field(counts: &[u64], width: u32) -> (Coding, u64) {
    let total: u64 = counts.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    let mut present = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    if let (Some((value, _)), None) = (present.next(), present.next()) {
        return (Coding::Constant(value as u16), 2 * BYTE);
    }
    let table = Table::from_counts(counts, width);
    let mut parameters = Vec::new();
    table.write(&mut parameters);
    let cost = static_cost(counts, &table) + parameters.len() as u64 * BYTE + LANE_OVERHEAD;
    // a field that gains less than a five-hundredth is not worth its time
    if cost > raw_cost - raw_cost / 512 {
        return (Coding::Raw, raw_cost);
    }
    (Coding::Lanes(LaneModel { table, adaptation: Adaptation::STATIC }), cost)
}

/// Lets tables follow the symbols, or codes fields in bits, where that was measured to be shorter on some chunks; returns
/// what is saved in all.
fn refine<W: Word>(fields: &mut Fields, dtype: Dtype, bytes: &[u8], chunk_len: u64, effort: &Effort) -> u64 {
    let bits = dtype.word_bits();
    let chunk_bytes = bytes_of(dtype, chunk_len) as usize;
    let chunks: Vec<&[u8]> = bytes.chunks(chunk_bytes.max(1)).collect();
    let measured = effort.measured_chunks.clamp(1, chunks.len());
    let in_bits = bytes.len() * 8 / bits as usize <= effort.bits_symbols;
    if !in_bits && effort.adaptations.is_empty() {
        return 0;
    }
    let mut options: Vec<Vec<(Coding, u64)>> =
        fields.fields.iter().map(|field| alternatives(field, chunk_len, in_bits, effort)).collect();
    for index in 0..measured {
        // spread evenly over the segment
        let mut words = read_words::<W>(chunks[index * chunks.len() / measured], bits);
        fields.transform.apply(&mut words, bits);
        let mut symbols = vec![0; words.len()];
        let mut shift = bits;
        for (field, options) in fields.fields.iter().zip(&mut options) {
            shift -= field.width;
            if options.len() < 2 {
                continue;
            }
            take_field(&words, shift, field.width, &mut symbols);
            for (coding, cost) in options {
                *cost += chunk_cost(&symbols, coding, field.width);
            }
        }
    }
    let mut saved = 0;
    for (field, options) in fields.fields.iter_mut().zip(options) {
        let Some((_, present_cost)) = options.first() else { continue };
        // what moves or is coded bit by bit costs time: it has to earn it
        let bound = present_cost - present_cost / 4096;
        let present_cost = *present_cost;
        let best = options.into_iter().skip(1).min_by_key(|(_, cost)| *cost).filter(|(_, cost)| *cost < bound);
        if let Some((coding, cost)) = best {
            field.coding = coding;
            saved += (u128::from(present_cost - cost) * chunks.len() as u128 / measured as u128) as u64;
        }
    }
    saved
}

/// The field's present coding and those that may replace it, with what each costs once a segment.
fn alternatives(field: &Field, chunk_len: u64, in_bits: bool, effort: &Effort) -> Vec<(Coding, u64)> {
    let mut options = Vec::new();
    match &field.coding {
        Coding::Lanes(model) => {
            let mut parameters = Vec::new();
            model.write(&mut parameters);
            let table_cost = parameters.len() as u64 * BYTE;
            options.push((field.coding.clone(), table_cost));
            let adapted = effort.adaptations.iter().map(|&adaptation| LaneModel { adaptation, ..model.clone() });
            options.extend(adapted.map(|model| (Coding::Lanes(model), table_cost)));
        }
        Coding::Raw if field.width <= MAX_SYMBOL_BITS => options.push((Coding::Raw, 0)),
        _ => return options,
    }
    if in_bits {
        let word = if chunk_len <= 1 << 10 { WordSize::Narrow } else { WordSize::Wide };
        let model = |limit| Coding::Bits(BitsModel { word, limit, width: field.width });
        options.extend([30, 255].map(|limit| (model(limit), 2 * BYTE)));
    }
    options
}

/// What a chunk's symbols take, overhead included.
fn chunk_cost(symbols: &[u16], coding: &Coding, width: u32) -> u64 {
    match coding {
        Coding::Raw => symbols.len() as u64 * u64::from(width) * BIT,
        Coding::Constant(_) => 0,
        Coding::Lanes(model) => lanes_cost(symbols, model) + LANE_OVERHEAD,
        Coding::Bits(model) => {
            let overhead = match model.word {
                WordSize::Narrow => 4 * BYTE,
                WordSize::Wide => 8 * BYTE,
            };
            bits_cost(symbols, model.limit, width) + overhead
        }
    }
}
