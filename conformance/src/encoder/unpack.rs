//! Unpacking (section 8.4).

/// An unpack step (section 8.4).
#[derive(Clone)]
pub struct Unpack {
    pub bits: u8,
    /// The number of words of a run (`run_words`).
    pub run: u8,
    pub axis: u8,
}

impl Unpack {
    /// Returns the number of values of a run (`run_values`).
    pub fn values_each(&self, w: u32) -> usize {
        usize::from(self.run) * w as usize / usize::from(self.bits)
    }

    pub fn shape(&self, shape: &[u64], w: u32) -> Vec<u64> {
        let mut out = shape.to_vec();
        if self.run > 1 {
            let axis = if self.axis == 0 { shape.len() - 1 } else { 0 };
            out[axis] /= u64::from(self.run);
        }
        out.push(self.values_each(w) as u64);
        out
    }

    pub(crate) fn values(&self, words: &[u64], w: u32, shape: &[u64]) -> Vec<u64> {
        let (run, b) = (usize::from(self.run), usize::from(self.bits));
        // the distance from one word of a run to the next
        let apart = if self.axis == 0 { 1 } else { shape[1..].iter().product::<u64>() as usize };
        let mut values = Vec::new();
        for number in 0..words.len() / run {
            let first = number / apart * apart * run + number % apart;
            let bit = |k: usize| words[first + k / w as usize * apart] >> (k % w as usize) & 1;
            values.extend((0..self.values_each(w)).map(|j| (0..b).fold(0, |value, i| value | bit(j * b + i) << i)));
            assert!((self.values_each(w) * b..run * w as usize).all(|k| bit(k) == 0), "bits above the last value");
        }
        values
    }
}
