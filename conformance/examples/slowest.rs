//! Measures how long the slowest segments take to decode that the format allows, beside the estimate of the library
//! (`Limits::work`): `cargo run --release -p conformance --example slowest`.
//!
//! One core, nanoseconds for each decoded byte. The estimate should not be far below the time on any machine.

use std::time::{Duration, Instant};

use conformance::encoder::coding::{Coding, Field, bits, field};
use conformance::encoder::container::Representation;
use conformance::encoder::fields::Fields;
use conformance::encoder::mask::Mask;
use conformance::encoder::mixed_field::MixedField;
use conformance::encoder::mixed_kept::MixedKept;
use conformance::encoder::mixed_mask::MixedMask;
use conformance::encoder::source::Source;
use conformance::encoder::steps::Steps;
use conformance::encoder::tables::Tables;
use conformance::random::Random;
use conformance::vectors::build::{Alone, tensor};
use tersor::{DecodeOptions, Limits, StreamDecoder};

const BYTES: usize = 1 << 18;
/// The head of a segment lies within this many bytes.
const START: usize = 1 << 14;

/// Returns a file of one tensor of random bytes.
fn file(dtype: &str, chunk_len: u64, representation: Representation) -> Vec<u8> {
    let mut random = Random(7);
    let bytes: Vec<u8> = (0..BYTES).map(|_| random.next() as u8).collect();
    let bits = match dtype {
        "F4" => 4,
        "U16" => 16,
        "F32" => 32,
        _ => 8,
    };
    let mut alone = Alone::default();
    alone.add(tensor("x", dtype, &[BYTES as u64 * 8 / bits], bytes), chunk_len, representation);
    alone.vector("slow", "").parts().assemble()
}

fn mixed(width: u32, kind: u8, distances: u64) -> Field {
    let distances = (1..=distances).collect();
    let mixed = MixedField { kind, shift: 5, period: 1, columns: 1000, distances, ..MixedField::default() };
    field(width, Coding::MixedField { source: Source::Nothing, mixed })
}

/// Returns lanes under a table in which every symbol has the same frequency.
fn lanes(width: u32, precision: u8, interval: u8) -> Field {
    let codes: Vec<(u16, i32)> = (0..1u16 << width).map(|symbol| (symbol, 90)).collect();
    let tables = Tables::new(width, precision, &[&codes], None);
    let rate = if interval == 0 { 0 } else { 4 };
    field(width, Coding::Lanes { source: Source::Nothing, tables, interval, rate })
}

fn plain(fields: &[Field]) -> Representation {
    Representation::Fields(Fields::of(0, fields))
}

fn masked() -> Representation {
    let mask =
        Mask { omitted: 0, symbol_bits: 1, stride: 1, coding: Coding::MixedMask(MixedMask { row: 1000, kernel: 1 }) };
    let kept = Coding::MixedKept(MixedKept { kind: 1, fraction: 0, base: 0, row: 1000, kernel: 1, escape_each: 0 });
    let steps = Steps { mask: Some(mask), ..Steps::default() };
    Representation::Fields(Fields { steps, ..Fields::of(0, &[field(8, kept)]) })
}

/// Decodes a file on one thread.
fn decode(file: &[u8], limits: Limits) -> tersor::Result<()> {
    let options = DecodeOptions::default().with_threads(1).with_limits(limits);
    let mut stream = StreamDecoder::new(file, options)?;
    while stream.next_part()?.is_some() {}
    Ok(())
}

fn main() {
    let large = BYTES as u64;
    let kinds = [
        ("raw, chunks of 256 bytes", file("U8", 256, Representation::Raw)),
        ("zstd, chunks of 256 bytes", file("U8", 256, Representation::Zstd)),
        ("eight lanes of 1 bit", file("U8", large, plain(&vec![lanes(1, 9, 0); 8]))),
        ("eight lanes of 1 bit, adaptive", file("U8", large, plain(&vec![lanes(1, 12, 8); 8]))),
        ("lanes of 8 bits, adaptive", file("U8", large, plain(&[lanes(8, 12, 8)]))),
        ("the same, chunks of 256", file("U8", 256, plain(&vec![lanes(1, 12, 8); 8]))),
        ("eight fields of 1 bit, in bits", file("U8", large, plain(&vec![field(1, bits(true, 30)); 8]))),
        ("a field of 8 bits, in bits", file("U8", large, plain(&[field(8, bits(true, 30))]))),
        ("eight mixed of 1 bit", file("U8", large, plain(&vec![mixed(1, 0, 8); 8]))),
        ("the same, 4-bit dtype", file("F4", 2 * large, plain(&vec![mixed(1, 0, 16); 4]))),
        ("the same, chunks of 256 bytes", file("F4", 512, plain(&vec![mixed(1, 0, 16); 4]))),
        ("mixed of 8 bits", file("U8", large, plain(&[mixed(8, 2, 32)]))),
        ("the same, chunks of 256", file("U8", 256, plain(&[mixed(8, 2, 32)]))),
        ("mixed of 9 bits, and raw", file("U16", 256, plain(&[mixed(9, 2, 32), field(7, Coding::Raw)]))),
        ("mixed mask and kept values", file("U8", large, masked())),
        ("the same, chunks of 256", file("U8", 256, masked())),
    ];
    println!("{:32} {:>9} {:>9} {:>9}", "ns a decoded byte", "time", "estimate", "file size");
    for (name, file) in kinds {
        let times = (0..3).map(|_| {
            let start = Instant::now();
            decode(&file, Limits::unlimited()).expect("a right file");
            start.elapsed()
        });
        let time = times.min().unwrap_or_default().as_nanos() as f64 / BYTES as f64;
        let start = &file[..file.len().min(START)];
        let is_refused = |nanoseconds| {
            let limits = Limits::unlimited().with_work(Duration::from_nanos(nanoseconds));
            decode(start, limits).is_err_and(|error| error.limit_name() == Some("work"))
        };
        // the lowest limit that does not refuse the file
        let (mut low, mut high) = (0u64, 1 << 40);
        while high - low > 1000 {
            let middle = low.midpoint(high);
            if is_refused(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        println!("{name:32} {time:9.1} {:9.1} {:9}", high as f64 / BYTES as f64, file.len());
    }
}
