//! Measures the speed of encoding and decoding whole tensors in memory on one core, by dtype, kernel and level.
//!
//! `cargo bench -p tersor-benches --bench tensors` uses generated weights. To use the tensors of a real model:
//! `MODEL=minilm-l6-v2.safetensors cargo bench -p tersor-benches --bench tensors` (see `fetch_models.py`).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use half::{bf16, f16};
use safetensors::SafeTensors;
use tersor::{DecodeOptions, Dtype, EncodeOptions, Encoder, Kernel, Reader, TensorView};

const ROWS: usize = 1024;
const COLUMNS: usize = 2048;

struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// Makes about normally distributed weights whose rows and columns differ in scale.
fn weights() -> Vec<f32> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut scales = |count: usize| (0..count).map(|_| (uniform() * 2.0).exp2()).collect::<Vec<f32>>();
    let (rows, columns) = (scales(ROWS), scales(COLUMNS));
    let mut weight =
        |i: usize| (0..6).map(|_| uniform()).sum::<f32>() * 0.05 * rows[i / COLUMNS] * columns[i % COLUMNS];
    (0..ROWS * COLUMNS).map(&mut weight).collect()
}

/// Makes the same weights in several dtypes, dense and with nine tenths pruned.
fn made_up() -> Vec<Tensor> {
    let weights = weights();
    let mut magnitudes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
    magnitudes.sort_by(f32::total_cmp);
    let least = magnitudes[magnitudes.len() / 10 * 9];
    let kept = |weight: f32| if weight.abs() < least { 0.0 } else { weight };
    let most = magnitudes[magnitudes.len() - 1];
    let grid = |weight: f32, steps: f32| (weight / most * steps).round();
    let tensor = |name: &str, dtype: Dtype, bytes: Vec<u8>| {
        let shape = vec![ROWS as u64, COLUMNS as u64];
        Tensor { name: name.to_owned(), dtype, shape, bytes }
    };
    let floats = |value: &dyn Fn(f32) -> f32| weights.iter().flat_map(|&weight| value(weight).to_le_bytes()).collect();
    vec![
        tensor("bf16", Dtype::BF16, weights.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect()),
        tensor("f16", Dtype::F16, weights.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()),
        tensor("f32", Dtype::F32, floats(&|x| x)),
        tensor("i8", Dtype::I8, weights.iter().map(|&x| grid(x, 127.0) as i8 as u8).collect()),
        tensor("int4 in i8", Dtype::I8, weights.iter().map(|&x| grid(x, 20.0).clamp(-8.0, 7.0) as i8 as u8).collect()),
        tensor("pruned f32", Dtype::F32, floats(&kept)),
        tensor("pruned f32, 31 values", Dtype::F32, floats(&|x| grid(kept(x), 15.0) * 0.01)),
    ]
}

fn of_file(path: &std::ffi::OsStr) -> Vec<Tensor> {
    let file = std::fs::read(path).expect("the model named by MODEL");
    let file = SafeTensors::deserialize(&file).expect("a model");
    let tensor = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| Tensor {
        name: name.to_owned(),
        dtype: format!("{:?}", view.dtype()).parse().expect("a dtype"),
        shape: view.shape().iter().map(|&dimension| dimension as u64).collect(),
        bytes: view.data().to_vec(),
    };
    file.iter().map(tensor).collect()
}

fn encode(tensors: &[Tensor], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options.with_threads(1)).expect("begins");
    for Tensor { name, dtype, shape, bytes } in tensors {
        encoder.add(name, TensorView::new(*dtype, shape, bytes).expect("fits")).expect("encodes");
    }
    encoder.finish().expect("ends").0
}

fn both_ways(criterion: &mut Criterion, name: &str, tensors: &[Tensor], level: u8, kernels: &[Kernel]) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.throughput(Throughput::Bytes(tensors.iter().map(|tensor| tensor.bytes.len() as u64).sum()));
    for &kernel in kernels {
        let options = || EncodeOptions::default().with_level(level).with_kernel(kernel);
        group.bench_function(BenchmarkId::new("encode", kernel), |bench| {
            bench.iter(|| black_box(encode(tensors, options())));
        });
        let options = DecodeOptions::default().with_threads(1).with_kernel(kernel);
        let reader = Reader::with_options(encode(tensors, EncodeOptions::default().with_level(level)), options);
        let reader = reader.expect("opens");
        let mut decoded: Vec<Vec<u8>> = tensors.iter().map(|tensor| vec![0; tensor.bytes.len()]).collect();
        let decode = |decoded: &mut [Vec<u8>]| {
            for (tensor, out) in reader.tensors().zip(decoded) {
                tensor.decode_bytes_into(out).expect("decodes");
            }
        };
        // a filter may leave out the measurement; and every page is written once before it
        decode(&mut decoded);
        assert!(tensors.iter().zip(&decoded).all(|(tensor, decoded)| tensor.bytes == *decoded));
        group.bench_function(BenchmarkId::new("decode", kernel), |bench| {
            bench.iter(|| decode(&mut decoded));
        });
        assert!(tensors.iter().zip(&decoded).all(|(tensor, decoded)| tensor.bytes == *decoded));
    }
    group.finish();
}

fn tensors(criterion: &mut Criterion) {
    let kernels = Kernel::available();
    if let Some(path) = std::env::var_os("MODEL") {
        let model = of_file(&path);
        for level in [1, 6] {
            both_ways(criterion, &format!("model, level {level}"), &model, level, &kernels);
        }
        return;
    }
    let all = made_up();
    for tensor in &all {
        both_ways(criterion, &tensor.name, std::slice::from_ref(tensor), 6, &kernels);
    }
    for level in 1..=9 {
        both_ways(criterion, &format!("bf16, level {level}"), &all[..1], level, &kernels[..1]);
    }
}

criterion_group!(benches, tensors);
criterion_main!(benches);
