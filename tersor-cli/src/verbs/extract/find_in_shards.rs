//! Finds the tensors that the user named in the shards of a model.

use std::collections::BTreeMap;

use tersor::{Error, Escaped, Shards, Tensor};

use super::args::ExtractArgs;
use super::names::{matches, unknown};
use crate::files::container_index::ContainerIndex;
use crate::screen::failure::{Failure, Outcome};

/// Returns the tensors that the user named, each once, with the name of their shard. Tensors of one shard follow one
/// another. Only the shards that have one are opened.
pub fn find_in_shards<'m>(
    args: &ExtractArgs,
    index: &ContainerIndex,
    model: &'m Shards,
) -> Outcome<Vec<(&'m str, Tensor<'m>)>> {
    let shard = args.of_file.as_deref().map(|name| shard_named(args, model, name)).transpose()?;
    let failed = |error: Error| index.failure(&error);
    let mut found: BTreeMap<(&str, usize), Tensor<'m>> = BTreeMap::new();
    for name in std::iter::once(&args.tensor).chain(&args.more) {
        // with a shard of `--file`, its tensors count, and else those of the index
        let known: Vec<(&'m str, &'m str)> = match shard {
            Some(shard) => {
                let reader = model.reader(shard).map_err(failed)?;
                reader.tensors().map(|tensor| (tensor.name(), shard)).collect()
            }
            None => model.index().tensors().collect(),
        };
        let has_name = known.iter().any(|(known, _)| known == name);
        let is_meant = |known: &str| if has_name { known == name } else { name.contains('*') && matches(name, known) };
        let meant: Vec<_> = known.iter().filter(|(known, _)| is_meant(known)).collect();
        if meant.is_empty() {
            return Err(unknown(args, name, shard, known.iter().map(|(name, _)| *name)));
        }
        for (name, own) in meant {
            let tensor = match shard {
                Some(shard) => model.reader(shard).map(|reader| reader.tensor(name)),
                None => model.tensor(name),
            };
            if let Some(tensor) = tensor.map_err(failed)? {
                found.insert((*own, tensor.ordinal()), tensor);
            }
        }
    }
    Ok(found.into_iter().map(|((shard, _), tensor)| (shard, tensor)).collect())
}

/// Returns the shard of `--file`.
fn shard_named<'m>(args: &ExtractArgs, model: &'m Shards, name: &str) -> Outcome<&'m str> {
    model.shard_names().find(|shard| *shard == name).ok_or_else(|| {
        let names: Vec<String> = model.shard_names().take(3).map(|shard| Escaped(shard).to_string()).collect();
        let problem = format!("the index has no shard named {}", Escaped(name));
        Failure::wrong_use(&args.file, problem, &format!("choose a shard, such as {}", names.join(", ")))
    })
}
