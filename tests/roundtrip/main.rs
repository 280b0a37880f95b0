//! Everything that is encoded comes back bit for bit, whatever it is and however it is read.

mod check;
mod content;
mod draw;
mod files;
#[path = "../support/mod.rs"]
mod support;
mod tensors;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

use check::{check, check_files, encode, safetensors};
use support::{Content, Random};

fn config() -> Config {
    let seeds = Box::new(FileFailurePersistence::Direct("tests/roundtrip.proptest-regressions"));
    Config { cases: 96, failure_persistence: Some(seeds), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tensors_come_back(tensors in draw::tensors(9), options in draw::options(), seed: u64) {
        let container = encode(&tensors, options.clone().with_threads(1));
        let again = encode(&tensors, options.with_threads(2));
        prop_assert!(container == again, "the number of threads changes the bytes");
        check(&container, &tensors, &mut Random(seed));
    }

    #[test]
    fn files_come_back(
        first in draw::tensors(6),
        second in draw::tensors(3),
        opaque in prop::collection::vec(any::<u8>(), 0..5000),
        options in draw::options(),
        spaces in 0usize..20,
        metadata: bool,
        name in "[a-zA-Z\u{e9}\u{1f600} ._-]{0,9}[a-z]",
    ) {
        // the safetensors crate counts in usize, and checks the product of all dimensions
        let usable = |tensors: Vec<Content>| -> Vec<Content> {
            let fits = |content: &Content| {
                content.shape.iter().all(|&d| d < 1 << 40) && content.name.as_deref() != Some("__metadata__")
            };
            tensors.into_iter().filter(fits).collect()
        };
        let (first, second) = (usable(first), usable(second));
        let (a, b) = (safetensors(&first, spaces, metadata), safetensors(&second, 0, !metadata));
        let name = format!("x{name}");
        check_files(
            &[
                ("a.safetensors", &a),
                ("model/same.safetensors", &a),
                (&name, &opaque),
                // a safetensors file is known by its content
                ("model/b.sft", &b),
                ("opaque again", &opaque),
                ("empty", &[]),
            ],
            options,
        );
    }
}
