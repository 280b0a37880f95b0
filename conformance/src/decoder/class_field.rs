//! Class fields (section 8.2).

use std::collections::HashMap;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};

pub(crate) struct ClassField {
    pub(crate) depth: Option<usize>,
    width: u32,
    order: u8,
    /// For each axis group: its first axis, the axis after its last one, and its classes.
    pub(crate) axis_groups: Vec<(usize, usize, Vec<u16>)>,
}

pub(crate) fn class_field(bytes: &mut Bytes, shapes: &[Vec<u64>], total: &mut u64) -> Result<ClassField> {
    let depth = Some(bytes.byte()?).filter(|&depth| depth != 255).map(usize::from);
    let width = u32::from(bytes.byte()?);
    must((1..=6).contains(&width), "class width")?;
    let order = bytes.byte()?;
    must(order <= 1, "class order")?;
    let count = bytes.byte()?;
    must(count <= 3, "group count")?;
    must(count == 0 || shapes.len() == 1, "groups in a shared segment")?;
    must(count > 0 || depth.is_some(), "neither rows nor groups")?;
    let mut class = ClassField { depth, width, order, axis_groups: Vec::new() };
    let mut sizes = Vec::new();
    let mut end_before = depth.unwrap_or(0) as u64;
    for _ in 0..count {
        let (first, axes) = (bytes.varint()?, bytes.varint()?);
        must(axes > 0, "a group without axes")?;
        let end = first.checked_add(axes).ok_or("axes beyond the rank")?;
        must(end <= shapes[0].len() as u64, "axes beyond the rank")?;
        must(first >= end_before, "a group that begins too early")?;
        end_before = end;
        let size: u64 = shapes[0][first as usize..end as usize].iter().product();
        *total += size;
        must(*total <= 1 << 20, "too many classes")?;
        sizes.push((first as usize, end as usize, size));
    }
    if count > 0 {
        let mut stream = BitStream::new(bytes.words(2)?, false);
        for (first, end, size) in sizes {
            let vector = class.vector(&mut stream, size)?;
            class.axis_groups.push((first, end, vector));
        }
        stream.end()?;
    }
    Ok(class)
}

impl ClassField {
    pub(crate) fn vector(&self, stream: &mut BitStream, count: u64) -> Result<Vec<u16>> {
        let mut trees = vec![HashMap::new(); 1 << self.width];
        let mut before = 0;
        let mut out = Vec::new();
        for _ in 0..count {
            let number = if self.order == 1 { usize::from(before) } else { 0 };
            before = stream.tree(&mut trees[number], self.width, 255)?;
            out.push(before);
        }
        Ok(out)
    }
}
