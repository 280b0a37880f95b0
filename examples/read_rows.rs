//! Reads some rows of an embedding, and some columns, without decoding the whole tensor.
//!
//! `cargo run --example read_rows`

use tersor::{EncodeOptions, Encoder, Reader, TensorView};

const TOKENS: u64 = 4000;
const WIDTH: u64 = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let embedding: Vec<f32> = (0..TOKENS * WIDTH).map(|i| (i as f32 * 0.11).sin() * 0.1).collect();
    // small chunks make rows cheap to read, and the file a little larger
    let options = EncodeOptions::default().with_level(3).with_chunk_bytes(16 << 10);
    let mut encoder = Encoder::new(Vec::new(), options)?;
    encoder.add("embedding", TensorView::from_slice(&embedding, &[TOKENS, WIDTH])?)?;
    let (file, _) = encoder.finish()?;

    // `Reader::open(path)` reads a file; here the file is in memory
    let reader = Reader::new(file)?;
    let tensor = reader.tensor("embedding").ok_or("no tensor of this name")?;

    // ten rows, to a new vector: only the chunks that hold them are decoded
    let rows: Vec<f32> = tensor.rows(1000..1010)?.decode_as()?;
    assert_eq!(rows, embedding[1000 * 64..1010 * 64]);
    println!("row 1000 begins with {:?}", &rows[..3]);

    // one row, to memory that is used again
    let mut row = [0f32; WIDTH as usize];
    for token in [5, 3700, 42] {
        tensor.rows(token..=token)?.decode_into(&mut row)?;
        println!("row {token} begins with {:?}", &row[..3]);
    }

    // the first 2 of 64 columns: this needs every chunk, but only one at a time in memory
    let columns = tensor.slice(1, ..2)?;
    println!("a slice of shape {:?} has the sum {}", columns.shape(), columns.decode_as::<f64>()?.iter().sum::<f64>());
    Ok(())
}
