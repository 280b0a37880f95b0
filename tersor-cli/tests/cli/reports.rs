//! The output of `inspect` and `verify`.

use serde_json::Value;

use crate::support::{Folder, model, safetensors};

fn sum(lines: &Value) -> u64 {
    lines.as_object().unwrap().values().map(|bytes| bytes.as_u64().unwrap()).sum()
}

#[test]
fn inspect_accounts_for_every_byte() {
    let folder = Folder::with_container();
    let len = folder.read("model.tersor").len() as u64;
    let found = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
    assert_eq!(found["bytes"], len);
    assert_eq!(found["ledger_sum"], len);
    assert_eq!(sum(&found["ledger"]), len);
    for segment in found["segments"].as_array().unwrap() {
        assert_eq!(sum(&segment["ledger"]), segment["bytes"].as_u64().unwrap());
    }
    let total = |list: &str| -> u64 {
        found[list].as_array().unwrap().iter().map(|item| item["bytes"].as_u64().unwrap()).sum()
    };
    assert_eq!(total("segments"), total("tensors"));

    assert_eq!(found["metadata"]["format"], "pt");
    let original = folder.read("model.safetensors");
    assert_eq!(found["files"][0]["path"], "model.safetensors");
    assert_eq!(found["files"][0]["bytes"], original.len());
    assert_eq!(found["files"][0]["blake3"], blake3::hash(&original).to_hex().as_str());
    let tensors = found["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), 8);
    let tensor = |name: &str| tensors.iter().find(|tensor| tensor["name"] == name).unwrap();
    assert_eq!(tensor("embedding")["dtype"], "BF16");
    assert_eq!(tensor("embedding")["shape"], serde_json::json!([500, 40]));
    assert_eq!(tensor("tied.weight")["alias_of"], "layer.weight");
    assert_eq!(tensor("nothing")["bits_per_weight"], Value::Null);
    let weight = tensor("layer.weight");
    let bits = weight["bytes"].as_f64().unwrap() * 8.0 / (300.0 * 64.0);
    assert!((weight["bits_per_weight"].as_f64().unwrap() - bits).abs() < 1e-9);
    assert!(weight["representation"].as_str().unwrap().starts_with("fields"));
}

#[test]
fn inspect_shows_what_a_file_needs_of_a_decoder() {
    let folder = Folder::new();
    folder.write("model.safetensors", &model(1));
    for (options, level, features, line) in [
        (&["--profile", "gpu", "--level", "9"][..], 1, serde_json::json!([]), "\ndecoder level 1\n"),
        (&["--profile", "default"], 2, serde_json::json!([]), "\ndecoder level 2\n"),
        (&["--level", "9"], 2, serde_json::json!(["mixing"]), "\ndecoder level 2, feature mixing\n"),
    ] {
        folder.run(&[&["encode", "model.safetensors", "--force"][..], options].concat()).succeeds();
        let found = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
        assert_eq!((&found["decoder_level"], &found["features"]), (&level.into(), &features));
        let run = folder.run(&["inspect", "model.tersor"]).succeeds();
        assert!(run.text().contains(line), "{}", run.text());
        folder.run(&["verify", "model.tersor", "--against", "model.safetensors"]).succeeds();
    }
}

#[test]
fn inspect_shows_the_bytes_of_files() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.write("net/a.txt", &b"some text, again and again, ".repeat(20));
    folder.write("net/b.txt", b"other text");
    folder.write("net/copy.txt", b"other text");
    folder.write("net/model.safetensors", &model(1));
    folder.run(&["encode", "net"]).succeeds();
    let found = folder.run(&["inspect", "net.tersor", "--json"]).succeeds().json();
    let total = |list: &str, key: &str| -> u64 {
        found[list].as_array().unwrap().iter().map(|item| item[key].as_u64().unwrap()).sum()
    };
    assert_eq!(total("files", "stored_bytes"), total("segments", "bytes"));
    let stored = |file: usize| found["files"][file]["stored_bytes"].as_u64().unwrap();
    assert!(stored(0) > 0 && stored(1) > 0 && stored(3) > total("tensors", "bytes") / 2);
    assert_eq!((stored(2), stored(3)), (0, total("tensors", "bytes")));
    assert!(folder.run(&["inspect", "net.tersor"]).succeeds().text().contains("a.txt"));
}

#[test]
fn inspect_as_text() {
    let folder = Folder::with_container();
    let len = folder.read("model.tersor").len();
    let run = folder.run(&["inspect", "model.tersor"]).succeeds();
    let sum = run.text().lines().find(|line| line.trim_start().starts_with("sum ")).unwrap();
    assert_eq!(sum.split_whitespace().nth(1).unwrap().replace(',', ""), len.to_string());
    for word in ["layer.weight", "alias of layer.weight", "BF16", "[500, 40]", "Files (1)", "format: pt", "lane words"]
    {
        assert!(run.text().contains(word), "{word} in {}", run.text());
    }
    assert!(run.stderr.is_empty());
}

#[test]
fn inspect_with_ideal_sizes() {
    let folder = Folder::with_container();
    let found = folder.run(&["inspect", "model.tersor", "--ideal", "--json"]).succeeds().json();
    let segments = found["segments"].as_array().unwrap();
    for segment in segments {
        let [bytes, ideal, order0] = ["bytes", "ideal_bytes", "order0_bytes"].map(|key| segment[key].as_u64().unwrap());
        assert!(ideal > 0 && order0 > 0, "{segment}");
        // segment heads and the cost of learning are a large part of small segments
        assert!(bytes < ideal + ideal / 10 + 1000, "{segment}");
    }
    let plain = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
    assert!(plain["segments"][0]["ideal_bytes"].is_null());
    let run = folder.run(&["inspect", "model.tersor", "--ideal"]).succeeds();
    assert!(run.text().contains("Ideal code lengths") && run.text().contains("without contexts"));
}

#[test]
fn verify_accepts_a_valid_container() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    let run = folder.run(&["verify", "model.tersor", "--against", "model.safetensors"]).succeeds();
    assert!(run.text().contains("valid: 8 tensors, 1 file"));
    assert!(run.text().contains(blake3::hash(&original).to_hex().as_str()));
    let found = folder.run(&["verify", "model.tersor", "--against", "model.safetensors", "--json"]).succeeds().json();
    assert_eq!((&found["ok"], &found["against"]["same"]), (&true.into(), &true.into()));
    assert_eq!(found["files"][0]["blake3"], blake3::hash(&original).to_hex().as_str());
    assert_eq!(found["ledger_sum"], found["bytes"]);
    // the name of the original does not matter
    folder.write("renamed.safetensors", &original);
    folder.run(&["verify", "model.tersor", "--against", "renamed.safetensors"]).succeeds();
}

#[test]
fn one_changed_byte_is_found() {
    let folder = Folder::with_container();
    let mut changed = folder.read("model.safetensors");
    let weights = 300 * 64 * 4;
    let place = changed.len() - (60 + 15 + 4 * 48 + weights); // in the embedding
    changed[place] ^= 1;
    folder.write("changed.safetensors", &changed);
    let words = ["changed.safetensors", "1 byte differs", "tensor embedding", &format!("byte {place}")];
    folder.refuses(&["verify", "model.tersor", "--against", "changed.safetensors"], 1, &words);
    let run = folder.run(&["verify", "model.tersor", "--against", "changed.safetensors", "--json"]);
    let found = run.fails(1, &["tensor embedding"]).json();
    assert_eq!((&found["ok"], &found["against"]["same"]), (&false.into(), &false.into()));
    let difference = &found["against"]["differences"][0];
    assert_eq!((&difference["tensor"], &difference["byte"]), (&"embedding".into(), &place.into()));
    assert_eq!(difference["differing_bytes"], 1);

    // a byte of the header, and another size
    let text = String::from_utf8_lossy(&changed).find("a small model").unwrap();
    changed[place] ^= 1;
    changed[text] = b'A';
    folder.write("changed.safetensors", &changed);
    folder.refuses(&["verify", "model.tersor", "--against", "changed.safetensors"], 1, &["outside the tensors"]);
    folder.write("longer.safetensors", &safetensors(&[], &[("a", "U8", &[1], vec![1])]));
    folder.refuses(&["verify", "model.tersor", "--against", "longer.safetensors"], 1, &["bytes, the original has"]);
}

#[test]
fn damage_anywhere_is_found() {
    let folder = Folder::with_container();
    let valid = folder.read("model.tersor");
    for place in (0..valid.len()).step_by(valid.len() / 40).chain([0, 9, 30, valid.len() - 1]) {
        let mut damaged = valid.clone();
        damaged[place] ^= 0x10;
        folder.write("damaged.tersor", &damaged);
        let run = folder.run(&["verify", "damaged.tersor", "--json"]);
        assert_eq!(run.code, Some(1), "byte {place}: {}", run.stderr);
        assert_eq!(run.json()["ok"], false);
    }
    folder.write("damaged.tersor", &valid[..valid.len() / 2]);
    folder.refuses(&["verify", "damaged.tersor"], 1, &["damaged.tersor", "copy or download it again"]);
    folder.refuses(&["decode", "damaged.tersor", "-o", "x"], 1, &["incomplete"]);
}

#[test]
fn a_file_that_is_not_in_the_container() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/b.safetensors", &model(2));
    folder.run(&["encode", "net"]).succeeds();
    folder.write("net/c.txt", b"c");
    std::fs::remove_file(folder.join("net/b.safetensors")).unwrap();
    let run = folder.run(&["verify", "net.tersor", "--against", "net"]).fails(1, &["and 1 more"]);
    assert!(run.text().contains("b.safetensors: not among the originals"));
    assert!(run.text().contains("c.txt: not in the container"));
}

#[test]
fn one_weight_is_no_plural() {
    let folder = Folder::new();
    folder.write("one.safetensors", &safetensors(&[], &[("scale", "F32", &[], 0.5f32.to_le_bytes().to_vec())]));
    folder.run(&["encode", "one.safetensors"]).succeeds();
    for verb in ["inspect", "report"] {
        let run = folder.run(&[verb, "one.tersor"]).succeeds();
        assert!(run.text().contains("bits/weight of 1 weight\n"), "{}", run.text());
    }
}
