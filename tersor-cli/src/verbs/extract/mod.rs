//! `tersor extract`

mod args;
mod find;
mod select;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use tersor::{Escaped, Reader};

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
use find::find_all;
use select::Selected;

/// The largest number of characters shown of a shape.
const SHAPE_CHARACTERS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputFormat {
    Npy,
    Safetensors,
}

/// Writes tensors, or some of their rows.
pub fn run(args: &ExtractArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let format = format_of(&args.output)?;
    let source = Source::open_container(&args.file)?;
    let bar = Bar::new(common.quiet);
    let options = common.decode_options(None).with_progress(bar.progress());
    let reader = Reader::with_options(&source, options).map_err(|error| Failure::container(&args.file, &error))?;
    let tensors = find_all(args, &reader)?;
    let selected = tensors.into_iter().map(|tensor| Selected::new(args, tensor));
    let mut selected = selected.collect::<Outcome<Vec<Selected<'_>>>>()?;
    let failed = |error| Failure::container(&args.file, &error);
    let slices = selected.iter().map(Selected::slice).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    reader.prefetch(slices).map_err(failed)?;
    bar.set_total(selected.iter().map(Selected::stored_len).fold(0, u64::saturating_add));
    match (format, &selected[..]) {
        (OutputFormat::Npy, [only]) => write_npy(args, only)?,
        (OutputFormat::Npy, several) => {
            let problem = format!("{} tensors do not fit into a .npy file", several.len());
            return Err(Failure::wrong_use(&args.output, problem, "write .safetensors"));
        }
        (OutputFormat::Safetensors, _) => write_safetensors(args, &mut selected)?,
    }
    drop(bar);
    let len = selected.iter().map(|one| one.len).fold(0, u64::saturating_add);
    let what = match &selected[..] {
        [only] => format!("{} {}", only.dtype, shortened(format_args!("{:?}", only.shape), SHAPE_CHARACTERS)),
        several => counted(several.len() as u64, "tensor"),
    };
    let size = format!("{} ({})", counted(len, "byte"), human(len));
    let seconds = format!("{:.2} s", start.elapsed().as_secs_f64());
    say(common.quiet, &listed(shown_output(&args.output), &[what, size, seconds]));
    Ok(())
}

fn write_npy(args: &ExtractArgs, selected: &Selected<'_>) -> Outcome {
    let Selected { dtype, shape, .. } = selected;
    let name = Escaped(selected.tensor.name());
    if npy::type_name(*dtype).is_none() {
        let problem = format!("NumPy has no dtype {dtype} (tensor {name})");
        return Err(Failure::wrong_use(&args.output, problem, "add --dtype f32, or write .safetensors"));
    }
    if !npy::can_hold(*dtype, shape) {
        let shape = shortened(format_args!("{shape:?}"), SHAPE_CHARACTERS);
        let problem = format!("NumPy allows no {dtype} array of shape {shape} (tensor {name})");
        let advice = "write .safetensors to keep the name and the shape of this empty tensor";
        return Err(Failure::wrong_use(&args.output, problem, advice));
    }
    let bytes = selected.decode(args)?;
    let mut sink = Sink::open(&args.output, args.force, std::slice::from_ref(&args.file))?;
    npy::write(&mut sink, *dtype, shape, &bytes).map_err(|error| Failure::writing(&args.output, &error))?;
    sink.finish()
}

/// Writes one tensor after another. Tensors with large elements come first, so that all are aligned; those of one size
/// are in the order in which they are stored, so that a chunk is decoded once.
fn write_safetensors(args: &ExtractArgs, selected: &mut [Selected<'_>]) -> Outcome {
    selected.sort_by_cached_key(|one| {
        (std::cmp::Reverse(one.dtype.bits()), one.tensor.stored_place().ok().flatten(), one.tensor.ordinal())
    });
    let mut sink = Sink::open(&args.output, args.force, std::slice::from_ref(&args.file))?;
    let writing = |error| Failure::writing(&args.output, &error);
    let declared = selected.iter().map(|one| Declared {
        name: one.tensor.name(),
        dtype: one.dtype,
        shape: &one.shape,
        len: one.len,
    });
    write_header(&mut sink, std::iter::empty(), declared).map_err(writing)?;
    for one in selected {
        sink.write_all(&one.decode(args)?).map_err(writing)?;
    }
    sink.finish()
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
