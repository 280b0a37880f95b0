//! Encodes tensors one by one to a file, then reads them back.
//!
//! `cargo run --example encode_tensors`

use std::fs::File;
use std::io::BufWriter;

use tersor::{Dtype, EncodeOptions, Encoder, Reader, TensorView};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("tersor-example-{}.tersor", std::process::id()));

    // a layer of 64 x 512 weights, and its bias in bf16, for which Rust has no type: the upper two bytes of an f32
    let weights: Vec<f32> = (0..64 * 512).map(|i| (i as f32 * 0.37).sin() * 0.05).collect();
    let bias: Vec<u8> = weights[..64].iter().flat_map(|value| value.to_le_bytes()[2..].to_vec()).collect();

    let file = BufWriter::new(File::create(&path)?);
    let mut encoder = Encoder::new(file, EncodeOptions::default().with_level(6))?;
    encoder.add_metadata("task", "example")?;
    encoder.add("layer.weight", TensorView::from_slice(&weights, &[64, 512])?)?;
    encoder.add("layer.bias", TensorView::new(Dtype::BF16, &[64], &bias)?)?;
    // the same bytes again are stored once
    encoder.add("tied.weight", TensorView::from_slice(&weights, &[512, 64])?)?;
    let (_, summary) = encoder.finish()?;
    println!("{} bytes of tensors became {} bytes", summary.raw_bytes, summary.coded_bytes);

    let reader = Reader::open(&path)?;
    for tensor in reader.tensors() {
        let same = tensor.alias_of().map_or(String::new(), |other| format!(", the same as {}", other.name()));
        println!("{}: {} {:?}{same}", tensor.name(), tensor.dtype(), tensor.shape());
    }
    let tensor = reader.tensor("layer.weight").ok_or("the tensor is missing")?;
    assert_eq!(tensor.decode_as::<f32>()?, weights);
    println!("all values came back bit for bit");
    std::fs::remove_file(&path)?;
    Ok(())
}
