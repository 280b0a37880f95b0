//! Which fields a segment's words are cut into, under which contexts, and how each is coded: the cheapest that was found.

use super::effects::Sums;
use super::magnitude::{Magnitudes, Meaning};
use super::mixing::mixed_plan;
use super::options::Effort;
use super::planes::improve_plane;
use super::refine::refine;
use super::scale::{Classes, Resolution, classes};
use super::words::Words;
use crate::entropy::{
    Adaptation, BIT, LaneModel, MAX_PRECISION, MAX_SLOTS, MAX_SYMBOL_BITS, Tables, adaptive_cost, entropy_cost,
    static_cost,
};
use crate::represent::{
    Coding, ContextSource, Field, Fields, Layout, MAX_CLASS_FIELDS, MAX_FIELDS, Transform, Word, take_field,
};

/// A byte in units of cost.
pub(super) const BYTE: u64 = 8 * BIT;
/// What a stream in lanes takes beside its words: states and counts.
pub(super) const LANE_OVERHEAD: u64 = 132 * BYTE;
/// Bytes that a table of one more context takes, about.
const TABLE_BYTES: u64 = 10;

/// Words on which it is judged what is worth counting.
const SAMPLE_WORDS: usize = 1 << 16;
/// Segments of at most so many words have each of their layouts refined.
const SMALL_WORDS: usize = 1 << 12;

/// Fields, the classes of rows that they use, and what all takes in units of 2^-16 bit.
#[derive(Debug, Clone)]
pub(super) struct FieldPlan {
    pub(super) fields: Fields,
    /// For each class field.
    pub(super) row_classes: Vec<Vec<u8>>,
    pub(super) cost: u64,
}

/// How often each symbol occurs in each context.
pub(super) type Counts = Vec<Vec<u64>>;

/// The contexts of a field: where they come from, and the class field behind them.
#[derive(Debug, Clone)]
pub(super) struct Contexts {
    pub(super) source: ContextSource,
    pub(super) classes: Option<Classes>,
    /// What the classes take.
    pub(super) cost: u64,
}

impl Contexts {
    pub(super) const NONE: Self = Self { source: ContextSource::None, classes: None, cost: 0 };

    /// Of a block of words, one word an element.
    pub(super) fn of_block(&self, words: std::ops::Range<usize>) -> Vec<u8> {
        match &self.classes {
            Some(classes) => {
                let sums = classes.sums(words.start as u64..words.end as u64);
                self.source.clamp(&sums)
            }
            None => vec![0; words.len()],
        }
    }
}

/// Plans the fields of a segment.
pub(super) fn plan_fields<W: Word>(
    layout: &Layout<'_>,
    bytes: &[u8],
    chunk_len: &impl Fn(u64) -> u64,
    effort: &Effort,
) -> FieldPlan {
    let dtype = layout.dtype;
    let bits = dtype.word_bits();
    let (transform, least, most, meaning) = match dtype.exponent_bits() {
        Some(exponent) if bits > 8 => {
            let most = (exponent + effort.most_mantissa_bits).min(MAX_SYMBOL_BITS).min(bits - 1);
            (Transform::Rotate, exponent, most, Meaning::Float { mantissa_bits: most - exponent })
        }
        Some(exponent) if bits == 8 && exponent < 7 => {
            // sign, exponent and mantissa together
            (Transform::Rotate, bits, bits, Meaning::Float { mantissa_bits: bits - exponent })
        }
        _ if bits <= 8 && dtype.is_signed_integer() => (Transform::Identity, bits, bits, Meaning::Signed),
        _ if bits <= 8 => (Transform::Identity, bits, bits, Meaning::Unsigned),
        _ if dtype.is_signed_integer() => (Transform::Zigzag, 8, 8, Meaning::Zigzag),
        _ => (Transform::Identity, 8, 8, Meaning::Zigzag),
    };
    let words = Words::<W>::new(bytes, bits, transform);
    let (histograms, sums, magnitudes) = look(words, layout, least, most, meaning, effort);
    let contexts = choose_contexts(words, layout, most, sums, &magnitudes, &histograms.top, effort);
    let counts = match &contexts.classes {
        Some(_) => count_top(words, most, &contexts),
        None => vec![histograms.top.clone()],
    };
    // the first field costs most: it decides where the others begin
    let estimate = |first: u32| {
        let top: u64 = counts.iter().map(|counts| adaptive_cost(&narrowed(counts, most - first))).sum();
        let planes = planes_below(bits - first).map(|(plane, width)| {
            let counts = histograms.of_bits(8 * plane, width);
            adaptive_cost(&counts).min(counts.iter().sum::<u64>() * u64::from(width) * BIT)
        });
        top + planes.sum::<u64>()
    };
    let plan = |first: u32| {
        let narrow: Counts = counts.iter().map(|counts| narrowed(counts, most - first)).collect();
        let (coding, mut cost) = plan_field(&narrow, first, &contexts.source, contexts.cost);
        let is_used = !matches!(coding.source(), ContextSource::None);
        let mut fields = vec![Field { width: first, coding }];
        let mut all_classes: Vec<Classes> = contexts.classes.iter().filter(|_| is_used).cloned().collect();
        cost += plan_planes(words, layout, first, Some(&histograms), &mut all_classes, &mut fields, effort);
        let (class_fields, row_classes) =
            all_classes.into_iter().map(|classes| (classes.field, classes.of_rows)).unzip();
        let fields = Fields { transform, class_fields, fields };
        let mut plan = FieldPlan { fields, row_classes, cost };
        refine(&mut plan, words, layout, chunk_len(cost), effort);
        plan
    };
    let widths = least..=most;
    let best = if words.count() <= effort.bits_symbols.min(SMALL_WORDS) {
        widths.map(plan).min_by_key(|plan| plan.cost)
    } else {
        widths.min_by_key(|&first| estimate(first)).map(plan)
    };
    let best = best.unwrap_or_else(|| unreachable!("a range of widths is not empty"));
    mixed_plan::<W>(bytes, layout, contexts.classes.as_ref(), &contexts.source, &best, effort).unwrap_or(best)
}

/// Plans what lies below the `first` topmost bits, byte by byte from the bottom; what it takes. Without histograms it makes its own.
pub(super) fn plan_planes<W: Word>(
    words: Words<'_, W>,
    layout: &Layout<'_>,
    first: u32,
    histograms: Option<&Histograms>,
    all_classes: &mut Vec<Classes>,
    fields: &mut Vec<Field>,
    effort: &Effort,
) -> u64 {
    let own;
    let histograms = match histograms {
        Some(histograms) => histograms,
        None => {
            let unscaled = Effort { resolutions: &[], ..*effort };
            own = look(words, layout, first, first, Meaning::Unsigned, &unscaled).0;
            &own
        }
    };
    let mut cost = 0;
    let planes = planes_below(words.bits() - first);
    for (plane, width) in planes {
        let plan = |shift: u32, width: u32, all_classes: &mut Vec<Classes>| {
            let counts = histograms.of_bits(8 * plane + shift, width);
            let (mut coding, mut cost) = plan_field(std::slice::from_ref(&counts), width, &ContextSource::None, 0);
            if effort.plane_contexts && all_classes.len() < MAX_CLASS_FIELDS {
                improve_plane(words, layout, 8 * plane + shift, &counts, first, all_classes, &mut coding, &mut cost);
            }
            (Field { width, coding }, cost)
        };
        // bits that never change need no coder, and may leave behind what needs none either
        let runs = histograms.runs(plane as usize, width);
        let (whole, whole_cost) = plan(0, width, all_classes);
        let known = all_classes.len();
        // one field at least for each plane that follows
        if runs.len() > 1 && fields.len() + runs.len() + plane as usize <= MAX_FIELDS {
            let parts: Vec<(Field, u64)> =
                runs.into_iter().rev().map(|(shift, width)| plan(shift, width, all_classes)).collect();
            let parts_cost: u64 = parts.iter().map(|(_, cost)| cost).sum();
            if parts_cost <= whole_cost {
                fields.extend(parts.into_iter().map(|(field, _)| field));
                cost += parts_cost;
                continue;
            }
            all_classes.truncate(known);
        }
        fields.push(whole);
        cost += whole_cost;
    }
    cost
}

/// The bytes of the `rest` lowest bits, the highest first, and how many bits of each are among them.
fn planes_below(rest: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rest.div_ceil(8)).rev().map(move |plane| (plane, (rest - 8 * plane).min(8)))
}

/// Counts of a word's bits after the transform: of its top bits together, and of each of its bytes.
#[derive(Debug)]
pub(super) struct Histograms {
    top: Vec<u64>,
    bytes: Vec<[u64; 256]>,
}

impl Histograms {
    /// Counts of the `width` bits from bit `shift`, which lie in one byte.
    fn of_bits(&self, shift: u32, width: u32) -> Vec<u64> {
        let mut counts = vec![0; 1 << width];
        for (value, count) in self.bytes[shift as usize / 8].iter().enumerate() {
            counts[value >> (shift % 8) & ((1 << width) - 1)] += count;
        }
        counts
    }

    /// Runs of bits that are always the same and of others, from the lowest of the `width` bits of byte `plane`: where each
    /// begins and how many bits it has.
    fn runs(&self, plane: usize, width: u32) -> Vec<(u32, u32)> {
        let present = || self.bytes[plane].iter().enumerate().filter(|(_, count)| **count > 0).map(|(value, _)| value);
        let changing = present().fold(0, |all, value| all | value) & !present().fold(0xff, |all, value| all & value);
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for bit in 0..width {
            match runs.last_mut() {
                Some((start, len)) if changing >> bit & 1 == changing >> *start & 1 => *len += 1,
                _ => runs.push((bit, 1)),
            }
        }
        runs
    }
}

/// Counts of symbols whose `drop` lowest bits are left out.
fn narrowed(counts: &[u64], drop: u32) -> Vec<u64> {
    counts.chunks(1 << drop).map(|chunk| chunk.iter().sum()).collect()
}

/// A sample, then one pass over all words: histograms, and sums of magnitudes by the axes' indices. Bytes that look random in
/// the sample count as such.
fn look<W: Word>(
    words: Words<'_, W>,
    layout: &Layout<'_>,
    least_width: u32,
    top_width: u32,
    meaning: Meaning,
    effort: &Effort,
) -> (Histograms, Option<Sums>, Magnitudes) {
    let bits = words.bits();
    let shift = bits - top_width;
    let mask = ((1u32 << top_width) - 1) as u16;
    let planes = (bits - least_width).div_ceil(8) as usize;
    let mut histograms = Histograms { top: vec![0; 1 << top_width], bytes: vec![[0; 256]; planes] };
    for (_, words) in words.sample(SAMPLE_WORDS) {
        words.iter().for_each(|word| histograms.top[usize::from(word.field(shift, mask))] += 1);
        for (plane, counts) in (0..).zip(&mut histograms.bytes) {
            count_bytes(&words, 8 * plane, counts);
        }
    }
    let magnitudes = Magnitudes::new(&histograms.top, top_width, meaning);
    let is_scaled = !effort.resolutions.is_empty() && layout.dtype.words() == 1;
    let mut sums = is_scaled.then(|| Sums::new(layout)).flatten();
    let count = words.count() as u64;
    let is_random: Vec<bool> = histograms.bytes.iter().map(|counts| looks_random(counts) && count > 1 << 14).collect();
    for (counts, _) in histograms.bytes.iter_mut().zip(&is_random).filter(|(_, is_random)| !**is_random) {
        counts.fill(0);
    }
    for (counts, _) in histograms.bytes.iter_mut().zip(&is_random).filter(|(_, is_random)| **is_random) {
        // as if all had been counted
        counts.fill(count / 256);
        counts[0] += count % 256;
    }
    histograms.top.fill(0);
    let mut top = [vec![0u32; 1 << top_width], vec![0u32; 1 << top_width]];
    let mut symbols = Vec::new();
    let mut scratch = Vec::new();
    for (_, words) in words.blocks() {
        symbols.clear();
        symbols.extend(words.iter().map(|word| word.field(shift, mask)));
        // two at a time, as a counter cannot be read right after it was written
        let (pairs, last) = symbols.as_chunks::<2>();
        for [one, other] in pairs {
            top[0][usize::from(*one)] += 1;
            top[1][usize::from(*other)] += 1;
        }
        last.iter().for_each(|&symbol| top[0][usize::from(symbol)] += 1);
        for counts in &mut top {
            counts
                .iter_mut()
                .zip(&mut histograms.top)
                .for_each(|(count, sum)| *sum += u64::from(std::mem::take(count)));
        }
        for (plane, (counts, _)) in
            (0..).zip(histograms.bytes.iter_mut().zip(&is_random)).filter(|(_, (_, is_random))| !**is_random)
        {
            count_bytes(&words, 8 * plane, counts);
        }
        if let Some(sums) = &mut sums {
            sums.add(&symbols, &magnitudes, &mut scratch);
        }
    }
    (histograms, sums, magnitudes)
}

/// Whether bytes that occur so often may well be random.
fn looks_random(counts: &[u64; 256]) -> bool {
    let total: u64 = counts.iter().sum();
    // Miller and Madow (1955): what a sample seems to save by chance
    let entropy = entropy_cost(counts) + 255 * BIT * 18 / 25;
    entropy > total * 8 * BIT - total * BIT / 100
}

fn count_bytes<W: Word>(words: &[W], shift: u32, counts: &mut [u64; 256]) {
    let mut parts = [[0u32; 256]; 4];
    let (groups, rest) = words.as_chunks::<4>();
    for group in groups {
        for (part, word) in parts.iter_mut().zip(group) {
            part[usize::from(word.field(shift, 0xff))] += 1;
        }
    }
    rest.iter().for_each(|word| parts[0][usize::from(word.field(shift, 0xff))] += 1);
    for (value, count) in counts.iter_mut().enumerate() {
        *count += parts.iter().map(|part| u64::from(part[value])).sum::<u64>();
    }
}

/// The contexts for the top field that save most on a sample.
fn choose_contexts<W: Word>(
    words: Words<'_, W>,
    layout: &Layout<'_>,
    width: u32,
    sums: Option<Sums>,
    magnitudes: &Magnitudes,
    top: &[u64],
    effort: &Effort,
) -> Contexts {
    let Some(sums) = sums else { return Contexts::NONE };
    let groupings = sums.groupings(magnitudes.variance);
    if groupings.is_empty() {
        return Contexts::NONE;
    }
    let count = words.count() as u64;
    let (shift, mask) = (words.bits() - width, ((1u32 << width) - 1) as u16);
    // the lowest mantissa bits say nothing about the scale
    let drop = width.saturating_sub(9);
    let blocks: Vec<(std::ops::Range<usize>, Vec<u16>)> = words
        .sample(effort.sample_words)
        .into_iter()
        .map(|(range, words)| (range, words.iter().map(|word| word.field(shift, mask) >> drop).collect()))
        .collect();
    let sampled: u64 = blocks.iter().map(|(range, _)| range.len() as u64).sum();
    let scale = |cost: u64| (u128::from(cost) * u128::from(count) / u128::from(sampled.max(1))) as u64;
    let cost_of = |contexts: &Contexts| {
        let mut counts = vec![vec![0u32; 1 << (width - drop)]; contexts.source.contexts()];
        for (range, symbols) in &blocks {
            let of_block = contexts.of_block(range.clone());
            symbols.iter().zip(of_block).for_each(|(&symbol, context)| {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            });
        }
        let (mut entropy, mut tables) = (0, 0);
        for counts in counts {
            let used = counts.iter().filter(|&&count| count > 0).count() as u64;
            let counts: Vec<u64> = counts.into_iter().map(u64::from).collect();
            // Miller and Madow (1955): what a sample seems to save by chance
            entropy += entropy_cost(&counts) + used.saturating_sub(1) * BIT * 18 / 25;
            tables += TABLE_BYTES.min(used) * BYTE;
        }
        scale(entropy) + tables + contexts.cost
    };
    let least = {
        let counts = narrowed(top, drop);
        let mut sample = vec![0u64; counts.len()];
        blocks.iter().flat_map(|(_, symbols)| symbols).for_each(|&symbol| sample[usize::from(symbol)] += 1);
        let used = sample.iter().filter(|&&count| count > 0).count() as u64;
        scale(entropy_cost(&sample) + used.saturating_sub(1) * BIT * 18 / 25) + TABLE_BYTES * BYTE
    };
    let candidates = groupings.iter().flat_map(|grouping| {
        effort.resolutions.iter().filter_map(|&resolution| contexts_of(grouping, layout, resolution))
    });
    let best = candidates.map(|contexts| (cost_of(&contexts), contexts)).min_by_key(|(cost, _)| *cost);
    match best {
        // contexts take time: they have to earn it
        Some((cost, contexts)) if cost < least - least / 2048 => contexts,
        _ => Contexts::NONE,
    }
}

fn contexts_of(grouping: &super::effects::Grouping, layout: &Layout<'_>, resolution: Resolution) -> Option<Contexts> {
    let (classes, source) = classes(grouping, layout, resolution, 0)?;
    let (classes, cost) = classes.with_best_order();
    Some(Contexts { source, classes: Some(classes), cost })
}

/// Counts of the `width` topmost bits in each context.
fn count_top<W: Word>(words: Words<'_, W>, width: u32, contexts: &Contexts) -> Counts {
    let (shift, mask) = (words.bits() - width, ((1u32 << width) - 1) as u16);
    let mut counts = vec![0u32; contexts.source.contexts() << width];
    let mut sums: Counts = vec![vec![0; 1 << width]; contexts.source.contexts()];
    for (index, (range, words)) in words.blocks().enumerate() {
        let of_block = contexts.of_block(range);
        words.iter().zip(of_block).for_each(|(word, context)| {
            counts[usize::from(context) << width | usize::from(word.field(shift, mask))] += 1;
        });
        // before they overflow
        if index % 1024 == 1023 {
            flush(&mut counts, &mut sums, width);
        }
    }
    flush(&mut counts, &mut sums, width);
    sums
}

fn flush(counts: &mut [u32], sums: &mut Counts, width: u32) {
    for (counts, sums) in counts.chunks_mut(1 << width).zip(sums) {
        counts.iter_mut().zip(sums).for_each(|(count, sum)| *sum += u64::from(std::mem::take(count)));
    }
}

/// The precision of the tables of so many contexts.
pub(super) fn precision(contexts: usize) -> u32 {
    (MAX_SLOTS / contexts).ilog2().min(MAX_PRECISION)
}

/// The cheapest coding of a field with these counts among raw, constant and static lanes. Contexts cost `context_cost`
/// besides, and are dropped if they do not save that.
pub(super) fn plan_field(counts: &[Vec<u64>], width: u32, source: &ContextSource, context_cost: u64) -> (Coding, u64) {
    let merged: Vec<u64> = (0..1 << width).map(|symbol| counts.iter().map(|counts| counts[symbol]).sum()).collect();
    let total: u64 = merged.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    let mut present = merged.iter().enumerate().filter(|(_, count)| **count > 0);
    if let (Some((value, _)), None) = (present.next(), present.next()) {
        return (Coding::Constant(value as u16), 2 * BYTE);
    }
    if width > MAX_SYMBOL_BITS || adaptive_cost(&merged) > raw_cost - raw_cost / 512 && counts.len() == 1 {
        return (Coding::Raw, raw_cost);
    }
    let lanes = |counts: &[Vec<u64>], source: &ContextSource| {
        let tables = Tables::from_counts(counts, width, precision(counts.len()));
        let model = LaneModel { tables, adaptation: Adaptation::STATIC };
        let mut parameters = Vec::new();
        model.write(&mut parameters);
        let cost = static_cost(counts, &model.tables) + parameters.len() as u64 * BYTE + LANE_OVERHEAD;
        (Coding::Lanes(source.clone(), model), cost)
    };
    let mut best = lanes(counts, source);
    best.1 += context_cost;
    if counts.len() > 1 && total < 1 << 16 {
        // few symbols: what was estimated may have been wrong
        let alone = lanes(&[merged], &ContextSource::None);
        if alone.1 < best.1 {
            best = alone;
        }
    }
    // a field that gains less than a five-hundredth is not worth its time
    if best.1 > raw_cost - raw_cost / 512 {
        return (Coding::Raw, raw_cost);
    }
    best
}

/// The symbols of the `width` bits from bit `shift`.
pub(super) fn plane_symbols<W: Word>(words: &[W], shift: u32, width: u32) -> Vec<u16> {
    let mut symbols = vec![0; words.len()];
    take_field(words, shift, width, &mut symbols);
    symbols
}
