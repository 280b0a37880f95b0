//! Frequency tables (section 9).

use std::collections::HashMap;

use crate::decoder::bits::{Adaptive, BitStream};
use crate::decoder::bytes::{Bytes, Result, must};
use crate::normalise::normalise;

pub struct Tables {
    pub(crate) precision: u32,
    /// The entries of each context: the symbol (`None` for the escape) and its frequency.
    pub(crate) entries: Vec<Vec<(Option<u16>, u64)>>,
}

pub(crate) fn tables(bytes: &mut Bytes, width: u32, contexts: usize) -> Result<Tables> {
    let precision = u32::from(bytes.byte()?);
    must((9..=12).contains(&precision), "precision")?;
    must(contexts << precision <= 32768, "too many slots")?;
    let mut stream = BitStream::new(bytes.words(2)?, false);
    let has_escape = stream.halves(1)? == 1;
    let (first_symbol, last_symbol) = (stream.halves(width)?, stream.halves(width)?);
    must(first_symbol <= last_symbol, "first and last symbol")?;
    must(contexts as i64 * (last_symbol - first_symbol + 1) <= 32768, "too many frequency codes")?;
    let span = last_symbol - first_symbol + 1 + i64::from(has_escape);
    must(span <= 1 << (32 - 2 * precision), "too many symbols for the precision")?;
    let drift = if contexts > 1 { stream.halves(4)? - 8 } else { 0 };
    let mut models = FrequencyCodeModels::default();
    // the frequency codes by context and symbol; the escape has the symbol -1
    let mut codes: HashMap<(i64, i64), i64> = HashMap::new();
    let mut entries = Vec::new();
    for c in 0..contexts as i64 {
        models.recent = 0;
        let mut names = Vec::new();
        for s in first_symbol..=last_symbol {
            let at = |c: i64, s: i64| if s < first_symbol { 0 } else { *codes.get(&(c, s)).unwrap_or(&0) };
            let near =
                [at(c, s - 1), at(c, s - 2), at(c - 1, s - drift), at(c - 1, s - drift - 1), at(c - 1, s - drift + 1)];
            let code = models.code(&mut stream, c, false, near)?;
            codes.insert((c, s), code);
            names.push((Some(s as u16), code));
        }
        if has_escape {
            let near = [0, 0, *codes.get(&(c - 1, -1)).unwrap_or(&0), 0, 0];
            let code = models.code(&mut stream, c, true, near)?;
            codes.insert((c, -1), code);
            names.push((None, code));
        }
        names.retain(|(_, code)| *code > 0);
        must(!names.is_empty(), "a table without an entry")?;
        must(names.len() <= 256, "a table of more than 256 entries")?;
        let value = |code: i64| ([256, 279, 304, 332, 362, 395, 431, 470][code as usize % 8] << (code / 8)) / 16;
        let values: Vec<u64> = names.iter().map(|(_, code)| value(*code)).collect();
        entries.push(names.into_iter().map(|(name, _)| name).zip(normalise(&values, precision as u8)).collect());
    }
    stream.end()?;
    Ok(Tables { precision, entries })
}

/// The adaptive bits of section 9.1.
#[derive(Default)]
pub(crate) struct FrequencyCodeModels {
    zero: HashMap<i64, Adaptive>,
    trees: [HashMap<u32, Adaptive>; 2],
    differs: HashMap<i64, Adaptive>,
    sign: HashMap<i64, Adaptive>,
    exponents: HashMap<(i64, u32), Adaptive>,
    second: HashMap<(i64, u32), Adaptive>,
    recent: i64,
}

impl FrequencyCodeModels {
    fn code(&mut self, stream: &mut BitStream, c: i64, escape: bool, near: [i64; 5]) -> Result<i64> {
        let [left, left2, above, above_left, above_right] = near;
        let zero = |code: i64| i64::from(code == 0);
        let number = match escape {
            true => 32,
            false => 16 * i64::from(c > 0) + zero(left) + 2 * zero(left2) + 4 * zero(above) + 8 * zero(above_right),
        };
        if stream.adaptive(self.zero.entry(number).or_default(), 60)? {
            return Ok(0);
        }
        if left == 0 && above == 0 {
            let code = stream.tree(&mut self.trees[usize::from(escape)], 7, 60)?.into();
            must(code != 0, "a frequency code of 0")?;
            return Ok(code);
        }
        let (kind, prediction) = match (left != 0, above != 0, above_left != 0, left2 != 0) {
            (true, true, true, _) if above_left <= left.min(above) => (0, left.max(above)),
            (true, true, true, _) if above_left >= left.max(above) => (0, left.min(above)),
            (true, true, true, _) => (0, left + above - above_left),
            (_, true, _, _) => (1, above),
            (_, false, _, true) => (2, (left + (left - left2) / 2).clamp(1, 127)),
            (_, false, _, false) => (3, left),
        };
        let context = 3 * kind + self.recent;
        let mut difference = 0;
        let mut exponent = 0;
        if stream.adaptive(self.differs.entry(context).or_default(), 60)? {
            let negative = stream.adaptive(self.sign.entry(context).or_default(), 60)?;
            while stream.adaptive(self.exponents.entry((context, exponent)).or_default(), 60)? {
                exponent += 1;
                must(exponent <= 6, "a difference of more than 7 bits")?;
            }
            let mut magnitude = 1;
            for j in 0..exponent {
                let bit = match j {
                    0 => stream.adaptive(self.second.entry((context, exponent)).or_default(), 60)?,
                    _ => stream.halves(1)? == 1,
                };
                magnitude = 2 * magnitude + i64::from(bit);
            }
            difference = if negative { -magnitude } else { magnitude };
        }
        self.recent = match difference.abs() {
            0 => 0,
            1..=2 => 1,
            _ => 2,
        };
        let code = prediction + difference;
        must((1..=127).contains(&code), "a frequency code out of range")?;
        Ok(code)
    }
}
