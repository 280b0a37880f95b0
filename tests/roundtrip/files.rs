//! Whole files, and input that the encoder refuses.

use tersor::{
    Dtype, EncodeOptions, Encoder, ErrorKind, FileInput, ReadAt, Reader, TensorView, encode_files, encode_folder,
};

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
    for name in ["", ".", "..", "a/", "/a", "a//b", "../b", "a\\b", "nul", "a\n", "x."] {
        let input = FileInput::new(name, b"x");
        let error = encode_files(&[input], Vec::new(), EncodeOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
    let twice = [FileInput::new("x", b"1"), FileInput::new("x", b"2")];
    assert_eq!(
        encode_files(&twice, Vec::new(), EncodeOptions::default()).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let both = [FileInput::new("a/b", b"1"), FileInput::new("a", b"2")];
    assert_eq!(
        encode_files(&both, Vec::new(), EncodeOptions::default()).unwrap_err().kind(),
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
    assert!(container.len() * 10 < inputs.iter().map(|(_, bytes)| <[u8]>::len(bytes)).sum::<usize>() * 9);
}

/// A source whose bytes are others each time.
struct Changing(std::sync::atomic::AtomicU8, usize);

impl ReadAt for Changing {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.1 as u64)
    }

    fn read_exact_at(&self, _: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Ok(())
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    for len in [100, 1 << 16, 20 << 20] {
        let source = Changing(Default::default(), len);
        let input = FileInput::of_source("folder/a.bin", &source);
        let error = encode_files(&[input], Vec::new(), EncodeOptions::default().with_level(1)).unwrap_err();
        assert_eq!((error.kind(), error.tensor()), (ErrorKind::Corrupt, Some("folder/a.bin")));
        assert!(error.to_string().contains("changed while it was read"), "{error}");
    }
}

/// A source that is shorter than it says.
struct Cut(u64);

impl ReadAt for Cut {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        match offset + buffer.len() as u64 <= self.0 / 2 {
            true => Ok(()),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_read_is_refused() {
    for len in [100, 30 << 20] {
        let source = Cut(len);
        let input = FileInput::of_source("a.bin", &source);
        let error = encode_files(&[input], Vec::new(), EncodeOptions::default().with_level(1)).unwrap_err();
        assert!(error.to_string().contains("changed while it was read"), "{error}");
    }
}

/// A folder with one file comes back as a folder.
#[test]
fn a_folder_of_one_file_is_a_folder() {
    let input = [FileInput::new("a", b"1")];
    let is_folder = |container: &[u8]| Reader::new(container).unwrap().files().next().unwrap().in_folder;
    let options = EncodeOptions::default;
    assert!(is_folder(&encode_folder(&input, Vec::new(), options()).unwrap().0));
    assert!(!is_folder(&encode_files(&input, Vec::new(), options()).unwrap().0));
}

/// Nothing takes time that grows with the square of a number. No time is measured: a test that ran for minutes is found.
#[test]
fn a_hundred_thousand_of_everything_come_back() {
    const MANY: usize = 100_000;
    let pairs: Vec<String> = (0..MANY).map(|number| format!("\"key {number}\":\"{number}\"")).collect();
    let header = format!("{{\"__metadata__\":{{{}}}}}", pairs.join(","));
    let keys = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let paths: Vec<String> = (0..MANY).map(|number| format!("{}/{number}", number / 100)).collect();
    let mut files: Vec<(&str, &[u8])> = paths.iter().map(|path| (path.as_str(), path.as_bytes())).collect();
    files.push(("keys.safetensors", &keys));
    check_files(&files, EncodeOptions::default().with_level(1));
}
