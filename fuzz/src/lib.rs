//! What the targets do lies with the tests, which run the same.

#[path = "../../tests/support/mod.rs"]
pub mod support;
#[path = "../../tests/support/targets.rs"]
pub mod targets;
