//! `tersor encode`

mod args;
mod job;
mod lossy_args;
mod lossy_report;
mod shards;

use super::batch::Batch;
use super::common::CommonArgs;
use crate::screen::failure::Outcome;
pub use args::EncodeArgs;
use job::Job;
pub use job::{encode_options, warn_of_left_out};
use shards::encode_shards;

/// Encodes each input: a file, or the files of a model.
pub fn run(args: &EncodeArgs, common: &CommonArgs) -> Outcome {
    let batch = Batch::new(&args.inputs, args.output.as_deref(), args.output_dir.as_deref())?;
    batch.each(|input| {
        let job = Job { input, args, batch: &batch };
        if args.keep_shards { encode_shards(job, common.quiet) } else { job.run(common.quiet).map(drop) }
    })
}
