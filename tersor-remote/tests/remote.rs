//! Files on a server, slow or faulty.

mod server;

use std::io;
use std::time::{Duration, Instant};

use server::{Fault, Server};
use tersor::{DecodeOptions, Dtype, EncodeOptions, Encoder, ErrorKind, Reader, TensorView};
use tersor_remote::{RemoteFile, RemoteOptions, is_url, open, open_with};

/// Name, shape and bytes.
type Content = (String, Vec<u64>, Vec<u8>);

/// An embedding and 24 layers: three megabytes.
fn model() -> (Vec<u8>, Vec<Content>) {
    let mut state = 1u64;
    let mut weights = |count: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).flat_map(|_| ((next() + next() + next()) * 0.07).to_le_bytes()).collect()
    };
    let mut tensors = vec![("embedding".to_owned(), vec![5000, 64], weights(5000 * 64))];
    for layer in 0..24 {
        tensors.push((format!("layer.{layer}.weight"), vec![100, 200], weights(100 * 200)));
        tensors.push((format!("layer.{layer}.bias"), vec![100], weights(100)));
    }
    let options = EncodeOptions::default().with_level(1).with_chunk_bytes(32 << 10);
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    for (name, shape, bytes) in &tensors {
        encoder.add(name, TensorView::new(Dtype::F32, shape, bytes).unwrap()).unwrap();
    }
    (encoder.finish().unwrap().0, tensors)
}

fn hurried() -> RemoteOptions {
    RemoteOptions::default().with_patience(Duration::from_secs(2)).with_retries(2)
}

#[test]
fn a_model_comes_in_few_requests_while_it_is_decoded() {
    let (file, tensors) = model();
    let len = file.len() as u64;
    let server = Server::start(file, Duration::from_millis(20), None);
    let reader = open(&server.url()).unwrap();
    let (requests, bytes) = server.take();
    assert!(requests == 2 && bytes <= 80 << 10, "{requests} requests, {bytes} bytes to open");
    let order = reader.stored_order();
    reader.prefetch(order.iter().copied()).unwrap();
    for tensor in &order {
        let (_, shape, bytes) = tensors.iter().find(|(name, ..)| name == tensor.name()).unwrap();
        assert!(tensor.shape() == shape && tensor.decode().unwrap() == *bytes);
    }
    let (requests, bytes) = server.take();
    assert!(requests <= 6 && bytes <= len, "{requests} requests, {bytes} of {len} bytes");
}

#[test]
fn rows_read_only_their_chunks() {
    let (file, tensors) = model();
    let server = Server::start(file, Duration::ZERO, None);
    let reader = open(&server.url()).unwrap();
    server.take();
    let rows = reader.tensor("embedding").unwrap().rows(2000..2010).unwrap().decode().unwrap();
    assert!(rows == tensors[0].2[2000 * 256..2010 * 256]);
    let (requests, bytes) = server.take();
    assert!(requests <= 3 && bytes < 70_000, "{requests} requests, {bytes} bytes for a head and at most two chunks");
}

#[test]
fn ranges_are_read_at_once_by_asynchronous_programs() {
    let (file, _) = model();
    let server = Server::start(file.clone(), Duration::from_millis(50), None);
    let remote = RemoteFile::open(&server.url(), &RemoteOptions::default()).unwrap();
    assert_eq!(remote.size(), file.len() as u64);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let started = Instant::now();
    let ranges: Vec<_> = (0..20).map(|i| i * 30_000..i * 30_000 + 1000).collect();
    let found = runtime.block_on(remote.read_ranges(&ranges)).unwrap();
    for (range, bytes) in ranges.iter().zip(found) {
        assert!(bytes == file[range.start as usize..range.end as usize]);
    }
    assert!(started.elapsed() < Duration::from_millis(50 * 20), "one after another");
    // a blocking call inside an asynchronous program does not panic
    let tensors = runtime.block_on(async { Reader::new(remote).map(|reader| reader.len()) });
    assert_eq!(tensors.unwrap(), 49);
}

#[test]
fn passing_faults_are_overcome() {
    let (file, tensors) = model();
    let server = Server::start(file, Duration::ZERO, None);
    for fault in [Fault::Cut, Fault::Status(500), Fault::Status(503)] {
        let reader = open_with(&server.url(), &hurried(), DecodeOptions::default()).unwrap();
        server.fail(fault, 1);
        assert!(reader.tensor("embedding").unwrap().decode().unwrap() == tensors[0].2, "{fault:?}");
    }
}

#[test]
fn lasting_faults_are_errors_in_bounded_time() {
    let (file, _) = model();
    let faults = [
        (Fault::Cut, ""),
        (Fault::Silence, "timed out"),
        (Fault::Stall, ""),
        (Fault::Status(500), "500"),
        (Fault::Status(416), "416"),
        (Fault::Status(403), "403"),
        (Fault::IgnoresRanges, "range"),
        (Fault::Short, ""),
        (Fault::OtherRange, "requested"),
        (Fault::OtherSize, "the object has changed"),
        (Fault::Changed, "the object has changed"),
        (Fault::ChangedUnnoticed, "the object has changed"),
    ];
    std::thread::scope(|scope| {
        for (fault, text) in faults {
            let server = Server::start(file.clone(), Duration::ZERO, None);
            scope.spawn(move || {
                let reader = open_with(&server.url(), &hurried(), DecodeOptions::default()).unwrap();
                server.fail(fault, u32::MAX);
                let started = Instant::now();
                let error = reader.tensor("embedding").unwrap().decode().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Io, "{fault:?}: {error}");
                assert!(error.to_string().to_lowercase().contains(text), "{fault:?}: {error}");
                assert!(started.elapsed() < Duration::from_secs(12), "{fault:?}: {:?}", started.elapsed());
                let at_opening = open_with(&server.url(), &hurried(), DecodeOptions::default());
                let passes = matches!(fault, Fault::OtherSize | Fault::ChangedUnnoticed);
                assert!(passes || at_opening.is_err(), "{fault:?} at opening");
            });
        }
    });
}

#[test]
fn wrong_bytes_are_never_decoded() {
    let (file, _) = model();
    let server = Server::start(file, Duration::ZERO, None);
    let reader = open(&server.url()).unwrap();
    server.fail(Fault::WrongBytes, u32::MAX);
    let error = reader.tensor("embedding").unwrap().decode().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn addresses_are_checked() {
    assert!(is_url("https://example.org/a.tersor") && is_url("S3://bucket/a") && is_url("gs://bucket/a"));
    assert!(!is_url("model.tersor") && !is_url("c:\\model.tersor") && !is_url("ftp://example.org/a"));
    let kind = |url: &str| RemoteFile::open(url, &hurried()).unwrap_err().kind();
    assert_eq!(kind("model.tersor"), io::ErrorKind::InvalidInput);
    assert_eq!(kind("ftp://example.org/a"), io::ErrorKind::InvalidInput);
    assert_eq!(kind("https://example.org/a?signature=1"), io::ErrorKind::InvalidInput);
    let server = Server::start(vec![1; 100], Duration::ZERO, None);
    assert_eq!(kind(&server.url().replace("model.tersor", "other.tersor")), io::ErrorKind::NotFound);
    assert!(open(&server.url()).unwrap_err().is_foreign_format());
    // nobody listens there
    let started = Instant::now();
    assert!(RemoteFile::open("http://127.0.0.1:1/a", &hurried()).is_err());
    assert!(started.elapsed() < Duration::from_secs(10));
}
