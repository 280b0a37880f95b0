//! `tersor extract`

mod args;
mod find;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use half::{bf16, f16};
use tersor::{Dtype, Error, ErrorKind, Escaped, Reader};

use super::common::CommonArgs;
use crate::files::output::{Destination, Sink};
use crate::files::source::Source;
use crate::formats::npy;
use crate::formats::safetensors_file::{Declared, write_header};
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown_output};
use crate::screen::lines::listed;
use crate::screen::words::{counted, human, say, shortened};
pub use args::ExtractArgs;
use args::FloatName;
use find::find;

/// The largest number of characters shown of a shape.
const SHAPE_CHARACTERS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputFormat {
    Npy,
    Safetensors,
}

/// The values to write.
struct Extracted<'a> {
    name: &'a str,
    dtype: Dtype,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// Writes one tensor or some of its rows.
pub fn run(args: &ExtractArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let format = format_of(&args.output)?;
    let source = Source::open_container(&args.file)?;
    let bar = Bar::new(common.quiet);
    let options = common.decode_options(None).with_progress(bar.progress());
    let reader = Reader::with_options(&source, options).map_err(|error| Failure::container(&args.file, &error))?;
    let tensor = find(args, &reader)?;
    let dtype = args.dtype.map_or(tensor.dtype(), FloatName::dtype);
    if format == OutputFormat::Npy && npy::type_name(dtype).is_none() {
        let problem = format!("NumPy has no dtype {dtype} (tensor {})", Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.output, problem, "add --dtype f32, or write .safetensors"));
    }
    if args.rows.is_some() && tensor.shape().is_empty() {
        let problem = format!("a scalar has no rows (tensor {})", Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.file, problem, "omit --rows"));
    }
    let count = tensor.row_count();
    let rows = args.rows.as_ref().map_or(0..count, |rows| rows.of(count));
    if rows.start > rows.end || rows.end > count {
        let problem = format!("rows {}..{} of {count} (tensor {})", rows.start, rows.end, Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.file, problem, &format!("choose rows within 0..{count}")));
    }
    let mut shape = tensor.shape().to_vec();
    if let (Some(first), true) = (shape.first_mut(), args.rows.is_some()) {
        *first = rows.end - rows.start;
    }
    if count > 0 {
        // computed from the rows, because the product of a shape could overflow
        bar.set_total((u128::from(tensor.byte_len()) * u128::from(rows.end - rows.start) / u128::from(count)) as u64);
    }
    if format == OutputFormat::Npy && !npy::can_hold(dtype, &shape) {
        let shape = shortened(format_args!("{shape:?}"), SHAPE_CHARACTERS);
        let problem = format!("NumPy allows no {dtype} array of shape {shape} (tensor {})", Escaped(&args.tensor));
        let advice = "write .safetensors to keep the name and the shape of this empty tensor";
        return Err(Failure::wrong_use(&args.output, problem, advice));
    }
    let bytes = tensor.rows(rows).and_then(|rows| match args.dtype {
        None => rows.decode(),
        Some(FloatName::F32) => rows.decode_as::<f32>().map(|values| to_bytes(&values, f32::to_le_bytes)),
        Some(FloatName::F16) => rows.decode_as::<f16>().map(|values| to_bytes(&values, f16::to_le_bytes)),
        Some(FloatName::Bf16) => rows.decode_as::<bf16>().map(|values| to_bytes(&values, bf16::to_le_bytes)),
    });
    let bytes = bytes.map_err(|error| not_decoded(&args.file, &error))?;
    drop(bar);
    let mut sink = Sink::open(&args.output, args.force, std::slice::from_ref(&args.file))?;
    let extracted = Extracted { name: tensor.name(), dtype, shape, bytes };
    extracted.write(&mut sink, format).map_err(|error| Failure::writing(&args.output, &error))?;
    sink.finish()?;
    let len = extracted.bytes.len() as u64;
    let shape = shortened(format_args!("{:?}", extracted.shape), SHAPE_CHARACTERS);
    let (output, seconds) = (shown_output(&args.output), start.elapsed().as_secs_f64());
    let size = format!("{} ({})", counted(len, "byte"), human(len));
    say(common.quiet, &listed(output, &[format!("{dtype} {shape}"), size, format!("{seconds:.2} s")]));
    Ok(())
}

impl Extracted<'_> {
    fn write(&self, sink: &mut impl Write, format: OutputFormat) -> io::Result<()> {
        match format {
            OutputFormat::Npy => npy::write(sink, self.dtype, &self.shape, &self.bytes),
            OutputFormat::Safetensors => {
                let Self { name, dtype, shape, bytes } = self;
                let declared = Declared { name, dtype: *dtype, shape, len: bytes.len() as u64 };
                write_header(sink, std::iter::empty(), std::iter::once(declared))?;
                sink.write_all(bytes)
            }
        }
    }
}

fn format_of(output: &Path) -> Outcome<OutputFormat> {
    let ending = output.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "npy" => Ok(OutputFormat::Npy),
        "safetensors" => Ok(OutputFormat::Safetensors),
        _ if Destination::of(output) != Destination::Path => Ok(OutputFormat::Npy),
        _ => Err(Failure::wrong_use(output, "unknown format", "use a name that ends in .npy or .safetensors")),
    }
}

fn to_bytes<T: Copy, const N: usize>(values: &[T], bytes_of: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes_of(value)).collect()
}

fn not_decoded(path: &Path, error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidArgument => {
            Failure::wrong_use(path, error.to_string(), "choose other rows, or convert them with --dtype")
        }
        ErrorKind::Unsupported if error.section().is_none() => {
            Failure::wrong_use(path, error.to_string(), "omit --dtype")
        }
        _ => Failure::container(path, error),
    }
}
