//! Code lengths in bits, as floats, of what was coded: by the very probabilities that the coders had. What a stream takes
//! beyond that is the coder's own. To look at, never to decide by: encoders choose by `cost`.

use super::adapt::{Adaptation, Follower};
use super::bits::{BitsModel, WordSize};
use super::coder::{Narrow, Size};
use super::context::Tree;
use super::lane_encode::{Count, Entries};
use super::lanes::LaneModel;
use super::mixer::Coder;
use super::table::Tables;
use crate::error::Result;
use crate::spec::LANES;

/// The product of all probabilities, so that there is one logarithm only: it is exact but for 2^-46 of a bit a decision.
pub(super) struct Length {
    /// In units of 2^-47, from 1 up to 2.
    mantissa: u64,
    /// How often the product was doubled to keep it there.
    doubled: u64,
}

impl Length {
    pub(super) const NOTHING: Self = Self { mantissa: 1 << 47, doubled: 0 };

    pub(super) fn bits(&self) -> f64 {
        self.doubled as f64 - (self.mantissa as f64 / (1u64 << 47) as f64).log2()
    }
}

impl Coder for Length {
    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool> {
        let probability = u64::from(probability);
        // below 2^48 times at most 2^16
        let product = self.mantissa * if bit { 65_536 - probability } else { probability };
        let zeros = product.leading_zeros();
        self.mantissa = product << zeros >> 16;
        // a probability of 1 would leave the product in units of 2^-63
        self.doubled += u64::from(zeros);
        Ok(bit)
    }
}

/// One chunk coded in bits (section 11.4). `contexts` has that of each symbol, or, if there is only one, may be empty.
pub(crate) fn bits_length(symbols: &[u16], contexts: &[u8], model: &BitsModel) -> f64 {
    // what the narrow coder leaves of a probability
    let mask = match model.word {
        WordSize::Narrow => !0 << (16 - Narrow::PRECISION),
        WordSize::Wide => !0,
    };
    let mut trees = vec![Tree::new(model.width); model.contexts];
    let mut length = Length::NOTHING;
    for (i, &symbol) in symbols.iter().enumerate() {
        let context = contexts.get(i).map_or(0, |&context| usize::from(context));
        let Some(tree) = trees.get_mut(context) else { continue };
        tree.visit(symbol, |context, bit| {
            // taken, not read: nothing can be wrong
            let _ = length.code(bit, context.probability() & mask);
            context.update(bit, model.limit);
        });
    }
    length.bits()
}

/// Symbols that occur `counts[context << width | symbol]` times, under tables that stay; those without a frequency are
/// escapes, which take their width beside the escape's own code.
pub(crate) fn static_lanes_length(counts: &[u64], tables: &Tables) -> f64 {
    let own_counts = counts.chunks_exact(1 << tables.width());
    let lengths = own_counts.zip(tables.iter()).map(|(counts, table)| {
        let mut escaped: u64 = counts.iter().sum();
        let mut bits = 0.0;
        for (&symbol, &frequency) in table.symbols().iter().zip(table.frequencies()) {
            let count = counts[usize::from(symbol)];
            escaped -= count;
            bits += count as f64 * entry_length(frequency, tables.precision());
        }
        match table.frequencies().get(table.symbols().len()) {
            Some(&escape) => bits + escaped as f64 * escape_length(escape, tables),
            None => bits,
        }
    });
    lengths.sum()
}

/// What a symbol takes that has `frequency` of 2^precision.
fn entry_length(frequency: u16, precision: u32) -> f64 {
    f64::from(precision) - f64::from(frequency).log2()
}

fn escape_length(frequency: u16, tables: &Tables) -> f64 {
    entry_length(frequency, tables.precision()) + f64::from(tables.width())
}

/// One chunk coded in lanes under tables that follow the symbols (section 10.2), block by block.
pub(crate) struct AdaptiveLanes<'m> {
    model: &'m LaneModel,
    entries: Entries,
    frequencies: Vec<Vec<u16>>,
    followers: Vec<Follower>,
    /// Of each entry, since its context's frequencies last changed. One more than there are entries, for what cannot be coded.
    counts: Vec<Count>,
    followed: Vec<u32>,
    position: usize,
    bits: f64,
}

impl<'m> AdaptiveLanes<'m> {
    /// At the start of a chunk. `None`: the tables stay.
    pub(crate) fn new(model: &'m LaneModel) -> Option<Self> {
        if model.adaptation == Adaptation::STATIC {
            return None;
        }
        let entries = Entries::new(&model.tables);
        let frequencies: Vec<Vec<u16>> = model.tables.iter().map(|table| table.frequencies().to_vec()).collect();
        let follower = |of: &Vec<u16>| Follower::new(of, model.tables.precision(), model.adaptation);
        Some(Self {
            followers: frequencies.iter().map(follower).collect(),
            counts: vec![[0; 4]; entries.count() + 1],
            followed: vec![0; entries.count() + 1],
            entries,
            frequencies,
            model,
            position: 0,
            bits: 0.0,
        })
    }

    /// The next symbols of the chunk, a multiple of 32 but for the last ones.
    pub(crate) fn add(&mut self, symbols: &[u16], contexts: &[u8]) {
        match self.model.tables.contexts() {
            1 => self.add_some::<false>(symbols, &[]),
            _ => self.add_some::<true>(symbols, contexts),
        }
    }

    fn add_some<const MANY: bool>(&mut self, mut symbols: &[u16], mut contexts: &[u8]) {
        debug_assert!(self.position.is_multiple_of(LANES) && (!MANY || symbols.len() == contexts.len()));
        let block_len = self.model.adaptation.block_len();
        while !symbols.is_empty() {
            // at the end of a block, if anything comes after it
            if self.position > 0 && self.position.is_multiple_of(block_len) {
                self.change();
            }
            let len = symbols.len().min(block_len - self.position % block_len);
            let (now, later) = symbols.split_at(len);
            let (contexts_now, contexts_later) = if MANY { contexts.split_at(len) } else { (&[][..], &[][..]) };
            self.entries.add_counts::<MANY>(now, contexts_now, &mut self.counts);
            self.entries.count_some::<MANY>(self.position, now, contexts_now, &mut self.followed);
            self.position += len;
            (symbols, contexts) = (later, contexts_later);
        }
    }

    /// The frequencies of contexts that are due follow what was counted.
    fn change(&mut self) {
        for context in 0..self.frequencies.len() {
            let own = self.entries.of_context(context);
            if self.followers[context].is_due(&self.followed[own.clone()]) {
                self.spend(context);
                self.followers[context].follow(&mut self.followed[own], &mut self.frequencies[context]);
            }
        }
    }

    /// Adds what was counted in a context, under its frequencies.
    fn spend(&mut self, context: usize) {
        let tables = &self.model.tables;
        let symbols = tables.table(context).symbols().len();
        let counts = &mut self.counts[self.entries.of_context(context)];
        for (entry, (count, &frequency)) in counts.iter_mut().zip(&self.frequencies[context]).enumerate() {
            let total: u64 = std::mem::take(count).iter().map(|&part| u64::from(part)).sum();
            let length = match entry {
                entry if entry < symbols => entry_length(frequency, tables.precision()),
                _ => escape_length(frequency, tables),
            };
            self.bits += total as f64 * length;
        }
    }

    /// After the last symbol: all of them.
    pub(crate) fn finish(mut self) -> f64 {
        (0..self.frequencies.len()).for_each(|context| self.spend(context));
        self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BIT, bits_cost, encode_bits, encode_lanes, lanes_cost};
    use super::*;
    use crate::kernel::Kernel;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_product_is_a_sum_of_logarithms(decisions in prop::collection::vec((any::<bool>(), 16u16..=65_520), 0..3000)) {
            let mut length = Length::NOTHING;
            let mut bits = 0.0;
            for (bit, probability) in decisions {
                length.code(bit, probability).unwrap();
                let of_zero = f64::from(probability) / 65_536.0;
                bits -= if bit { 1.0 - of_zero } else { of_zero }.log2();
            }
            prop_assert!((length.bits() - bits).abs() <= 1e-9 * bits, "{} {bits}", length.bits());
        }
    }

    /// Symbols whose distribution changes on the way, and their contexts.
    fn drifting(count: usize, contexts: usize) -> (Vec<u16>, Vec<u8>) {
        let mut random = 1u64;
        let mut next = || {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            random
        };
        let symbols = (0..count).map(|i| {
            let rare = (next() >> 32 | 1 << 31).leading_zeros() + (next() >> 33).leading_zeros();
            // now and then anything at all
            match next() >> 54 {
                0 => (next() >> 58) as u16,
                _ => (rare as u16 + (i / 15_000) as u16 + (next() >> 63) as u16 * 7) & 63,
            }
        });
        let symbols = symbols.collect();
        (symbols, if contexts == 1 { Vec::new() } else { (0..count).map(|i| (i / 7 % contexts) as u8).collect() })
    }

    fn tables(symbols: &[u16], contexts: &[u8], count: usize, precision: u32) -> (Vec<u64>, Tables) {
        let mut counts = vec![vec![0u64; 64]; count];
        for (i, &symbol) in symbols.iter().enumerate() {
            counts[contexts.get(i).map_or(0, |&context| usize::from(context))][usize::from(symbol)] += 1;
        }
        let tables = Tables::from_counts(&counts, 6, precision);
        (counts.concat(), tables)
    }

    /// Symbol by symbol, with tables made anew from the frequencies at that moment (section 10.2).
    fn naive_lanes(symbols: &[u16], contexts: &[u8], model: &LaneModel) -> f64 {
        let precision = model.tables.precision();
        let mut frequencies: Vec<Vec<u16>> = model.tables.iter().map(|table| table.frequencies().to_vec()).collect();
        let mut followers: Vec<Follower> =
            frequencies.iter().map(|of| Follower::new(of, precision, model.adaptation)).collect();
        let mut counts: Vec<Vec<u32>> = frequencies.iter().map(|of| vec![0; of.len()]).collect();
        let mut bits = 0.0;
        for (i, &symbol) in symbols.iter().enumerate() {
            if model.adaptation != Adaptation::STATIC && i > 0 && i.is_multiple_of(model.adaptation.block_len()) {
                for ((follower, counts), frequencies) in followers.iter_mut().zip(&mut counts).zip(&mut frequencies) {
                    follower.follow(counts, frequencies);
                }
            }
            let context = contexts.get(i).map_or(0, |&context| usize::from(context));
            let table = model.tables.table(context);
            let entry = table.symbols().iter().position(|&known| known == symbol);
            let is_escape = entry.is_none();
            let entry = entry.unwrap_or(table.symbols().len());
            let probability = f64::from(frequencies[context][entry]) / f64::from(1u32 << precision);
            bits -= probability.log2();
            bits += if is_escape { 6.0 } else { 0.0 };
            if super::super::adapt::is_counted(i / LANES) {
                counts[context][entry] += 1;
            }
        }
        bits
    }

    #[test]
    fn lanes_take_what_their_tables_say() {
        let mut escaped = 0;
        for context_count in [1, 5] {
            let (symbols, contexts) = drifting(70_003, context_count);
            let (counts, _) = tables(&symbols, &contexts, context_count, 12);
            for precision in [9, 10, 12] {
                let (_, tables) = tables(&symbols, &contexts, context_count, precision);
                // symbols of their own, rare as they are, have a frequency or are escaped
                escaped += tables.iter().filter(|table| table.has_escape()).count();
                for adaptation in [
                    Adaptation::STATIC,
                    Adaptation { interval: 8, rate: 2 },
                    Adaptation { interval: 12, rate: 4 },
                    Adaptation { interval: 16, rate: 1 },
                ] {
                    let model = LaneModel { tables: tables.clone(), adaptation };
                    let expected = naive_lanes(&symbols, &contexts, &model);
                    let mut lengths = Vec::new();
                    if adaptation == Adaptation::STATIC {
                        assert!(AdaptiveLanes::new(&model).is_none());
                        lengths.push(static_lanes_length(&counts, &tables));
                    } else {
                        for piece in [32, 2048, 4096 + 32, symbols.len()] {
                            let mut lanes = AdaptiveLanes::new(&model).unwrap();
                            for (i, symbols) in symbols.chunks(piece).enumerate() {
                                lanes.add(symbols, contexts.chunks(piece).nth(i).unwrap_or_default());
                            }
                            lengths.push(lanes.finish());
                        }
                    }
                    for length in lengths {
                        assert!((length / expected - 1.0).abs() < 1e-9, "{adaptation:?}: {length} {expected}");
                    }
                    let cost = lanes_cost(&symbols, &contexts, &model) as f64 / BIT as f64;
                    assert!((cost / expected - 1.0).abs() < 1e-4, "{adaptation:?}: {cost} {expected}");
                    let mut out = Vec::new();
                    encode_lanes(&symbols, &contexts, &model, Kernel::PORTABLE, &mut out);
                    let over = 8.0 * out.len() as f64 - expected;
                    assert!((0.0..1200.0).contains(&over), "{adaptation:?}: {over} over {expected}");
                }
            }
        }
        assert!(escaped > 0, "no table has an escape");
    }

    #[test]
    fn bits_take_what_their_trees_say() {
        for (context_count, word) in
            [(1, WordSize::Narrow), (5, WordSize::Narrow), (1, WordSize::Wide), (5, WordSize::Wide)]
        {
            let (symbols, contexts) = drifting(20_000, context_count);
            let model = BitsModel { word, limit: 60, width: 6, contexts: context_count };
            let length = bits_length(&symbols, &contexts, &model);
            // that cost is by 12 bits of the probability, rounded
            let cost = bits_cost(&symbols, &contexts, &model) as f64 / BIT as f64;
            assert!((length / cost - 1.0).abs() < 2e-3, "{word:?}: {length} {cost}");
            let mut out = Vec::new();
            encode_bits(&symbols, &contexts, &model, &mut out);
            let over = 8.0 * out.len() as f64 / length - 1.0;
            let most = if word == WordSize::Narrow { 0.02 } else { 0.0005 };
            assert!((0.0..most).contains(&over), "{word:?}: {over}");
        }
    }
}
