//! Steps before fields (sections 8.4 to 8.7), decoding only; it shares nothing with the encoder.

use std::collections::HashMap;

use super::decoder::{Adaptive, BitStream, Bytes, Coding, Result, coding, must};

/// Section 8.4.
pub struct Unpack {
    pub bits: u32,
    run: u64,
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

    fn values_each(&self) -> u64 {
        self.run * u64::from(self.w) / u64::from(self.bits)
    }

    /// Values of so many words.
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

    /// The words of a chunk's values, whose member has this shape of values.
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

/// Section 8.5.
pub struct Mask {
    pub left_out: u64,
    group: usize,
    stride: usize,
    coding: Coding,
}

impl Mask {
    pub fn read(bytes: &mut Bytes, v: u32, class_fields: usize) -> Result<Self> {
        let left_out = bytes.varint()?;
        must(left_out <= u64::MAX >> (64 - v), "a value left out that there is not")?;
        let group = bytes.byte()?;
        must([1, 2, 4, 8].contains(&group), "bits of a mask symbol")?;
        let stride = bytes.varint()?;
        must((1..=1 << 22).contains(&stride), "stride")?;
        let coding = coding(bytes, group.into(), &[], class_fields)?;
        match &coding {
            Coding::Mixed(..) | Coding::MixedKept(_) => return Err("a coding that is not for masks"),
            Coding::MixedMask(_) => must(group == 1 && stride == 1, "a mixed mask of groups or strides")?,
            // no field is before a mask, so `coding` has refused context source 2
            Coding::Raw | Coding::Constant(_) | Coding::Lanes(..) | Coding::Bits(..) => {}
        }
        Ok(Self { left_out, group: group.into(), stride: stride as usize, coding })
    }

    /// The mask bits of a chunk of `count` values with these class sums.
    pub fn decode(&self, bytes: &mut Bytes, count: usize, sums: &[Vec<u64>]) -> Result<Vec<bool>> {
        if let Coding::MixedMask(mixed) = &self.coding {
            let mut stream = BitStream::new(bytes.words(4)?, true);
            let bits = mixed.decode(&mut stream, count)?;
            stream.end()?;
            return Ok(bits);
        }
        let (g, s) = (self.group, self.stride);
        // where each value's bit is: the number of the symbol of its first value, and that of the bit
        let mut number_of = HashMap::new();
        let mut firsts = Vec::new();
        for value in 0..count {
            let inside = value % (g * s);
            if inside < s {
                number_of.insert(value, firsts.len());
                firsts.push(value);
            }
        }
        let sums: Vec<Vec<u64>> = sums.iter().map(|sums| firsts.iter().map(|&first| sums[first]).collect()).collect();
        let mut symbols = self.coding.decode(bytes, g as u32, &sums, &[], firsts.len() as u64)?;
        let mut bits = Vec::new();
        for value in 0..count {
            let i = value % (g * s) / s;
            let symbol = &mut symbols[number_of[&(value - i * s)]];
            bits.push(*symbol >> i & 1 == 1);
            *symbol &= !(1 << i);
        }
        must(symbols.iter().all(|&symbol| symbol == 0), "mask bits beyond the chunk")?;
        Ok(bits)
    }
}

/// Groups of values (8.6).
pub struct Groups {
    /// 0: through the whole segment.
    block: u64,
    period: u64,
}

impl Groups {
    fn read(bytes: &mut Bytes) -> Result<Self> {
        let (block, period) = (bytes.varint()?, bytes.varint()?);
        must(block <= 1 << 22, "block")?;
        must((1..=1 << 20).contains(&period), "period")?;
        must(block * period <= 1 << 22, "block and period")?;
        Ok(Self { block, period })
    }

    fn check_chunks(&self, values: u64, chunk_values: u64) -> Result<()> {
        must(self.block > 0 || self.period <= values, "more groups than values")?;
        let fits = self.block == 0 || chunk_values.is_multiple_of(self.block * self.period);
        must(fits || values <= chunk_values, "chunks that cut groups")
    }

    /// How many there are in a chunk of so many values, or in the segment.
    fn count(&self, values: u64) -> u64 {
        if self.block == 0 {
            // also those that no value belongs to
            return self.period;
        }
        let size = self.block * self.period;
        values / size * self.period + self.period.min(values % size)
    }

    /// Of value i of a chunk that begins with value `from`.
    fn group(&self, from: u64, i: u64) -> usize {
        let number = match self.block {
            0 => (from + i) % self.period,
            block => i / (block * self.period) * self.period + i % self.period,
        };
        number as usize
    }
}

/// What is behind a value's bits.
pub enum Order {
    Float,
    Signed,
    Unsigned,
}

/// Codebook or grid (8.6, 8.7).
pub enum Map {
    Nothing,
    Codebook { groups: Groups, bits: u32, zero_bits: u32, order: Order, of_segment: OfGroups },
    Affine { groups: Groups, bits: u32, lowest: i64, zero_bits: u32, float: Format, of_segment: OfGroups },
}

/// What groups have: codebooks of values, or scales.
#[derive(Clone, Default)]
pub struct OfGroups {
    codebooks: Vec<Vec<u64>>,
    scales: Vec<u32>,
}

impl Map {
    pub fn read(bytes: &mut Bytes, kind: u8, dtype: &str, v: u32, values: u64, chunk_values: u64) -> Result<Self> {
        if kind == 0 {
            return Ok(Self::Nothing);
        }
        let groups = Groups::read(bytes)?;
        groups.check_chunks(values, chunk_values)?;
        let of_segment = OfGroups::default();
        let bits = u32::from(bytes.byte()?);
        let mut map = if kind == 1 {
            let zero_bits = u32::from(bytes.byte()?);
            must((1..=12).contains(&bits), "bits of a codebook's symbols")?;
            must(zero_bits < v, "zero bits of a codebook")?;
            let order = match dtype {
                "F16" | "BF16" | "F32" | "F64" | "F8_E4M3" | "F8_E5M2" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" | "F6_E2M3"
                | "F6_E3M2" | "F4" => Order::Float,
                "I8" | "I16" | "I32" | "I64" => Order::Signed,
                _ => Order::Unsigned,
            };
            Self::Codebook { groups, bits, zero_bits, order, of_segment }
        } else {
            let float = match dtype {
                "F16" => F16,
                "BF16" => BF16,
                "F32" => F32,
                _ => return Err("a grid of other words than floats"),
            };
            let lowest = bytes.varint()?;
            let lowest = (lowest >> 1) as i64 ^ -((lowest & 1) as i64);
            let zero_bits = u32::from(bytes.byte()?);
            must((1..=24).contains(&bits), "bits of a grid's symbols")?;
            must(lowest.unsigned_abs() <= 1 << 24, "the lowest integer")?;
            must(lowest + (1 << bits) - 1 <= 1 << 24, "the highest integer")?;
            must(zero_bits <= 23, "zero bits of scales")?;
            Self::Affine { groups, bits, lowest, zero_bits, float, of_segment }
        };
        let read = match &map {
            Self::Codebook { groups, .. } | Self::Affine { groups, .. } if groups.block == 0 => {
                map.of_groups(bytes, v, groups.count(values))?
            }
            _ => return Ok(map),
        };
        if let Self::Codebook { of_segment, .. } | Self::Affine { of_segment, .. } = &mut map {
            *of_segment = read;
        }
        Ok(map)
    }

    /// u.
    pub fn bits(&self) -> Option<u32> {
        match self {
            Self::Nothing => None,
            Self::Codebook { bits, .. } | Self::Affine { bits, .. } => Some(*bits),
        }
    }

    /// What the groups of a chunk of so many values have.
    pub fn of_chunk(&self, bytes: &mut Bytes, v: u32, values: u64) -> Result<OfGroups> {
        match self {
            Self::Nothing => Ok(OfGroups::default()),
            Self::Codebook { groups, of_segment, .. } | Self::Affine { groups, of_segment, .. } => match groups.block {
                0 => Ok(of_segment.clone()),
                _ => self.of_groups(bytes, v, groups.count(values)),
            },
        }
    }

    fn of_groups(&self, bytes: &mut Bytes, v: u32, count: u64) -> Result<OfGroups> {
        let mut stream = BitStream::new(bytes.words(2)?, false);
        let mut out = OfGroups::default();
        match self {
            Self::Nothing => {}
            Self::Codebook { bits, zero_bits, order, .. } => {
                out.codebooks = codebooks(&mut stream, count, *bits, v - zero_bits, order)?;
                // the bits that all values lack
                out.codebooks.iter_mut().flatten().for_each(|value| *value <<= zero_bits);
            }
            Self::Affine { zero_bits, .. } => out.scales = scales(&mut stream, count, *zero_bits)?,
        }
        stream.end()?;
        Ok(out)
    }

    /// The value of a symbol word, which is value i of a chunk that begins with value `from`.
    pub fn value(&self, of_groups: &OfGroups, x: u64, from: u64, i: u64) -> Result<u64> {
        match self {
            Self::Nothing => Ok(x),
            Self::Codebook { groups, .. } => {
                let codebook = &of_groups.codebooks[groups.group(from, i)];
                codebook.get(x as usize).copied().ok_or("a symbol word that its codebook does not have")
            }
            Self::Affine { groups, lowest, float, .. } => {
                let scale = of_groups.scales[groups.group(from, i)];
                Ok(product(lowest + x as i64, scale, float))
            }
        }
    }
}

/// The values of each codebook without their zero bits, of `bits` bits (v').
fn codebooks(stream: &mut BitStream, count: u64, u: u32, bits: u32, order: &Order) -> Result<Vec<Vec<u64>>> {
    let (mut counts, mut lengths) = (HashMap::new(), HashMap::new());
    let mut total = 0;
    let mut out = Vec::new();
    for _ in 0..count {
        let entries = u32::from(stream.tree(&mut counts, u, 60)?) + 1;
        total += entries;
        must(total <= 65536, "too many entries of codebooks")?;
        let mut key = u128::from(stream.long_halves(bits)?);
        let mut codebook = vec![key as u64];
        for _ in 1..entries {
            let length = u32::from(stream.tree(&mut lengths, 7, 60)?);
            must((1..=bits).contains(&length), "the length of a difference of keys")?;
            let below = stream.long_halves(length - 1)?;
            key += 1 << (length - 1) | u128::from(below);
            must(key < 1 << bits, "a key beyond its bits")?;
            codebook.push(key as u64);
        }
        out.push(codebook);
    }
    let sign = 1 << (bits - 1);
    for key in out.iter_mut().flatten() {
        *key = match order {
            Order::Float if *key < sign => (u64::MAX >> (64 - bits)) - *key,
            Order::Float | Order::Signed => *key ^ sign,
            Order::Unsigned => *key,
        };
    }
    Ok(out)
}

fn scales(stream: &mut BitStream, count: u64, zero_bits: u32) -> Result<Vec<u32>> {
    let (mut same, mut tree) = (Adaptive::default(), HashMap::new());
    let mut scale = 0;
    let mut out = Vec::new();
    for _ in 0..count {
        if !stream.adaptive(&mut same, 60)? {
            let upper = u32::from(stream.tree(&mut tree, 9, 60)?);
            must(upper & 255 != 255, "a scale that is not finite")?;
            scale = upper << 23 | (stream.long_halves(23 - zero_bits)? as u32) << zero_bits;
        }
        out.push(scale);
    }
    Ok(out)
}

/// A format of binary floats: bits of mantissa and of exponent.
pub struct Format {
    mantissa: i32,
    exponent: i32,
}

const F32: Format = Format { mantissa: 23, exponent: 8 };
const BF16: Format = Format { mantissa: 7, exponent: 8 };
const F16: Format = Format { mantissa: 10, exponent: 5 };

impl Format {
    /// The bits of the float nearest to integer * 2^power, the even one of two.
    fn nearest(&self, integer: u128, power: i32, sign: bool) -> u64 {
        let bias = (1 << (self.exponent - 1)) - 1;
        let sign = u64::from(sign) << (self.mantissa + self.exponent);
        if integer == 0 {
            return sign;
        }
        // the unit of the last place, never below that of subnormals
        let top = integer.ilog2() as i32 + power;
        let unit = (top - self.mantissa).max(1 - bias - self.mantissa);
        let units = match unit - power {
            shift if shift <= 0 => integer << -shift,
            shift if shift > 100 => 0,
            shift => {
                let (whole, rest, half) = (integer >> shift, integer & ((1 << shift) - 1), 1 << (shift - 1));
                whole + u128::from(rest > half || rest == half && whole & 1 == 1)
            }
        };
        // a whole unit more may reach the next exponent
        let exponent = unit + self.mantissa + bias - 1;
        let bits = ((exponent as u64) << self.mantissa) + units as u64;
        sign | bits.min(((1 << self.exponent) - 1) << self.mantissa)
    }

    /// Magnitude, power and sign of a finite float; `None` of an infinity.
    fn parts(&self, bits: u64) -> Option<(u128, i32, bool)> {
        let sign = bits >> (self.mantissa + self.exponent) == 1;
        let exponent = (bits >> self.mantissa) as i32 & ((1 << self.exponent) - 1);
        let mantissa = u128::from(bits & ((1 << self.mantissa) - 1));
        let bias = (1 << (self.exponent - 1)) - 1;
        let power = exponent.max(1) - bias - self.mantissa;
        let magnitude = mantissa + (u128::from(exponent > 0) << self.mantissa);
        (exponent + 1 < 1 << self.exponent).then_some((magnitude, power, sign))
    }
}

/// An integer times a scale, rounded to 32 bits and then to the format.
fn product(integer: i64, scale: u32, format: &Format) -> u64 {
    let (magnitude, power, sign) = F32.parts(scale.into()).expect("scales are finite");
    let rounded = F32.nearest(magnitude * u128::from(integer.unsigned_abs()), power, sign != (integer < 0));
    match F32.parts(rounded) {
        Some((magnitude, power, sign)) => format.nearest(magnitude, power, sign),
        None => {
            let infinity = ((1 << format.exponent) - 1) << format.mantissa;
            infinity | (rounded >> 31) << (format.mantissa + format.exponent)
        }
    }
}
