//! Integers, strings, checksums and digests (sections 1.1 and 1.3).

pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn zigzag(value: i64) -> u64 {
    let doubled = (value as u64).wrapping_mul(2);
    if value >= 0 { doubled } else { !doubled }
}

pub fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

pub fn digest<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut out);
    out
}

/// Appends the number of words of `size` bytes, and then the words.
pub fn put_words(words: &[u8], size: usize, out: &mut Vec<u8>) {
    put_varint(out, (words.len() / size) as u64);
    out.extend(words);
}
