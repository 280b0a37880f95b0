//! Counts the bytes and calls that random access takes.

mod support;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use support::by_index;
use tersor::{Dtype, EncodeOptions, Encoder, FileInput, Limits, ReadAt, Reader, TensorView, encode_files};

const HEADER: u64 = 24;
const FOOTER: u64 = 32;

/// A source in memory that counts the bytes read, and hides that it is in memory.
#[derive(Default)]
struct Counting {
    bytes: Vec<u8>,
    read: AtomicU64,
    calls: AtomicU64,
    /// For every byte, the number of times it was read.
    touched: std::sync::Mutex<Vec<u8>>,
}

impl Counting {
    fn new(bytes: Vec<u8>) -> Self {
        let touched = vec![0; bytes.len()].into();
        Self { bytes, touched, ..Self::default() }
    }

    /// Returns the number of bytes and calls since the last call of this function.
    fn take(&self) -> (u64, u64) {
        (self.read.swap(0, Ordering::Relaxed), self.calls.swap(0, Ordering::Relaxed))
    }

    fn most_touched(&self) -> u8 {
        self.touched.lock().unwrap().iter().copied().max().unwrap_or(0)
    }
}

impl ReadAt for Counting {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let start = offset as usize;
        let range = start..start + buffer.len();
        self.touched.lock().unwrap()[range.clone()].iter_mut().for_each(|count| *count = count.saturating_add(1));
        buffer.copy_from_slice(self.bytes.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Makes about normally distributed floats.
fn weights(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).flat_map(|_| ((next() + next() + next()) * 0.07).to_le_bytes()).collect()
}

fn encode(tensors: &[(&str, &[u64], &[u8])], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    for (name, shape, bytes) in tensors {
        encoder.add(name, TensorView::new(Dtype::F32, shape, bytes).unwrap()).unwrap();
    }
    encoder.finish().unwrap().0
}

/// Reads the offset and the length of the index from the footer.
fn index_place(container: &[u8]) -> (u64, u64) {
    let at = |from: usize| u64::from_le_bytes(container[container.len() - 32 + from..][..8].try_into().unwrap());
    (at(0), at(8))
}

#[test]
fn opening_reads_header_footer_index_and_manifest() {
    let bytes = weights(200_000, 1);
    // `encode_files` writes one manifest, in a frame of its own
    let (container, _) =
        encode_files(&[FileInput::new("x.bin", &bytes)], Vec::new(), EncodeOptions::default()).unwrap();
    let (_, index_len) = index_place(&container);
    let source = Counting::new(container);
    let reader = Reader::new(&source).unwrap();
    let (read, calls) = source.take();
    let manifest_len = read - HEADER - FOOTER - index_len;
    assert!((20..100).contains(&manifest_len), "{manifest_len} bytes beside header, footer and index");
    assert_eq!(calls, 4);
    assert_eq!(source.most_touched(), 1);
    drop(reader.ledger().unwrap());
    let (read, _) = source.take();
    let whole = reader.file_len();
    assert!(read < whole && read > whole * 9 / 10, "the ledger reads all chunks once: {read} of {whole}");
}

#[test]
fn a_tensor_costs_its_prelude_and_its_chunks() {
    let (first, second) = (weights(300_000, 2), weights(200_000, 3));
    let container =
        encode(&[("first", &[300, 1000], &first), ("second", &[200, 1000], &second)], EncodeOptions::default());
    let source = Counting::new(container);
    let reader = Reader::new(&source).unwrap();
    let by_name = |name: &str| {
        let ledger = Reader::new(&source.bytes[..]).unwrap().ledger().unwrap();
        let found = ledger.segments.iter().find(|segment| ledger.name(segment.members[0]) == Some(name)).unwrap();
        (found.bytes(), found.chunks)
    };
    source.take();
    let ((bytes, chunks), tensor) = (by_name("second"), reader.tensor("second").unwrap());
    assert!(chunks > 1);
    assert!(tensor.decode().unwrap() == second);
    assert_eq!(source.take(), (bytes, chunks + 1), "prelude and chunks, each once");
    assert!(tensor.decode().unwrap() == second);
    let (again, calls) = source.take();
    assert!(calls == chunks && again < bytes, "the prelude is kept");
    let ((bytes, chunks), tensor) = (by_name("first"), reader.tensor("first").unwrap());
    let mut out = vec![0; first.len()];
    tensor.decode_bytes_into(&mut out).unwrap();
    assert!(out == first);
    assert_eq!(source.take(), (bytes, chunks + 1));
    // the declaration of a tensor is in memory
    assert_eq!((tensor.shape(), tensor.byte_len(), tensor.row_count()), (&[300, 1000][..], 1_200_000, 300));
    assert!(tensor.digest().is_some());
    assert_eq!(source.take(), (0, 0));
    assert!(tensor.borrow_bytes().unwrap().is_none(), "the source does not lie in memory");
}

#[test]
fn ten_rows_of_an_embedding_cost_two_chunks_at_most() {
    const ROWS: u64 = 30522;
    const WIDTH: u64 = 384;
    let bytes = weights((ROWS * WIDTH) as usize, 4);
    let options = EncodeOptions::default().with_level(1);
    let container = encode(&[("embedding", &[ROWS, WIDTH], &bytes)], options);
    let source = Counting::new(container);
    let reader = Reader::new(&source).unwrap();
    let ledger = reader.ledger().unwrap();
    let [segment] = &ledger.segments[..] else { panic!("one segment") };
    let (body, chunks) = (segment.bytes(), segment.chunks);
    assert!(chunks > 100, "{chunks}");
    // chunks have the same number of elements, and this size on average
    let chunk = body / chunks;
    source.take();
    let tensor = reader.tensor("embedding").unwrap();
    let mut straddling = 0;
    for first in [0, 1, 777, 10_000, 15_261, ROWS - 10] {
        let rows = tensor.rows(first..first + 10).unwrap().decode().unwrap();
        let range = (first * WIDTH * 4) as usize..((first + 10) * WIDTH * 4) as usize;
        assert!(rows == bytes[range], "rows from {first}");
        let (read, calls) = source.take();
        assert!(calls <= 2, "{calls} calls for rows from {first}");
        assert!(read <= calls * chunk * 11 / 10, "{read} bytes for rows from {first}, a chunk has {chunk}");
        // the last chunk is kept in memory, so a read can need one call less
        straddling += calls.saturating_sub(1);
    }
    assert!(straddling < 6, "not every ten rows lie in two chunks");
    assert!(tensor.rows(5..5).unwrap().decode().unwrap().is_empty());
    assert_eq!(source.take(), (0, 0), "no rows, no bytes");
    let values = tensor.rows(20_000..20_001).unwrap().decode_as::<f32>().unwrap();
    let expected: Vec<f32> = bytes[(20_000 * WIDTH * 4) as usize..][..(WIDTH * 4) as usize]
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(values, expected);
    assert_eq!(source.take().1, 1, "chunks end with rows");
}

#[test]
fn a_small_tensor_costs_a_chunk_of_its_group() {
    let bytes = weights(500 * 100, 5);
    let names: Vec<String> = (0..500).map(|i| format!("tensor {i}")).collect();
    let shape = [100];
    let tensors: Vec<_> =
        names.iter().zip(bytes.chunks(400)).map(|(name, bytes)| (name.as_str(), &shape[..], bytes)).collect();
    let options = EncodeOptions::default().with_chunk_bytes(16 << 10);
    let source = Counting::new(encode(&tensors, options));
    let reader = Reader::new(&source).unwrap();
    let ledger = Reader::new(&source.bytes[..]).unwrap().ledger().unwrap();
    let [segment] = &ledger.segments[..] else { panic!("{} segments", ledger.segments.len()) };
    assert_eq!(segment.members.len(), 500);
    assert!(segment.chunks > 5);
    source.take();
    assert!(reader.tensor("tensor 0").unwrap().decode().unwrap() == bytes[..400]);
    let (_, calls) = source.take();
    assert_eq!(calls, 2, "the prelude and a chunk");
    let mut chunks_read = 0;
    for (name, expected) in names.iter().zip(bytes.chunks(400)).skip(1).step_by(7) {
        assert!(reader.tensor(name).unwrap().decode().unwrap() == expected);
        let (read, calls) = source.take();
        assert!(
            calls <= 2 && read <= calls * (segment.bytes() / segment.chunks) * 11 / 10,
            "{read} bytes, {calls} calls"
        );
        chunks_read += calls;
    }
    assert!(chunks_read < 90, "{chunks_read} chunks for 72 tensors");
}

#[test]
fn sources_are_alike() {
    let (a, b) = (weights(20_000, 6), weights(10, 7));
    let container =
        encode(&[("a", &[20_000], &a), ("b", &[10], &b), ("b again", &[5, 2], &b)], EncodeOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tersor");
    std::fs::write(&path, &container).unwrap();
    let expected = by_index(&container[..], Limits::default()).unwrap();
    assert_eq!(expected.len(), 3);
    assert_eq!((&expected[0].bytes, &expected[2].bytes), (&a, &b));
    assert_eq!(by_index(container.clone(), Limits::default()).unwrap(), expected);
    assert_eq!(by_index(std::fs::File::open(&path).unwrap(), Limits::default()).unwrap(), expected);
    assert_eq!(by_index(Counting::new(container.clone()), Limits::default()).unwrap(), expected);
    let opened = Reader::open(&path).unwrap();
    assert_eq!(opened.tensor("b again").unwrap().decode().unwrap(), b);
    assert_eq!(opened.file_len(), container.len() as u64);
    // a reader is shared between threads
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(opened.tensor("a").unwrap().decode().unwrap() == a));
        }
    });
}

/// Ranges of elements, with and without conversion, of tensors that share a segment and of a tensor of several chunks.
#[test]
fn ranges_of_elements_are_those_of_the_whole() {
    let flat = weights(700_000, 5);
    let halves: Vec<u8> = (0..600u32).map(|i| (i * 37 % 251) as u8).collect();
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("before", TensorView::new(Dtype::F32, &[5], &flat[..20]).unwrap()).unwrap();
    encoder.add("small", TensorView::new(Dtype::F32, &[3, 11], &flat[..132]).unwrap()).unwrap();
    encoder.add("flat", TensorView::new(Dtype::F32, &[1, 700_000], &flat).unwrap()).unwrap();
    encoder.add("packed", TensorView::new(Dtype::F4, &[1200], &halves).unwrap()).unwrap();
    let reader = Reader::new(encoder.finish().unwrap().0).unwrap();
    for tensor in reader.tensors() {
        let (whole, values) = (tensor.decode().unwrap(), tensor.decode_as::<f32>().unwrap());
        let bits = tensor.dtype().bits() as usize;
        let count = tensor.element_count();
        for at_least in [1, 100_000, u64::MAX] {
            let parts: Vec<_> = tensor.chunked_ranges(at_least).unwrap().collect();
            assert!(parts.iter().map(|part| part.end - part.start).eq(
                parts.windows(2).map(|two| two[1].start - two[0].start).chain([count - parts[parts.len() - 1].start])
            ));
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, count));
            let together: Vec<f32> = parts
                .iter()
                .flat_map(|part| tensor.elements(part.clone()).unwrap().decode_as::<f32>().unwrap())
                .collect();
            assert!(together == values);
        }
        for range in [0..0, 2..4, 4..count, count / 4 * 2..count / 4 * 2 + 2, count..count] {
            let places = range.start as usize..range.end as usize;
            let mut bytes = vec![0; places.len() * bits / 8];
            let slice = tensor.elements(range.clone()).unwrap();
            slice.decode_bytes_into(&mut bytes).unwrap();
            assert!(bytes == whole[places.start * bits / 8..][..bytes.len()], "{range:?} of {}", tensor.name());
            assert!(slice.decode_as::<f32>().unwrap() == values[places]);
        }
        #[allow(clippy::reversed_empty_ranges)]
        for range in [0..count + 1, 3..2, u64::MAX - 1..u64::MAX] {
            assert!(tensor.elements(range).is_err());
        }
    }
    let packed = reader.tensor("packed").unwrap();
    assert!(packed.elements(1..3).unwrap().decode_bytes_into(&mut [0]).is_err());
    assert!(packed.elements(1..4).unwrap().decode_as::<f32>().unwrap() == packed.decode_as::<f32>().unwrap()[1..4]);
}

/// A source that fails after some calls leads to an error and never to wrong bytes.
#[test]
fn a_source_that_fails_gives_an_error() {
    struct Failing(Vec<u8>, AtomicU64);
    impl ReadAt for Failing {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }
        fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            match self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
                Ok(_) => self.0.read_exact_at(offset, buffer),
                Err(_) => Err(io::Error::other("no more")),
            }
        }
    }
    let bytes = weights(20_000, 8);
    let container = encode(&[("a", &[20_000], &bytes)], EncodeOptions::default());
    for calls in 0..20 {
        match by_index(Failing(container.clone(), calls.into()), Limits::default()) {
            Ok(tensors) => assert!(tensors[0].bytes == bytes),
            Err(error) => assert_eq!(error.kind(), tersor::ErrorKind::Io, "{error}"),
        }
    }
}
