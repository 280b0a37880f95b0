//! Tests of the command: its files, its output and its exit status.
#![allow(missing_docs)]

mod batch;
mod bombs;
mod diff;
mod extract;
mod folders;
mod hints;
mod hostile;
mod lossy;
mod options;
mod outputs;
mod pages;
mod refusals;
mod remote;
mod report;
mod reports;
mod roundtrip;
mod shards;
mod stops;
mod support;
mod widths;
