//! Decodes the containers of an index, and restores the index of their originals.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tersor::ReadAt;

use super::container::decode_container;
use super::destination::Job;
use crate::files::attributes::Attributes;
use crate::files::container_index::ContainerIndex;
use crate::files::index_json::{name_for_originals, renamed};
use crate::files::model_folder::ModelFolder;
use crate::files::output::{Sink, check_free, is_one_of};
use crate::files::source::Source;
use crate::screen::failure::{Failure, Outcome, shown};
use crate::screen::words::say;
use crate::verbs::batch::OTHER_FOLDER;
use crate::verbs::common::CommonArgs;

/// Restores the files of all shards, and the index of the original model: from its copy beside the index, or else from
/// the index itself. The index is written last, so that it lists only files that are complete.
pub fn decode_shards(job: Job<'_>, index: &ContainerIndex, common: &CommonArgs) -> Outcome {
    let folder = job.batch.folder();
    folder.map_or(Ok(()), ModelFolder::check)?;
    let mut shards = Vec::new();
    for shard in index.index.shards() {
        let path = index.shard_path(shard);
        // a shard at a URL is asked for when it is decoded
        if !path.exists() && crate::files::remote::url_of(&path).is_none() {
            return Err(index.missing(shard));
        }
        shards.push(path);
    }
    let batch = job.batch.of_shards(&shards, folder);
    let own_name = index.path.file_name().unwrap_or_default().to_string_lossy();
    let copy = name_for_originals(&own_name).map(|name| index.path.with_file_name(name));
    let inputs = batch.inputs(vec![index.path.clone()]);
    let restored = copy.as_ref().map(|copy| batch.placed(copy));
    // decoded beside the containers, the copy is the restored index
    let restored = restored.filter(|path| !is_one_of(path, copy.as_slice()));
    if let Some(path) = &restored {
        check_free(path, job.args.force, &inputs).map_err(|failure| failure.advising(OTHER_FOLDER))?;
    }
    let folder_of_model = ModelFolder::create(folder)?;
    let mut names = HashMap::new();
    batch.each(|file| {
        let output = decode_container(Job { file, batch: &batch, ..job }, common)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        names.insert(name(file), name(&output));
        Ok(())
    })?;
    if let (Some(path), Some(copy)) = (restored, copy) {
        let json = match read_copy(&copy)? {
            Some(json) => json,
            None => {
                let problem = "this copy of the original index is missing, so a new one was made; its bytes may differ";
                say(false, &format!("tersor: {}: {problem}", shown(&copy)));
                renamed(&index.path, &index.json, &names)?
            }
        };
        batch.check_unused(&path)?;
        let mut sink = Sink::open(&path, job.args.force, &inputs)?;
        sink.keep(Attributes::of_file(&index.path));
        sink.write_all(&json).map_err(|error| Failure::writing(&path, &error))?;
        sink.finish()?;
        batch.wrote(&path);
    }
    drop(folder_of_model);
    Ok(())
}

/// Reads the copy of the original index; returns `None` if it is missing.
fn read_copy(path: &PathBuf) -> Outcome<Option<Vec<u8>>> {
    let read = || {
        let source = Source::try_open(path)?;
        let mut bytes = vec![0; source.len()?.min(usize::MAX as u64) as usize];
        source.read_exact_at(0, &mut bytes).map(|()| bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::reading(path, &error)),
    }
}
