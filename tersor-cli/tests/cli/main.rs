//! The command, from outside: what it writes, says and leaves behind.
#![allow(missing_docs)]

mod diff;
mod extract;
mod hostile;
mod refusals;
mod report;
mod reports;
mod roundtrip;
mod stops;
mod support;
