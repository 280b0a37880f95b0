//! Small containers that bad vectors change, and ways to damage them.

use crate::encoder::coding::{Coding, field};
use crate::encoder::container::{Item, Part, Parts, Representation};
use crate::encoder::fields::Fields;
use crate::vectors::build::{bytes_of_symbols, content, fields, segment, tensor};
use crate::vectors::good::Vector;
use crate::wire::manifest::{File, Packing};
use crate::wire::primitives::put_varint;

/// Returns a container with one small tensor, stored raw.
pub(crate) fn one() -> Vector {
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4])];
    Vector::new("one", "", entries, vec![segment(&[0], 4, Representation::Raw)])
}

/// Returns a container with two tensors in two segments.
pub(crate) fn two() -> Vector {
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4]), tensor("y", "U8", &[4], vec![5, 6, 7, 8])];
    let items = vec![segment(&[0], 4, Representation::Zstd), segment(&[1], 4, Representation::Zstd)];
    Vector::new("two", "", entries, items)
}

/// Returns a container with two files and a tensor that belongs to no file. One file is a safetensors file with two
/// tensors.
pub(crate) fn with_files() -> Vector {
    let entries = vec![
        tensor("x", "F32", &[1], vec![1, 2, 3, 4]),
        tensor("y", "F32", &[1], vec![5, 6, 7, 8]),
        content(b"text"),
        tensor("x", "F32", &[1], vec![9; 4]),
        tensor("y", "F32", &[1], vec![8; 4]),
    ];
    let items = vec![segment(&[0, 1, 3, 4], 4, Representation::Raw), segment(&[2], 4, Representation::Raw)];
    let mut vector = Vector::new("s05-files", "", entries, items);
    vector.files = vec![
        File { path: b"a.safetensors".into(), prefix: b"{}".into(), entries: 2 },
        File { path: b"b.txt".into(), prefix: vec![], entries: 1 },
    ];
    vector
}

/// Returns a container with one U8 tensor. Its symbols are one field of 8 bits.
pub(crate) fn under(symbols: &[u16], coding: Coding) -> Vector {
    let bytes = bytes_of_symbols(symbols);
    let count = bytes.len() as u64;
    let items = vec![segment(&[0], count, fields(0, &[field(8, coding)]))];
    Vector::new("under", "", vec![tensor("x", "U8", &[count], bytes)], items)
}

/// Returns the fields of the first segment of a vector.
pub(crate) fn fields_of(vector: &Vector) -> Fields {
    let of = |item: &Item| match item {
        Item::Segment { representation: Representation::Fields(fields), .. } => Some(fields.clone()),
        _ => None,
    };
    vector.items.iter().find_map(of).expect("a segment in fields")
}

/// The name of a way to damage a stream, the number of the rule that this breaks, the reason in words, and the stream.
pub type Spoiled = (&'static str, &'static str, &'static str, Vec<u8>);

/// Damages a stream of the bits coder with words of `size` bytes in several ways.
pub fn spoiled(words: &[u8], size: usize) -> Vec<Spoiled> {
    let count = (words.len() / size) as u64;
    let stream = |count: u64, words: &[u8]| {
        let mut out = Vec::new();
        put_varint(&mut out, count);
        out.extend(words);
        out
    };
    vec![
        ("beyond-its-end", "R16.1-3", "more words than there are bytes", stream(count + 10_000, words)),
        ("of-2-to-the-63-words", "R16.1-3", "more words than there are bytes", stream(1 << 63, words)),
        // two words are added, because a stream may lack its last word
        ("word-left-over", "R11.2-2", "a word left over", stream(count + 2, &[words, &vec![0; 2 * size]].concat())),
        ("two-words-missing", "R11.2-2", "two words missing", stream(count - 2, &words[..words.len() - 2 * size])),
        ("no-words", "R11.2-2", "no words", stream(0, &[])),
        // `quantile` becomes too large, because `range` is less than 2^(2B)
        ("impossible", "R11.2-1", "words that no encoder writes", stream(count, &vec![0xff; words.len()])),
    ]
}

/// Returns the position of the first word of a stream, after the number of words.
pub(crate) fn words_at(stream: &[u8]) -> usize {
    1 + stream.iter().take_while(|&&byte| byte >= 0x80).count()
}

pub(crate) fn set_packing(parts: &mut Parts, new: Packing) {
    for part in &mut parts.parts {
        if let Part::Manifest { packing, .. } = part {
            *packing = new;
            return;
        }
    }
}

/// Replaces the content of the first manifest.
pub(crate) fn set_content(parts: &mut Parts, content: &[u8]) {
    let mut block = Vec::new();
    Packing::Plain.write(content, &mut block);
    set_packing(parts, Packing::Bytes(block));
}
