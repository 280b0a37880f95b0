//! The promises of the quantiser, for whole tensors.

use proptest::prelude::*;

use super::apply::read_matrix;
use super::floats::{read_floats, write_floats};
use super::test_values::normal;
use super::treatment::{Prune, PruneStructure};
use super::{Importance, Octaves, QuantizedValues, Sample, Setting, Steps, ValueSetting, Weighting, apply};
use crate::tensor::{Dtype, TensorView};
use crate::workers::Workers;

fn bytes(values: &[f32], dtype: Dtype) -> Vec<u8> {
    let mut out = Vec::new();
    write_floats(values.iter().copied(), dtype, &mut out);
    out
}

fn run(
    values: &[f32],
    shape: &[u64],
    dtype: Dtype,
    weighting: Weighting,
    setting: Setting,
) -> (Vec<f32>, QuantizedValues) {
    let own = bytes(values, dtype);
    let view = TensorView::new(dtype, shape, &own).unwrap();
    let quantised = apply(&view, weighting, setting, &Workers::new(Some(1)).unwrap()).unwrap();
    (read_floats(dtype, &own), quantised)
}

fn scalar(step: f64) -> Setting {
    Setting { prune: None, values: ValueSetting::Step(step) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The stated errors are the errors of the bytes, and no value moves by more than the choice allows.
    #[test]
    fn stated_errors_are_measured_errors(
        seed: u64,
        rows in 1usize..40,
        columns in 1usize..40,
        step in 0.01f64..4.0,
        size in prop_oneof![Just(1e-4f32), Just(1.0), Just(300.0)],
        dtype in prop_oneof![Just(Dtype::F32), Just(Dtype::F16), Just(Dtype::BF16)],
    ) {
        let values: Vec<f32> = normal(rows * columns, seed).iter().map(|value| value * size).collect();
        let step = step * f64::from(size);
        let (own, quantised) = run(&values, &[rows as u64, columns as u64], dtype, Weighting::Even, scalar(step));
        let back = read_floats(dtype, quantised.bytes.as_ref().unwrap());
        let (mut squared, mut energy, mut largest) = (0.0f64, 0.0f64, 0.0f64);
        for (&value, &other) in own.iter().zip(&back) {
            let error = (f64::from(value) - f64::from(other)).abs();
            (squared, largest) = (squared + error * error, largest.max(error));
            energy += f64::from(value) * f64::from(value);
            // an integer is the nearest one, or nearer to 0: never beyond the value by more than half a step, and the
            // rounding of the dtype
            let rounding = f64::from(value).abs() / 128.0 + 1e-7;
            prop_assert!(f64::from(other).abs() <= f64::from(value).abs() + 0.501 * step + rounding);
            prop_assert!(value * other >= 0.0);
        }
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs() + 1e-30;
        prop_assert!(close(quantised.errors.squared, squared));
        prop_assert!(close(quantised.errors.energy, energy));
        prop_assert_eq!(quantised.errors.largest, largest);
    }

    /// All values lie on the grid of the steps, by the arithmetic of the format.
    #[test]
    fn values_are_integers_times_steps(
        seed: u64,
        step in 0.05f64..2.0,
        dtype in prop_oneof![Just(Dtype::F32), Just(Dtype::F16), Just(Dtype::BF16)],
        by_rows: bool,
    ) {
        let values = normal(24 * 16, seed);
        let weights: Vec<f32> = (0..if by_rows { 24 } else { 16 }).map(|i| if i % 3 == 0 { 50.0 } else { 1.0 }).collect();
        let weighting = if by_rows { Weighting::Rows(weights) } else { Weighting::Columns(weights) };
        let (_, quantised) = run(&values, &[24, 16], dtype, weighting, scalar(step));
        let steps = quantised.steps.unwrap();
        let back = read_floats(dtype, &quantised.bytes.unwrap());
        for (index, &value) in back.iter().enumerate() {
            let step = steps.of(index / 16, index % 16);
            let integer = (f64::from(value) / f64::from(step)).round_ties_even() as f32;
            let again = read_floats(dtype, &bytes(&[integer * step], dtype))[0];
            prop_assert_eq!(again.to_bits(), value.to_bits());
        }
    }

    /// A finer step has no larger error.
    #[test]
    fn finer_steps_have_smaller_errors(seed: u64, step in 0.05f64..2.0) {
        let values = normal(64 * 64, seed);
        let error = |step| run(&values, &[64, 64], Dtype::F32, Weighting::Even, scalar(step)).1.errors.squared;
        prop_assert!(error(step / 2.0) < error(step));
    }
}

#[test]
fn important_columns_have_less_error() {
    let values = normal(256 * 64, 5);
    let mut importance = Importance::default();
    let weights: Vec<f32> = (0..64).map(|column| if column % 8 == 0 { 100.0 } else { 1.0 }).collect();
    importance.insert("w", &[64], weights.clone()).unwrap();
    let weighting = importance.weighting("w", &[256, 64], 64).unwrap();
    let errors = |weighting: Weighting, step: f64| {
        let (_, quantised) = run(&values, &[256, 64], Dtype::F32, weighting, scalar(step));
        let back = read_floats(Dtype::F32, &quantised.bytes.unwrap());
        let (mut marked, mut weighted) = (0.0, 0.0);
        for (index, (a, b)) in values.iter().zip(&back).enumerate() {
            let squared = f64::from(a - b) * f64::from(a - b);
            weighted += squared * f64::from(weights[index % 64]);
            marked += if index % 64 % 8 == 0 { squared } else { 0.0 };
        }
        (marked, weighted, quantised.bits.unwrap())
    };
    let plain = errors(Weighting::Even, 0.4);
    // this base step makes the size about the same
    let weighted = errors(weighting, 0.135);
    assert!(weighted.2 < plain.2 * 1.02, "{weighted:?} {plain:?}");
    assert!(weighted.0 < plain.0 / 4.0, "{weighted:?} {plain:?}");
    assert!(weighted.1 < plain.1, "{weighted:?} {plain:?}");
}

#[test]
fn importance_of_nothing_is_refused() {
    let even = Steps::new(0.1, &Weighting::Columns(vec![1.0, 1.0]));
    assert_eq!(even.octaves, Octaves::None);
    let one = Steps::new(0.1, &Weighting::Rows(vec![16.0, 1.0, 0.0]));
    assert_eq!(one.octaves, Octaves::Rows(vec![2, 0, -6]));
    assert_eq!(one.of(0, 0), one.base / 4.0);
}

#[test]
fn values_that_cannot_be_quantised_are_named() {
    let take = |values: &[f32]| {
        let own = bytes(values, Dtype::F32);
        let shape = [2, values.len() as u64 / 2];
        let view = TensorView::new(Dtype::F32, &shape, &own).unwrap();
        Sample::take(&view, Weighting::Even, None, 1 << 20).err()
    };
    assert_eq!(take(&[1.0, 2.0, f32::NAN, 3.0]), Some("NaN values"));
    assert_eq!(take(&[1.0, f32::NEG_INFINITY, 2.0, 3.0]), Some("infinite values"));
    assert_eq!(take(&[7.0; 8]), Some("all values are equal"));
    assert_eq!(take(&[1e-40, 2e-40, 0.0, 0.0]), Some("values are too small or too large"));
    assert_eq!(take(&[1.0, 2.0, 3.0, 4.0]), None);
}

#[test]
fn pruned_values_are_zero_and_the_rest_is_kept() {
    let values = normal(64 * 64, 8);
    let prune = Some(Prune { share: 0.75, structure: PruneStructure::Values });
    let (own, exact) =
        run(&values, &[64, 64], Dtype::F32, Weighting::Even, Setting { prune, values: ValueSetting::Exact });
    let back = read_floats(Dtype::F32, &exact.bytes.unwrap());
    assert_eq!(exact.zeros, 64 * 64 * 3 / 4);
    assert!(own.iter().zip(&back).all(|(a, b)| *b == 0.0 || a == b));
    for setting in [ValueSetting::Codebook(8), ValueSetting::Step(0.1)] {
        let (_, both) = run(&values, &[64, 64], Dtype::F32, Weighting::Even, Setting { prune, values: setting });
        let both = read_floats(Dtype::F32, &both.bytes.unwrap());
        assert!(back.iter().zip(&both).all(|(a, b)| *a != 0.0 || *b == 0.0));
        let distinct: std::collections::HashSet<u32> = both.iter().map(|value| value.to_bits()).collect();
        assert!(setting != ValueSetting::Codebook(8) || distinct.len() <= 8);
    }
}

/// Fixed results, so that another machine that chooses otherwise is noticed.
#[test]
fn every_machine_chooses_the_same() {
    let values = normal(100 * 200, 11);
    let digest = |setting: Setting| {
        let (_, quantised) = run(&values, &[100, 200], Dtype::F32, Weighting::Even, setting);
        crc32fast::hash(&quantised.bytes.unwrap())
    };
    let found = [
        digest(scalar(0.5)),
        digest(scalar(0.05)),
        digest(Setting { prune: None, values: ValueSetting::Codebook(16) }),
    ];
    assert_eq!(found, [1_893_193_619, 3_467_306_509, 3_873_609_964]);
}

#[test]
fn a_sample_predicts_the_whole() {
    let values = normal(512 * 512, 4);
    let own = bytes(&values, Dtype::F32);
    let view = TensorView::new(Dtype::F32, &[512, 512], &own).unwrap();
    let workers = Workers::new(Some(1)).unwrap();
    let sample = Sample::take(&view, Weighting::Even, None, 1 << 14).unwrap();
    let trial = sample.try_values(ValueSetting::Step(0.5), &workers).unwrap();
    let whole = apply(&view, Weighting::Even, scalar(0.5), &workers).unwrap();
    assert!((trial.bits / whole.bits.unwrap() - 1.0).abs() < 0.02);
    assert!((trial.nmse / whole.errors.weighted_nmse() - 1.0).abs() < 0.03);
    let matrix = read_matrix(&view, Weighting::Even, None);
    assert_eq!(matrix.rows(), 512);
}
