//! Containers with known content, and the check that a changed container never gives other data.

use std::path::{Path, PathBuf};

use tersor::{Dtype, EncodeOptions, Encoder, ErrorKind, TensorView};

use crate::support::{Content, Streamed, agree, by_index, in_order, tight};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn containers(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(root().join("spec/vectors").join(folder)).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tersor"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 20);
    found
}

/// A container, and its content as both readers give it.
pub struct Known {
    pub name: String,
    pub bytes: Vec<u8>,
    pub indexed: Vec<Content>,
    pub streamed: Streamed,
}

impl Known {
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        let (indexed, streamed) = agree(&bytes, tight());
        Self { name: name.to_owned(), indexed: indexed.unwrap(), streamed: streamed.unwrap(), bytes }
    }

    /// Returns the default number of changes to try: at most `most`, and fewer if decoding takes long.
    pub fn budget(&self, most: usize) -> usize {
        let decoded: usize = self.indexed.iter().map(|content| content.bytes.len()).sum();
        (3_000_000 / (self.bytes.len() + decoded)).clamp(20, most)
    }

    /// Checks that the changed bytes give an error or the same content as before. Returns the number of errors.
    pub fn check(&self, changed: &[u8], what: &dyn Fn() -> String) -> usize {
        let mut errors = 0;
        match by_index(changed, tight()) {
            Ok(indexed) => assert!(indexed == self.indexed, "{} by index: other data, {}", self.name, what()),
            Err(error) => errors += self.is_decent(error, what),
        }
        match in_order(changed, tight()) {
            Ok(streamed) => assert!(streamed == self.streamed, "{} in order: other data, {}", self.name, what()),
            Err(error) => errors += self.is_decent(error, what),
        }
        errors
    }

    pub fn is_decent(&self, error: tersor::Error, what: &dyn Fn() -> String) -> usize {
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Unsupported | ErrorKind::Limit),
            "{}: {kind}: {error}, {}",
            self.name,
            what()
        );
        assert!(!error.to_string().is_empty());
        1
    }
}

/// Returns the vectors, and a container that the library wrote.
pub fn known() -> Vec<Known> {
    let mut all: Vec<Known> = containers("good").into_iter().map(|(name, bytes)| Known::new(&name, bytes)).collect();
    all.push(Known::new("encoded", encoded()));
    all
}

pub fn encoded() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_chunk_bytes(4096)).unwrap();
    encoder.add_metadata("some", "metadata").unwrap();
    let floats: Vec<u8> = (0..3000u32).flat_map(|i| ((i * i % 997) as f32 * 0.01 - 3.0).to_le_bytes()).collect();
    let words: Vec<u8> = (0..2000u16).flat_map(|i| (i % 100 * (i % 17)).to_le_bytes()).collect();
    encoder.add("floats", TensorView::new(Dtype::F32, &[30, 100], &floats).unwrap()).unwrap();
    encoder.add("words", TensorView::new(Dtype::I16, &[2000], &words).unwrap()).unwrap();
    encoder.add("again", TensorView::new(Dtype::F32, &[3000], &floats).unwrap()).unwrap();
    encoder.finish().unwrap().0
}
