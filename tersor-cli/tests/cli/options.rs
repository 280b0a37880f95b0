//! Options and verbs for scripts and for habits from other commands.

use crate::support::Folder;

#[test]
fn sizes_as_json() {
    let folder = Folder::with_model();
    let encoded = folder.run(&["encode", "model.safetensors", "--json"]).succeeds().json();
    let (raw, coded) = (folder.read("model.safetensors").len(), folder.read("model.tersor").len());
    let decoded = folder.run(&["decode", "model.tersor", "-o", "y", "--json", "--quiet"]).succeeds().json();
    for (found, paths) in [(&encoded, ["model.safetensors", "model.tersor"]), (&decoded, ["model.tersor", "y"])] {
        assert_eq!([&found["input"], &found["output"]], paths);
        assert_eq!([&found["raw_bytes"], &found["bytes"], &found["weights"]], [raw, coded, 58_504]);
        assert!((found["ratio"].as_f64().unwrap() - coded as f64 / raw as f64).abs() < 1e-9);
        assert!(found["seconds"].as_f64().unwrap() >= 0.0 && found["bits_per_weight"].is_f64());
    }
    assert_eq!([&encoded["tensors"], &encoded["aliases"], &encoded["left_out"]], [8, 1, 0]);
    assert_eq!(decoded["tensors_not_written"], 0);
    for args in
        [&["encode", "model.safetensors", "--json", "-o", "-"][..], &["decode", "model.tersor", "--json", "-o-"]]
    {
        let run = folder.refuses(args, 2, &["--json", "standard output", "-o"]);
        assert_eq!(run.text(), "");
    }
}

/// A program that reads the object needs no other output to tell a failure.
#[test]
fn a_failure_prints_no_object() {
    let folder = Folder::with_container();
    folder.write("bad.tersor", &folder.read("model.tersor")[..3000]);
    for args in [
        &["encode", "missing", "--json"][..],
        &["decode", "bad.tersor", "--json"],
        &["inspect", "bad.tersor", "--json"],
        &["report", "bad.tersor", "--json"],
        &["diff", "bad.tersor", "model.tersor", "--json"],
    ] {
        let run = folder.run(args);
        assert!(matches!(run.code, Some(1 | 2)) && run.stderr.starts_with("tersor: "), "{args:?}: {}", run.stderr);
        assert_eq!(run.text(), "", "{args:?}");
    }
    assert_eq!(folder.run(&["verify", "bad.tersor", "--json"]).fails(1, &["bad.tersor"]).json()["ok"], false);
}

#[test]
fn the_level_has_short_options() {
    let folder = Folder::with_model();
    folder.run(&["encode", "model.safetensors", "--level", "9", "-o", "long.tersor"]).succeeds();
    folder.run(&["encode", "-9", "model.safetensors", "-o", "short.tersor"]).succeeds();
    folder.run(&["encode", "model.safetensors"]).succeeds();
    assert!(folder.read("long.tersor") == folder.read("short.tersor"));
    assert!(folder.read("long.tersor") != folder.read("model.tersor"));
    let found = folder.run(&["report", "model.safetensors", "-2", "--json"]).succeeds().json();
    assert_eq!(found["level"], 2);
    folder.refuses(&["encode", "model.safetensors", "-1", "-9"], 2, &["cannot be used with"]);
    folder.refuses(&["encode", "model.safetensors", "-1", "--level", "9"], 2, &["cannot be used with"]);
    folder.refuses(&["encode", "model.safetensors", "--level", "max"], 2, &["a number from 1, the fastest, to 9"]);
}

#[test]
fn tensors_are_listed() {
    let folder = Folder::with_container();
    let listed = folder.run(&["list", "model.tersor"]).succeeds();
    let mut lines: Vec<&str> = listed.text().lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 8);
    assert_eq!([lines[0], lines[5]], ["embedding\tBF16\t[500,40]\t40000", "positions\tI64\t[4,6]\t192"]);
    assert!(lines.contains(&"scale\tF32\t[]\t4"), "{}", listed.text());
}

#[test]
fn completions_and_the_manual_page() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let text = folder.run(&["completions", shell]).succeeds();
        assert!(text.text().contains("encode") && text.text().contains("profile"), "{shell}");
    }
    let page = folder.run(&["man"]).succeeds();
    assert!(page.text().contains(".TH") && page.text().contains("\\-\\-against"), "{}", page.text());
}
