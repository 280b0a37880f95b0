//! Writes zstd frames (RFC 8878) without compression: blocks are stored, or they repeat one byte.

/// Returns a zstd frame with a single segment. Its blocks are stored, or they repeat one byte.
pub fn zstd_stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    zstd_blocks(content, &mut out);
    out
}

/// Does the same in a frame that has a window of 2^`log` bytes and no content size.
pub fn zstd_windowed(content: &[u8], log: u8) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3];
    zstd_blocks(content, &mut out);
    out
}

pub(crate) fn zstd_blocks(content: &[u8], out: &mut Vec<u8>) {
    let mut blocks: Vec<(u32, u32, &[u8])> = Vec::new();
    // a block must not be larger than the window, and every window is larger than 1000 bytes
    for piece in content.chunks(1000) {
        match piece.iter().all(|byte| *byte == piece[0]) {
            true => blocks.push((1, piece.len() as u32, &piece[..1])),
            false => blocks.push((0, piece.len() as u32, piece)),
        }
    }
    if blocks.is_empty() {
        blocks.push((0, 0, &[]));
    }
    let count = blocks.len();
    for (number, (kind, size, bytes)) in blocks.into_iter().enumerate() {
        let header = u32::from(number + 1 == count) | kind << 1 | size << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(bytes);
    }
}
