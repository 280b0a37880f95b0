//! Estimates the time and the memory that decoding takes, from the parameters of a segment alone. So a reader can refuse
//! a segment before it decodes a byte.
//!
//! The times were measured on one core of a server (Intel Xeon, 2.1 GHz), each with the parameters that are slowest. They
//! are rounded up, and no decision about symbols depends on them.

use super::Representation;
use super::coding::{Coding, Field};
use super::fields::Fields;
use crate::spec::{MAX_CODEBOOK_ENTRIES, MAX_ENTRIES};
use crate::tensor::{Dtype, bytes_of};

/// An estimate of the time that decoding takes on one core, and of the memory that it takes beside the decoded bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) nanoseconds: u64,
    pub(crate) bytes: u64,
}

impl Work {
    /// Returns this work and more.
    fn and(self, nanoseconds: u64, bytes: u64) -> Self {
        Self { nanoseconds: self.nanoseconds.saturating_add(nanoseconds), bytes: self.bytes.saturating_add(bytes) }
    }
}

/// The time to read the head of a segment, in nanoseconds.
const HEAD: u64 = 10_000;
/// The time to begin a chunk: to find it, to compare its checksum, and to make room.
const CHUNK: u64 = 1_000;

impl Representation {
    /// Returns the work of decoding a segment of `elements` elements in chunks of `chunk_len`. The memory is the memory
    /// for one chunk.
    pub(crate) fn work(&self, dtype: Dtype, elements: u64, chunk_len: u64) -> Work {
        let chunks = elements.div_ceil(chunk_len);
        let chunk_len = chunk_len.min(elements);
        let of_chunk = match self {
            Self::Raw => Work::default().and(bytes_of(dtype, chunk_len), 0),
            Self::Zstd => Work::default().and(10 * bytes_of(dtype, chunk_len), 0),
            Self::Fields(fields) => fields.work(dtype, chunk_len),
        };
        Work {
            nanoseconds: chunks.saturating_mul(CHUNK + of_chunk.nanoseconds).saturating_add(HEAD),
            bytes: of_chunk.bytes,
        }
    }
}

impl Fields {
    /// Returns the work of a chunk.
    fn work(&self, dtype: Dtype, elements: u64) -> Work {
        let range = self.steps.values(&(0..elements));
        let values = range.end - range.start;
        let words = values * u64::from(dtype.words());
        // to join fields, to apply steps, and to find class sums
        let mut work = Work::default().and(4 * words + values * 2 * self.class_fields.len() as u64, 0);
        for field in &self.class_fields {
            let rows = field.rows.as_ref().map_or(0, |rows| rows.numbers(&range).end);
            work = work.and(50 * rows, rows);
        }
        if self.steps.unpack.is_some() {
            work = work.and(4 * values, values);
        }
        if let Some(mask) = &self.steps.mask {
            let symbols = mask.symbol_count(values as usize) as u64;
            let of_stream = stream(&mask.coding, mask.symbol_bits(), symbols, symbols);
            work = work.and(of_stream.nanoseconds + 4 * values, of_stream.bytes + values / 8);
            // the symbols of a chunk may be needed at once, and labels are kept
            work = work.and(4 * symbols, 2 * symbols);
        }
        if self.steps.map.is_in_chunks() {
            let groups = self.steps.map.groups().map_or(0, |groups| groups.numbers(&range).len() as u64);
            // the codebooks of a chunk are bounded together
            let entries = groups.saturating_mul(self.steps.map.most_entries() as u64).min(MAX_CODEBOOK_ENTRIES as u64);
            work = work.and(60 * groups + 20 * entries, 40 * groups + 8 * entries);
        }
        for Field { width, coding } in &self.fields {
            let of_stream = stream(coding, *width, words, values);
            work = work.and(of_stream.nanoseconds, of_stream.bytes);
        }
        work
    }
}

/// Returns the work of a stream of `symbols` symbols of `width` bits, in a chunk of `values` values.
fn stream(coding: &Coding, width: u32, symbols: u64, values: u64) -> Work {
    let width = u64::from(width);
    let begun = Work::default().and(500, 0);
    match coding {
        Coding::Raw | Coding::Constant(_) => begun.and(symbols, 0),
        Coding::Lanes(source, model) => {
            let contexts = source.contexts() as u64;
            let slots = contexts << model.tables.precision();
            if model.adaptation.interval == 0 {
                return begun.and(3 * symbols + contexts, 5 * slots);
            }
            // one table is due at the end of an interval, on average
            let entries = ((1 << width) + 1).min(MAX_ENTRIES as u64);
            let table = (1 << model.tables.precision()) / 2 + 20 * entries + 5 * contexts;
            let intervals = symbols >> model.adaptation.interval;
            begun.and(3 * symbols + slots + (intervals + contexts) * table, 5 * slots)
        }
        Coding::Bits(source, _) => {
            let states = (source.contexts() as u64) << width;
            begun.and(10 * width * symbols + states, 4 * states)
        }
        Coding::Mixed(_, model) => {
            let reach = u64::from(model.distances.last().copied().unwrap_or(0)).min(symbols);
            // five sets of contexts, a window of at most 8 bits
            let slots = (model.contexts as u64 * 80 + 2112) << width.min(8);
            let touched = slots.min(8 * width * symbols);
            let symbol = 60 + 50 * width + 8 * model.distances.len() as u64;
            begun.and(symbol * symbols + 2 * touched, 4 * slots + 4 * reach + (64 << 10) + 8 * u64::from(model.columns))
        }
        Coding::MixedMask(geometry) => {
            let row = u64::from(geometry.row).min(symbols);
            begun.and(60 * symbols + 20_000, 32 * row + (32 << 10))
        }
        Coding::MixedKept(_) => begun.and((400 + 30 * width) * symbols + 100_000, 20 * values + (1 << 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coders::{Geometry, MixedKind, MixedModel};
    use crate::represent::{ContextSource, Steps, Transform};

    fn of_coding(coding: Coding, width: u32) -> Work {
        let fields = Fields {
            steps: Steps::NONE,
            class_fields: Vec::new(),
            transform: Transform::Identity,
            fields: vec![Field { width, coding }],
        };
        Representation::Fields(Box::new(fields)).work(Dtype::U8, 1 << 20, 1 << 16)
    }

    #[test]
    fn mixing_takes_longer_than_packed_bits() {
        let mixed = |distances| {
            let model = MixedModel {
                width: 8,
                contexts: 1,
                kind: MixedKind::Integer,
                base: 0,
                shift: 3,
                period: 1,
                columns: 0,
                distances,
            };
            of_coding(Coding::Mixed(ContextSource::None, model), 8)
        };
        let (raw, few, many) = (of_coding(Coding::Raw, 8), mixed(vec![1]), mixed((1..=12).collect()));
        assert!(20 * raw.nanoseconds < few.nanoseconds && few.nanoseconds < many.nanoseconds);
        // what is looked back at is kept
        assert!(mixed(vec![50_000]).bytes > few.bytes + 100_000 && raw.bytes == 0);
        let mask = of_coding(Coding::MixedMask(Geometry { row: 10, kernel: 1 }), 8);
        assert!(raw.nanoseconds < mask.nanoseconds && mask.nanoseconds < few.nanoseconds);
    }

    #[test]
    fn small_chunks_take_longer() {
        let time = |chunk_len| Representation::Raw.work(Dtype::U8, 1 << 30, chunk_len).nanoseconds;
        assert!(time(256) > 4 * time(1 << 20));
        // no overflow
        assert_eq!(Representation::Zstd.work(Dtype::F64, u64::MAX / 16, 1).nanoseconds, u64::MAX);
    }
}
