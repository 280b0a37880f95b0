//! Plans: the codings of the mask and the fields of a segment, and their costs. A plan refers to a class field by a
//! shared pointer. Class fields are numbered when the plan becomes [`Fields`], so nothing has to be renumbered before.

use std::sync::Arc;

use super::contexts::{Contexts, MaskContexts};
use super::scale::Classes;
use crate::represent::{Coding, ContextSource, Field, Fields, Map, Mask, Steps, Transform};
use crate::spec::MAX_FIELD_BITS;

/// The coding of a field, and the class field that its contexts come from, if they come from one.
#[derive(Debug, Clone)]
pub(super) struct PlannedField {
    pub(super) width: u32,
    pub(super) coding: Coding,
    pub(super) classes: Option<Arc<Classes>>,
}

/// The fields of a segment from the topmost bits down, and their cost in units of 2^-16 bit.
#[derive(Debug, Clone)]
pub(super) struct FieldPlan {
    pub(super) transform: Transform,
    pub(super) fields: Vec<PlannedField>,
    /// The map of the steps with more symbol bits, if the plan needs them.
    pub(super) wider_map: Option<Map>,
    pub(super) cost: u64,
}

/// A mask, the class field that its contexts come from, and the cost of both.
#[derive(Debug, Clone)]
pub(super) struct MaskPlan {
    pub(super) mask: Mask,
    pub(super) classes: Option<Arc<Classes>>,
    pub(super) cost: u64,
}

impl PlannedField {
    /// Replaces the coding. The class field stays only if the new coding uses it.
    pub(super) fn with_coding(&self, coding: Coding) -> Self {
        let uses_classes = matches!(coding.source(), ContextSource::Classes { .. });
        let classes = self.classes.clone().filter(|_| uses_classes);
        Self { width: self.width, coding, classes }
    }
}

impl MaskPlan {
    /// Returns the contexts of the mask; `is_stored` says whether the segment has this mask.
    pub(super) fn contexts(&self, is_stored: bool) -> Option<MaskContexts> {
        let classes = self.classes.clone()?;
        let cost = if is_stored { 0 } else { classes.cost() };
        let stored = is_stored.then(|| Arc::clone(&classes));
        let source = self.mask.coding.source().clone();
        Some(MaskContexts { contexts: Contexts { source, classes: Some(classes), cost }, stored })
    }
}

impl FieldPlan {
    /// Makes one field of neighbours that are both raw, so that a decoder has fewer fields to read.
    pub(super) fn join_raw_fields(&mut self) {
        let fields = &mut self.fields;
        // only the first field gives contexts to others
        let gives_contexts = fields.iter().any(|field| matches!(field.coding.source(), ContextSource::Field { .. }));
        let first = if gives_contexts { 2 } else { 1 };
        for index in (first..fields.len()).rev() {
            let width = fields[index - 1].width + fields[index].width;
            let are_raw = fields[index - 1].coding == Coding::Raw && fields[index].coding == Coding::Raw;
            if are_raw && width <= MAX_FIELD_BITS {
                fields[index - 1].width = width;
                fields.remove(index);
            }
        }
    }

    /// Numbers the class fields in the order of their first use; the mask comes first. Returns the fields and the row
    /// classes of each class field.
    pub(super) fn into_fields(self, mut steps: Steps, of_mask: Option<&Arc<Classes>>) -> (Fields, Vec<Vec<u8>>) {
        let mut numbered: Vec<Arc<Classes>> = Vec::new();
        let mut number = |coding: &mut Coding, classes: Option<&Arc<Classes>>| {
            let Some(classes) = classes else { return };
            let Some(ContextSource::Classes { field, .. }) = coding.source_mut() else { return };
            let known = numbered.iter().position(|other| Arc::ptr_eq(other, classes));
            *field = known.unwrap_or_else(|| {
                numbered.push(Arc::clone(classes));
                numbered.len() - 1
            });
        };
        if let Some(mask) = &mut steps.mask {
            number(&mut mask.coding, of_mask);
        }
        if let Some(map) = self.wider_map {
            steps.map = map;
        }
        let fields = self.fields.into_iter().map(|mut field| {
            number(&mut field.coding, field.classes.as_ref());
            Field { width: field.width, coding: field.coding }
        });
        let fields = fields.collect();
        let (class_fields, row_classes) =
            numbered.into_iter().map(|classes| (classes.field.clone(), classes.of_rows.clone())).unzip();
        (Fields { steps, class_fields, transform: self.transform, fields }, row_classes)
    }
}
