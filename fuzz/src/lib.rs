//! The functions of the fuzz targets are in `tests/support`, because the tests run them too.

#[path = "../../tests/support/mod.rs"]
pub mod support;
#[path = "../../tests/support/targets.rs"]
pub mod targets;
