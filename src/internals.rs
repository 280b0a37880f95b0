//! Internal functions for the project's own tests and fuzz targets. They are not part of the public interface, and may
//! change in any version.

use crate::coders::{self, Adaptation, BitsModel, LaneModel, Tables, WordSize};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent as r;
use crate::spec;
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// Decodes a tensor that is a single chunk of representation fields (section 8). `parameters` lie in the segment's
/// head, and `coded` is the chunk. Returns the bytes of the tensor.
///
/// # Errors
/// `Corrupt` or `Unsupported` for parameters or bytes that no encoder writes.
pub fn decode_fields(dtype: Dtype, shape: &[u64], parameters: &[u8], coded: &[u8]) -> Result<Vec<u8>> {
    let layout = r::SegmentLayout::new(dtype, [shape]);
    let fields = r::Representation::read(2, parameters, &layout)?;
    let chunk = r::ChunkExtent { dtype, elements: 0..layout.elements() };
    fields.check_chunk_len(chunk.elements.end, 1)?;
    let mut out = vec![0; crate::tensor::bytes_of(dtype, chunk.elements.end) as usize];
    let observe = &mut |_: r::StreamObservation<'_>| ();
    let mut scratch = r::Scratch::new(Kernel::chosen()?);
    let cursor = Cursor::new(coded, 0, "chunk");
    let coded_chunk = r::CodedChunk { extent: chunk.clone(), coded: cursor, out: &mut out };
    fields.decode_chunks(vec![coded_chunk], &mut scratch, observe)?;
    let mut streams = r::StreamBytes::default();
    fields.account(&chunk, coded, &mut streams)?;
    assert_eq!(streams.sum(), coded.len() as u64, "the streams do not add up");
    Ok(out)
}

/// Encodes a stream of codebooks (section 8.6).
pub fn encode_codebooks(lists: &[Vec<u64>], count_bits: u32, bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    coders::encode_codebooks(lists.iter().map(Vec::as_slice), count_bits, bits, &mut out);
    out
}

/// Decodes a stream of `count` codebooks, at least one.
///
/// # Errors
/// `Corrupt` for bytes that no encoder writes.
pub fn decode_codebooks(bytes: &[u8], count: usize, count_bits: u32, bits: u32) -> Result<Vec<Vec<u64>>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let lists = coders::decode_codebooks(&mut cursor, count, count_bits, bits)?;
    cursor.finish()?;
    Ok(lists)
}

/// Encodes a stream of scales (section 8.7).
pub fn encode_scales(scales: &[f32], zero_bits: u32) -> Vec<u8> {
    let mut out = Vec::new();
    coders::encode_scales(scales, zero_bits, &mut out);
    out
}

/// Decodes a stream of `count` scales, at least one.
///
/// # Errors
/// `Corrupt` for bytes that no encoder writes.
pub fn decode_scales(bytes: &[u8], count: usize, zero_bits: u32) -> Result<Vec<f32>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let scales = coders::decode_scales(&mut cursor, count, zero_bits)?;
    cursor.finish()?;
    Ok(scales)
}

/// Encodes a mixed mask (section 12.3). `row` is from 1 to 65536, and `kernel` from 1 to `row`.
pub fn encode_mask(bits: &[u16], row: u32, kernel: u32) -> Vec<u8> {
    let mut out = Vec::new();
    coders::encode_mask(bits, coders::Geometry { row, kernel }, &mut out);
    out
}

/// Decodes a mixed mask of `count` bits.
///
/// # Errors
/// `Corrupt` for bytes that no encoder writes.
pub fn decode_mask(bytes: &[u8], row: u32, kernel: u32, count: usize) -> Result<Vec<u16>> {
    let mut cursor = Cursor::unplaced(bytes, "chunk");
    let mut bits = vec![0; count];
    coders::decode_mask(&mut cursor, coders::Geometry { row, kernel }, &mut bits)?;
    cursor.finish()?;
    Ok(bits)
}

/// The parameters of mixed kept values (section 12.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptModel(coders::KeptModel);

impl KeptModel {
    /// Reads the parameters at the start of `bytes`, for a field of `width` bits.
    ///
    /// # Errors
    /// `Corrupt` for invalid parameters.
    pub fn read(bytes: &[u8], width: u32) -> Result<Self> {
        coders::KeptModel::read(&mut Cursor::unplaced(bytes, "model"), width).map(Self)
    }

    /// Encodes the symbols of kept values.
    pub fn encode(&self, symbols: &[u16], kept: &[bool]) -> Vec<u8> {
        let mut out = Vec::new();
        coders::encode_kept(symbols, &kept.iter().collect(), &self.0, &mut out);
        out
    }

    /// Decodes the symbols of kept values.
    ///
    /// # Errors
    /// `Corrupt` for bytes that no encoder writes.
    pub fn decode(&self, bytes: &[u8], kept: &[bool]) -> Result<Vec<u16>> {
        let mut cursor = Cursor::unplaced(bytes, "chunk");
        let kept: coders::MaskBits = kept.iter().collect();
        let mut symbols = vec![0; kept.count_ones()];
        coders::decode_kept(&mut cursor, &self.0, &kept, &mut symbols)?;
        cursor.finish()?;
        Ok(symbols)
    }
}

/// Returns the names and values of the constants of section 17 of the specification, as the code has them.
pub fn constants() -> Vec<(&'static str, u64)> {
    vec![
        ("FORMAT_MAJOR", spec::FORMAT_MAJOR.into()),
        ("FORMAT_MINOR", spec::FORMAT_MINOR.into()),
        ("HEADER_BYTES", spec::HEADER_BYTES as u64),
        ("FEATURE_MIXING", spec::FEATURE_MIXING.into()),
        ("MAX_DECODER_LEVEL", spec::MAX_DECODER_LEVEL.into()),
        ("LEVEL_1_CHUNK_WORDS", spec::LEVEL_1_CHUNK_WORDS),
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
        ("MAX_COMPONENT_BYTES", spec::MAX_COMPONENT_BYTES as u64),
        ("MAX_COMPONENTS", spec::MAX_COMPONENTS as u64),
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
        ("MAX_TEMPLATE_VALUES", spec::MAX_TEMPLATE_VALUES),
        ("MAX_LABELS", spec::MAX_LABELS as u64),
        ("MIN_PRECISION", spec::MIN_PRECISION.into()),
        ("MAX_PRECISION", spec::MAX_PRECISION.into()),
        ("MAX_SLOTS", spec::MAX_SLOTS as u64),
        ("MAX_ENTRIES", spec::MAX_ENTRIES as u64),
        ("MAX_FREQUENCY_CODE", spec::MAX_FREQUENCY_CODE.into()),
        ("DRIFT_BITS", spec::DRIFT_BITS.into()),
        ("LANES", spec::LANES as u64),
        ("STATE_LOWER_BOUND", spec::STATE_LOWER_BOUND.into()),
        ("MIN_INTERVAL", spec::MIN_INTERVAL.into()),
        ("MAX_INTERVAL", spec::MAX_INTERVAL.into()),
        ("MAX_RATE", spec::MAX_RATE.into()),
        ("ROUND_STEP", spec::ROUND_STEP.into()),
        ("COUNTED_BELOW", spec::COUNTED_BELOW.into()),
        ("SLOT_BITS", spec::SLOT_BITS.into()),
        ("WEIGHT_BITS", spec::WEIGHT_BITS.into()),
        ("TABLE_LIMIT", spec::TABLE_LIMIT.into()),
        ("MAX_DISTANCES", spec::MAX_DISTANCES as u64),
        ("MAX_SEGMENT_DISTANCES", spec::MAX_SEGMENT_DISTANCES as u64),
        ("MAX_DISTANCE", spec::MAX_DISTANCE.into()),
        ("MAX_COLUMNS", spec::MAX_COLUMNS.into()),
        ("MAX_MASK_ROW", spec::MAX_MASK_ROW.into()),
        ("ENTRY_DIGEST_BYTES", spec::ENTRY_DIGEST_BYTES as u64),
        ("FILE_DIGEST_BYTES", spec::FILE_DIGEST_BYTES as u64),
    ]
}

/// Returns the dtypes as rows of the table in section 5.1: code, name, bits of an element, bits of a word, words of an
/// element.
pub fn dtypes() -> Vec<(u8, &'static str, u32, u32, u32)> {
    Dtype::all().map(|dtype| (dtype.code(), dtype.name(), dtype.bits(), dtype.word_bits(), dtype.words())).collect()
}

/// The parameters of a field coded by the lane coder or the bits coder (section 8.1), without its context source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model(Parameters);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Parameters {
    Lanes(LaneModel),
    Bits(BitsModel),
}

impl Model {
    /// Makes lane coding for symbols of `width` bits, 1 to 12, that occur `counts[context][symbol]` times.
    pub fn lanes(counts: &[Vec<u64>], width: u32, precision: u32, interval: u8, rate: u8) -> Self {
        let adaptation = Adaptation { interval, rate };
        Self(Parameters::Lanes(LaneModel { tables: Tables::from_counts(counts, width, precision), adaptation }))
    }

    /// Makes bits coding for symbols of `width` bits, 1 to 12. `limit` is at least 1.
    pub fn bits(width: u32, contexts: usize, wide: bool, limit: u8) -> Self {
        let word = if wide { WordSize::Wide } else { WordSize::Narrow };
        Self(Parameters::Bits(BitsModel { word, limit, width, contexts }))
    }

    /// Reads the parameters of lane coding at the start of `bytes`, for a field of `width` bits.
    ///
    /// # Errors
    /// `Corrupt` for invalid parameters.
    pub fn read_lanes(bytes: &[u8], width: u32, contexts: usize) -> Result<Self> {
        let model = LaneModel::read(&mut Cursor::unplaced(bytes, "model"), width, contexts)?;
        Ok(Self(Parameters::Lanes(model)))
    }

    /// Reads the parameters of bits coding at the start of `bytes`, for a field of `width` bits.
    ///
    /// # Errors
    /// `Corrupt` for invalid parameters.
    pub fn read_bits(bytes: &[u8], width: u32, contexts: usize) -> Result<Self> {
        let model = BitsModel::read(&mut Cursor::unplaced(bytes, "model"), width, contexts)?;
        Ok(Self(Parameters::Bits(model)))
    }

    /// Returns the parameters as they are stored.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.0 {
            Parameters::Lanes(model) => model.write(&mut out),
            Parameters::Bits(model) => model.write(&mut out),
        }
        out
    }

    /// Encodes the symbols of a chunk by every kernel, and checks that all agree.
    ///
    /// `contexts` has one context for each symbol, or is empty if there is only one context.
    pub fn encode(&self, symbols: &[u16], contexts: &[u8]) -> Vec<u8> {
        let coded = self.encode_by(Kernel::PORTABLE, symbols, contexts);
        for kernel in Kernel::available() {
            assert!(self.encode_by(kernel, symbols, contexts) == coded, "{kernel} disagrees");
        }
        coded
    }

    /// Encodes the symbols of a chunk by one kernel.
    pub fn encode_by(&self, kernel: Kernel, symbols: &[u16], contexts: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.0 {
            Parameters::Lanes(model) => coders::encode_lanes(symbols, contexts, model, kernel, &mut out),
            Parameters::Bits(model) => coders::encode_bits(symbols, contexts, model, &mut out),
        }
        out
    }

    /// Decodes `count` symbols from all of `coded` by every kernel, and checks that all agree, and that skipping ends
    /// at the same place.
    ///
    /// # Errors
    /// `Corrupt` for bytes that no encoder writes.
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

    /// Decodes all of `coded` to `symbols` by one kernel.
    ///
    /// # Errors
    /// `Corrupt` for bytes that no encoder writes.
    pub fn decode_by(&self, kernel: Kernel, coded: &[u8], contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        let mut cursor = Cursor::unplaced(coded, "chunk");
        let mut skipping = cursor.clone();
        match &self.0 {
            Parameters::Lanes(model) => {
                coders::decode_lanes(&mut cursor, model, contexts, kernel, symbols)?;
                coders::skip_lanes(&mut skipping, model)?;
            }
            Parameters::Bits(model) => {
                coders::decode_bits(&mut cursor, model, contexts, symbols)?;
                coders::skip_bits(&mut skipping, model)?;
            }
        }
        assert_eq!(cursor.position(), skipping.position(), "skipping and decoding disagree");
        cursor.finish()
    }
}
