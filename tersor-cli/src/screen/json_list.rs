//! Writes long lists in JSON item by item.

use std::io::{self, Write};

use serde_json::Value;

/// Writes a further member of an object: a list with one item per line. Each item is created when it is written.
pub fn write_list(out: &mut dyn Write, name: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write_list_with(out, name, items, |text, item| Ok(serde_json::to_writer(text, &item)?))
}

/// Does the same with items that `write` adds to a text.
pub fn write_list_with<T>(
    out: &mut dyn Write,
    name: &str,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut Vec<u8>, T) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": [")?;
    let mut separator = "\n    ";
    let mut text = Vec::new();
    for item in items {
        text.clear();
        text.extend_from_slice(separator.as_bytes());
        // in one piece, because every call of `write` has its price
        write(&mut text, item)?;
        out.write_all(&text)?;
        separator = ",\n    ";
    }
    write!(out, "\n  ]")
}
