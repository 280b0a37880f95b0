//! A literal implementation of section 10, with which the tests compare the decoders.

use super::super::tables::normalise::normalise;
use super::{Adaptation, LaneModel};
use crate::wire::Cursor;

fn bit_field(bytes: &[u8], at: usize, width: usize) -> u16 {
    (0..width).map(|bit| u16::from(bytes[(at + bit) / 8] >> ((at + bit) % 8) & 1) << bit).sum()
}

/// Decodes the stream of a chunk; returns `None` if the stream must be rejected.
pub(super) fn naive_decode(stream: &[u8], model: &LaneModel, contexts: &[u8], count: usize) -> Option<Vec<u16>> {
    let mut cursor = Cursor::unplaced(stream, "naive");
    let words = cursor.varint().ok()? as usize;
    let escapes = cursor.varint().ok()? as usize;
    let mut states: Vec<u64> = Vec::new();
    for _ in 0..32 {
        states.push(cursor.u32().ok()?.into());
    }
    if states.iter().any(|&state| state < 1 << 16) {
        return None;
    }
    let words = cursor.bytes(words.checked_mul(2)?).ok()?;
    let width = model.tables.width() as usize;
    let packed = cursor.bytes(escapes.checked_mul(width)?.div_ceil(8)).ok()?;
    if (escapes * width..packed.len() * 8).any(|bit| bit_field(packed, bit, 1) == 1) {
        return None;
    }

    let p = model.tables.precision();
    let mut frequencies: Vec<Vec<u64>> = model
        .tables
        .iter()
        .map(|table| table.frequencies().iter().map(|&frequency| frequency.into()).collect())
        .collect();
    let mut weights: Vec<Vec<u64>> =
        frequencies.iter().map(|of| of.iter().map(|frequency| frequency << (24 - p)).collect()).collect();
    let mut counts: Vec<Vec<u64>> = weights.iter().map(|of| vec![0; of.len()]).collect();
    let Adaptation { interval, rate } = model.adaptation;
    let (mut next_word, mut next_escape) = (0, 0);
    let mut symbols = Vec::new();
    for i in 0..count {
        let c = contexts.get(i).map_or(0, |&context| usize::from(context));
        let table = model.tables.table(c);
        let of = &frequencies[c];
        let state = &mut states[i % 32];
        let slot = *state % (1 << p);
        let start = |k: usize| of[..k].iter().sum::<u64>();
        let k = (0..of.len()).find(|&k| start(k) <= slot && slot < start(k) + of[k]).unwrap();
        *state = of[k] * (*state >> p) + slot - start(k);
        if *state < 1 << 16 {
            let word = words.get(2 * next_word..2 * next_word + 2)?;
            *state = *state << 16 | u64::from(word[1]) << 8 | u64::from(word[0]);
            next_word += 1;
        }
        if k < table.symbols().len() {
            symbols.push(table.symbols()[k]);
        } else {
            if next_escape == escapes {
                return None;
            }
            let symbol = bit_field(packed, next_escape * width, width);
            next_escape += 1;
            if table.symbols().contains(&symbol) {
                return None;
            }
            symbols.push(symbol);
        }
        if (i as u64 / 32 * 2654435769) % (1 << 32) < 1 << 29 {
            counts[c][k] += 1;
        }
        if interval > 0 && (i + 1) % (1 << interval) == 0 {
            for c in 0..counts.len() {
                let n: u64 = counts[c].iter().sum();
                if n < 1 << (interval - 3) {
                    continue;
                }
                let r = (1 << 32) / n;
                for (weight, count) in weights[c].iter_mut().zip(&mut counts[c]) {
                    *weight = *weight - (*weight >> rate) + (((*count * r) >> 8) >> rate);
                    *count = 0;
                }
                let values: Vec<u32> = weights[c].iter().map(|&weight| (weight >> 8) as u32).collect();
                let mut normalised = vec![0; values.len()];
                normalise(&values, p, &mut normalised);
                frequencies[c] = normalised.iter().map(|&frequency| frequency.into()).collect();
            }
        }
    }
    let all_used = 2 * next_word == words.len() && next_escape == escapes;
    (all_used && states.iter().all(|&state| state == 1 << 16)).then_some(symbols)
}
