//! Several inputs, inputs from pipes, and runs that write nothing.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, model};

/// Creates a folder with the models `a.safetensors` and `b.safetensors`.
fn two_models() -> Folder {
    let folder = Folder::new();
    folder.write("a.safetensors", &model(1));
    folder.write("b.safetensors", &model(2));
    folder
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn several_inputs() {
    let folder = two_models();
    folder.run(&["encode", "a.safetensors", "b.safetensors"]).succeeds();
    folder.run(&["encode", "b.safetensors", "-o", "alone.tersor"]).succeeds();
    assert!(folder.read("b.tersor") == folder.read("alone.tersor"));
    folder.make_folder("coded");
    let args = ["encode", "a.safetensors", "b.safetensors", "--output-dir", "coded", "--json"];
    let found = lines(folder.run(&args).succeeds().text());
    assert_eq!([&found[0]["output"], &found[1]["output"]], ["coded/a.tersor", "coded/b.tersor"]);
    assert!(folder.read("coded/a.tersor") == folder.read("a.tersor"));
    folder.make_folder("out");
    let args = ["decode", "coded/a.tersor", "coded/b.tersor", "--output-dir", "out", "--json"];
    let found = lines(folder.run(&args).succeeds().text());
    assert_eq!([&found[0]["output"], &found[1]["input"]], ["out/a.safetensors", "coded/b.tersor"]);
    for name in ["a.safetensors", "b.safetensors"] {
        assert!(folder.read(&format!("out/{name}")) == folder.read(name));
    }
}

/// The default name is the one inside the container, whatever the container is called.
#[test]
fn decoded_files_have_their_own_names() {
    let folder = two_models();
    folder.run(&["encode", "a.safetensors", "-o", "x.tersor"]).succeeds();
    folder.run(&["encode", "b.safetensors", "-o", "y"]).succeeds();
    folder.make_folder("out");
    folder.run(&["decode", "x.tersor", "y", "--output-dir", "out"]).succeeds();
    folder.run_with(&["decode", "-", "--output-dir", "out", "--force"], &folder.read("y")).succeeds();
    for name in ["a.safetensors", "b.safetensors"] {
        assert!(folder.read(&format!("out/{name}")) == folder.read(name));
    }
    assert_eq!(fs::read_dir(folder.join("out")).unwrap().count(), 2);
    // a folder has the name of its container
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.run(&["encode", "net", "-o", "renamed.tersor"]).succeeds();
    folder.run(&["decode", "renamed.tersor", "--output-dir", "out"]).succeeds();
    assert!(folder.read("out/renamed/a.safetensors") == folder.read("a.safetensors"));
    let run = folder.run_with(&["decode", "-", "--output-dir", "out"], &folder.read("renamed.tersor"));
    run.fails(2, &["no default name", "replace --output-dir by -o"]);
}

#[test]
fn an_input_that_fails_does_not_stop_the_others() {
    let folder = two_models();
    folder.write("text.safetensors", b"text");
    let args = ["encode", "missing", "a.safetensors", "text.safetensors", "b.safetensors"];
    let run = folder.run(&args).fails(2, &["missing: no such file", "text.safetensors: ", "2 of 4 inputs failed"]);
    assert_eq!(run.stderr.lines().filter(|line| line.starts_with("tersor: ")).count(), 3, "{}", run.stderr);
    fs::rename(folder.join("a.safetensors"), folder.join("old")).unwrap();
    fs::remove_file(folder.join("b.safetensors")).unwrap();
    folder.write("cut.tersor", &folder.read("a.tersor")[..2000]);
    let args = ["decode", "cut.tersor", "missing", "a.tersor", "b.tersor", "--json"];
    let run = folder.run(&args).fails(1, &["cut.tersor: ", "missing: no such file", "2 of 4 inputs failed"]);
    assert_eq!(lines(run.text()).len(), 2);
    assert!(folder.read("a.safetensors") == folder.read("old"));
    // what exists is kept, and only that
    folder.run(&["encode", "a.safetensors", "b.safetensors"]).fails(2, &["--force", "give this input alone, with -o"]);
}

#[test]
fn no_input_replaces_the_output_of_another() {
    let folder = two_models();
    for name in ["one", "two", "coded"] {
        folder.make_folder(name);
    }
    folder.write("one/m.safetensors", &model(3));
    folder.write("two/m.safetensors", &model(4));
    let args = ["encode", "one/m.safetensors", "two/m.safetensors", "--output-dir", "coded", "-qf"];
    folder.run(&args).fails(2, &["coded/m.tersor: this is already the output", "1 of 2 inputs failed"]);
    folder.run(&["encode", "one/m.safetensors", "two/m.safetensors"]).succeeds();
    let args = ["decode", "one/m.tersor", "two/m.tersor", "--output-dir", "coded", "-qf"];
    folder.run(&args).fails(2, &["coded/m.safetensors: this is already the output"]);
    assert!(folder.read("coded/m.safetensors") == folder.read("one/m.safetensors"));
    // one container can hold a file that has the name of the other
    folder.run(&["encode", "a.safetensors"]).succeeds();
    folder.write("x.tersor", &model(1));
    folder.run(&["encode", "x.tersor", "-o", "y.tersor"]).succeeds();
    fs::rename(folder.join("a.tersor"), folder.join("x.tersor")).unwrap();
    let run = folder.run(&["decode", "y.tersor", "x.tersor", "-qf"]);
    run.fails(2, &["x.tersor: the input and the output are the same", "1 of 2 inputs failed"]);
    assert!(folder.read("a.safetensors") == model(1));
}

#[test]
fn options_for_outputs() {
    let folder = two_models();
    folder.refuses(&["encode", "a.safetensors", "b.safetensors", "-o", "x"], 2, &["2 inputs", "--output-dir"]);
    folder.refuses(&["encode", "a.safetensors", "--output-dir", "none"], 2, &["none: there is no such folder"]);
    folder.refuses(&["encode", "a.safetensors", "--output-dir", "b.safetensors"], 2, &["this is no folder"]);
    folder.refuses(&["encode", "a.safetensors", "-o", "x", "--output-dir", "."], 2, &["cannot be used with"]);
    folder.refuses(&["encode", "a.safetensors", "-"], 2, &["standard input", "alone"]);
    folder.refuses(&["decode", "-", "-"], 2, &["standard input", "alone"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = two_models();
    let before = folder.listing();
    let args = ["encode", "a.safetensors", "b.safetensors", "--dry-run", "--json"];
    let run = folder.run(&args).succeeds();
    assert!(folder.listing() == before && run.stderr.contains("a.tersor (not written): "), "{}", run.stderr);
    folder.run(&["encode", "a.safetensors", "b.safetensors"]).succeeds();
    let sizes = ["a.tersor", "b.tersor"].map(|name| folder.read(name).len());
    let found = lines(run.text());
    assert_eq!([&found[0]["bytes"], &found[1]["bytes"]], sizes);
    assert_eq!(found[0]["dry_run"], true);
    let run = folder.run(&["encode", "a.safetensors", "-o", "-", "--dry-run", "--json"]).succeeds();
    assert_eq!(run.json()["bytes"], sizes[0]);
    let run = folder.run_with(&["encode", "-", "--dry-run", "--json", "--name", "a.safetensors"], &model(1));
    assert_eq!(run.succeeds().json()["bytes"], sizes[0]);
}

#[test]
fn a_model_from_a_pipe() {
    let folder = Folder::with_container();
    let (original, container) = (folder.read("model.safetensors"), folder.read("model.tersor"));
    let from_pipe = |args: &[&str]| folder.run_with(&[&["encode", "-"], args].concat(), &original);
    let named = ["--name", "model.safetensors", "-o"];
    assert!(from_pipe(&[&named[..], &["-"]].concat()).succeeds().stdout == container);
    from_pipe(&[&named[..], &["x.tersor"]].concat()).succeeds();
    assert!(folder.read("x.tersor") == container);
    folder.make_folder("out");
    from_pipe(&["-o", "out"]).succeeds();
    fs::rename(folder.join("out/stdin.tersor"), folder.join("out/y.tersor")).unwrap();
    folder.run(&["decode", "out/y.tersor"]).succeeds();
    assert!(folder.read("out/stdin.safetensors") == original);
    from_pipe(&[]).fails(2, &["standard input", "-o"]);
    from_pipe(&["--name", "a/../b", "-o", "z"]).fails(2, &["standard input", "--name"]);
    for (bytes, words) in [
        (&original[..original.len() - 1], "1 are missing"),
        (&original[..100], "are missing"),
        (b"", "empty"),
        (b"PK\x03\x04", "zip archive"),
        (&[&original[..], b"more"].concat(), "follow the last tensor"),
    ] {
        folder.run_with(&["encode", "-", "-o", "z"], bytes).fails(1, &["standard input", words]);
    }
    assert!(!folder.join("z").exists());
}

/// A pipe without an end is not read without an end.
#[cfg(unix)]
#[test]
fn no_more_is_read_than_the_header_declares() {
    let folder = Folder::with_model();
    let line = "(cat model.safetensors; cat /dev/zero) | \"$T\" encode - -o x.tersor";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path()).env("T", env!("CARGO_BIN_EXE_tersor"));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("follow the last tensor"), "{said}");
    for line in ["\"$T\" encode /dev/zero -o x.tersor", "cat model.safetensors | \"$T\" encode /dev/stdin -o x.tersor"]
    {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).current_dir(folder.path()).env("T", env!("CARGO_BIN_EXE_tersor"));
        assert_eq!(shell.status().unwrap().success(), line.starts_with("cat"), "{line}");
    }
}
