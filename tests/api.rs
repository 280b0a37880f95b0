//! Properties of the public interface.

use std::sync::Arc;

use tersor::{
    DecodeOptions, EncodeOptions, Encoder, Error, ErrorKind, FileInput, Kernel, Limits, Map, Progress, ReadAt, Reader,
    StreamDecoder, Summary, Tensor, TensorSlice, TensorView, encode_files,
};

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn public_types_are_send_and_sync() {
    is_send_and_sync::<Error>();
    is_send_and_sync::<Limits>();
    is_send_and_sync::<Progress>();
    is_send_and_sync::<Kernel>();
    is_send_and_sync::<Map>();
    is_send_and_sync::<EncodeOptions>();
    is_send_and_sync::<DecodeOptions>();
    is_send_and_sync::<Summary>();
    is_send_and_sync::<FileInput<'_>>();
    is_send_and_sync::<Encoder<Vec<u8>>>();
    is_send_and_sync::<Reader<'static>>();
    is_send_and_sync::<Reader<'_>>();
    is_send_and_sync::<Tensor<'_>>();
    is_send_and_sync::<TensorSlice<'_>>();
    is_send_and_sync::<TensorView<'_>>();
    is_send_and_sync::<StreamDecoder<&[u8]>>();
    is_send_and_sync::<tersor::SafetensorsHeader>();
    is_send_and_sync::<tersor::Ledger>();
    is_send_and_sync::<tersor::Difference>();
}

fn container() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("a", TensorView::from_slice(&[1u8, 2], &[2]).unwrap()).unwrap();
    encoder.add("b", TensorView::from_slice(&[1.5f32], &[1]).unwrap()).unwrap();
    encoder.finish().unwrap().0
}

#[test]
fn pointers_to_sources_are_sources() {
    let container = container();
    let read = |source: Box<dyn ReadAt>| Reader::new(source).unwrap().tensor("a").unwrap().decode().unwrap();
    assert_eq!(read(Box::new(container.clone())), [1, 2]);
    assert_eq!(read(Box::new(Arc::new(container.clone()))), [1, 2]);
    assert_eq!(read(Box::new(Arc::<[u8]>::from(&container[..]))), [1, 2]);
    let reader = Reader::new(Arc::new(container.clone())).unwrap();
    assert!(reader.source().bytes().is_some(), "bytes are still borrowed");
    let reference: &dyn ReadAt = &container;
    assert_eq!(Reader::new(reference).unwrap().len(), 2);
}

#[test]
fn tensors_are_found_by_ordinal() {
    let reader = Reader::new(container()).unwrap();
    assert_eq!((reader.len(), reader.is_empty()), (2, false));
    assert_eq!(reader.tensor_at(1).unwrap().name(), "b");
    assert!(reader.tensor_at(2).is_none());
    let inputs = [FileInput::new("config.json", b"{}")];
    let (files, summary) = encode_files(&inputs, Vec::new(), EncodeOptions::default()).unwrap();
    assert_eq!((summary.tensors, summary.aliases), (0, 0));
    let reader = Reader::new(files).unwrap();
    assert_eq!((reader.len(), reader.is_empty()), (0, true));
    assert!(reader.tensor_at(0).is_none(), "the content of a file is no tensor");
}

#[test]
fn errors_of_open_name_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.tersor");
    let error = Reader::open(&path).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::Io, Some(&*path)));
    assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
    let path = folder.path().join("zip.tersor");
    std::fs::write(&path, b"PK\x03\x04 and more").unwrap();
    let error = Reader::open(&path).unwrap_err();
    assert!(error.is_foreign_format() && error.path() == Some(&*path), "{error}");
    std::fs::write(&path, container()).unwrap();
    let limits = Limits::default().with_tensor_bytes(1);
    let error = Reader::open_with(&path, DecodeOptions::default().with_limits(limits)).unwrap_err();
    assert_eq!((error.kind(), error.is_foreign_format()), (ErrorKind::Limit, false));
}

#[test]
fn options_out_of_range_are_moved_into_it() {
    let encode = |options: EncodeOptions| {
        let mut encoder = Encoder::new(Vec::new(), options).unwrap();
        let values: Vec<f32> = (0..9000).map(|i| (i as f32).sin()).collect();
        encoder.add("x", TensorView::from_slice(&values, &[90, 100]).unwrap()).unwrap();
        encoder.finish().unwrap().0
    };
    let level = |level| encode(EncodeOptions::default().with_level(level));
    assert!(level(0) == level(1));
    assert!(level(10) == level(9));
    let chunks = |bytes| encode(EncodeOptions::default().with_chunk_bytes(bytes).with_threads(0));
    assert!(chunks(0) == chunks(4096));
}
