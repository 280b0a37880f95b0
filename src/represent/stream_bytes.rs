//! The sizes of the streams of chunks, for the ledger.

/// The sizes of the parts of coded chunks, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StreamBytes {
    /// Bytes stored as they are.
    pub(crate) raw: u64,
    /// zstd frames.
    pub(crate) zstd: u64,
    /// Classes of rows.
    pub(crate) classes: u64,
    /// Packed bits of fields without a model.
    pub(crate) raw_bits: u64,
    /// Words of the lane coder.
    pub(crate) lane_words: u64,
    /// Initial states of the lanes.
    pub(crate) lane_states: u64,
    /// Escaped symbols.
    pub(crate) escapes: u64,
    /// Words of the bits coder.
    pub(crate) bits_words: u64,
    /// Streams of fields coded by mixing.
    pub(crate) mixed_words: u64,
    /// Lengths of streams within the chunk.
    pub(crate) lengths: u64,
    /// Masks, in any coding.
    pub(crate) mask: u64,
    /// Codebooks of the chunk's groups.
    pub(crate) codebooks: u64,
    /// Scales of the chunk's groups.
    pub(crate) scales: u64,
    /// The size of each stream without its lengths, which the lines above include: first the mask, if there is one, then the
    /// fields.
    pub(crate) by_stream: Vec<u64>,
}

impl StreamBytes {
    /// Returns the sum of all parts.
    pub(crate) fn sum(&self) -> u64 {
        let models = self.lane_words + self.lane_states + self.escapes + self.bits_words + self.mixed_words;
        let plain = self.raw + self.zstd + self.classes + self.raw_bits + self.lengths;
        models + plain + self.mask + self.codebooks + self.scales
    }

    /// Adds to the size of a stream.
    pub(crate) fn add_to_stream(&mut self, stream: usize, bytes: u64) {
        if self.by_stream.len() <= stream {
            self.by_stream.resize(stream + 1, 0);
        }
        self.by_stream[stream] += bytes;
    }
}
