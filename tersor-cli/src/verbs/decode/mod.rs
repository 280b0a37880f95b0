//! `tersor decode`

mod args;
mod container;
mod converted;
mod destination;
mod dtype_name;
mod shards;
mod tensors;

use super::batch::Batch;
use super::common::CommonArgs;
use crate::files::container_index::ContainerIndex;
use crate::screen::failure::Outcome;
pub use args::DecodeArgs;
use container::decode_container;
use destination::Job;
use shards::decode_shards;

/// Restores the files of each container, or of the containers of an index.
pub fn run(args: &DecodeArgs, common: &CommonArgs) -> Outcome {
    let batch = Batch::new(&args.files, args.output.as_deref(), args.output_dir.as_deref())?;
    batch.each(|file| {
        let job = Job { file, args, batch: &batch };
        match ContainerIndex::recognise(file)? {
            Some(index) => decode_shards(job, &index, common),
            None => decode_container(job, common).map(drop),
        }
    })
}
