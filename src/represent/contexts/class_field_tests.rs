//! Class sums against a literal reading of section 8.2.

use super::*;
use crate::coders::ClassCoding;
use crate::kernel::Kernel;
use crate::represent::values::{Rows, SegmentLayout};
use crate::spec::{MAX_GROUP_CLASSES, MAX_GROUPS};
use crate::tensor::Dtype;
use crate::wire::Cursor;
use proptest::prelude::*;

/// A literal implementation of section 8.2.
fn naive_sum(field: &ClassField, shape: &[u64], row_classes: &[u8], element: u64) -> u8 {
    let mut sum = 0;
    if let Some(rows) = &field.rows {
        let axes = usize::from(rows.depth).min(shape.len().saturating_sub(1));
        let len: u64 = shape[axes..].iter().product();
        sum += row_classes[(element / len) as usize];
    }
    for group in &field.groups {
        let end = group.first + group.axes;
        let after: u64 = shape[end..].iter().product();
        let len: u64 = shape[group.first..end].iter().product();
        sum += group.classes[(element / after % len) as usize];
    }
    sum
}

fn fields() -> impl Strategy<Value = (Vec<u64>, ClassField, Vec<u8>)> {
    let shape = prop::collection::vec(1u64..7, 1..5);
    (shape, prop_oneof![Just(255u8), 0u8..6], any::<[bool; 5]>(), 1u32..=6, any::<bool>(), any::<u64>()).prop_map(
        |(shape, depth, cuts, width, is_ordered, seed)| {
            let layout = SegmentLayout::new(Dtype::U8, [&shape[..]]);
            let mut state = seed;
            let mut class = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as u8 & ((1 << width) - 1)
            };
            let rows = (depth != class_field::NO_ROWS).then(|| Rows::new(&layout, depth));
            let mut groups = Vec::new();
            let mut first = if rows.is_some() { usize::from(depth) } else { 0 };
            while first < shape.len() && groups.len() < MAX_GROUPS {
                let axes = 1 + usize::from(cuts[first] && first + 1 < shape.len());
                let (mut group, len) = AxisGroup::new(&shape, first, axes).unwrap();
                group.classes = (0..len).map(|_| class()).collect();
                if cuts[first] || rows.is_none() {
                    groups.push(group);
                }
                first += axes;
            }
            let elements: u64 = shape.iter().product();
            let count = rows.as_ref().map_or(0, |rows| rows.numbers(&(0..elements)).end);
            let row_classes = (0..count).map(|_| class()).collect();
            let field = ClassField { coding: ClassCoding { width, is_ordered }, rows, groups };
            (shape.clone(), field, row_classes)
        },
    )
}

proptest! {
    #[test]
    fn sums_are_as_specified((shape, field, row_classes) in fields(), from: u16, to: u16) {
        let count: u64 = shape.iter().product();
        let start = u64::from(from) % count;
        let end = start + 1 + u64::from(to) % (count - start);
        let sums = field.sums(start..end, field.rows_of_chunk(&(start..end), &row_classes));
        let naive: Vec<u8> = (start..end).map(|element| naive_sum(&field, &shape, &row_classes, element)).collect();
        prop_assert_eq!(&sums, &naive);
        let first_row = field.rows.as_ref().map_or(0, |rows| rows.numbers(&(start..count)).start);
        let own = field.rows_of_chunk(&(start..count), &row_classes).to_vec();
        let chunk = ChunkClasses::new(&field, start..count, first_row, own);
        let mut of_part = vec![9; 3];
        let cut = sums.len() / 3;
        chunk.sums(cut..sums.len(), &mut of_part);
        prop_assert_eq!(&of_part, &naive[cut..]);
        for kernel in Kernel::available() {
            for (shift, most) in [(0, 255), (1, 20), (2, 5)] {
                chunk.contexts(cut..sums.len(), shift, most, kernel, &mut of_part);
                let expected: Vec<u8> = naive[cut..].iter().map(|sum| (sum >> shift).min(most)).collect();
                prop_assert_eq!(&of_part, &expected);
            }
        }
    }

    #[test]
    fn class_fields_come_back((shape, field, row_classes) in fields()) {
        let layout = SegmentLayout::new(Dtype::U8, [&shape[..]]);
        let elements = 0..shape.iter().product();
        let mut out = Vec::new();
        field.write(&mut out);
        let head = out.len();
        field.encode_rows(&elements, &row_classes, &mut out);
        let mut cursor = Cursor::unplaced(&out, "test");
        let mut budget = MAX_GROUP_CLASSES;
        let back = ClassField::read(&mut cursor, &layout, &mut budget).unwrap();
        prop_assert_eq!(&back, &field);
        let mut skipping = cursor.clone();
        let of_chunks = back.decode_rows(std::slice::from_mut(&mut cursor), std::slice::from_ref(&elements)).unwrap();
        prop_assert_eq!(of_chunks, [row_classes]);
        cursor.finish().unwrap();
        prop_assert_eq!(back.skip_rows(&mut skipping).unwrap(), out.len() - head);
        skipping.finish().unwrap();
        // for other tensors, the same bytes are refused, or they are other groups
        let other = SegmentLayout::new(Dtype::U8, [&shape[..], &shape[..]]);
        let read = ClassField::read(&mut Cursor::unplaced(&out[..head], "test"), &other, &mut budget);
        prop_assert_eq!(read.is_ok(), field.groups.is_empty());
    }
}
