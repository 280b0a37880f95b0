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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("free some space, or send the output elsewhere") && !said.contains("-o"), "{said}");
}

/// The system limits the size of files, and stops a command that goes beyond, unless the command handles this.
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
        limited.args(["-c", "ulimit -f 16 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tersor")]);
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
/// The signals in `ignored`, such as `HUP,INT`, are ignored.
fn interruptible(ignored: &str) -> Command {
    let plain = Command::new("env").args(["--default-signal=INT,HUP,TERM", "true"]).stderr(Stdio::null()).status();
    let mut command = command();
    if plain.is_ok_and(|status| status.success()) {
        command = Command::new("env");
        command.arg("--default-signal=INT,HUP,TERM");
        if !ignored.is_empty() {
            command.arg(format!("--ignore-signal={ignored}"));
        }
        command.arg(env!("CARGO_BIN_EXE_tersor")).stdin(Stdio::null());
    }
    command
}

fn wait_for(what: &str, mut found: impl FnMut() -> bool) {
    let start = Instant::now();
    while !found() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How a command is stopped.
#[derive(Clone, Copy)]
struct Stop<'a> {
    /// Signals that the caller ignores.
    ignored: &'a str,
    /// The signal to send, as an argument of `kill`.
    signal: &'a str,
    /// The exit status; `None` if the signal itself ends the command.
    status: Option<i32>,
}

/// Stops a command as soon as it writes a temporary file. The input on stdin is incomplete, so the command waits for
/// more.
fn stopped(folder: &Folder, args: &[&str], stdin: &[u8], stop: Stop<'_>) {
    let before = names(folder);
    let mut command = interruptible(stop.ignored);
    let mut child =
        command.current_dir(folder.path()).args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(stdin).unwrap();
    wait_for("a temporary file", || {
        assert!(child.try_wait().unwrap().is_none(), "{args:?} ended before it could be stopped");
        names(folder).iter().any(|name| name.starts_with(".tersor-")) || writes_unnamed(child.id(), folder)
    });
    let kill = |signal: &str| {
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    };
    for ignored in stop.ignored.split(',').filter(|name| !name.is_empty()) {
        kill(&format!("-{ignored}"));
    }
    std::thread::sleep(Duration::from_millis(50));
    kill(stop.signal);
    wait_for("the end", || child.try_wait().unwrap().is_some());
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), stop.status, "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(names(folder), before, "{args:?}");
}

/// Returns whether the system can make files without names in the folder.
fn unnamed_files(folder: &Folder) -> bool {
    const O_TMPFILE: i32 = 0o20_200_000;
    let mut options = std::fs::File::options();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options.write(true), O_TMPFILE);
    cfg!(all(target_os = "linux", target_arch = "x86_64")) && options.open(folder.path()).is_ok()
}

/// Returns whether the process has an open file in the folder that has no name.
fn writes_unnamed(process: u32, folder: &Folder) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let folder = folder.path().canonicalize().unwrap();
    let mut files = open.filter_map(|item| std::fs::read_link(item.ok()?.path()).ok());
    files.any(|path| path.starts_with(&folder) && path.to_string_lossy().ends_with(" (deleted)"))
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
    let stop = |signal, status| Stop { ignored: "", signal, status };
    let encode = &["encode", "net/large.safetensors", "-o", "x.tersor", "--level", "9"][..];
    for (signal, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        stopped(&folder, encode, &[], stop(signal, Some(status)));
    }
    // as `nohup` and the `&` of a script start a command
    for ignored in ["HUP", "INT"] {
        stopped(&folder, encode, &[], Stop { ignored, signal: "-TERM", status: Some(143) });
    }
    folder.write("x.tersor", b"precious");
    let replace = &["encode", "net", "-o", "x.tersor", "--level", "9", "--force"][..];
    stopped(&folder, replace, &[], stop("-INT", Some(130)));
    // a folder that is being written
    folder.run(&["encode", "net", "--level", "1"]).succeeds();
    let container = folder.read("net.tersor");
    let incomplete = &container[..container.len() / 4 * 3];
    let decode = &["decode", "-", "-o", "out", "--threads", "1"][..];
    stopped(&folder, decode, incomplete, stop("-INT", Some(130)));
    let decode_again = &["decode", "-", "-o", "net", "--threads", "1", "--force"][..];
    stopped(&folder, decode_again, incomplete, stop("-HUP", Some(129)));
    // no command can do anything about SIGKILL, but a file without a name vanishes
    if unnamed_files(&folder) {
        for (args, stdin) in [(replace, &[][..]), (decode, incomplete), (decode_again, incomplete)] {
            stopped(&folder, args, stdin, stop("-KILL", None));
        }
    }
    assert_eq!(folder.read("x.tersor"), b"precious");
}

/// Another program writes to the input, or cuts it, while it is encoded.
#[test]
fn an_input_that_changes_is_refused() {
    let folder = Folder::new();
    folder.make_folder("net");
    let bytes = Random(12).f32s(1 << 20).repeat(8);
    let model = safetensors(&[], &[("a", "F32", &[1 << 12, 1 << 11], bytes)]);
    for cut in [false, true] {
        folder.write("net/a.safetensors", &model);
        let before = names(&folder);
        let mut command = interruptible("");
        command.current_dir(folder.path()).args(["encode", "net", "-o", "x.tersor", "--level", "1", "--threads", "1"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait_for("a temporary file", || {
            assert!(child.try_wait().unwrap().is_none(), "it ended before the input could change");
            names(&folder).iter().any(|name| name.starts_with(".tersor-")) || writes_unnamed(child.id(), &folder)
        });
        let file = std::fs::File::options().write(true).open(folder.join("net/a.safetensors")).unwrap();
        match cut {
            true => file.set_len(1000).unwrap(),
            false => std::os::unix::fs::FileExt::write_all_at(&file, b"changed", model.len() as u64 - 7).unwrap(),
        }
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("net/a.safetensors: the file changed while it was read"), "{said}");
        assert_eq!(names(&folder), before);
    }
}
