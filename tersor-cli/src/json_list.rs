//! Long lists in JSON.

use std::io::{self, Write};

use serde_json::Value;

/// A further member of an object: a list, an item a line, each made when it is written.
pub fn write_list(out: &mut dyn Write, name: &str, items: impl Iterator<Item = Value>) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": [")?;
    let mut separator = "\n    ";
    for item in items {
        write!(out, "{separator}{item}")?;
        separator = ",\n    ";
    }
    write!(out, "\n  ]")
}
