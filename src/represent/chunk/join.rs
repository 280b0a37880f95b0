//! Joins fields to words and inverts the transform, in one pass (section 8).

use crate::kernel::{Job, Kernel};
use crate::represent::coding::Coding;
use crate::represent::fields::Fields;
use crate::represent::transform::Transform;
use crate::represent::values::Word;
use crate::spec::MAX_FIELDS;

/// How the fields of a word are joined.
#[derive(Debug)]
pub(super) struct Joining {
    /// The number and the shift of each field that is not constant.
    parts: Vec<(usize, u32)>,
    /// The bits of all constant fields.
    constant: u64,
    transform: Transform,
    /// The number of bits of a word.
    bits: u32,
}

/// The symbols of a block. The symbols of each field begin `stride` symbols after the symbols of the field before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) joining: &'a Joining,
    pub(super) symbols: &'a [u16],
    pub(super) stride: usize,
    /// The number of words.
    pub(super) count: usize,
}

impl Joining {
    pub(super) fn new(fields: &Fields) -> Self {
        let bits = fields.symbol_bits();
        let mut this = Self { parts: Vec::new(), constant: 0, transform: fields.transform, bits };
        let mut shift = bits;
        for (number, field) in fields.fields.iter().enumerate() {
            shift -= field.width;
            match field.coding {
                Coding::Constant(value) => this.constant |= u64::from(value) << shift,
                _ => this.parts.push((number, shift)),
            }
        }
        this
    }
}

impl Block<'_> {
    /// Writes the words to `out`.
    pub(super) fn store<V: Word>(self, kernel: Kernel, out: &mut [V]) {
        self.write::<V>(kernel, bytemuck::cast_slice_mut(out));
        if cfg!(target_endian = "big") {
            out.iter_mut().for_each(|word| *word = V::read(bytemuck::bytes_of(word)));
        }
    }

    /// Writes the words to `out` in little-endian order.
    pub(super) fn write<V: Word>(self, kernel: Kernel, out: &mut [u8]) {
        match self.joining.parts.len() {
            0 | 1 => self.join::<V, 1>(kernel, out),
            2 => self.join::<V, 2>(kernel, out),
            3 => self.join::<V, 3>(kernel, out),
            4 => self.join::<V, 4>(kernel, out),
            // more fields are rare
            _ => self.join::<V, MAX_FIELDS>(kernel, out),
        }
    }

    fn join<V: Word, const N: usize>(self, kernel: Kernel, out: &mut [u8]) {
        let joining = self.joining;
        let count = out.len() / V::SIZE;
        // unused parts take 0 bits of the first field
        let mut parts = [(&self.symbols[..count], 0, 0); N];
        for (part, &(number, shift)) in parts.iter_mut().zip(&joining.parts) {
            *part = (&self.symbols[number * self.stride..][..count], shift, u16::MAX);
        }
        kernel.run(Join { parts, constant: V::from_number(joining.constant), joining, out });
    }
}

/// The number of words that are joined at a time. The compiler vectorises loops of a known length.
const GROUP: usize = 16;

/// Joins `N` parts of each word.
struct Join<'a, V, const N: usize> {
    /// For each part: its symbols, the shift, and the mask of the bits to use.
    parts: [(&'a [u16], u32, u16); N],
    constant: V,
    joining: &'a Joining,
    out: &'a mut [u8],
}

impl<V: Word, const N: usize> Job for Join<'_, V, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Joining { transform, bits, .. } = *self.joining;
        // each transform has a loop of its own
        match transform {
            Transform::Identity => self.run_with(|word| word),
            Transform::Rotate => self.run_with(|word| word.unrotate(bits)),
            Transform::Zigzag => self.run_with(|word| word.unzigzag(bits)),
            Transform::Offset(by) => self.run_with(|word| word.offset(by.wrapping_neg(), bits)),
        }
    }
}

impl<V: Word, const N: usize> Join<'_, V, N> {
    /// `invert` inverts the transform of a word.
    #[inline(always)]
    fn run_with(self, invert: impl Fn(V) -> V) {
        let Self { parts, constant, out, .. } = self;
        let count = out.len() / V::SIZE;
        // with equal lengths the compiler removes the checks for each word
        let parts = parts.map(|(symbols, shift, mask)| (&symbols[..count], shift, mask));
        let (groups, rest) = out.split_at_mut(count / GROUP * GROUP * V::SIZE);
        for (places, first) in groups.chunks_exact_mut(GROUP * V::SIZE).zip((0..).step_by(GROUP)) {
            let mut words = [constant; GROUP];
            for &(symbols, shift, mask) in &parts {
                let symbols = &symbols[first..first + GROUP];
                words.iter_mut().zip(symbols).for_each(|(word, symbol)| *word = word.with(symbol & mask, shift));
            }
            places.chunks_exact_mut(V::SIZE).zip(words).for_each(|(place, word)| invert(word).write(place));
        }
        for (place, i) in rest.chunks_exact_mut(V::SIZE).zip(count / GROUP * GROUP..) {
            let join = |word: V, &(symbols, shift, mask): &(&[u16], u32, u16)| word.with(symbols[i] & mask, shift);
            invert(parts.iter().fold(constant, join)).write(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::represent::coding::Field;
    use crate::represent::steps::Steps;
    use crate::represent::values::with_word;
    use proptest::prelude::*;

    proptest! {
        /// Joining inverts the division into fields, with every kernel.
        #[test]
        fn fields_make_words(
            words in prop::collection::vec(any::<u64>(), 1..100),
            widths in prop::collection::vec(1u32..=16, 1..16),
            bits in prop_oneof![Just(8u32), Just(16), Just(32), Just(64), Just(6), Just(11), Just(24)],
            is_constant in any::<u16>(),
            kind in 0..4u8,
            by: u64,
        ) {
            let mask = u64::MAX >> (64 - bits);
            let transform = match kind {
                0 => Transform::Identity,
                1 => Transform::Rotate,
                2 => Transform::Zigzag,
                _ => Transform::Offset(by & mask),
            };
            let mut left = bits;
            let mut widths: Vec<u32> = widths.into_iter().map(|width| { let own = width.min(left); left -= own; own }).collect();
            while left > 0 {
                widths.push(left.min(16));
                left -= left.min(16);
            }
            widths.retain(|&width| width > 0);
            prop_assume!(widths.len() <= 16);
            let mut transformed: Vec<u64> = words.iter().map(|word| word & mask).collect();
            let original = transformed.clone();
            transform.apply(&mut transformed, bits);
            let stride = words.len() + 3;
            let mut symbols = vec![0u16; stride * widths.len()];
            let mut fields = Vec::new();
            let mut shift = bits;
            for (number, &width) in widths.iter().enumerate() {
                shift -= width;
                let of = |word: &u64| (word >> shift) as u16 & (u16::MAX >> (16 - width));
                let own: Vec<u16> = transformed.iter().map(of).collect();
                let same = own.iter().all(|&symbol| symbol == own[0]) && is_constant >> number & 1 == 1;
                symbols[number * stride..][..own.len()].copy_from_slice(&own);
                fields.push(Field { width, coding: if same { Coding::Constant(own[0]) } else { Coding::Raw } });
            }
            let fields = Fields { steps: Steps::NONE, class_fields: Vec::new(), transform, fields };
            let joining = Joining::new(&fields);
            let block = Block { joining: &joining, symbols: &symbols, stride, count: words.len() };
            for kernel in Kernel::available() {
                with_word!(bits, V => {
                    let mut stored = vec![V::default(); words.len()];
                    block.store(kernel, &mut stored);
                    let numbers: Vec<u64> = stored.iter().map(|word| word.number()).collect();
                    prop_assert_eq!(&numbers, &original);
                    let mut bytes = vec![0; words.len() * V::SIZE];
                    block.write::<V>(kernel, &mut bytes);
                    let read: Vec<u64> = bytes.chunks(V::SIZE).map(|bytes| V::read(bytes).number()).collect();
                    prop_assert_eq!(&read, &original);
                });
            }
        }
    }
}
