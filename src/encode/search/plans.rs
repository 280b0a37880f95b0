//! Plans of fields and of masks.

use super::contexts::Contexts;
use super::scale::Classes;
use super::view::Source;
use crate::represent::{Coding, ContextSource, Field, Fields, InChunks, Mask, Transform};
use crate::spec::MAX_FIELD_BITS;

/// Fields, the classes of rows that they use, and what all takes in units of 2^-16 bit.
#[derive(Debug, Clone)]
pub(super) struct FieldPlan {
    pub(super) fields: Fields,
    pub(super) in_chunks: InChunks,
    pub(super) cost: u64,
}

/// A mask, the contexts of its symbols, and what all takes.
#[derive(Debug, Clone)]
pub(super) struct MaskPlan {
    pub(super) mask: Mask,
    pub(super) classes: Option<Classes>,
    pub(super) cost: u64,
}

impl MaskPlan {
    /// The contexts of the mask, for others that like them too.
    pub(super) fn contexts(&self) -> Option<Contexts> {
        let classes = self.classes.clone()?;
        let (classes, cost) = classes.with_best_order();
        Some(Contexts { source: self.mask.coding.source().clone(), classes: Some(classes), cost })
    }
}

impl FieldPlan {
    /// The class field of the mask, if it has one.
    pub(super) fn classes_of_mask(&self) -> Vec<Classes> {
        let source = self.fields.steps.mask.as_ref().map(|mask| mask.coding.source());
        let Some(ContextSource::Classes { field, .. }) = source else { return Vec::new() };
        let (field, of_rows) = (&self.fields.class_fields[*field], &self.in_chunks.row_classes[*field]);
        vec![Classes { field: field.clone(), of_rows: of_rows.clone(), of_kinds: false }]
    }

    pub(super) fn new(
        source: Source<'_>,
        transform: Transform,
        all_classes: Vec<Classes>,
        fields: Vec<Field>,
        cost: u64,
    ) -> Self {
        let (class_fields, row_classes) =
            all_classes.into_iter().map(|classes| (classes.field, classes.of_rows)).unzip();
        let fields = Fields { steps: source.steps.clone(), class_fields, transform, fields };
        Self { fields, in_chunks: InChunks { row_classes, group_values: source.shared.clone() }, cost }
    }
}

/// Leaves nothing in a plan that is of no use.
pub(super) fn tidy(plan: &mut FieldPlan) {
    drop_unused_classes(plan);
    join_raw_fields(&mut plan.fields.fields);
}

/// Makes one field of neighbours that are both raw: fewer to go through.
fn join_raw_fields(fields: &mut Vec<Field>) {
    for index in (1..fields.len()).rev() {
        let width = fields[index - 1].width + fields[index].width;
        let are_raw = fields[index - 1].coding == Coding::Raw && fields[index].coding == Coding::Raw;
        let is_source = |number: usize| {
            fields
                .iter()
                .any(|field| matches!(field.coding.source(), ContextSource::Field { field, .. } if *field == number))
        };
        if !are_raw || width > MAX_FIELD_BITS || is_source(index - 1) || is_source(index) {
            continue;
        }
        fields[index - 1].width = width;
        fields.remove(index);
        for field in fields.iter_mut() {
            if let Some(ContextSource::Field { field, .. }) = field.coding.source_mut()
                && *field > index
            {
                *field -= 1;
            }
        }
    }
}

/// Leaves out class fields that no coding looks at.
fn drop_unused_classes(plan: &mut FieldPlan) {
    for number in (0..plan.fields.class_fields.len()).rev() {
        let refers = |coding: &Coding| match coding.source() {
            ContextSource::Classes { field, .. } => Some(*field),
            _ => None,
        };
        let of_mask = plan.fields.steps.mask.as_ref().map(|mask| &mask.coding);
        let codings = plan.fields.fields.iter().map(|field| &field.coding).chain(of_mask);
        if codings.filter_map(refers).any(|field| field == number) {
            continue;
        }
        plan.fields.class_fields.remove(number);
        plan.in_chunks.row_classes.remove(number);
        let of_mask = plan.fields.steps.mask.as_mut().map(|mask| &mut mask.coding);
        for coding in plan.fields.fields.iter_mut().map(|field| &mut field.coding).chain(of_mask) {
            if let Some(ContextSource::Classes { field, .. }) = coding.source_mut()
                && *field > number
            {
                *field -= 1;
            }
        }
    }
}
