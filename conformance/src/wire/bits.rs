//! Packed bits and words (section 1.2).

/// Reads the words of a chunk: unsigned integers of `width` bits.
pub fn words(bytes: &[u8], width: u32) -> Vec<u64> {
    let bit = |k: usize| u64::from(bytes[k / 8] >> (k % 8) & 1);
    let width = width as usize;
    (0..bytes.len() * 8 / width).map(|i| (0..width).fold(0, |word, k| word | bit(i * width + k) << k)).collect()
}

/// Returns the bytes of words of `width` bits.
pub fn pack_words(words: &[u64], width: u32) -> Vec<u8> {
    let width = width as usize;
    let mut out = vec![0; words.len() * width / 8];
    for bit in 0..words.len() * width {
        out[bit / 8] |= ((words[bit / width] >> (bit % width) & 1) as u8) << (bit % 8);
    }
    out
}

/// Returns these values as packed bits (section 1.2).
pub fn pack(values: &[u16], width: u32) -> Vec<u8> {
    let width = width as usize;
    let mut out = vec![0; (values.len() * width).div_ceil(8)];
    for (i, value) in values.iter().enumerate() {
        for k in 0..width {
            let at = i * width + k;
            out[at / 8] |= ((value >> k & 1) as u8) << (at % 8);
        }
    }
    out
}
