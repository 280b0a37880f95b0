//! All that is reported of one file.

use std::path::Path;

use tersor::analysis::{Bounds, BoundsOptions, CodeLengths, Totals};
use tersor::generalisation::{occam, pac_bayes_kl};
use tersor::priors::BitsBack;
use tersor::{DecodeOptions, Dtype, Error, FileInfo, ReadAt, Reader, Tensor};

use super::posterior::Posterior;
use crate::Outcome;
use crate::args::{ReportArgs, Shared};
use crate::bar::Bar;
use crate::entries::Entry;
use crate::failure::Failure;

/// What was found in a container.
pub struct Found {
    /// As the user named it.
    pub file: String,
    /// The level at which it was encoded for this report.
    pub level: Option<u8>,
    /// Bytes of the files, or of the tensors if there are none.
    pub raw_bytes: u64,
    /// Elements of all tensors.
    pub weights: u64,
    /// Of every stream.
    pub bounds: Bounds,
    /// Of all streams.
    pub totals: Totals,
    /// In the order of the file.
    pub tensors: Vec<FoundTensor>,
    /// If it was asked for.
    pub generalisation: Option<Generalisation>,
}

/// What was found of a tensor.
pub struct FoundTensor {
    /// Any text.
    pub name: String,
    /// Its number among the entries.
    pub ordinal: usize,
    /// Of its elements.
    pub dtype: Dtype,
    /// The outermost dimension first.
    pub shape: Vec<u64>,
    /// Number of elements.
    pub elements: u64,
    /// Its bytes of the container.
    pub bytes: u64,
    /// Whether other tensors have a part of its segment; then its numbers are its share of the segment's.
    pub shares_segment: bool,
    /// Of its streams; `None` if it is stored nowhere by itself.
    pub lengths: Option<TensorLengths>,
    /// If a posterior was given.
    pub bits_back: Option<BitsBack>,
}

/// Code lengths of a tensor in bits. Streams without a model count in each as what they take.
#[derive(Debug, Clone, Copy)]
pub struct TensorLengths {
    /// See [`CodeLengths`].
    pub order0_bits: f64,
    /// See [`CodeLengths`].
    pub conditional_bits: f64,
    /// See [`CodeLengths`].
    pub kt_bits: f64,
    /// See [`CodeLengths`].
    pub model_bits: f64,
}

/// What the length of the file says of samples that were not trained on.
#[derive(Debug, Clone, Copy)]
pub struct Generalisation {
    /// Samples trained on.
    pub samples: u64,
    /// The share of training sets for which it may be wrong.
    pub delta: f64,
    /// Bits of the file.
    pub code_bits: f64,
    /// By how much the true error exceeds that in training at most.
    pub occam_gap: f64,
    /// The error in training.
    pub training_error: Option<f64>,
    /// The true error at most.
    pub pac_bayes_error: Option<f64>,
}

impl Found {
    /// Bytes of the container.
    pub fn bytes(&self) -> u64 {
        self.totals.file_bits / 8
    }

    /// Numbers of the tensors, those of the most bytes first.
    pub fn by_bytes(&self) -> Vec<&FoundTensor> {
        let mut tensors: Vec<&FoundTensor> = self.tensors.iter().collect();
        tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.bytes));
        tensors
    }
}

/// What the user asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Of this verb.
    pub args: &'a ReportArgs,
    /// Of every verb.
    pub shared: &'a Shared,
    /// If one was given.
    pub posterior: Option<&'a Posterior>,
}

/// Decodes everything and counts.
pub fn find<S: ReadAt>(
    path: &Path,
    source: S,
    level: Option<u8>,
    asked: Asked<'_>,
    bar: &Bar,
    failed: &dyn Fn(Error) -> Failure,
) -> Outcome<Found> {
    let Asked { args, shared, posterior } = asked;
    let mut options = DecodeOptions::default().with_limits(shared.max_decoded).with_progress(bar.progress());
    if let Some(threads) = args.threads {
        options = options.with_threads(threads);
    }
    let reader = Reader::with_options(source, options).map_err(failed)?;
    let files: Vec<FileInfo> = reader.files().collect();
    let tensors: Vec<Tensor<'_, S>> = reader.tensors().collect();
    let raw_bytes = match &files[..] {
        [] => tensors.iter().map(Tensor::byte_len).fold(0, u64::saturating_add),
        files => files.iter().map(|file| file.len).fold(0, u64::saturating_add),
    };
    if level.is_none() {
        // once to count, once for the priors
        bar.set_total(raw_bytes.saturating_mul(2));
    }
    let mut options = BoundsOptions::default().with_statistics(true);
    if let Some(step) = args.precision {
        options = options.with_precision(step);
    }
    let bounds = reader.bounds(&options).map_err(failed)?;
    let totals = bounds.totals();
    let entries = Entry::all(&bounds.ledger, &files, &tensors);
    let found = tensors.iter().map(|tensor| {
        let bits_back = match posterior {
            Some(posterior) => posterior.weigh(tensor, failed)?,
            None => None,
        };
        let entry = entries[tensor.ordinal()];
        let members = entry.segment.map(|segment| bounds.ledger.segments[segment].members.len());
        Ok(FoundTensor {
            name: tensor.name().to_owned(),
            ordinal: tensor.ordinal(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            elements: tensor.element_count(),
            bytes: entry.bytes,
            shares_segment: members.is_some_and(|members| members > 1),
            lengths: TensorLengths::of(&bounds, entry),
            bits_back,
        })
    });
    let tensors_found = found.collect::<Outcome<Vec<FoundTensor>>>()?;
    if let Some(posterior) = posterior
        && tensors_found.iter().all(|tensor| tensor.bits_back.is_none())
    {
        return Err(posterior.unrelated(path));
    }
    let generalisation = args.samples.map(|samples| Generalisation::of(&totals, samples, args)).transpose();
    Ok(Found {
        file: path.to_string_lossy().into_owned(),
        level,
        raw_bytes,
        weights: tensors_found.iter().map(|tensor| tensor.elements).fold(0, u64::saturating_add),
        totals,
        tensors: tensors_found,
        generalisation: generalisation.map_err(failed)?,
        bounds,
    })
}

impl TensorLengths {
    /// Of the segment's the part that its length is.
    fn of(bounds: &Bounds, entry: Entry) -> Option<Self> {
        let number = entry.segment?;
        let part = entry.len as f64 / bounds.ledger.segments[number].raw_bytes.max(1) as f64;
        let segment = &bounds.segments[number];
        let CodeLengths { order0_bits, conditional_bits, kt_bits, model_bits, .. } = segment.lengths();
        let raw = segment.raw_bits() as f64;
        let [order0_bits, conditional_bits, kt_bits, model_bits] =
            [order0_bits, conditional_bits, kt_bits, model_bits].map(|bits| (bits + raw) * part);
        Some(Self { order0_bits, conditional_bits, kt_bits, model_bits })
    }
}

impl Generalisation {
    fn of(totals: &Totals, samples: u64, args: &ReportArgs) -> tersor::Result<Self> {
        let code_bits = totals.file_bits as f64;
        let bound = |error: f64| pac_bayes_kl(code_bits, samples, args.delta, error);
        Ok(Self {
            samples,
            delta: args.delta,
            code_bits,
            occam_gap: occam(code_bits, samples, args.delta)?,
            training_error: args.training_error,
            pac_bayes_error: args.training_error.map(bound).transpose()?,
        })
    }

    /// Whether it says nothing.
    pub fn is_vacuous(&self) -> bool {
        self.occam_gap >= 1.0 && self.pac_bayes_error.is_none_or(|error| error >= 1.0)
    }
}
