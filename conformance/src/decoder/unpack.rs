//! Unpacking (section 8.4).

use crate::decoder::bytes::{Bytes, Result, must};

/// The parameters of unpacking (section 8.4).
pub struct Unpack {
    pub value_bits: u32,
    pub(crate) run_words: u64,
    along_rows: bool,
    w: u32,
}

impl Unpack {
    pub fn read(bytes: &mut Bytes, shapes: &[Vec<u64>], w: u32, chunk_len: u64) -> Result<Self> {
        let (value_bits, run_words, axis) = (u32::from(bytes.byte()?), u64::from(bytes.byte()?), bytes.byte()?);
        must((1..=8).contains(&value_bits) && value_bits < w, "bits of a value")?;
        must((1..=8).contains(&run_words), "words of a run")?;
        must(axis <= 1, "axis")?;
        must(w >= 8, "words of less than 8 bits")?;
        let unpack = Self { value_bits, run_words, along_rows: axis == 0, w };
        must(unpack.run_values() >= 2, "fewer than two values")?;
        let elements: u64 = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum();
        let mut multiple = run_words;
        if run_words == 1 {
            must(axis == 0, "axis of runs of one word")?;
        } else {
            must(shapes.len() == 1, "runs of several members")?;
            let shape = &shapes[0];
            must(shape.len() > usize::from(axis), "rank of runs")?;
            let dimension = if axis == 0 { shape[shape.len() - 1] } else { shape[0] };
            must(dimension.is_multiple_of(run_words), "runs beyond a dimension")?;
            multiple *= if axis == 0 { 1 } else { shape[1..].iter().product() };
        }
        must(
            u128::from(elements) * u128::from(unpack.run_values()) / u128::from(run_words) < 1 << 63,
            "too many values",
        )?;
        must(chunk_len * unpack.run_values() <= run_words << 22, "a chunk of too many values")?;
        must(elements <= chunk_len || chunk_len.is_multiple_of(multiple), "chunks that cut runs")?;
        Ok(unpack)
    }

    pub(crate) fn run_values(&self) -> u64 {
        self.run_words * u64::from(self.w) / u64::from(self.value_bits)
    }

    /// Returns the number of values in `words` words.
    pub fn count(&self, words: u64) -> u64 {
        words * self.run_values() / self.run_words
    }

    pub fn shape(&self, shape: &[u64]) -> Vec<u64> {
        let mut shape = shape.to_vec();
        match (self.run_words, self.along_rows) {
            (1, _) => {}
            (run_words, true) => *shape.last_mut().expect("rank 1 at least") /= run_words,
            (run_words, false) => shape[0] /= run_words,
        }
        shape.push(self.run_values());
        shape
    }

    /// Packs the values of a chunk into words. `shape` is the shape of the values of the member.
    pub fn words(&self, values: &[u64], shape: &[u64]) -> Vec<u64> {
        let (run_words, w, value_bits) = (self.run_words as usize, self.w as usize, self.value_bits as usize);
        let runs: Vec<Vec<bool>> = values
            .chunks(self.run_values() as usize)
            .map(|values| {
                let mut run: Vec<bool> =
                    values.iter().flat_map(|value| (0..value_bits).map(move |bit| value >> bit & 1 == 1)).collect();
                run.resize(run_words * w, false);
                run
            })
            .collect();
        let word = |run: &[bool], j: usize| (0..w).fold(0, |word, bit| word | u64::from(run[j * w + bit]) << bit);
        if self.along_rows {
            return runs.iter().flat_map(|run| (0..run_words).map(|j| word(run, j))).collect();
        }
        let row = shape[1..shape.len() - 1].iter().product::<u64>() as usize;
        let rows =
            runs.chunks(row).flat_map(|runs| (0..run_words).flat_map(|j| runs.iter().map(move |run| word(run, j))));
        rows.collect()
    }
}
