//! What each tensor and each content of a file takes of a container.

use tersor::{FileInfo, Ledger, ReadAt, Tensor};

/// A tensor's or content's part of the container.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    /// Has a name.
    pub is_tensor: bool,
    /// Decoded bytes.
    pub len: u64,
    /// Number of the segment that holds it.
    pub segment: Option<usize>,
    /// Its bytes of that segment.
    pub bytes: u64,
}

impl Entry {
    /// By ordinal, contents of files too. The bytes of a segment are divided among its members by their length.
    pub fn all<S: ReadAt>(ledger: &Ledger, files: &[FileInfo], tensors: &[Tensor<'_, S>]) -> Vec<Self> {
        let after_tensors = tensors.last().map_or(0, |tensor| tensor.ordinal() + 1);
        let count = files.last().map_or(0, |file| file.ordinals.end).max(after_tensors);
        let mut entries = vec![Self::default(); count];
        for tensor in tensors {
            entries[tensor.ordinal()] = Self { is_tensor: true, len: tensor.byte_len(), ..Self::default() };
        }
        for file in files {
            // a file that is not made of tensors is one content
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
