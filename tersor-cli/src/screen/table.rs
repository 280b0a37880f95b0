//! Aligned tables in text, at most 80 columns wide.

use std::fmt::Display;
use std::io::{self, Write};

use super::lines::{WIDTH, abridged, folded};
use super::words::shortened;

/// The indentation of rows and the space between columns.
const SPACE: usize = 2;
/// The indentation of notes.
const NOTE_SPACE: usize = 4;
/// The largest number of characters in the first cell of a row, which may have a line of its own.
const NAME_CHARACTERS: usize = WIDTH - SPACE;
/// The largest number of characters in any other cell.
const CELL_CHARACTERS: usize = 22;
/// The largest number of characters in a note, which may take several lines.
const NOTE_CHARACTERS: usize = 4 * WIDTH;
/// The least width of the first column, and of another one with text, if a table is too wide.
const MIN_WIDTH: usize = 8;

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
    Cell(abridged(text, NAME_CHARACTERS))
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
/// a line of its own, above the other cells; if a table is too wide, other texts are shortened. The rows are iterated
/// twice and not stored.
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
    let total = |widths: &[usize]| widths.iter().map(|width| width + SPACE).sum::<usize>();
    let mut texts: Vec<usize> = (0..N).filter(|&number| columns[number].1 == Align::Left).collect();
    // names first, because they can have lines of their own, then the widest column
    texts.sort_by_key(|&number| (number > 0, std::cmp::Reverse(widths[number])));
    for number in texts {
        let excess = total(&widths).saturating_sub(WIDTH);
        widths[number] = widths[number].saturating_sub(excess).max(widths[number].min(MIN_WIDTH));
    }
    for mut row in std::iter::once(headings).chain(rows) {
        if let (Some(first), Some(width)) = (row.cells.first_mut(), widths.first())
            && first.width() > *width
        {
            writeln!(out, "{:SPACE$}{}", "", first.0)?;
            first.0.clear();
        }
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.cells.iter_mut().zip(widths).zip(columns) {
            if align == Align::Left && cell.width() > width {
                cell.0 = abridged(&cell.0, width);
            }
            let space = " ".repeat(width.saturating_sub(cell.width()));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell.0.as_str(), &space]),
                Align::Right => line.extend([space.as_str(), &cell.0]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
        if !row.notes.is_empty() {
            let words = row.notes.split(' ').filter(|word| !word.is_empty());
            writeln!(out, "{}", folded(words, [NOTE_SPACE; 2]))?;
        }
    }
    Ok(())
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

    #[test]
    fn wide_tables_are_made_narrower() {
        let row = |_| {
            Row::new([
                name("n".repeat(300)),
                cell("F8_E4M3FNUZ"),
                cell("[1234567890, 1234567890]"),
                cell("~26,843,545,600"),
                cell("26.8 GB"),
                cell("12.345"),
            ])
            .with_note("x".repeat(100))
        };
        let columns = [
            ("name", Align::Left),
            ("dtype", Align::Left),
            ("shape", Align::Left),
            ("bytes", Align::Right),
            ("", Align::Right),
            ("bits/weight", Align::Right),
        ];
        let mut out = Vec::new();
        write_table(&mut out, columns, (0..2).map(row)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains("F8_E4M3FNUZ") && text.contains("[123") && text.contains("nnn...nnn"), "{text}");
    }
}
