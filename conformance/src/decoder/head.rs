//! The parameters of a segment of fields, and its chunks (section 8).

use std::collections::HashMap;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::class_field::{ClassField, class_field};
use crate::decoder::coding::{Coding, coding};
use crate::decoder::maps::Map;
use crate::decoder::mask::Mask;
use crate::decoder::templates::Templates;
use crate::decoder::unpack::Unpack;

/// The dtype and the words of a segment: each element has `element_words` words of `w` bits.
#[derive(Clone, Copy)]
pub struct Words {
    pub dtype: &'static str,
    pub w: u32,
    pub element_words: u64,
}

/// The parameters in a segment's head.
pub struct Head {
    /// The shape of the values of each member.
    shapes: Vec<Vec<u64>>,
    words: Words,
    pub(crate) unpack: Option<Unpack>,
    pub(crate) mask: Option<Mask>,
    pub(crate) templates: Option<Templates>,
    map: Map,
    /// The bits of a value (v) and of a symbol word (u).
    v: u32,
    u: u32,
    transform: u8,
    offset: u64,
    class_fields: Vec<ClassField>,
    pub(crate) fields: Vec<(u32, Coding)>,
}

impl Head {
    pub fn read(parameters: &[u8], shapes: &[Vec<u64>], words: Words, chunk_len: u64) -> Result<Self> {
        let mut bytes = Bytes(parameters);
        let steps = bytes.byte()?;
        must(steps < 32 && steps >> 2 & 3 < 3, "steps")?;
        must(steps & 18 != 18, "two masks")?;
        must(steps == 0 || words.element_words == 1, "steps of elements of two words")?;
        let unpack = match steps & 1 {
            0 => None,
            _ => Some(Unpack::read(&mut bytes, shapes, words.w, chunk_len)?),
        };
        let (mut v, mut shapes, mut chunk_values) = (words.w, shapes.to_vec(), chunk_len);
        if let Some(unpack) = &unpack {
            v = unpack.value_bits;
            shapes = shapes.iter().map(|shape| unpack.shape(shape)).collect();
            chunk_values = unpack.count(chunk_len);
        }
        let count = bytes.byte()?;
        must(count <= 4, "class field count")?;
        let mut total = 0;
        let class_fields =
            (0..count).map(|_| class_field(&mut bytes, &shapes, &mut total)).collect::<Result<Vec<_>>>()?;
        let mask = match steps & 2 {
            0 => None,
            _ => Some(Mask::read(&mut bytes, v, class_fields.len())?),
        };
        let templates = match steps & 16 {
            0 => None,
            _ => Some(Templates::read(&mut bytes, v, class_fields.len())?),
        };
        let values = shapes.iter().map(|shape| shape.iter().product::<u64>()).sum();
        let dtype = if unpack.is_some() { "" } else { words.dtype };
        let map = Map::read(&mut bytes, steps >> 2 & 3, dtype, v, values, chunk_values)?;
        let u = map.symbol_bits().unwrap_or(v);
        let transform = bytes.byte()?;
        must(transform <= 3, "unsupported: transform")?;
        let offset = if transform == 3 { bytes.varint()? } else { 0 };
        must(transform < 3 || offset > 0 && offset <= u64::MAX >> (64 - u), "offset")?;
        let count = bytes.byte()?;
        must((1..=16).contains(&count), "field count")?;
        let mut fields: Vec<(u32, Coding)> = Vec::new();
        for number in 0..count {
            let width = u32::from(bytes.byte()?);
            must((1..=16).contains(&width), "field width")?;
            let widths: Vec<u32> = fields.iter().map(|(width, _)| *width).collect();
            must(widths.iter().sum::<u32>() + width <= u, "sum of widths")?;
            let coding = coding(&mut bytes, width, &widths, class_fields.len())?;
            must(!matches!(coding, Coding::MixedMask(_)), "a mixed mask of a field")?;
            must(!matches!(coding, Coding::MixedKept(_)) || number == 0 && mask.is_some(), "mixed kept values")?;
            fields.push((width, coding));
        }
        must(fields.iter().map(|(width, _)| width).sum::<u32>() == u, "sum of widths")?;
        let distances = fields.iter().map(|(_, coding)| coding.distances());
        must(distances.sum::<usize>() <= 64, "distances of all mixed fields")?;
        bytes.end()?;
        Ok(Self { shapes, words, unpack, mask, templates, map, v, u, transform, offset, class_fields, fields })
    }

    /// Decodes a chunk of `elements` elements that begins with element `from` of the segment. Returns its bytes.
    pub fn chunk(&self, coded: &[u8], from: u64, elements: u64) -> Result<Vec<u8>> {
        let mut bytes = Bytes(coded);
        // without unpacking these are numbers of elements, also for C64, where an element has two words
        let count = |elements: u64| self.unpack.as_ref().map_or(elements, |unpack| unpack.count(elements));
        let (from, positions) = (count(from), count(elements));
        let mut sums = Vec::new();
        for class in &self.class_fields {
            let positions: Vec<(u64, u64)> =
                (from..from + positions).map(|position| self.position(class, position)).collect();
            let mut of_rows = HashMap::new();
            if class.depth.is_some() {
                let (first, last) = (positions[0].0, positions[positions.len() - 1].0);
                let mut stream = BitStream::new(bytes.words(2)?, false);
                let vector = class.vector(&mut stream, last - first + 1)?;
                stream.end()?;
                of_rows = (first..=last).zip(vector).collect();
            }
            let sum = |&(row, of_groups): &(u64, u64)| of_groups + of_rows.get(&row).map_or(0, |&class| class.into());
            // all words of an element have the class sum of the element
            let sum_of_element: Vec<u64> = positions.iter().map(sum).collect();
            let words = 0..positions.len() as u64 * self.words.element_words;
            sums.push(words.map(|i| sum_of_element[(i / self.words.element_words) as usize]).collect());
        }
        let values = self.values(&mut bytes, from, positions * self.words.element_words, &sums)?;
        bytes.end()?;
        let words = match &self.unpack {
            None => values,
            Some(unpack) => unpack.words(&values, &self.shapes[0]),
        };
        let w = self.words.w as usize;
        let mut out = vec![0; words.len() * w / 8];
        for (i, x) in words.into_iter().enumerate() {
            for k in 0..w {
                let at = i * w + k;
                out[at / 8] |= ((x >> k & 1) as u8) << (at % 8);
            }
        }
        Ok(out)
    }

    /// Decodes `count` values from value `from` on. `sums` has their class sums for each class field.
    fn values(&self, bytes: &mut Bytes, from: u64, count: u64, sums: &[Vec<u64>]) -> Result<Vec<u64>> {
        let mut kept = vec![true; count as usize];
        let mut values = vec![0; count as usize];
        if let Some(mask) = &self.mask {
            kept = mask.decode(bytes, count as usize, sums)?;
            values.fill(mask.omitted);
        } else if let Some(templates) = &self.templates {
            let omitted = templates.decode(bytes, from, count, sums)?;
            kept = omitted.iter().map(Option::is_none).collect();
            values = omitted.into_iter().map(Option::unwrap_or_default).collect();
        }
        let positions: Vec<usize> = (0..kept.len()).filter(|&i| kept[i]).collect();
        if positions.is_empty() {
            return Ok(values);
        }
        let groups = self.map.of_chunk(bytes, self.v, count)?;
        let n = positions.len() as u64;
        let sums: Vec<Vec<u64>> = sums.iter().map(|sums| positions.iter().map(|&i| sums[i]).collect()).collect();
        let mut symbols: Vec<Vec<u16>> = Vec::new();
        for (width, coding) in &self.fields {
            let own = match coding {
                Coding::MixedKept(mixed) => {
                    let mut stream = BitStream::new(bytes.words(4)?, true);
                    let own = mixed.decode(&mut stream, &kept)?;
                    stream.end()?;
                    own
                }
                coding => coding.decode(bytes, *width, &sums, &symbols, n)?,
            };
            symbols.push(own);
        }
        let (u, all_ones) = (self.u, u64::MAX >> (64 - self.u));
        for (number, i) in positions.into_iter().enumerate() {
            let transformed = self
                .fields
                .iter()
                .zip(&symbols)
                .fold(0u64, |word, ((width, _), symbols)| word << width | u64::from(symbols[number]));
            let symbol_word = match self.transform {
                0 => transformed,
                1 => transformed >> 1 | (transformed & 1) << (u - 1),
                2 => (transformed >> 1) ^ (all_ones * (transformed & 1)),
                _ => transformed.wrapping_sub(self.offset) & all_ones,
            };
            values[i] = self.map.value(&groups, symbol_word, from, i as u64)?;
        }
        Ok(values)
    }

    /// Returns the row of an element, and the sum of its classes in the axis groups.
    fn position(&self, class: &ClassField, element: u64) -> (u64, u64) {
        let (mut before, mut rows) = (0, 0);
        for shape in &self.shapes {
            let len: u64 = shape.iter().product();
            let row_axes = class.depth.unwrap_or(0).min(shape.len().saturating_sub(1));
            let count: u64 = shape[..row_axes].iter().product();
            if element < before + len {
                let y = element - before;
                let number =
                    |f: usize, g: usize| y / shape[g..].iter().product::<u64>() % shape[f..g].iter().product::<u64>();
                let sum =
                    class.axis_groups.iter().map(|(f, g, vector)| u64::from(vector[number(*f, *g) as usize])).sum();
                return (rows + y / (len / count), sum);
            }
            before += len;
            rows += count;
        }
        unreachable!("an element beyond the segment")
    }
}
