//! Hostile input: whatever the bytes are, a reader returns an error or the right data. It does not panic, it ends, and
//! it uses no more memory than the input and the limits allow.
//!
//! By default the tests try a sample of all changes, at fixed strides. With `TERSOR_SWEEP=complete` they try all of
//! them; in containers of more than 2 KiB, bytes outside heads are then changed in single bits only. Use a release
//! build for it: `TERSOR_SWEEP=complete cargo test --release -p conformance --test hostile`.

#[path = "../../../tests/support/mod.rs"]
mod support;

mod changes;
mod claims;
mod known;
mod structure;
mod sweep;
mod watch;
mod work;
