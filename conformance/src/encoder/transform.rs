//! Transforms, and the division of words into fields (section 8).

pub fn transform(kind: u8, x: u64, w: u32) -> u64 {
    let mask = u64::MAX >> (64 - w);
    match kind {
        1 => (x << 1 | x >> (w - 1)) & mask,
        2 if x >> (w - 1) == 0 => (2 * x) & mask,
        // with X = x - 2^w: -2X - 1 = 2^(w+1) - 2x - 1
        2 => 0u64.wrapping_sub(2u64.wrapping_mul(x)).wrapping_sub(1) & mask,
        _ => x,
    }
}

/// Transforms words. Returns the symbols of each field.
pub fn split(words: &[u64], kind: u8, w: u32, widths: &[u32]) -> Vec<Vec<u16>> {
    let mut shift = w;
    let symbols = widths.iter().map(|width| {
        shift -= width;
        words.iter().map(|&x| (transform(kind, x, w) >> shift & ((1 << width) - 1)) as u16).collect()
    });
    symbols.collect()
}
