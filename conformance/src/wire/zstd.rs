//! zstd frames of stored blocks and repeated bytes (RFC 8878).

/// A zstd frame of blocks that are stored or repeat one byte (RFC 8878), of a single segment.
pub fn zstd_stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    zstd_blocks(content, &mut out);
    out
}

/// The same with a window of 2^`log` bytes, without content size.
pub fn zstd_windowed(content: &[u8], log: u8) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3];
    zstd_blocks(content, &mut out);
    out
}

pub(crate) fn zstd_blocks(content: &[u8], out: &mut Vec<u8>) {
    let mut blocks: Vec<(u32, u32, &[u8])> = Vec::new();
    // no block may be larger than the window; 1000 is below any
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
