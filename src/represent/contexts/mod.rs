//! Contexts (sections 8.2 and 8.3): class fields, and the sources that pick the context of each symbol.

mod axis_group;
mod chunk_classes;
mod class_field;
#[cfg(test)]
mod class_field_tests;
mod reader;
mod source;

pub(crate) use axis_group::AxisGroup;
pub(crate) use chunk_classes::ChunkClasses;
pub(crate) use class_field::{ClassField, all_sums};
pub(crate) use reader::ContextReader;
pub(crate) use source::ContextSource;
