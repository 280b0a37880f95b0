//! Unpacking (section 8.4).

use crate::decoder::bytes::{Bytes, Result, must};

/// The parameters of unpacking (section 8.4).
pub struct Unpack {
    pub bits: u32,
    pub(crate) run: u64,
    along_rows: bool,
    w: u32,
}

impl Unpack {
    pub fn read(bytes: &mut Bytes, shapes: &[Vec<u64>], w: u32, chunk_len: u64) -> Result<Self> {
        let (bits, run, axis) = (u32::from(bytes.byte()?), u64::from(bytes.byte()?), bytes.byte()?);
        must((1..=8).contains(&bits) && bits < w, "bits of a value")?;
        must((1..=8).contains(&run), "words of a run")?;
        must(axis <= 1, "axis")?;
        must(w >= 8, "words of less than 8 bits")?;
        let unpack = Self { bits, run, along_rows: axis == 0, w };
        must(unpack.values_each() >= 2, "fewer than two values")?;
        let elements: u64 = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum();
        let mut unit = run;
        if run == 1 {
            must(axis == 0, "axis of runs of one word")?;
        } else {
            must(shapes.len() == 1, "runs of several members")?;
            let shape = &shapes[0];
            must(shape.len() > usize::from(axis), "rank of runs")?;
            let dimension = if axis == 0 { shape[shape.len() - 1] } else { shape[0] };
            must(dimension.is_multiple_of(run), "runs beyond a dimension")?;
            unit *= if axis == 0 { 1 } else { shape[1..].iter().product() };
        }
        must(u128::from(elements) * u128::from(unpack.values_each()) / u128::from(run) < 1 << 63, "too many values")?;
        must(chunk_len * unpack.values_each() <= run << 22, "a chunk of too many values")?;
        must(elements <= chunk_len || chunk_len.is_multiple_of(unit), "chunks that cut runs")?;
        Ok(unpack)
    }

    pub(crate) fn values_each(&self) -> u64 {
        self.run * u64::from(self.w) / u64::from(self.bits)
    }

    /// Returns the number of values in `words` words.
    pub fn count(&self, words: u64) -> u64 {
        words * self.values_each() / self.run
    }

    pub fn shape(&self, shape: &[u64]) -> Vec<u64> {
        let mut shape = shape.to_vec();
        match (self.run, self.along_rows) {
            (1, _) => {}
            (run, true) => *shape.last_mut().expect("rank 1 at least") /= run,
            (run, false) => shape[0] /= run,
        }
        shape.push(self.values_each());
        shape
    }

    /// Packs the values of a chunk into words. `shape` is the shape of the values of the member.
    pub fn words(&self, values: &[u64], shape: &[u64]) -> Vec<u64> {
        let (run, w, b) = (self.run as usize, self.w as usize, self.bits as usize);
        let runs: Vec<Vec<bool>> = values
            .chunks(self.values_each() as usize)
            .map(|values| {
                let mut bits: Vec<bool> =
                    values.iter().flat_map(|value| (0..b).map(move |i| value >> i & 1 == 1)).collect();
                bits.resize(run * w, false);
                bits
            })
            .collect();
        let word = |run: &[bool], g: usize| (0..w).fold(0, |word, i| word | u64::from(run[g * w + i]) << i);
        if self.along_rows {
            return runs.iter().flat_map(|run_bits| (0..run).map(|g| word(run_bits, g))).collect();
        }
        let row = shape[1..shape.len() - 1].iter().product::<u64>() as usize;
        let rows = runs.chunks(row).flat_map(|runs| (0..run).flat_map(|g| runs.iter().map(move |run| word(run, g))));
        rows.collect()
    }
}
