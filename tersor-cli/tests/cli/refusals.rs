//! Wrong use and wrong files: exit status, message, and no change of the folder.

use crate::support::{Folder, command, model};

/// Builds the start of a zip archive whose first file has this name.
fn archive(name: &str) -> Vec<u8> {
    [b"PK\x03\x04", &[0; 22][..], &(name.len() as u16).to_le_bytes(), &[0; 2], name.as_bytes(), &[0x80; 9]].concat()
}

#[test]
fn files_that_are_no_models() {
    let folder = Folder::new();
    let [checkpoint, arrays, keras, other] = ["archive/data.pkl", "w.npy", "metadata.json", "notes.txt"].map(archive);
    // the ending says nothing
    let cases: [(&str, &[u8], &[&str]); 16] = [
        ("m.safetensors", &checkpoint, &["PyTorch", "`torch.load` and `safetensors.torch.save_file`"]),
        ("m.pt", &arrays, &["NumPy arrays (.npz)", "`numpy.load` and `safetensors.numpy.save_file`"]),
        ("m.zip", &keras, &["Keras", "`keras.saving.load_model` and `safetensors.numpy.save_file`"]),
        ("n.zip", &other, &["a zip archive", "unpack it first"]),
        ("o.zip", b"PK\x03\x04rest", &["a zip archive", "unpack it first"]),
        ("m.bin", b"\x80\x02}q\0", &["pickle", "`torch.load`"]),
        ("m.gguf", b"GGUF\x03\0\0\0", &["GGUF", "safetensors file instead"]),
        ("n.bin", b"\x08\x07\x12\x07pytorch", &["ONNX", "`onnx.numpy_helper.to_array`"]),
        ("m.pb", b"\x08\x01\x12\x80", &["TensorFlow model", "`safetensors.tensorflow.save_file`"]),
        ("m.h5", b"\x89HDF\r\n\x1a\n", &["HDF5", "`h5py.File`"]),
        ("m.lite", b"\x1c\0\0\0TFL3", &["TensorFlow Lite", "`tf.lite.Interpreter.get_tensor`"]),
        ("m.gz", b"\x1f\x8b\x08\0", &["gzip", "unpack"]),
        ("lfs.safetensors", b"version https://git-lfs.github.com/spec/v1\n", &["Git LFS", "git lfs pull"]),
        ("page.safetensors", b"<!DOCTYPE html>", &["web page", "download"]),
        ("m.npy", b"\x93NUMPY\x01\0", &["NumPy", "convert it to safetensors"]),
        ("m.onnx", b"\x01\x02", &["ONNX", "convert it to safetensors"]),
    ];
    for (name, bytes, words) in cases {
        folder.write(name, bytes);
        for verb in ["encode", "decode"] {
            folder.refuses(&[verb, name], 1, &[&[name, "looks like"], words].concat());
        }
        // a pipe has no name that could help
        if name != "m.onnx" {
            folder.run_with(&["decode", "-"], bytes).fails(1, words);
            folder.run_with(&["encode", "-", "-o", "x"], bytes).fails(1, words);
        }
    }
    folder.write("a.safetensors", b"\x05");
    folder.refuses(&["encode", "a.safetensors"], 1, &["at least 8 bytes, this one has 1"]);
    folder.write("a.txt", b"text");
    folder.refuses(&["encode", "a.txt"], 1, &["this is text, not a model; it begins with \"text\""]);
    folder.write("config", b" {\"layers\": 2}");
    folder.refuses(&["encode", "config"], 1, &["this is JSON, not a model", "{\"layers\"", "folder with the model"]);
    folder.refuses(&["decode", "config"], 1, &["this is JSON, not a model", "the Tersor file"]);
    let cut = model(1);
    folder.write("cut.safetensors", &cut[..cut.len() - 1]);
    folder.refuses(
        &["encode", "cut.safetensors"],
        1,
        &["cut.safetensors: the header declares", "1 are missing", "download"],
    );
    // in a folder, the message names the file
    folder.make_folder("net");
    folder.write("net/good.safetensors", &model(1));
    folder.write("net/zip.safetensors", b"PK\x03\x04");
    folder.refuses(&["encode", "net"], 1, &["net/zip.safetensors", "zip archive"]);
    folder.write("net/zip.safetensors", &cut[..cut.len() - 1]);
    let run = folder.refuses(&["encode", "net"], 1, &["net/zip.safetensors: the header declares"]);
    assert!(!run.stderr.contains("tensor zip"), "{}", run.stderr);
}

#[test]
fn files_that_are_no_containers() {
    let folder = Folder::with_container();
    folder.write("other.tersor", b"something else entirely");
    folder.write("empty.tersor", b"");
    folder.write("empty.safetensors", b"");
    for verb in ["decode", "inspect", "verify"] {
        folder.refuses(&[verb, "model.safetensors"], 1, &["a safetensors file", "tersor encode"]);
        folder.refuses(&[verb, "other.tersor"], 1, &["this is text", "something else entirely"]);
        folder.refuses(&[verb, "empty.tersor"], 1, &["empty"]);
        folder.refuses(&[verb, "missing.tersor"], 2, &["missing.tersor: no such file"]);
        folder.refuses(&[verb, "."], 2, &["folder"]);
    }
    folder.refuses(&["encode", "model.tersor", "-o", "x"], 1, &["a Tersor file", "tersor decode"]);
    folder.refuses(&["encode", "empty.safetensors"], 1, &["empty"]);
    folder.refuses(&["encode", "missing.safetensors"], 2, &["no such file"]);
    folder.run_with(&["decode", "-"], b"").fails(1, &["standard input", "empty"]);
    folder.make_folder("bare");
    folder.refuses(&["encode", "bare"], 2, &["no files"]);
}

#[test]
fn another_version_of_the_format() {
    let folder = Folder::with_container();
    for (name, step) in [("older.tersor", 255), ("newer.tersor", 1u8)] {
        let mut other = folder.read("model.tersor");
        other[9] = other[9].wrapping_add(step);
        let checksum = crc32fast::hash(&other[..20]);
        other[20..24].copy_from_slice(&checksum.to_le_bytes());
        folder.write(name, &other);
        for verb in ["decode", "inspect", "verify"] {
            let expected = [&format!("{name}: format version")[..], "version of tersor that wrote it", "byte 8"];
            folder.refuses(&[verb, name], 1, &expected);
        }
    }
}

#[test]
fn an_unknown_kernel() {
    let folder = Folder::with_container();
    for verb in [&["encode", "model.safetensors", "--force"][..], &["verify", "model.tersor"]] {
        let mut command = command();
        let output = command.current_dir(folder.path()).args(verb).env("TERSOR_KERNEL", "abacus").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("tersor: TERSOR_KERNEL=abacus: ") && message.contains("portable"), "{message}");
        assert!(!message.contains("model"), "{message}");
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = Folder::with_container();
    let valid = folder.read("model.tersor");
    folder.write("model.tersor", b"precious");
    folder.write("out", b"precious");
    folder.refuses(&["encode", "model.safetensors"], 2, &["model.tersor: this file exists", "--force"]);
    folder.run(&["encode", "model.safetensors", "--force"]).succeeds();
    assert!(folder.read("model.tersor") == valid);
    folder.refuses(&["decode", "model.tersor"], 2, &["model.safetensors: this file exists", "--force", "-o"]);
    folder.refuses(&["decode", "model.tersor", "-o", "out"], 2, &["out: this file exists", "--force"]);
    folder.run(&["decode", "model.tersor", "-o", "out", "--force"]).succeeds();
    assert!(folder.read("out") == folder.read("model.safetensors"));

    // an output goes into a folder, if nothing has its name there
    folder.make_folder("folder");
    folder.make_folder("folder/model.tersor");
    folder.make_folder("folder/model.safetensors");
    for force in [&[][..], &["--force"]] {
        let to_folder = |verb, input| [&[verb, input, "-o", "folder"], force].concat();
        folder.refuses(&to_folder("encode", "model.safetensors"), 2, &["folder/model.tersor", "a folder, not a file"]);
        folder.refuses(&to_folder("decode", "model.tersor"), 2, &["folder/model.safetensors", "not a file"]);
    }
    let same = ["the input and the output are the same"];
    folder.refuses(&["decode", "model.tersor", "-o", "./model.tersor", "--force"], 2, &same);
    folder.refuses(&["encode", "model.safetensors", "-o", "folder/../model.safetensors", "--force"], 2, &same);
}

#[test]
fn output_that_cannot_be_written() {
    let folder = Folder::with_container();
    for (out, words) in [("missing/out", "folder does not exist"), ("model.tersor/out", "cannot write here")] {
        folder.refuses(&["encode", "model.safetensors", "-o", out], 2, &[out, words, "-o"]);
        folder.refuses(&["decode", "model.tersor", "-o", out], 2, &[out, words, "-o"]);
    }
}

#[test]
fn wrong_arguments() {
    let folder = Folder::with_container();
    folder.refuses(&["encode", "model.safetensors", "--level", "10"], 2, &["--level"]);
    folder.refuses(&["encode", "model.safetensors", "--threads", "0"], 2, &["--threads"]);
    folder.refuses(&["encode", "model.safetensors", "--threads", "-1"], 2, &["--threads", "from 1 to 1024"]);
    let diff = ["diff", "model.tersor", "model.tersor", "--tolerance", "-0.5"];
    folder.refuses(&diff, 2, &["--tolerance", "not negative"]);
    folder.refuses(&["decode", "model.tersor", "--max-decoded", "much"], 2, &["--max-decoded", "100G"]);
    folder.refuses(&["encode", "-"], 2, &["standard input"]);
    folder.refuses(&["inspect", "-"], 2, &["standard input", "save it to a file"]);
    assert_eq!(folder.run(&["unheard-of"]).code, Some(2));
    assert_eq!(folder.run(&[]).code, Some(2));
    for verb in ["encode", "decode", "inspect", "verify", "extract"] {
        let help = folder.run(&[verb, "--help"]).succeeds();
        assert!(help.text().contains("Examples:") && help.stderr.is_empty());
    }
}

#[test]
fn limits_name_their_option() {
    let folder = Folder::with_container();
    for verb in ["decode", "inspect", "verify"] {
        folder.refuses(&[verb, "model.tersor", "--max-decoded", "10K"], 1, &["the limit is 10240", "--max-decoded"]);
    }
    for size in ["1M", "unlimited"] {
        folder.run(&["verify", "model.tersor", "--max-decoded", size]).succeeds();
    }
}
