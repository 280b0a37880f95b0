//! Lossy coding: the dials, the plan, what the verbs say, and the measured errors.

use serde_json::{Value, json};

use crate::support::{Folder, Random, safetensors, tensor_of};

const IN: &str = "model.safetensors";

fn folder() -> Folder {
    let folder = Folder::new();
    let mut random = Random(7);
    let tensors = [
        ("layer.weight", "F32", &[200, 128][..], random.f32s(200 * 128)),
        ("layer.bias", "F32", &[200], random.f32s(200)),
        ("embedding", "BF16", &[300, 64], random.bf16s(300 * 64)),
    ];
    folder.write(IN, &safetensors(&[("format", "pt")], &tensors));
    folder
}

fn tensor<'a>(found: &'a Value, name: &str) -> &'a Value {
    found.as_array().unwrap().iter().find(|tensor| tensor["name"] == name).unwrap()
}

#[test]
fn a_size_is_hit_and_every_verb_says_that_the_file_is_lossy() {
    let folder = folder();
    let run = folder.run(&["encode", IN, "--bpw", "4", "--json"]).succeeds();
    assert!(run.stderr.contains("LOSSY: 2 tensors"), "{}", run.stderr);
    let plan = run.json();
    assert!((plan["bits_per_weight"].as_f64().unwrap() / 4.0 - 1.0).abs() <= 0.005, "{plan}");
    assert_eq!(tensor(&plan["lossy"]["tensors"], "layer.bias")["reason"], "one dimension");

    let verified = folder.run(&["verify", "model.tersor", "--against", IN, "--json"]).succeeds().json();
    assert_eq!((&verified["ok"], &verified["lossy_tensors"]), (&json!(true), &json!(2)));
    let measured = tensor(&verified["against"]["lossy"], "layer.weight");
    let (nmse, stated) = (measured["nmse"].as_f64().unwrap(), measured["stated_nmse"].as_f64().unwrap());
    assert!(nmse <= stated && stated < 1.001 * nmse, "{measured}");
    let planned = tensor(&plan["lossy"]["tensors"], "layer.weight")["nmse"].as_f64().unwrap();
    assert!((planned / nmse - 1.0).abs() < 1e-9);

    for verb in [&["inspect"][..], &["report"], &["verify"]] {
        let text = folder.run(&[verb, &["model.tersor"]].concat()).succeeds();
        let head: Vec<&str> = text.text().lines().take(4).collect();
        assert!(head.iter().any(|line| line.starts_with("LOSSY: 2 tensors")), "{verb:?}: {head:?}");
        assert!(text.text().lines().all(|line| line.chars().count() <= 80));
    }
    assert!(folder.run(&["list", "model.tersor"]).succeeds().stderr.starts_with("LOSSY"));
    let inspected = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
    assert_eq!(inspected["lossy"]["quantizer"], "scalar");

    let original = folder.read(IN);
    let decoded = folder.run(&["decode", "model.tersor", "-o", "back.safetensors"]).succeeds();
    assert!(decoded.stderr.contains("LOSSY"));
    let back = folder.read("back.safetensors");
    assert_eq!(tensor_of(&back, "layer.bias"), tensor_of(&original, "layer.bias"));
    assert_ne!(tensor_of(&back, "embedding"), tensor_of(&original, "embedding"));
    assert_eq!(back.len(), original.len());
}

#[test]
fn a_plan_writes_nothing_and_fits_the_screen() {
    let folder = folder();
    let before = folder.listing();
    let args = ["encode", IN, "--snr", "20", "--rule", "embedding=codebook:16", "--dry-run"];
    let run = folder.run(&args).succeeds();
    assert!(run.text().contains("codebook 16") && run.text().contains("one dimension"), "{}", run.text());
    assert!(run.text().lines().all(|line| line.chars().count() <= 80), "{}", run.text());
    assert!(folder.listing() == before);
}

#[test]
fn a_file_that_is_worse_than_it_says_is_refused() {
    let folder = folder();
    folder.run(&["encode", IN, "--nmse", "1e-3"]).succeeds();
    let mut other = folder.read(IN);
    let last = other.len() - 1;
    other[last] ^= 0x40;
    folder.write("other.safetensors", &other);
    folder.refuses(&["verify", "model.tersor", "--against", "other.safetensors"], 1, &["embedding", "more than"]);
    // a lossless tensor that differs
    let mut other = folder.read(IN);
    let bias = tensor_of(&other, "layer.bias");
    let place = other.windows(16).position(|window| window == &bias[..16]).unwrap();
    other[place] ^= 1;
    folder.write("other.safetensors", &other);
    folder.refuses(&["verify", "model.tersor", "--against", "other.safetensors"], 1, &["layer.bias"]);
}

#[test]
fn importance_shifts_errors() {
    let folder = folder();
    let weights: Vec<u8> = (0..128).flat_map(|i| if i < 16 { 100f32 } else { 1.0 }.to_le_bytes()).collect();
    folder.write("importance.safetensors", &safetensors(&[], &[("layer.weight", "F32", &[128], weights)]));
    let mut errors = Vec::new();
    for more in [&[][..], &["--importance", "importance.safetensors"]] {
        let args = ["encode", IN, "--rule", "layer.weight=bpw:3", "--force"];
        folder.run(&[&args, more].concat()).succeeds();
        folder.run(&["decode", "model.tersor", "-o", "back.safetensors", "--force"]).succeeds();
        let floats = |file: &str| -> Vec<f32> {
            let bytes = tensor_of(&folder.read(file), "layer.weight");
            bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
        };
        let (own, back) = (floats(IN), floats("back.safetensors"));
        let pairs = own.iter().zip(&back).enumerate().filter(|(index, _)| index % 128 < 16);
        errors.push(pairs.map(|(_, (a, b))| f64::from(a - b).powi(2)).sum::<f64>());
    }
    assert!(errors[1] < errors[0] / 4.0, "{errors:?}");
    let wrong = safetensors(&[], &[("layer.weight", "F32", &[7], vec![0; 28])]);
    folder.write("importance.safetensors", &wrong);
    let args = ["encode", IN, "--bpw", "4", "-o", "x.tersor", "--importance", "importance.safetensors"];
    folder.refuses(&args, 1, &["all weights", "layer.weight"]);
    let wrong = safetensors(&[], &[("layer.weight", "F32", &[2], 1f32.to_le_bytes().repeat(2))]);
    folder.write("importance.safetensors", &wrong);
    folder.refuses(&args, 2, &["[200, 128]", "layer.weight", "lossy"]);
}

#[test]
fn wrong_uses_are_explained() {
    let folder = folder();
    for (args, words) in [
        (&["--bpw", "4", "--nmse", "0.1"][..], &["cannot be used"][..]),
        (&["--bpw", "0"], &["above 0"]),
        (&["--rule", "x=bpw:3"], &["matches no tensor"]),
        (&["--rule", "bpw:3"], &["PATTERN=ACTION"]),
        (&["--bpw", "0.01"], &["nearest"]),
        (&["--prune-structure", "row"], &["--prune"]),
        (&["--importance", "nothing.safetensors"], &["no importance is needed"]),
    ] {
        let run = folder.run(&[&["encode", IN], args].concat());
        assert!(run.code == Some(1) || run.code == Some(2), "{args:?}");
        assert!(words.iter().all(|word| run.stderr.contains(word)), "{args:?}: {}", run.stderr);
        assert!(!folder.join("model.tersor").exists());
    }
}

#[test]
fn floats_are_decoded_to_another_dtype() {
    let folder = folder();
    folder.run(&["encode", IN]).succeeds();
    folder.run(&["decode", "model.tersor", "--dtype", "bf16", "-o", "other.safetensors"]).succeeds();
    let other = folder.read("other.safetensors");
    assert_eq!(tensor_of(&other, "embedding"), tensor_of(&folder.read(IN), "embedding"));
    assert_eq!(tensor_of(&other, "layer.weight").len(), 2 * 200 * 128);
    folder.run(&["decode", "model.tersor", "--dtype", "f32", "-o", "f32.safetensors"]).succeeds();
    let wide = folder.read("f32.safetensors");
    assert_eq!(tensor_of(&wide, "layer.weight"), tensor_of(&folder.read(IN), "layer.weight"));
    assert_eq!(tensor_of(&wide, "embedding").len(), 4 * 300 * 64);
}
