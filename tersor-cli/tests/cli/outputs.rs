//! Outputs that are no ordinary files: links, devices and open files.
#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Folder, model};

/// Runs a line of the shell, in which `$T` is the command.
fn shell(folder: &Folder, line: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path()).env("T", env!("CARGO_BIN_EXE_tersor"));
    shell.status().unwrap().success()
}

#[test]
fn the_path_of_stdout_is_stdout() {
    if !Path::new("/dev/stdout").exists() {
        return;
    }
    let folder = Folder::with_container();
    symlink("/dev/stdout", folder.join("link")).unwrap();
    for path in ["/dev/stdout", "/dev/fd/1", "link", "-"] {
        for force in ["", "--force"] {
            assert!(shell(&folder, &format!("$T encode model.safetensors -o {path} {force} > out")), "{path}");
            assert_eq!(folder.read("out"), folder.read("model.tersor"), "{path} {force}");
            assert!(shell(&folder, &format!("$T decode model.tersor -o {path} {force} > out")), "{path}");
            assert_eq!(folder.read("out"), folder.read("model.safetensors"), "{path} {force}");
        }
    }
    // a file keeps the bytes that it has
    assert!(shell(&folder, "printf before > out; $T encode model.safetensors -o /dev/stdout >> out"));
    assert_eq!(folder.read("out"), [b"before", &folder.read("model.tersor")[..]].concat());
    let terminal = folder.join("link").symlink_metadata().unwrap();
    assert!(terminal.is_symlink() && Path::new("/dev/stdout").symlink_metadata().unwrap().is_symlink());
}

#[test]
fn an_open_file_is_written() {
    if !Path::new("/dev/fd/3").parent().is_some_and(Path::exists) {
        return;
    }
    let folder = Folder::with_container();
    assert!(shell(&folder, "$T encode model.safetensors -o /dev/fd/3 3> out"));
    assert_eq!(folder.read("out"), folder.read("model.tersor"));
}

#[test]
fn the_file_behind_a_link_is_replaced_and_not_the_link() {
    let folder = Folder::with_container();
    folder.make_folder("elsewhere");
    folder.write("elsewhere/real", b"old");
    symlink("elsewhere/real", folder.join("link")).unwrap();
    folder.refuses(&["encode", "model.safetensors", "-o", "link"], 2, &["link", "exists", "--force"]);
    folder.run(&["encode", "model.safetensors", "-o", "link", "--force"]).succeeds();
    assert!(folder.join("link").symlink_metadata().unwrap().is_symlink());
    assert_eq!(folder.read("elsewhere/real"), folder.read("model.tersor"));
    symlink("nowhere", folder.join("broken")).unwrap();
    let args = ["encode", "model.safetensors", "-o", "broken", "--force"];
    folder.run(&args).fails(2, &["broken", "a link whose target is missing"]);
    assert!(folder.join("broken").symlink_metadata().unwrap().is_symlink());
}

/// A link that lies in the output folder could lead the files of a container anywhere.
#[test]
fn no_link_leads_out_of_the_output_folder() {
    let folder = Folder::new();
    for name in ["net/a/b", "outside", "real"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    folder.write("net/a/b/model.safetensors", &model(1));
    folder.write("net/top.safetensors", &model(2));
    folder.run(&["encode", "net"]).succeeds();
    let into = |output: &str| folder.run(&["decode", "net.tersor", "-o", output, "--force"]);
    for (link, target) in [("real/a", "../outside"), ("real/a/b", "../../outside")] {
        let _ = std::fs::create_dir_all(folder.join(link).parent().unwrap());
        symlink(target, folder.join(link)).unwrap();
        folder.refuses(&["decode", "net.tersor", "-o", "real", "--force"], 2, &[link, "a link", "remove the link"]);
        std::fs::remove_file(folder.join(link)).unwrap();
    }
    // the user named the output folder, so it may be a link; a link to a file is replaced
    symlink("real", folder.join("named")).unwrap();
    folder.write("outside/victim", b"precious");
    symlink("../outside/victim", folder.join("real/top.safetensors")).unwrap();
    into("named").succeeds();
    assert!(folder.read("real/a/b/model.safetensors") == model(1) && folder.read("real/top.safetensors") == model(2));
    assert_eq!(folder.read("outside/victim"), b"precious");
    assert!(!folder.join("real/top.safetensors").is_symlink());
}

/// The container has the name of the file, and the user has not.
#[test]
fn a_link_with_the_name_in_a_container_is_not_followed() {
    let folder = Folder::with_container();
    folder.make_folder("out");
    folder.write("victim", b"precious");
    symlink("../victim", folder.join("out/model.safetensors")).unwrap();
    std::fs::rename(folder.join("model.tersor"), folder.join("x.tersor")).unwrap();
    folder.write("keep", &folder.read("model.safetensors"));
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    symlink("victim", folder.join("model.safetensors")).unwrap();
    let words = ["model.safetensors", "a link", "-o"];
    folder.refuses(&["decode", "x.tersor", "-o", "out", "--force"], 2, &words);
    folder.refuses(&["decode", "x.tersor", "--force"], 2, &words);
    // a link that the user names is followed
    folder.run(&["decode", "x.tersor", "-o", "out/model.safetensors", "--force"]).succeeds();
    assert_eq!(folder.read("victim"), folder.read("keep"));
}

/// As with gzip and zstd: nobody can read a file who could not read the one it was made of.
#[test]
fn permissions_and_times_are_kept() {
    use std::fs::{File, Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};
    let folder = Folder::with_model();
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/b.json", b"{}");
    folder.run(&["encode", "net"]).succeeds();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let of = |name: &str| {
        let metadata = metadata(folder.join(name)).unwrap();
        (metadata.permissions().mode() & 0o777, metadata.modified().unwrap())
    };
    for mode in [0o600, 0o640, 0o444] {
        for name in ["model.safetensors", "net.tersor"] {
            File::options().append(true).open(folder.join(name)).unwrap().set_modified(time).unwrap();
            set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
        }
        folder.run(&["encode", "model.safetensors", "-o", "x.tersor", "--force"]).succeeds();
        assert_eq!(of("x.tersor"), (mode, time));
        folder.run(&["decode", "x.tersor", "-o", "y.safetensors", "--force"]).succeeds();
        assert_eq!(of("y.safetensors"), (mode, time));
        let _ = std::fs::remove_dir_all(folder.join("out"));
        for _ in 0..2 {
            folder.run(&["decode", "net.tersor", "-o", "out", "--force"]).succeeds();
            assert_eq!([of("out/a.safetensors"), of("out/b.json")], [(mode, time); 2]);
        }
        for name in ["model.safetensors", "net.tersor"] {
            set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
        }
    }
}
