//! The command, from outside: what it writes, says and leaves behind.
#![cfg(feature = "cli")]
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
