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
    let (first, last) = (stream.halves(width)?, stream.halves(width)?);
    must(first <= last, "first and last symbol")?;
    must(contexts as i64 * (last - first + 1) <= 32768, "too many levels")?;
    let labels = last - first + 1 + i64::from(has_escape);
    must(labels <= 1 << (32 - 2 * precision), "too many symbols for the precision")?;
    let drift = if contexts > 1 { stream.halves(4)? - 8 } else { 0 };
    let mut models = LevelModels::default();
    // the frequency codes by context and symbol; the escape has the symbol -1
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

/// The adaptive bits of section 9.1.
#[derive(Default)]
pub(crate) struct LevelModels {
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
