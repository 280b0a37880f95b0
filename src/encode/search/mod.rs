//! Chooses the representation of a segment: the one of the least measured cost.

mod choose;
mod chunk_limits;
mod contexts;
mod effects;
mod effort;
mod field_coding;
mod fields;
mod histograms;
mod hurdles;
mod magnitude;
mod mask;
mod mixing;
mod mixing_behind_mask;
mod plane_contexts;
mod planes;
mod plans;
mod price;
mod pricing;
mod refine;
mod scale;
mod view;

pub(crate) use choose::{Plan, SegmentBytes, plan, stands_out};
pub(crate) use effort::Effort;
