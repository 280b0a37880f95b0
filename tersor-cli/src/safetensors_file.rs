//! Writes safetensors files, tensor by tensor.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tersor::Dtype;

/// A tensor to come.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its dtype.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: &'a [u64],
    /// Its bytes.
    pub len: u64,
}

/// Writes length and header; the bytes of the tensors follow in the order given. Metadata keep their order, so that the same
/// container gives the same file. Names must differ.
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
            return Err(io::Error::other(format!("safetensors knows no tensor named {METADATA}")));
        }
        let start = end;
        end += tensor.len;
        let place = json!({ "dtype": tensor.dtype.name(), "shape": tensor.shape, "data_offsets": [start, end] });
        add(tensor.name, &place)?;
    }
    text.push(b'}');
    // data begin at a multiple of 8
    text.resize(text.len().next_multiple_of(8), b' ');
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(&text)
}
