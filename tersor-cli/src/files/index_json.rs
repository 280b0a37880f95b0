//! The index of a sharded model: a JSON file whose `weight_map` names the shard of each tensor.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use tersor::{Limits, ShardIndex};

use crate::screen::failure::{Failure, Outcome};

/// The part of the name of an index that says which files it lists.
const OF_ORIGINALS: &str = ".safetensors.index.";
const OF_CONTAINERS: &str = ".tersor.index.";
/// An index has about 100 bytes a tensor.
pub const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Returns whether a file of this name can be an index that lies among the files of a model.
pub fn may_be_index(name: &str) -> bool {
    name.ends_with(".json") && name.contains(".index.")
}

/// Returns whether a file of this name is an index of safetensors files.
pub fn is_index_of_originals(name: &str) -> bool {
    name.ends_with(".json") && name.contains(OF_ORIGINALS)
}

/// Returns the name of the index of containers for an index of safetensors files; `None` if it has another name.
pub fn name_for_containers(name: &str) -> Option<String> {
    is_index_of_originals(name).then(|| name.replacen(OF_ORIGINALS, OF_CONTAINERS, 1))
}

/// Returns the name of the index of safetensors files for an index of containers; `None` if it has another name.
pub fn name_for_originals(name: &str) -> Option<String> {
    (name.ends_with(".json") && name.contains(OF_CONTAINERS)).then(|| name.replacen(OF_CONTAINERS, OF_ORIGINALS, 1))
}

/// Parses an index; returns `None` if the file is none.
pub fn parse(path: &Path, json: &[u8]) -> Outcome<Option<ShardIndex>> {
    let limits = Limits::unlimited().with_head_bytes(MAX_INDEX_BYTES);
    ShardIndex::recognise(json, &limits)
        .map_err(|error| Failure::bad_data(path, error.to_string(), "give the folder or the single files instead"))
}

/// Returns the text of an index, which has been parsed before, with other names of shards.
pub fn renamed(path: &Path, json: &[u8], names: &HashMap<String, String>) -> Outcome<Vec<u8>> {
    let invalid = |error| Failure::bad_data(path, format!("not valid JSON: {error}"), "copy or download it again");
    let mut index: Value = serde_json::from_slice(json).map_err(invalid)?;
    let map = index.get_mut("weight_map").and_then(Value::as_object_mut);
    for shard in map.into_iter().flat_map(|map| map.values_mut()) {
        if let Some(name) = shard.as_str().and_then(|shard| names.get(shard)) {
            *shard = name.as_str().into();
        }
    }
    Ok(format!("{index:#}\n").into_bytes())
}

/// Returns the failure for a shard that is missing.
pub fn missing(index: &str, shard: &Path) -> Failure {
    let problem = format!("{index} names this shard, which is missing");
    Failure::wrong_use(shard, problem, "download it into the same folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_indexes() {
        for (originals, containers) in [
            ("model.safetensors.index.json", "model.tersor.index.json"),
            ("x.y.safetensors.index.fp16.json", "x.y.tersor.index.fp16.json"),
        ] {
            assert_eq!(name_for_containers(originals).as_deref(), Some(containers));
            assert_eq!(name_for_originals(containers).as_deref(), Some(originals));
        }
        for other in ["model.index.json", "model.safetensors.index.txt", "config.json"] {
            assert!(name_for_containers(other).is_none() && name_for_originals(other).is_none());
        }
    }
}
