//! Runs the command in a temporary folder, and builds models.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value, json};

/// A temporary folder.
pub struct Folder(tempfile::TempDir);

/// The result of a run of the command.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tersor"));
    command.stdin(Stdio::null());
    command
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Creates a folder with `model.safetensors`.
    pub fn with_model() -> Self {
        let this = Self::new();
        this.write("model.safetensors", &model(1));
        this
    }

    /// Creates a folder with `model.safetensors` and `model.tersor`.
    pub fn with_container() -> Self {
        let this = Self::with_model();
        this.run(&["encode", "model.safetensors"]).succeeds();
        this
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.join(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn make_folder(&self, name: &str) {
        fs::create_dir(self.join(name)).unwrap();
    }

    /// Lists all files with their bytes, and all folders, including hidden ones.
    pub fn listing(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(folder).unwrap() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                    found.insert(path, None);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    found.insert(path, Some(bytes));
                }
            }
        }
        found
    }

    pub fn run(&self, args: &[&str]) -> Run {
        finish(command().current_dir(self.path()).args(args).output().unwrap())
    }

    /// Runs the command with `stdin` as its input.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        let mut command = command();
        command.current_dir(self.path()).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // a run that fails early does not read its whole input
            scope.spawn(move || drop(pipe.write_all(stdin)));
            finish(child.wait_with_output().unwrap())
        })
    }

    /// Expects a failure with this status and these words, and an unchanged folder.
    pub fn refuses(&self, args: &[&str], code: i32, words: &[&str]) -> Run {
        let before = self.listing();
        let run = self.run(args).fails(code, words);
        assert!(self.listing() == before, "{args:?} left something behind or changed something");
        run
    }
}

fn finish(output: Output) -> Run {
    let Output { status, stdout, stderr } = output;
    Run { code: status.code(), stdout, stderr: String::from_utf8(stderr).unwrap() }
}

impl Run {
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Expects a failure with this status, and a message that contains these words.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.starts_with("tersor: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {}", self.stderr);
        }
        self
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }
}

/// The name, dtype, shape and bytes of a tensor.
pub type Tensor<'a> = (&'a str, &'a str, &'a [u64], Vec<u8>);

/// Builds a safetensors file.
pub fn safetensors(metadata: &[(&str, &str)], tensors: &[Tensor<'_>]) -> Vec<u8> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), metadata.iter().map(|&(k, v)| (k.to_owned(), Value::from(v))).collect());
    }
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let start = data.len();
        data.extend_from_slice(bytes);
        let place = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, data.len()] });
        header.insert((*name).to_owned(), place);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// A pseudo-random number generator (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns `count` little-endian floats that are distributed like weights.
    pub fn f32s(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 * count);
        for _ in 0..count {
            let sum: i64 = (0..4).map(|shift| (self.next() >> (16 + shift) & 0xffff) as i64 - 0x8000).sum();
            bytes.extend_from_slice(&(sum as f32 / 1e6).to_le_bytes());
        }
        bytes
    }

    pub fn bf16s(&mut self, count: usize) -> Vec<u8> {
        self.f32s(count).chunks_exact(4).flat_map(|float| [float[2], float[3]]).collect()
    }
}

/// Builds a model with large and small tensors of several dtypes, an empty tensor, an alias and a scalar.
pub fn model(seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let weight = random.f32s(300 * 64);
    let integers: Vec<u8> = (0..24i64).flat_map(|value| (value * value).to_le_bytes()).collect();
    safetensors(
        &[("format", "pt"), ("note", "a small model")],
        &[
            ("layer.weight", "F32", &[300, 64], weight.clone()),
            ("layer.bias", "F32", &[64], random.f32s(64)),
            ("embedding", "BF16", &[500, 40], random.bf16s(500 * 40)),
            ("tied.weight", "F32", &[300, 64], weight),
            ("positions", "I64", &[4, 6], integers),
            ("mask", "BOOL", &[3, 5], (0..15).map(|index| index % 2).collect()),
            ("nothing", "F32", &[0, 7], Vec::new()),
            ("scale", "F32", &[], 0.125f32.to_le_bytes().to_vec()),
        ],
    )
}

/// Returns the bytes of a tensor of a safetensors file, found with the crate safetensors.
pub fn tensor_of(file: &[u8], name: &str) -> Vec<u8> {
    let file = safetensors::SafeTensors::deserialize(file).unwrap();
    file.tensor(name).unwrap().data().to_vec()
}
