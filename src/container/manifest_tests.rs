//! Tests of manifests.

use super::Entry;
use super::manifest::{FileRecord, Manifest};
use crate::error::ErrorKind;
use crate::limits::Limits;
use crate::tensor::Dtype;

fn entry(name: &str, shape: &[u64], alias_of: Option<u32>) -> Entry {
    Entry { name: Some(name.into()), dtype: Dtype::F32, shape: shape.into(), alias_of }
}

fn example() -> Manifest {
    let content = Entry { name: None, dtype: Dtype::U8, shape: [3].into(), alias_of: None };
    Manifest {
        metadata: vec![("format".into(), "pt".into())],
        files: vec![
            FileRecord { path: "a.safetensors".into(), prefix: b"{}".to_vec(), entry_count: 2 },
            FileRecord { path: "config.json".into(), prefix: vec![], entry_count: 1 },
        ],
        is_folder: true,
        entries: vec![
            entry("x", &[2, 3], None),
            entry("", &[6], Some(0)),
            content,
            entry("x", &[], None),
            entry("\u{1f600}", &[0, 1 << 60], None),
        ],
    }
}

#[test]
fn comes_back() {
    let bytes = example().write_from(0, true);
    assert_eq!(Manifest::read(&bytes, &Limits::default()).unwrap(), example());
    for cut in 0..bytes.len() {
        assert!(Manifest::read(&bytes[..cut], &Limits::default()).is_err());
    }
}

#[test]
fn rules_are_kept() {
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = example();
        change(&mut manifest);
        let bytes = manifest.write_from(0, true);
        let error = Manifest::read(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    };
    refused(&|m| m.files[0].path = "a/../b".into());
    refused(&|m| m.files[0].path = "config.json/b".into());
    refused(&|m| m.is_folder = false);
    refused(&|m| m.files[0].path = "config.json".into());
    refused(&|m| m.files[0].entry_count = 9);
    refused(&|m| m.entries[1].name = Some("x".into()));
    refused(&|m| m.entries[1].alias_of = Some(1));
    refused(&|m| m.entries[1].alias_of = Some(3));
    refused(&|m| m.entries[1].shape = [7].into());
    refused(&|m| m.entries[2].dtype = Dtype::I8);
    refused(&|m| m.entries[3].name = None);
    refused(&|m| m.entries[3].shape = [1 << 62].into());
    refused(&|m| m.metadata.push(("format".into(), "x".into())));
}

#[test]
fn limits_are_kept() {
    let bytes = example().write_from(0, true);
    let kind = |limits: Limits| Manifest::read(&bytes, &limits).unwrap_err().kind();
    let limits = Limits::default;
    assert_eq!(kind(limits().with_tensors(4)), ErrorKind::Limit);
    assert_eq!(kind(limits().with_tensor_bytes(23)), ErrorKind::Limit);
    assert_eq!(kind(limits().with_total_bytes(56)), ErrorKind::Limit);
    assert_eq!(kind(limits().with_name_bytes(3)), ErrorKind::Limit);
}
