//! Files that mean harm.

use crate::support::{Folder, safetensors};

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
    // in errors, too
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

/// A container whose only file is named `name`, of 10 bytes, checksums and all.
fn named(folder: &Folder, name: &str) -> Vec<u8> {
    folder.make_folder("one");
    folder.write("one/innocent.j", b"x");
    folder.run(&["encode", "one"]).succeeds();
    let mut file = folder.read("one.tersor");
    let place = file.windows(10).position(|window| window == b"innocent.j").unwrap();
    file[place..place + 10].copy_from_slice(name.as_bytes());
    // the manifest is the first frame: kind, length of the head, length of the body (0), head, checksum
    let (head_len, start) = (usize::from(file[25]), 24);
    assert!(file[24] == 1 && head_len < 128 && file[26] == 0 && place < start + 3 + head_len);
    let end = start + 3 + head_len;
    let checksum = crc32fast::hash(&file[start..end]);
    file[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    std::fs::remove_dir_all(folder.join("one")).unwrap();
    std::fs::remove_file(folder.join("one.tersor")).unwrap();
    file
}

#[test]
fn no_name_leaves_the_folder() {
    for name in ["../../evil", "/tmp/evil!", "..\\..\\evil", "c:evil.exe", "evil\n12345", "evil....  "] {
        let folder = Folder::new();
        folder.make_folder("deep");
        folder.write("deep/m.tersor", &named(&folder, name));
        for args in
            [&["decode", "deep/m.tersor"][..], &["decode", "deep/m.tersor", "-o", "out"], &["verify", "deep/m.tersor"]]
        {
            folder.refuses(args, 1, &["cannot be a file's name"]);
        }
    }
    let folder = Folder::new();
    folder.write("m.tersor", &named(&folder, "fine.name!"));
    folder.run(&["decode", "m.tersor"]).succeeds();
    assert_eq!(folder.read("fine.name!"), b"x");
}

#[test]
fn a_hidden_name_is_only_used_if_told() {
    let folder = Folder::new();
    folder.write("m.tersor", &named(&folder, ".bashrc_10"));
    folder.refuses(&["decode", "m.tersor"], 2, &[".bashrc_10", "hidden", "-o"]);
    folder.run(&["decode", "m.tersor", "-o", ".bashrc_10"]).succeeds();
}

#[test]
fn the_stored_name_is_no_way_to_overwrite() {
    let folder = Folder::new();
    folder.write("m.tersor", &named(&folder, "victim.txt"));
    folder.write("victim.txt", b"precious");
    folder.refuses(&["decode", "m.tersor"], 2, &["victim.txt", "exists"]);
}

/// Every checksum is right, and the digest of the file is another's.
#[test]
fn a_wrong_digest_of_a_file_is_found() {
    let folder = Folder::with_container();
    let mut file = folder.read("model.tersor");
    // footer: place of the index frame first; the file's digest is the last of its head, then its checksum
    let footer = file.len() - 32;
    let index = u64::from_le_bytes(file[footer..footer + 8].try_into().unwrap()) as usize;
    file[footer - 4 - 32] ^= 1;
    let checksum = crc32fast::hash(&file[index..footer - 4]);
    file[footer - 4..footer].copy_from_slice(&checksum.to_le_bytes());
    folder.write("m.tersor", &file);
    folder.refuses(&["verify", "m.tersor"], 1, &["m.tersor: the digest of file model.safetensors does not match"]);
}
