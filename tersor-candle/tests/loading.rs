//! Tensors from Tersor files are those that candle loads from safetensors files.

use candle_core::safetensors::BufferedSafetensors;
use candle_core::{DType, Device, Error, Tensor};
use candle_nn::var_builder::Shard;
use candle_nn::{Init, VarBuilder};
use safetensors::tensor::TensorView;
use tersor::{EncodeOptions, FileInput, Reader, encode_files};
use tersor_candle::Weights;

const CPU: Device = Device::Cpu;

/// Every dtype that candle loads, with the size of an element in bits.
const DTYPES: [(safetensors::Dtype, usize); 15] = [
    (safetensors::Dtype::U8, 8),
    (safetensors::Dtype::U16, 16),
    (safetensors::Dtype::U32, 32),
    (safetensors::Dtype::I16, 16),
    (safetensors::Dtype::I32, 32),
    (safetensors::Dtype::I64, 64),
    (safetensors::Dtype::BF16, 16),
    (safetensors::Dtype::F16, 16),
    (safetensors::Dtype::F32, 32),
    (safetensors::Dtype::F64, 64),
    (safetensors::Dtype::F8_E4M3, 8),
    (safetensors::Dtype::F8_E8M0, 8),
    (safetensors::Dtype::F6_E2M3, 6),
    (safetensors::Dtype::F6_E3M2, 6),
    (safetensors::Dtype::F4, 4),
];

/// Returns a safetensors file with a tensor of shape [8, 12] of each dtype, named as the dtype, and a scalar.
fn all_dtypes() -> Vec<u8> {
    let contents: Vec<Vec<u8>> = DTYPES
        .iter()
        .map(|(_, bits)| (0..96 * bits / 8).map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect())
        .collect();
    let mut tensors: Vec<(String, TensorView<'_>)> = Vec::new();
    for ((dtype, _), content) in DTYPES.iter().zip(&contents) {
        tensors.push((dtype.to_string(), TensorView::new(*dtype, vec![8, 12], content).unwrap()));
    }
    tensors.push(("scalar".to_owned(), TensorView::new(safetensors::Dtype::I64, vec![], &[7; 8]).unwrap()));
    tensors.push(("empty".to_owned(), TensorView::new(safetensors::Dtype::F32, vec![0, 4], &[]).unwrap()));
    tensors.push(("flags".to_owned(), TensorView::new(safetensors::Dtype::BOOL, vec![2], &[0, 1]).unwrap()));
    safetensors::serialize(tensors, None).unwrap()
}

fn container(safetensors: &[u8]) -> Vec<u8> {
    let input = FileInput::new("model.safetensors", safetensors);
    encode_files(&[input], Vec::new(), EncodeOptions::default()).unwrap().0
}

fn encoded(safetensors: &[u8]) -> Reader<'static> {
    Reader::new(container(safetensors)).unwrap()
}

/// Returns dtype, shape and bits of a tensor. Dtypes without arithmetic are compared by their storage.
fn bits(tensor: &Tensor) -> (DType, Vec<usize>, String) {
    let (storage, _) = tensor.storage_and_layout();
    let candle_core::Storage::Cpu(storage) = &*storage else { unreachable!("the device is the CPU") };
    // floats are printed with all digits, but a NaN without its payload
    (tensor.dtype(), tensor.dims().to_vec(), format!("{storage:?}"))
}

#[test]
fn every_dtype_is_loaded_as_candle_loads_it() {
    let file = all_dtypes();
    let weights = Weights::new(encoded(&file));
    let original = BufferedSafetensors::new(file).unwrap();
    let names = DTYPES.iter().map(|(dtype, _)| dtype.to_string()).chain(["scalar".to_owned(), "empty".to_owned()]);
    for name in names {
        let (found, expected) = (weights.load(&name, &CPU).unwrap(), original.load(&name, &CPU).unwrap());
        assert_eq!(bits(&found), bits(&expected), "{name}");
    }
    let error = weights.load("flags", &CPU).unwrap_err().to_string();
    assert!(error.contains("tensor flags: candle has no dtype BOOL"), "{error}");
    assert!(original.load("flags", &CPU).is_err());
}

#[test]
fn conversions_are_those_of_candle() {
    let file = all_dtypes();
    let reader = encoded(&file);
    for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64, DType::U8, DType::I64] {
        let ours = VarBuilder::from_backend(Box::new(Weights::new(encoded(&file))), dtype, CPU);
        let theirs = VarBuilder::from_slice_safetensors(&file, dtype, &CPU).unwrap();
        for name in reader.tensors().map(|tensor| tensor.name()) {
            if name == "F8_E4M3" {
                // candle never returns from some of its conversions
                continue;
            }
            match (ours.get((8, 12), name), theirs.get((8, 12), name)) {
                (Ok(found), Ok(expected)) => assert_eq!(bits(&found), bits(&expected), "{name} to {dtype:?}"),
                (found, expected) => assert!(found.is_err() && expected.is_err(), "{name} to {dtype:?}"),
            }
        }
    }
}

#[test]
fn small_floats_are_converted_by_value() {
    let content: Vec<u8> = (0..=255).collect();
    let view = TensorView::new(safetensors::Dtype::F8_E4M3, vec![256], &content).unwrap();
    let weights = Weights::new(encoded(&safetensors::serialize([("x", view)], None).unwrap()));
    let weights = VarBuilder::from_backend(Box::new(weights), DType::F64, CPU);
    let values = weights.get(256, "x").unwrap().to_vec1::<f64>().unwrap();
    for (byte, value) in values.into_iter().enumerate() {
        let (exponent, mantissa) = (byte >> 3 & 15, (byte & 7) as f64);
        let magnitude = match exponent {
            0 => mantissa / 512.0,
            _ => (8.0 + mantissa) * 2f64.powi(exponent as i32 - 10),
        };
        let expected = if byte < 128 { magnitude } else { -magnitude };
        assert!(if byte & 127 == 127 { value.is_nan() } else { value == expected }, "{byte}: {value}");
    }
}

#[test]
fn floats_keep_the_payload_of_nan() {
    let content: Vec<u8> =
        [0x7fa0_0001u32, 0xffff_ffff, 0x8000_0000, 1].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let view = TensorView::new(safetensors::Dtype::F32, vec![4], &content).unwrap();
    let weights = Weights::new(encoded(&safetensors::serialize([("x", view)], None).unwrap()));
    let values = weights.load("x", &CPU).unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>(), content);
}

#[test]
fn the_networks_of_the_repository_are_equal() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    let mut networks = 0;
    for file in files.map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "safetensors") {
            continue;
        }
        networks += 1;
        let content = std::fs::read(&file).unwrap();
        let reader = encoded(&content);
        let names: Vec<String> = reader.tensors().map(|tensor| tensor.name().to_owned()).collect();
        let (weights, original) = (Weights::new(reader), BufferedSafetensors::new(content).unwrap());
        for name in names {
            let tensors = [weights.load(&name, &CPU).unwrap(), original.load(&name, &CPU).unwrap()];
            let [found, expected] = tensors.map(|tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            assert!(found.iter().map(|x| x.to_bits()).eq(expected.iter().map(|x| x.to_bits())), "{name}");
        }
    }
    assert_eq!(networks, 6);
}

#[test]
fn errors_name_the_tensor() {
    let file = all_dtypes();
    let weights = VarBuilder::from_backend(Box::new(Weights::new(encoded(&file))), DType::F32, CPU);
    assert!(
        weights.contains_tensor("F32") && !weights.contains_tensor("absent") && !weights.pp("a").contains_tensor("F32")
    );
    let missing = weights.pp("a").get((8, 12), "F32").unwrap_err();
    assert!(matches!(root(&missing), Error::CannotFindTensor { path } if path == "a.F32"), "{missing}");
    let wrong = weights.get_with_hints((12, 8), "F32", Init::Const(0.0)).unwrap_err();
    assert!(matches!(root(&wrong), Error::UnexpectedShape { msg, .. } if msg == "shape mismatch for F32"), "{wrong}");
    assert_eq!(weights.get_unchecked("BF16").unwrap().dtype(), DType::F32);

    let mut damaged = container(&file);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    if let Ok(reader) = Reader::new(damaged) {
        let names: Vec<String> = reader.tensors().map(|tensor| tensor.name().to_owned()).collect();
        let weights = Weights::new(reader);
        let failed = names.iter().find_map(|name| weights.load(name, &CPU).err()).unwrap().to_string();
        assert!(failed.contains("tensor "), "{failed}");
    }
    let absent = tersor_candle::var_builder("no/such/file", DType::F32, &CPU).err().unwrap().to_string();
    assert!(absent.contains("no/such/file"), "{absent}");
}

/// Returns an error without its backtrace.
fn root(error: &Error) -> &Error {
    match error {
        Error::WithBacktrace { inner, .. } => root(inner),
        error => error,
    }
}

#[test]
fn shards_are_parts_of_the_tensor() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("model.tersor");
    let file = all_dtypes();
    std::fs::write(&path, container(&file)).unwrap();
    let ours = tersor_candle::sharded_var_builder(&path, DType::F32, &CPU).unwrap();
    let theirs = VarBuilder::from_slice_safetensors(&file, DType::F32, &CPU).unwrap();
    for name in ["F32", "BF16", "F16", "F64", "U8", "U32", "I64", "I16", "I32"] {
        for (dim, world_size) in [(0, 1), (0, 2), (0, 8), (1, 2), (1, 3), (1, 12)] {
            for rank in 0..world_size {
                let shard = Shard { dim, rank, world_size };
                let found = ours.get_with_hints((8, 12), name, shard).unwrap();
                let part = [8, 12][dim] / world_size;
                let expected = theirs.get((8, 12), name).unwrap().narrow(dim, rank * part, part).unwrap();
                assert_eq!(found.dims(), expected.dims());
                let [found, expected] = [found, expected].map(|tensor| tensor.flatten_all().unwrap().to_vec1::<f32>());
                let equal = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                assert!(found.unwrap().iter().zip(&expected.unwrap()).all(equal), "{name} {shard:?}");
            }
        }
    }
    let refused = |name: &str, dim, rank, world_size| {
        ours.get_with_hints((8, 12), name, Shard { dim, rank, world_size }).unwrap_err()
    };
    assert!(matches!(root(&refused("F32", 0, 0, 3)), Error::ShapeMismatchSplit { dim: 0, n_parts: 3, .. }));
    assert!(matches!(root(&refused("F32", 2, 0, 2)), Error::DimOutOfRange { .. }));
    assert!(matches!(root(&refused("none", 0, 0, 2)), Error::CannotFindTensor { .. }));
    assert!(refused("F32", 0, 2, 2).to_string().contains("no shard 2 of 2"));
    assert!(refused("F32", 0, 0, 0).to_string().contains("no shard 0 of 0"));
    assert!(matches!(root(&ours.get((1, 1), "F32").unwrap_err()), Error::UnexpectedShape { .. }));
    assert!(ours.contains_tensor("F32") && ours.get_unchecked("F32").is_ok());
}
