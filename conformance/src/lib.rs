//! Makes the test vectors of `spec/vectors/`.
//!
//! This is an encoder of its own, written from the specification: it shares no code with the library, so that the
//! vectors hold one against the other. It writes whatever it is told to, also what no encoder may write.
#![allow(missing_docs)]

pub mod bad;
pub mod bad_lanes;
pub mod bad_maps;
pub mod bad_mixing;
pub mod bad_steps;
pub mod coders;
pub mod decoder;
pub mod good;
pub mod good_lanes;
pub mod good_maps;
pub mod good_mixing;
pub mod good_steps;
pub mod mixing;
pub mod mixing_decoder;
pub mod step_decoder;
pub mod steps;
pub mod wire;

use std::collections::BTreeMap;

/// All files of `spec/vectors/` but `README.md`, by path.
pub fn all() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for vector in good::all() {
        let mut parts = vector.parts();
        vector.check(&mut parts);
        let (container, expected) = (parts.assemble(), vector.describe());
        files.insert(format!("good/{}.tersor", vector.name), container);
        files.insert(format!("good/{}.json", vector.name), expected.into_bytes());
        if let Some(content) = vector.content() {
            files.insert(format!("good/{}.bin", vector.name), content);
        }
    }
    let bad = bad::all();
    let mut list = String::from("{\n");
    for (number, vector) in bad.iter().enumerate() {
        let comma = if number + 1 < bad.len() { "," } else { "" };
        list.push_str(&format!("  {:?}: {}{comma}\n", vector.file_name(), vector.describe()));
        let twice = files.insert(format!("bad/{}", vector.file_name()), vector.bytes.clone());
        assert!(twice.is_none(), "two bad vectors named {}", vector.file_name());
    }
    list.push_str("}\n");
    files.insert("bad.json".to_owned(), list.into_bytes());
    files
}

/// Numbers that look random, the same everywhere (SplitMix64).
pub struct Random(pub u64);

impl Random {
    #[expect(clippy::should_implement_trait, reason = "an endless source needs no Option")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Small numbers more often than large ones, all below 2^width.
    pub fn skewed(&mut self, width: u32) -> u16 {
        let bits = self.below(u64::from(width) + 1);
        (self.next() & ((1 << bits) - 1)) as u16
    }
}
