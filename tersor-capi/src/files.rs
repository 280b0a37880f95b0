//! Conversion of whole files.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use tersor::{Error, FileInfo, FileInput, FileOutput, Result, decode_files, encode_files};

use crate::options::{DecodeOptions, EncodeOptions};
use crate::output_file::OutputFile;
use crate::pointers::{Output, Text};
use crate::status::{Status, guard};
use crate::summary::Summary;

const BUFFER_BYTES: usize = 1 << 20;

/// Encodes the file `input`, usually a safetensors file, to the Tersor file `output`. `tersor_decode_file` recreates every
/// byte of it. If `replace` is false, no file may have the name `output`. `options` and `summary` can be NULL. After an
/// error there is no new file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_encode_file(
    input: Text,
    output: Text,
    replace: bool,
    options: Option<&EncodeOptions>,
    summary: Output<Summary>,
) -> Status {
    guard(|| {
        let (input, output) = (input.path("input")?, output.path("output")?);
        let options = EncodeOptions::of(options)?;
        let file = open(input)?;
        let name = input.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Error::invalid("the name of the file is not UTF-8").in_file(input))?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, OutputFile::create(output, replace)?);
        let encoded = encode_files(&[FileInput::of_source(name, &file)], out, options);
        let (out, sizes) = encoded.map_err(|error| error.in_file(input))?;
        out.into_inner().map_err(|error| Error::from(error.into_error()).in_file(output))?.commit()?;
        Ok(Summary::put(summary, &sizes)?)
    })
}

/// Recreates at `output` the file that the Tersor file `input` was made from. If `replace` is false, no file may have the
/// name `output`. `options` can be NULL. Fails with `TERSOR_STATUS_INVALID_ARGUMENT` if `input` was made from a folder or
/// from tensors: then use the command `tersor`, or read the tensors. After an error there is no new file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_decode_file(
    input: Text,
    output: Text,
    replace: bool,
    options: Option<&DecodeOptions>,
) -> Status {
    guard(|| {
        let (input, output) = (input.path("input")?, output.path("output")?);
        let file = BufReader::with_capacity(BUFFER_BYTES, open(input)?);
        let mut out = SingleFile(OutputFile::create(output, replace)?);
        decode_files(file, &mut out, DecodeOptions::of(options)).map_err(|error| error.in_file(input))?;
        Ok(out.0.commit()?)
    })
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Error::from(error).in_file(path))
}

/// The output of a container that holds one file.
struct SingleFile(OutputFile);

impl FileOutput for SingleFile {
    fn begin(&mut self, files: &[FileInfo]) -> Result<()> {
        match files {
            [file] if !file.in_folder => Ok(()),
            _ => Err(Error::invalid("this file was made from a folder, not from one file")),
        }
    }

    fn write_at(&mut self, _: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.file().seek(SeekFrom::Start(offset))?;
        Ok(self.0.file().write_all(bytes)?)
    }
}
