//! Decodes the containers of an index, and restores the index of their originals.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use super::container::decode_container;
use super::destination::Job;
use crate::files::attributes::Attributes;
use crate::files::container_index::ContainerIndex;
use crate::files::index_json::renamed;
use crate::files::model_folder::ModelFolder;
use crate::files::output::{Sink, check_free, is_one_of};
use crate::screen::failure::{Failure, Outcome, shown};
use crate::screen::words::say;
use crate::verbs::batch::OTHER_FOLDER;
use crate::verbs::common::CommonArgs;

/// Restores the files of all shards, and the index of the original model: from its copy beside the index, or else from
/// the index itself. The index is written last, so that it lists only files that are complete.
pub fn decode_shards(job: Job<'_>, index: &ContainerIndex, common: &CommonArgs) -> Outcome {
    let folder = job.batch.folder();
    folder.map_or(Ok(()), ModelFolder::check)?;
    let shards = index.index.shards().map(|shard| index.existing_shard(shard)).collect::<Outcome<Vec<_>>>()?;
    let batch = job.batch.of_shards(&shards, folder);
    let inputs = batch.inputs(vec![index.path.clone()]);
    let original = index.original()?.map(|(copy, json)| (batch.placed(&copy), copy, json));
    // decoded beside the containers, the copy is the restored index
    let original = original.filter(|(path, copy, _)| !is_one_of(path, std::slice::from_ref(copy)));
    if let Some((path, ..)) = &original {
        check_free(path, job.args.force, &inputs).map_err(|failure| failure.advising(OTHER_FOLDER))?;
    }
    check_limits(index, common, job.args.threads)?;
    let folder_of_model = ModelFolder::create(folder)?;
    let mut names = HashMap::new();
    batch.each(|file| {
        let output = decode_container(Job { file, batch: &batch, ..job }, common)?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        names.insert(name(file), name(&output));
        Ok(())
    })?;
    if let Some((path, copy, json)) = original {
        let json = match json {
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

/// Checks that all shards together keep to the limits of the command line. Each shard is decoded alone later, and then
/// its own sizes count.
fn check_limits(index: &ContainerIndex, common: &CommonArgs, threads: Option<usize>) -> Outcome {
    let model = index.open(common.decode_options(threads))?;
    let opened = model.shard_names().try_for_each(|shard| model.reader(shard).map(drop));
    opened.map_err(|error| index.failure(&error))
}
