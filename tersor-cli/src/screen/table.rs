//! Aligned tables in text, at most 80 columns wide.

use std::fmt::Display;
use std::io::{self, Write};

use super::words::shortened;

/// The largest width of a line in characters.
const WIDTH: usize = 80;
/// The indentation of rows and the space between columns.
const SPACE: usize = 2;
/// The indentation of notes.
const NOTE_SPACE: usize = 4;
/// The largest number of characters in the first cell of a row, which may have a line of its own.
const NAME_CHARACTERS: usize = WIDTH - SPACE - 3;
/// The largest number of characters in any other cell.
const CELL_CHARACTERS: usize = 22;
/// The largest number of characters in a note, which may take several lines.
const NOTE_CHARACTERS: usize = 4 * WIDTH;
/// The least width of the first column.
const MIN_NAME_WIDTH: usize = 8;

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// The text of a cell.
#[derive(Debug)]
pub struct Cell(String);

/// Returns a cell, shortened if it is too long for a table.
pub fn cell(text: impl Display) -> Cell {
    Cell(shortened(text, CELL_CHARACTERS))
}

/// Returns the first cell of a row, which may be longer than the others.
pub fn name(text: impl Display) -> Cell {
    Cell(shortened(text, NAME_CHARACTERS))
}

/// A row of a table: its cells, and notes that follow on lines of their own.
#[derive(Debug)]
pub struct Row<const N: usize> {
    cells: [Cell; N],
    notes: String,
}

impl<const N: usize> Row<N> {
    /// Creates a row without notes.
    pub fn new(cells: [Cell; N]) -> Self {
        Self { cells, notes: String::new() }
    }

    /// Adds a note; an empty one is ignored.
    pub fn with_note(mut self, note: impl Display) -> Self {
        let note = shortened(note, NOTE_CHARACTERS);
        if !note.is_empty() {
            self.notes += if self.notes.is_empty() { "" } else { "; " };
            self.notes += &note;
        }
        self
    }
}

impl Cell {
    fn width(&self) -> usize {
        self.0.chars().count()
    }
}

/// Writes a line with the headings and a line for each row. A name that is too long for the first column is written on
/// a line of its own, above the other cells. The rows are iterated twice and not stored.
pub fn write_table<const N: usize>(
    out: &mut dyn Write,
    columns: [(&str, Align); N],
    rows: impl Iterator<Item = Row<N>> + Clone,
) -> io::Result<()> {
    let headings = Row::new(columns.map(|(heading, _)| cell(heading)));
    let mut widths = headings.cells.each_ref().map(Cell::width);
    for row in rows.clone() {
        widths.iter_mut().zip(&row.cells).for_each(|(width, cell)| *width = cell.width().max(*width));
    }
    let others: usize = widths.iter().skip(1).map(|width| width + SPACE).sum();
    if let Some(first) = widths.first_mut() {
        *first = (*first).min(WIDTH.saturating_sub(others + SPACE).max(MIN_NAME_WIDTH));
    }
    for mut row in std::iter::once(headings).chain(rows) {
        if let (Some(first), Some(width)) = (row.cells.first_mut(), widths.first())
            && first.width() > *width
        {
            writeln!(out, "{:SPACE$}{}", "", first.0)?;
            first.0.clear();
        }
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.cells.iter().zip(widths).zip(columns) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell.0.as_str(), &space]),
                Align::Right => line.extend([space.as_str(), &cell.0]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
        write_wrapped(out, &row.notes)?;
    }
    Ok(())
}

/// Writes an indented text, broken between words. A word that is longer than a line is not broken.
fn write_wrapped(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && width > WIDTH - NOTE_SPACE {
            writeln!(out, "{:NOTE_SPACE$}{line}", "")?;
            line.clear();
        }
        line += if line.is_empty() { "" } else { " " };
        line += word;
    }
    if line.is_empty() { Ok(()) } else { writeln!(out, "{:NOTE_SPACE$}{line}", "") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_and_notes_get_lines_of_their_own() {
        let long = "a".repeat(70);
        let row =
            |text: &str| Row::new([name(text), cell("1,234,567"), cell("[4096, 4096]")]).with_note("note ".repeat(30));
        let mut out = Vec::new();
        let columns = [("name", Align::Left), ("bytes", Align::Right), ("shape", Align::Left)];
        write_table(&mut out, columns, ["short", long.as_str()].into_iter().map(row)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().any(|line| line.trim() == long), "{text}");
        assert_eq!(text.matches("1,234,567").count(), 2);
        assert_eq!(text.matches("note").count(), 60);
    }
}
