//! Models that are folders: subfolders, single files, files that are left out, files that are missing.

use std::fs;

use crate::support::{Folder, model, safetensors};

/// Makes the folder `pipe` with subfolders, as a diffusion pipeline has them, with spaces and other letters in names.
fn pipeline(folder: &Folder) {
    for name in ["unet", "text encoder/1_Pooling", "\u{e9}t\u{e9}/deep/deeper"] {
        fs::create_dir_all(folder.join("pipe").join(name)).unwrap();
    }
    folder.write("pipe/model_index.json", b"{}");
    folder.write("pipe/unet/diffusion_pytorch_model.safetensors", &model(1));
    folder.write("pipe/text encoder/model.safetensors", &model(2));
    folder.write("pipe/text encoder/1_Pooling/config.json", b"{\"a\": 1}");
    folder.write("pipe/\u{e9}t\u{e9}/deep/deeper/model.safetensors", &model(1));
}

/// Returns the paths and bytes below a folder, relative to it.
fn tree(folder: &Folder, name: &str) -> Vec<(String, Option<Vec<u8>>)> {
    let base = folder.join(name);
    let below = folder.listing().into_iter().filter(|(path, _)| path.starts_with(&base) && *path != base);
    let mut found: Vec<_> =
        below.map(|(path, bytes)| (path.strip_prefix(&base).unwrap().to_string_lossy().into_owned(), bytes)).collect();
    found.sort();
    found
}

#[test]
fn subfolders_come_back() {
    let folder = Folder::new();
    pipeline(&folder);
    folder.run(&["encode", "pipe"]).succeeds();
    folder.run(&["decode", "pipe.tersor", "-o", "back"]).succeeds();
    assert!(tree(&folder, "back") == tree(&folder, "pipe"));
    folder.run(&["verify", "pipe.tersor", "--against", "pipe"]).succeeds();
    folder.run(&["diff", "pipe", "pipe.tersor"]).succeeds();
    let inside = ["extract", "pipe.tersor", "layer.weight", "--file", "text encoder/model.safetensors", "-o", "x.npy"];
    folder.run(&inside).succeeds();
    // into a folder that exists
    fs::remove_dir_all(folder.join("back/unet")).unwrap();
    folder.write("back/model_index.json", b"old");
    folder.write("back/mine", b"mine");
    folder.run(&["decode", "pipe.tersor", "-o", "back", "--force"]).succeeds();
    assert_eq!(folder.read("back/mine"), b"mine");
    fs::remove_file(folder.join("back/mine")).unwrap();
    assert!(tree(&folder, "back") == tree(&folder, "pipe"));
}

#[test]
fn a_difference_in_a_subfolder_is_found() {
    let folder = Folder::new();
    pipeline(&folder);
    folder.run(&["encode", "pipe"]).succeeds();
    let config = "pipe/text encoder/1_Pooling/config.json";
    folder.write(config, b"{\"a\": 2}");
    let place = "text encoder/1_Pooling/config.json";
    folder.run(&["verify", "pipe.tersor", "--against", "pipe"]).fails(1, &[place, "1 byte"]);
    let run = folder.run(&["diff", "pipe", "pipe.tersor"]);
    assert!(run.code == Some(1) && run.text().contains(place), "{}", run.text());
    fs::remove_file(folder.join(config)).unwrap();
    folder.run(&["verify", "pipe.tersor", "--against", "pipe"]).fails(1, &[place, "not among the originals"]);
    folder.write(config, b"{\"a\": 1}");
    folder.write("pipe/unet/new.bin", b"new");
    folder.run(&["verify", "pipe.tersor", "--against", "pipe"]).fails(1, &["unet/new.bin", "not in the container"]);
    let run = folder.run(&["diff", "pipe.tersor", "pipe"]);
    assert!(run.code == Some(1) && run.text().contains("unet/new.bin"), "{}", run.text());
}

#[test]
fn a_folder_with_one_file_is_a_folder() {
    let folder = Folder::new();
    folder.make_folder("lora");
    folder.write("lora/adapter_model.safetensors", &model(1));
    folder.run(&["encode", "lora"]).succeeds();
    folder.run(&["decode", "lora.tersor", "-o", "back"]).succeeds();
    assert!(folder.read("back/adapter_model.safetensors") == model(1));
    folder.run(&["verify", "lora.tersor", "--against", "lora"]).succeeds();
    // the folder is compared by names, a single file by its bytes
    folder.run(&["encode", "lora/adapter_model.safetensors", "-o", "one.tersor"]).succeeds();
    folder.write("other.safetensors", &model(1));
    folder.run(&["verify", "one.tersor", "--against", "other.safetensors"]).succeeds();
    folder.run(&["verify", "lora.tersor", "--against", "other.safetensors"]).fails(1, &["adapter_model.safetensors"]);
}

#[test]
fn a_file_goes_into_a_folder_that_exists() {
    let folder = Folder::with_model();
    folder.make_folder("out");
    folder.run(&["encode", "model.safetensors", "-o", "out"]).succeeds();
    folder.make_folder("again");
    folder.run(&["decode", "out/model.tersor", "-o", "again"]).succeeds();
    assert!(folder.read("again/model.safetensors") == folder.read("model.safetensors"));
}

#[test]
fn models_without_tensors_are_refused() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.write("net/config.json", b"{}");
    folder.refuses(&["encode", "net"], 1, &["net", "no tensor", "--force"]);
    folder.write("net/pytorch_model.bin", b"PK\x03\x04rest");
    folder.refuses(&["encode", "net"], 1, &["no tensor", "zip archive", "safetensors"]);
    folder.write("net/empty.safetensors", &safetensors(&[], &[]));
    folder.refuses(&["encode", "net"], 1, &["no tensor"]);
    folder.write("e.safetensors.index.json", b"{\"weight_map\": {}}");
    folder.refuses(&["encode", "e.safetensors.index.json"], 1, &["no tensor"]);
    folder.run(&["encode", "net", "--force"]).succeeds();
    folder.run(&["verify", "net.tersor", "--against", "net"]).succeeds();
}

#[test]
fn missing_shards_are_named() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.make_folder("net/unet");
    folder.write("net/a.safetensors", &model(1));
    for index in ["net/model.safetensors.index.json", "net/unet/x.safetensors.index.fp16.json"] {
        folder.write(index, b"{\"weight_map\": {\"w\": \"model-2.safetensors\"}}");
        folder.refuses(&["encode", "net"], 2, &["model-2.safetensors", "missing", "download"]);
        folder.refuses(&["encode", index], 2, &["model-2.safetensors", "missing", "download"]);
        fs::remove_file(folder.join(index)).unwrap();
    }
    let variant = "net/model.safetensors.index.fp16.json";
    folder.write(variant, b"{\"weight_map\": {\"w\": \"a.safetensors\"}}");
    folder.run(&["encode", variant]).succeeds();
    folder.run(&["decode", "net/model.tersor", "-o", "back"]).succeeds();
    assert!(folder.read("back/a.safetensors") == model(1));
}

#[test]
fn files_are_known_by_their_content() {
    let folder = Folder::new();
    let hash = "0c8a4d3b2f";
    for name in ["model.sft", hash, "model.safetensors.1", "MODEL.SAFETENSORS"] {
        folder.write(name, &model(1));
        folder.run(&["encode", name]).succeeds();
        let container = format!("{name}.tersor");
        let listing = folder.run(&["inspect", &container]).succeeds();
        assert!(listing.text().contains("layer.weight"), "{}", listing.text());
        fs::remove_file(folder.join(name)).unwrap();
        folder.run(&["decode", &container]).succeeds();
        assert!(folder.read(name) == model(1));
    }
    let whole = model(1);
    for (name, cut) in [("m.safetensors.incomplete", 1000), ("half", whole.len() / 2), ("few.sft", 20)] {
        folder.write(name, &whole[..whole.len() - cut]);
        folder.refuses(&["encode", name], 1, &["missing", "download"]);
    }
    folder.make_folder("net");
    folder.write("net/a.safetensors", &whole);
    folder.write("net/b.incomplete", &whole[..whole.len() - 7]);
    folder.refuses(&["encode", "net"], 1, &["net/b.incomplete", "7 are missing"]);
}

#[test]
fn default_names_lose_only_their_ending() {
    let folder = Folder::new();
    folder.make_folder("Qwen2.5-7B");
    folder.write("Qwen2.5-7B/model.safetensors", &model(1));
    folder.run(&["encode", "Qwen2.5-7B"]).succeeds();
    fs::remove_dir_all(folder.join("Qwen2.5-7B")).unwrap();
    folder.run(&["decode", "Qwen2.5-7B.tersor"]).succeeds();
    assert!(folder.read("Qwen2.5-7B/model.safetensors") == model(1));
    fs::rename(folder.join("Qwen2.5-7B.tersor"), folder.join("Qwen3.5")).unwrap();
    folder.refuses(&["decode", "Qwen3.5"], 2, &["does not end in .tersor", "-o"]);
}

/// A file beside a revision would make the cache of a model hub invalid.
#[cfg(unix)]
#[test]
fn a_cache_of_a_hub_stays_as_it_is() {
    let folder = Folder::new();
    let revision = format!("hub/models--owner--net/snapshots/{}", "0".repeat(40));
    fs::create_dir_all(folder.join(&revision)).unwrap();
    fs::create_dir_all(folder.join("hub/models--owner--net/blobs")).unwrap();
    folder.write("hub/models--owner--net/blobs/abc", &model(1));
    std::os::unix::fs::symlink("../../blobs/abc", folder.join(&revision).join("model.safetensors")).unwrap();
    let before = tree(&folder, "hub");
    folder.run(&["encode", &revision]).succeeds();
    folder.run(&["encode", &format!("{revision}/model.safetensors")]).succeeds();
    assert!(tree(&folder, "hub") == before);
    folder.run(&["decode", "net.tersor", "-o", "back"]).succeeds();
    assert!(folder.read("back/model.safetensors") == model(1));
    assert!(folder.join("model.tersor").is_file());
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.make_folder("elsewhere");
    folder.write("elsewhere/model.safetensors", &model(1));
    std::os::unix::fs::symlink("../elsewhere", folder.join("net/linked")).unwrap();
    folder.run(&["encode", "net"]).succeeds();
    folder.run(&["decode", "net.tersor", "-o", "back"]).succeeds();
    assert!(folder.read("back/linked/model.safetensors") == model(1));
    std::os::unix::fs::symlink("..", folder.join("elsewhere/up")).unwrap();
    let run = folder.run(&["encode", "net", "--force"]).fails(2, &["up", "a folder above it"]);
    assert!(run.stderr.contains("net/linked/up"), "{}", run.stderr);
    fs::remove_file(folder.join("elsewhere/up")).unwrap();
    std::os::unix::fs::symlink("gone", folder.join("net/dangling")).unwrap();
    folder.run(&["encode", "net", "--force"]).fails(2, &["dangling", "a link whose target is missing", "download"]);
}
