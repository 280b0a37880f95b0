//! What the project's own tests and fuzz targets see. No part of the public interface: it may change in any version.

use crate::coders as e;
use crate::coders::{Adaptation, BitsModel, LaneModel, Tables, WordSize};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::represent as r;
use crate::represent::{Coding, ContextSource};
use crate::spec;
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// Decodes the only chunk of a tensor in representation fields (section 8): its bytes, from parameters and coded bytes.
///
/// # Errors
/// `Corrupt` or `Unsupported` for what they break.
pub fn decode_fields(dtype: Dtype, shape: &[u64], parameters: &[u8], coded: &[u8]) -> Result<Vec<u8>> {
    let layout = r::Layout::new(dtype, [shape]);
    let fields = r::Representation::read(2, parameters, &layout)?;
    let elements = 0..layout.elements();
    fields.check_chunk_len(elements.end, 1)?;
    let mut out = vec![0; crate::tensor::bytes_of(dtype, elements.end) as usize];
    let observe = |_: r::Seen<'_>| ();
    let mut scratch = r::Scratch::new(Kernel::chosen()?);
    let cursor = Cursor::new(coded, 0, "chunk");
    fields.decode_chunk(dtype, &elements, cursor, &mut out, &mut scratch, observe)?;
    let mut streams = r::StreamBytes::default();
    fields.account(dtype, &elements, coded, &mut streams)?;
    assert_eq!(streams.sum(), coded.len() as u64, "the streams do not add up");
    Ok(out)
}

/// A stream of codebooks (section 8.6).
pub fn encode_codebooks(lists: &[Vec<u64>], count_bits: u32, bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    e::encode_codebooks(lists.iter().map(Vec::as_slice), count_bits, bits, &mut out);
    out
}

/// Back; there is at least one.
///
/// # Errors
/// `Corrupt`.
pub fn decode_codebooks(bytes: &[u8], count: usize, count_bits: u32, bits: u32) -> Result<Vec<Vec<u64>>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let lists = e::decode_codebooks(&mut cursor, count, count_bits, bits)?;
    cursor.finish()?;
    Ok(lists)
}

/// A stream of scales (section 8.7).
pub fn encode_scales(scales: &[f32], zero_bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    e::encode_scales(scales, zero_bits, &mut out);
    out
}

/// Back; there is at least one.
///
/// # Errors
/// `Corrupt`.
pub fn decode_scales(bytes: &[u8], count: usize, zero_bits: u32) -> Result<Vec<f32>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let scales = e::decode_scales(&mut cursor, count, zero_bits)?;
    cursor.finish()?;
    Ok(scales)
}

/// A mixed mask (section 12.3), the row and kernel at least 1, the row at most 65536, and no shorter than the kernel.
pub fn encode_mask(bits: &[u16], row: u32, kernel: u32) -> Vec<u8> {
    let mut out = Vec::new();
    e::encode_mask(bits, e::Geometry { row, kernel }, &mut out);
    out
}

/// Back.
///
/// # Errors
/// `Corrupt`.
pub fn decode_mask(bytes: &[u8], row: u32, kernel: u32, count: usize) -> Result<Vec<u16>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let mut bits = vec![0; count];
    e::decode_mask(&mut cursor, e::Geometry { row, kernel }, &mut bits)?;
    cursor.finish()?;
    Ok(bits)
}

/// Mixed kept values (section 12.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptModel(e::KeptModel);

impl KeptModel {
    /// From the parameters at the start of `bytes`, for a field of so many bits.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn read(bytes: &[u8], width: u32) -> Result<Self> {
        e::KeptModel::read(&mut Cursor::unplaced(bytes, "model"), width).map(Self)
    }

    /// Codes the symbols of what is kept.
    pub fn encode(&self, symbols: &[u16], kept: &[bool]) -> Vec<u8> {
        let mut out = Vec::new();
        e::encode_kept(symbols, &kept.iter().collect(), &self.0, &mut out);
        out
    }

    /// Back.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn decode(&self, bytes: &[u8], kept: &[bool]) -> Result<Vec<u16>> {
        let mut cursor = Cursor::unplaced(bytes, "chunk");
        let kept: e::MaskBits = kept.iter().collect();
        let mut symbols = vec![0; kept.count_ones()];
        e::decode_kept(&mut cursor, &self.0, &kept, &mut symbols)?;
        cursor.finish()?;
        Ok(symbols)
    }
}

/// The constants of section 17 of the specification, as the code has them.
pub fn constants() -> Vec<(&'static str, u64)> {
    vec![
        ("FORMAT_MAJOR", spec::FORMAT_MAJOR.into()),
        ("FORMAT_MINOR", spec::FORMAT_MINOR.into()),
        ("HEADER_BYTES", spec::HEADER_BYTES as u64),
        ("FEATURE_MIXING", spec::FEATURE_MIXING.into()),
        ("MAX_DECODER_LEVEL", spec::MAX_DECODER_LEVEL.into()),
        ("LEVEL_1_CHUNK_ELEMENTS", spec::LEVEL_1_CHUNK_ELEMENTS),
        ("LEVEL_1_PRECISION", spec::LEVEL_1_PRECISION.into()),
        ("LEVEL_1_SLOTS", spec::LEVEL_1_SLOTS as u64),
        ("LEVEL_1_SERIAL_ELEMENTS", spec::LEVEL_1_SERIAL_ELEMENTS),
        ("FOOTER_BYTES", spec::FOOTER_BYTES as u64),
        ("FRAME_MANIFEST", spec::FRAME_MANIFEST.into()),
        ("FRAME_SEGMENT", spec::FRAME_SEGMENT.into()),
        ("FRAME_INDEX", spec::FRAME_INDEX.into()),
        ("FRAME_OPTIONAL", spec::FRAME_OPTIONAL.into()),
        ("RAW_ALIGNMENT", spec::RAW_ALIGNMENT),
        ("MAX_CHUNK_ELEMENTS", spec::MAX_CHUNK_ELEMENTS),
        ("MIN_CHUNK_ELEMENTS", spec::MIN_CHUNK_ELEMENTS),
        ("MAX_CHUNK_OVERHEAD", spec::MAX_CHUNK_OVERHEAD),
        ("MAX_CHUNK_EXPANSION", spec::MAX_CHUNK_EXPANSION),
        ("MAX_RANK", spec::MAX_RANK as u64),
        ("MAX_FILE_NAME_BYTES", spec::MAX_FILE_NAME_BYTES as u64),
        ("MAX_FIELDS", spec::MAX_FIELDS as u64),
        ("MAX_FIELD_BITS", spec::MAX_FIELD_BITS.into()),
        ("MAX_SYMBOL_BITS", spec::MAX_SYMBOL_BITS.into()),
        ("MAX_CLASS_FIELDS", spec::MAX_CLASS_FIELDS as u64),
        ("MAX_CLASS_BITS", spec::MAX_CLASS_BITS.into()),
        ("MAX_GROUPS", spec::MAX_GROUPS as u64),
        ("MAX_GROUP_CLASSES", spec::MAX_GROUP_CLASSES),
        ("CLASS_LIMIT", spec::CLASS_LIMIT.into()),
        ("MAX_CONTEXTS", spec::MAX_CONTEXTS as u64),
        ("MAX_CONTEXT_SHIFT", spec::MAX_CONTEXT_SHIFT.into()),
        ("MAX_PACKED_BITS", spec::MAX_PACKED_BITS.into()),
        ("MAX_RUN_WORDS", spec::MAX_RUN_WORDS.into()),
        ("MAX_STRIDE", spec::MAX_STRIDE),
        ("MAX_BLOCK", spec::MAX_BLOCK),
        ("MAX_PERIOD", spec::MAX_PERIOD),
        ("MAX_CODEBOOK_ENTRIES", spec::MAX_CODEBOOK_ENTRIES as u64),
        ("MAP_LIMIT", spec::MAP_LIMIT.into()),
        ("MAX_GRID_BITS", spec::MAX_GRID_BITS.into()),
        ("MAX_GRID_INTEGER", spec::MAX_GRID_INTEGER as u64),
        ("MIN_PRECISION", spec::MIN_PRECISION.into()),
        ("MAX_PRECISION", spec::MAX_PRECISION.into()),
        ("MAX_SLOTS", spec::MAX_SLOTS as u64),
        ("MAX_ENTRIES", spec::MAX_ENTRIES as u64),
        ("MAX_LEVEL", spec::MAX_LEVEL.into()),
        ("DRIFT_BITS", spec::DRIFT_BITS.into()),
        ("LANES", spec::LANES as u64),
        ("STATE_LOWER_BOUND", spec::STATE_LOWER_BOUND.into()),
        ("MIN_INTERVAL", spec::MIN_INTERVAL.into()),
        ("MAX_INTERVAL", spec::MAX_INTERVAL.into()),
        ("MAX_RATE", spec::MAX_RATE.into()),
        ("GROUP_STEP", spec::GROUP_STEP.into()),
        ("COUNTED_BELOW", spec::COUNTED_BELOW.into()),
        ("SLOT_BITS", spec::SLOT_BITS.into()),
        ("WEIGHT_BITS", spec::WEIGHT_BITS.into()),
        ("TABLE_LIMIT", spec::TABLE_LIMIT.into()),
        ("MAX_DISTANCES", spec::MAX_DISTANCES as u64),
        ("MAX_DISTANCE", spec::MAX_DISTANCE.into()),
        ("MAX_COLUMNS", spec::MAX_COLUMNS.into()),
        ("MAX_MASK_ROW", spec::MAX_MASK_ROW.into()),
        ("ENTRY_DIGEST_BYTES", spec::ENTRY_DIGEST_BYTES as u64),
        ("FILE_DIGEST_BYTES", spec::FILE_DIGEST_BYTES as u64),
    ]
}

/// The table of section 5.1, as the code has it: code, name, bits an element, bits a word, words an element.
pub fn dtypes() -> Vec<(u8, &'static str, u32, u32, u32)> {
    Dtype::all().map(|dtype| (dtype.code(), dtype.name(), dtype.bits(), dtype.word_bits(), dtype.words())).collect()
}

/// A field's coding with its parameters (section 8.1), without its context source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model(Coding);

impl Model {
    fn of_lanes(model: LaneModel) -> Self {
        Self(Coding::Lanes(ContextSource::None, model))
    }

    fn of_bits(model: BitsModel) -> Self {
        Self(Coding::Bits(ContextSource::None, model))
    }

    /// Lanes for symbols of `width` bits, 1 to 12, that occur `counts[context]` times in each context.
    pub fn lanes(counts: &[Vec<u64>], width: u32, precision: u32, interval: u8, rate: u8) -> Self {
        let adaptation = Adaptation { interval, rate };
        Self::of_lanes(LaneModel { tables: Tables::from_counts(counts, width, precision), adaptation })
    }

    /// Bits for symbols of `width` bits, 1 to 12, in so many contexts; the limit is at least 1.
    pub fn bits(width: u32, contexts: usize, wide: bool, limit: u8) -> Self {
        let word = if wide { WordSize::Wide } else { WordSize::Narrow };
        Self::of_bits(BitsModel { word, limit, width, contexts })
    }

    /// Lanes of a field of `width` bits in so many contexts from the parameters at the start of `bytes`.
    ///
    /// # Errors
    /// `Corrupt` for bad parameters.
    pub fn read_lanes(bytes: &[u8], width: u32, contexts: usize) -> Result<Self> {
        LaneModel::read(&mut Cursor::unplaced(bytes, "model"), width, contexts).map(Self::of_lanes)
    }

    /// Bits of a field of `width` bits in so many contexts from the parameters at the start of `bytes`.
    ///
    /// # Errors
    /// `Corrupt` for bad parameters.
    pub fn read_bits(bytes: &[u8], width: u32, contexts: usize) -> Result<Self> {
        BitsModel::read(&mut Cursor::unplaced(bytes, "model"), width, contexts).map(Self::of_bits)
    }

    /// The parameters.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.0 {
            Coding::Lanes(_, model) => model.write(&mut out),
            Coding::Bits(_, model) => model.write(&mut out),
            _ => {}
        }
        out
    }

    /// Codes the symbols of a chunk, by every kernel; `contexts` may be empty if there is one.
    pub fn encode(&self, symbols: &[u16], contexts: &[u8]) -> Vec<u8> {
        let coded = self.encode_by(Kernel::PORTABLE, symbols, contexts);
        for kernel in Kernel::available() {
            assert!(self.encode_by(kernel, symbols, contexts) == coded, "{kernel} disagrees");
        }
        coded
    }

    /// The same by some kernel.
    pub fn encode_by(&self, kernel: Kernel, symbols: &[u16], contexts: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.0 {
            Coding::Lanes(_, model) => e::encode_lanes(symbols, contexts, model, kernel, &mut out),
            Coding::Bits(_, model) => e::encode_bits(symbols, contexts, model, &mut out),
            _ => {}
        }
        out
    }

    /// Decodes `count` symbols, which take all of `coded`, by every kernel; the walk over them must end in the same place.
    ///
    /// # Errors
    /// `Corrupt` for anything else.
    pub fn decode(&self, coded: &[u8], contexts: &[u8], count: usize) -> Result<Vec<u16>> {
        let by = |kernel| {
            let mut symbols = vec![0; count];
            self.decode_by(kernel, coded, contexts, &mut symbols).map(|()| symbols)
        };
        let symbols = by(Kernel::PORTABLE);
        for kernel in Kernel::available() {
            assert_eq!(by(kernel).as_ref().ok(), symbols.as_ref().ok(), "{kernel} disagrees");
        }
        symbols
    }

    /// The same by some kernel, as many symbols as there is room for.
    ///
    /// # Errors
    /// As `decode`.
    pub fn decode_by(&self, kernel: Kernel, coded: &[u8], contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        let mut cursor = Cursor::unplaced(coded, "chunk");
        let mut skipping = cursor.clone();
        match &self.0 {
            Coding::Lanes(_, model) => {
                e::decode_lanes(&mut cursor, model, contexts, kernel, symbols)?;
                e::skip_lanes(&mut skipping, model)?;
            }
            Coding::Bits(_, model) => {
                e::decode_bits(&mut cursor, model, contexts, symbols)?;
                e::skip_bits(&mut skipping, model)?;
            }
            _ => return Err(Error::invalid("no model")),
        }
        assert_eq!(cursor.position(), skipping.position(), "skipping and decoding disagree");
        cursor.finish()
    }
}
