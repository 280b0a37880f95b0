//! Finds the steps of all tensors for one dial: first on samples, then on whole tensors.

use super::inventory::Listed;
use crate::encode::input::{Blocks, FileInput};
use crate::error::{Error, Result};
use crate::quantize::{
    Bracket, ErrorMeasure, Quantization, QuantizedValues, Sample, Setting, ValueRule, ValueSetting, Weighting, apply,
    columns_of, solve_falling,
};
use crate::tensor::TensorView;
use crate::workers::Workers;

/// Values in the samples of all tensors together, and the least number in the sample of one.
const SAMPLE_VALUES: u64 = 1 << 20;
const LEAST_SAMPLE: u64 = 1 << 14;
/// The range of the dial: the binary logarithm of the step over the root mean square.
const RANGE: (f64, f64) = (-12.0, 4.0);
/// The relative tolerance of trials on samples.
const TOLERANCE: f64 = 5e-4;
/// Bytes of quantised tensors that are kept in memory. Tensors beyond are quantised again whenever they are read.
const KEPT_BYTES: usize = 1 << 30;
/// Rounds in which a tensor's error is corrected.
const ROUNDS: usize = 12;

/// A tensor that becomes lossy.
#[derive(Debug)]
pub(super) struct Lossy {
    /// The number of the tensor in the list.
    pub(super) listed: usize,
    pub(super) sample: Sample,
}

/// The lossy tensors with their settings.
pub(super) type Made = Vec<(Setting, QuantizedValues)>;

/// The tensors of the files, and those of them that become lossy.
pub(super) struct Plan<'a> {
    pub(super) files: &'a [FileInput<'a>],
    pub(super) quantization: &'a Quantization,
    pub(super) workers: &'a Workers,
    pub(super) tensors: Vec<Listed>,
    pub(super) lossy: Vec<Lossy>,
    /// The root mean square of all tensors that the dial rules.
    pooled: f64,
}

impl<'a> Plan<'a> {
    /// Samples all tensors that shall be lossy. Those that cannot stay lossless.
    pub(super) fn new(
        files: &'a [FileInput<'a>],
        mut tensors: Vec<Listed>,
        quantization: &'a Quantization,
        workers: &'a Workers,
    ) -> Result<Self> {
        let all: u64 = tensors.iter().filter(|tensor| !tensor.treatment.is_lossless()).map(Listed::elements).sum();
        let mut blocks = Blocks::new(files);
        let mut lossy = Vec::new();
        for (listed, tensor) in tensors.iter_mut().enumerate() {
            let weighting =
                quantization.importance.weighting(&tensor.name, &tensor.shape, columns_of(&tensor.shape))?;
            if tensor.treatment.is_lossless() {
                continue;
            }
            let share = (u128::from(SAMPLE_VALUES) * u128::from(tensor.elements()) / u128::from(all.max(1))) as u64;
            let view = TensorView::new(tensor.dtype, &tensor.shape, blocks.read(tensor.file, tensor.range.clone())?)?;
            match Sample::take(&view, weighting, tensor.treatment.prune, share.max(LEAST_SAMPLE) as usize) {
                Ok(sample) => lossy.push(Lossy { listed, sample }),
                Err(reason) => tensor.keep(reason),
            }
        }
        let mut this = Self { files, quantization, workers, tensors, lossy, pooled: 0.0 };
        let dialled = || this.lossy.iter().filter(|lossy| this.is_dialled(lossy));
        let (energy, values) = dialled()
            .fold((0.0, 0u64), |(energy, values), lossy| (energy + lossy.sample.energy, values + lossy.sample.values));
        this.pooled = libm::sqrt(energy / values.max(1) as f64);
        Ok(this)
    }

    fn is_dialled(&self, lossy: &Lossy) -> bool {
        self.tensors[lossy.listed].treatment.values == ValueRule::Dial
    }

    /// Returns whether the dial rules a tensor.
    pub(super) fn has_dialled(&self) -> bool {
        self.lossy.iter().any(|lossy| self.is_dialled(lossy))
    }

    fn dialled_values(&self) -> u64 {
        self.lossy.iter().filter(|lossy| self.is_dialled(lossy)).map(|lossy| lossy.sample.values).sum()
    }

    /// Returns the step of a tensor at a position of the dial.
    fn step(&self, lossy: &Lossy, dial: f64) -> f64 {
        let size = match self.quantization.error {
            ErrorMeasure::Absolute if self.is_dialled(lossy) => self.pooled,
            _ => lossy.sample.root_mean_square(),
        };
        (libm::exp2(dial) * size).max(lossy.sample.least_step())
    }

    /// Returns the estimated bits and the estimated error of the tensors that the dial rules.
    fn try_dial(&self, dial: f64) -> Result<(f64, f64)> {
        let dialled: Vec<&Lossy> = self.lossy.iter().filter(|lossy| self.is_dialled(lossy)).collect();
        let one = Workers::new(Some(1))?;
        let trials = self
            .workers
            .map(dialled.clone(), |lossy| lossy.sample.try_values(ValueSetting::Step(self.step(lossy, dial)), &one))?;
        let mut mean = Mean::default();
        let mut bits = 0.0;
        for (lossy, trial) in dialled.iter().zip(&trials) {
            bits += trial.bits;
            mean.add(self.quantization.error, lossy, trial.nmse);
        }
        Ok((bits, mean.value()))
    }

    /// Returns the position of the dial at which the dialled tensors take about `bits` bits; as an error, the bits at
    /// the end of the range.
    pub(super) fn dial_for_bits(&self, bits: f64) -> Result<Result<f64, f64>> {
        solve_falling(bits, near_bits(bits / self.dialled_values() as f64), TOLERANCE, |dial| {
            Ok(self.try_dial(dial)?.0)
        })
    }

    /// Returns the estimated bits of the dialled tensors at a position of the dial.
    pub(super) fn bits_at(&self, dial: f64) -> Result<f64> {
        Ok(self.try_dial(dial)?.0)
    }

    /// Quantises the lossy tensors that the dial does not rule; `None` for the other ones.
    pub(super) fn make_fixed(&self) -> Result<Vec<Option<(Setting, QuantizedValues)>>> {
        let fixed = |lossy: &Lossy| {
            if self.is_dialled(lossy) {
                return Ok(None);
            }
            let setting = self.setting(lossy, 0.0)?;
            Ok(Some((setting, self.apply(lossy, setting)?)))
        };
        self.lossy.iter().map(fixed).collect()
    }

    /// Quantises the tensors that are not yet made, at a position of the dial.
    pub(super) fn make(&self, dial: f64, made: Vec<Option<(Setting, QuantizedValues)>>) -> Result<Made> {
        let mut kept = 0;
        let make = |(lossy, made): (&Lossy, Option<(Setting, QuantizedValues)>)| {
            let (setting, mut quantised) = match made {
                Some(made) => made,
                None => {
                    let setting = self.setting(lossy, dial)?;
                    (setting, self.apply(lossy, setting)?)
                }
            };
            kept += quantised.bytes.as_ref().map_or(0, |bytes| bytes.len());
            if kept > KEPT_BYTES {
                quantised.bytes = None;
            }
            Ok((setting, quantised))
        };
        self.lossy.iter().zip(made).map(make).collect()
    }

    /// Takes out the tensors that the dial rules.
    pub(super) fn without_dialled(&self, made: Made) -> Vec<Option<(Setting, QuantizedValues)>> {
        self.lossy.iter().zip(made).map(|(lossy, made)| (!self.is_dialled(lossy)).then_some(made)).collect()
    }

    /// Quantises all tensors so that the error of those that the dial rules is at most `nmse`, and at most 1 % less.
    pub(super) fn make_for_nmse(&self, nmse: f64) -> Result<Made> {
        let unmet =
            |nearest: f64| Error::invalid(format!("the NMSE {nmse} cannot be met; about {nearest:.3e} is the nearest"));
        let found = solve_falling(-nmse, near_nmse(nmse), TOLERANCE, |dial| Ok(-self.try_dial(dial)?.1))?;
        let dial = found.map_err(|nearest| unmet(-nearest))?;
        let mut made = Some(self.make_fixed()?);
        let mut all = Vec::new();
        let found = corrected(nmse, dial, |dial| {
            let kept = made.take().unwrap_or_else(|| self.without_dialled(std::mem::take(&mut all)));
            all = self.make(dial, kept)?;
            let mut mean = Mean::default();
            for (lossy, (_, quantised)) in self.lossy.iter().zip(&all).filter(|(lossy, _)| self.is_dialled(lossy)) {
                mean.add(self.quantization.error, lossy, quantised.errors.weighted_nmse());
            }
            Ok(mean.value())
        })?;
        found.map_err(unmet)?;
        Ok(all)
    }

    fn setting(&self, lossy: &Lossy, dial: f64) -> Result<Setting> {
        let tensor = &self.tensors[lossy.listed];
        let sample = &lossy.sample;
        let trial = |dial: f64| sample.try_values(ValueSetting::Step(self.step(lossy, dial)), self.workers);
        let refused = |what: String| Error::invalid(what).in_tensor(&tensor.name);
        let values = match tensor.treatment.values {
            ValueRule::Exact => ValueSetting::Exact,
            ValueRule::Codebook(entries) => ValueSetting::Codebook(entries),
            ValueRule::Step(step) => ValueSetting::Step(step.max(sample.least_step())),
            ValueRule::Dial => ValueSetting::Step(self.step(lossy, dial)),
            ValueRule::Bits(bits) => {
                let weights = sample.values as f64;
                let found = solve_falling(bits * weights, near_bits(bits), TOLERANCE, |dial| Ok(trial(dial)?.bits))?;
                let unmet = |nearest: f64| {
                    let nearest = nearest / weights;
                    refused(format!("{bits} bits per weight cannot be met; {nearest:.3} is the nearest"))
                };
                ValueSetting::Step(self.step(lossy, found.map_err(unmet)?))
            }
            ValueRule::Nmse(nmse) => {
                let found = solve_falling(-nmse, near_nmse(nmse), TOLERANCE, |dial| Ok(-trial(dial)?.nmse))?;
                let unmet =
                    |nearest: f64| refused(format!("the NMSE {nmse} cannot be met; {} is the nearest", -nearest));
                let dial = found.map_err(unmet)?;
                let of_prune = tensor.treatment.prune;
                let exact = |dial: f64| {
                    let setting = Setting { prune: of_prune, values: ValueSetting::Step(self.step(lossy, dial)) };
                    Ok(self.apply(lossy, setting)?.errors.weighted_nmse())
                };
                ValueSetting::Step(self.step(lossy, corrected(nmse, dial, exact)?.map_err(|_| unmet(-nmse))?))
            }
        };
        Ok(Setting { prune: tensor.treatment.prune, values })
    }

    /// Quantises a whole tensor.
    pub(super) fn apply(&self, lossy: &Lossy, setting: Setting) -> Result<QuantizedValues> {
        let tensor = &self.tensors[lossy.listed];
        let mut blocks = Blocks::new(self.files);
        let view = TensorView::new(tensor.dtype, &tensor.shape, blocks.read(tensor.file, tensor.range.clone())?)?;
        apply(&view, self.weighting(tensor)?, setting, self.workers)
    }

    fn weighting(&self, tensor: &Listed) -> Result<Weighting> {
        self.quantization.importance.weighting(&tensor.name, &tensor.shape, columns_of(&tensor.shape))
    }
}

/// Returns where the dial is expected for a number of bits of each weight: each octave is a bit.
fn near_bits(bits: f64) -> Bracket {
    Bracket { range: RANGE, guess: 2.0 - bits }
}

/// Returns where the dial is expected for an error: that of a uniform distribution between two steps.
fn near_nmse(nmse: f64) -> Bracket {
    Bracket { range: RANGE, guess: 0.5 * libm::log2(12.0 * nmse) }
}

/// The mean error of tensors.
#[derive(Debug, Default)]
struct Mean {
    error: f64,
    size: f64,
}

impl Mean {
    fn add(&mut self, measure: ErrorMeasure, lossy: &Lossy, nmse: f64) {
        let size = match measure {
            ErrorMeasure::Relative => lossy.sample.values as f64,
            ErrorMeasure::Absolute => lossy.sample.weighted_energy,
        };
        self.error += size * nmse;
        self.size += size;
    }

    fn value(&self) -> f64 {
        if self.size > 0.0 { self.error / self.size } else { 0.0 }
    }
}

/// Returns the position of a dial at which `error_at` is from 99 to 100 % of `nmse`, near `dial`. The error of small
/// tensors can jump over this range; then the nearest position with a smaller error counts. `error_at` is called last
/// with the position that is returned. As an error, the nearest NMSE that was found.
fn corrected(nmse: f64, mut dial: f64, mut error_at: impl FnMut(f64) -> Result<f64>) -> Result<Result<f64, f64>> {
    let goal = 0.995 * nmse;
    // the logarithm of the error rises by about 2 for each octave of the step
    const SLOPE: f64 = 2.0;
    // the positions nearest to the goal with a smaller and with a larger error
    let (mut below, mut above): (Option<f64>, Option<f64>) = (None, None);
    let mut nearest = f64::INFINITY;
    for round in 0..ROUNDS {
        let error = error_at(dial)?;
        if error <= nmse && error >= 0.99 * nmse {
            return Ok(Ok(dial));
        }
        if (error - nmse).abs() < (nearest - nmse).abs() {
            nearest = error;
        }
        match error <= nmse {
            true => below = Some(below.map_or(dial, |below| below.max(dial))),
            false => above = Some(above.map_or(dial, |above| above.min(dial))),
        }
        let next = dial + (libm::log2(goal) - libm::log2(error.max(f64::MIN_POSITIVE))) / SLOPE;
        dial = match (below, above) {
            (Some(below), Some(above)) if round >= 3 || next <= below || next >= above => 0.5 * (below + above),
            _ => next.clamp(RANGE.0, RANGE.1),
        };
    }
    match below {
        Some(below) => {
            error_at(below)?;
            Ok(Ok(below))
        }
        None => Ok(Err(nearest)),
    }
}
