//! `tersor extract`

mod args;
mod find;
mod find_in_shards;
mod names;
mod select;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tersor::{Error, Escaped};

use super::common::CommonArgs;
use crate::files::model::Model;
use crate::files::output::{Destination, Sink};
use crate::formats::npy;
use crate::formats::safetensors_file::{Declared, write_header};
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown_output};
use crate::screen::lines::listed;
use crate::screen::words::{counted, human, say, shortened};
pub use args::ExtractArgs;
use find::find_all;
use find_in_shards::find_in_shards;
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
    let bar = Bar::new(common.quiet);
    let options = common.decode_options(None).with_progress(bar.progress());
    let model = Model::open(&args.file, options)?;
    let mut selected = select(args, &model)?;
    prefetch(&model, &selected)?;
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

/// Finds the tensors that the user named.
fn select<'m>(args: &ExtractArgs, model: &'m Model) -> Outcome<Vec<Selected<'m>>> {
    match model {
        Model::Container(reader) => {
            let tensors = find_all(args, reader)?.into_iter();
            tensors.map(|tensor| Selected::new(args, args.file.clone(), tensor)).collect()
        }
        Model::Shards(index, shards) => {
            let tensors = find_in_shards(args, index, shards)?.into_iter();
            tensors.map(|(shard, tensor)| Selected::new(args, index.shard_path(shard), tensor)).collect()
        }
    }
}

/// Tells each source which tensors will be read.
fn prefetch(model: &Model, selected: &[Selected<'_>]) -> Outcome {
    for of_file in selected.chunk_by(|a, b| a.file == b.file) {
        let slices = of_file.iter().map(Selected::slice).collect::<Outcome<Vec<_>>>()?;
        let file = &of_file[0].file;
        let failed = |error: Error| Failure::container(file, &error);
        match model {
            Model::Container(reader) => reader.prefetch(slices).map_err(failed)?,
            Model::Shards(_, shards) => {
                let shard = file.file_name().unwrap_or_default().to_string_lossy();
                shards.reader(&shard).and_then(|reader| reader.prefetch(slices)).map_err(failed)?;
            }
        }
    }
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
    let mut sink = Sink::open(&args.output, args.force, &[args.file.clone(), selected.file.clone()])?;
    npy::write(&mut sink, *dtype, shape, &bytes).map_err(|error| Failure::writing(&args.output, &error))?;
    sink.finish()
}

/// Writes one tensor after another. Tensors with large elements come first, so that all are aligned; those of one size
/// are in the order in which they are stored, so that a chunk is decoded once.
fn write_safetensors(args: &ExtractArgs, selected: &mut [Selected<'_>]) -> Outcome {
    selected.sort_by_cached_key(|one| {
        let place = one.tensor.stored_place().ok().flatten();
        (std::cmp::Reverse(one.dtype.bits()), one.file.clone(), place, one.tensor.ordinal())
    });
    let inputs: BTreeSet<PathBuf> = selected.iter().map(|one| one.file.clone()).chain([args.file.clone()]).collect();
    let mut sink = Sink::open(&args.output, args.force, &inputs.into_iter().collect::<Vec<_>>())?;
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
