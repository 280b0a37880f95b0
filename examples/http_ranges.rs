//! Reads one tensor of a model on a web server by range requests: only its own bytes travel.
//!
//! `cargo run --example http_ranges`
//!
//! The server of this example is a thread; an object store answers range requests in the same way.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tersor::{EncodeOptions, Encoder, ReadAt, Reader, TensorView};

/// A file behind a URL.
struct HttpFile {
    agent: ureq::Agent,
    url: String,
    len: u64,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl HttpFile {
    fn open(url: String) -> io::Result<Self> {
        // a proxy cannot reach the server of this example
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let response = agent.head(&url).call().map_err(io::Error::other)?;
        let len = response.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        let len = len.ok_or_else(|| io::Error::other("the server does not give the length of the file"))?;
        Ok(Self { agent, url, len, requests: AtomicU64::new(1), bytes: AtomicU64::new(0) })
    }
}

impl ReadAt for HttpFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let Some(last) = (offset + buffer.len() as u64).checked_sub(1).filter(|_| !buffer.is_empty()) else {
            return Ok(());
        };
        let request = self.agent.get(&self.url).header("range", format!("bytes={offset}-{last}"));
        let mut response = request.call().map_err(io::Error::other)?;
        if response.status() != 206 {
            return Err(io::Error::other("the server does not answer range requests"));
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        response.body_mut().as_reader().read_exact(buffer)
    }
}

/// Answers HEAD requests and range requests on one connection until the client closes it.
fn serve(connection: TcpStream, file: &[u8]) -> io::Result<()> {
    let mut output = connection.try_clone()?;
    let mut lines = BufReader::new(connection).lines();
    while let Some(request) = lines.next().transpose()? {
        let mut range = None;
        // the headers end with an empty line
        while let Some(header) = lines.next().transpose()?.filter(|header| !header.is_empty()) {
            if let Some((_, bounds)) = header.split_once("bytes=") {
                range = bounds.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse::<usize>().ok()? + 1)));
            }
        }
        if request.starts_with("HEAD") {
            write!(output, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len())?;
            continue;
        }
        let (start, end) = range.unwrap_or((0, file.len()));
        let (body, len) = (&file[start..end], file.len());
        write!(output, "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n", body.len())?;
        write!(output, "Content-Range: bytes {start}-{}/{len}\r\n\r\n", end - 1)?;
        output.write_all(body)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_level(1))?;
    for layer in 0..8 {
        let weights: Vec<f32> = (0..128 * 256).map(|i| ((i + layer) as f32 * 0.37).sin()).collect();
        encoder.add(&format!("layer.{layer}"), TensorView::from_slice(&weights, &[128, 256])?)?;
    }
    let file = encoder.finish()?.0;
    let len = file.len();

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/model.tersor", listener.local_addr()?);
    let file: &'static [u8] = file.leak();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || serve(connection, file));
        }
    });

    let source = Arc::new(HttpFile::open(url)?);
    let reader = Reader::new(Arc::clone(&source))?;
    let row: Vec<f32> = reader.tensor("layer.5").ok_or("no tensor of this name")?.rows(100..101)?.decode_as()?;
    println!("row 100 of layer.5 begins with {:?}", &row[..3]);
    let (requests, bytes) = (source.requests.load(Ordering::Relaxed), source.bytes.load(Ordering::Relaxed));
    println!("{requests} requests, {bytes} of the {len} bytes of the file");
    Ok(())
}
