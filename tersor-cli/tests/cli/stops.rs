//! Full disks, closed pipes and signals leave no files behind.
#![cfg(unix)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Folder, Random, command, model, safetensors};

#[test]
fn no_space() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = Folder::with_container();
    for args in [
        &["encode", "model.safetensors", "-o", "/dev/full"][..],
        &["decode", "model.tersor", "-o", "/dev/full"],
        &["extract", "model.tersor", "layer.weight", "-o", "/dev/full"],
    ] {
        folder.refuses(args, 1, &["/dev/full", "No space left", "free some space"]);
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command().current_dir(folder.path()).args(["inspect", "model.tersor"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// The system limits the size of files.
#[test]
fn a_limit_on_file_sizes() {
    let folder = Folder::with_container();
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/b.safetensors", &model(2));
    folder.run(&["encode", "net"]).succeeds();
    let before = folder.listing();
    for args in [
        &["encode", "model.safetensors", "-o", "x.tersor"][..],
        &["encode", "model.safetensors", "--force"],
        &["decode", "model.tersor", "-o", "x"],
        &["decode", "net.tersor", "-o", "folder"],
        &["decode", "net.tersor", "-o", "net", "--force"],
        &["extract", "model.tersor", "layer.weight", "-o", "x.npy"],
    ] {
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tersor")]);
        let output = limited.args(args).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("cannot write") && said.contains("ulimit"), "{said}");
        assert!(folder.listing() == before, "{args:?} left something behind");
    }
}

#[test]
fn closed_pipes_are_quiet() {
    let folder = Folder::new();
    let mut random = Random(1);
    let names: Vec<String> = (0..3000).map(|number| format!("a.rather.long.name.of.a.tensor.{number}")).collect();
    let tensors: Vec<_> = names.iter().map(|name| (name.as_str(), "F32", &[40u64][..], random.f32s(40))).collect();
    folder.write("m.safetensors", &safetensors(&[], &tensors));
    folder.run(&["encode", "m.safetensors", "--level", "1"]).succeeds();
    for (args, code) in [
        (&["inspect", "m.tersor"][..], 0),
        (&["inspect", "m.tersor", "--json"], 0),
        (&["decode", "m.tersor", "-o", "-"], 1),
        (&["encode", "m.safetensors", "-o", "-"], 1),
    ] {
        let mut child = command()
            .current_dir(folder.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 8];
        let mut pipe = child.stdout.take().unwrap();
        pipe.read_exact(&mut first).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

/// Returns the command with default actions for signals, if `env` supports it: a test in the background ignores SIGINT.
fn interruptible() -> Command {
    let plain = Command::new("env").args(["--default-signal=INT,HUP,TERM", "true"]).stderr(Stdio::null()).status();
    if plain.is_ok_and(|status| status.success()) {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,HUP,TERM", env!("CARGO_BIN_EXE_tersor")]).stdin(Stdio::null());
        return command;
    }
    command()
}

fn wait_for(what: &str, mut found: impl FnMut() -> bool) {
    let start = Instant::now();
    while !found() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends `signal` as soon as a temporary name appears. The input on stdin is incomplete, so the command waits for more.
fn stopped(folder: &Folder, args: &[&str], stdin: &[u8], signal: &str) {
    let before = names(folder);
    let mut command = interruptible();
    let mut child =
        command.current_dir(folder.path()).args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(stdin).unwrap();
    wait_for("a temporary file", || {
        assert!(child.try_wait().unwrap().is_none(), "{args:?} ended before it could be stopped");
        names(folder).iter().any(|name| name.starts_with(".tersor-"))
    });
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    wait_for("the end", || child.try_wait().unwrap().is_some());
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(names(folder), before, "{args:?}");
}

/// Returns the names in the folder and in its subfolder `net`.
fn names(folder: &Folder) -> Vec<String> {
    let items = [".", "net"].into_iter().flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap());
    let mut names: Vec<_> = items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn signals_leave_nothing_behind() {
    let folder = Folder::new();
    let mut random = Random(11);
    // the values repeat after 4 MB, which the encoder does not detect
    let some: Vec<u8> = random.f32s(1 << 20);
    let bytes = some.repeat(16);
    let tensors = [
        ("a", "F32", &[1 << 12, 1 << 11][..], bytes[..32 << 20].to_vec()),
        ("b", "I32", &[1 << 23], bytes[32 << 20..].to_vec()),
    ];
    folder.make_folder("net");
    folder.write("net/large.safetensors", &safetensors(&[], &tensors));
    folder.write("net/config.json", b"{}");
    for signal in ["-INT", "-TERM"] {
        stopped(&folder, &["encode", "net/large.safetensors", "-o", "x.tersor", "--level", "9"], &[], signal);
    }
    folder.write("x.tersor", b"precious");
    stopped(&folder, &["encode", "net", "-o", "x.tersor", "--level", "9", "--force"], &[], "-INT");
    assert_eq!(folder.read("x.tersor"), b"precious");
    // a folder that is being written
    folder.run(&["encode", "net", "--level", "1"]).succeeds();
    let container = folder.read("net.tersor");
    let incomplete = &container[..container.len() / 4 * 3];
    stopped(&folder, &["decode", "-", "-o", "out", "--threads", "1"], incomplete, "-INT");
    stopped(&folder, &["decode", "-", "-o", "net", "--threads", "1", "--force"], incomplete, "-HUP");
}
