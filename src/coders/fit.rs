//! Encoder: the tables for given counts, by minimum description length. Integers only.
//!
//! Level by level, in the order in which they are coded, the one is taken that is cheapest together with the symbols whose
//! frequency it makes: often the predicted level, which costs little, instead of the nearest.

use std::cmp::Reverse;
use std::convert::Infallible;
use std::ops::Range;

use super::adapt::normalise;
use super::context::AdaptiveBit;
use super::cost::{BIT, log2_fixed};
use super::levels::{BitCoder, LevelCoding, MAX_DRIFT, MIN_DRIFT, Prediction, Row, VALUES};
use super::table::Layout;
use crate::spec::{MAX_ENTRIES, MAX_LEVEL, MAX_PRECISION, MAX_SLOTS, MIN_PRECISION, TABLE_LIMIT};

/// The counts of a context are scaled to add up to less than about 2^36, so that no cost overflows.
const TOTAL_BITS: u32 = 36;
/// A level is an eighth of an octave; costs are in units of 2^-16 bits.
const LEVEL: u64 = BIT / 8;
const LEVELS: usize = MAX_LEVEL as usize + 1;
/// log2(e) in units of 2^-16.
const LOG2_E: u64 = 94_548;
/// What the values of a table may add up to: that of the greatest level, and a quarter, a half, three quarters of a level
/// less.
const TOTAL_VALUES: [u32; 4] = [962_560, 941_934, 921_749, 901_997];
/// A bit of a table counts as so many sixteenths while levels are chosen: exact ones predict those after them better. 9 to
/// 11 measured best.
const BIT_WEIGHT: u64 = 10;
/// Only symbols of a probability below 2^-7 are thought of as escaped when escapes are estimated,
const RARE: u32 = 7;
/// in so many steps at most, which converge before as a rule,
const ESTIMATES: usize = 24;
/// and with so much for an entry in the table.
const ENTRY_COST: u64 = 4 * BIT;
/// An escape takes so much longer to decode that it counts as this much more: a table in which all is escaped is no better
/// than an even one.
const ESCAPE_TIME: u64 = BIT / 32;
/// Levels between the nearest and the predicted one are all tried if they are no more.
const TRIED: u8 = 6;

/// What is coded of the tables for contexts in which symbols occur `counts[context][symbol]` times, and their precision: that
/// given, or a lower one in which slots have room for more symbols.
pub(super) fn fit(counts: &[Vec<u64>], width: u32, precision: u32) -> (u32, Layout, Vec<Row>) {
    let mut best: Option<(u32, Fit)> = None;
    for precision in (MIN_PRECISION..=precision).rev() {
        let fits_all = fit_precision(counts, width, precision, &mut best);
        if fits_all {
            break;
        }
    }
    match best {
        Some((precision, fit)) => (precision, fit.layout, fit.rows),
        None => (precision, Layout { escape: false, first: 0, last: 0, drift: 0 }, Vec::new()),
    }
}

/// Replaces `best` by something cheaper of this precision, if there is. Returns whether the rarest symbols at the ends need not
/// be escaped for want of room.
fn fit_precision(counts: &[Vec<u64>], width: u32, precision: u32, best: &mut Option<(u32, Fit)>) -> bool {
    let occurs = |symbol: &usize| counts.iter().any(|counts| counts[*symbol] > 0);
    let symbols = counts.first().map_or(0, Vec::len);
    let total = |symbol: usize| counts.iter().fold(0, |sum: u64, counts| sum.saturating_add(counts[symbol]));
    let all = ((0..symbols).find(occurs).unwrap_or(0), (0..symbols).rfind(occurs).unwrap_or(0));
    let trimmed = |escape: bool| {
        let (mut first, mut last) = all;
        let layout = |first: usize, last: usize| Layout { escape, first: first as u16, last: last as u16, drift: 0 };
        while (last - first + 1) * counts.len() > MAX_SLOTS || !layout(first, last).fits(precision) {
            if total(first) <= total(last) {
                first += 1;
            } else {
                last -= 1;
            }
        }
        layout(first, last)
    };
    let contexts_of = |layout: &Layout| -> Vec<Context> {
        let sent = usize::from(layout.first)..usize::from(layout.last) + 1;
        counts.iter().map(|counts| Context::new(counts, sent.clone(), width, precision)).collect()
    };
    let (plain, escaping) = (trimmed(false), trimmed(true));
    let contexts = contexts_of(&plain);
    let drift = drift(&contexts);
    let mut consider = |fit: Fit| {
        if best.as_ref().is_none_or(|(_, best)| fit.cost < best.cost) {
            *best = Some((precision, fit));
        }
    };
    let needs_escape = contexts.iter().any(|context| context.named > MAX_ENTRIES || context.beyond > 0);
    if !needs_escape {
        consider(Fit::new(&contexts, Layout { drift, ..plain }, precision));
    }
    if needs_escape || contexts.iter().any(|context| context.escaped > 0) {
        let escaping = Layout { drift, ..escaping };
        if (plain.first, plain.last) == (escaping.first, escaping.last) {
            consider(Fit::new(&contexts, escaping, precision));
        } else {
            consider(Fit::new(&contexts_of(&escaping), escaping, precision));
        }
    }
    (plain.first.into(), plain.last.into()) == all
}

/// The drift under which neighbouring tables are most alike.
fn drift(contexts: &[Context]) -> i8 {
    let mut rows = Vec::new();
    for context in contexts.iter().filter(|context| context.total > 0) {
        rows.push((0..context.counts.len()).map(|symbol| context.nearest(symbol)).collect::<Vec<u8>>());
    }
    let distance = |drift: &i8| {
        let mut distance = 0u64;
        for pair in rows.windows(2) {
            let length = pair[0].len();
            let shift = usize::from(drift.unsigned_abs()).min(length);
            let (above, row) = match *drift {
                0.. => (&pair[0][..length - shift], &pair[1][shift..]),
                _ => (&pair[0][shift..], &pair[1][..length - shift]),
            };
            // What is shifted out of the range counts as unlike, too.
            let beyond = match *drift {
                0.. => [&pair[1][..shift], &pair[0][length - shift..]],
                _ => [&pair[1][length - shift..], &pair[0][..shift]],
            };
            let unlike = |&a: &u8, &b: &u8| u64::from(a.abs_diff(b).min(UNLIKE));
            distance += above.iter().zip(row).map(|(above, row)| unlike(above, row)).sum::<u64>();
            distance += beyond.iter().flat_map(|part| part.iter()).map(|level| unlike(level, &0)).sum::<u64>();
        }
        distance
    };
    (MIN_DRIFT..=MAX_DRIFT).min_by_key(|drift| (distance(drift), drift.unsigned_abs())).unwrap_or(0)
}

/// Levels further apart than this are as unlike as can be.
const UNLIKE: u8 = 12;

/// The counts of a context, and what levels cost in it.
struct Context {
    /// Of the symbols of the range, scaled.
    counts: Vec<u64>,
    total: u64,
    /// Symbols that occur.
    named: usize,
    /// The exact level of each symbol, times LEVEL.
    targets: Vec<u32>,
    /// What an entry's share of the whole costs all the symbols, by its level.
    shares: [u64; LEVELS],
    /// The frequency of an entry of this level or a lower one is 1.
    floor: u8,
    /// Bits that follow an escape.
    width: u32,
    /// How often symbols occur that no table is sent for.
    beyond: u64,
    /// About how often the escape occurs, and what each costs.
    escaped: u64,
    escape_cost: u64,
    /// The symbols that can have an entry beside an escape, if not all.
    nameable: Option<Vec<bool>>,
}

impl Context {
    /// For the symbols `sent`; the others are escaped.
    fn new(counts: &[u64], sent: Range<usize>, width: u32, precision: u32) -> Self {
        let sum: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let shift = (u128::BITS - sum.leading_zeros()).saturating_sub(TOTAL_BITS);
        let counts: Vec<u64> = counts.iter().map(|&count| (count >> shift).max(u64::from(count > 0))).collect();
        let total: u64 = counts.iter().sum();
        let counts = counts[sent].to_vec();
        let beyond = total - counts.iter().sum::<u64>();
        let log_total = log2_fixed(total);
        let below = |&count: &u64| if count == 0 { 0 } else { (log_total - log2_fixed(count)) as u32 };
        let below: Vec<u32> = counts.iter().map(below).collect();
        // The best of the offsets brings the frequent symbols close to levels.
        let offset = |&index: &usize| index as u32 * LEVEL as u32 / TOTAL_VALUES.len() as u32;
        let error = |index: &usize| {
            let error = |(&count, below): (&u64, &u32)| {
                let part = (below + offset(index)) % LEVEL as u32;
                let error = u64::from(part.min(LEVEL as u32 - part) >> 5);
                count * error * error
            };
            counts.iter().zip(&below).map(error).sum::<u64>()
        };
        let index = (0..TOTAL_VALUES.len()).min_by_key(error).unwrap_or(0);
        let top = u32::from(MAX_LEVEL) * LEVEL as u32 - offset(&index);
        let whole = TOTAL_VALUES[index];
        let floor = (1..=MAX_LEVEL).rev().find(|&level| VALUES[usize::from(level)] << precision <= whole).unwrap_or(1);
        let unit = (u128::from(total * LOG2_E) << 32) / u128::from(whole);
        let share = |level: usize| ((unit * u128::from(VALUES[level].max(whole >> precision))) >> 32) as u64;
        let mut this = Self {
            total,
            named: counts.iter().filter(|&&count| count > 0).count(),
            targets: below.iter().map(|below| top.saturating_sub(*below)).collect(),
            shares: std::array::from_fn(share),
            floor,
            width,
            beyond,
            escaped: 0,
            escape_cost: 0,
            nameable: nameable(&counts),
            counts,
        };
        this.estimate_escapes();
        this
    }

    /// Escapes the symbols whose entry would cost more, some times over, as an escape costs the less the more there are.
    fn estimate_escapes(&mut self) {
        let entries = self.counts.iter().zip(&self.targets).filter(|(count, _)| **count > 0);
        let costs: Vec<(u64, u64)> = entries
            .filter(|(count, _)| **count < self.total >> RARE)
            .map(|(&count, &target)| (count, self.cost(count, nearest(target)) + ENTRY_COST))
            .collect();
        self.expect_escapes(self.beyond + costs.iter().map(|(count, _)| count).sum::<u64>());
        for _ in 0..ESTIMATES {
            let is_escaped = |(count, cost): &&(u64, u64)| count * self.escape_cost < *cost;
            let escaped = self.beyond + costs.iter().filter(is_escaped).map(|(count, _)| count).sum::<u64>();
            if escaped == self.escaped {
                break;
            }
            self.expect_escapes(escaped);
        }
    }

    fn expect_escapes(&mut self, escaped: u64) {
        self.escaped = escaped;
        self.escape_cost = log2_fixed(self.total) - log2_fixed(escaped) + u64::from(self.width) * BIT + ESCAPE_TIME;
    }

    /// The nearest level to a symbol's frequency; 0 if it does not occur.
    fn nearest(&self, symbol: usize) -> u8 {
        if self.counts[symbol] == 0 { 0 } else { nearest(self.targets[symbol]) }
    }

    /// What an entry that occurs `count` times costs, if it has this level.
    fn cost(&self, count: u64, level: u8) -> u64 {
        count * (u64::from(MAX_LEVEL - level.max(self.floor)) * LEVEL) + self.shares[usize::from(level)]
    }
}

fn nearest(target: u32) -> u8 {
    ((target + LEVEL as u32 / 2) / LEVEL as u32).clamp(1, u32::from(MAX_LEVEL)) as u8
}

/// The most frequent symbols, if there are more than fit a table beside the escape.
fn nameable(counts: &[u64]) -> Option<Vec<bool>> {
    let mut named: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
    if named.len() < MAX_ENTRIES {
        return None;
    }
    named.sort_by_key(|&symbol| (Reverse(counts[symbol]), symbol));
    let mut nameable = vec![false; counts.len()];
    named.iter().take(MAX_ENTRIES - 1).for_each(|&symbol| nameable[symbol] = true);
    Some(nameable)
}

/// Levels of all tables, and what they and the symbols cost.
struct Fit {
    layout: Layout,
    rows: Vec<Row>,
    cost: u64,
}

impl Fit {
    fn new(contexts: &[Context], layout: Layout, precision: u32) -> Self {
        let mut this = Self { layout, rows: Vec::new(), cost: 0 };
        let mut coding = LevelCoding::new();
        let mut spent = Following { cost: 0 };
        for context in contexts {
            let (row, escaped) = Self::row(context, &layout, this.rows.last(), &mut coding, &mut spent);
            this.cost = this.cost.saturating_add(code_length(context, &row, escaped, precision));
            this.rows.push(row);
        }
        this.cost = this.cost.saturating_add(spent.cost);
        this
    }

    /// The levels of a context, and how often its escape occurs.
    fn row(
        context: &Context,
        layout: &Layout,
        above: Option<&Row>,
        coding: &mut LevelCoding,
        spent: &mut Following,
    ) -> (Row, u64) {
        let symbols = layout.symbols();
        let mut row = Row::new(symbols);
        let mut escaped = context.beyond;
        let mut is_empty = true;
        // Entries that symbols may have which do not occur.
        let most = MAX_ENTRIES - usize::from(layout.escape);
        let mut spare = most.saturating_sub(context.named);
        coding.start_table();
        for symbol in 0..symbols {
            let count = context.counts[symbol];
            let prediction = LevelCoding::predict(&row, above, layout.drift, symbol);
            let is_last = symbol + 1 == symbols;
            if count == 0 && prediction.level().is_none() && !is_last {
                let Ok(_) = coding.code(spent, prediction, 0);
                continue;
            }
            let mut choice = Choice::new(coding, prediction);
            if count == 0 {
                if !is_last || !is_empty || escaped > 0 {
                    choice.consider(0, 0);
                } else {
                    choice.consider(MAX_LEVEL, context.cost(0, MAX_LEVEL));
                }
                if spare > 0
                    && let Some(level) = prediction.level()
                {
                    choice.consider(level, context.cost(0, level));
                }
            } else {
                let nameable = !layout.escape || context.nameable.as_ref().is_none_or(|nameable| nameable[symbol]);
                if layout.escape {
                    choice.consider(0, count * context.escape_cost);
                }
                if nameable {
                    choice.consider_near(context, count, context.targets[symbol]);
                }
            }
            let level = choice.level;
            let Ok(_) = coding.code(spent, prediction, level);
            coding.advance(prediction, level);
            row.set(symbol, level);
            is_empty &= level == 0;
            match level {
                0 => escaped += count,
                _ if count == 0 => spare = spare.saturating_sub(1),
                _ => {}
            }
        }
        if layout.escape {
            let prediction = LevelCoding::predict_escape(above);
            let mut choice = Choice::new(coding, prediction);
            if escaped == 0 {
                choice.consider(0, 0);
            } else {
                let below = (log2_fixed(context.total) - log2_fixed(escaped)) as u32;
                choice.consider_near(context, escaped, (u32::from(MAX_LEVEL) * LEVEL as u32).saturating_sub(below));
            }
            row.escape = choice.level;
            let Ok(_) = coding.code(spent, prediction, row.escape);
        }
        (row, escaped)
    }
}

/// The cheapest of the levels considered.
struct Choice<'a> {
    coding: &'a mut LevelCoding,
    prediction: Prediction,
    level: u8,
    cost: u64,
}

impl<'a> Choice<'a> {
    fn new(coding: &'a mut LevelCoding, prediction: Prediction) -> Self {
        Self { coding, prediction, level: 0, cost: u64::MAX }
    }

    /// A level, which costs `length` bits more than to code it.
    fn consider(&mut self, level: u8, length: u64) {
        if length >= self.cost {
            return;
        }
        let mut counter = Counter { cost: 0 };
        let Ok(_) = self.coding.code(&mut counter, self.prediction, level);
        let cost = length + counter.cost * BIT_WEIGHT / 16;
        if cost < self.cost {
            (self.level, self.cost) = (level, cost);
        }
    }

    /// The levels that come into question for an entry that occurs `count` times.
    fn consider_near(&mut self, context: &Context, count: u64, target: u32) {
        let nearest = nearest(target);
        let (mut low, mut high) = (nearest, nearest);
        if let Some(level) = self.prediction.level() {
            self.consider(level, context.cost(count, level));
            if nearest.abs_diff(level) <= TRIED {
                (low, high) = (low.min(level), high.max(level));
            }
        }
        for level in (low - 1).max(1)..=(high + 1).min(MAX_LEVEL) {
            self.consider(level, context.cost(count, level));
        }
    }
}

/// The length of the code of a context's symbols under its table.
fn code_length(context: &Context, row: &Row, escaped: u64, precision: u32) -> u64 {
    let entries = || row.levels().iter().zip(&context.counts).chain([(&row.escape, &escaped)]).filter(|(l, _)| **l > 0);
    let values: Vec<u32> = entries().map(|(&level, _)| VALUES[usize::from(level)]).collect();
    let mut frequencies = vec![0; values.len()];
    normalise(&values, precision, &mut frequencies);
    let length = |((_, &count), &frequency): ((_, &u64), &u16)| count * u64::from(COSTS[usize::from(frequency)]);
    let length = entries().zip(&frequencies).map(length).sum::<u64>();
    let behind_escapes = escaped * (u64::from(context.width) * BIT + ESCAPE_TIME);
    length - context.total * u64::from(MAX_PRECISION - precision) * BIT + behind_escapes
}

/// Counts what bits cost, in units of 2^-16 bits, and leaves the contexts alone.
struct Counter {
    cost: u64,
}

/// Counts as well, and the contexts follow.
struct Following {
    cost: u64,
}

impl BitCoder for Counter {
    type Error = Infallible;

    #[inline(always)]
    fn adaptive(&mut self, context: &mut AdaptiveBit, bit: bool) -> Result<bool, Infallible> {
        self.cost += bit_cost(*context, bit);
        Ok(bit)
    }

    #[inline(always)]
    fn half(&mut self, bit: bool) -> Result<bool, Infallible> {
        self.cost += BIT;
        Ok(bit)
    }
}

impl BitCoder for Following {
    type Error = Infallible;

    #[inline(always)]
    fn adaptive(&mut self, context: &mut AdaptiveBit, bit: bool) -> Result<bool, Infallible> {
        self.cost += bit_cost(*context, bit);
        context.update(bit, TABLE_LIMIT);
        Ok(bit)
    }

    #[inline(always)]
    fn half(&mut self, bit: bool) -> Result<bool, Infallible> {
        self.cost += BIT;
        Ok(bit)
    }
}

#[inline(always)]
fn bit_cost(context: AdaptiveBit, bit: bool) -> u64 {
    let zero = usize::from(context.probability() >> 4);
    u64::from(COSTS[if bit { (1 << MAX_PRECISION) - zero } else { zero }])
}

/// -log2 of a probability in units of 2^-12, as those of the narrow coder and the finest frequencies are.
static COSTS: [u32; (1 << MAX_PRECISION) + 1] = {
    let mut costs = [MAX_PRECISION << 16; (1 << MAX_PRECISION) + 1];
    let mut probability = 1;
    while probability < costs.len() {
        costs[probability] = (MAX_PRECISION << 16) - log2_fixed(probability as u64) as u32;
        probability += 1;
    }
    costs
};

#[cfg(test)]
#[path = "fit_tests.rs"]
pub(super) mod tests;
