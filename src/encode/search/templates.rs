//! Plans a mask that omits the values of templates: lines that many rows or columns repeat.

use std::sync::Arc;

use super::contexts::Contexts;
use super::field_coding::plan_field;
use super::hurdles::FIRST_FIELD;
use super::plans::MaskPlan;
use super::propose::Masked;
use super::repeats::{Lines, Repeats, differences, find};
use super::scale::Classes;
use super::survey::Survey;
use super::view::SegmentView;
use crate::coders::ClassCoding;
use crate::represent::{
    AxisGroup, ClassField, ContextSource, Label, Mask, Omitted, Rows, SegmentLayout, Templates, Values, Word,
};

/// The maximum number of labels of a template.
const MAX_LABELS: usize = 8;
/// A difference that fewer than one in this number of values have is no label.
const RARE: usize = 256;
/// Values that are read at a time.
const BLOCK: usize = 1 << 14;

/// The number of leading axes that number the rows, and the numbers of rows and columns.
#[derive(Debug, Clone, Copy)]
struct Matrix {
    depth: usize,
    rows: usize,
    columns: usize,
}

impl Matrix {
    /// Returns the ways in which a tensor is a matrix: cut behind its first axis, or before its last one.
    fn all(layout: &SegmentLayout<'_>) -> Vec<Self> {
        let Some(shape) = layout.single() else { return Vec::new() };
        let Some(first) = shape.iter().position(|&dimension| dimension > 1) else { return Vec::new() };
        let last = shape.iter().rposition(|&dimension| dimension > 1).unwrap_or(first);
        let matrix = |depth: usize| {
            let product = |axes: &[u64]| axes.iter().product::<u64>() as usize;
            Self { depth, rows: product(&shape[..depth]), columns: product(&shape[depth..]) }
        };
        let mut all = vec![matrix(first + 1)];
        all.extend((last > first + 1).then(|| matrix(last)));
        all.retain(|matrix| matrix.depth < shape.len() && matrix.depth < 255);
        all
    }
}

/// Plans a mask of templates, if rows or columns repeat.
pub(super) fn templates<T: Word>(view: &SegmentView<'_>, values: Values<'_, T>, survey: &Survey) -> Option<Masked> {
    let is_sparse = survey.frequent.is_some_and(|(_, occurs)| 2 * occurs >= values.len());
    // values of a known grid are few too
    let are_few = survey.distinct.is_some() || view.hint.is_some();
    if view.bits < 16 || view.effort.decoder_level == 1 || is_sparse || are_few {
        return None;
    }
    let found = Matrix::all(view.layout).into_iter().flat_map(|matrix| {
        let Matrix { rows, columns, .. } = matrix;
        [(matrix, Lines::rows(rows, columns)), (matrix, Lines::columns(columns, rows))]
    });
    let found = found.filter_map(|(matrix, lines)| Some((matrix, lines, find(values, lines)?)));
    let repeated =
        |lines: &Lines, repeats: &Repeats| repeats.of_line.iter().filter(|&&own| own > 0).count() * lines.length;
    let (matrix, lines, repeats) = found.max_by_key(|(_, lines, repeats)| repeated(lines, repeats))?;
    let templates = templates_of(view.bits, values, lines, &repeats);
    let contexts = contexts_of(view.layout, matrix, lines, &repeats)?;
    let mut counts = vec![vec![0u64; 1 << templates.label_bits()]; repeats.templates.len() + 1];
    for start in (0..values.len()).step_by(BLOCK) {
        let block = start..values.len().min(start + BLOCK);
        let own: Vec<T> = block.clone().map(|index| values.get(index)).collect();
        let labels = templates.labels_of(start as u64, &own);
        let of_block = contexts.of_values(block.start as u64..block.end as u64);
        labels.iter().zip(of_block).for_each(|(&label, context)| {
            counts[usize::from(context)][usize::from(label)] += 1;
        });
    }
    let kept = counts.iter().map(|counts| counts[0]).sum::<u64>() as usize;
    let (field, cost) = plan_field(&counts, templates.label_bits(), &contexts, FIRST_FIELD, view.effort.tables);
    let mask = Mask { omitted: Omitted::Templates(templates), coding: field.coding };
    Some(Masked { plan: MaskPlan { mask, classes: field.classes, cost }, kept })
}

/// Returns the templates, and a label for each frequent difference from a template.
fn templates_of<T: Word>(bits: u32, values: Values<'_, T>, lines: Lines, repeats: &Repeats) -> Templates {
    let mut labels = Vec::new();
    for number in 0..repeats.templates.len() {
        let counts = differences(values, lines, repeats, number, bits);
        let all: usize = counts.values().sum();
        let mut frequent: Vec<(u64, usize)> = counts.into_iter().filter(|(_, count)| count * RARE >= all).collect();
        // in an order that does not depend on hashes
        frequent.sort_unstable_by_key(|&(difference, count)| (std::cmp::Reverse(count), difference));
        frequent.truncate(MAX_LABELS);
        labels.extend(frequent.iter().map(|&(difference, _)| Label { template: number as u8, difference }));
    }
    Templates {
        bits,
        distance: lines.distance as u64,
        length: lines.length,
        values: repeats.templates.concat(),
        labels,
    }
}

/// Returns a context for each template, and one for the lines that repeat none.
fn contexts_of(layout: &SegmentLayout<'_>, matrix: Matrix, lines: Lines, repeats: &Repeats) -> Option<Contexts> {
    let contexts = repeats.templates.len() + 1;
    let coding = ClassCoding { width: (contexts - 1).ilog2() + 1, is_ordered: false };
    let shape = layout.single()?;
    let (rows, of_rows, groups) = if lines.distance == 1 {
        (Some(Rows::new(layout, matrix.depth as u8)), repeats.of_line.clone(), Vec::new())
    } else {
        let (mut group, _) = AxisGroup::new(shape, matrix.depth, shape.len() - matrix.depth)?;
        group.classes.clone_from(&repeats.of_line);
        (None, Vec::new(), vec![group])
    };
    let classes = Classes::new(ClassField { coding, rows, groups }, of_rows, false);
    let cost = classes.cost();
    let source = ContextSource::Classes { field: 0, shift: 0, contexts };
    Some(Contexts { source, classes: Some(Arc::new(classes)), cost })
}
