//! Reading does no work twice, and a reader that failed does not go on as if nothing had happened.

use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use tersor::{
    DecodeOptions, Dtype, EncodeOptions, Encoder, Limits, Progress, ReadAt, Reader, StreamDecoder, TensorView,
};

/// Counts the bytes that are read.
struct Counting<'a> {
    bytes: &'a [u8],
    read: AtomicU64,
}

impl ReadAt for Counting<'_> {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(self.bytes)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.bytes.read_exact_at(offset, buffer)
    }
}

/// Decodes all tensors, in their order or in the order in which they are stored. Returns the number of bytes read.
fn bytes_read(container: &[u8], cache_bytes: u64, is_stored_order: bool) -> u64 {
    let source = Counting { bytes: container, read: AtomicU64::new(0) };
    let limits = Limits::default().with_cache_bytes(cache_bytes);
    let reader = Reader::with_options(&source, DecodeOptions::default().with_threads(1).with_limits(limits)).unwrap();
    let mut tensors: Vec<_> = reader.tensors().collect();
    if is_stored_order {
        tensors.sort_by_key(|tensor| tensor.stored_place().unwrap());
    }
    tensors.iter().for_each(|tensor| drop(tensor.decode().unwrap()));
    source.read.load(Ordering::Relaxed)
}

/// Small tensors of several dtypes, one after another, so that neighbours lie in different segments.
fn alternating() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_level(1)).unwrap();
    let dtypes = [Dtype::U8, Dtype::I8, Dtype::U16, Dtype::I16, Dtype::F16, Dtype::BF16, Dtype::F32, Dtype::U32];
    for number in 0..2000u32 {
        let dtype = dtypes[number as usize % dtypes.len()];
        let bytes: Vec<u8> = (0..256).map(|i| (number.wrapping_mul(2_654_435_761) >> (i % 24)) as u8).collect();
        let shape = [256 * 8 / u64::from(dtype.bits())];
        encoder.add(&number.to_string(), TensorView::new(dtype, &shape, &bytes).unwrap()).unwrap();
    }
    encoder.finish().unwrap().0
}

#[test]
fn tensors_that_share_chunks_are_read_once() {
    let container = alternating();
    let len = container.len() as u64;
    assert!(bytes_read(&container, Limits::default().cache_bytes, false) <= 2 * len);
    // without a cache every tensor decodes its chunk again
    assert!(bytes_read(&container, 0, false) > 20 * len);
}

#[test]
fn the_order_of_the_file_needs_one_chunk_in_memory() {
    let (container, one_chunk) = (alternating(), 100_000);
    let len = container.len() as u64;
    assert!(bytes_read(&container, one_chunk, true) <= 2 * len);
    assert!(bytes_read(&container, one_chunk, false) > 20 * len);
}

#[test]
fn a_panic_that_was_caught_is_no_end() {
    let container = alternating();
    let calls = AtomicU64::new(0);
    let progress = Progress::new(move |_| {
        assert!(calls.fetch_add(1, Ordering::Relaxed) < 2, "enough");
        ControlFlow::Continue(())
    });
    let options = DecodeOptions::default().with_threads(1).with_progress(progress);
    let mut stream = StreamDecoder::new(&container[..], options).unwrap();
    let caught = catch_unwind(AssertUnwindSafe(|| while stream.next_part().is_ok_and(|part| part.is_some()) {}));
    assert!(caught.is_err());
    for _ in 0..3 {
        assert!(stream.next_part().is_err());
    }
}
