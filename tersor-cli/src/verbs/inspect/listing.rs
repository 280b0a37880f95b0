//! The contents of a container, ready to be printed.

use tersor::analysis::{Bounds, SegmentBounds};
use tersor::{FileInfo, Ledger, Reader, Tensor};

use crate::verbs::footprint::Footprint;

/// The contents of a container.
pub struct Listing<'r> {
    pub reader: &'r Reader<'r>,
    pub ledger: &'r Ledger,
    pub files: Vec<FileInfo>,
    pub tensors: Vec<Tensor<'r>>,
    /// The footprint of each entry, by ordinal. An entry can be the content of a file.
    footprints: Vec<Footprint>,
    /// The ideal sizes of each segment, with `--ideal`.
    pub ideal: Option<Vec<IdealSizes>>,
}

/// The ideal code lengths of a segment in bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct IdealSizes {
    /// The code length with the contexts of the segment.
    pub with_contexts: f64,
    /// The code length with a single context for each stream.
    pub order0: f64,
}

impl IdealSizes {
    /// Returns the ideal sizes of all segments.
    pub fn all(bounds: &Bounds) -> Vec<Self> {
        let of_segment =
            |segment: &SegmentBounds| Self { with_contexts: segment.ideal_bits(), order0: segment.order0_bits() };
        bounds.segments.iter().map(of_segment).collect()
    }

    /// Rounds a number of bits up to whole bytes.
    pub fn bytes_of(bits: f64) -> u64 {
        (bits / 8.0).ceil() as u64
    }
}

impl<'r> Listing<'r> {
    pub fn new(reader: &'r Reader<'r>, ledger: &'r Ledger, ideal: Option<Vec<IdealSizes>>) -> Self {
        let files: Vec<FileInfo> = reader.files().collect();
        let tensors: Vec<Tensor<'r>> = reader.tensors().collect();
        let footprints = Footprint::all(ledger, &files, &tensors);
        Self { reader, ledger, files, tensors, footprints, ideal }
    }

    /// Returns the footprint of a tensor.
    pub fn footprint(&self, tensor: &Tensor<'r>) -> Footprint {
        self.footprints[tensor.ordinal()]
    }

    /// Returns whether other entries are stored in the same segment.
    pub fn is_shared(&self, footprint: Footprint) -> bool {
        footprint.segment.is_some_and(|segment| self.ledger.segments[segment].members.len() > 1)
    }

    /// Returns the number of elements of all tensors.
    pub fn weights(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.element_count()).fold(0, u64::saturating_add)
    }

    /// Returns the decoded size of the files, or of the tensors if there are no files, in bytes.
    pub fn raw_bytes(&self) -> u64 {
        match &self.files[..] {
            [] => self.tensors.iter().map(|tensor| tensor.byte_len()).sum(),
            files => files.iter().map(|file| file.len).sum(),
        }
    }

    /// Returns the bytes that store the tensors or the content of a file, and whether a part of them is shared with
    /// other files. The name and the header of the file are in the manifest, and are not included.
    pub fn stored_bytes(&self, file: &FileInfo) -> (u64, bool) {
        let own = &self.footprints[file.ordinals.clone()];
        (own.iter().map(|entry| entry.bytes).sum(), own.iter().any(|entry| self.is_shared(*entry)))
    }
}
