//! Chooses the representation of a segment: the one with the least measured cost.
//!
//! ```text
//!   choose ── pricing ── fields ── refine             a plan for each proposal; measured codings
//!     │          │         ├── histograms             statistics of the words
//!     │          │         ├── contexts ── scale ── effects ── magnitude    how rows and columns differ
//!     │          │         ├── planes ── plane_contexts                     the low bits
//!     │          │         └── field_coding           the coding of one field
//!     │          └── mixing, mixing_behind_mask       levels 8 and 9
//!     ├── propose ── mask, survey                      proposals, and the mask that they share
//!     └── templates ── repeats                         rows and columns that repeat
//!   view, plans, chunk_limits, cost, hurdles, effort  the data that all of these share
//! ```

mod choose;
mod chunk_limits;
mod contexts;
mod cost;
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
mod pricing;
mod propose;
mod refine;
mod repeats;
mod scale;
mod survey;
mod templates;
mod view;

pub(crate) use choose::{Plan, SegmentBytes, plan, stands_out};
pub(crate) use effort::Effort;
