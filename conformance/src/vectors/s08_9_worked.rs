//! Section 8.9: the segment of the worked example, `spec/worked-example.md`.

use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::tables::Tables;
use crate::vectors::build::{lanes_of, mask, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::s08_6_codebook::codebook;
use crate::wire::bits::pack_words;
use crate::wire::frame::Header;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    const VALUES: [f32; 40] = [
        0.0, 1.0, -1.0, 0.5, 0.5, -1.0, 0.5, 0.0, 0.5, 0.5, //
        -1.0, 0.5, 0.5, -1.0, 0.5, 0.0, 0.5, 0.5, -1.0, 0.5, //
        0.5, -1.0, 0.0, 0.5, 0.5, 0.5, -1.0, 0.5, 0.5, 0.0, //
        0.5, 0.5, -1.0, 0.5, -1.0, 0.5, 0.0, 0.5, 2.0, -1.0,
    ];
    let words: Vec<u64> = VALUES.iter().map(|value| u64::from(value.to_bits() >> 16)).collect();
    let kept: Vec<bool> = words.iter().map(|&word| word != 0).collect();
    let map = Map::Codebook(codebook("BF16", (0, 1), 2, 7).fill(&words, &kept, 40));
    let steps = Steps { mask: mask(0, 4, 1, Coding::Raw), map, ..Steps::default() };
    let tables = Tables::new(2, 9, &[&[(0, 80), (1, 88), (2, 24)]], Some(&[20]));
    let fields = Fields { steps, ..Fields::of(0, &[field(2, lanes_of(tables, 0, 0))]) };
    let entries = vec![tensor("w", "BF16", &[4, 10], pack_words(&words, 16))];
    let items = vec![segment(&[0], 40, Representation::Fields(fields))];
    let mut vector = Vector::new("s08-9-worked", "the worked example of the specification", entries, items);
    vector.header = Header { level: 1, ..Header::PLAIN };
    all.push(vector);
}
