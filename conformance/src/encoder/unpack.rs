//! Unpacking (section 8.4).

/// An unpack step (section 8.4).
#[derive(Clone)]
pub struct Unpack {
    pub value_bits: u8,
    pub run_words: u8,
    pub axis: u8,
}

impl Unpack {
    /// Returns the number of values of a run.
    pub fn run_values(&self, w: u32) -> usize {
        usize::from(self.run_words) * w as usize / usize::from(self.value_bits)
    }

    pub fn shape(&self, shape: &[u64], w: u32) -> Vec<u64> {
        let mut out = shape.to_vec();
        if self.run_words > 1 {
            let axis = if self.axis == 0 { shape.len() - 1 } else { 0 };
            out[axis] /= u64::from(self.run_words);
        }
        out.push(self.run_values(w) as u64);
        out
    }

    pub(crate) fn values(&self, words: &[u64], w: u32, shape: &[u64]) -> Vec<u64> {
        let (run_words, value_bits) = (usize::from(self.run_words), usize::from(self.value_bits));
        // the distance from one word of a run to the next
        let apart = if self.axis == 0 { 1 } else { shape[1..].iter().product::<u64>() as usize };
        let mut values = Vec::new();
        for number in 0..words.len() / run_words {
            let first = number / apart * apart * run_words + number % apart;
            let at = |k: usize| words[first + k / w as usize * apart] >> (k % w as usize) & 1;
            values.extend(
                (0..self.run_values(w))
                    .map(|j| (0..value_bits).fold(0, |value, bit| value | at(j * value_bits + bit) << bit)),
            );
            assert!(
                (self.run_values(w) * value_bits..run_words * w as usize).all(|k| at(k) == 0),
                "bits above the last value"
            );
        }
        values
    }
}
