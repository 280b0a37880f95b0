//! Encoding and decoding restores the same bytes for all kinds of input and output.

use std::fs;
use std::process::Stdio;

use crate::support::{Folder, Random, command, model, safetensors};

#[test]
fn a_file() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    assert!(folder.read("model.tersor").len() < original.len());
    folder.run(&["decode", "model.tersor", "-o", "copy.safetensors"]).succeeds();
    assert!(folder.read("copy.safetensors") == original);
    // the default output has the stored name, in the folder of the container
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    folder.make_folder("elsewhere");
    fs::rename(folder.join("model.tersor"), folder.join("elsewhere/renamed.tersor")).unwrap();
    let run = folder.run(&["decode", "elsewhere/renamed.tersor"]).succeeds();
    assert!(folder.read("elsewhere/model.safetensors") == original);
    for word in ["bytes", "%", "bits/weight", "MB/s", " s,"] {
        assert!(run.stderr.contains(word), "{}", run.stderr);
    }
    assert!(folder.run(&["decode", "elsewhere/renamed.tersor", "--force", "--quiet"]).succeeds().stderr.is_empty());
}

#[test]
fn the_networks_of_the_repository() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/");
    if !std::path::Path::new(data).exists() {
        eprintln!("skipped: the packaged crate has no test data");
        return;
    }
    let folder = Folder::new();
    for name in ["lenet5--deepcompft", "lenet300"] {
        let source = format!("{data}{name}.safetensors");
        folder.run(&["encode", &source, "-o", "x.tersor", "--level", "1", "--force"]).succeeds();
        folder.run(&["verify", "x.tersor", "--against", &source]).succeeds();
    }
}

#[test]
fn pipes() {
    let folder = Folder::with_container();
    let container = folder.run(&["encode", "model.safetensors", "-o", "-"]).succeeds().stdout;
    assert!(container == folder.read("model.tersor"));
    let original = folder.read("model.safetensors");
    assert!(folder.run_with(&["decode", "-"], &container).succeeds().stdout == original);
    assert!(folder.run(&["decode", "model.tersor", "-o", "-"]).succeeds().stdout == original);
    folder.run_with(&["decode", "-", "-o", "copy.safetensors"], &container).succeeds();
    assert!(folder.read("copy.safetensors") == original);
    folder.run_with(&["decode", "-"], &container[..container.len() - 40]).fails(1, &["standard input", "incomplete"]);
}

#[cfg(unix)]
#[test]
fn a_whole_pipeline_and_devices() {
    let folder = Folder::with_model();
    let mut encode = command()
        .current_dir(folder.path())
        .args(["encode", "model.safetensors", "-o", "-", "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut decode = command();
    decode.current_dir(folder.path()).args(["decode", "/dev/stdin"]).stdin(encode.stdout.take().unwrap());
    let decoded = decode.output().unwrap();
    assert!(encode.wait().unwrap().success() && decoded.status.success());
    assert!(decoded.stdout == folder.read("model.safetensors"));
    // a device is written to, not replaced
    folder.run(&["encode", "model.safetensors", "-o", "/dev/null"]).succeeds();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

/// The parts of small tensors arrive long before the preceding bytes of the file.
#[test]
fn small_tensors_between_large_ones_through_a_pipe() {
    let mut random = Random(5);
    let names: Vec<String> = (0..120).map(|number| format!("t{number}")).collect();
    let sizes: Vec<[u64; 1]> = (0..120).map(|number| [if number % 8 == 0 { 40_000 } else { 3 + number % 5 }]).collect();
    let tensors: Vec<_> = names
        .iter()
        .zip(&sizes)
        .map(|(name, size)| (name.as_str(), "F32", &size[..], random.f32s(size[0] as usize)))
        .collect();
    let folder = Folder::new();
    folder.write("mixed.safetensors", &safetensors(&[], &tensors));
    folder.run(&["encode", "mixed.safetensors", "--level", "1"]).succeeds();
    let decoded = folder.run_with(&["decode", "-"], &folder.read("mixed.tersor")).succeeds();
    assert!(decoded.stdout == folder.read("mixed.safetensors"));
    folder.run(&["verify", "mixed.tersor", "--against", "mixed.safetensors"]).succeeds();
}

fn sharded(folder: &Folder) {
    folder.make_folder("net");
    folder.write("net/model-00001-of-00002.safetensors", &model(2));
    folder.write("net/model-00002-of-00002.safetensors", &model(3));
    folder.write("net/config.json", b"{\"layers\": 2}\n");
    folder.write("net/empty.txt", b"");
    folder.write("net/.hidden", b"private");
    let map = r#"{"metadata": {}, "weight_map": {"a": "model-00002-of-00002.safetensors",
        "b": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}}"#;
    folder.write("net/model.safetensors.index.json", map.as_bytes());
    folder.make_folder("net/onnx");
}

#[test]
fn a_folder() {
    let folder = Folder::new();
    sharded(&folder);
    let run = folder.run(&["encode", "net/"]).succeeds();
    for words in ["net/onnx: an empty folder, left out", "net/.hidden: hidden, left out", "2 items left out"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    folder.run(&["decode", "net.tersor", "-o", "out"]).succeeds();
    let names = [
        "config.json",
        "empty.txt",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ];
    let mut found: Vec<_> = fs::read_dir(folder.join("out")).unwrap().map(|item| item.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names);
    for name in names {
        assert!(folder.read(&format!("out/{name}")) == folder.read(&format!("net/{name}")), "{name}");
    }
    folder.run(&["verify", "net.tersor", "--against", "net"]).succeeds();
    // the default output is a folder with the name of the container, which exists
    folder.refuses(&["decode", "net.tersor"], 2, &["net: this folder exists", "--force"]);
    folder.write("net/config.json", b"changed");
    folder.run(&["decode", "net.tersor", "--force"]).succeeds();
    assert_eq!(folder.read("net/config.json"), b"{\"layers\": 2}\n");
    assert_eq!(folder.read("net/.hidden"), b"private");
    folder.refuses(&["decode", "net.tersor", "-o", "-"], 2, &["5 files", "folder"]);
    folder.write("a-file", b"");
    folder.refuses(&["decode", "net.tersor", "-o", "a-file", "--force"], 2, &["a-file", "folder"]);
}

#[test]
fn the_current_folder() {
    let folder = Folder::new();
    sharded(&folder);
    let run = command().current_dir(folder.join("net")).args(["encode", "."]).output().unwrap();
    assert!(run.status.success());
    folder.run(&["verify", "net.tersor", "--against", "net"]).succeeds();
}

#[test]
fn an_index() {
    let folder = Folder::new();
    sharded(&folder);
    folder.run(&["encode", "net/model.safetensors.index.json"]).succeeds();
    folder.run(&["verify", "net/model.tersor", "--against", "net/model.safetensors.index.json"]).succeeds();
    folder.run(&["decode", "net/model.tersor"]).succeeds();
    assert_eq!(fs::read_dir(folder.join("net/model")).unwrap().count(), 3);
    // a file of the folder that is not in the container is a difference
    let run = folder.run(&["verify", "net/model.tersor", "--against", "net"]);
    let run = run.fails(1, &["not in the container"]);
    assert!(run.text().contains("config.json: not in the container"));

    fs::remove_file(folder.join("net/model-00002-of-00002.safetensors")).unwrap();
    let missing = ["net/model-00002-of-00002.safetensors", "missing", "download"];
    folder.refuses(&["encode", "net/model.safetensors.index.json", "--force"], 2, &missing);
    for name in ["../model.safetensors", "a/b.safetensors", "..", "c:\\\\x", ""] {
        folder.write("bad.index.json", format!(r#"{{"weight_map": {{"a": "{name}"}}}}"#).as_bytes());
        folder.refuses(&["encode", "bad.index.json"], 1, &["not the name of a file in the same folder"]);
    }
    folder.write("bad.index.json", b"{}");
    folder.refuses(&["encode", "bad.index.json"], 1, &["no `weight_map`"]);
}

#[test]
fn threads_and_levels() {
    let folder = Folder::new();
    let mut random = Random(9);
    let tensors =
        [("a", "F32", &[1000, 400][..], random.f32s(400_000)), ("b", "BF16", &[90_000], random.bf16s(90_000))];
    folder.write("m.safetensors", &safetensors(&[], &tensors));
    for level in ["1", "6"] {
        for threads in ["1", "2"] {
            let out = format!("{level}-{threads}.tersor");
            let args = ["encode", "m.safetensors", "--level", level, "--threads", threads, "-o", &out];
            folder.run(&args).succeeds();
            let decoded = folder.run(&["decode", &out, "-o", "-", "--threads", threads]).succeeds();
            assert!(decoded.stdout == folder.read("m.safetensors"));
        }
        assert!(folder.read(&format!("{level}-1.tersor")) == folder.read(&format!("{level}-2.tersor")));
    }
}

/// A container without files, written by the library.
#[test]
fn tensors_without_files_become_a_safetensors_file() {
    use tersor::{Dtype, EncodeOptions, Encoder, TensorView};
    let folder = Folder::new();
    let floats = Random(3).f32s(50_000);
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    for (key, value) in [("z", "1"), ("a", "2"), ("m", "3")] {
        encoder.add_metadata(key, value).unwrap();
    }
    encoder.add("small", TensorView::new(Dtype::U8, &[3], &[1, 2, 3]).unwrap()).unwrap();
    encoder.add("large", TensorView::new(Dtype::F32, &[500, 100], &floats).unwrap()).unwrap();
    encoder.add("again", TensorView::new(Dtype::F32, &[50_000], &floats).unwrap()).unwrap();
    encoder.add("third", TensorView::new(Dtype::F32, &[25, 2000], &floats).unwrap()).unwrap();
    encoder.add("none", TensorView::new(Dtype::F16, &[4, 0], &[]).unwrap()).unwrap();
    folder.write("t.tersor", &encoder.finish().unwrap().0);

    let run = folder.run(&["decode", "t.tersor"]).succeeds();
    let written = folder.read("t.safetensors");
    assert!(run.stderr.replace(',', "").contains(&format!("t.safetensors: {} bytes", written.len())), "{}", run.stderr);
    let (_, header) = safetensors::SafeTensors::read_metadata(&written).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["a"], "2");
    let parsed = safetensors::SafeTensors::deserialize(&written).unwrap();
    assert_eq!(parsed.len(), 5);
    assert_eq!(parsed.tensor("small").unwrap().data(), [1, 2, 3]);
    assert_eq!(parsed.tensor("large").unwrap().shape(), [500, 100]);
    assert!(["large", "again", "third"].iter().all(|name| parsed.tensor(name).unwrap().data() == floats));
    assert!(folder.run(&["decode", "t.tersor", "-o", "-"]).succeeds().stdout == written);
    folder.refuses(&["decode", "t.tersor"], 2, &["t.safetensors", "--force"]);
    folder.run_with(&["decode", "-"], &folder.read("t.tersor")).fails(2, &["no files", "save it to a file"]);
    let result = folder.run(&["verify", "t.tersor", "--json"]).succeeds().json();
    assert_eq!((result["ok"].as_bool(), result["tensors"].as_u64()), (Some(true), Some(5)));
    folder.refuses(&["verify", "t.tersor", "--against", "t.safetensors"], 2, &["no files", "--against"]);
}

#[cfg(unix)]
#[test]
fn files_have_the_usual_permissions_and_links_are_followed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_model();
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode();
    folder.write("plain", b"");
    folder.run(&["encode", "model.safetensors"]).succeeds();
    folder.run(&["decode", "model.tersor", "-o", "copy"]).succeeds();
    assert_eq!([mode("model.tersor"), mode("copy")], [mode("plain"); 2]);
    // links like those in the caches of model hubs
    folder.make_folder("linked");
    folder.make_folder("plain-folder");
    folder.write("linked/config.json", b"{}");
    std::os::unix::fs::symlink(folder.join("model.safetensors"), folder.join("linked/model.safetensors")).unwrap();
    folder.run(&["encode", "linked"]).succeeds();
    folder.run(&["decode", "linked.tersor", "-o", "out"]).succeeds();
    assert_eq!([mode("out"), mode("out/config.json")], [mode("plain-folder"), mode("plain")]);
    assert!(folder.read("out/model.safetensors") == folder.read("model.safetensors"));
}
