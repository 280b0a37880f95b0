//! Reports for the tests, with realistic figures and hostile names.

use serde_json::{Map, Value, json};

/// Names that would run, hide or reorder something if they were not escaped.
pub const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>\"&'",
    "layers.0.\u{202e}thgiew",
    "</style></title><img src=x onerror=alert(1)>",
    "line\nbreak\u{0}\u{1b}[31m\u{feff}",
    "&lt;b&gt; --> ]]> <!--",
];

/// Returns a pseudo-random number from 0 to 1 (splitmix64).
fn share(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn tensor_name(index: usize) -> String {
    match HOSTILE.get(index) {
        Some(name) => (*name).to_owned(),
        None => {
            let parts = [
                "attention.self.query",
                "attention.self.key",
                "attention.output.dense",
                "intermediate.dense",
                "output.LayerNorm",
            ];
            let kind = ["weight", "bias"][index % 2];
            format!("encoder.layer.{}.{}.{kind}", index / 10, parts[index / 2 % 5])
        }
    }
}

/// Sums over all tensors.
#[derive(Default)]
struct Sums {
    bytes: u64,
    elements: u64,
    symbols: u64,
    modelled: [f64; 7],
    raw_bits: u64,
    tables: u64,
    words: u64,
}

const MODELLED: [&str; 7] =
    ["order0_bits", "conditional_bits", "kt_order0_bits", "kt_bits", "two_part_bits", "model_bits", "stream_bits"];

/// Returns the report on a bfloat16 network: 9 bits of each weight have a model, and the 7 bits of the mantissa have
/// none.
pub fn network(tensors: usize, drift: f64) -> Value {
    let mut sums = Sums::default();
    let (mut segments, mut list) = (Vec::new(), Vec::new());
    for index in 0..tensors {
        let shape = match index % 4 {
            0 => vec![30522 / (index as u64 + 1) + 8, 384],
            1 => vec![384],
            2 => vec![384, 384],
            _ => vec![1536, 96, 1, 1],
        };
        let elements: u64 = shape.iter().product();
        let weights = elements as f64;
        let order0 = weights * (3.55 + 0.4 * share(index as u64) + drift * (0.3 + 1.4 * share(index as u64 + 500)));
        let conditional = order0 - weights * 0.35 * share(index as u64 + 1000);
        let kt = conditional + 8.0 * (weights + 1.0).log2();
        let model = conditional * 1.0006 + 3.0;
        let stream = (model * 1.0004 + 512.0).ceil() as u64;
        let raw = elements * 7;
        let (tables, frames) = (180 + (700.0 * share(index as u64 + 7)) as u64, 61);
        let words = (stream - 512).div_ceil(8);
        let ledger = json!({ "frames": frames, "tables": tables, "lengths": 12, "checksums": 4, "raw bits": raw.div_ceil(8), "lane words": words, "lane states": 64 });
        let bytes: u64 = ledger.as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let modelled = [order0, conditional, order0 + 40.0, kt, conditional + 900.0, model, stream as f64];
        let name = tensor_name(index);
        let streams = json!([
            stream_of("field 0", 9, "lanes", elements, &modelled),
            { "name": "field 1", "kind": "values", "width": 7, "coding": "raw", "contexts": 1, "context_source": "", "symbols": elements, "distinct": 128,
              "order0_bits": null, "conditional_bits": null, "kt_order0_bits": null, "kt_bits": null, "two_part_bits": null, "model_bits": null,
              "actual_bits": raw, "efficiency": null, "overhead": null },
        ]);
        segments.push(json!({ "members": [name], "dtype": "BF16", "weights": elements, "bytes": bytes, "chunks": 1 + elements / 1_000_000,
            "representation": "fields 9 lanes/12 + 7 raw; classes of rows, axis 0", "ledger": ledger, "streams": streams }));
        let deviation = 0.02 + 0.05 * share(index as u64 + 3);
        list.push(json!({ "name": name, "dtype": "BF16", "shape": shape, "weights": elements, "bytes": bytes, "shares_segment": false,
            "bits_per_weight": bytes as f64 * 8.0 / weights, "zero_share": 0.001 * share(index as u64 + 4), "mean": 0.001 - 0.002 * share(index as u64 + 5),
            "deviation": deviation, "kurtosis": 3.0 + 4.0 * share(index as u64 + 6), "value_entropy_bits": null, "order0_bits": order0, "conditional_bits": conditional,
            "model_bits": model, "raw_bits": raw,
            "priors": priors(index, weights, deviation), "bits_back": null, "histogram": histogram(index, elements, deviation) }));
        sums.bytes += bytes;
        sums.elements += elements;
        sums.symbols += 2 * elements;
        sums.raw_bits += raw;
        sums.tables += tables;
        sums.words += words;
        sums.modelled.iter_mut().zip(modelled).for_each(|(sum, bits)| *sum += bits);
    }
    let fixed = json!({ "header": 16, "manifest": 40 * tensors + 300, "index": 24 * tensors + 40, "digests": 16 * tensors + 32, "footer": 28 });
    let mut report =
        json!({ "tersor": "0.1.0", "file": "minilm-l6-v2--bf16.tersor", "encoded_here": false, "level": null });
    finish(&mut report, &sums, &fixed, segments, list);
    report
}

fn stream_of(name: &str, width: u32, coding: &str, symbols: u64, modelled: &[f64; 7]) -> Value {
    let [order0, conditional, kt_order0, kt, two_part, model, actual] = modelled;
    json!({ "name": name, "kind": "values", "width": width, "coding": coding, "contexts": 12, "context_source": "classes of rows, axis 0", "symbols": symbols,
        "distinct": 190, "order0_bits": order0, "conditional_bits": conditional, "kt_order0_bits": kt_order0, "kt_bits": kt, "two_part_bits": two_part,
        "model_bits": model, "actual_bits": *actual as u64, "efficiency": model / actual, "overhead": actual / model - 1.0 })
}

/// Returns a bell with some noise. Every third tensor has many zeros, and the scalars have no histogram.
fn histogram(index: usize, elements: u64, deviation: f64) -> Value {
    let height = |bin: usize| {
        let x = (bin as f64 - 23.5) / 6.0;
        (elements as f64 * (-x * x / 2.0).exp() * (1.0 + 0.1 * share(index as u64 * 48 + bin as u64)) / 15.0) as u64
    };
    let counts: Vec<u64> = (0..48).map(height).collect();
    json!({ "from": -4.0 * deviation, "to": 4.0 * deviation, "counts": counts, "without_zeros": index.is_multiple_of(3) })
}

fn priors(index: usize, weights: f64, deviation: f64) -> Value {
    let lengths = [
        ("uniform", 11.9, 32.0),
        ("gaussian", 9.42, 64.0),
        ("laplace", 9.51, 64.0),
        ("mixture", 9.33, 288.0),
        ("codebook", 9.61, 40_000.0),
        ("pruned", 9.6, 96.0),
    ];
    let lengths = lengths
        .map(|(name, bits, parameters)| (name, bits + 0.3 * share(index as u64 + name.len() as u64), parameters));
    let best = lengths.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
    let models = lengths.map(|(name, bits, parameters)| {
        json!({ "name": name, "bits": bits * weights, "bits_per_weight": bits, "parameter_bits": parameters, "parameters": { "mean": 0.0, "deviation": deviation } })
    });
    json!({ "step": 0.000_122, "skipped": index % 3, "best": best, "models": models })
}

fn finish(report: &mut Value, sums: &Sums, fixed: &Value, segments: Vec<Value>, tensors: Vec<Value>) {
    let mut ledger: Map<String, Value> = fixed.as_object().unwrap().clone();
    for segment in &segments {
        for (category, bytes) in segment["ledger"].as_object().unwrap() {
            let line = ledger.entry(category.clone()).or_insert(json!(0));
            *line = json!(line.as_u64().unwrap() + bytes.as_u64().unwrap());
        }
    }
    let sum: u64 = ledger.values().filter_map(Value::as_u64).sum();
    let file = 8.0 * sum as f64;
    let [order0, conditional, _, kt, _, model, stream] = sums.modelled;
    let side = 8 * sums.tables;
    let mut totals: Map<String, Value> =
        MODELLED.iter().zip(sums.modelled).map(|(key, bits)| ((*key).to_owned(), json!(bits))).collect();
    let more = json!({ "symbols": sums.symbols, "raw_bits": sums.raw_bits, "modelling_gain_bits": order0 - conditional, "learning_bits": kt - conditional,
        "model_excess_bits": model - conditional, "coder_overhead_bits": stream - model, "side_information_bits": side,
        "framing_bits": file - stream - sums.raw_bits as f64 - side as f64, "efficiency": (model + sums.raw_bits as f64) / file,
        "overhead": file / (model + sums.raw_bits as f64) - 1.0 });
    totals.extend(more.as_object().unwrap().clone());
    let rest = json!({ "bytes": sum, "decoded_bytes": 2 * sums.elements + 9000, "weights": sums.elements, "bits_per_weight": file / sums.elements as f64,
        "ledger": ledger, "ledger_sum": sum, "totals": totals, "segments": segments, "tensors": tensors, "generalisation": null });
    report.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
}

/// Returns the report on a file with a single scalar.
pub fn tiny() -> Value {
    let mut report = network(0, 0.0);
    let tensor = json!({ "name": "scale", "dtype": "F32", "shape": [], "weights": 1, "bytes": 97, "shares_segment": false, "bits_per_weight": 776.0,
        "zero_share": 0.0, "mean": 1.5, "deviation": 0.0, "kurtosis": null, "order0_bits": 0.0, "conditional_bits": 0.0, "model_bits": 0.0, "raw_bits": 32, "priors": null, "bits_back": null });
    let segment = json!({ "members": ["scale"], "dtype": "F32", "weights": 1, "bytes": 97, "chunks": 1, "representation": "raw", "ledger": { "raw bytes": 4, "frames": 93 },
        "streams": [] });
    let sums = Sums { elements: 1, raw_bits: 32, ..Sums::default() };
    finish(
        &mut report,
        &sums,
        &json!({ "header": 16, "manifest": 70, "index": 66, "footer": 28 }),
        vec![segment],
        vec![tensor],
    );
    report["generalisation"] = json!({ "samples": 60_000, "delta": 0.05, "code_bits": 2200.0, "occam_gap": 0.1136, "vacuous": false,
        "training_error": 0.012, "pac_bayes_error": 0.0712 });
    report
}

/// Replaces every value that is no object and no list by null.
pub fn without_values(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), without_values(value))).collect(),
        Value::Array(items) => items.iter().map(without_values).collect(),
        _ => Value::Null,
    }
}

/// Returns the report on `count` checkpoints of a network with `tensors` tensors. The third one lacks a tensor.
pub fn series(count: usize, tensors: usize) -> Value {
    let mut files: Vec<Value> = (0..count).map(|index| network(tensors, 0.8 / (1.0 + index as f64))).collect();
    for (index, file) in files.iter_mut().enumerate() {
        file["file"] = json!(format!("checkpoints/step-{:06}.safetensors", 1000 * (index + 1)));
        file["encoded_here"] = json!(true);
        file["level"] = json!(6);
        file.as_object_mut().unwrap().remove("segments");
    }
    let lines: Vec<Value> = (0..tensors)
        .map(|index| {
            let of = |file: usize, key: &str| if file == 2 && index == 5 { Value::Null } else { files[file]["tensors"][index][key].clone() };
            let each = |key: &str| (0..count).map(|file| of(file, key)).collect::<Vec<Value>>();
            let conditional: Vec<Value> = (0..count)
                .map(|file| of(file, "conditional_bits").as_f64().map_or(Value::Null, |bits| json!(bits / files[file]["tensors"][index]["weights"].as_f64().unwrap())))
                .collect();
            json!({ "name": tensor_name(index), "bytes": each("bytes"), "bits_per_weight": each("bits_per_weight"), "conditional_bits_per_weight": conditional })
        })
        .collect();
    json!({ "series": files, "tensors": lines })
}
