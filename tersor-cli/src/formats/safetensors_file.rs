//! Writes the headers of safetensors files.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tersor::Dtype;

/// The declaration of a tensor in the header.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// The name.
    pub name: &'a str,
    /// The dtype.
    pub dtype: Dtype,
    /// The shape, outermost dimension first.
    pub shape: &'a [u64],
    /// The size in bytes.
    pub len: u64,
}

/// Writes the length of the header and the header. The caller writes the bytes of the tensors after it, in the given
/// order. The order of the metadata is kept, so that a container always gives the same file. Names must be distinct.
pub fn write_header<'a>(
    out: &mut impl Write,
    metadata: impl Iterator<Item = (&'a str, &'a str)>,
    tensors: impl Iterator<Item = Declared<'a>>,
) -> io::Result<()> {
    const METADATA: &str = "__metadata__";
    let metadata: Map<String, Value> = metadata.map(|(key, value)| (key.to_owned(), value.into())).collect();
    let mut text = vec![b'{'];
    let mut add = |name: &str, value: &Value| -> io::Result<()> {
        if text.len() > 1 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, name)?;
        text.push(b':');
        Ok(serde_json::to_writer(&mut text, value)?)
    };
    if !metadata.is_empty() {
        add(METADATA, &metadata.into())?;
    }
    let mut end = 0;
    for tensor in tensors {
        if tensor.name == METADATA {
            return Err(io::Error::other(format!("the safetensors format allows no tensor named {METADATA}")));
        }
        let start = end;
        end += tensor.len;
        let place = json!({ "dtype": tensor.dtype.name(), "shape": tensor.shape, "data_offsets": [start, end] });
        add(tensor.name, &place)?;
    }
    text.push(b'}');
    // the tensors start at a multiple of 8
    text.resize(text.len().next_multiple_of(8), b' ');
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(&text)
}
