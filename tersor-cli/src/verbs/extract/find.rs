//! Finds a tensor by its name, and suggests names if there is none.

use tersor::{Escaped, FileInfo, ReadAt, Reader, Tensor};

use super::args::ExtractArgs;
use crate::screen::failure::{Failure, Outcome};

/// The largest number of names that are suggested.
const SUGGESTIONS: usize = 3;

/// The largest number of files that are listed if several have the tensor.
const LISTED_FILES: usize = 8;

/// Returns the tensor that the user named.
pub fn find<'r, S: ReadAt>(args: &ExtractArgs, reader: &'r Reader<S>) -> Outcome<Tensor<'r, S>> {
    let name = &args.tensor;
    if let Some(file) = &args.of_file {
        if !reader.files().any(|info| info.path == *file) {
            let problem = format!("no file named {} inside", Escaped(file));
            return Err(Failure::wrong_use(&args.file, problem, "`tersor inspect` lists the files"));
        }
        return reader.tensor_in(file, name).ok_or_else(|| unknown(args, reader));
    }
    let found: Vec<Tensor<'r, S>> = reader.tensors().filter(|tensor| tensor.name() == name).collect();
    let ordinals: Vec<usize> = match &found[..] {
        [] => return Err(unknown(args, reader)),
        [only] => return Ok(*only),
        several => several.iter().map(|tensor| tensor.ordinal()).collect(),
    };
    // the ordinals are sorted, because tensors are listed in their order
    let has_tensor = |file: &FileInfo| {
        let next = ordinals.partition_point(|&ordinal| ordinal < file.ordinals.start);
        ordinals.get(next).is_some_and(|ordinal| file.ordinals.contains(ordinal))
    };
    let files = reader.files().filter(has_tensor).map(|file| Escaped(&file.path).to_string());
    let mut files: Vec<String> = files.collect();
    let more = files.len().saturating_sub(LISTED_FILES);
    files.truncate(LISTED_FILES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let problem = format!("several tensors are named {}, in {}{more}", Escaped(name), files.join(", "));
    Err(Failure::wrong_use(&args.file, problem, "choose a file with --file NAME"))
}

/// Returns the failure for an unknown tensor, with similar names if there are any.
fn unknown<S: ReadAt>(args: &ExtractArgs, reader: &Reader<S>) -> Failure {
    let wanted = args.tensor.to_lowercase();
    let last = wanted.rsplit('.').next().unwrap_or_default();
    let file = args.of_file.as_ref().and_then(|name| reader.files().find(|file| file.path == *name));
    let in_file = |tensor: &Tensor<'_, S>| file.as_ref().is_none_or(|file| file.ordinals.contains(&tensor.ordinal()));
    let is_similar = |tensor: &Tensor<'_, S>| {
        let name = tensor.name().to_lowercase();
        name.contains(&wanted) || (!name.is_empty() && wanted.contains(&name)) || name.rsplit('.').next() == Some(last)
    };
    let names: Vec<String> = reader
        .tensors()
        .filter(in_file)
        .filter(is_similar)
        .take(SUGGESTIONS)
        .map(|tensor| Escaped(tensor.name()).to_string())
        .collect();
    let advice = match names.is_empty() {
        true => "`tersor inspect` lists the tensors".to_owned(),
        false => format!("`tersor inspect` lists the tensors, such as {}", names.join(", ")),
    };
    let place = file.as_ref().map_or_else(String::new, |file| format!(" in {}", Escaped(&file.path)));
    Failure::wrong_use(&args.file, format!("no tensor named {}{place}", Escaped(&args.tensor)), &advice)
}
