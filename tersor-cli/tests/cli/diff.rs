//! The results, the output and the exit status of `diff`.

use serde_json::{Value, json};

use crate::support::{Folder, Random, model, safetensors};

/// Returns a tensor in the output of `--json`.
fn tensor<'a>(found: &'a Value, name: &str) -> &'a Value {
    found["tensors"].as_array().unwrap().iter().find(|tensor| tensor["name"] == name).unwrap()
}

fn differs(folder: &Folder, a: &str, b: &str) -> Value {
    let run = folder.run(&["diff", a, b, "--json", "--quiet"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    run.json()
}

#[test]
fn a_container_is_the_same_as_its_original() {
    let folder = Folder::with_container();
    let before = folder.listing();
    for (a, b) in [
        ("model.safetensors", "model.safetensors"),
        ("model.safetensors", "model.tersor"),
        ("model.tersor", "model.safetensors"),
        ("model.tersor", "model.tersor"),
    ] {
        for threads in ["1", "3"] {
            let run = folder.run(&["diff", a, b, "--threads", threads]).succeeds();
            assert!(run.text().contains("Tensors: 8 the same, 0 different"), "{}", run.text());
            assert!(!run.text().contains("layer.weight"));
            let found = folder.run(&["diff", a, b, "--json", "--threads", threads]).succeeds().json();
            assert_eq!((&found["same"], &found["totals"]["same"]), (&json!(true), &json!(8)));
            assert_eq!((&found["totals"]["values"], &found["totals"]["changed"]), (&json!(58504), &json!(0)));
            assert!(found["tensors"].as_array().unwrap().iter().all(|tensor| tensor["status"] == "same"));
        }
    }
    let all = folder.run(&["diff", "model.tersor", "model.safetensors", "--all"]).succeeds();
    assert!(all.text().contains("layer.weight"));
    assert!(folder.listing() == before);
}

#[test]
fn one_changed_weight_is_found() {
    let folder = Folder::with_container();
    let mut changed = folder.read("model.safetensors");
    // the first tensor of the file is `layer.weight`
    let data = 8 + u64::from_le_bytes(changed[..8].try_into().unwrap()) as usize;
    let place = data + 4 * (17 * 64 + 5);
    let old = f32::from_le_bytes(changed[place..place + 4].try_into().unwrap());
    changed[place..place + 4].copy_from_slice(&(old + 3.0).to_le_bytes());
    let error = f64::from(old + 3.0) - f64::from(old);
    folder.write("changed.safetensors", &changed);
    folder.run(&["encode", "changed.safetensors"]).succeeds();
    for b in ["changed.safetensors", "changed.tersor"] {
        let found = differs(&folder, "model.tersor", b);
        assert_eq!((&found["totals"]["same"], &found["totals"]["different"]), (&json!(7), &json!(1)));
        assert_eq!((&found["totals"]["changed"], &found["totals"]["largest_in"]), (&json!(1), &json!("layer.weight")));
        let weight = tensor(&found, "layer.weight");
        assert_eq!((&weight["status"], &weight["same"]), (&json!("values"), &json!(false)));
        let values = &weight["values"];
        assert_eq!((&values["count"], &values["changed"], &values["differing"]), (&json!(19200), &json!(1), &json!(1)));
        assert_eq!((&values["largest_error"], &values["largest_at"]), (&json!(error), &json!([17, 5])));
        assert!((values["mean_error"].as_f64().unwrap() - error / 19200.0).abs() < 1e-12);
        assert!((values["rms_error"].as_f64().unwrap() - error / 19200f64.sqrt()).abs() < 1e-9);
        assert_eq!(tensor(&found, "tied.weight")["same"], true);
        let run = folder.run(&["diff", "model.safetensors", b]);
        assert_eq!(run.code, Some(1));
        assert!(run.text().contains("[17, 5]") && !run.text().contains("tied.weight"), "{}", run.text());
    }
    let within = |tolerance: &str| {
        folder.run(&["diff", "model.tersor", "changed.tersor", "--tolerance", tolerance, "--quiet"]).code
    };
    assert_eq!([within("3.1"), within("2.9"), within("0")], [Some(0), Some(1), Some(1)]);
    assert_eq!([within("-1"), within("NaN"), within("x")], [Some(2); 3]);
}

#[test]
fn dtypes_are_compared_as_values() {
    let folder = Folder::new();
    let weights = Random(5).f32s(64 * 500);
    let halved: Vec<u8> = weights.chunks_exact(4).flat_map(|float| [float[2], float[3]]).collect();
    folder.write("a.safetensors", &safetensors(&[], &[("w", "F32", &[64, 500], weights.clone())]));
    folder.write("b.safetensors", &safetensors(&[("cast", "yes")], &[("w", "BF16", &[64, 500], halved)]));
    folder.run(&["encode", "b.safetensors"]).succeeds();
    let (mut largest, mut sum) = (0f64, 0f64);
    for float in weights.chunks_exact(4) {
        let bits = u32::from_le_bytes(float.try_into().unwrap());
        let error = (f64::from(f32::from_bits(bits)) - f64::from(f32::from_bits(bits & 0xffff_0000))).abs();
        largest = largest.max(error);
        sum += error;
    }
    for b in ["b.safetensors", "b.tersor"] {
        let found = differs(&folder, "a.safetensors", b);
        let tensor = tensor(&found, "w");
        assert_eq!((&tensor["status"], &tensor["a"]["dtype"]), (&json!("dtype"), &json!("F32")));
        let values = &tensor["values"];
        assert_eq!((&values["differing"], &values["differing_bits"]), (&Value::Null, &Value::Null));
        assert_eq!(values["largest_error"], largest);
        assert!((values["mean_error"].as_f64().unwrap() - sum / 32000.0).abs() < 1e-9 * largest);
        assert!(values["signal_to_noise_db"].as_f64().unwrap() > 40.0);
        assert_eq!(found["metadata"]["only_in_b"], json!(["cast"]));
    }
    let tolerance = format!("{largest}");
    folder.run(&["diff", "a.safetensors", "b.tersor", "--tolerance", &tolerance]).succeeds();
}

#[test]
fn missing_tensors_and_other_shapes() {
    let folder = Folder::new();
    let a = safetensors(
        &[],
        &[
            ("same", "U8", &[3], vec![1, 2, 3]),
            ("gone", "U8", &[2], vec![1, 2]),
            ("turned", "U8", &[2, 3], vec![0; 6]),
            ("recast", "U8", &[2], vec![1, 2]),
            ("complex", "C64", &[1], vec![0; 8]),
            ("imaginary", "C64", &[2], vec![0; 16]),
            ("packed", "F4", &[4], vec![0x21, 0x43]),
        ],
    );
    let mut changed = vec![0; 16];
    changed[12..].copy_from_slice(&2f32.to_le_bytes());
    let b = safetensors(
        &[],
        &[
            ("new", "U8", &[1], vec![9]),
            ("turned", "U8", &[3, 2], vec![0; 6]),
            ("recast", "I64", &[2], [1i64, 2].map(i64::to_le_bytes).concat()),
            ("complex", "F32", &[1], vec![0; 4]),
            ("imaginary", "C64", &[2], changed),
            ("packed", "F32", &[4], [0.5f32, 1.0, 1.5, 2.0].map(f32::to_le_bytes).concat()),
            ("same", "U8", &[3], vec![1, 2, 3]),
        ],
    );
    folder.write("a.safetensors", &a);
    folder.write("b.safetensors", &b);
    folder.run(&["encode", "b.safetensors"]).succeeds();
    let found = differs(&folder, "a.safetensors", "b.tersor");
    let list = found["tensors"].as_array().unwrap();
    let statuses: Vec<(&str, &str)> =
        list.iter().map(|tensor| (tensor["name"].as_str().unwrap(), tensor["status"].as_str().unwrap())).collect();
    for pair in [
        ("same", "same"),
        ("gone", "only in A"),
        ("turned", "shape"),
        ("recast", "dtype"),
        ("complex", "dtype"),
        ("imaginary", "values"),
        ("packed", "dtype"),
    ] {
        assert!(statuses.contains(&pair), "{pair:?} in {statuses:?}");
    }
    assert_eq!(statuses.last(), Some(&("new", "only in B")));
    assert_eq!((tensor(&found, "recast")["values"]["changed"].as_u64(), list.len()), (Some(0), 8));
    assert_eq!(tensor(&found, "packed")["values"]["changed"], 0);
    assert_eq!(tensor(&found, "complex")["values"], Value::Null);
    assert_eq!(tensor(&found, "imaginary")["values"]["largest_at"], json!([1, 1]));
    assert_eq!(tensor(&found, "turned")["values"], Value::Null);
    assert_eq!((&found["totals"]["only_in_a"], &found["totals"]["only_in_b"]), (&json!(1), &json!(1)));
    let run = folder.run(&["diff", "a.safetensors", "b.safetensors", "--quiet"]);
    let text = run.text();
    assert!(["[2, 3] / [3, 2]", "U8 / I64", "only in A", "only in B"].iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn nan_and_infinities() {
    let folder = Folder::new();
    let file = |values: [f32; 4]| safetensors(&[], &[("w", "F32", &[4], values.map(f32::to_le_bytes).concat())]);
    folder.write("a.safetensors", &file([f32::NAN, 0.0, f32::INFINITY, 1.0]));
    folder.write("b.safetensors", &file([1.0, -0.0, f32::INFINITY, f32::NAN]));
    let found = differs(&folder, "a.safetensors", "b.safetensors");
    let values = &tensor(&found, "w")["values"];
    assert_eq!((&values["changed"], &values["differing"]), (&json!(2), &json!(3)));
    assert_eq!((&values["non_finite_only_in_a"], &values["non_finite_only_in_b"]), (&json!(1), &json!(1)));
    assert_eq!((&values["largest_error"], &values["largest_at"]), (&json!(0.0), &Value::Null));
    assert_eq!((&values["mean_error"], &values["relative_error"]), (&json!(0.0), &Value::Null));
    let run = folder.run(&["diff", "a.safetensors", "b.safetensors", "--tolerance", "9"]);
    assert!(run.code == Some(1) && run.text().contains("2 NaN or infinite"), "{}", run.text());
}

#[test]
fn folders_match_by_name_and_by_file() {
    let folder = Folder::new();
    for (name, seed) in [("one", 1), ("two", 3)] {
        folder.make_folder(name);
        folder.write(&format!("{name}/a.safetensors"), &model(1));
        folder.write(&format!("{name}/b.safetensors"), &model(seed));
        folder.write(&format!("{name}/config.json"), format!("{{{seed}}}").as_bytes());
    }
    folder.write("two/only.txt", b"text");
    folder.run(&["encode", "two"]).succeeds();
    folder.run(&["diff", "two", "two.tersor"]).succeeds();
    for b in ["two", "two.tersor"] {
        let found = differs(&folder, "one", b);
        let list = found["tensors"].as_array().unwrap();
        assert_eq!(list.len(), 16);
        assert!(list.iter().all(|tensor| tensor["a"]["file"] == tensor["b"]["file"]));
        assert!(list[..8].iter().all(|tensor| tensor["same"] == true));
        assert!(list.iter().any(|tensor| tensor["status"] == "values"));
        let expected = json!({ "differ": ["config.json"], "only_in_a": [], "only_in_b": ["only.txt"] });
        assert_eq!(found["other_files"], expected);
        let run = folder.run(&["diff", "one", b]);
        for word in ["b.safetensors: layer.weight", "Other files: 1 differ: config.json", "only in B: only.txt"] {
            assert!(run.text().contains(word), "{word} in {}", run.text());
        }
    }
    // a name that is unique in both models is matched whatever the file
    folder.write("a.safetensors", &model(1));
    folder.write("other.safetensors", &model(1));
    folder.run(&["diff", "a.safetensors", "other.safetensors"]).succeeds();
}

#[test]
fn messages_name_the_bad_file() {
    let folder = Folder::with_container();
    let whole = folder.read("model.tersor");
    folder.write("cut.tersor", &whole[..whole.len() - 9]);
    let mut broken = whole.clone();
    broken[whole.len() / 2] ^= 0x10;
    folder.write("broken.tersor", &broken);
    let original = folder.read("model.safetensors");
    folder.write("cut.safetensors", &original[..original.len() - 1]);
    folder.write("note.txt", b"text");
    for bad in ["cut.tersor", "broken.tersor", "cut.safetensors", "note.txt"] {
        folder.refuses(&["diff", "model.safetensors", bad], 1, &[bad]);
        folder.refuses(&["diff", bad, "model.tersor", "--json"], 1, &[bad]);
    }
    folder.refuses(&["diff", "model.safetensors", "broken.tersor"], 1, &["checksum", "tensor", "byte"]);
    folder.refuses(&["diff", "model.safetensors", "missing.tersor"], 2, &["missing.tersor: no such file"]);
    folder.refuses(&["diff", "model.tersor", "-"], 2, &["standard input"]);
    folder.refuses(&["diff", "model.tersor"], 2, &["B"]);
    folder.refuses(&["diff", "model.tersor", "model.tersor", "--max-decoded", "1K"], 1, &["--max-decoded"]);
}

#[test]
fn names_cannot_drive_a_terminal() {
    let folder = Folder::new();
    let file = |value| safetensors(&[("key\u{7}", "value")], &[("evil\u{1b}[2J\u{202e}", "U8", &[1], vec![value])]);
    folder.write("a.safetensors", &file(1));
    folder.write("b.safetensors", &safetensors(&[], &[("evil\u{1b}[2J\u{202e}", "U8", &[1], vec![2])]));
    let run = folder.run(&["diff", "a.safetensors", "b.safetensors"]);
    assert_eq!(run.code, Some(1));
    assert!(run.text().contains("evil\\u{1b}[2J\\u{202e}") && run.text().contains("key\\u{7}"), "{}", run.text());
    assert!(!run.text().chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'));
}
