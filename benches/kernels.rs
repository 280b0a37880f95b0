//! The speed of the lane coder alone, in symbols a second, for every kernel of this machine.
//!
//! `cargo bench -p tersor-benches --bench kernels`. The symbols are random, have about 3.3 bits each, and lie in 1,
//! 8 and 16 contexts.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tersor::Kernel;
use tersor::internals::Model;

const SYMBOLS: usize = 1 << 20;

/// Symbols of a two-sided geometric distribution, whose centre depends on the context; seeded.
fn symbols(contexts: &[u8]) -> Vec<u16> {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let mut symbol = |&context: &u8| {
        // The length of a run that goes on with probability 5/8.
        let length = (0..).take_while(|_| random() % 8 < 5).count().min(30) as u16;
        let centre = 40 + u16::from(context);
        if random() % 2 == 0 { centre + length } else { centre - length }
    };
    contexts.iter().map(&mut symbol).collect()
}

fn lanes(criterion: &mut Criterion) {
    for (name, interval, rate) in [("static", 0, 0), ("adaptive", 13, 3)] {
        for (count, precision) in [(1, 12), (8, 12), (16, 11)] {
            let contexts: Vec<u8> = (0..SYMBOLS).map(|i| (i * 7919 % count) as u8).collect();
            let symbols = symbols(&contexts);
            let mut counts = vec![vec![0; 128]; count];
            for (&context, &symbol) in contexts.iter().zip(&symbols) {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            }
            let contexts = if count == 1 { &[][..] } else { &contexts };
            let model = Model::lanes(&counts, 7, precision, interval, rate);
            let coded = model.encode(&symbols, contexts);
            let mut decoded = vec![0; SYMBOLS];
            let mut group = criterion.benchmark_group(format!("lanes, {name}, {count} contexts"));
            group.throughput(Throughput::Elements(SYMBOLS as u64));
            for kernel in Kernel::available() {
                group.bench_function(BenchmarkId::new("decode", kernel), |bench| {
                    bench.iter(|| model.decode_by(kernel, &coded, contexts, &mut decoded).expect("decodes"));
                });
                assert!(decoded == symbols);
                group.bench_function(BenchmarkId::new("encode", kernel), |bench| {
                    bench.iter(|| black_box(model.encode_by(kernel, &symbols, contexts)));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, lanes);
criterion_main!(benches);
