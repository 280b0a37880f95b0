//! Small files that cost much: many entries, many axes, and entries that alternate between segments.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use conformance::encoder::container::Representation;
use conformance::vectors::build::{segment, tensor};
use conformance::vectors::good::Vector;
use conformance::wire::manifest::File;
use tersor::{Dtype, EncodeOptions, Encoder, TensorView};

use crate::support::Folder;

/// The elements of the largest chunk.
const CHUNK_ELEMENTS: u64 = 1 << 22;

/// Builds a container with tensors that have no elements.
fn empty_tensors(count: usize) -> Vec<u8> {
    tensors((0..count).map(|number| (format!("{number:x}"), vec![0])))
}

/// Builds a container with tensors that have one element and the most axes.
fn many_axes(count: usize) -> Vec<u8> {
    tensors((0..count).map(|number| (format!("{number:x}"), vec![1; 65_535])))
}

fn tensors(shapes: impl Iterator<Item = (String, Vec<u64>)>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    for (name, shape) in shapes {
        let bytes = vec![7; usize::from(!shape.contains(&0))];
        encoder.add(&name, TensorView::new(Dtype::U8, &shape, &bytes).unwrap()).unwrap();
    }
    encoder.finish().unwrap().0
}

/// Builds a container with one file of `count` entries. Each lies in another segment than the entry before it, and each
/// segment is a single chunk of the largest size. The numbers of entries and segments are powers of two.
fn alternating(count: usize, segments: usize) -> Vec<u8> {
    let own = CHUNK_ELEMENTS / (count / segments) as u64;
    let entries = (0..count).map(|number| tensor(&format!("{number:x}"), "U64", &[own], vec![0; 8 * own as usize]));
    let chunk = Representation::Frames(vec![zeros(8 * CHUNK_ELEMENTS)]);
    let items = (0..segments).map(|first| {
        let members: Vec<usize> = (first..count).step_by(segments).collect();
        segment(&members, CHUNK_ELEMENTS, chunk.clone())
    });
    let mut vector = Vector::new("", "", entries.collect(), items.collect());
    vector.files = vec![File { path: b"m.bin".to_vec(), prefix: Vec::new(), entries: count as u64 }];
    vector.parts().assemble()
}

/// Returns a zstd frame of `len` zeros, in blocks that repeat one byte.
fn zeros(len: u64) -> Vec<u8> {
    const BLOCK_BYTES: u32 = 128 << 10;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    frame.extend((len as u32).to_le_bytes());
    let count = len / u64::from(BLOCK_BYTES);
    for number in 1..=count {
        let header = u32::from(number == count) | 1 << 1 | BLOCK_BYTES << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// Runs the command with limits on the address space in KiB and on the time of the processor in seconds. Threads and
/// their heaps take address space that is not used, so there are few.
fn limited(folder: &Folder, [space, seconds]: [u32; 2], args: &[&str]) {
    let line = format!("ulimit -v {space} && ulimit -t {seconds} && exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line, env!("CARGO_BIN_EXE_tersor")]).args(args);
    shell.env("RAYON_NUM_THREADS", "2").env("MALLOC_ARENA_MAX", "1");
    let output = shell.current_dir(folder.path()).stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs every verb on the container `m.tersor`.
fn every_verb(folder: &Folder, limits: [u32; 2]) {
    let verbs: [&[&str]; 10] = [
        &["inspect", "m.tersor"],
        &["inspect", "m.tersor", "--json"],
        &["verify", "m.tersor"],
        &["decode", "m.tersor", "-o", "-"],
        &["diff", "m.tersor", "m.tersor", "--threads", "2"],
        &["diff", "m.tersor", "m.tersor", "--threads", "2", "--json"],
        &["report", "m.tersor", "--json"],
        &["report", "m.tersor", "--csv"],
        &["report", "m.tersor", "--html", "page.html"],
        &["extract", "m.tersor", "1f", "-o", "x.safetensors"],
    ];
    verbs.iter().for_each(|args| limited(folder, limits, args));
}

#[test]
fn many_empty_tensors_take_little_memory() {
    let folder = Folder::new();
    folder.write("m.tersor", &empty_tensors(100_000));
    every_verb(&folder, [120_000, 100]);
}

#[test]
fn many_axes_take_little_memory() {
    let folder = Folder::new();
    folder.write("m.tersor", &many_axes(50));
    every_verb(&folder, [110_000, 100]);
}

/// Decoding a chunk again for each of its tensors would take minutes.
#[test]
fn chunks_that_tensors_share_are_decoded_once() {
    let folder = Folder::new();
    folder.write("m.tersor", &alternating(2048, 4));
    every_verb(&folder, [200_000, 20]);
}
