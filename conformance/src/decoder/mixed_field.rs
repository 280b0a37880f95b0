//! A mixed field (section 12.2).

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::mixer::{Mix, Slot, decision, half, quarter};

/// The parameters of a mixed field (section 12.2).
pub struct MixedField {
    kind: u8,
    fraction: u32,
    base: i64,
    shift: u32,
    period: usize,
    columns: usize,
    pub(crate) distances: Vec<usize>,
    magnitude_bits: u32,
    window_bits: u32,
    window_first: usize,
}

impl MixedField {
    pub(crate) fn read(bytes: &mut Bytes, width: u32) -> Result<Self> {
        let (kind, fraction) = (bytes.byte()?, u32::from(bytes.byte()?));
        must(kind <= 2, "kind")?;
        let base = bytes.varint()?;
        must(fraction <= 4, "fraction")?;
        must(kind < 2 || fraction == 0 && base == 0, "fraction or base of integers")?;
        must(kind == 0 || width >= 2, "a sign without a magnitude")?;
        let magnitude_bits = if kind == 0 { width } else { width - 1 };
        must(fraction <= magnitude_bits, "more fraction than magnitude")?;
        let window_bits = if kind == 2 { magnitude_bits.min(8) } else { magnitude_bits.min(fraction + 4) };
        let window_first = u128::from(base) << fraction;
        must(window_first + (1 << window_bits) <= 1 << magnitude_bits, "a window beyond the magnitudes")?;
        let shift = bytes.byte()?.into();
        must((1..=15).contains(&shift), "shift")?;
        let (period, columns) = (bytes.varint()?, bytes.varint()?);
        must((1..=1 << 22).contains(&period), "period")?;
        must(columns <= 65536, "columns")?;
        let count = bytes.byte()?;
        must(count <= 32, "number of distances")?;
        let mut distances = Vec::new();
        let mut sum = 0;
        for _ in 0..count {
            let distance = bytes.varint()?;
            must((1..=1 << 22).contains(&distance), "distance")?;
            sum += distance as usize;
            must(sum <= 1 << 22, "sum of distances")?;
            distances.push(sum);
        }
        let (period, columns) = (period as usize, columns as usize);
        Ok(Self {
            kind,
            fraction,
            base: base as i64,
            shift,
            period,
            columns,
            distances,
            magnitude_bits,
            window_bits,
            window_first: window_first as usize,
        })
    }

    pub(crate) fn decode(&self, stream: &mut BitStream, of_symbols: &[usize], count: usize) -> Result<Vec<u16>> {
        let nodes = 1 << self.window_bits;
        // in each set, the slot of a context and a node has the index context * nodes + node
        let mut sets: Vec<Vec<Slot>> =
            [16 * count, 64 * count, 1024, 1024, 64].map(|size| vec![Slot::default(); size * nodes]).into();
        let mut mixes = vec![Mix::new(6, 13107); nodes];
        let mut of_escape = [Slot::default(), Slot::default()];
        let mut escape_tree = vec![Slot::default(); 1 << self.magnitude_bits];
        let mut predictor = vec![vec![0i64; self.distances.len()]; 16];
        let mut columns = vec![[0i64; 2]; self.columns];
        let (mut quick, mut slow) = (4096i64, 4096i64);
        let mut was_escape = false;
        let mut values: Vec<i64> = Vec::new();
        let mut out = Vec::new();
        for (i, &context) in of_symbols.iter().enumerate() {
            let near: Vec<i64> =
                self.distances.iter().map(|&distance| if i < distance { 0 } else { values[i - distance] }).collect();
            let weights = &mut predictor[(i % self.period).min(15)];
            let prediction = (0..near.len()).map(|j| weights[j] * near[j]).sum::<i64>() >> 16;
            let norm = (0..near.len()).map(|j| near[j] * near[j]).sum::<i64>() + 4096;
            let [mean, size_mean] = if self.columns > 0 { columns[i % self.columns] } else { [0, 0] };
            let last = if i > 0 { values[i - 1] } else { 0 };
            let of_prediction = half(prediction);
            let mut contexts = [
                16 * context + quarter(quick >> 4) / 4,
                64 * context + of_prediction,
                64 * (quarter(slow >> 4) / 4) + of_prediction,
                64 * (size_mean / 64) as usize + half(mean >> 4),
                half(last),
            ];
            let mut sign = false;
            if self.kind > 0 {
                sign = decision(stream, &mut sets, &mut mixes, &contexts, 0)?;
                if sign {
                    (1..5).for_each(|j| contexts[j] ^= 1);
                }
            }
            was_escape = of_escape[usize::from(was_escape)].decode(stream)?;
            let (bits, first) =
                if was_escape { (self.magnitude_bits, 0) } else { (self.window_bits, self.window_first) };
            let mut node = 1;
            for _ in 0..bits {
                let bit = match was_escape {
                    true => escape_tree[node].decode(stream)?,
                    false => decision(stream, &mut sets, &mut mixes, &contexts, node)?,
                };
                node = 2 * node + usize::from(bit);
            }
            let magnitude = first + node - (1 << bits);
            out.push(match (self.kind, sign) {
                (2, true) => (1 << self.magnitude_bits) | ((1 << self.magnitude_bits) - 1 - magnitude) as u16,
                _ => u16::from(sign) << self.magnitude_bits | magnitude as u16,
            });
            let value = self.value(magnitude as i64, sign);
            values.push(value);
            let error = (value - prediction).clamp(-(1 << 22), 1 << 22);
            let gain = error * (1 << 28) / norm;
            for j in 0..near.len() {
                weights[j] = (weights[j] + ((gain * near[j]) >> (12 + self.shift))).clamp(-(1 << 20), 1 << 20);
            }
            quick += (16 * error.abs() - quick) >> 3;
            slow += (16 * error.abs() - slow) >> 5;
            if let Some(row) = i.checked_div(self.columns) {
                let a = 6.min(1 + (0..64).take_while(|&bits| row >> bits > 0).count());
                let [mean, size_mean] = &mut columns[i % self.columns];
                *mean += (16 * value - *mean + (1 << (a - 1))) >> a;
                *size_mean += (16 * quarter(value) as i64 - *size_mean + (1 << (a - 1))) >> a;
            }
        }
        Ok(out)
    }

    fn value(&self, magnitude: i64, sign: bool) -> i64 {
        let (exponent, fraction) = (magnitude >> self.fraction, magnitude % (1 << self.fraction));
        let mantissa = ((1 << self.fraction) + fraction) << (4 - self.fraction);
        let value = match self.kind {
            2 => 16 * (2 * magnitude + 1),
            _ if exponent >= self.base => mantissa << (exponent - self.base).min(15),
            _ => mantissa >> (self.base - exponent).min(5),
        };
        if sign { -value } else { value }
    }
}
