//! Slices of tensors along any axis, typed input and typed output.

mod support;

use std::ops::Range;

use support::Random;
use tersor::{Dtype, Element, EncodeOptions, Encoder, ErrorKind, Reader, Tensor, TensorSlice, TensorView};

/// Makes a container of chunks of a few thousand bytes, as read by a reader.
fn reader(tensors: &[(&str, TensorView<'_>)]) -> Reader<'static> {
    let options = EncodeOptions::default().with_level(1).with_chunk_bytes(4096);
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    for (name, view) in tensors {
        encoder.add(name, view.clone()).unwrap();
    }
    Reader::new(encoder.finish().unwrap().0).unwrap()
}

/// Returns the indices of the elements of a box, in row-major order.
fn selected(shape: &[u64], ranges: &[Range<u64>]) -> Vec<usize> {
    let mut indices = vec![0];
    for (&dimension, range) in shape.iter().zip(ranges) {
        let next = indices.iter().flat_map(|&index| range.clone().map(move |own| index * dimension + own));
        indices = next.collect();
    }
    indices.into_iter().map(|index| index as usize).collect()
}

fn random_range(dimension: u64, random: &mut Random) -> Range<u64> {
    let (a, b) = (random.below(dimension + 1), random.below(dimension + 1));
    if random.below(3) == 0 { 0..dimension } else { a.min(b)..a.max(b) }
}

/// Selects a box axis by axis; each axis in two steps.
fn select<'r>(tensor: Tensor<'r>, ranges: &[Range<u64>]) -> TensorSlice<'r> {
    let mut slice = tensor.slice(0, ..).unwrap();
    for (axis, range) in ranges.iter().enumerate() {
        slice = slice.slice(axis, range.start..).unwrap().slice(axis, ..range.end - range.start).unwrap();
    }
    slice
}

fn check_slices<T: Element + PartialEq + std::fmt::Debug>(tensor: Tensor<'_>, random: &mut Random) {
    let (values, bytes) = (tensor.decode_as::<T>().unwrap(), tensor.decode().unwrap());
    for _ in 0..60 {
        let ranges: Vec<Range<u64>> = tensor.shape().iter().map(|&dimension| random_range(dimension, random)).collect();
        let slice = select(tensor, &ranges);
        let indices = selected(tensor.shape(), &ranges);
        assert!(slice.shape().iter().copied().eq(ranges.iter().map(|range| range.end - range.start)));
        assert_eq!(slice.element_count(), indices.len() as u64);
        let expected: Vec<T> = indices.iter().map(|&index| values[index]).collect();
        assert_eq!(slice.decode_as::<T>().unwrap(), expected, "{ranges:?} of {:?}", tensor.shape());
        let mut out = vec![T::default(); indices.len()];
        slice.decode_into(&mut out).unwrap();
        assert_eq!(out, expected);
        out.push(T::default());
        assert_eq!(slice.decode_into(&mut out).unwrap_err().kind(), ErrorKind::InvalidArgument);
        let width = tensor.dtype().bits() as usize / 8;
        if width > 0 {
            let expected: Vec<u8> =
                indices.iter().flat_map(|&index| &bytes[index * width..][..width]).copied().collect();
            assert_eq!(slice.byte_len(), expected.len() as u64);
            assert!(slice.decode().unwrap() == expected);
        }
    }
}

#[test]
fn slices_of_any_axes_are_those_of_the_whole() {
    let mut random = Random(1);
    let floats: Vec<f32> = (0..23 * 17 * 11).map(|_| random.normal() as f32).collect();
    let integers: Vec<i16> = (0..5 * 7 * 200).map(|_| random.below(300) as i16).collect();
    let raw: Vec<u64> = (0..64 * 40).map(|_| random.next()).collect();
    let packed: Vec<u8> = (0..40 * 33 * 6 / 2).map(|_| random.next() as u8).collect();
    let reader = reader(&[
        ("before", TensorView::from_slice(&floats[..37], &[37]).unwrap()),
        ("floats", TensorView::from_slice(&floats, &[23, 17, 11]).unwrap()),
        ("integers", TensorView::from_slice(&integers, &[5, 1, 7, 200]).unwrap()),
        ("raw", TensorView::from_slice(&raw, &[64, 40]).unwrap()),
        ("packed", TensorView::new(Dtype::F4, &[40, 33, 6], &packed).unwrap()),
    ]);
    check_slices::<f32>(reader.tensor("before").unwrap(), &mut random);
    check_slices::<f32>(reader.tensor("floats").unwrap(), &mut random);
    check_slices::<f64>(reader.tensor("floats").unwrap(), &mut random);
    check_slices::<i16>(reader.tensor("integers").unwrap(), &mut random);
    check_slices::<i64>(reader.tensor("integers").unwrap(), &mut random);
    check_slices::<u64>(reader.tensor("raw").unwrap(), &mut random);
    check_slices::<f32>(reader.tensor("packed").unwrap(), &mut random);
    let packed_tensor = reader.tensor("packed").unwrap();
    assert_eq!(packed_tensor.rows(1..3).unwrap().decode().unwrap(), packed[99..297]);
    assert_eq!(packed_tensor.slice(2, 2..4).unwrap().decode().unwrap().len(), 40 * 33);
    let error = packed_tensor.slice(2, 1..4).unwrap().decode().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
}

#[test]
fn every_type_comes_back() {
    fn check<T: Element + PartialEq + std::fmt::Debug>(values: &[T]) {
        let shape = [values.len() as u64];
        let view = TensorView::from_slice(values, &shape).unwrap();
        assert_eq!(view.dtype(), T::DTYPE);
        let reader = reader(&[("x", view)]);
        let tensor = reader.tensor("x").unwrap();
        assert_eq!(tensor.dtype(), T::DTYPE);
        assert_eq!(tensor.decode_as::<T>().unwrap(), values);
    }
    check(&[true, false, true]);
    check(&[0u8, 1, u8::MAX]);
    check(&[i8::MIN, -1, i8::MAX]);
    check(&[0u16, 0x0102, u16::MAX]);
    check(&[i16::MIN, -1, i16::MAX]);
    check(&[0u32, 0x0102_0304, u32::MAX]);
    check(&[i32::MIN, -1, i32::MAX]);
    check(&[0u64, 0x0102_0304_0506_0708, u64::MAX]);
    check(&[i64::MIN, -1, i64::MAX]);
    check(&[0.5f32, -0.0, f32::MAX, f32::INFINITY]);
    check(&[0.5f64, -0.0, f64::MIN_POSITIVE, f64::NEG_INFINITY]);
    #[cfg(feature = "half")]
    {
        check(&[half::f16::ONE, half::f16::MIN]);
        check(&[half::bf16::ONE, half::bf16::MIN]);
    }
}

#[test]
fn conversions_follow_the_rules() {
    let reader = reader(&[
        ("counts", TensorView::from_slice(&[1i64, 200, -3], &[3]).unwrap()),
        ("flags", TensorView::from_slice(&[true, false], &[2]).unwrap()),
        ("weights", TensorView::from_slice(&[0.1f64, 1e300], &[2]).unwrap()),
    ]);
    let tensor = |name| reader.tensor(name).unwrap();
    assert_eq!(tensor("counts").decode_as::<f32>().unwrap(), [1.0, 200.0, -3.0]);
    assert_eq!(tensor("counts").decode_as::<i16>().unwrap(), [1, 200, -3]);
    assert_eq!(tensor("counts").elements(..2).unwrap().decode_as::<u8>().unwrap(), [1, 200]);
    let error = tensor("counts").decode_as::<u8>().unwrap_err();
    assert_eq!((error.kind(), error.tensor()), (ErrorKind::InvalidArgument, Some("counts")));
    assert_eq!(error.to_string(), "the value -3 does not fit into u8 (tensor counts)");
    assert_eq!(tensor("flags").decode_as::<u32>().unwrap(), [1, 0]);
    assert_eq!(tensor("weights").decode_as::<f32>().unwrap(), [0.1, f32::INFINITY]);
    let error = tensor("weights").decode_as::<i32>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn ranges_that_do_not_exist_are_refused() {
    let reader = reader(&[
        ("x", TensorView::from_slice(&[1u8; 6], &[2, 3]).unwrap()),
        ("one", TensorView::from_slice(&[7u8], &[]).unwrap()),
    ]);
    let x = reader.tensor("x").unwrap();
    let message = |outcome: tersor::Result<TensorSlice<'_>>| outcome.unwrap_err().to_string();
    assert_eq!(message(x.rows(1..3)), "rows 1..3 do not exist: choose a range within 0..2 (tensor x)");
    assert_eq!(message(x.slice(2, ..)), "axis 2 does not exist: the rank is 2 (tensor x)");
    assert_eq!(message(x.elements(7..)), "elements 7..6 do not exist: choose a range within 0..6 (tensor x)");
    assert!(x.slice(1, 1..).unwrap().slice(1, ..3).is_err());
    assert_eq!(x.slice(1, 1..=1).unwrap().decode().unwrap(), [1, 1]);
    let one = reader.tensor("one").unwrap();
    assert_eq!(one.rows(..).unwrap().decode().unwrap(), [7]);
    assert_eq!(one.elements(..).unwrap().shape(), [1]);
    assert!(one.slice(0, ..).is_err());
}

#[test]
fn output_of_the_wrong_length_is_refused() {
    let reader = reader(&[("x", TensorView::from_slice(&[1.0f32; 6], &[2, 3]).unwrap())]);
    let x = reader.tensor("x").unwrap();
    let error = x.decode_into(&mut [0f32; 5]).unwrap_err();
    assert_eq!(error.to_string(), "the output has 5 elements where 6 are decoded (tensor x)");
    assert!(x.decode_bytes_into(&mut [0; 6]).is_err());
}
