//! A mixed mask (section 12.3).

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::mixer::{Mixer, Slot, stretch};

/// Reads `row` and `kernel`, which mixed masks and mixed kept values have in common.
pub(crate) fn row_and_kernel(bytes: &mut Bytes) -> Result<(usize, usize)> {
    let (row, kernel) = (bytes.varint()?, bytes.varint()?);
    must((1..=65536).contains(&row), "length of a row")?;
    must((1..=row).contains(&kernel), "length of a kernel")?;
    Ok((row as usize, kernel as usize))
}

/// The parameters of a mixed mask (section 12.3).
pub struct MixedMask {
    row: usize,
    kernel: usize,
}

impl MixedMask {
    pub fn read(bytes: &mut Bytes) -> Result<Self> {
        let (row, kernel) = row_and_kernel(bytes)?;
        Ok(Self { row, kernel })
    }

    pub fn decode(&self, stream: &mut BitStream, count: usize) -> Result<Vec<bool>> {
        // the sets of the contexts A0 to A4
        let mut sets: Vec<Vec<Slot>> = [512, 1024, 256, 256, 256].map(|size| vec![Slot::default(); size]).into();
        let mut mixers = vec![Mixer::new(5, 13107); 16];
        let mut all = Slot::default();
        let mut row = Slot::default();
        let mut kernel = Slot::default();
        let mut column = vec![Slot::default(); self.row];
        let mut channel = vec![Slot::default(); self.row.div_ceil(self.kernel)];
        let mut position = vec![Slot::default(); self.kernel];
        let mut history = 0usize;
        let mut x: Vec<bool> = Vec::new();
        for i in 0..count {
            let c = i % self.row;
            let (k, h) = (c % self.kernel, c / self.kernel);
            if c == 0 {
                (row.p, row.c) = (all.p, 8);
            }
            if k == 0 {
                (kernel.p, kernel.c) = (row.p, 4);
            }
            if i < self.row {
                if k == 0 {
                    (channel[h].p, channel[h].c) = (all.p, 2);
                }
                (column[c].p, column[c].c) = (all.p, 2);
            }
            let before = |d: usize| i.checked_sub(d).map_or(0, |j| usize::from(x[j]));
            let places = [
                if self.kernel <= 9 { (1 << k) + history % (1 << k) } else { history % 512 },
                32 * density(column[c], 5) + density(row, 5),
                16 * density(channel[h], 4) + density(kernel, 4),
                16 * density(column[c], 4) + history % 16,
                16 * density(position[k], 4) + 4 * (history % 4) + 2 * before(self.row) + before(2 * self.row),
            ];
            let mut slots: Vec<&mut Slot> = sets.iter_mut().zip(places).map(|(set, place)| &mut set[place]).collect();
            let bit = mixers[k.min(15)].decode(stream, &mut slots, false)?;
            row.follow(bit);
            kernel.follow(bit);
            all.follow(bit);
            column[c].follow(bit);
            channel[h].follow(bit);
            position[k].follow(bit);
            // no context uses more than 16 bits of the history
            history = (2 * history + usize::from(bit)) % 65536;
            x.push(bit);
        }
        Ok(x)
    }
}

/// Returns the function `density` (section 12.3).
pub(crate) fn density(slot: Slot, n: u32) -> usize {
    let st = stretch(slot);
    ((st + 512) >> (11 - n)).min((1 << n) - 1).max(0) as usize
}
