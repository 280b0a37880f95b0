//! Whole files, and input that the encoder refuses.

use tersor::{Dtype, EncodeOptions, Encoder, ErrorKind, FileInput, TensorView, encode_files};

use crate::check::{check, check_files, encode, safetensors};
use crate::support::{Content, Random};

/// The encoder, not the decoder, refuses input that a container cannot hold.
#[test]
fn unusable_input_is_refused() {
    let high_rank = vec![1; 65_536];
    assert!(TensorView::new(Dtype::U8, &high_rank, &[1]).is_err());
    let tensor = Content { name: Some("x".into()), dtype: Dtype::U8, shape: high_rank, bytes: vec![1] };
    let file = safetensors(&[tensor], 0, false);
    let input = FileInput::new("x.safetensors", &file);
    assert!(encode_files(&[input], Vec::new(), EncodeOptions::default()).is_err());
    for name in ["", ".", "..", "a/b", "a\\b", "nul", "a\n", "x."] {
        let input = FileInput::new(name, b"x");
        let error = encode_files(&[input], Vec::new(), EncodeOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
    let twice = [FileInput::new("x", b"1"), FileInput::new("x", b"2")];
    assert_eq!(
        encode_files(&twice, Vec::new(), EncodeOptions::default()).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("x", TensorView::new(Dtype::U8, &[1], &[1]).unwrap()).unwrap();
    assert!(encoder.add("x", TensorView::new(Dtype::U8, &[1], &[2]).unwrap()).is_err());
    assert!(encoder.add_metadata("late", "").is_err());
}

#[test]
fn nothing_comes_back() {
    let container = encode(&[], EncodeOptions::default());
    check(&container, &[], &mut Random(5));
    let none = encode_files(&[], Vec::new(), EncodeOptions::default());
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// The networks of `tests/data`, as files.
#[test]
fn networks_come_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    if !folder.exists() {
        // the published package is without these files
        return;
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
    }
    found.sort();
    assert!(found.len() > 3);
    let inputs: Vec<(&str, &[u8])> = found.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    let container = check_files(&inputs, EncodeOptions::default().with_level(1));
    assert!(container.len() * 10 < inputs.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() * 9);
}
