//! The lines of a ledger as a table and as JSON.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tersor::Category;

use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{exact, human, percent};

/// Returns the lines as an object: the name of a category, with underscores for spaces, and its bytes.
pub fn to_json(lines: &[(Category, u64)]) -> Value {
    let lines = lines.iter().map(|(category, bytes)| (category.name().replace(' ', "_"), json!(bytes)));
    lines.collect::<Map<_, _>>().into()
}

/// Writes the lines as a table, with their sum and the share of each in `file_len` bytes.
pub fn write(lines: &[(Category, u64)], file_len: u64, out: &mut dyn Write) -> io::Result<()> {
    let sum = lines.iter().map(|(_, bytes)| bytes).sum();
    let lines = lines.iter().map(|(category, bytes)| (category.name(), *bytes));
    let rows = lines.chain([("sum", sum)]).map(|(category, bytes)| {
        let share = format!("{:.3}", percent(bytes, file_len));
        Row::new([name(category), cell(exact(bytes)), cell(human(bytes)), cell(share)])
    });
    write_table(out, [("category", Left), ("bytes", Right), ("", Right), ("%", Right)], rows)
}
