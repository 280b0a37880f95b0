//! Models in several containers: `encode --keep-shards`, and the verbs that take the index.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, Random, model, safetensors, tensor_of};

const INDEX: &str = "net/model.safetensors.index.json";
const CODED: &str = "coded/model.tersor.index.json";
const SHARDS: [&str; 3] = ["model-00001-of-00003", "model-00002-of-00003", "model-00003-of-00003"];

/// The index, with white space of its own. The tensor `twice` is in the first and the last shard.
fn index() -> String {
    let map = |pairs: &[(&str, usize)]| {
        let pairs = pairs.iter().map(|(name, shard)| format!("    \"{name}\":\t\"{}.safetensors\"", SHARDS[*shard]));
        pairs.collect::<Vec<_>>().join(",\n")
    };
    let names = [("layer.weight", 0), ("embedding", 0), ("a.weight", 1), ("b.weight", 2), ("twice", 2)];
    format!("{{ \"metadata\": {{\"total_size\": 1.0}},\n  \"weight_map\": {{\n{}\n}} }}\n\n", map(&names))
}

/// Creates the folder `net` with a sharded model and a further file.
fn sharded() -> Folder {
    let folder = Folder::new();
    folder.make_folder("net");
    let mut random = Random(7);
    folder.write(INDEX, index().as_bytes());
    folder.write("net/config.json", b"{}");
    folder.write(&format!("net/{}.safetensors", SHARDS[0]), &first_shard());
    let mut shard = |own: &str, twice: u8| {
        let twice = ("twice", "U8", &[3][..], vec![twice; 3]);
        safetensors(&[], &[(own, "BF16", &[200, 30], random.bf16s(6000)), twice])
    };
    folder.write(&format!("net/{}.safetensors", SHARDS[1]), &shard("a.weight", 2));
    folder.write(&format!("net/{}.safetensors", SHARDS[2]), &shard("b.weight", 3));
    folder
}

/// The model of the other tests.
fn first_shard() -> Vec<u8> {
    model(1)
}

/// Creates a sharded model, and its encoded form in the folder `coded`.
fn coded() -> Folder {
    let folder = sharded();
    folder.run(&["encode", INDEX, "--keep-shards", "-o", "coded"]).succeeds();
    folder
}

fn names(folder: &Folder, path: &str) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder.join(path)).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn expect_originals(folder: &Folder, path: &str) {
    assert!(folder.read(&format!("{path}/model.safetensors.index.json")) == folder.read(INDEX));
    for shard in SHARDS {
        assert!(
            folder.read(&format!("{path}/{shard}.safetensors")) == folder.read(&format!("net/{shard}.safetensors"))
        );
    }
}

#[test]
fn shards_and_index_come_back() {
    let folder = coded();
    let listed = ["model-00001-of-00003.tersor", "model-00002-of-00003.tersor", "model-00003-of-00003.tersor"];
    assert_eq!(
        names(&folder, "coded"),
        [&listed[..], &["model.safetensors.index.json", "model.tersor.index.json"]].concat()
    );
    assert!(folder.read("coded/model.safetensors.index.json") == folder.read(INDEX));
    let new: Value = serde_json::from_slice(&folder.read(CODED)).unwrap();
    assert_eq!(new["metadata"]["total_size"], 1.0);
    let map: Vec<_> =
        new["weight_map"].as_object().unwrap().iter().map(|(name, shard)| (name.as_str(), shard)).collect();
    assert_eq!(map[2], ("a.weight", &Value::from(listed[1])));
    assert_eq!((map[0].0, map.len()), ("layer.weight", 5));
    // each shard is the file that it would be alone, so that several machines can encode them
    folder.run(&["encode", &format!("net/{}.safetensors", SHARDS[1]), "-o", "alone.tersor"]).succeeds();
    assert!(folder.read("alone.tersor") == folder.read(&format!("coded/{}", listed[1])));
    folder.run(&["decode", CODED, "-o", "back"]).succeeds();
    expect_originals(&folder, "back");
    assert_eq!(names(&folder, "back").len(), 4);
    folder.make_folder("other");
    let run = folder.run(&["decode", CODED, "--output-dir", "other", "--json"]).succeeds();
    let lines: Vec<Value> = run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[2]["output"]), (3, &"other/model-00003-of-00003.safetensors".into()));
    expect_originals(&folder, "other");
    // beside the containers, where the copy of the index lies already
    folder.run(&["decode", CODED]).succeeds();
    expect_originals(&folder, "coded");
}

#[test]
fn the_default_place_is_beside_the_shards() {
    let folder = sharded();
    let run = folder.run(&["encode", "net", "--keep-shards", "--json"]).succeeds();
    assert_eq!(run.text().lines().count(), 3);
    assert!(run.stderr.contains("net/config.json: no shard of the index, left out"), "{}", run.stderr);
    assert!(run.stderr.contains("net/model.tersor.index.json with 3 shards:"), "{}", run.stderr);
    assert_eq!(names(&folder, "net").len(), 9);
    folder.run(&["verify", "net/model.tersor.index.json", "--against", INDEX]).succeeds();
    folder.refuses(
        &["encode", "net", "--keep-shards"],
        2,
        &["model-00001-of-00003.tersor: this file exists", "--force"],
    );
    folder.run(&["encode", "net", "--keep-shards", "--force"]).succeeds();
    folder.refuses(&["decode", "net/model.tersor.index.json"], 2, &["safetensors: this file exists", "3 of 3 shards"]);
    folder.run(&["decode", "net/model.tersor.index.json", "--force", "-q"]).succeeds();
    // without the option, the index and its shards go to one file
    folder.run(&["encode", INDEX, "-o", "one.tersor"]).succeeds();
    folder.run(&["decode", "one.tersor", "-o", "one"]).succeeds();
    expect_originals(&folder, "one");
}

#[test]
fn the_copy_of_the_index_is_made_anew_if_it_is_missing() {
    let folder = coded();
    fs::remove_file(folder.join("coded/model.safetensors.index.json")).unwrap();
    let run = folder.run(&["decode", CODED, "-o", "back", "-q"]).succeeds();
    assert!(run.stderr.contains("a new one was made"), "{}", run.stderr);
    let [new, old] = ["back/model.safetensors.index.json", INDEX]
        .map(|path| serde_json::from_slice::<Value>(&folder.read(path)).unwrap());
    assert_eq!(new, old);
    let run = folder.run(&["verify", CODED, "--against", INDEX]).fails(1, &["model.safetensors.index.json: not in"]);
    assert!(!run.stderr.contains("more"), "{}", run.stderr);
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = sharded();
    let before = folder.listing();
    let run = folder.run(&["encode", INDEX, "--keep-shards", "-o", "coded", "--dry-run", "--json"]).succeeds();
    assert!(folder.listing() == before && run.stderr.contains("(not written)"), "{}", run.stderr);
    let size = |line: &str| serde_json::from_str::<Value>(line).unwrap()["bytes"].as_u64().unwrap();
    let sizes: Vec<u64> = run.text().lines().map(size).collect();
    folder.run(&["encode", INDEX, "--keep-shards", "-o", "coded"]).succeeds();
    let real = SHARDS.map(|shard| folder.read(&format!("coded/{shard}.tersor")).len() as u64);
    assert_eq!(sizes, real);
}

#[test]
fn a_model_is_shown_as_one() {
    let folder = coded();
    let list = folder.run(&["list", CODED]).succeeds();
    let names: Vec<_> = list.text().lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(names, ["layer.weight", "embedding", "a.weight", "b.weight", "twice"]);
    assert!(list.text().contains("a.weight\tBF16\t[200,30]\t12000\n"));
    let run = folder.run(&["inspect", CODED]).succeeds();
    let text = run.text();
    assert!(
        text.starts_with("coded/model.tersor.index.json:\n  3 shards, ") && text.contains("of-00003.tersor: "),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let shown = folder.run(&["inspect", CODED, "--json"]).succeeds().json();
    assert_eq!(shown["shards"][2]["tensors"][0]["name"], "b.weight");
    let alone = folder.run(&["inspect", "coded/model-00003-of-00003.tersor", "--json"]).succeeds().json();
    assert_eq!(shown["shards"][2], alone);
    folder.run(&["inspect", CODED, "--ideal"]).succeeds();
    let checked = folder.run(&["verify", CODED, "--json"]).succeeds().json();
    assert_eq!((&checked["ok"], &checked["tensors"]), (&true.into(), &12.into()));
    assert_eq!(checked["files"].as_array().unwrap().len(), 3);
    assert_eq!(checked["bytes"], checked["ledger_sum"]);
}

#[test]
fn tensors_of_several_shards() {
    let folder = coded();
    let shard = |number: usize| folder.read(&format!("net/{}.safetensors", SHARDS[number]));
    folder.run(&["extract", CODED, "*.weight", "twice", "-o", "some.safetensors"]).succeeds();
    let some = folder.read("some.safetensors");
    for (name, number) in [("layer.weight", 0), ("a.weight", 1), ("b.weight", 2), ("twice", 2)] {
        assert!(tensor_of(&some, name) == tensor_of(&shard(number), name), "{name}");
    }
    assert!(safetensors::SafeTensors::deserialize(&some).unwrap().tensor("tied.weight").is_err());
    // only the shard that is needed is opened
    fs::remove_file(folder.join("coded/model-00001-of-00003.tersor")).unwrap();
    folder.run(&["extract", CODED, "twice", "-o", "t.npy"]).succeeds();
    assert!(folder.read("t.npy").ends_with(&[3, 3, 3]));
    let other = ["--file", "model-00002-of-00003.tersor"];
    folder.run(&[&["extract", CODED, "twice", "-o", "u.npy"][..], &other].concat()).succeeds();
    assert!(folder.read("u.npy").ends_with(&[2, 2, 2]));
    folder.refuses(&["extract", CODED, "b.weigh", "-o", "x.npy"], 2, &["no tensor named b.weigh", "b.weight"]);
    folder.refuses(&["extract", CODED, "twice", "--file", "x", "-o", "x.npy"], 2, &["no shard named x", SHARDS[0]]);
    let words = ["model-00001-of-00003.tersor: model.tersor.index.json names this shard, which is missing"];
    for args in [&["extract", CODED, "embedding", "-o", "x.npy"][..], &["list", CODED], &["verify", CODED]] {
        folder.refuses(args, 2, &words);
    }
    folder.refuses(&["decode", CODED, "-o", "back"], 2, &words);
}

#[test]
fn damage_is_found() {
    let folder = coded();
    let shard = format!("coded/{}.tersor", SHARDS[1]);
    let (whole, index) = (folder.read(&shard), String::from_utf8(folder.read(CODED)).unwrap());
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    folder.write(&shard, &damaged);
    folder.run(&["verify", CODED]).fails(1, &["model-00002-of-00003.tersor: ", "checksum"]);
    folder.run(&["extract", CODED, "a.weight", "-o", "x.npy", "--dtype", "f32"]).fails(1, &["00002-of-00003.tersor: "]);
    // the other shards are restored, and nothing is left of this one
    folder.run(&["decode", CODED, "-o", "back", "-q"]).fails(1, &["1 of 3 shards failed"]);
    assert_eq!(names(&folder, "back"), ["model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"]);
    folder.write(&shard, &whole);
    folder.run(&["decode", CODED, "-o", "back", "--force"]).succeeds();
    expect_originals(&folder, "back");
    // an index that expects a tensor in the wrong shard, and one that was changed alone
    folder.write(CODED, index.replace("b.weight", "c.weight").as_bytes());
    for args in [&["verify", CODED][..], &["list", CODED], &["extract", CODED, "c.weight", "-o", "x.npy"]] {
        folder.refuses(args, 1, &["model-00003-of-00003.tersor: this shard does not have the tensor", "c.weight"]);
    }
    let moved = index.replace("\"twice\": \"model-00003", "\"twice\": \"model-00002");
    assert!(moved != index);
    folder.write(CODED, moved.as_bytes());
    folder.refuses(&["verify", CODED], 1, &["coded/model.safetensors.index.json: this copy", "differ"]);
    folder.write(CODED, index.as_bytes());
    // the originals differ
    folder.write(INDEX, (String::from_utf8(folder.read(INDEX)).unwrap() + "\n").as_bytes());
    folder.refuses(&["verify", CODED, "--against", INDEX], 1, &["model.safetensors.index.json: ", "the original has"]);
}

#[test]
fn bad_models_are_refused() {
    let folder = sharded();
    let encode = ["encode", INDEX, "--keep-shards", "-o", "coded"];
    let first = format!("net/{}.safetensors", SHARDS[0]);
    let own = index();
    let refused = |text: &str, code: i32, words: &[&str]| {
        folder.write(INDEX, text.as_bytes());
        folder.refuses(&encode, code, words);
    };
    refused(&own.replace("embedding", "absent"), 1, &["expects tensor absent in this shard", "00001-of-00003"]);
    refused(&own.replace("model-00002", "sub/model-00002"), 1, &["is not the name of a file in the same folder"]);
    refused(&own.replace("model-00002", "gone-00002"), 2, &["gone-00002-of-00003.safetensors: ", "which is missing"]);
    refused(&own.replace("twice", "a.weight"), 1, &["names this tensor twice"]);
    refused("{\"metadata\": {}}", 1, &["no `weight_map`"]);
    refused("{", 1, &["not a valid index"]);
    folder.write(INDEX, own.as_bytes());
    // shards whose outputs would have one name
    fs::copy(folder.join(&first), folder.join(&format!("net/{}", SHARDS[0]))).unwrap();
    let text = own.replacen(&format!("{}.safetensors", SHARDS[0]), SHARDS[0], 1);
    refused(&text, 2, &["two shards would have this output"]);
    folder.write(INDEX, own.as_bytes());
    // a shard that is no safetensors file
    let bytes = folder.read(&first);
    folder.write(&first, b"PK\x03\x04 of another format");
    folder.refuses(&encode, 1, &["00001-of-00003.safetensors: ", "zip archive"]);
    folder.write(&first, &bytes);
    // inputs and outputs of other kinds
    folder.refuses(
        &["encode", &first, "--keep-shards"],
        2,
        &["not the index of a sharded model", "omit --keep-shards"],
    );
    folder.refuses(&["encode", "-", "--keep-shards"], 2, &["not the index"]);
    folder.make_folder("empty");
    folder.write("empty/config.json", b"{}");
    folder.refuses(&["encode", "empty", "--keep-shards"], 2, &["this folder has no index", "omit --keep-shards"]);
    folder.write("net/b.safetensors.index.json", own.as_bytes());
    folder.refuses(&["encode", "net", "--keep-shards"], 2, &["this folder has 2 indexes", "give one of them"]);
    folder.refuses(&["encode", INDEX, "--keep-shards", "-o", &first], 2, &["several files need a folder"]);
    folder.refuses(&["encode", INDEX, "--keep-shards", "-o", "-"], 2, &["several files cannot go to a pipe"]);
    folder.refuses(&["encode", INDEX, "--keep-shards", "-o", "none/coded"], 2, &["the folder does not exist"]);
    for verb in ["decode", "list", "verify", "inspect"] {
        folder.refuses(&[verb, INDEX], 1, &["names safetensors files, not Tersor files"]);
    }
    // limits hold for all shards together: the largest has 194,707 bytes
    folder.run(&["encode", INDEX, "--keep-shards", "-o", "coded"]).succeeds();
    for verb in ["decode", "list", "inspect", "verify"] {
        folder.refuses(&[verb, CODED, "--max-decoded", "200000"], 1, &["in the open shards", "--max-decoded"]);
    }
    folder.write("x.index.json", b"{}");
    folder.refuses(&["list", "x.index.json"], 1, &["JSON"]);
    folder.write("x.index.json", b"{\"weight_map\": {\"a\": \"../a.tersor\"}}");
    folder.refuses(&["list", "x.index.json"], 1, &["is not the name of a file in the same folder"]);
}

#[test]
fn an_index_of_several_inputs() {
    let folder = sharded();
    folder.write("alone.safetensors", &model(5));
    folder.make_folder("all");
    folder.run(&["encode", INDEX, "--keep-shards", "--output-dir", "all"]).succeeds();
    folder.run(&["encode", "alone.safetensors", "--output-dir", "all"]).succeeds();
    folder.make_folder("back");
    let run =
        folder.run(&["decode", "all/model.tersor.index.json", "all/alone.tersor", "--output-dir", "back", "--json"]);
    assert_eq!(run.succeeds().text().lines().count(), 4);
    expect_originals(&folder, "back");
    assert!(folder.read("back/alone.safetensors") == model(5));
    // no input replaces the output of another, with --force either
    let both =
        ["decode", "all/model-00002-of-00003.tersor", "all/model.tersor.index.json", "--output-dir", "back", "-qf"];
    folder.run(&both).fails(2, &["this is already the output of an input before", "1 of 3 shards failed"]);
}

#[test]
fn models_in_shards_are_compared() {
    let folder = coded();
    folder.run(&["diff", CODED, INDEX]).succeeds();
    folder.run(&["encode", INDEX, "-o", "one.tersor"]).succeeds();
    folder.run(&["diff", "one.tersor", CODED]).succeeds();
    folder.write(&format!("net/{}.safetensors", SHARDS[0]), &model(2));
    let run = folder.run(&["diff", CODED, INDEX]);
    assert!(run.code == Some(1) && run.text().contains("layer.weight") && !run.text().contains("b.weight"));
    // these verbs take no index of Tersor files
    folder.refuses(&["report", CODED], 2, &["this index names several Tersor files"]);
    folder.refuses(&["encode", CODED], 1, &["this index names Tersor files, which are encoded already"]);
    folder.refuses(&["verify", CODED, "--against", CODED], 1, &["which are encoded already"]);
}
