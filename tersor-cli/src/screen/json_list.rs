//! Writes long lists in JSON item by item.

use std::io::{self, Write};

use serde_json::Value;

/// Writes a further member of an object: a list with one item per line. Each item is created when it is written.
pub fn write_list(out: &mut dyn Write, name: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": [")?;
    let mut separator = "\n    ";
    for item in items {
        write!(out, "{separator}{item}")?;
        separator = ",\n    ";
    }
    write!(out, "\n  ]")
}
