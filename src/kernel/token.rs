//! [`Kernel`], a token that proves that the processor can run a kernel; and jobs compiled for it.

use std::fmt;
use std::str::FromStr;

/// An implementation of the inner loops: portable, or for processors with certain features. All give the same bytes.
///
/// By default, the environment variable `TERSOR_KERNEL` selects the kernel. If it is not set, the fastest one is used,
/// found by a measurement of a few microseconds. Set another one in [`DecodeOptions`](crate::DecodeOptions) or [`EncodeOptions`](crate::EncodeOptions).
///
/// ```
/// use tersor::Kernel;
/// assert!(Kernel::available().contains(&Kernel::PORTABLE));
/// assert_eq!("portable".parse(), Ok(Kernel::PORTABLE));
/// ```
// Only `available` makes kernels that are not portable. So a kernel proves that the processor can run it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// The kernel that runs on every machine.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Returns the kernels that this machine can run, those with the widest vectors first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                kernels.push(Self(Kind::Avx512));
            }
            kernels.push(Self(Kind::Avx2));
        }
        kernels.push(Self::PORTABLE);
        kernels
    }

    /// Returns the name that `TERSOR_KERNEL` takes: `avx512`, `avx2` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
        }
    }

    pub(super) fn kind(self) -> Kind {
        self.0
    }

    /// Runs a job. Its code is compiled once for each kernel, so that its loops use the widest vectors of the
    /// processor.
    #[inline]
    pub(crate) fn run<J: Job>(self, job: J) -> J::Output {
        match self.0 {
            Kind::Portable => job.run(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has these features.
            Kind::Avx512 => unsafe { run_for_avx512(job) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has these features.
            Kind::Avx2 => unsafe { run_for_avx2(job) },
        }
    }
}

/// Safe code with loops that are worth compiling for a processor.
pub(crate) trait Job {
    type Output;

    /// Does the job. This function and all functions that it calls in loops must be `#[inline(always)]`: code that is
    /// not inlined is compiled for all processors.
    fn run(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt,lzcnt")]
fn run_for_avx512<J: Job>(job: J) -> J::Output {
    job.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
fn run_for_avx2<J: Job>(job: J) -> J::Output {
    job.run()
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a name that no kernel of this machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKernel(String);

impl fmt::Display for UnknownKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnknownKernel {}

impl FromStr for Kernel {
    type Err = UnknownKernel;

    fn from_str(name: &str) -> Result<Self, UnknownKernel> {
        let available = Self::available();
        available.iter().copied().find(|kernel| kernel.name() == name).ok_or_else(|| {
            let names: Vec<&str> = available.iter().map(|kernel| kernel.name()).collect();
            UnknownKernel(format!("this machine has no such kernel; it has {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_known_by_their_names() {
        let available = Kernel::available();
        assert_eq!(available.last(), Some(&Kernel::PORTABLE));
        for kernel in available {
            assert_eq!(kernel.name().parse(), Ok(kernel));
        }
        let error = "abacus".parse::<Kernel>().unwrap_err().to_string();
        assert!(error.contains("portable"), "{error}");
    }
}
