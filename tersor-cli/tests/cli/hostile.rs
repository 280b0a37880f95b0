//! Hostile files.

use tersor::{Dtype, EncodeOptions, Encoder, TensorView};

use crate::support::{Folder, Random, model, safetensors};

#[test]
fn names_cannot_drive_a_terminal() {
    let folder = Folder::new();
    let name = "evil\u{1b}[2J\nfake line\u{202e}";
    let file = safetensors(&[("key\u{7}", "value\u{1b}]0;title\u{7}")], &[(name, "U8", &[2], vec![1, 2])]);
    folder.write("m.safetensors", &file);
    folder.run(&["encode", "m.safetensors"]).succeeds();
    let clean = |text: &str| !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
    let run = folder.run(&["inspect", "m.tersor"]).succeeds();
    assert!(clean(run.text()) && run.text().contains("evil\\u{1b}[2J\\u{a}fake line\\u{202e}"), "{}", run.text());
    let found = folder.run(&["inspect", "m.tersor", "--json"]).succeeds().json();
    assert_eq!(found["tensors"][0]["name"], name);
    // in messages too
    let run = folder.refuses(&["extract", "m.tersor", "evil", "-o", "x.npy"], 2, &["\\u{1b}"]);
    assert!(clean(&run.stderr));
    let mut changed = file.clone();
    *changed.last_mut().unwrap() = 9;
    folder.write("changed.safetensors", &changed);
    let run = folder.run(&["verify", "m.tersor", "--against", "changed.safetensors"]).fails(1, &["\\u{1b}"]);
    assert!(clean(&run.stderr) && clean(run.text()));
    let run = folder.run(&["decode", "no\u{1b}[31m.tersor"]).fails(2, &["\\u{1b}"]);
    assert!(clean(&run.stderr));
}

/// Returns a container with a single file named `name`, which has 10 bytes. All checksums are right.
fn named(name: &str) -> Vec<u8> {
    let input = [tersor::FileInput::new("innocent.j", b"x")];
    let (mut file, _) = tersor::encode_files(&input, Vec::new(), tersor::EncodeOptions::default()).unwrap();
    let place = file.windows(10).position(|window| window == b"innocent.j").unwrap();
    file[place..place + 10].copy_from_slice(name.as_bytes());
    // the manifest is the first frame: kind, length of the head, length of the body (0), head, checksum
    let (head_len, start) = (usize::from(file[25]), 24);
    assert!(file[24] == 1 && head_len < 128 && file[26] == 0 && place < start + 3 + head_len);
    let end = start + 3 + head_len;
    let checksum = crc32fast::hash(&file[start..end]);
    file[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    file
}

#[test]
fn no_name_leaves_the_folder() {
    for name in ["../../evil", "/tmp/evil!", "..\\..\\evil", "c:evil.exe", "evil\n12345", "evil....  "] {
        let folder = Folder::new();
        folder.make_folder("deep");
        folder.write("deep/m.tersor", &named(name));
        for args in
            [&["decode", "deep/m.tersor"][..], &["decode", "deep/m.tersor", "-o", "out"], &["verify", "deep/m.tersor"]]
        {
            folder.refuses(args, 1, &["cannot be the path of a file"]);
        }
    }
    let folder = Folder::new();
    folder.write("m.tersor", &named("fine.name!"));
    folder.run(&["decode", "m.tersor"]).succeeds();
    assert_eq!(folder.read("fine.name!"), b"x");
}

#[test]
fn a_hidden_name_is_used_only_on_request() {
    let folder = Folder::new();
    folder.write("m.tersor", &named(".bashrc_10"));
    folder.refuses(&["decode", "m.tersor"], 2, &[".bashrc_10", "hidden", "-o"]);
    folder.run(&["decode", "m.tersor", "-o", ".bashrc_10"]).succeeds();
}

#[test]
fn the_stored_name_does_not_overwrite_files() {
    let folder = Folder::new();
    folder.write("m.tersor", &named("victim.txt"));
    folder.write("victim.txt", b"precious");
    folder.refuses(&["decode", "m.tersor"], 2, &["victim.txt", "exists"]);
}

/// All checksums are right, but the digest of the file is wrong.
#[test]
fn a_wrong_digest_of_a_file_is_found() {
    let folder = Folder::with_container();
    let mut file = folder.read("model.tersor");
    // the footer starts with the offset of the index frame; the frame ends with the digest of the file and a checksum
    let footer = file.len() - 32;
    let index = u64::from_le_bytes(file[footer..footer + 8].try_into().unwrap()) as usize;
    file[footer - 4 - 32] ^= 1;
    let checksum = crc32fast::hash(&file[index..footer - 4]);
    file[footer - 4..footer].copy_from_slice(&checksum.to_le_bytes());
    folder.write("m.tersor", &file);
    folder.refuses(&["verify", "m.tersor"], 1, &["m.tersor: the digest of file model.safetensors does not match"]);
}

/// The rank and the length of the name are the largest that the format allows.
#[test]
fn long_names_and_shapes_are_shortened() {
    let folder = Folder::new();
    let (shape, name) = (vec![1; 40_000], "n\u{e4}".repeat(1300));
    let tensors = [(name.as_str(), "U8", &shape[..], vec![7]), ("small", "U8", &[2], vec![1, 2])];
    folder.write("m.safetensors", &safetensors(&[("key", &"v".repeat(70_000))], &tensors));
    folder.run(&["encode", "m.safetensors"]).succeeds();
    let run = folder.run(&["inspect", "m.tersor"]).succeeds();
    assert!(run.text().lines().all(|line| line.chars().count() < 350), "{}", run.text());
    assert!(run.text().contains("n\u{e4}n...") && run.text().contains("1, 1,") && run.text().contains("vvv..."));
    let found = folder.run(&["inspect", "m.tersor", "--json"]).succeeds().json();
    assert_eq!(found["tensors"][0]["name"], name);
    assert_eq!(found["tensors"][0]["shape"].as_array().unwrap().len(), shape.len());
    let run = folder.run(&["extract", "m.tersor", &name, "-o", "x.safetensors"]).succeeds();
    assert!(run.stderr.len() < 500);
}

/// A container without files: all checksums are right, but the digest of the last tensor is wrong.
#[test]
fn a_wrong_digest_of_a_tensor_is_found() {
    let folder = Folder::new();
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    for name in ["a", "b", "c"] {
        encoder
            .add(name, TensorView::new(Dtype::F32, &[50], &Random(name.len() as u64 + 7).f32s(50)).unwrap())
            .unwrap();
    }
    encoder.add("d", TensorView::new(Dtype::F32, &[50], &[1; 200]).unwrap()).unwrap();
    let mut file = encoder.finish().unwrap().0;
    folder.write("valid.tersor", &file);
    let footer = file.len() - 32;
    let index = u64::from_le_bytes(file[footer..footer + 8].try_into().unwrap()) as usize;
    file[footer - 4 - 1] ^= 1;
    let checksum = crc32fast::hash(&file[index..footer - 4]);
    file[footer - 4..footer].copy_from_slice(&checksum.to_le_bytes());
    folder.write("m.tersor", &file);
    for args in [&["decode", "m.tersor"][..], &["decode", "m.tersor", "-o", "-"], &["verify", "m.tersor"]] {
        folder.refuses(args, 1, &["m.tersor: the digest of the decoded bytes does not match", "tensor d"]);
    }
    folder.run(&["decode", "valid.tersor"]).succeeds();
}

/// The product of all dimensions is 0, but the product of the first two overflows.
#[test]
fn a_shape_that_overflows() {
    let folder = Folder::new();
    let shape = [1 << 40, 1 << 40, 0];
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("vast", TensorView::new(Dtype::F32, &shape, &[]).unwrap()).unwrap();
    encoder.add("a", TensorView::new(Dtype::U8, &[0, 4], &[]).unwrap()).unwrap();
    folder.write("m.tersor", &encoder.finish().unwrap().0);
    folder.refuses(
        &["extract", "m.tersor", "vast", "-o", "x.npy"],
        2,
        &["NumPy", "vast", "1099511627776", ".safetensors"],
    );
    folder.run(&["extract", "m.tersor", "vast", "-o", "x.safetensors"]).succeeds();
    let file = folder.read("x.safetensors");
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("[1099511627776,1099511627776,0]"), "{text}");
    folder.run(&["extract", "m.tersor", "a", "-o", "a.npy"]).succeeds();
    for verb in ["inspect", "verify", "decode"] {
        folder.run(&[verb, "m.tersor"]).succeeds();
    }
}

/// The container has the path of one of its decoded files.
#[test]
fn the_input_is_not_replaced() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/m.tersor", b"whatever");
    folder.run(&["encode", "net"]).succeeds();
    folder.write("net/m.tersor", &folder.read("net.tersor"));
    folder.refuses(
        &["decode", "net/m.tersor", "-o", "net", "--force"],
        2,
        &["net/m.tersor: a decoded file would replace the input", "-o"],
    );
    folder.run(&["decode", "net/m.tersor", "-o", "out"]).succeeds();
    assert_eq!(folder.read("out/m.tersor"), b"whatever");
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Builds a container without segments: a file `a.txt` that consists of its prefix, and two empty tensors that belong
/// to no file.
fn file_and_tensors(folder: &Folder) -> Vec<u8> {
    let text = b"all prefix";
    let packed = |content: &[u8]| [&varint(content.len() as u64), &[0][..], content].concat();
    let frame = |kind: u8, head: &[u8]| {
        let frame = [&[kind], &varint(head.len() as u64)[..], &[0], head].concat();
        [&frame[..], &crc32fast::hash(&frame).to_le_bytes()].concat()
    };
    // copy the header of another container
    folder.write("any.safetensors", &safetensors(&[], &[]));
    folder.run(&["encode", "any.safetensors", "--force"]).succeeds();
    let header = folder.read("any.tersor")[..24].to_vec();
    // no metadata; twice one file, in no folder: path, prefix, entries; two entries: flags, dtypes, ranks, shapes, lengths of names, names
    let file = [&[0, 2, 5][..], b"a.txt", &varint(text.len() as u64), text, &[0]].concat();
    let manifest = frame(1, &packed(&[&file[..], &[2, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1], b"xy"].concat()));
    let place = [varint(header.len() as u64), varint(manifest.len() as u64)].concat();
    let index = frame(3, &[&place[..], &packed(&[0]), blake3::hash(text).as_bytes()].concat());
    let start = (header.len() + manifest.len()) as u64;
    let mut footer = Vec::new();
    for number in [start, index.len() as u64, start + index.len() as u64 + 32] {
        footer.extend_from_slice(&number.to_le_bytes());
    }
    footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
    [&header[..], &manifest, &index, &footer, b"TSRE"].concat()
}

#[test]
fn tensors_without_a_file_are_reported() {
    let folder = Folder::new();
    folder.write("m.tersor", &file_and_tensors(&folder));
    let run = folder.run(&["decode", "m.tersor", "--quiet"]).succeeds();
    assert!(run.stderr.contains("no file") && run.stderr.contains("not written: 2"), "{}", run.stderr);
    assert_eq!(folder.read("a.txt"), b"all prefix");
    folder.run(&["extract", "m.tersor", "y", "-o", "y.npy"]).succeeds();
    folder.run(&["inspect", "m.tersor"]).succeeds();
}

/// The estimated time to decode is compared with the limit before anything is decoded.
#[test]
fn slow_files_are_refused_on_request() {
    let folder = Folder::with_container();
    let refusal = ["decoding takes about", "the limit is 10.0", "--max-work"];
    for args in [&["verify", "model.tersor"][..], &["decode", "model.tersor", "-o", "-"], &["report", "model.tersor"]] {
        folder.refuses(&[args, &["--max-work", "0.00001"]].concat(), 1, &refusal);
        folder.run(&[args, &["--max-work", "60"]].concat()).succeeds();
    }
    folder.refuses(&["verify", "model.tersor", "--max-work", "a day"], 2, &["number of seconds", "unlimited"]);
}
