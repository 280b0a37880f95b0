//! The report on one file.

use std::collections::HashMap;
use std::path::Path;

use tersor::analysis::{Bounds, BoundsOptions, CodeLengths, Totals};
use tersor::priors::BitsBack;
use tersor::{Dtype, Error, FileInfo, LossyRecord, ReadAt, Reader, Tensor};

use super::args::ReportArgs;
use super::generalisation::Generalisation;
use super::histogram::{self, Histogram};
use super::posterior::Posterior;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::common::CommonArgs;
use crate::verbs::footprint::Footprint;
use crate::verbs::lossy;

/// The report on one container.
pub struct FileReport {
    /// The path, as the user gave it.
    pub file: String,
    /// The level, if the file was encoded for this report.
    pub level: Option<u8>,
    /// The decoded size of the files, or of the tensors if there are no files, in bytes.
    pub raw_bytes: u64,
    /// The number of elements of all tensors.
    pub weights: u64,
    /// The code lengths of every stream.
    pub bounds: Bounds,
    /// The sums over all streams.
    pub totals: Totals,
    /// The tensors, in the order of the file.
    pub tensors: Vec<TensorReport>,
    /// What the file says about its lossy tensors; `None` if it is lossless.
    pub lossy: Option<LossyRecord>,
    /// Generalisation bounds, with `--samples`.
    pub generalisation: Option<Generalisation>,
}

/// The report on one tensor.
pub struct TensorReport {
    /// The name: any text.
    pub name: String,
    /// The ordinal of the entry in the manifest.
    pub ordinal: usize,
    /// The dtype of the elements.
    pub dtype: Dtype,
    /// The shape, outermost dimension first.
    pub shape: Vec<u64>,
    /// The number of elements.
    pub elements: u64,
    /// The bytes that the tensor occupies in the container.
    pub bytes: u64,
    /// Whether the segment holds other tensors too. The figures of the segment are then divided in proportion to the
    /// sizes.
    pub shares_segment: bool,
    /// The code lengths; `None` if the tensor is empty or an alias.
    pub lengths: Option<TensorLengths>,
    /// The bits-back length, if the posterior has variances of this tensor.
    pub bits_back: Option<BitsBack>,
    /// How its values are distributed, for the page. Most reports have none, and a file can have many tensors.
    pub histogram: Option<Box<Histogram>>,
}

/// The code lengths of a tensor in bits: of the streams that have a model.
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
    /// The size of streams without a model.
    pub raw_bits: f64,
}

impl FileReport {
    /// Returns the size of the container in bytes.
    pub fn bytes(&self) -> u64 {
        self.totals.file_bits / 8
    }

    /// Returns the tensors, the largest first.
    pub fn by_bytes(&self) -> Vec<&TensorReport> {
        let mut tensors: Vec<&TensorReport> = self.tensors.iter().collect();
        tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.bytes));
        tensors
    }
}

/// The inputs of a report that are the same for all files.
#[derive(Clone, Copy)]
pub struct ReportOptions<'a> {
    /// The options of this verb.
    pub args: &'a ReportArgs,
    /// The options of every verb.
    pub common: &'a CommonArgs,
    /// The posterior, if one was given.
    pub posterior: Option<&'a Posterior>,
    /// The number of the largest tensors whose values are counted for a page.
    pub histograms: usize,
}

impl FileReport {
    /// Decodes a container and measures its streams and tensors. `failed` converts errors of the library.
    pub fn new(
        path: &Path,
        source: impl ReadAt + Copy,
        level: Option<u8>,
        options: ReportOptions<'_>,
        bar: &Bar,
        failed: &dyn Fn(Error) -> Failure,
    ) -> Outcome<Self> {
        let ReportOptions { args, common, posterior, histograms } = options;
        let options = common.decode_options(args.threads).with_progress(bar.progress());
        let reader = Reader::with_options(source, options.clone()).map_err(failed)?;
        let files: Vec<FileInfo> = reader.files().collect();
        let tensors: Vec<Tensor<'_>> = reader.tensors().collect();
        let raw_bytes = match &files[..] {
            [] => tensors.iter().map(Tensor::byte_len).fold(0, u64::saturating_add),
            files => files.iter().map(|file| file.len).fold(0, u64::saturating_add),
        };
        if level.is_none() {
            // everything is decoded twice: for the counts, and for the priors; and once more for the page
            bar.set_total(raw_bytes.saturating_mul(if histograms > 0 { 3 } else { 2 }));
        }
        let decode_options = options;
        let mut options = BoundsOptions::default().with_statistics(true);
        if let Some(step) = args.precision {
            options = options.with_precision(step);
        }
        let bounds = reader.bounds(&options).map_err(failed)?;
        let totals = bounds.totals();
        let footprints = Footprint::all(&bounds.ledger, &files, &tensors);
        let reports = tensors.iter().map(|tensor| {
            let bits_back = match posterior {
                Some(posterior) => posterior.bits_back(tensor, failed)?,
                None => None,
            };
            Ok(TensorReport::new(tensor, footprints[tensor.ordinal()], &bounds, bits_back))
        });
        let mut tensors = reports.collect::<Outcome<Vec<TensorReport>>>()?;
        add_histograms(&mut tensors, &bounds, histograms, |wanted| histogram::count(&source, decode_options, wanted))
            .map_err(failed)?;
        if let Some(posterior) = posterior
            && tensors.iter().all(|tensor| tensor.bits_back.is_none())
        {
            return Err(posterior.unrelated(path));
        }
        let bits_back = posterior.and_then(|_| bits_back_of_all(&bounds, &tensors));
        let generalisation =
            args.samples.map(|samples| Generalisation::new(totals.file_bits, bits_back, samples, args)).transpose();
        Ok(Self {
            file: path.to_string_lossy().into_owned(),
            level,
            raw_bytes,
            weights: tensors.iter().map(|tensor| tensor.elements).fold(0, u64::saturating_add),
            totals,
            tensors,
            lossy: lossy::record(&reader),
            generalisation: generalisation.map_err(failed)?,
            bounds,
        })
    }
}

/// Adds the histograms of the `most` largest tensors, whose values `count` counts.
fn add_histograms(
    tensors: &mut [TensorReport],
    bounds: &Bounds,
    most: usize,
    count: impl FnOnce(&mut HashMap<usize, Histogram>) -> tersor::Result<()>,
) -> tersor::Result<()> {
    if most == 0 {
        return Ok(());
    }
    let mut largest: Vec<&mut TensorReport> = tensors.iter_mut().collect();
    largest.sort_by_key(|tensor| std::cmp::Reverse(tensor.bytes));
    largest.truncate(most);
    let of_tensor = |tensor: &&mut TensorReport| {
        let statistics = bounds.statistics.get(tensor.ordinal)?.as_ref()?;
        Some((tensor.ordinal, Histogram::new(tensor.dtype, statistics)?))
    };
    let mut wanted: HashMap<usize, Histogram> = largest.iter().filter_map(of_tensor).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    count(&mut wanted)?;
    for tensor in largest {
        tensor.histogram = wanted.remove(&tensor.ordinal).map(Box::new);
    }
    Ok(())
}

/// Returns the bits of a description of all weights that has variances for some of them: the bits-back lengths of the
/// tensors that have variances, and the file without the segments of these tensors. Returns `None` if a weight has no
/// bits-back length, because its variance is 0 or its value is not finite.
fn bits_back_of_all(bounds: &Bounds, tensors: &[TensorReport]) -> Option<f64> {
    let stored = || tensors.iter().filter(|tensor| tensor.lengths.is_some());
    let known = || stored().filter_map(|tensor| Some((tensor.ordinal, tensor.bits_back.as_ref()?)));
    if known().any(|(_, bits_back)| bits_back.skipped() > 0) {
        return None;
    }
    let bits: f64 = known().map(|(_, bits_back)| bits_back.bits()).sum();
    let ordinals: std::collections::HashSet<usize> = known().map(|(ordinal, _)| ordinal).collect();
    if ordinals.len() == stored().count() {
        return Some(bits);
    }
    // a segment that also holds other tensors counts in full
    let segments = bounds.ledger.segments.iter();
    let left_out = segments.filter(|segment| segment.members.iter().all(|member| ordinals.contains(member)));
    let left_out: u64 = left_out.map(tersor::SegmentLedger::bytes).sum();
    Some(bits + 8.0 * (bounds.ledger.bytes() - left_out) as f64)
}

impl TensorReport {
    fn new(tensor: &Tensor<'_>, footprint: Footprint, bounds: &Bounds, bits_back: Option<BitsBack>) -> Self {
        let members = footprint.segment.map(|segment| bounds.ledger.segments[segment].members.len());
        Self {
            name: tensor.name().to_owned(),
            ordinal: tensor.ordinal(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            elements: tensor.element_count(),
            bytes: footprint.bytes,
            shares_segment: members.is_some_and(|members| members > 1),
            lengths: TensorLengths::new(bounds, footprint),
            bits_back,
            histogram: None,
        }
    }
}

impl TensorLengths {
    /// Returns the code lengths of the segment times the share of the tensor in its decoded size.
    fn new(bounds: &Bounds, footprint: Footprint) -> Option<Self> {
        let number = footprint.segment?;
        let share = footprint.len as f64 / bounds.ledger.segments[number].raw_bytes.max(1) as f64;
        let segment = &bounds.segments[number];
        let CodeLengths { order0_bits, conditional_bits, kt_bits, model_bits, .. } = segment.lengths();
        let raw_bits = segment.raw_bits() as f64;
        let [order0_bits, conditional_bits, kt_bits, model_bits, raw_bits] =
            [order0_bits, conditional_bits, kt_bits, model_bits, raw_bits].map(|bits| bits * share);
        Some(Self { order0_bits, conditional_bits, kt_bits, model_bits, raw_bits })
    }
}
