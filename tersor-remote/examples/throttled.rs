//! Loads a model from a server on this machine whose line is slow, as a Tersor file and as the safetensors file, and prints
//! the times. Both come by requests for ranges, several at once.
//!
//! `cargo run --release -p tersor-remote --example throttled -- model.safetensors [MB a second] [latency in ms]`

#[path = "../tests/server/mod.rs"]
#[allow(dead_code)]
mod server;

use std::error::Error;
use std::time::{Duration, Instant};

use server::Server;
use tersor::{EncodeOptions, FileInput, ReadAhead, ReadAheadOptions, ReadAt, encode_files};
use tersor_remote::{RemoteFile, RemoteOptions};

const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a safetensors file")?;
    let megabytes: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let latency: u64 = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let plain = std::fs::read(path)?;
    let (coded, _) =
        encode_files(&[FileInput::new("model.safetensors", &plain)], Vec::new(), EncodeOptions::default())?;
    println!("{megabytes} MB/s, {latency} ms: {} and {} bytes", plain.len(), coded.len());
    let serve = |file| Server::start(file, Duration::from_millis(latency), Some(megabytes * 1_000_000));
    let (plain_server, coded_server) = (serve(plain.clone()), serve(coded));
    let (mut plain_times, mut coded_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain_times.push(timed(|| load_plain(&plain_server.url(), plain.len()))?);
        coded_times.push(timed(|| load_coded(&coded_server.url()))?);
    }
    let [plain_time, coded_time] = [plain_times, coded_times].map(median);
    let (requests, _) = coded_server.take();
    println!("safetensors {plain_time:.0?}, Tersor {coded_time:.0?} in {} requests", requests / ROUNDS as u64);
    println!("Tersor is there {:.2} times sooner", plain_time.as_secs_f64() / coded_time.as_secs_f64());
    Ok(())
}

fn load_plain(url: &str, len: usize) -> Result<usize, Box<dyn Error>> {
    let source: ReadAhead<RemoteFile> =
        RemoteFile::open(url, &RemoteOptions::default())?.read_ahead(ReadAheadOptions::default())?;
    source.prefetch(&[0..len as u64]);
    let mut bytes = vec![0; len];
    for (number, piece) in bytes.chunks_mut(1 << 20).enumerate() {
        source.read_exact_at((number as u64) << 20, piece)?;
    }
    Ok(bytes.len())
}

fn load_coded(url: &str) -> Result<usize, Box<dyn Error>> {
    let reader = tersor_remote::open(url)?;
    let order = reader.stored_order();
    reader.prefetch(order.iter().copied())?;
    let tensors = order.iter().map(|tensor| tensor.decode()).collect::<tersor::Result<Vec<_>>>()?;
    Ok(tensors.iter().map(Vec::len).sum())
}

fn timed(load: impl Fn() -> Result<usize, Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    let len = load()?;
    assert!(len > 0);
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
