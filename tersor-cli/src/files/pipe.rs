//! Inputs that are no regular files: standard input and pipes.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use safetensors::tensor::Metadata;

use super::source::START_BYTES;
use crate::formats::foreign;
use crate::screen::failure::{Failure, Outcome};

/// The bytes of a safetensors file that tell the length of its header.
const LENGTH_BYTES: usize = 8;
/// The longest header that is received. The library refuses longer ones.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Returns whether a path is standard input, or exists and is neither a regular file nor a folder.
pub fn is_pipe(path: &Path) -> bool {
    path == Path::new("-") || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Opens standard input, unless it is a terminal, or another pipe; `expected` names what it should bring.
pub fn open_pipe(path: &Path, expected: &str) -> Outcome<Box<dyn Read>> {
    if path != Path::new("-") {
        return Ok(Box::new(File::open(path).map_err(|error| Failure::reading(path, &error))?));
    }
    if io::stdin().is_terminal() {
        let advice = format!("send {expected} through a pipe, or name one");
        return Err(Failure::wrong_use(path, "refusing to read from a terminal", &advice));
    }
    Ok(Box::new(io::stdin().lock()))
}

/// Receives a safetensors file from a pipe in a temporary file without a name. No more is read than the header
/// declares, and one byte to see whether more follows; after a wrong header nothing is read.
pub fn receive(path: &Path) -> Outcome<File> {
    let reading = |error: io::Error| Failure::reading(path, &error);
    let mut pipe = open_pipe(path, "a safetensors file")?;
    let mut head = Vec::new();
    pipe.by_ref().take(START_BYTES).read_to_end(&mut head).map_err(reading)?;
    foreign::expect_safetensors(path, &head)?;
    if let Some(length) = head.first_chunk().map(|length| u64::from_le_bytes(*length))
        && length <= MAX_HEADER_BYTES
    {
        let missing = (length + LENGTH_BYTES as u64).saturating_sub(head.len() as u64);
        pipe.by_ref().take(missing).read_to_end(&mut head).map_err(reading)?;
    }
    let place = std::env::temp_dir();
    let mut file = tempfile::tempfile().map_err(|error| Failure::creating(&place, &error))?;
    file.write_all(&head).map_err(|error| Failure::writing(&place, &error))?;
    let mut rest = pipe.take(bytes_after(&head).map_or(0, |rest| rest.saturating_add(1)));
    let mut buffer = vec![0; 1 << 20];
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(count) => file.write_all(&buffer[..count]).map_err(|error| Failure::writing(&place, &error))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(reading(error)),
        }
    }
}

/// Returns the bytes that a safetensors file has after `head`, its first ones, which include its header; `None` if the
/// header is wrong or not complete.
fn bytes_after(head: &[u8]) -> Option<u64> {
    let (length, rest) = head.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let metadata: Metadata = serde_json::from_slice(rest.get(..length)?).ok()?;
    let whole = (LENGTH_BYTES as u64).checked_add(length as u64)?.checked_add(metadata.data_len() as u64)?;
    Some(whole.saturating_sub(head.len() as u64))
}
