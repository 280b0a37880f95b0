//! Checks all containers of an index, and the index.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tersor::DecodeOptions;

use super::check::{Checked, check};
use super::compare::compare_whole;
use crate::files::container_index::ContainerIndex;
use crate::files::index_json::parse;
use crate::files::input::Originals;
use crate::files::source::Source;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};

/// Checks each shard as a container, and that each tensor of the index is in its shard. Compares the files of all shards
/// and the copy of the original index with the originals.
pub fn check_shards(
    index: &ContainerIndex,
    options: &DecodeOptions,
    quiet: bool,
    originals: Option<&Originals>,
) -> Outcome<Checked> {
    let mut all = Checked {
        files: Vec::new(),
        differences: Vec::new(),
        tensors: 0,
        weights: 0,
        raw_bytes: 0,
        ledger_sum: 0,
        lossy: Vec::new(),
    };
    // the shard of each file inside
    let mut shards = HashMap::new();
    for shard in index.index.shards() {
        let path = index.existing_shard(shard)?;
        let source = Source::open_container(&path)?;
        let found = check(&path, &source, options, &Bar::new(quiet), originals)?;
        shards.extend(found.files.iter().map(|file| (file.path.clone(), shard)));
        all.files.extend(found.files);
        all.differences.extend(found.differences);
        all.tensors += found.tensors;
        all.weights += found.weights;
        all.raw_bytes += found.raw_bytes;
        all.ledger_sum += found.ledger_sum;
        all.lossy.extend(found.lossy);
    }
    let model = index.open(options.clone())?;
    for name in model.names() {
        model.tensor(name).map_err(|error| index.failure(&error))?;
    }
    let copy = index.original()?.and_then(|(path, json)| Some((path, json?)));
    if let Some((path, json)) = &copy {
        check_copy(path, json, index, &shards)?;
    }
    // a shard has only some of the originals
    let mut found: HashSet<String> = shards.into_keys().collect();
    if let (Some((path, json)), Some(originals)) = (&copy, originals) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(original) = originals.files.iter().find(|file| file.name == name) {
            found.insert(name.into_owned());
            all.differences.extend(compare_whole(original, json)?);
        }
    }
    all.differences.retain(|one| one.missing_original().is_none_or(|name| found.insert(name.to_owned())));
    Ok(all)
}

/// Checks that the copy of the original index has the same tensors in the same shards.
fn check_copy(path: &Path, json: &[u8], index: &ContainerIndex, shards: &HashMap<String, &str>) -> Outcome {
    let original = parse(path, json)?;
    let renamed = original.iter().flat_map(|original| original.tensors());
    let renamed = renamed.map(|(name, file)| (name, shards.get(file).copied().unwrap_or_default()));
    if renamed.eq(index.index.tensors()) {
        return Ok(());
    }
    let problem = "this copy of the original index and the index of the Tersor files differ";
    Err(Failure::bad_data(path, problem, "copy or download both again"))
}
