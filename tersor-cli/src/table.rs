//! Aligned tables for people.

use std::fmt::Display;
use std::io::{self, Write};

use crate::words::shortened;

/// Characters of a cell that are shown.
const CELL_CHARACTERS: usize = 100;

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Text that is not too long for a table.
#[derive(Debug)]
pub struct Cell(String);

/// What is shown of `text`.
pub fn cell(text: impl Display) -> Cell {
    Cell(shortened(text, CELL_CHARACTERS))
}

/// Writes a line with the headings, then one a row, each indented by two spaces. Goes through the rows twice and keeps none.
pub fn write_table<const N: usize>(
    out: &mut dyn Write,
    columns: [(&str, Align); N],
    rows: impl Iterator<Item = [Cell; N]> + Clone,
) -> io::Result<()> {
    let headings = columns.map(|(heading, _)| cell(heading));
    let mut widths = headings.each_ref().map(Cell::width);
    for row in rows.clone() {
        widths.iter_mut().zip(&row).for_each(|(width, cell)| *width = cell.width().max(*width));
    }
    for row in std::iter::once(headings).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(widths).zip(columns) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell.0.as_str(), &space]),
                Align::Right => line.extend([space.as_str(), &cell.0]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

impl Cell {
    fn width(&self) -> usize {
        self.0.chars().count()
    }
}
