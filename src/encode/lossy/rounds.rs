//! Quantises all tensors and encodes the files, until the file has the asked size.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::inventory::Listed;
use super::plan::{Lossy, Made, Plan};
use super::source::{LossyFile, Replaced};
use crate::encode::files::{Marks, encode_all};
use crate::encode::input::FileInput;
use crate::encode::{EncodeOptions, Encoder, Summary};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::quantize::{LossyRecord, Octaves, PruneStructure, QuantizedTensor, Steps, Treatment, ValueRule, columns_of};
use crate::represent::GridHint;
use crate::source::ReadAt;
use crate::tensor::{Dtype, TensorView};

/// Rounds of encoding before a size counts as impossible.
const ROUNDS: usize = 6;
/// The asked size is met within this share of it.
const TOLERANCE: f64 = 0.004;
/// Bits that a segment takes besides its values and classes, about.
const SEGMENT_BITS: f64 = 2000.0;

/// An encoded model.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) container: Vec<u8>,
    pub(super) summary: Summary,
    pub(super) tensors: Vec<QuantizedTensor>,
}

/// Encodes the files with the steps at a position of the dial that makes the file take `bits` bits for each weight.
pub(super) fn encode_to_size(plan: &Plan<'_>, bits: f64, is_folder: bool, options: &EncodeOptions) -> Result<Encoded> {
    let silent = options.clone().with_progress(Progress::default());
    let weights: u64 = plan.tensors.iter().map(Listed::elements).sum();
    let target = bits * weights as f64;
    let unmet = |nearest: f64| {
        let nearest = nearest / weights as f64;
        Error::invalid(format!("{bits} bits per weight cannot be met; about {nearest:.3} is the nearest size"))
    };
    let mut made = plan.make_fixed()?;
    // what the file holds besides the tensors that the dial rules
    let fixed: f64 = made.iter().flatten().filter_map(|(_, quantised)| quantised.bits).sum();
    let mut rest = lossless_bits(plan, &silent)? + fixed + SEGMENT_BITS * plan.lossy.len() as f64;
    let mut nearest = f64::INFINITY;
    for round in 0..ROUNDS {
        let dial = plan.dial_for_bits(target - rest)?.map_err(|of_dialled| unmet(of_dialled + rest))?;
        let all = plan.make(dial, made)?;
        let own_options = if round == 0 { options } else { &silent };
        let encoded = encode(plan, &all, is_folder, own_options)?;
        let size = encoded.container.len() as f64 * 8.0;
        if (size - target).abs() <= TOLERANCE * target {
            return Ok(encoded);
        }
        if (size - target).abs() < (nearest - target).abs() {
            nearest = size;
        }
        rest = size - plan.bits_at(dial)?;
        made = plan.without_dialled(all);
    }
    Err(unmet(nearest))
}

/// Encodes the files with their lossy tensors replaced.
pub(super) fn encode(plan: &Plan<'_>, made: &Made, is_folder: bool, options: &EncodeOptions) -> Result<Encoded> {
    let mut tensors = reports(plan, made);
    let mut hints = HashMap::new();
    let mut replaced: Vec<Vec<Replaced>> = plan.files.iter().map(|_| Vec::new()).collect();
    for (number, (lossy, (_, quantised))) in plan.lossy.iter().zip(made).enumerate() {
        let tensor = &plan.tensors[lossy.listed];
        if let Some(steps) = &quantised.steps {
            hints.insert(tensor.ordinal, hint(steps, lossy, plan));
        }
        let bytes = quantised.bytes.clone();
        replaced[tensor.file].push(Replaced { range: tensor.range.clone(), number, bytes });
    }
    let remake = |number: usize| {
        let quantised = plan.apply(&plan.lossy[number], made[number].0)?;
        Ok(quantised.bytes.map_or_else(Vec::new, Arc::unwrap_or_clone))
    };
    let sources: Vec<LossyFile<'_>> =
        plan.files.iter().zip(replaced).map(|(file, replaced)| LossyFile::new(file, replaced, &remake)).collect();
    let inputs: Vec<FileInput<'_>> =
        plan.files.iter().zip(&sources).map(|(file, source)| FileInput::of_source(file.path, source)).collect();
    let record = LossyRecord::text(plan.quantization.quantizer.name(), &tensors);
    let marks = Marks { metadata: record.map(|text| (LossyRecord::KEY.to_owned(), text)), hints };
    let (container, summary, sizes) = encode_all(&inputs, is_folder, Vec::new(), options.clone(), marks)?;
    for (report, tensor) in tensors.iter_mut().zip(&plan.tensors) {
        report.coded_bytes = sizes[tensor.ordinal as usize];
    }
    Ok(Encoded { container, summary, tensors })
}

fn hint(steps: &Steps, lossy: &Lossy, plan: &Plan<'_>) -> GridHint {
    let columns = columns_of(&plan.tensors[lossy.listed].shape) as u64;
    match &steps.octaves {
        Octaves::None => GridHint::one(steps.base),
        Octaves::Rows(rows) => GridHint::rows((0..rows.len()).map(|row| steps.of(row, 0)).collect(), columns),
        Octaves::Columns(all) => GridHint::columns((0..all.len()).map(|column| steps.of(0, column)).collect()),
    }
}

/// Returns the size in bits of a container of all that stays lossless.
fn lossless_bits(plan: &Plan<'_>, options: &EncodeOptions) -> Result<f64> {
    let mut counted = Encoder::new(Counter(0), options.clone())?;
    for tensor in plan.tensors.iter().filter(|tensor| tensor.treatment.is_lossless()) {
        let source = plan.files[tensor.file].source();
        let mut bytes = vec![0; (tensor.range.end - tensor.range.start) as usize];
        source.read_exact_at(tensor.range.start, &mut bytes)?;
        let name = format!("{}/{}", tensor.ordinal, tensor.name);
        counted.add(&name, TensorView::new(tensor.dtype, &tensor.shape, &bytes)?)?;
    }
    for (number, file) in plan.files.iter().enumerate() {
        if plan.tensors.iter().all(|tensor| tensor.file != number) {
            let source = file.source();
            let mut bytes = vec![0; source.len()? as usize];
            source.read_exact_at(0, &mut bytes)?;
            let name = format!("file/{number}");
            counted.add(&name, TensorView::new(Dtype::U8, &[bytes.len() as u64], &bytes)?)?;
        }
    }
    Ok(8.0 * counted.finish()?.0.0 as f64)
}

/// Counts the bytes that are written.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns a report of each tensor, without sizes.
fn reports(plan: &Plan<'_>, made: &Made) -> Vec<QuantizedTensor> {
    let report = |tensor: &Listed| QuantizedTensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: tensor.shape.clone(),
        action: action(&tensor.treatment),
        reason: tensor.reason.clone(),
        step: None,
        energy: 0.0,
        squared_error: 0.0,
        weighted_nmse: 0.0,
        largest_error: 0.0,
        zeros: 0.0,
        coded_bytes: 0.0,
    };
    let mut reports: Vec<QuantizedTensor> = plan.tensors.iter().map(report).collect();
    for (lossy, (_, quantised)) in plan.lossy.iter().zip(made) {
        let report = &mut reports[lossy.listed];
        report.step = quantised.steps.as_ref().map(|steps| steps.base);
        report.energy = quantised.errors.energy;
        report.squared_error = quantised.errors.squared;
        report.weighted_nmse = quantised.errors.weighted_nmse();
        report.largest_error = quantised.errors.largest;
        report.zeros = quantised.zeros as f64 / lossy.sample.values as f64;
    }
    reports
}

/// Returns what is done to a tensor in words.
fn action(treatment: &Treatment) -> String {
    let prune = treatment.prune.map(|prune| match prune.structure {
        PruneStructure::Values => format!("prune {}", prune.share),
        PruneStructure::Rows => format!("prune rows {}", prune.share),
        PruneStructure::Columns => format!("prune columns {}", prune.share),
        PruneStructure::Blocks => format!("prune blocks {}", prune.share),
        PruneStructure::TwoOfFour => "prune 2:4".to_owned(),
    });
    let values = match treatment.values {
        ValueRule::Exact => None,
        ValueRule::Codebook(entries) => Some(format!("codebook {entries}")),
        ValueRule::Dial | ValueRule::Bits(_) | ValueRule::Nmse(_) | ValueRule::Step(_) => Some("scalar".to_owned()),
    };
    let parts: Vec<String> = prune.into_iter().chain(values).collect();
    if parts.is_empty() { "lossless".to_owned() } else { parts.join(", ") }
}
