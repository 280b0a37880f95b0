//! Encodes the files of a model, with or without loss.

use std::io::Write;

use super::EncodeOptions;
use super::files::{Marks, encode_all};
use super::input::FileInput;
use super::lossy::Quantized;
use super::writer::Summary;
use crate::error::Result;

/// Encodes files so that [`decode_files`](crate::decode_files) recreates them bit for bit. Several files, or a file
/// whose path has folders, are the content of a folder.
///
/// ```
/// use tersor::{EncodeOptions, FileInput, encode_files};
/// # fn main() -> tersor::Result<()> {
/// let config = FileInput::new("config.json", b"{}");
/// let (container, summary) = encode_files(&[config], Vec::new(), EncodeOptions::default())?;
/// assert_eq!(summary.raw_bytes, 2);
/// # Ok(()) }
/// ```
///
/// Files are read twice: once from front to back for their digests, and once tensor by tensor for the encoder. One
/// tensor is held in memory at a time, and some small ones.
///
/// Returns `out` and a summary.
///
/// # Errors
/// The errors of [`SafetensorsHeader::read`](crate::SafetensorsHeader::read) if the name of a file ends in
/// `.safetensors`, or if a file has the header of a safetensors file; `InvalidArgument` if there are no files, or if a
/// path is not valid on every common system, occurs twice or is also a folder of another path; `Corrupt` if a file
/// changes while it is read; the errors of [`Encoder::new`](crate::Encoder::new); `Cancelled`; with quantization also
/// the errors of [`Quantized::of_files`]. An error about a file has the path of the file as its tensor.
pub fn encode_files<W: Write>(files: &[FileInput<'_>], out: W, options: EncodeOptions) -> Result<(W, Summary)> {
    let is_folder = files.len() > 1 || files.iter().any(|file| file.path.contains('/'));
    encode(files, is_folder, out, options)
}

/// Encodes the files of a folder, as [`encode_files`] does. A single file comes back as a folder with one file.
///
/// # Errors
/// The errors of [`encode_files`].
pub fn encode_folder<W: Write>(files: &[FileInput<'_>], out: W, options: EncodeOptions) -> Result<(W, Summary)> {
    encode(files, true, out, options)
}

/// Encodes the files: by way of the quantiser if the options have one.
fn encode<W: Write>(files: &[FileInput<'_>], is_folder: bool, out: W, options: EncodeOptions) -> Result<(W, Summary)> {
    if options.quantization.is_some() {
        let quantized = Quantized::new(files, is_folder, options)?;
        return Ok((quantized.write_to(out)?, quantized.summary()));
    }
    let (out, summary, _) = encode_all(files, is_folder, out, options, Marks::default())?;
    Ok((out, summary))
}
