//! Quantises a model to some sizes, and prints for each one how far it is above the Gaussian rate-distortion bound:
//! `cargo run --release --example quantize -- model.safetensors 2 3 4 5`. Without arguments it takes a small network of this
//! repository.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use tersor::{EncodeOptions, FileInput, Quantization, Quantized};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "tests/data/lenet300.safetensors".to_owned());
    let mut sizes: Vec<String> = arguments.collect();
    if sizes.is_empty() {
        sizes = ["2", "4"].map(str::to_owned).to_vec();
    }
    let name = Path::new(&path).file_name().and_then(|name| name.to_str()).ok_or("the path has no name")?;
    let file = std::fs::File::open(&path)?;
    println!("{:>6} {:>12} {:>10} {:>8} {:>8} {:>8}", "asked", "bytes", "bits", "NMSE", "gap", "seconds");
    for bits in sizes {
        let start = Instant::now();
        let options =
            EncodeOptions::default().with_threads(1).with_quantization(Quantization::bits_per_weight(bits.parse()?)?);
        let quantized = Quantized::of_files(&[FileInput::of_source(name, &file)], options)?;
        let weights = quantized.summary().weights as f64;
        let rate = 8.0 * quantized.summary().coded_bytes as f64 / weights;
        let (mut bound, mut error, mut lossy) = (0.0, 0.0, 0.0);
        for tensor in quantized.tensors().iter().filter(|tensor| tensor.is_lossy()) {
            let own = tensor.weights() as f64;
            bound += own / weights * 0.5 * (1.0 / tensor.nmse()).log2();
            error += own * tensor.nmse();
            lossy += own;
        }
        let (bytes, seconds) = (quantized.summary().coded_bytes, start.elapsed().as_secs_f64());
        println!("{bits:>6} {bytes:>12} {rate:>10.4} {:>8.2e} {:>8.4} {seconds:>8.2}", error / lossy, rate - bound);
    }
    Ok(())
}
