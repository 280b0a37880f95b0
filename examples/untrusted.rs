//! Opens files that are damaged, hostile or of another format, and shows the errors.
//!
//! `cargo run --example untrusted`

use std::time::Duration;

use tersor::{DecodeOptions, EncodeOptions, Encoder, ErrorKind, Limits, Reader, TensorView};

/// Decodes every tensor of an uploaded file and returns the number of its bytes.
fn check_upload(file: &[u8]) -> tersor::Result<usize> {
    // a file may ask for 1 MiB in all, in at most 1000 tensors, and for a second of time
    let limits = Limits::default()
        .with_total_bytes(1 << 20)
        .with_tensors(1000)
        .with_head_bytes(16 << 20)
        .with_work(Duration::from_secs(1));
    let reader = Reader::with_options(file, DecodeOptions::default().with_limits(limits))?;
    let mut bytes = 0;
    for tensor in reader.tensors() {
        // compares with the digest; the checksums are checked in any case
        tensor.verify()?;
        bytes += tensor.byte_len() as usize;
    }
    Ok(bytes)
}

fn encode(values: &[u8]) -> tersor::Result<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
    encoder.add("x", TensorView::from_slice(values, &[values.len() as u64])?)?;
    Ok(encoder.finish()?.0)
}

fn main() -> tersor::Result<()> {
    let good = encode(&[7; 100_000].map(|byte: u8| byte.wrapping_mul(3)))?;
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 1;
    // 4 MiB of zeros take a few hundred bytes, so the size of a file says nothing about the memory it needs
    let bomb = encode(&vec![0; 4 << 20])?;
    let uploads = [
        ("a good file", &good[..]),
        ("a damaged file", &damaged),
        ("half a file", &good[..good.len() / 2]),
        ("many zeros", &bomb),
        ("another format", b"GGUF and so on"),
    ];
    for (name, file) in uploads {
        match check_upload(file) {
            Ok(bytes) => println!("{name}, {} bytes: {bytes} bytes decoded", file.len()),
            Err(error) if error.kind() == ErrorKind::Limit => {
                println!("{name}, {} bytes: too large: {error}", file.len())
            }
            Err(error) => println!("{name}, {} bytes: {}: {error}", file.len(), error.kind()),
        }
    }
    Ok(())
}
