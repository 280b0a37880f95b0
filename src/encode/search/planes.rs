//! The fields below the first one.

use super::effort::Effort;
use super::field_coding::plan_field;
use super::histograms::{Histograms, look};
use super::magnitude::SymbolMeaning;
use super::plane_contexts::improve_plane;
use super::scale::Classes;
use super::view::Words;
use crate::represent::{ContextSource, Field, SegmentLayout, Word};
use crate::spec::{MAX_CLASS_FIELDS, MAX_FIELDS};

/// Plans what lies below the `first` topmost bits, byte by byte from the bottom; what it takes. Without histograms it makes its own.
pub(super) fn plan_planes<W: Word>(
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    first: u32,
    histograms: Option<&Histograms>,
    all_classes: &mut Vec<Classes>,
    fields: &mut Vec<Field>,
    effort: &Effort,
) -> u64 {
    let own;
    let histograms = match histograms {
        Some(histograms) => histograms,
        None => {
            let unscaled = Effort { resolutions: &[], ..*effort };
            own = look(words, layout, first, first, SymbolMeaning::Unsigned, &unscaled).0;
            &own
        }
    };
    let mut cost = 0;
    let planes = planes_below(words.bits() - first);
    for (plane, width) in planes {
        let plan = |shift: u32, width: u32, all_classes: &mut Vec<Classes>| {
            let counts = histograms.of_bits(8 * plane + shift, width);
            let (counts_of_one, gain) = (std::slice::from_ref(&counts), effort.plane_gain);
            let (mut coding, mut cost) = plan_field(counts_of_one, width, &ContextSource::None, 0, gain, effort.tables);
            if effort.plane_contexts && all_classes.len() < MAX_CLASS_FIELDS {
                let shift = 8 * plane + shift;
                improve_plane(words, layout, shift, &counts, first, effort, all_classes, &mut coding, &mut cost);
            }
            (Field { width, coding }, cost)
        };
        // bits that never change need no coder, and may leave behind what needs none either
        let runs = histograms.runs(plane as usize, width);
        let (whole, whole_cost) = plan(0, width, all_classes);
        let known = all_classes.len();
        // one field at least for each plane that follows
        if runs.len() > 1 && fields.len() + runs.len() + plane as usize <= MAX_FIELDS {
            let parts: Vec<(Field, u64)> =
                runs.into_iter().rev().map(|(shift, width)| plan(shift, width, all_classes)).collect();
            let parts_cost: u64 = parts.iter().map(|(_, cost)| cost).sum();
            if parts_cost <= whole_cost {
                fields.extend(parts.into_iter().map(|(field, _)| field));
                cost += parts_cost;
                continue;
            }
            all_classes.truncate(known);
        }
        fields.push(whole);
        cost += whole_cost;
    }
    cost
}

/// The bytes of the `rest` lowest bits, the highest first, and how many bits of each are among them.
pub(super) fn planes_below(rest: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rest.div_ceil(8)).rev().map(move |plane| (plane, (rest - 8 * plane).min(8)))
}
