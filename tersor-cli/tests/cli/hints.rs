//! Every option that a message advises is one that the verb has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tersor::{Dtype, EncodeOptions, Encoder, TensorView};

use crate::support::{Folder, Random, command, model, safetensors};

const VERBS: [&str; 8] = ["encode", "decode", "inspect", "list", "report", "verify", "diff", "extract"];

/// Returns the options in a text: `--name`, and `-o`.
fn options_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    let is_option = |word: &&str| {
        let name = word.strip_prefix("--").unwrap_or_default();
        *word == "-o" || name.starts_with(|first: char| first.is_ascii_lowercase())
    };
    words.filter(is_option).map(|word| word.trim_end_matches('-').to_owned()).collect()
}

/// Returns the options that the help of each verb lists before its notes and examples.
fn options_of_verbs() -> BTreeMap<&'static str, BTreeSet<String>> {
    let folder = Folder::new();
    let of_verb = |verb| {
        let help = folder.run(&[verb, "--help"]).succeeds();
        let is_heading = |line: &&str| line.trim_start().starts_with('-');
        let lines = help.text().lines().filter(is_heading);
        lines.flat_map(|line| options_in(line.split('<').next().unwrap_or_default())).collect()
    };
    VERBS.map(|verb| (verb, of_verb(verb))).into()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
            false => {}
        }
    }
}

#[test]
fn the_code_mentions_no_other_options() {
    let known = options_of_verbs();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&source, &mut files);
    let mut mentioned = 0;
    for path in files.iter().filter(|path| !path.ends_with("page/fixtures.rs") && !path.ends_with("page/tests.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod").next().unwrap();
        let inside = path.strip_prefix(&source).unwrap();
        let verb = inside.iter().nth(1).and_then(|name| name.to_str()).map(|name| name.trim_end_matches(".rs"));
        let verb = verb.filter(|_| inside.starts_with("verbs")).and_then(|name| known.get(name));
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for option in options_in(line) {
                let is_known = match verb {
                    Some(options) => options.contains(&option),
                    None => known.values().any(|options| options.contains(&option)),
                };
                mentioned += 1;
                assert!(is_known || option == "--help", "{}: {line}", inside.display());
            }
        }
    }
    assert!(mentioned > 50, "{mentioned}");
}

/// A container without files, with a tensor of one dimension and a scalar.
fn tensors_alone() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("w", TensorView::new(Dtype::U8, &[3], &[1, 2, 3]).unwrap()).unwrap();
    encoder.add("s", TensorView::new(Dtype::U8, &[], &[1]).unwrap()).unwrap();
    encoder.finish().unwrap().0
}

/// Creates a folder in which every case below fails.
fn prepared() -> Folder {
    let folder = Folder::with_container();
    folder.make_folder("net");
    for (name, seed) in [("a", 1), ("b", 2)] {
        folder.write(&format!("net/{name}.safetensors"), &model(seed));
    }
    folder.run(&["encode", "net"]).succeeds();
    fs::copy(folder.join("net.tersor"), folder.join("renamed")).unwrap();
    folder.write(".hidden", &model(1));
    folder.run(&["encode", ".hidden", "-o", "hidden.tersor"]).succeeds();
    folder.write("none.safetensors", &safetensors(&[], &[]));
    folder.write("tensors.tersor", &tensors_alone());
    folder.write("page", b"precious");
    for (index, shards) in [("x.safetensors.index.json", ["a", "b"]), ("y.safetensors.index.json", ["a", "gone"])] {
        let [own, other] = shards.map(|shard| format!("\"{shard}.safetensors\""));
        let map = format!("{{\"weight_map\": {{\"layer.weight\": {own}, \"embedding\": {other}}}}}");
        folder.write(&format!("net/{index}"), map.as_bytes());
    }
    folder.run(&["encode", "net/x.safetensors.index.json", "--keep-shards"]).succeeds();
    let long = "n".repeat(3000);
    folder.write("long.safetensors", &safetensors(&[], &[(&long, "F32", &[9], Random(3).f32s(9))]));
    folder.run(&["encode", "long.safetensors"]).succeeds();
    folder
}

#[test]
fn advice_names_options_of_the_verb() {
    let folder = prepared();
    let known = options_of_verbs();
    let mut cases: Vec<Vec<&str>> = [
        "encode model.safetensors",
        "encode model.safetensors net/a.safetensors -o x",
        "encode model.safetensors model.safetensors",
        "encode model.safetensors --output-dir none",
        "encode model.safetensors --output-dir .",
        "encode model.safetensors -o missing/x",
        "encode model.safetensors -o page/x",
        "encode model.safetensors -o model.safetensors",
        "encode model.safetensors -o - --json",
        "encode none.safetensors -o x",
        "encode -",
        "encode model.safetensors --name x -o y",
        "encode net/x.safetensors.index.json --keep-shards",
        "encode net/x.safetensors.index.json --keep-shards -o page",
        "encode net/x.safetensors.index.json --keep-shards -o missing/x",
        "encode net/x.safetensors.index.json --keep-shards --output-dir net",
        "encode model.safetensors --keep-shards",
        "decode net/x.tersor.index.json",
        "decode net/x.tersor.index.json -o page",
        "decode net/x.tersor.index.json -o missing/x",
        "decode net/x.tersor.index.json --output-dir net",
        "decode model.tersor",
        "decode model.tersor -o net.tersor",
        "decode model.tersor -o missing/x",
        "decode model.tersor -o - --json",
        "decode net.tersor",
        "decode net.tersor -o page --force",
        "decode net.tersor -o -",
        "decode hidden.tersor",
        "decode hidden.tersor --output-dir net",
        "decode renamed",
        "decode model.tersor hidden.tersor",
        "report model.tersor --html page",
        "report model.tersor --html net",
        "report model.tersor --html missing/x",
        "report model.tersor --html page/x",
        "report model.tersor --html model.tersor --force",
        "report model.tersor --html - --json",
        "verify tensors.tersor --against model.safetensors",
        "extract model.tersor layer.weight -o model.safetensors",
        "extract model.tersor layer.weight -o missing/x.npy",
        "extract model.tersor embedding -o x.npy",
        "extract model.tersor scale --rows 0..1 -o x.npy",
        "extract net.tersor layer.weight -o x.npy",
    ]
    .iter()
    .map(|line| line.split(' ').collect())
    .collect();
    for verb in ["decode", "inspect", "list", "report", "verify", "diff", "extract"] {
        let files: &[&str] = match verb {
            "diff" => &["long.tersor", "model.tersor"],
            "extract" => &["long.tersor", "x", "-o", "x.npy"],
            _ => &["long.tersor"],
        };
        for limit in ["--max-decoded", "--max-name"] {
            cases.push([&[verb], files, &[limit, "30"]].concat());
        }
        for limit in ["--max-decoded", "--max-tensors"] {
            if ["decode", "list", "inspect", "verify"].contains(&verb) {
                cases.push(vec![verb, "net/x.tersor.index.json", limit, "1"]);
            }
        }
    }
    if Path::new("/dev/full").exists() {
        for line in ["encode model.safetensors -o", "decode model.tersor -o", "report model.tersor --html"] {
            cases.push(line.split(' ').chain(["/dev/full"]).collect());
        }
    }
    let mut wrong = Vec::new();
    for args in &cases {
        let run = folder.run(args);
        assert!(matches!(run.code, Some(1 | 2)), "{args:?}: {}", run.stderr);
        let lines = run.stderr.lines().filter(|line| line.starts_with("tersor: "));
        let advised: BTreeSet<String> =
            lines.flat_map(|line| options_in(line.rsplit(": ").next().unwrap_or_default())).collect();
        // standard output has no option, and neither do some other things
        if (advised.is_empty() && !args.contains(&"-")) || !advised.is_subset(&known[args[0]]) {
            wrong.push(format!("{args:?} advises {advised:?}: {}", run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
    // the folder for temporary files is set by a variable
    for args in [&["report", "model.safetensors"][..], &["encode", "-", "-o", "x"]] {
        let mut command = command();
        let input = fs::File::open(folder.join("model.safetensors")).unwrap();
        command.current_dir(folder.path()).args(args).stdin(input).env("TMPDIR", folder.join("gone"));
        let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(said.contains("gone: ") && said.contains("TMPDIR") && options_in(&said).is_empty(), "{said}");
    }
}
