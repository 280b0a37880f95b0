//! A model that was quantised and encoded.

use std::io::Write;

use super::inventory::list;
use super::plan::Plan;
use super::rounds::{Encoded, encode, encode_to_size};
use crate::encode::input::FileInput;
use crate::encode::{EncodeOptions, Summary};
use crate::error::{Error, Result};
use crate::quantize::{Dial, QuantizedTensor};
use crate::workers::Workers;

/// A model that was quantised and encoded, with a report of each tensor. It holds the container in memory.
/// [`encode_files`](crate::encode_files) writes the same container without a report.
///
/// ```
/// use tersor::{EncodeOptions, FileInput, Quantization, Quantized};
/// # fn main() -> tersor::Result<()> {
/// # let values: Vec<u8> = (0..8192).flat_map(|i| ((i as f32 * 0.37).sin()).to_le_bytes()).collect();
/// # let header = r#"{"w":{"dtype":"F32","shape":[64,128],"data_offsets":[0,32768]}}  "#;
/// # let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &values].concat();
/// let model = [FileInput::new("model.safetensors", &bytes)];
/// let options = EncodeOptions::default().with_quantization(Quantization::nmse(1e-3)?);
/// let quantized = Quantized::of_files(&model, options)?;
/// let tensor = &quantized.tensors()[0];
/// assert!(tensor.nmse() <= 1e-3);
/// println!("{}: {} bits, {:?} dB", tensor.name, tensor.bits_per_weight(), tensor.snr());
/// quantized.write_to(Vec::new())?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Quantized(Encoded);

impl Quantized {
    /// Quantises and encodes files as [`encode_files`](crate::encode_files) does.
    ///
    /// # Errors
    /// `InvalidArgument` if the options have no quantization, if a rule or the importance names no tensor, if the shape of
    /// the importance is wrong, or if the asked size or error cannot be reached; the errors of `encode_files`.
    pub fn of_files(files: &[FileInput<'_>], options: EncodeOptions) -> Result<Self> {
        let is_folder = files.len() > 1 || files.iter().any(|file| file.path().contains('/'));
        Self::new(files, is_folder, options)
    }

    /// Quantises and encodes the files of a folder as [`encode_folder`](crate::encode_folder) does.
    ///
    /// # Errors
    /// The errors of [`of_files`](Self::of_files).
    pub fn of_folder(files: &[FileInput<'_>], options: EncodeOptions) -> Result<Self> {
        Self::new(files, true, options)
    }

    pub(crate) fn new(files: &[FileInput<'_>], is_folder: bool, mut options: EncodeOptions) -> Result<Self> {
        let Some(quantization) = options.quantization.take() else {
            return Err(Error::invalid("the options have no quantization"));
        };
        let workers = Workers::new(options.threads)?;
        let plan = Plan::new(files, list(files, &quantization)?, &quantization, &workers)?;
        if quantization.dial.is_some() && !plan.has_dialled() {
            let what =
                "no tensor is left for the asked size or error: all are small, lossless or have rules of their own";
            return Err(Error::invalid(what));
        }
        let encoded = match quantization.dial {
            Some(Dial::Bits(bits)) => encode_to_size(&plan, bits, is_folder, &options)?,
            Some(Dial::Nmse(nmse)) => {
                let made = plan.make_for_nmse(nmse)?;
                encode(&plan, &made, is_folder, &options)?
            }
            None => {
                let made = plan.make(0.0, plan.make_fixed()?)?;
                encode(&plan, &made, is_folder, &options)?
            }
        };
        Ok(Self(encoded))
    }

    /// Returns the report of each tensor, in the order of the files.
    #[must_use]
    pub fn tensors(&self) -> &[QuantizedTensor] {
        &self.0.tensors
    }

    /// Returns numbers about the container.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.0.summary
    }

    /// Writes the container. Returns `out`.
    ///
    /// # Errors
    /// `Io` if writing fails.
    pub fn write_to<W: Write>(&self, mut out: W) -> Result<W> {
        out.write_all(&self.0.container)?;
        out.flush()?;
        Ok(out)
    }
}
