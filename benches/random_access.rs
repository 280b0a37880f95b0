//! Measures reading one tensor and ten rows of a large model, from a Tersor file and from a safetensors file.
//!
//! `cargo bench -p tersor-benches --bench random_access` uses generated weights with the shapes of MiniLM. To use the real ones:
//! `MODEL=minilm-l6-v2.safetensors cargo bench -p tersor-benches --bench random_access` (see `fetch_models.py`).

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use tersor::{DecodeOptions, EncodeOptions, FileInput, Reader, encode_files};

const TENSOR: &str = "encoder.layer.3.intermediate.dense.weight";
const EMBEDDING: &str = "embeddings.word_embeddings.weight";

/// Makes a safetensors file of about normally distributed f32.
fn made_up_model() -> Vec<u8> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut weights = |count: usize| -> Vec<u8> {
        (0..count).flat_map(|_| ((0..6).map(|_| uniform()).sum::<f32>() * 0.07).to_le_bytes()).collect()
    };
    let mut tensors = vec![(EMBEDDING.to_owned(), vec![30522, 384], weights(30522 * 384))];
    for layer in 0..6 {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        tensors.push((name("attention.self.query.weight"), vec![384, 384], weights(384 * 384)));
        tensors.push((name("intermediate.dense.weight"), vec![1536, 384], weights(1536 * 384)));
        tensors.push((name("output.dense.weight"), vec![384, 1536], weights(384 * 1536)));
        tensors.push((name("output.dense.bias"), vec![384], weights(384)));
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("the length fits"))
    });
    serialize(views, None).expect("a valid model")
}

/// Reads a tensor or some rows as a runtime does: first the header, then the requested bytes.
fn read_from_safetensors(path: &Path, name: &str, rows: Option<std::ops::Range<usize>>) -> Vec<u8> {
    let mut file = File::open(path).expect("the model is there");
    let mut length = [0; 8];
    file.read_exact(&mut length).expect("a header");
    let mut head = length.to_vec();
    head.resize(8 + u64::from_le_bytes(length) as usize, 0);
    file.read_exact(&mut head[8..]).expect("a header");
    let header: serde_json::Value = serde_json::from_slice(&head[8..]).expect("JSON");
    let number = |value: &serde_json::Value| value.as_u64().expect("an offset") as usize;
    let offsets = &header[name]["data_offsets"];
    let (mut start, mut end) = (number(&offsets[0]), number(&offsets[1]));
    if let Some(rows) = rows {
        let row = (end - start) / number(&header[name]["shape"][0]);
        (start, end) = (start + rows.start * row, start + rows.end * row);
    }
    let mut bytes = vec![0; end - start];
    file.seek(SeekFrom::Start((head.len() + start) as u64)).expect("seekable");
    file.read_exact(&mut bytes).expect("the bytes");
    bytes
}

fn random_access(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let model = match std::env::var_os("MODEL") {
        Some(path) => std::fs::read(path).expect("the model named by MODEL"),
        None => made_up_model(),
    };
    let plain = folder.path().join("model.safetensors");
    std::fs::write(&plain, &model).expect("space");
    let input = FileInput::new("model.safetensors", &model);
    let (coded, _) = encode_files(&[input], Vec::new(), EncodeOptions::default()).expect("encodes");
    let packed = folder.path().join("model.tersor");
    std::fs::write(&packed, &coded).expect("space");
    let expected =
        SafeTensors::deserialize(&model).expect("a model").tensor(TENSOR).expect("the tensor").data().to_vec();
    drop(model);
    let open = || {
        let file = File::open(&packed).expect("the file");
        Reader::with_options(file, DecodeOptions::default().with_threads(1)).expect("opens")
    };
    assert_eq!(open().tensor(TENSOR).expect("the tensor").decode().expect("decodes"), expected);
    let in_memory = Reader::with_options(&coded[..], DecodeOptions::default().with_threads(1)).expect("opens");

    let mut group = criterion.benchmark_group("one tensor");
    group.throughput(Throughput::Bytes(expected.len() as u64));
    group.bench_function("safetensors: open and read", |bench| {
        bench.iter(|| black_box(read_from_safetensors(&plain, TENSOR, None)));
    });
    group.bench_function("tersor: open and decode", |bench| {
        bench.iter(|| black_box(open().tensor(TENSOR).expect("the tensor").decode().expect("decodes")));
    });
    let mut buffer = vec![0; expected.len()];
    group.bench_function("tersor: decode from memory", |bench| {
        bench.iter(|| in_memory.tensor(TENSOR).expect("the tensor").decode_bytes_into(&mut buffer).expect("decodes"));
    });
    group.finish();

    let mut group = criterion.benchmark_group("ten rows of the embedding");
    group.bench_function("safetensors: open and read", |bench| {
        bench.iter(|| black_box(read_from_safetensors(&plain, EMBEDDING, Some(20_000..20_010))));
    });
    group.bench_function("tersor: open and decode", |bench| {
        bench.iter(|| {
            let reader = open();
            let rows = reader.tensor(EMBEDDING).expect("the tensor").rows(20_000..20_010).expect("the rows");
            black_box(rows.decode().expect("decodes"))
        });
    });
    group.finish();
}

criterion_group!(benches, random_access);
criterion_main!(benches);
