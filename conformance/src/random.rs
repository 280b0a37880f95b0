//! Pseudo-random numbers that are the same on every machine.

/// A generator of pseudo-random numbers (SplitMix64) that gives the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    #[expect(clippy::should_implement_trait, reason = "an endless source needs no Option")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Returns a number below 2^`width`. Small numbers are more frequent than large ones.
    pub fn skewed(&mut self, width: u32) -> u16 {
        let bits = self.below(u64::from(width) + 1);
        (self.next() & ((1 << bits) - 1)) as u16
    }
}
