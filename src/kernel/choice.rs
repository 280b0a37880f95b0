//! Chooses the kernel: by the environment, or by a measurement of a few microseconds.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::lanes::{DecodingLanes, MAX_ROUNDS, first_slot};
use super::token::{Kernel, UnknownKernel};
use crate::error::{Error, Result};
use crate::spec::LANES;

/// The environment variable that selects a kernel.
const VARIABLE: &str = "TERSOR_KERNEL";

impl Kernel {
    /// Returns the kernel that the environment selects, or the fastest one.
    pub(crate) fn chosen() -> Result<Self> {
        static CHOSEN: OnceLock<Result<Kernel, String>> = OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| match std::env::var(VARIABLE) {
            Ok(name) if !name.is_empty() => {
                name.parse().map_err(|unknown: UnknownKernel| format!("{VARIABLE}={name}: {unknown}"))
            }
            _ => Ok(Self::fastest()),
        });
        chosen.clone().map_err(Error::invalid)
    }

    /// Returns the kernel that decodes lanes fastest.
    ///
    /// The instruction set does not tell: on some processors the instructions that gather slots were slowed down to
    /// prevent leaks, and AVX2, which loads slots one by one, is faster than AVX-512.
    fn fastest() -> Self {
        let mut available = Self::available();
        // the portable kernel is slower than any other
        available.pop_if(|last| *last == Self::PORTABLE);
        match available[..] {
            [] => Self::PORTABLE,
            [only] => only,
            _ => {
                let trial = Trial::new();
                available.into_iter().min_by_key(|kernel| trial.time(*kernel)).unwrap_or(Self::PORTABLE)
            }
        }
    }
}

/// The precision of the trial's tables.
const PRECISION: u32 = 11;
/// The number of contexts of the trial: as many as many streams of floats have.
const CONTEXTS: usize = 16;
/// The bits of a symbol. All symbols have the same frequency.
const SYMBOL_BITS: u32 = 4;

/// Lanes that are decoded to measure kernels.
struct Trial {
    slots: Vec<u32>,
    words: Vec<[u8; 2]>,
    contexts: Vec<u8>,
}

impl Trial {
    fn new() -> Self {
        let frequency = 1 << (PRECISION - SYMBOL_BITS);
        let symbols = (0..1 << SYMBOL_BITS).flat_map(|label| {
            let first = first_slot(label, frequency, PRECISION);
            (0..u32::from(frequency)).map(move |distance| first + distance)
        });
        let one: Vec<u32> = symbols.collect();
        // a round takes 32 words at most
        let numbers = (0..(MAX_ROUNDS * LANES) as u32).map(|i| i.wrapping_mul(0x9e37_79b9) >> 8);
        Self {
            slots: one.repeat(CONTEXTS),
            words: numbers.clone().map(|number| (number as u16).to_le_bytes()).collect(),
            contexts: numbers.map(|number| (number as usize % CONTEXTS) as u8).collect(),
        }
    }

    /// Returns the shortest time of some runs.
    fn time(&self, kernel: Kernel) -> Duration {
        let mut symbols = [vec![0; self.contexts.len()], vec![0; self.contexts.len()]];
        let run = |_| {
            let mut states: [[u32; LANES]; 2] =
                std::array::from_fn(|n| std::array::from_fn(|i| (1 << 16) + 97 * (32 * n + i) as u32));
            let [first, second] = &mut states;
            let [one, other] = &mut symbols;
            let lanes = |states, symbols| DecodingLanes {
                states,
                slots: &self.slots,
                precision: PRECISION,
                words: &self.words,
                position: 0,
                first: 0,
                escape: None,
                contexts: &self.contexts,
                symbols,
            };
            let mut both = [lanes(first, &mut one[..]), lanes(second, &mut other[..])];
            let start = Instant::now();
            kernel.decode_lanes(&mut both);
            start.elapsed()
        };
        (0..8).map(run).min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_kernel_is_available() {
        let available = Kernel::available();
        assert!(available.contains(&Kernel::fastest()));
        assert_eq!(Kernel::fastest() == Kernel::PORTABLE, available.len() == 1);
    }

    /// All kernels do the same work in the trial, and all of it.
    #[test]
    fn a_trial_decodes_all_symbols() {
        let trial = Trial::new();
        for kernel in Kernel::available() {
            let mut states = [1 << 16; LANES];
            let mut symbols = vec![u16::MAX; trial.contexts.len()];
            let mut lanes = [DecodingLanes {
                states: &mut states,
                slots: &trial.slots,
                precision: PRECISION,
                words: &trial.words,
                position: 0,
                first: 0,
                escape: None,
                contexts: &trial.contexts,
                symbols: &mut symbols,
            }];
            assert_eq!(kernel.decode_lanes(&mut lanes).rounds, MAX_ROUNDS);
            assert!(symbols.iter().all(|&symbol| symbol < 1 << SYMBOL_BITS));
        }
    }
}
