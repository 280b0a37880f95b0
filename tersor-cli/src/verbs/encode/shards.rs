//! Encodes each shard of a model to a Tersor file of its own.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tersor::{Escaped, ShardIndex};

use super::job::{Job, count_left_out, warn_of_left_out};
use crate::files::attributes::Attributes;
use crate::files::index_json::{is_index_of_originals, name_for_containers, parse, renamed};
use crate::files::input::{Originals, default_output};
use crate::files::model_folder::ModelFolder;
use crate::files::output::{Sink, check_free, is_one_of};
use crate::files::tree::{LeftOut, Tree};
use crate::screen::failure::{Failure, Outcome, shown_output};
use crate::screen::words::{Summary, counted, say};
use crate::verbs::batch::OTHER_FOLDER;

/// A sharded model to encode.
struct ShardedModel {
    /// The path of the index.
    path: PathBuf,
    /// The bytes of the index.
    json: Vec<u8>,
    index: ShardIndex,
    attributes: Option<Attributes>,
    /// The files and folders beside the shards that are not encoded.
    left_out: Vec<LeftOut>,
}

/// Encodes the shards of the index `job.input`, or of the index in this folder. The new index is written last, so that
/// it lists only files that are complete.
pub fn encode_shards(job: Job<'_>, quiet: bool) -> Outcome {
    let start = Instant::now();
    let model = ShardedModel::open(job.input)?;
    warn_of_left_out(&model.left_out);
    let folder = job.batch.folder();
    folder.map_or(Ok(()), ModelFolder::check)?;
    let shards: Vec<PathBuf> = model.index.shards().map(|shard| model.path.with_file_name(shard)).collect();
    let batch = job.batch.of_shards(&shards, folder);
    let outputs = model.check_shards()?;
    let own_name = model.path.file_name().unwrap_or_default().to_string_lossy();
    let new_index = batch.placed(&default_output(&model.path, &name_for_containers(&own_name).unwrap_or_default()));
    let copy = batch.placed(&default_output(&model.path, &own_name));
    let needs_copy = !is_one_of(&copy, std::slice::from_ref(&model.path));
    let inputs = batch.inputs(vec![model.path.clone()]);
    let mut folder_of_model = None;
    if !job.args.dry_run {
        let indexes = [Some(new_index.clone()), needs_copy.then(|| copy.clone())];
        for path in outputs.iter().map(|output| batch.placed(output)).chain(indexes.into_iter().flatten()) {
            check_free(&path, job.args.force, &inputs).map_err(|failure| failure.advising(OTHER_FOLDER))?;
        }
        folder_of_model = Some(ModelFolder::create(folder)?);
    }
    let mut total = Summary { raw_bytes: 0, coded_bytes: 0, weights: Some(0), time: start.elapsed() };
    batch.each(|input| {
        let encoded = Job { input, batch: &batch, ..job }.run(quiet)?;
        total.raw_bytes += encoded.raw_bytes;
        total.coded_bytes += encoded.coded_bytes;
        total.weights = total.weights.map(|weights| weights + encoded.weights);
        Ok(())
    })?;
    if !job.args.dry_run {
        let write = |path: &Path, bytes: &[u8]| {
            batch.check_unused(path)?;
            let mut sink = Sink::open(path, job.args.force, &inputs)?;
            sink.keep(model.attributes);
            sink.write_all(bytes).map_err(|error| Failure::writing(path, &error))?;
            sink.finish()?;
            batch.wrote(path);
            Ok(())
        };
        if needs_copy {
            write(&copy, &model.json)?;
        }
        write(&new_index, &renamed(&model.path, &model.json, &model.names_of(&outputs))?)?;
    }
    drop(folder_of_model);
    total.time = start.elapsed();
    let not_written = if job.args.dry_run { " (not written)" } else { "" };
    let count = counted(shards.len() as u64, "shard");
    say(quiet, &total.of_encoding(&format!("{}{not_written} with {count}", shown_output(&new_index))));
    count_left_out(job.input, &model.left_out);
    Ok(())
}

impl ShardedModel {
    /// Opens the index `input`, or the only index in the folder `input`.
    fn open(input: &Path) -> Outcome<Self> {
        let (path, tree) = match input.is_dir() {
            true => {
                let tree = Tree::list(input)?;
                (index_in(input, &tree)?, Some(tree))
            }
            false if is_index(input) => (input.to_owned(), None),
            false => {
                let problem = "this is not the index of a sharded model (.safetensors.index.json)";
                return Err(Failure::wrong_use(input, problem, "omit --keep-shards"));
            }
        };
        // this checks that the shards are there
        let originals = Originals::open(&path)?;
        let without_index =
            || Failure::wrong_use(&path, "this is not the index of a sharded model", "omit --keep-shards");
        let own = originals.files.iter().find(|file| file.path == path).ok_or_else(without_index)?;
        let json = own.read()?;
        let index = parse(&path, &json)?.ok_or_else(without_index)?;
        let attributes = Attributes::of_file(&path);
        let mut left_out = Vec::new();
        if let Some(tree) = tree {
            let own: HashSet<PathBuf> = originals.paths().into_iter().collect();
            let others = tree.files.into_iter().filter(|(_, path)| !own.contains(path));
            left_out = tree.left_out;
            left_out.extend(others.map(|(_, path)| LeftOut { path, reason: "no shard of the index" }));
            left_out.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Ok(Self { path, json, index, attributes, left_out })
    }

    /// Checks that each shard is a safetensors file that has the tensors which the index expects in it. Returns the
    /// default outputs of the shards, in the order of the index.
    fn check_shards(&self) -> Outcome<Vec<PathBuf>> {
        let mut tensors: HashMap<&str, HashSet<String>> = HashMap::new();
        let mut outputs = Vec::new();
        for shard in self.index.shards() {
            let originals = Originals::open(&self.path.with_file_name(shard))?;
            let headers = originals.files.iter().map(|file| file.header()).collect::<Outcome<Vec<_>>>()?;
            let own = headers.into_iter().flatten().flat_map(|header| header.tensors);
            tensors.insert(shard, own.map(|tensor| tensor.name).collect());
            let output = originals.default_output;
            if outputs.contains(&output) {
                let problem = "two shards would have this output";
                return Err(Failure::wrong_use(&output, problem, "rename a shard, also in the index"));
            }
            outputs.push(output);
        }
        for (tensor, shard) in self.index.tensors() {
            if !tensors.get(shard).is_some_and(|own| own.contains(tensor)) {
                let index = self.path.file_name().unwrap_or_default().to_string_lossy();
                let problem =
                    format!("{index} expects tensor {} in this shard, which does not have it", Escaped(tensor));
                let advice = "download the shard and the index again, or omit --keep-shards";
                return Err(Failure::bad_data(&self.path.with_file_name(shard), problem, advice));
            }
        }
        Ok(outputs)
    }

    /// Returns the name of the output of each shard.
    fn names_of(&self, outputs: &[PathBuf]) -> HashMap<String, String> {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.index.shards().map(str::to_owned).zip(outputs.iter().map(name)).collect()
    }
}

fn is_index(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(is_index_of_originals)
}

/// Returns the path of the only index in `folder`, without its subfolders.
fn index_in(folder: &Path, tree: &Tree) -> Outcome<PathBuf> {
    let indexes = tree.files.iter().filter(|(name, _)| !name.contains('/') && is_index_of_originals(name));
    let paths: Vec<&PathBuf> = indexes.map(|(_, path)| path).collect();
    match &paths[..] {
        [] => {
            let problem = "this folder has no index of a sharded model (.safetensors.index.json)";
            Err(Failure::wrong_use(folder, problem, "omit --keep-shards"))
        }
        [only] => Ok((*only).clone()),
        several => {
            let problem = format!("this folder has {} indexes of sharded models", several.len());
            Err(Failure::wrong_use(folder, problem, "give one of them"))
        }
    }
}
