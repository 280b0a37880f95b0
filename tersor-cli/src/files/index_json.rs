//! The index of a sharded model: a JSON file whose `weight_map` names the shard of each tensor.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::screen::failure::{Failure, Outcome};

/// Returns whether a file of this name can be an index that lies among the files of a model.
pub fn may_be_index(name: &str) -> bool {
    name.ends_with(".json") && name.contains(".index.")
}

/// Returns the names of the shards of an index, in order; `None` if the file is no index.
pub fn shards(path: &Path, json: &[u8]) -> Outcome<Option<BTreeSet<String>>> {
    let not_an_index =
        |problem: String| Failure::bad_data(path, problem, "give the folder or the single files instead");
    let parsed: Value =
        serde_json::from_slice(json).map_err(|error| not_an_index(format!("not valid JSON: {error}")))?;
    let Some(map) = parsed.get("weight_map").and_then(Value::as_object) else {
        return Ok(None);
    };
    let mut names = BTreeSet::new();
    for shard in map.values() {
        let name = shard.as_str().unwrap_or_default();
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', ':']) {
            return Err(not_an_index(format!("{shard} in `weight_map` is not the name of a file in the same folder")));
        }
        names.insert(name.to_owned());
    }
    Ok(Some(names))
}

/// Returns the failure for a shard that is missing.
pub fn missing(index: &str, shard: &Path) -> Failure {
    let problem = format!("{index} names this shard, which is missing");
    Failure::wrong_use(shard, problem, "download it into the same folder")
}
