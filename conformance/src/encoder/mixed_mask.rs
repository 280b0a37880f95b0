//! A mixed mask (section 12.3).

use crate::encoder::mixer::{Mixer, STRETCH, Slot};
use crate::wire::primitives::put_varint;

/// The parameters of a mixed mask (section 12.3).
#[derive(Clone)]
pub struct MixedMask {
    pub row: u64,
    pub kernel: u64,
}

impl MixedMask {
    pub fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.row);
        put_varint(out, self.kernel);
    }

    /// Encodes the mask bits of a chunk. Returns the words as bytes.
    pub fn words(&self, bits: &[bool]) -> Vec<u8> {
        let (row_len, kernel_len) = (self.row as usize, self.kernel as usize);
        let mut mixer = Mixer::new(13107, false);
        let mut all = Slot::NEW;
        let (mut row, mut kernel) = (Slot::NEW, Slot::NEW);
        let mut places = vec![Slot::NEW; kernel_len];
        let (mut columns, mut channels) = (Vec::new(), Vec::new());
        let mut history = 0i64;
        for (i, &bit) in bits.iter().enumerate() {
            let column = i % row_len;
            let place = column % kernel_len;
            let channel = column / kernel_len;
            if column == 0 {
                row = Slot { p: all.p, count: 8 };
            }
            if place == 0 {
                kernel = Slot { p: row.p, count: 4 };
            }
            if i < row_len {
                let like_all = Slot { p: all.p, count: 2 };
                if place == 0 {
                    channels.push(like_all);
                }
                columns.push(like_all);
            }
            let before = |distance: usize| i64::from(i >= distance && bits[i - distance]);
            let recent = |count: usize| history & ((1 << count) - 1);
            let contexts = [
                if kernel_len <= 9 { (1 << place) + recent(place) } else { recent(9) },
                32 * density(columns[column], 5) + density(row, 5),
                16 * density(channels[channel], 4) + density(kernel, 4),
                16 * density(columns[column], 4) + recent(4),
                16 * density(places[place], 4) + 4 * recent(2) + 2 * before(row_len) + before(2 * row_len),
            ];
            mixer.decision(bit, &contexts, 0, place.min(15));
            [&mut row, &mut kernel, &mut all, &mut columns[column], &mut channels[channel], &mut places[place]]
                .into_iter()
                .for_each(|slot| slot.follow(bit));
            history = recent(60) << 1 | i64::from(bit);
        }
        mixer.finish()
    }
}

/// Returns the function `density` (section 12.3).
pub(crate) fn density(slot: Slot, bits: u32) -> i64 {
    let stretched = STRETCH[(slot.p >> 10) as usize];
    ((stretched + 512) >> (11 - bits)).clamp(0, (1 << bits) - 1)
}
