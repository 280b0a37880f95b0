//! The fields below the first one: the low bits of a word, a byte at a time.

use std::sync::Arc;

use super::contexts::Contexts;
use super::field_coding::plan_field;
use super::histograms::{Histograms, look};
use super::magnitude::SymbolMeaning;
use super::plane_contexts::{Plane, with_contexts};
use super::plans::PlannedField;
use super::scale::Classes;
use super::view::WordView;
use crate::represent::Word;
use crate::spec::{MAX_CLASS_FIELDS, MAX_FIELDS};

/// Plans the fields below the `first` topmost bits, from the highest down. Returns them and their cost. `known` are the
/// class fields that the segment has so far. Without histograms the function makes its own.
pub(super) fn plan_planes<W: Word>(
    view: WordView<'_, W>,
    first: u32,
    histograms: Option<&Histograms>,
    known: Vec<Arc<Classes>>,
) -> (Vec<PlannedField>, u64) {
    let own;
    let histograms = match histograms {
        Some(histograms) => histograms,
        None => {
            own = look(view, first..=first, SymbolMeaning::Unsigned, false).histograms;
            &own
        }
    };
    let mut planner = PlanePlanner { view, first, histograms, known };
    let mut fields = Vec::new();
    let mut cost = 0;
    for (plane, width) in planes_below(view.bits() - first) {
        let most = MAX_FIELDS - 1 - fields.len() - plane as usize;
        let (of_plane, of_plane_cost) = planner.plane(plane, width, most);
        fields.extend(of_plane);
        cost += of_plane_cost;
    }
    (fields, cost)
}

/// Plans one plane after another, and remembers the class fields of those before.
struct PlanePlanner<'a, W> {
    view: WordView<'a, W>,
    first: u32,
    histograms: &'a Histograms,
    known: Vec<Arc<Classes>>,
}

impl<W: Word> PlanePlanner<'_, W> {
    /// Plans byte `plane`, of which `width` bits belong to it, as one field or as at most `most` fields.
    fn plane(&mut self, plane: u32, width: u32, most: usize) -> (Vec<PlannedField>, u64) {
        let (whole, whole_cost) = self.field(8 * plane, width);
        // bits that never change need no coder, and then the bits next to them may need none either
        let runs = self.histograms.runs(plane as usize, width);
        let known = self.known.len();
        if runs.len() > 1 && runs.len() <= most {
            let parts: Vec<(PlannedField, u64)> =
                runs.into_iter().rev().map(|(shift, width)| self.field(8 * plane + shift, width)).collect();
            let parts_cost: u64 = parts.iter().map(|(_, cost)| cost).sum();
            if parts_cost <= whole_cost {
                return (parts.into_iter().map(|(field, _)| field).collect(), parts_cost);
            }
            self.known.truncate(known);
        }
        (vec![whole], whole_cost)
    }

    /// Plans the field of the `width` bits from bit `shift`.
    fn field(&mut self, shift: u32, width: u32) -> (PlannedField, u64) {
        let effort = self.view.effort;
        let counts = self.histograms.of_bits(shift, width);
        let of_one = std::slice::from_ref(&counts);
        let plain = plan_field(of_one, width, &Contexts::NONE, effort.hurdles.plane, effort.tables);
        if !effort.plane_contexts || self.known.len() >= MAX_CLASS_FIELDS {
            return plain;
        }
        let plane = Plane { shift, width, first: self.first, counts: &counts };
        let (field, cost) = with_contexts(self.view, &plane, &self.known, plain);
        if let Some(classes) = &field.classes
            && !self.known.iter().any(|known| Arc::ptr_eq(known, classes))
        {
            self.known.push(Arc::clone(classes));
        }
        (field, cost)
    }
}

/// Returns the bytes of the `rest` lowest bits, the highest first, and how many bits of each are among them.
pub(super) fn planes_below(rest: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rest.div_ceil(8)).rev().map(move |plane| (plane, (rest - 8 * plane).min(8)))
}
