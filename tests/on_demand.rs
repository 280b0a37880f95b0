//! Tensors on demand: rows of an embedding, slow sources that are read ahead, and a cache that threads share.

mod support;

use std::io;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::Random;
use tersor::{
    DecodeOptions, Dtype, EncodeOptions, Encoder, ErrorKind, Limits, ReadAhead, ReadAheadOptions, ReadAt, Reader,
    TensorCache, TensorView,
};

/// A source that takes a while, and knows which ranges were read.
struct Slow {
    bytes: Vec<u8>,
    latency: Duration,
    requests: Mutex<Vec<Range<u64>>>,
}

impl Slow {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, latency: Duration::from_millis(1), requests: Mutex::default() }
    }

    fn take(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

impl ReadAt for Slow {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.requests.lock().unwrap().push(offset..offset + buffer.len() as u64);
        std::thread::sleep(self.latency);
        self.bytes.read_exact_at(offset, buffer)
    }
}

/// Makes weights that look trained.
fn weights(count: usize, random: &mut Random) -> Vec<u8> {
    (0..count).flat_map(|_| ((random.normal() * 0.05) as f32).to_le_bytes()).collect()
}

/// Name, shape and bytes.
type Content = (String, Vec<u64>, Vec<u8>);

/// A model with an embedding, 12 layers, and small tensors between them.
fn model(random: &mut Random) -> (Vec<u8>, Vec<Content>) {
    let mut tensors = vec![("embedding".to_owned(), vec![3000, 48], weights(3000 * 48, random))];
    for layer in 0..12 {
        tensors.push((format!("layer.{layer}.weight"), vec![128, 300], weights(128 * 300, random)));
        tensors.push((format!("layer.{layer}.bias"), vec![128], weights(128, random)));
    }
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_chunk_bytes(16 << 10)).unwrap();
    for (name, shape, bytes) in &tensors {
        encoder.add(name, TensorView::new(Dtype::F32, shape, bytes).unwrap()).unwrap();
    }
    (encoder.finish().unwrap().0, tensors)
}

#[test]
fn selected_rows_are_those_of_the_tensor() {
    let mut random = Random(1);
    for dtype in [Dtype::U8, Dtype::BF16, Dtype::F32, Dtype::F4, Dtype::F6_E2M3, Dtype::C64] {
        // one shape with rows shorter than a chunk, one with longer rows, one with empty rows
        for shape in [vec![700, 4, 4], vec![9, 6000], vec![5, 0]] {
            let bits = shape.iter().product::<u64>() * u64::from(dtype.bits());
            let bytes: Vec<u8> = (0..bits / 8).map(|_| (random.normal() * 9.0) as i8 as u8).collect();
            let options = EncodeOptions::default().with_level(1).with_chunk_bytes(4096);
            let mut encoder = Encoder::new(Vec::new(), options).unwrap();
            encoder.add("x", TensorView::new(dtype, &shape, &bytes).unwrap()).unwrap();
            let reader = Reader::new(encoder.finish().unwrap().0).unwrap();
            let tensor = reader.tensor("x").unwrap();
            for count in [0, 1, 7, 300] {
                let rows: Vec<u64> = (0..count).map(|_| random.below(shape[0])).collect();
                let selection = tensor.select_rows(rows.iter().copied()).unwrap();
                let row_bytes = bytes.len() / shape[0] as usize;
                let expected: Vec<u8> =
                    rows.iter().flat_map(|&row| &bytes[row as usize * row_bytes..][..row_bytes]).copied().collect();
                assert_eq!(selection.shape()[..2], [count, shape[1]]);
                assert!(selection.decode().unwrap() == expected, "{dtype} {shape:?}");
            }
        }
    }
}

#[test]
fn selected_rows_are_converted_and_checked() {
    let values: Vec<f32> = (0..4096).map(|i| i as f32 * 0.5).collect();
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("x", TensorView::from_slice(&values, &[1024, 4]).unwrap()).unwrap();
    encoder.add("scalar", TensorView::from_slice(&[1.0f32], &[]).unwrap()).unwrap();
    encoder.add("odd", TensorView::new(Dtype::F4, &[2, 3], &[0x12, 0x34, 0x56]).unwrap()).unwrap();
    let reader = Reader::new(encoder.finish().unwrap().0).unwrap();
    let x = reader.tensor("x").unwrap();
    assert_eq!(
        x.select_rows([1023u32, 0]).unwrap().decode_as::<f32>().unwrap()[..5],
        [2046.0, 2046.5, 2047.0, 2047.5, 0.0]
    );
    assert_eq!(x.select_rows([1u32]).unwrap().decode_as::<f64>().unwrap(), [2.0, 2.5, 3.0, 3.5]);
    let invalid = |outcome: tersor::Result<Vec<u8>>| {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    };
    assert_eq!(
        invalid(x.select_rows([1024u64]).and_then(|rows| rows.decode())),
        "row 1024 does not exist: the tensor has 1024 rows (tensor x)"
    );
    invalid(reader.tensor("scalar").unwrap().select_rows([0u32]).and_then(|rows| rows.decode()));
    invalid(reader.tensor("odd").unwrap().select_rows([1u32]).and_then(|rows| rows.decode()));
    assert!(x.select_rows([1u32]).unwrap().decode_bytes_into(&mut [0; 15]).is_err());
    // rows that are asked for many times can be more than the tensor
    let limits = Limits::default().with_tensor_bytes(1 << 20);
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("x", TensorView::from_slice(&values, &[1024, 4]).unwrap()).unwrap();
    let reader =
        Reader::with_options(encoder.finish().unwrap().0, DecodeOptions::default().with_limits(limits)).unwrap();
    let many = reader.tensor("x").unwrap().select_rows(vec![7u32; 1 << 17]).unwrap();
    assert_eq!(many.decode().unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn rows_read_their_chunks_once_in_few_requests() {
    let mut random = Random(2);
    let (file, tensors) = model(&mut random);
    let slow = &*Box::leak(Box::new(Slow::new(file)));
    let reader = Reader::new(ReadAhead::new(slow).unwrap()).unwrap();
    slow.take();
    let rows: Vec<u32> = (0..500).map(|_| random.below(3000) as u32).collect();
    let found = reader.tensor("embedding").unwrap().select_rows(rows.iter().copied()).unwrap().decode().unwrap();
    let expected: Vec<u8> = rows.iter().flat_map(|&row| &tensors[0].2[row as usize * 192..][..192]).copied().collect();
    assert!(found == expected);
    let mut requests = slow.take();
    assert!(requests.len() <= 3, "the head, and the chunks: {requests:?}");
    requests.sort_by_key(|range| range.start);
    assert!(requests.windows(2).all(|pair| pair[0].end <= pair[1].start), "nothing is read twice: {requests:?}");
}

#[test]
fn a_model_is_read_in_few_large_requests() {
    let mut random = Random(3);
    let (file, tensors) = model(&mut random);
    let len = file.len() as u64;
    let slow = &*Box::leak(Box::new(Slow::new(file)));
    let ahead = ReadAhead::with_options(slow, ReadAheadOptions::default().with_request_bytes(256 << 10)).unwrap();
    let reader = Reader::new(ahead).unwrap();
    assert!(slow.take().len() <= 2, "opening takes the beginning and the end");
    let order = reader.stored_order();
    assert_eq!(order.len(), tensors.len());
    reader.prefetch(order.iter().copied()).unwrap();
    for tensor in order {
        let (_, shape, bytes) = tensors.iter().find(|(name, ..)| name == tensor.name()).unwrap();
        assert!(tensor.shape() == shape && tensor.decode().unwrap() == *bytes);
    }
    let requests = slow.take();
    let read: u64 = requests.iter().map(|range| range.end - range.start).sum();
    assert!(requests.len() as u64 <= len / (256 << 10) + 4, "{} requests for {len} bytes", requests.len());
    assert!(read <= len, "nothing is read twice: {read} of {len}");
}

#[test]
fn a_slice_reads_only_its_chunks() {
    let mut random = Random(4);
    let (file, tensors) = model(&mut random);
    let len = file.len() as u64;
    let slow = &*Box::leak(Box::new(Slow::new(file)));
    let reader = Reader::new(ReadAhead::new(slow).unwrap()).unwrap();
    slow.take();
    let slice = reader.tensor("embedding").unwrap().rows(1000..1010).unwrap();
    reader.prefetch([slice.clone()]).unwrap();
    assert!(slice.decode().unwrap() == tensors[0].2[1000 * 192..1010 * 192]);
    let read: u64 = slow.take().iter().map(|range| range.end - range.start).sum();
    // at most two chunks of 16 KiB and the head, out of the file of two megabytes
    assert!(read < 40_000 && len > 1_000_000, "{read} of {len} bytes");
}

#[test]
fn threads_share_tensors_within_a_budget() {
    let mut random = Random(5);
    let (file, tensors) = model(&mut random);
    let slow = Slow { latency: Duration::ZERO, ..Slow::new(file) };
    let cache = TensorCache::new(&slow, DecodeOptions::default().with_threads(1), 400_000).unwrap();
    let answers = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (cache, tensors, answers) = (&cache, &tensors, &answers);
            scope.spawn(move || {
                let mut random = Random(thread);
                for _ in 0..60 {
                    let (name, shape, bytes) = &tensors[random.below(tensors.len() as u64) as usize];
                    let row_bytes = bytes.len() / shape[0] as usize;
                    let (from, to) = match random.below(3) {
                        0 => (0, shape[0]),
                        _ => (random.below(4) * shape[0] / 4, shape[0]),
                    };
                    let found = cache.rows(name, from..to).unwrap();
                    assert!(*found == bytes[from as usize * row_bytes..to as usize * row_bytes]);
                    assert!(from > 0 || to < shape[0] || *cache.get(name).unwrap() == *bytes);
                    let rows = [random.below(shape[0]), 0];
                    let selected = cache.select_rows(name, rows).unwrap();
                    assert!(selected[..row_bytes] == bytes[rows[0] as usize * row_bytes..][..row_bytes]);
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answers.into_inner(), 8 * 60);
    let names: Vec<&str> = tensors.iter().map(|(name, ..)| &**name).collect();
    cache.prefetch(names[1..3].iter().copied()).unwrap();
    slow.take();
    assert!(*cache.get("layer.0.weight").unwrap() == tensors[1].2 && slow.take().is_empty(), "it was prefetched");
    assert_eq!(cache.get("none").unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(cache.rows("layer.0.bias", 3..200).unwrap_err().kind(), ErrorKind::InvalidArgument);
}
