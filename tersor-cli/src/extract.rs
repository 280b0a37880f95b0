//! `tersor extract`

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use half::{bf16, f16};
use tersor::{DecodeOptions, Dtype, Element, Error, ErrorKind, Escaped, FileInfo, ReadAt, Reader, Tensor};

use crate::Outcome;
use crate::args::{ExtractArgs, FloatName, Shared};
use crate::bar::Bar;
use crate::failure::{Failure, shown_output};
use crate::input::map_container;
use crate::npy;
use crate::output::{Destination, Sink};
use crate::safetensors_file::{Declared, write_header};
use crate::words::{exact, human, say, shortened};

/// Names offered instead of one that is not there.
const SUGGESTIONS: usize = 3;

/// Files named where several have the tensor.
const NAMED_FILES: usize = 8;

/// Characters of a shape that are shown.
const SHAPE_CHARACTERS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Npy,
    Safetensors,
}

/// Writes one tensor or some of its rows.
pub fn run(args: &ExtractArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let format = format_of(&args.output)?;
    let map = map_container(&args.file)?;
    let bar = Bar::new(shared.quiet);
    let options = DecodeOptions::default().with_limits(shared.max_decoded).with_progress(bar.progress());
    let reader = Reader::with_options(&map, options).map_err(|error| Failure::container(&args.file, &error))?;
    let tensor = find(args, &reader)?;
    let dtype = args.dtype.map_or(tensor.dtype(), dtype_of);
    if format == Format::Npy && npy::type_name(dtype).is_none() {
        let what = format!("NumPy's format knows no {dtype} (tensor {})", Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.output, what, "add --dtype f32, or write .safetensors"));
    }
    if args.rows.is_some() && tensor.shape().is_empty() {
        let what = format!("a single value has no rows (tensor {})", Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.file, what, "leave --rows out"));
    }
    let count = tensor.row_count();
    let rows = args.rows.as_ref().map_or(0..count, |rows| rows.of(count));
    if rows.start > rows.end || rows.end > count {
        let what = format!("rows {}..{} of {count} (tensor {})", rows.start, rows.end, Escaped(&args.tensor));
        return Err(Failure::wrong_use(&args.file, what, &format!("choose rows within 0..{count}")));
    }
    let mut shape = tensor.shape().to_vec();
    if let (Some(first), true) = (shape.first_mut(), args.rows.is_some()) {
        *first = rows.end - rows.start;
    }
    if count > 0 {
        // by rows, as a shape's product could overflow
        bar.set_total((u128::from(tensor.byte_len()) * u128::from(rows.end - rows.start) / u128::from(count)) as u64);
    }
    if format == Format::Npy && !npy::can_hold(dtype, &shape) {
        let what = format!("NumPy cannot hold {dtype} of shape {} (tensor {})", short(&shape), Escaped(&args.tensor));
        let advice = "there are no values in it; .safetensors can keep its name and shape";
        return Err(Failure::wrong_use(&args.output, what, advice));
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
    write(&mut sink, format, tensor.name(), dtype, &shape, &bytes)
        .map_err(|error| Failure::writing(&args.output, &error))?;
    sink.finish()?;
    let line = format!(
        "{}: {dtype} {}, {} bytes ({}), {:.2} s",
        shown_output(&args.output),
        short(&shape),
        exact(bytes.len() as u64),
        human(bytes.len() as u64),
        start.elapsed().as_secs_f64()
    );
    say(shared.quiet, &line);
    Ok(())
}

/// A shape may have many dimensions.
fn short(shape: &[u64]) -> String {
    shortened(format_args!("{shape:?}"), SHAPE_CHARACTERS)
}

fn format_of(output: &Path) -> Outcome<Format> {
    let ending = output.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "npy" => Ok(Format::Npy),
        "safetensors" => Ok(Format::Safetensors),
        _ if Destination::of(output) != Destination::Path => Ok(Format::Npy),
        _ => Err(Failure::wrong_use(output, "unknown format", "let the name end in .npy or .safetensors")),
    }
}

fn dtype_of(name: FloatName) -> Dtype {
    match name {
        FloatName::F32 => f32::DTYPE,
        FloatName::F16 => f16::DTYPE,
        FloatName::Bf16 => bf16::DTYPE,
    }
}

fn to_bytes<T: Copy, const N: usize>(values: &[T], bytes_of: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes_of(value)).collect()
}

fn write(
    sink: &mut impl Write,
    format: Format,
    name: &str,
    dtype: Dtype,
    shape: &[u64],
    bytes: &[u8],
) -> io::Result<()> {
    match format {
        Format::Npy => npy::write(sink, dtype, shape, bytes),
        Format::Safetensors => {
            let declared = Declared { name, dtype, shape, len: bytes.len() as u64 };
            write_header(sink, std::iter::empty(), std::iter::once(declared))?;
            sink.write_all(bytes)
        }
    }
}

fn not_decoded(path: &Path, error: &Error) -> Failure {
    let asked = |advice| Failure::wrong_use(path, error.to_string(), advice);
    match error.kind() {
        ErrorKind::InvalidArgument => asked("choose other rows, or convert them with --dtype"),
        ErrorKind::Unsupported if error.section().is_none() => asked("leave --dtype out"),
        _ => Failure::container(path, error),
    }
}

/// The one tensor that is meant.
fn find<'r, S: ReadAt>(args: &ExtractArgs, reader: &'r Reader<S>) -> Outcome<Tensor<'r, S>> {
    let name = &args.tensor;
    if let Some(file) = &args.of_file {
        if !reader.files().any(|info| info.name == *file) {
            let what = format!("no file named {} inside", Escaped(file));
            return Err(Failure::wrong_use(&args.file, what, "`tersor inspect` lists the files"));
        }
        return reader.tensor_in(file, name).ok_or_else(|| unknown(args, reader));
    }
    let found: Vec<Tensor<'r, S>> = reader.tensors().filter(|tensor| tensor.name() == name).collect();
    let ordinals: Vec<usize> = match &found[..] {
        [] => return Err(unknown(args, reader)),
        [only] => return Ok(*only),
        several => several.iter().map(|tensor| tensor.ordinal()).collect(),
    };
    // sorted, as the tensors come
    let is_meant = |file: &FileInfo| {
        let next = ordinals.partition_point(|&ordinal| ordinal < file.ordinals.start);
        ordinals.get(next).is_some_and(|ordinal| file.ordinals.contains(ordinal))
    };
    let files = reader.files().filter(is_meant).map(|file| Escaped(&file.name).to_string());
    let mut files: Vec<String> = files.collect();
    let more = files.len().saturating_sub(NAMED_FILES);
    files.truncate(NAMED_FILES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = format!("several tensors are named {}, in {}{more}", Escaped(name), files.join(", "));
    Err(Failure::wrong_use(&args.file, what, "choose a file with --file NAME"))
}

/// No such tensor: names that have something in common with it, if there are any.
fn unknown<S: ReadAt>(args: &ExtractArgs, reader: &Reader<S>) -> Failure {
    let wanted = args.tensor.to_lowercase();
    let last = wanted.rsplit('.').next().unwrap_or_default();
    let file = args.of_file.as_ref().and_then(|name| reader.files().find(|file| file.name == *name));
    let in_file = |tensor: &Tensor<'_, S>| file.as_ref().is_none_or(|file| file.ordinals.contains(&tensor.ordinal()));
    let similar = |tensor: &Tensor<'_, S>| {
        let name = tensor.name().to_lowercase();
        name.contains(&wanted) || (!name.is_empty() && wanted.contains(&name)) || name.rsplit('.').next() == Some(last)
    };
    let names: Vec<String> = reader
        .tensors()
        .filter(in_file)
        .filter(similar)
        .take(SUGGESTIONS)
        .map(|tensor| Escaped(tensor.name()).to_string())
        .collect();
    let advice = match names.is_empty() {
        true => "`tersor inspect` lists the tensors".to_owned(),
        false => format!("`tersor inspect` lists the tensors, such as {}", names.join(", ")),
    };
    let place = file.as_ref().map_or_else(String::new, |file| format!(" in {}", Escaped(&file.name)));
    Failure::wrong_use(&args.file, format!("no tensor named {}{place}", Escaped(&args.tensor)), &advice)
}
