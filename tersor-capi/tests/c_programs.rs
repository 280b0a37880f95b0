//! The examples in C, compiled against the installed library. Needs bash, a C compiler and pkg-config; with valgrind
//! the programs also run under it. What is absent is skipped with a message.
#![cfg(unix)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The C library, installed in a temporary folder.
struct Installed(TempDir);

impl Installed {
    /// Installs the libraries that were built for the tests; `None` if a tool is absent.
    fn new() -> Option<Self> {
        for tool in ["bash", "cc", "pkg-config"] {
            if !is_there(tool) {
                println!("skipped: there is no {tool}");
                return None;
            }
        }
        let folder = TempDir::new().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
        let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        run(Command::new("bash").arg(script).arg(folder.path()).env("TERSOR_BUILT", built).env_remove("DESTDIR"));
        Some(Self(folder))
    }

    fn lib(&self) -> PathBuf {
        self.0.path().join("lib")
    }

    /// Compiles an example.
    fn compile(&self, example: &str, is_static: bool) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).with_extension("c");
        let program = self.0.path().join(format!("{example}{}", if is_static { "-static" } else { "" }));
        let mut pkg_config = Command::new("pkg-config");
        pkg_config.args(["--cflags", "--libs", "tersor"]).env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"));
        if is_static {
            pkg_config.arg("--static");
        }
        let flags = text(&run(&mut pkg_config).stdout);
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g"]).arg(source).arg("-o").arg(&program);
        for flag in flags.split_whitespace() {
            // the linker takes the shared library where it has the choice
            match (flag, is_static) {
                ("-ltersor", true) => cc.arg(self.lib().join("libtersor.a")),
                _ => cc.arg(flag),
            };
        }
        run(cc.arg(format!("-Wl,-rpath,{}", self.lib().display())));
        program
    }
}

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let streams = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{streams}");
    output
}

/// Runs a program, and again under valgrind if `checks_memory` and if that is there. Returns the output.
fn run_checked(program: &Path, arguments: &[&Path], checks_memory: bool) -> String {
    let output = text(&run(Command::new(program).args(arguments)).stdout);
    if !checks_memory {
        return output;
    }
    if is_there("valgrind") {
        let mut valgrind = Command::new("valgrind");
        // the standard library keeps one block for the main thread, by a pointer into it: possibly lost, says valgrind
        valgrind.args(["--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
        valgrind.arg("--error-exitcode=99");
        assert_eq!(text(&run(valgrind.arg(program).args(arguments)).stdout), output);
    } else {
        println!("not run under valgrind, which is absent");
    }
    output
}

/// Returns the lines that `load` prints, computed by the library.
fn listing(reader: &tersor::Reader<'_>) -> String {
    let mut lines = String::new();
    for tensor in reader.tensors() {
        let shape: Vec<_> = tensor.shape().iter().map(u64::to_string).collect();
        let values: Vec<f64> = tensor.decode_as().unwrap();
        // the sum begins with +0.0, as in C
        let sum = values.iter().fold(0.0, |sum, value| sum + value);
        writeln!(lines, "{} {} [{}] {sum}", tensor.name(), tensor.dtype(), shape.join(",")).unwrap();
    }
    lines
}

/// Compares listings: sums are equal if they are the same number, in any notation.
fn assert_same(found: &str, expected: &str) {
    assert_eq!(found.lines().count(), expected.lines().count());
    for (found, expected) in found.lines().zip(expected.lines()) {
        let [found, expected] = [found, expected].map(|line| line.rsplit_once(' ').unwrap());
        assert_eq!(found.0, expected.0);
        assert_eq!(found.1.parse::<f64>().unwrap().to_bits(), expected.1.parse::<f64>().unwrap().to_bits());
    }
}

#[test]
fn the_programs_in_c_work() {
    let Some(installed) = Installed::new() else { return };
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("model.tersor");
    let mut encoder = tersor::Encoder::new(Vec::new(), tersor::EncodeOptions::default().with_level(3)).unwrap();
    let values: Vec<f32> = (0..60_000).map(|i| (i as f32 * 0.37).sin()).collect();
    let view = tersor::TensorView::from_slice(&values, &[600, 100]).unwrap();
    encoder.add("layer.weight", view).unwrap();
    encoder.add("steps", tersor::TensorView::from_slice(&[17u64], &[]).unwrap()).unwrap();
    let (file, _) = encoder.finish().unwrap();
    std::fs::write(&model, &file).unwrap();
    let expected = listing(&tersor::Reader::new(file.clone()).unwrap());

    let (one, two) = (Path::new("1"), Path::new("2"));
    // the static library has the same code, so valgrind needs to see only one of them
    for is_static in [false, true] {
        let load = installed.compile("load", is_static);
        assert_same(&run_checked(&load, &[&model, one], !is_static), &expected);
        assert_same(&text(&run(Command::new(&load).arg(&model).arg(two)).stdout), &expected);
        let encode = installed.compile("encode", is_static);
        let written = folder.path().join("written.tersor");
        let output = run_checked(&encode, &[&written, one], !is_static);
        assert!(output.ends_with("rows 100 to 109 are equal\n"), "{output}");
        let reader = tersor::Reader::open(&written).unwrap();
        assert_eq!(reader.metadata().collect::<Vec<_>>(), [("made by", "encode.c")]);
        assert_eq!(reader.tensor("layer.weight").unwrap().shape(), [512, 256]);
    }

    // errors
    let load = installed.compile("load", false);
    let absent = Command::new(&load).arg(folder.path().join("absent")).output().unwrap();
    assert_eq!((absent.status.code(), text(&absent.stderr).starts_with("open: io: ")), (Some(1), true));
    let mut damaged = file;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&model, damaged).unwrap();
    let failed = Command::new(&load).arg(&model).output().unwrap();
    let message = text(&failed.stderr);
    assert!(message.starts_with("decode: corrupt: ") && message.contains("tensor layer.weight"), "{message}");
}
