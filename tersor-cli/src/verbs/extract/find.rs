//! Finds the tensors that the user named in one container.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use tersor::{Escaped, FileInfo, Reader, Tensor};

use super::args::ExtractArgs;
use super::names::{matches, unknown};
use crate::screen::failure::{Failure, Outcome};

/// The largest number of files that are listed if several have the tensor.
const LISTED_FILES: usize = 8;

/// Returns the tensors that the user named, each once. A name with `*` stands for all that match, unless a tensor has
/// this very name.
pub fn find_all<'r>(args: &ExtractArgs, reader: &'r Reader<'r>) -> Outcome<Vec<Tensor<'r>>> {
    let mut found: BTreeMap<usize, Tensor<'r>> = BTreeMap::new();
    for name in std::iter::once(&args.tensor).chain(&args.more) {
        if !name.contains('*') || reader.tensor(name).is_some() {
            let tensor = find(args, name, reader)?;
            found.insert(tensor.ordinal(), tensor);
            continue;
        }
        let ordinals = ordinals_of_file(args, reader)?;
        let is_meant = |tensor: &Tensor<'r>| {
            ordinals.as_ref().is_none_or(|own| own.contains(&tensor.ordinal())) && matches(name, tensor.name())
        };
        let matching: Vec<Tensor<'r>> = reader.tensors().filter(is_meant).collect();
        if matching.is_empty() {
            return Err(not_found(args, name, reader));
        }
        found.extend(matching.into_iter().map(|tensor| (tensor.ordinal(), tensor)));
    }
    let mut names = HashSet::new();
    match found.values().find(|tensor| !names.insert(tensor.name())) {
        Some(twice) => {
            let problem = format!("several tensors are named {}", Escaped(twice.name()));
            Err(Failure::wrong_use(&args.file, problem, "choose a file with --file NAME"))
        }
        None => Ok(found.into_values().collect()),
    }
}

/// Returns the ordinals of the file of `--file`; `None` without this option.
fn ordinals_of_file(args: &ExtractArgs, reader: &Reader<'_>) -> Outcome<Option<Range<usize>>> {
    let Some(name) = &args.of_file else { return Ok(None) };
    match reader.files().find(|info| info.path == *name) {
        Some(file) => Ok(Some(file.ordinals)),
        None => {
            let problem = format!("no file named {} inside", Escaped(name));
            Err(Failure::wrong_use(&args.file, problem, "`tersor inspect` lists the files"))
        }
    }
}

/// Returns the tensor of this name.
fn find<'r>(args: &ExtractArgs, name: &str, reader: &'r Reader<'r>) -> Outcome<Tensor<'r>> {
    if let Some(ordinals) = ordinals_of_file(args, reader)? {
        let mut tensors = ordinals.filter_map(|ordinal| reader.tensor_at(ordinal));
        return tensors.find(|tensor| tensor.name() == name).ok_or_else(|| not_found(args, name, reader));
    }
    let found: Vec<Tensor<'r>> = reader.tensors().filter(|tensor| tensor.name() == name).collect();
    let ordinals: Vec<usize> = match &found[..] {
        [] => return Err(not_found(args, name, reader)),
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

/// Returns the failure for a name that no tensor has, or none in the file of `--file`.
fn not_found(args: &ExtractArgs, name: &str, reader: &Reader<'_>) -> Failure {
    let file = args.of_file.as_ref().and_then(|name| reader.files().find(|file| file.path == *name));
    let in_file = |tensor: &Tensor<'_>| file.as_ref().is_none_or(|file| file.ordinals.contains(&tensor.ordinal()));
    let names: Vec<&str> = reader.tensors().filter(in_file).map(|tensor| tensor.name()).collect();
    unknown(args, name, file.as_ref().map(|file| file.path.as_str()), names.into_iter())
}
