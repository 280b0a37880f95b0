//! Hostile input: whatever the bytes are, a reader returns an error or the right data. It does not panic, it ends, and it
//! uses no more memory than the input and the limits allow.
//!
//! By default a sample of all changes is tried, at fixed strides. `TERSOR_SWEEP=complete` tries all of them; in containers
//! of more than 2 KiB it tries each bit, instead of each value, of the bytes outside heads. Use a release build for it:
//! `TERSOR_SWEEP=complete cargo test --release -p conformance --test hostile`.

#[path = "../../../tests/support/mod.rs"]
mod support;

mod changes;
mod claims;
mod known;
mod structure;
mod sweep;
mod watch;
mod work;
