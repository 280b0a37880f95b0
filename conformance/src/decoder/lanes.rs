//! The lane coder (section 10).

use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::tables::Tables;
use crate::normalise::normalise;

pub(crate) fn lanes(
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
        let state = &mut states[i % 32];
        let slot = *state % (1 << precision);
        let (mut e, mut start) = (0, 0);
        while slot >= start + frequencies[c][e] {
            start += frequencies[c][e];
            e += 1;
        }
        *state = frequencies[c][e] * (*state >> precision) + slot - start;
        if *state < 1 << 16 {
            *state = *state << 16 | words.next().ok_or("a word missing")?;
        }
        out.push(match tables.entries[c][e].0 {
            Some(symbol) => symbol,
            None => {
                let symbol = escapes.next().ok_or("an escape missing")?;
                let named = tables.entries[c].iter().any(|(name, _)| *name == Some(symbol));
                must(!named, "an escaped symbol that has a frequency")?;
                symbol
            }
        });
        let round = i as u64 / 32;
        if (round * 2_654_435_769) & 0xffff_ffff < 1 << 29 {
            counts[c][e] += 1;
        }
        if interval == 0 || (i + 1) % (1 << interval) != 0 {
            continue;
        }
        for c in 0..counts.len() {
            let total: u64 = counts[c].iter().sum();
            if total < 1 << (interval - 3) {
                continue;
            }
            let reciprocal = (1 << 32) / total;
            for e in 0..counts[c].len() {
                let weight = weights[c][e];
                weights[c][e] = weight - (weight >> rate) + (((counts[c][e] * reciprocal) >> 8) >> rate);
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
