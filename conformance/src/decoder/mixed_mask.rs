//! A mixed mask (section 12.3).

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::mixer::{Mix, Slot, stretch};

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
        let mut mixes = vec![Mix::new(5, 13107); 16];
        let mut all = Slot::default();
        let mut row = Slot::default();
        let mut kernel = Slot::default();
        let mut columns = vec![Slot::default(); self.row];
        let mut channels = vec![Slot::default(); self.row.div_ceil(self.kernel)];
        let mut places = vec![Slot::default(); self.kernel];
        let mut history = 0usize;
        let mut bits: Vec<bool> = Vec::new();
        for i in 0..count {
            let column = i % self.row;
            let (place, channel) = (column % self.kernel, column / self.kernel);
            if column == 0 {
                (row.p, row.count) = (all.p, 8);
            }
            if place == 0 {
                (kernel.p, kernel.count) = (row.p, 4);
            }
            if i < self.row {
                if place == 0 {
                    (channels[channel].p, channels[channel].count) = (all.p, 2);
                }
                (columns[column].p, columns[column].count) = (all.p, 2);
            }
            let before = |distance: usize| i.checked_sub(distance).map_or(0, |j| usize::from(bits[j]));
            let contexts = [
                if self.kernel <= 9 { (1 << place) + history % (1 << place) } else { history % 512 },
                32 * density(columns[column], 5) + density(row, 5),
                16 * density(channels[channel], 4) + density(kernel, 4),
                16 * density(columns[column], 4) + history % 16,
                16 * density(places[place], 4) + 4 * (history % 4) + 2 * before(self.row) + before(2 * self.row),
            ];
            let mut slots: Vec<&mut Slot> =
                sets.iter_mut().zip(contexts).map(|(set, context)| &mut set[context]).collect();
            let bit = mixes[place.min(15)].decode(stream, &mut slots, false)?;
            row.follow(bit);
            kernel.follow(bit);
            all.follow(bit);
            columns[column].follow(bit);
            channels[channel].follow(bit);
            places[place].follow(bit);
            // no context uses more than 16 bits of the history
            history = (2 * history + usize::from(bit)) % 65536;
            bits.push(bit);
        }
        Ok(bits)
    }
}

/// Returns the function `density` (section 12.3).
pub(crate) fn density(slot: Slot, bits: u32) -> usize {
    let stretched = stretch(slot);
    ((stretched + 512) >> (11 - bits)).min((1 << bits) - 1).max(0) as usize
}
