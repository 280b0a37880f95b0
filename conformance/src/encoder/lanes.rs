//! The lane coder (section 10).

use crate::encoder::tables::Tables;
use crate::normalise::normalise;
use crate::wire::bits::pack;
use crate::wire::primitives::put_varint;

/// The parts of a stream of the lane coder.
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

/// Rules for counting symbols and for adapting tables (section 10.2). Bad vectors use wrong ones.
#[derive(Clone, Copy)]
pub struct Counting {
    /// Returns whether symbol number i of the chunk is counted.
    pub counted: fn(usize) -> bool,
    /// Returns the number of counts, for an interval, from which on a context adapts.
    pub due: fn(u8) -> u64,
}

impl Counting {
    pub const RIGHT: Self = Self {
        counted: |i| (i as u64 / 32 * 2_654_435_769) % (1 << 32) < 1 << 29,
        due: |interval| 1 << (interval - 3),
    };
}

/// Encodes symbols (section 10).
pub fn lanes(symbols: &[u16], contexts: &[usize], tables: &Tables, interval: u8, rate: u8) -> LaneStream {
    lanes_counting(symbols, contexts, tables, interval, rate, Counting::RIGHT)
}

/// Does the same with other rules for counting.
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
        (0..tables.codes.len()).map(|context| tables.entries(context).into_iter().unzip()).unzip();
    let mut weights: Vec<Vec<u64>> =
        frequencies.iter().map(|table| table.iter().map(|frequency| frequency << (24 - precision)).collect()).collect();
    let mut counts: Vec<Vec<u64>> = frequencies.iter().map(|table| vec![0; table.len()]).collect();
    let mut escapes = Vec::new();
    // the frequency and the start of each symbol, as they are when it is coded
    let mut coded = Vec::new();
    for (i, (&symbol, &c)) in symbols.iter().zip(contexts).enumerate() {
        if interval > 0 && i > 0 && i % (1 << interval) == 0 {
            adapt(&mut frequencies, &mut weights, &mut counts, (counting.due)(interval), rate, precision);
        }
        let place = |name: Option<u16>| names[c].iter().position(|&other| other == name);
        let e = place(Some(symbol)).unwrap_or_else(|| {
            escapes.push(symbol);
            place(None).expect("a symbol without frequency needs an escape")
        });
        counts[c][e] += u64::from((counting.counted)(i));
        coded.push((frequencies[c][e], frequencies[c][..e].iter().sum::<u64>()));
    }
    let mut states = vec![1u64 << 16; 32];
    let mut words = Vec::new();
    for (i, (frequency, start)) in coded.into_iter().enumerate().rev() {
        let state = &mut states[i % 32];
        if *state >= frequency << (32 - precision) {
            words.push(*state as u16);
            *state >>= 16;
        }
        *state = ((*state / frequency) << precision) + *state % frequency + start;
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

/// Adapts the frequencies at the end of 2^interval symbols (section 10.2).
pub(crate) fn adapt(
    frequencies: &mut [Vec<u64>],
    weights: &mut [Vec<u64>],
    counts: &mut [Vec<u64>],
    due: u64,
    rate: u8,
    precision: u8,
) {
    for c in 0..frequencies.len() {
        let total: u64 = counts[c].iter().sum();
        if total < due {
            continue;
        }
        let reciprocal = (1 << 32) / total;
        for (weight, count) in weights[c].iter_mut().zip(&counts[c]) {
            *weight = *weight - (*weight >> rate) + (((count * reciprocal) >> 8) >> rate);
        }
        let values: Vec<u64> = weights[c].iter().map(|weight| weight >> 8).collect();
        frequencies[c] = normalise(&values, precision);
        counts[c].fill(0);
    }
}
