//! Strategies for random tensors and options.

use std::collections::HashSet;

use proptest::prelude::*;
use tersor::{Dtype, EncodeOptions, byte_len};

use crate::content::{KINDS, bytes_of};
use crate::support::{Content, Random};

fn shape() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        1 => Just(vec![]),
        1 => prop_oneof![Just(vec![0]), Just(vec![3, 0, 5]), Just(vec![0, u64::MAX, u64::MAX])],
        3 => (1u64..50).prop_map(|n| vec![n]),
        2 => (1u64..3000).prop_map(|n| vec![1, n]),
        4 => (1u64..60, 1u64..60).prop_map(|(rows, columns)| vec![rows, columns]),
        2 => prop::collection::vec(1u64..5, 1..7),
        1 => (2000u64..12_000).prop_map(|n| vec![n]),
        1 => (20u64..200, 17u64..90).prop_map(|(rows, columns)| vec![rows, columns, 1]),
    ]
}

fn tensor() -> impl Strategy<Value = Content> {
    let dtype = prop::sample::select(Dtype::all().collect::<Vec<_>>());
    let kind = prop::sample::select(&KINDS[..]);
    let name = prop_oneof![Just(String::new()), ".{1,12}", any::<String>()];
    (name, dtype, shape(), kind, any::<u64>()).prop_map(|(name, dtype, mut shape, kind, seed)| {
        if byte_len(dtype, &shape).is_none() {
            shape.push(8);
        }
        let elements = tersor::element_count(&shape).unwrap();
        let bytes = bytes_of(dtype, elements, kind, &mut Random(seed));
        Content { name: Some(name), dtype, shape, bytes }
    })
}

/// Draws at most `most` tensors of distinct names. Some of them repeat the bytes of another one.
pub fn tensors(most: usize) -> impl Strategy<Value = Vec<Content>> {
    prop::collection::vec((tensor(), any::<prop::sample::Index>(), 0..5), 0..most).prop_map(|drawn| {
        let mut tensors: Vec<Content> = Vec::new();
        let mut names = HashSet::new();
        for (mut tensor, other, repeat) in drawn {
            if repeat == 0 && !tensors.is_empty() {
                let other = &tensors[other.index(tensors.len())];
                let flat = vec![tersor::element_count(&other.shape).unwrap()];
                tensor = Content { name: tensor.name, shape: flat, ..other.clone() };
            }
            while !names.insert(tensor.name.clone()) {
                tensor.name.as_mut().unwrap().push('\'');
            }
            tensors.push(tensor);
        }
        tensors
    })
}

pub fn options() -> impl Strategy<Value = EncodeOptions> {
    let level = prop_oneof![4 => Just(1), 4 => Just(6), 2 => 1u8..=9];
    let chunk_bytes = prop_oneof![Just(4096u64), Just(10_000), Just(256 << 10)];
    (level, chunk_bytes).prop_map(|(level, bytes)| EncodeOptions::default().with_level(level).with_chunk_bytes(bytes))
}
