//! Writing of tensors one by one.

use std::io::BufWriter;

use tersor::{Encoder, Error, ErrorKind, TensorView};

use crate::dtype::Dtype;
use crate::options::EncodeOptions;
use crate::output_file::OutputFile;
use crate::pointers::{Input, Output, Text};
use crate::status::{Failure, Status, free, guard};
use crate::summary::Summary;

const BUFFER_BYTES: usize = 1 << 20;

/// A Tersor file that is being written. It appears under its name when `tersor_writer_finish` succeeds. Only one thread
/// may use a writer at a time.
#[derive(Debug)]
pub struct Writer {
    /// `None` after the end, and after an error that makes the file incomplete.
    encoder: Option<Encoder<BufWriter<OutputFile>>>,
}

/// Begins a file that will appear at `path`, and writes a handle to `writer`, or NULL after an error. If `replace` is
/// false, no file may have this name. `options` can be NULL. Free the handle with `tersor_writer_free`.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_writer_create(
    path: Text,
    replace: bool,
    options: Option<&EncodeOptions>,
    writer: Output<Option<Box<Writer>>>,
) -> Status {
    guard(|| {
        writer.put(None, "writer")?;
        let path = path.path("path")?;
        let options = EncodeOptions::of(options)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, OutputFile::create(path, replace)?);
        let encoder = Encoder::new(file, options).map_err(|error| error.in_file(path))?;
        Ok(writer.put(Some(Box::new(Writer { encoder: Some(encoder) })), "writer")?)
    })
}

/// Adds a pair of key and value, each in UTF-8, to the metadata. All metadata comes before the first tensor.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_writer_add_metadata(
    writer: Option<&mut Writer>,
    key: Input<u8>,
    key_len: usize,
    value: Input<u8>,
    value_len: usize,
) -> Status {
    guard(|| {
        let writer = Writer::of(writer)?;
        let key = text(key, key_len, "key")?;
        let value = text(value, value_len, "value")?;
        writer.step(|encoder| encoder.add_metadata(key, value))
    })
}

/// Adds a tensor. `name` has `name_len` bytes of UTF-8, `dtype` is a `tersor_dtype`, `shape` has `rank` dimensions with
/// the outermost first, and `bytes` has the `len` little-endian bytes of the elements in row-major order. All of them
/// are only used during the call. After an error other than `TERSOR_STATUS_INVALID_ARGUMENT` the writer can only be
/// freed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_writer_add(
    writer: Option<&mut Writer>,
    name: Input<u8>,
    name_len: usize,
    dtype: u32,
    shape: Input<u64>,
    rank: usize,
    bytes: Input<u8>,
    len: usize,
) -> Status {
    guard(|| {
        let writer = Writer::of(writer)?;
        let name = text(name, name_len, "name")?;
        let (shape, bytes) = (shape.slice(rank, "shape")?, bytes.slice(len, "bytes")?);
        let located = |error: Error| error.in_tensor(name);
        let view = TensorView::new(Dtype::from_code(dtype).map_err(located)?, shape, bytes).map_err(located)?;
        writer.step(|encoder| encoder.add(name, view))
    })
}

/// Completes the file and gives it its name. `summary` receives the sizes; it can be NULL. Afterwards the writer can only
/// be freed. After an error there is no file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_writer_finish(writer: Option<&mut Writer>, summary: Output<Summary>) -> Status {
    guard(|| {
        let encoder = Writer::of(writer)?.take()?;
        let (file, sizes) = encoder.finish()?;
        let file = file.into_inner().map_err(|error| Error::from(error.into_error()))?;
        file.commit()?;
        Ok(Summary::put(summary, &sizes)?)
    })
}

/// Frees a writer. NULL is accepted. If the writer was not finished, there is no file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_writer_free(writer: Option<Box<Writer>>) {
    free(writer);
}

impl Writer {
    fn of(writer: Option<&mut Self>) -> Result<&mut Self, Failure> {
        writer.ok_or_else(|| Error::invalid("writer is NULL").into())
    }

    fn take(&mut self) -> Result<Encoder<BufWriter<OutputFile>>, Failure> {
        let ended = || Error::invalid("the writer is finished, or an earlier call has failed").into();
        self.encoder.take().ok_or_else(ended)
    }

    /// Runs one step of the encoder. After an error that makes the file incomplete, or a panic, the encoder is gone.
    fn step(
        &mut self,
        step: impl FnOnce(&mut Encoder<BufWriter<OutputFile>>) -> tersor::Result<()>,
    ) -> Result<(), Failure> {
        let mut encoder = self.take()?;
        let outcome = step(&mut encoder);
        if outcome.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::InvalidArgument) {
            self.encoder = Some(encoder);
        }
        Ok(outcome?)
    }
}

fn text<'a>(text: Input<u8>, len: usize, name: &str) -> tersor::Result<&'a str> {
    std::str::from_utf8(text.slice(len, name)?).map_err(|_| Error::invalid(format!("{name} is not UTF-8")))
}
