use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::tensor::convert;

/// The results of a reference implementation that works value by value.
#[derive(Debug, Default, PartialEq)]
struct Naive {
    changed: u64,
    differing: u64,
    bits: u64,
    non_finite: [u64; 3],
    largest: f64,
    at: Option<u64>,
    mean: Option<f64>,
    rms: Option<f64>,
    relative: Option<f64>,
}

impl Naive {
    fn of(a: &[f64], b: &[f64]) -> Self {
        let mut this = Self::default();
        let (mut errors, mut kept) = (Vec::new(), Vec::new());
        for (index, (&a, &b)) in a.iter().zip(b).enumerate() {
            let is_changed = a != b && !(a.is_nan() && b.is_nan());
            this.changed += u64::from(is_changed);
            if a.is_finite() && b.is_finite() {
                let error = (a - b).abs();
                if error > this.largest {
                    (this.largest, this.at) = (error, Some(index as u64));
                }
                errors.push(error);
                kept.push(a);
            } else if is_changed {
                this.non_finite[usize::from(!b.is_finite()) + usize::from(!a.is_finite() && !b.is_finite())] += 1;
            }
        }
        let mean = |values: &mut dyn Iterator<Item = f64>| Some(values.sum::<f64>() / errors.len() as f64);
        if !errors.is_empty() {
            this.mean = mean(&mut errors.iter().copied());
            this.rms = mean(&mut errors.iter().map(|error| error * error)).map(f64::sqrt);
            let size = mean(&mut kept.iter().map(|value| value * value)).map(f64::sqrt);
            this.relative = this.rms.zip(size).map(|(rms, size)| rms / size).filter(|relative| relative.is_finite());
        }
        this
    }

    fn with_bits(mut self, pairs: impl Iterator<Item = (u64, u64)>) -> Self {
        for (a, b) in pairs {
            self.differing += u64::from(a != b);
            self.bits += u64::from((a ^ b).count_ones());
        }
        self
    }

    #[track_caller]
    fn expect(&self, found: &Difference) {
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
            (a, b) => a == b,
        };
        let non_finite = [found.non_finite.only_a, found.non_finite.only_b, found.non_finite.both];
        assert_eq!((found.changed, non_finite), (self.changed, self.non_finite));
        assert_eq!((found.differing.values, found.differing.bits), (self.differing, self.bits));
        assert_eq!((found.largest_error(), found.largest_at()), (self.largest, self.at));
        assert!(close(found.mean_error(), self.mean), "{found:?} {self:?}");
        assert!(close(found.rms_error(), self.rms), "{found:?} {self:?}");
        assert!(close(found.relative_error(), self.relative), "{found:?} {self:?}");
    }
}

fn difference(dtypes: (Dtype, Dtype), shape: &[u64], a: &[u8], b: &[u8]) -> Difference {
    let a = TensorView::new(dtypes.0, shape, a).unwrap();
    let b = TensorView::new(dtypes.1, shape, b).unwrap();
    Difference::between(a, b, 0).unwrap()
}

fn of_f32(a: &[f32], b: &[f32]) -> Difference {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    difference((Dtype::F32, Dtype::F32), &[a.len() as u64], &bytes(a), &bytes(b))
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

/// Any bits; special values are more frequent.
fn odd() -> impl Strategy<Value = f32> {
    let special = [0, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7fa0_0001, 1, 0x3f80_0000];
    prop_oneof![any::<u32>(), prop::sample::select(special.to_vec())].prop_map(f32::from_bits)
}

proptest! {
    #[test]
    fn special_floats_match_the_naive_results(pairs in vec(prop_oneof![(odd(), odd()), odd().prop_map(|value| (value, value))], 0..3000)) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let bits = a.iter().zip(&b).map(|(a, b)| (a.to_bits().into(), b.to_bits().into()));
        Naive::of(&widened(&a), &widened(&b)).with_bits(bits).expect(&of_f32(&a, &b));
    }

    #[test]
    fn any_dtypes_match_the_naive_results(codes in (0usize..22, 0usize..22), bytes in (vec(any::<u8>(), 768), vec(any::<u8>(), 768)), count in 0u64..24) {
        let dtypes: Vec<Dtype> = Dtype::all().collect();
        let (dtype_a, dtype_b) = (dtypes[codes.0], dtypes[codes.1]);
        let count = 4 * count;
        let cut = |dtype, bytes: &[u8]| bytes[..bytes_of(dtype, count) as usize].to_vec();
        let (a, b) = (cut(dtype_a, &bytes.0), cut(dtype_b, &bytes.1));
        prop_assume!([dtype_a, dtype_b].iter().all(|dtype| !matches!(dtype, Dtype::I64 | Dtype::U64 | Dtype::F64)));
        let shape = [count];
        let views = (TensorView::new(dtype_a, &shape, &a).unwrap(), TensorView::new(dtype_b, &shape, &b).unwrap());
        let found = Difference::between(views.0, views.1, 0);
        if !Difference::is_defined(dtype_a, dtype_b) {
            prop_assert!(found.is_err());
            return Ok(());
        }
        let found = found.unwrap();
        let values = |dtype: Dtype, bytes: &[u8]| -> Vec<f64> {
            let word = |bits: u32, index: usize| (0..bits as usize).fold(0u64, |word, bit| {
                let place = index * bits as usize + bit;
                word | u64::from(bytes[place / 8] >> (place % 8) & 1) << bit
            });
            match dtype {
                Dtype::C64 => (0..2 * count as usize).map(|index| f32::from_bits(word(32, index) as u32).into()).collect(),
                Dtype::U32 => (0..count as usize).map(|index| word(32, index) as f64).collect(),
                Dtype::I32 => (0..count as usize).map(|index| f64::from(word(32, index) as i32)).collect(),
                _ => {
                    let mut singles = vec![0f32; count as usize];
                    convert(dtype, bytes, &mut singles).unwrap();
                    widened(&singles)
                }
            }
        };
        let mut naive = Naive::of(&values(dtype_a, &a), &values(dtype_b, &b));
        if dtype_a == dtype_b {
            let bits = if dtype_a == Dtype::C64 { 32 } else { dtype_a.bits() as usize };
            let word = |bytes: &[u8], index: usize| (index * bits..(index + 1) * bits)
                .fold(0u64, |word, place| word << 1 | u64::from(bytes[place / 8] >> (place % 8) & 1));
            naive = naive.with_bits((0..found.values as usize).map(|index| (word(&a, index), word(&b, index))));
        }
        naive.expect(&found);
    }

    /// The split into parts does not matter.
    #[test]
    fn parts_merge_to_the_whole(pairs in vec((odd(), odd()), 1..3000), cut in any::<prop::sample::Index>()) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let cut = cut.index(a.len());
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let mut merged = of_f32(&a[..cut], &b[..cut]);
        let (a, b) = (bytes(&a), bytes(&b));
        let shape = [(a.len() / 4 - cut) as u64];
        let view = |bytes| TensorView::new(Dtype::F32, &shape, bytes).unwrap();
        merged.merge(&Difference::between(view(&a[4 * cut..]), view(&b[4 * cut..]), cut as u64).unwrap());
        let whole = difference((Dtype::F32, Dtype::F32), &[a.len() as u64 / 4], &a, &b);
        prop_assert_eq!((merged.values, merged.changed, merged.differing, merged.non_finite), (whole.values, whole.changed, whole.differing, whole.non_finite));
        prop_assert_eq!((merged.largest_error(), merged.largest_at()), (whole.largest_error(), whole.largest_at()));
        for (merged, whole) in [(merged.mean_error(), whole.mean_error()), (merged.rms_error(), whole.rms_error())] {
            prop_assert!(merged.is_some() == whole.is_some());
            prop_assert!((merged.unwrap_or(0.0) - whole.unwrap_or(0.0)).abs() <= 1e-9 * whole.unwrap_or(0.0));
        }
    }
}

#[test]
fn equal_values_with_different_bits() {
    let found =
        of_f32(&[0.0, f32::from_bits(0x7fc0_0000), f32::INFINITY], &[-0.0, f32::from_bits(0xffc0_0001), f32::INFINITY]);
    assert_eq!((found.changed, found.non_finite.total()), (0, 0));
    assert_eq!((found.differing.values, found.differing.bits), (2, 3));
    assert_eq!((found.mean_error(), found.relative_error(), found.signal_to_noise()), (Some(0.0), None, None));
    assert!(!found.is_none() && found.is_within(0.0));
}

#[test]
fn nan_and_infinities_are_counted_separately() {
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    let found = of_f32(&[nan, 1.0, infinite, infinite, 2.0], &[1.0, infinite, -infinite, nan, 2.5]);
    assert_eq!(found.non_finite, NonFinite { only_a: 1, only_b: 1, both: 2 });
    assert_eq!((found.changed, found.largest_error(), found.largest_at()), (5, 0.5, Some(4)));
    assert_eq!((found.mean_error(), found.relative_error()), (Some(0.5), Some(0.25)));
    assert!(!found.is_within(f64::INFINITY));
    let found = of_f32(&[nan], &[1.0]);
    assert_eq!((found.mean_error(), found.rms_error(), found.signal_to_noise()), (None, None, None));
    assert_eq!(of_f32(&[], &[]), Difference::default());
}

#[test]
fn integers_of_64_bits_are_exact() {
    let a = [i64::MIN, (1 << 53) + 1, 5].map(i64::to_le_bytes).concat();
    let b = [i64::MIN, 1 << 53, 5].map(i64::to_le_bytes).concat();
    let found = difference((Dtype::I64, Dtype::I64), &[3], &a, &b);
    assert_eq!((found.changed, found.largest_error(), found.largest_at()), (1, 1.0, Some(1)));
    let unsigned = [u64::MAX, (1 << 53) + 1, 5].map(u64::to_le_bytes).concat();
    let found = difference((Dtype::I64, Dtype::U64), &[3], &a, &unsigned);
    assert_eq!((found.changed, found.largest_error()), (1, 1.5 * 2f64.powi(64)));
    assert_eq!(found.differing, DifferingBits::default());
    let floats = [0.0, 2f64.powi(53), 5.0].map(f64::to_le_bytes).concat();
    assert_eq!(difference((Dtype::I64, Dtype::F64), &[3], &a, &floats).changed, 1);
}

#[test]
fn doubles_at_the_ends_of_their_range() {
    let of = |a: f64, b: f64| difference((Dtype::F64, Dtype::F64), &[1], &a.to_le_bytes(), &b.to_le_bytes());
    let found = of(f64::MAX, f64::MIN);
    assert_eq!((found.largest_error(), found.rms_error(), found.relative_error()), (f64::MAX, None, None));
    let found = of(f64::MIN_POSITIVE, 0.0);
    assert_eq!((found.changed, found.mean_error(), found.rms_error()), (1, Some(f64::MIN_POSITIVE), Some(0.0)));
}

#[test]
fn complex_numbers_are_pairs() {
    let bytes = |values: [f32; 4]| values.map(f32::to_le_bytes).concat();
    let (a, b) = (bytes([1.0, 2.0, 3.0, 4.0]), bytes([1.0, 2.0, 3.0, 4.5]));
    let found = difference((Dtype::C64, Dtype::C64), &[2], &a, &b);
    assert_eq!((found.values, found.changed, found.differing.values, found.largest_at()), (4, 1, 1, Some(3)));
    let real = TensorView::new(Dtype::F32, &[4], &a).unwrap();
    assert!(Difference::between(TensorView::new(Dtype::C64, &[2], &a).unwrap(), real, 0).is_err());
    assert!(!Difference::is_defined(Dtype::C64, Dtype::F32));
}
