//! Numbers of elements and bytes of a shape, without overflow.

use super::Dtype;

/// Returns the number of elements: the product of the dimensions, 1 for rank 0, 0 if any dimension is 0. Returns `None`
/// for 2^63 and more.
#[must_use]
pub fn element_count(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    let count = shape.iter().try_fold(1u64, |product, &dimension| product.checked_mul(dimension))?;
    (count < 1 << 63).then_some(count)
}

/// Returns the size of a tensor in bytes, or `None` if it is 2^63 or more or not a whole number of bytes.
#[must_use]
pub fn byte_len(dtype: Dtype, shape: &[u64]) -> Option<u64> {
    let bits = u128::from(element_count(shape)?) * u128::from(dtype.bits());
    let bytes = u64::try_from(bits / 8).ok()?;
    (bits.is_multiple_of(8) && bytes < 1 << 63).then_some(bytes)
}

/// Returns the size in bytes of `elements` elements, which must end at a byte and take less than 2^63 bytes.
pub(crate) fn bytes_of(dtype: Dtype, elements: u64) -> u64 {
    (u128::from(elements) * u128::from(dtype.bits()) / 8) as u64
}

/// Returns the smallest number of elements of `dtype` that take a whole number of bytes.
pub(crate) fn elements_of_whole_bytes(dtype: Dtype) -> u64 {
    match dtype.bits() {
        4 => 2,
        6 => 4,
        _ => 1,
    }
}

/// Returns the number of elements of a row: the product of all dimensions but the first; 1 for rank 0 and 1.
pub(crate) fn row_elements(shape: &[u64]) -> u64 {
    shape.get(1..).and_then(element_count).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(element_count(&[]), Some(1));
        assert_eq!(element_count(&[2, 3]), Some(6));
        assert_eq!(element_count(&[u64::MAX, u64::MAX, 0]), Some(0));
        assert_eq!(element_count(&[1 << 32, 1 << 31]), None);
        assert_eq!(byte_len(Dtype::F64, &[1 << 60]), None);
        assert_eq!(byte_len(Dtype::F4, &[3]), None);
        assert_eq!(byte_len(Dtype::F6_E2M3, &[4]), Some(3));
        assert_eq!(row_elements(&[7, 3, 2]), 6);
        assert_eq!(row_elements(&[7]), 1);
        assert_eq!(row_elements(&[0, 0]), 1);
    }
}
