//! The bytes that each tensor, and each file without tensors, occupies in a container.

use tersor::{FileInfo, Ledger, Tensor};

/// The bytes of one entry of the manifest: a tensor or the content of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Footprint {
    /// Whether the entry is a tensor.
    pub is_tensor: bool,
    /// The decoded size in bytes.
    pub len: u64,
    /// The number of the segment that holds the entry; `None` if it is empty or an alias.
    pub segment: Option<usize>,
    /// The bytes of that segment that belong to the entry.
    pub bytes: u64,
}

impl Footprint {
    /// Returns the footprints of all entries, by ordinal. The bytes of a segment are divided among its members in
    /// proportion to their decoded sizes.
    pub fn all(ledger: &Ledger, files: &[FileInfo], tensors: &[Tensor<'_>]) -> Vec<Self> {
        let after_tensors = tensors.last().map_or(0, |tensor| tensor.ordinal() + 1);
        let count = files.last().map_or(0, |file| file.ordinals.end).max(after_tensors);
        let mut entries = vec![Self::default(); count];
        for tensor in tensors {
            entries[tensor.ordinal()] = Self { is_tensor: true, len: tensor.byte_len(), ..Self::default() };
        }
        for file in files {
            // a file without tensors is a single entry
            let own = &mut entries[file.ordinals.clone()];
            let of_tensors: u64 = own.iter().map(|entry| entry.len).sum();
            if let Some(content) = own.iter_mut().find(|entry| !entry.is_tensor) {
                content.len = file.len.saturating_sub(of_tensors);
            }
        }
        for (number, segment) in ledger.segments.iter().enumerate() {
            let (whole, raw) = (u128::from(segment.bytes()), u128::from(segment.raw_bytes.max(1)));
            let mut before = 0u128;
            for &member in &segment.members {
                let Some(entry) = entries.get_mut(member) else { continue };
                let after = raw.min(before + u128::from(entry.len));
                entry.segment = Some(number);
                entry.bytes = (whole * after / raw - whole * before / raw) as u64;
                before = after;
            }
        }
        entries
    }
}
