//! Packed bits (section 1.2): values of a few bits each, one after another, the least significant bit first.

use crate::error::{Error, Result};

/// Values are handled eight at a time, because eight values of `width` bits are `width` whole bytes.
const EIGHT: usize = 8;

/// Returns the number of bytes of `count` values of `width` bits, or `usize::MAX` if it does not fit.
pub(crate) fn packed_len(count: usize, width: u32) -> usize {
    let width = width as usize;
    (count / EIGHT).saturating_mul(width).saturating_add((count % EIGHT * width).div_ceil(8))
}

/// Calls a function with the width as a constant.
macro_rules! with_width {
    ($width:expr, $function:ident($($argument:expr),*), else $other:expr) => {
        match $width {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            6 => $function::<6>($($argument),*),
            7 => $function::<7>($($argument),*),
            8 => $function::<8>($($argument),*),
            9 => $function::<9>($($argument),*),
            10 => $function::<10>($($argument),*),
            11 => $function::<11>($($argument),*),
            12 => $function::<12>($($argument),*),
            13 => $function::<13>($($argument),*),
            14 => $function::<14>($($argument),*),
            15 => $function::<15>($($argument),*),
            16 => $function::<16>($($argument),*),
            _ => $other,
        }
    };
}

/// Appends `values`, each below 2^width, as packed bits. The width is 1 to 16.
pub(crate) fn pack(values: &[u16], width: u32, out: &mut Vec<u8>) {
    debug_assert!(values.iter().all(|&value| u32::from(value) >> width == 0), "a value beyond {width} bits");
    out.reserve(packed_len(values.len(), width));
    with_width!(width, pack_eights(values, out), else unreachable!("packed bits of width {width}"))
}

fn pack_eights<const WIDTH: usize>(values: &[u16], out: &mut Vec<u8>) {
    if WIDTH == 8 {
        out.extend(values.iter().map(|&value| value as u8));
        return;
    }
    let (eights, rest) = values.as_chunks::<EIGHT>();
    for eight in eights {
        out.extend_from_slice(&join::<WIDTH>(eight)[..WIDTH]);
    }
    let mut last = [0; EIGHT];
    last[..rest.len()].copy_from_slice(rest);
    out.extend_from_slice(&join::<WIDTH>(&last)[..packed_len(rest.len(), WIDTH as u32)]);
}

/// Unpacks values of 1 to 16 bits to `out`; `bytes` holds exactly these values.
pub(crate) fn unpack(bytes: &[u8], width: u32, out: &mut [u16]) -> Result<()> {
    if bytes.len() != packed_len(out.len(), width) {
        return Err(Error::corrupt(format!("{} bytes cannot hold {} values of {width} bits", bytes.len(), out.len())));
    }
    with_width!(width, unpack_eights(bytes, out), else Err(Error::corrupt(format!("packed values of {width} bits are not allowed"))))
}

fn unpack_eights<const WIDTH: usize>(bytes: &[u8], out: &mut [u16]) -> Result<()> {
    if WIDTH == 8 {
        for (value, &byte) in out.iter_mut().zip(bytes) {
            *value = u16::from(byte);
        }
        return Ok(());
    }
    let (eights, rest) = out.as_chunks_mut::<EIGHT>();
    // The remaining values, up to 7, take up to `WIDTH` bytes.
    let (whole, last) = bytes.split_at(eights.len() * WIDTH);
    for (eight, chunk) in eights.iter_mut().zip(whole.as_chunks::<WIDTH>().0) {
        *eight = split::<WIDTH>(chunk);
    }
    let mut chunk = [0; WIDTH];
    chunk[..last.len()].copy_from_slice(last);
    let values = split::<WIDTH>(&chunk);
    rest.copy_from_slice(&values[..rest.len()]);
    let used = rest.len() * WIDTH % 8;
    match last.last() {
        Some(byte) if used > 0 && byte >> used != 0 => Err(Error::corrupt("unused bits of packed values are not zero")),
        _ => Ok(()),
    }
}

/// Packs eight values to the first `WIDTH` bytes of the result.
#[inline(always)]
fn join<const WIDTH: usize>(values: &[u16; EIGHT]) -> [u8; 16] {
    let mask = u16::MAX >> (16 - WIDTH);
    let mut bits = 0u128;
    for (i, value) in values.iter().enumerate() {
        bits |= u128::from(value & mask) << (i * WIDTH);
    }
    bits.to_le_bytes()
}

/// Unpacks eight values.
#[inline(always)]
fn split<const WIDTH: usize>(chunk: &[u8; WIDTH]) -> [u16; EIGHT] {
    let mask = u16::MAX >> (16 - WIDTH);
    let mut bytes = [0; 16];
    bytes[..WIDTH].copy_from_slice(chunk);
    let bits = u128::from_le_bytes(bytes);
    std::array::from_fn(|i| (bits >> (i * WIDTH)) as u16 & mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs as section 1.2 says: bit k is bit (k mod 8) of byte (k / 8).
    fn naive_pack(values: &[u16], width: u32) -> Vec<u8> {
        let mut bytes = vec![0; (values.len() * width as usize).div_ceil(8)];
        for (i, value) in values.iter().enumerate() {
            for bit in 0..width as usize {
                let k = i * width as usize + bit;
                bytes[k / 8] |= ((value >> bit & 1) as u8) << (k % 8);
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn values_come_back(values in prop::collection::vec(any::<u16>(), 0..70), width in 1u32..=16) {
            let values: Vec<u16> = values.iter().map(|value| value >> (16 - width)).collect();
            let mut bytes = vec![7];
            pack(&values, width, &mut bytes);
            prop_assert_eq!(bytes.remove(0), 7);
            prop_assert_eq!(&bytes, &naive_pack(&values, width));
            prop_assert_eq!(bytes.len(), packed_len(values.len(), width));
            let mut back = vec![1; values.len()];
            unpack(&bytes, width, &mut back).unwrap();
            prop_assert_eq!(&back, &values);
        }

        #[test]
        fn unused_bits_and_wrong_lengths_are_refused(count in 0usize..40, width in 1u32..=16) {
            let mut bytes = Vec::new();
            pack(&vec![0; count], width, &mut bytes);
            let mut out = vec![0; count];
            let used = count * width as usize;
            for bit in used..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(unpack(&bytes, width, &mut out).is_err());
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            bytes.push(0);
            prop_assert!(unpack(&bytes, width, &mut out).is_err());
            bytes.truncate(bytes.len().saturating_sub(2));
            prop_assert!(count == 0 || unpack(&bytes, width, &mut out).is_err());
        }
    }

    #[test]
    fn a_length_beyond_the_machine_saturates() {
        assert_eq!(packed_len(usize::MAX, 16), usize::MAX);
        assert_eq!(packed_len(usize::MAX, 1), usize::MAX / 8 + 1);
    }
}
