//! Encodes into a network connection and decodes at its other end. Neither side seeks or holds the whole file.
//!
//! `cargo run --example stream`

use std::io::{BufReader, BufWriter};
use std::net::{TcpListener, TcpStream};
use std::thread;

use tersor::{DecodeOptions, EncodeOptions, Encoder, StreamDecoder, TensorView};

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn send(connection: TcpStream) -> Outcome {
    let mut encoder = Encoder::new(BufWriter::new(connection), EncodeOptions::default().with_level(1))?;
    for layer in 0..4 {
        let weights: Vec<f32> = (0..128 * 512).map(|i| ((i + layer) as f32 * 0.37).sin()).collect();
        encoder.add(&format!("layer.{layer}"), TensorView::from_slice(&weights, &[128, 512])?)?;
    }
    encoder.finish()?;
    Ok(())
}

fn receive(connection: TcpStream) -> Outcome {
    let mut stream = StreamDecoder::new(BufReader::new(connection), DecodeOptions::default())?;
    while let Some(part) = stream.next_part()? {
        let name = part.name.unwrap_or("(content of a file)");
        println!("{name}: {} bytes from byte {} of {} {:?}", part.bytes.len(), part.offset, part.dtype, part.shape);
    }
    // `None` above says that the digests and the end of the file were checked, too
    println!("{} bytes received", stream.position());
    Ok(())
}

fn main() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let sender = thread::spawn(move || send(TcpStream::connect(address)?));
    receive(listener.accept()?.0)?;
    sender.join().expect("the sender does not panic")
}
