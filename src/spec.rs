//! The numbers of the specification, section 17. Imports nothing; a test compares the two.

/// Section 3: the major version of the format that this library reads and writes.
pub(crate) const FORMAT_MAJOR: u8 = 0;
/// Section 3: the minor version of the format that this library writes.
pub(crate) const FORMAT_MINOR: u8 = 7;
/// Section 3: size of the header.
pub(crate) const HEADER_BYTES: usize = 24;
/// Section 3.1: the bit of the critical feature that codings 4, 5 and 6 need.
pub(crate) const FEATURE_MIXING: u32 = 1;
/// Section 3.2: the decoder level that allows everything.
pub(crate) const MAX_DECODER_LEVEL: u8 = 2;
/// Section 3.2: maximum number of words, and of values, of a chunk at decoder level 1.
pub(crate) const LEVEL_1_CHUNK_WORDS: u64 = 32_768;
/// Section 3.2: maximum precision at decoder level 1.
pub(crate) const LEVEL_1_PRECISION: u32 = 11;
/// Section 3.2: maximum sum of the frequencies of all tables of a stream at decoder level 1.
pub(crate) const LEVEL_1_SLOTS: usize = 8_192;
/// Section 3.2: maximum number of elements of a segment with a serial coding (zstd, bits) at decoder level 1.
pub(crate) const LEVEL_1_SERIAL_ELEMENTS: u64 = 65_536;
/// Section 14: size of the footer.
pub(crate) const FOOTER_BYTES: usize = 32;
/// Section 4: kind of a frame that holds a manifest.
pub(crate) const FRAME_MANIFEST: u8 = 1;
/// Section 4: kind of a frame that holds a segment.
pub(crate) const FRAME_SEGMENT: u8 = 2;
/// Section 4: kind of the frame that holds the index.
pub(crate) const FRAME_INDEX: u8 = 3;
/// Section 4: frames of this kind and above can be skipped by a decoder that does not know them.
pub(crate) const FRAME_OPTIONAL: u8 = 128;
/// Section 6: the body of a raw segment begins at a multiple of this offset.
pub(crate) const RAW_ALIGNMENT: u64 = 64;
/// Section 6: maximum number of elements of a chunk.
pub(crate) const MAX_CHUNK_ELEMENTS: u64 = 4_194_304;
/// Section 6: minimum number of elements of a chunk, if its segment has several chunks.
pub(crate) const MIN_CHUNK_ELEMENTS: u64 = 256;
/// Section 6: a chunk has at most [`MAX_CHUNK_EXPANSION`] times as many coded bytes as decoded bytes, plus this number.
pub(crate) const MAX_CHUNK_OVERHEAD: u64 = 65_536;
/// Section 6: see [`MAX_CHUNK_OVERHEAD`].
pub(crate) const MAX_CHUNK_EXPANSION: u64 = 32;
/// Section 5: maximum number of axes of a tensor.
pub(crate) const MAX_RANK: usize = 65_535;
/// Section 5: maximum number of bytes of a component of a file's path.
pub(crate) const MAX_COMPONENT_BYTES: usize = 255;
/// Section 5: maximum number of components of a file's path.
pub(crate) const MAX_COMPONENTS: usize = 32;
/// Section 8: maximum number of fields of a word.
pub(crate) const MAX_FIELDS: usize = 16;
/// Section 8: maximum width of a field.
pub(crate) const MAX_FIELD_BITS: u32 = 16;
/// Section 8.1: maximum width of a field whose symbols are coded by the lane coder or the bits coder.
pub(crate) const MAX_SYMBOL_BITS: u32 = 12;
/// Section 8: maximum number of class fields of a segment.
pub(crate) const MAX_CLASS_FIELDS: usize = 4;
/// Section 8.2: maximum width of a class.
pub(crate) const MAX_CLASS_BITS: u32 = 6;
/// Section 8.2: maximum number of axis groups of a class field, besides the rows.
pub(crate) const MAX_GROUPS: usize = 3;
/// Section 8.2: maximum number of classes in the axis groups of all class fields of a segment.
pub(crate) const MAX_GROUP_CLASSES: u64 = 1 << 20;
/// Section 8.2: count limit of the adaptive bits that code classes.
pub(crate) const CLASS_LIMIT: u8 = 255;
/// Section 8.3: maximum number of contexts of a stream.
pub(crate) const MAX_CONTEXTS: usize = 32;
/// Section 8.3: maximum number of bits by which a context source shifts its value.
pub(crate) const MAX_CONTEXT_SHIFT: u8 = 7;
/// Section 8.4: maximum width of a packed value.
pub(crate) const MAX_PACKED_BITS: u32 = 8;
/// Section 8.4: maximum number of words of a run.
pub(crate) const MAX_RUN_WORDS: u32 = 8;
/// Section 8.5: maximum stride of a mask.
pub(crate) const MAX_STRIDE: u64 = 1 << 22;
/// Section 8.6: maximum product of the values of a block and the period.
pub(crate) const MAX_BLOCK: u64 = 1 << 22;
/// Section 8.6: maximum period.
pub(crate) const MAX_PERIOD: u64 = 1 << 20;
/// Section 8.6: maximum number of entries in all codebooks of a stream.
pub(crate) const MAX_CODEBOOK_ENTRIES: usize = 1 << 16;
/// Section 8.6: count limit of the adaptive bits that code codebooks and scales.
pub(crate) const MAP_LIMIT: u8 = 60;
/// Section 8.7: maximum width of a grid's symbols.
pub(crate) const MAX_GRID_BITS: u32 = 24;
/// Section 8.7: maximum magnitude of a grid's integer; all integers up to it are exact in 32-bit floats.
pub(crate) const MAX_GRID_INTEGER: i64 = 1 << 24;
/// Section 8.8: maximum number of values of all templates of a segment.
pub(crate) const MAX_TEMPLATE_VALUES: u64 = 1 << 20;
/// Section 8.8: maximum number of labels.
pub(crate) const MAX_LABELS: usize = 255;
/// Section 9: minimum precision. The frequencies of a table add up to 2^precision.
pub(crate) const MIN_PRECISION: u32 = 9;
/// Section 9: maximum precision.
pub(crate) const MAX_PRECISION: u32 = 12;
/// Section 9: maximum sum of the frequencies of all tables of a stream. Section 11.4: maximum number of adaptive bits.
pub(crate) const MAX_SLOTS: usize = 32_768;
/// Section 9: maximum number of entries of a table, the escape included.
pub(crate) const MAX_ENTRIES: usize = 256;
/// Section 9: maximum frequency code.
pub(crate) const MAX_FREQUENCY_CODE: u8 = 127;
/// Section 9: width of the drift, which is a signed integer.
pub(crate) const DRIFT_BITS: u32 = 4;
/// Section 10: number of states that take turns.
pub(crate) const LANES: usize = 32;
/// Section 10: minimum of a state. An encoder starts every state at it, and a decoder must end every state at it.
pub(crate) const STATE_LOWER_BOUND: u32 = 1 << 16;
/// Section 10.2: log2 of the minimum number of symbols between two adaptations.
pub(crate) const MIN_INTERVAL: u8 = 8;
/// Section 10.2: log2 of the maximum number of symbols between two adaptations.
pub(crate) const MAX_INTERVAL: u8 = 16;
/// Section 10.2: maximum rate. New counts weigh 2^-rate.
pub(crate) const MAX_RATE: u8 = 8;
/// Section 10.2: 2^32 divided by the golden ratio. Its multiples modulo 2^32 are spread evenly for any run of
/// consecutive rounds (Knuth, volume 3, section 6.4).
pub(crate) const ROUND_STEP: u32 = 2_654_435_769;
/// Section 10.2: a round is counted if its multiple of [`ROUND_STEP`] is below this value, which is true of one round
/// in eight.
pub(crate) const COUNTED_BELOW: u32 = 1 << 29;
/// Section 9: width of a slot, which holds a symbol's distance from the first one, its frequency less 1, and a
/// distance.
pub(crate) const SLOT_BITS: u32 = 32;
/// Section 10.2: a weight is a frequency in units of 2^-24 of the whole.
pub(crate) const WEIGHT_BITS: u32 = 24;
/// Section 12.2: maximum number of distances of the linear predictor.
pub(crate) const MAX_DISTANCES: usize = 32;
/// Section 12.2: maximum number of distances of all mixed fields of a segment.
pub(crate) const MAX_SEGMENT_DISTANCES: usize = 64;
/// Section 12.2: maximum distance, and maximum period.
pub(crate) const MAX_DISTANCE: u32 = 1 << 22;
/// Section 12.2: maximum number of columns that have running means.
pub(crate) const MAX_COLUMNS: u32 = 1 << 16;
/// Section 12.3: maximum number of mask bits of a row.
pub(crate) const MAX_MASK_ROW: u32 = 1 << 16;
/// Section 9.1: count limit of the adaptive bits that code tables.
pub(crate) const TABLE_LIMIT: u8 = 60;
/// Section 13: bytes of an entry's digest.
pub(crate) const ENTRY_DIGEST_BYTES: usize = 16;
/// Section 13: bytes of a file's digest.
pub(crate) const FILE_DIGEST_BYTES: usize = 32;
