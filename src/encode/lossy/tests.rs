//! Lossy coding of whole files.

use std::collections::HashMap;

use crate::quantize::{ErrorMeasure, Importance, LossyRecord, PruneStructure, Quantization};
use crate::{
    Difference, Dtype, EncodeOptions, ErrorKind, FileInfo, FileInput, FileOutput, Quantized, Reader, Result,
    TensorView, decode_files, encode_files,
};

/// A safetensors file of named F32 tensors.
fn model(tensors: &[(&str, &[u64], Vec<f32>)]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut entries = vec![r#""__metadata__":{"task":"test"}"#.to_owned()];
    for (name, shape, values) in tensors {
        let start = data.len();
        values.iter().for_each(|value| data.extend(value.to_le_bytes()));
        let end = data.len();
        entries.push(format!(r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
    }
    let mut header = format!("{{{}}}", entries.join(","));
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

fn values(count: usize, seed: u64, size: f32) -> Vec<f32> {
    let mut state = 2 * seed + 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| ((0..12).map(|_| uniform()).sum::<f32>() - 6.0) * size).collect()
}

fn example() -> Vec<u8> {
    model(&[
        ("a.weight", &[128, 256], values(128 * 256, 1, 0.02)),
        ("a.bias", &[128], values(128, 2, 0.1)),
        ("b.weight", &[64, 32, 3, 3], values(64 * 32 * 9, 3, 1.5)),
        ("c.small", &[8, 8], values(64, 4, 1.0)),
        ("d.weight", &[96, 96], values(96 * 96, 5, 1e-4)),
    ])
}

fn quantize(bytes: &[u8], quantization: Quantization) -> Result<Quantized> {
    let options = EncodeOptions::default().with_threads(1).with_quantization(quantization);
    Quantized::of_files(&[FileInput::new("m.safetensors", bytes)], options)
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl FileOutput for Bytes {
    fn begin(&mut self, files: &[FileInfo]) -> Result<()> {
        self.0.resize(files[0].len as usize, 0);
        Ok(())
    }

    fn write_at(&mut self, _file: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

#[test]
fn sizes_and_errors_are_as_asked() {
    let bytes = example();
    for bits in [2.5, 4.0, 6.0] {
        let summary = quantize(&bytes, Quantization::bits_per_weight(bits).unwrap()).unwrap().summary();
        let size = 8.0 * summary.coded_bytes as f64 / summary.weights as f64;
        assert!((size / bits - 1.0).abs() <= 0.005, "{bits} {size}");
    }
    for measure in [ErrorMeasure::Relative, ErrorMeasure::Absolute] {
        let asked = Quantization::snr(25.0).unwrap().with_error(measure);
        let quantized = quantize(&bytes, asked).unwrap();
        let lossy = || quantized.tensors().iter().filter(|tensor| tensor.is_lossy());
        let error = match measure {
            ErrorMeasure::Relative => {
                let sum: f64 = lossy().map(|tensor| tensor.nmse() * tensor.weights() as f64).sum();
                sum / lossy().map(|tensor| tensor.weights() as f64).sum::<f64>()
            }
            ErrorMeasure::Absolute => {
                lossy().map(|tensor| tensor.squared_error).sum::<f64>()
                    / lossy().map(|tensor| tensor.energy).sum::<f64>()
            }
        };
        let asked = 10f64.powf(-2.5);
        assert!(error <= asked && error >= 0.99 * asked, "{measure:?} {error}");
    }
}

#[test]
fn the_file_says_what_is_lossy_and_its_header_stays() {
    let bytes = example();
    let quantized = quantize(&bytes, Quantization::nmse(1e-3).unwrap()).unwrap();
    let container = quantized.write_to(Vec::new()).unwrap();
    let mut decoded = Bytes::default();
    decode_files(&container[..], &mut decoded, Default::default()).unwrap();
    let header = bytes.len() - quantized.tensors().iter().map(|tensor| 4 * tensor.weights() as usize).sum::<usize>();
    assert_eq!(decoded.0.len(), bytes.len());
    assert_eq!(decoded.0[..header], bytes[..header]);

    let reader = Reader::new(container).unwrap();
    let metadata: HashMap<&str, &str> = reader.metadata().collect();
    assert_eq!(metadata["task"], "test");
    let record = LossyRecord::parse(metadata[LossyRecord::KEY]).unwrap();
    let names: Vec<&str> = record.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["a.weight", "b.weight", "d.weight"]);
    let mut start = header;
    for report in quantized.tensors() {
        let len = 4 * report.weights() as usize;
        let (own, other) = (&bytes[start..start + len], &decoded.0[start..start + len]);
        start += len;
        let view = |bytes| TensorView::new(Dtype::F32, &report.shape, bytes).unwrap();
        let found = Difference::between(view(own), view(other), 0).unwrap();
        assert_eq!(report.is_lossy(), own != other, "{}", report.name);
        assert_eq!(found.largest_error(), report.largest_error);
        let nmse = found.relative_error().unwrap().powi(2);
        assert!((nmse - report.nmse()).abs() <= 1e-9 * nmse, "{} {nmse}", report.name);
        if let Some(stated) = record.tensors.iter().find(|tensor| tensor.name == report.name) {
            assert!(report.nmse() <= stated.nmse && stated.nmse <= 1.001 * report.nmse());
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads_and_without_options_nothing_changes() {
    let bytes = example();
    let files = [FileInput::new("m.safetensors", &bytes)];
    let options = || EncodeOptions::default().with_quantization(Quantization::bits_per_weight(3.0).unwrap());
    let one = encode_files(&files, Vec::new(), options().with_threads(1)).unwrap().0;
    assert_eq!(encode_files(&files, Vec::new(), options()).unwrap().0, one);
    let lossless = encode_files(&files, Vec::new(), EncodeOptions::default()).unwrap().0;
    let mut decoded = Bytes::default();
    decode_files(&lossless[..], &mut decoded, Default::default()).unwrap();
    assert_eq!(decoded.0, bytes);
    assert!(Reader::new(lossless).unwrap().metadata().all(|(key, _)| key != LossyRecord::KEY));
}

#[test]
fn rules_decide_and_wrong_ones_are_refused() {
    let bytes = example();
    let rules =
        |texts: &[&str]| texts.iter().fold(Quantization::by_rules(), |all, text| all.with_rule(text.parse().unwrap()));
    let quantized = quantize(&bytes, rules(&["b.*=lossless", "*.weight=bpw:3", "c.small=codebook:4"])).unwrap();
    let actions: Vec<&str> = quantized.tensors().iter().map(|tensor| tensor.action.as_str()).collect();
    assert_eq!(actions, ["scalar", "lossless", "lossless", "codebook 4", "scalar"]);
    let bits = quantized.tensors()[0].bits_per_weight();
    assert!((bits - 3.0).abs() < 0.1, "{bits}");
    let nmse = quantize(&bytes, rules(&["a.weight=nmse:0.01"])).unwrap().tensors()[0].nmse();
    assert!((0.0099..=0.01).contains(&nmse), "{nmse}");
    let step = quantize(&bytes, rules(&["a.weight=step:0.01"])).unwrap().tensors()[0].step.unwrap();
    assert!((step / 0.01 - 1.0).abs() < 1e-3);
    // a pattern leaves small tensors alone
    let all = quantize(&bytes, rules(&["*=step:0.5"])).unwrap();
    assert_eq!(all.tensors()[1].reason.as_deref(), Some("one dimension"));
    assert_eq!(all.tensors()[3].reason.as_deref(), Some("few elements"));

    let failure = |quantization| quantize(&bytes, quantization).unwrap_err();
    assert!(failure(rules(&["x.*=bpw:3"])).to_string().contains("matches no tensor"));
    let unmet = failure(Quantization::bits_per_weight(0.05).unwrap());
    assert_eq!(unmet.kind(), ErrorKind::InvalidArgument);
    assert!(unmet.to_string().contains("nearest"), "{unmet}");
    let mut importance = Importance::default();
    importance.insert("a.weight", &[7], vec![1.0; 7]).unwrap();
    let wrong = failure(Quantization::bits_per_weight(4.0).unwrap().with_importance(importance));
    assert!(wrong.to_string().contains("[128, 256]"), "{wrong}");
    let mut unknown = Importance::default();
    unknown.insert("x", &[1], vec![1.0]).unwrap();
    assert!(quantize(&bytes, Quantization::nmse(0.1).unwrap().with_importance(unknown)).is_err());
    let no_dial = Quantization::nmse(0.1).unwrap().with_rule("*=lossless".parse().unwrap());
    assert!(failure(no_dial).to_string().contains("no tensor is left"));
}

#[test]
fn tensors_that_cannot_be_quantised_stay_lossless() {
    let mut bad = values(4096, 7, 1.0);
    bad[17] = f32::NAN;
    let bytes = model(&[
        ("bad", &[64, 64], bad),
        ("constant", &[64, 64], vec![0.25; 4096]),
        ("good", &[64, 64], values(4096, 8, 1.0)),
    ]);
    let quantized = quantize(&bytes, Quantization::nmse(1e-2).unwrap()).unwrap();
    let reasons: Vec<Option<&str>> = quantized.tensors().iter().map(|tensor| tensor.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("NaN values"), Some("all values are equal"), None]);
}

#[test]
fn pruning_and_codebooks_go_together() {
    let bytes = example();
    let asked = Quantization::by_rules().with_pruning(0.9, PruneStructure::Values).unwrap().with_codebook(16).unwrap();
    let quantized = quantize(&bytes, asked).unwrap();
    let tensor = &quantized.tensors()[0];
    assert_eq!(tensor.action, "prune 0.9, codebook 16");
    assert!((tensor.zeros - 0.9).abs() < 1e-3);
    // the entropy of the mask is 0.47 bit, and a tenth of the values take up to 4 bits
    assert!(tensor.bits_per_weight() < 1.0, "{}", tensor.bits_per_weight());
}
