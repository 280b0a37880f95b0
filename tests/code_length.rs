//! Compares the size of a whole container with the ideal code length of the model that the weights were drawn from.
//! This test computes the ideal length from the true scales of rows and columns, not from the classes that the encoder
//! found.

use tersor::analysis::BoundsOptions;
use tersor::{Dtype, EncodeOptions, Encoder, Reader, TensorView};

/// Pseudo-random numbers from 0 to below 1, the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns about normally distributed numbers of variance 1 (Irwin and Hall).
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }

    /// Returns about normally distributed integers of standard deviation 2.
    fn class(&mut self) -> i32 {
        (2.0 * self.normal()).round() as i32
    }
}

/// Returns 2^(quarters / 4), by multiplications only, so that every machine returns the same.
fn scale(quarters: i32) -> f64 {
    let root = 2f64.sqrt().sqrt();
    (0..quarters.abs()).fold(1.0, |scale, _| if quarters < 0 { scale / root } else { scale * root })
}

/// Makes a matrix of bf16 whose rows and columns differ in scale. Returns its bytes and the scale of each weight in
/// quarter octaves.
fn matrix(rows: usize, columns: usize) -> (Vec<u8>, Vec<i32>) {
    let mut noise = Noise(7);
    let row_classes: Vec<i32> = (0..rows).map(|_| noise.class()).collect();
    let column_classes: Vec<i32> = (0..columns).map(|_| noise.class()).collect();
    let mut bytes = Vec::new();
    let mut classes = Vec::new();
    for row in &row_classes {
        for column in &column_classes {
            let weight = 0.02 * noise.normal() * scale(row + column);
            bytes.extend(half::bf16::from_f64(weight).to_le_bytes());
            classes.push(row + column);
        }
    }
    (bytes, classes)
}

/// Returns the ideal adaptive code length of the exponents and two bits of the mantissa, in the context of their scale,
/// plus all other bits uncoded.
fn ideal_bits(bytes: &[u8], classes: &[i32]) -> f64 {
    let mut counts = std::collections::BTreeMap::<i32, [u32; 1024]>::new();
    for (word, &class) in bytes.as_chunks::<2>().0.iter().zip(classes) {
        let word = u16::from_le_bytes(*word);
        counts.entry(class).or_insert([0; 1024])[usize::from(word >> 5 & 1023)] += 1;
    }
    let of_context = |counts: &[u32; 1024]| {
        let total: u32 = counts.iter().sum();
        let used = counts.iter().filter(|count| **count > 0);
        let bits = |&count: &u32| {
            f64::from(count) * (f64::from(total) / f64::from(count)).log2() + 0.5 * f64::from(total).log2()
        };
        used.map(bits).sum::<f64>()
    };
    counts.values().map(of_context).sum::<f64>() + 6.0 * classes.len() as f64
}

fn check(rows: usize, columns: usize, most_over: f64) {
    let (bytes, classes) = matrix(rows, columns);
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_threads(1)).unwrap();
    let shape = [rows as u64, columns as u64];
    encoder.add("x", TensorView::new(Dtype::BF16, &shape, &bytes).unwrap()).unwrap();
    let (container, _) = encoder.finish().unwrap();
    let ideal = ideal_bits(&bytes, &classes);
    let over = container.len() as f64 * 8.0 / ideal - 1.0;
    println!("{rows} x {columns}: {} bytes, {:.3} % over {:.0}", container.len(), 100.0 * over, ideal / 8.0);
    assert!(over < most_over, "{:.3} % over the ideal", 100.0 * over);
    // a file this far below the ideal length would mean that this test is wrong
    assert!(over > -0.02, "{:.3} % over the ideal", 100.0 * over);

    // the code lengths that the library states for its own models
    let container_len = container.len() as f64;
    let reader = Reader::new(container).unwrap();
    assert!(reader.tensor("x").unwrap().decode().unwrap() == bytes);
    let bounds = reader.bounds(&BoundsOptions::default()).unwrap();
    let stated: f64 = bounds.segments.iter().map(|segment| segment.ideal_bits()).sum();
    let over = reader.file_len() as f64 * 8.0 / stated - 1.0;
    println!("  {:.3} % over the model that it states", 100.0 * over);
    assert!((-0.01..most_over).contains(&over), "{:.3} % over the stated model", 100.0 * over);
    let segment = &bounds.segments[0];
    assert!(segment.order0_bits() > segment.ideal_bits(), "contexts save nothing");
    let (totals, lengths) = (bounds.totals(), segment.lengths());
    println!("  {:.4} % over its own tables", 100.0 * totals.overhead().unwrap());
    assert!(lengths.conditional_bits < lengths.order0_bits && lengths.conditional_bits < lengths.kt_bits);
    // the low bits of the mantissa have no model
    assert!((lengths.model_bits + totals.raw_bits as f64) < 8.0 * container_len);
    assert!(lengths.model_bits > lengths.conditional_bits * 0.99);
}

#[test]
fn a_million_weights_are_near_the_ideal() {
    check(1024, 1025, 0.003);
}

#[test]
fn sixty_thousand_weights_are_near_the_ideal() {
    check(256, 256, 0.02);
}

/// The stated code length of each stream is its size, whatever its coding: a chunk has many more symbols than a decoder
/// reads at a time.
#[test]
fn code_lengths_of_streams_are_their_sizes() {
    let mut noise = Noise(5);
    let mut weight = 0.0;
    // smooth, so that mixing pays; some values are zero, so that there is a mask
    let smooth = |noise: &mut Noise, weight: &mut f64, is_sparse: bool| {
        *weight = 0.95 * *weight + 0.01 * noise.normal();
        if is_sparse && noise.next() < 0.7 { 0.0 } else { *weight as f32 }
    };
    let mut codings = std::collections::BTreeSet::new();
    for (is_sparse, level, count) in
        [(false, 9, 40_000), (true, 9, 40_000), (true, 6, 12_000), (false, 6, 9_000), (false, 6, 90_000)]
    {
        let weights: Vec<f32> = (0..count).map(|_| smooth(&mut noise, &mut weight, is_sparse)).collect();
        let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_level(level)).unwrap();
        encoder.add("x", TensorView::from_slice(&weights, &[count as u64 / 100, 100]).unwrap()).unwrap();
        let reader = Reader::new(encoder.finish().unwrap().0).unwrap();
        let bounds = reader.bounds(&BoundsOptions::default()).unwrap();
        for stream in &bounds.segments[0].streams {
            let Some(lengths) = stream.lengths.filter(|_| stream.coding != "constant") else { continue };
            codings.insert(stream.coding);
            let actual = stream.actual_bits as f64;
            let over = actual - lengths.model_bits;
            println!("level {level}, {}: {} {actual} bits, {over:+.0}", stream.name, stream.coding);
            // 32 states of 32 bits, half a word for each, and a chunk or two
            assert!((-64.0..0.01 * actual + 4000.0).contains(&over), "{}: {over} bits", stream.name);
            if stream.coding != "lanes" {
                assert!(over < 300.0, "{}: {over} bits", stream.name);
            }
        }
    }
    assert!(codings.contains("mixed") && codings.contains("bits") && codings.contains("lanes"), "{codings:?}");
}
