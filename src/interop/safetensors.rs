//! Reads the header of safetensors files, with the crate `safetensors`.

use std::io;
use std::ops::Range;

use safetensors::tensor::Metadata;

use crate::container::describe_foreign;
use crate::error::{Error, Result};
use crate::source::ReadAt;
use crate::spec::MAX_RANK;
use crate::tensor::{Dtype, byte_len};

/// The crate `safetensors` accepts no longer header.
const MAX_HEADER_BYTES: u64 = 100_000_000;
/// The bytes that tell the length of the header.
const LENGTH_BYTES: u64 = 8;

/// A tensor of a safetensors file, and the place of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsTensor {
    /// The name. It can be any text.
    pub name: String,
    /// The dtype.
    pub dtype: Dtype,
    /// The dimensions, the outermost first.
    pub shape: Vec<u64>,
    /// The place of its bytes in the file. The length agrees with dtype and shape.
    pub range: Range<usize>,
}

/// The header of a safetensors file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsHeader {
    /// The end of the header, in bytes from the start of the file.
    pub data_start: usize,
    /// The tensors in the order of their bytes. There is no gap between them.
    pub tensors: Vec<SafetensorsTensor>,
    /// The metadata as pairs of key and value, sorted by key.
    pub metadata: Vec<(String, String)>,
}

impl SafetensorsHeader {
    /// Reads the header of a safetensors file. `bytes` is the whole file; the tensors must fill it up to its end.
    ///
    /// # Errors
    /// The errors of [`read`](Self::read), except `Io`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes)
    }

    /// Reads the header of a safetensors file. `source` is the whole file, of which only the header is read; the
    /// tensors must fill the file up to its end.
    ///
    /// # Errors
    /// `Truncated` if the file is empty or ends before its last tensor does; `Corrupt` if it breaks a rule of the
    /// format; `Unsupported` if it has a dtype or a rank that a container cannot hold; `Io` if reading fails.
    pub fn read(source: &(impl ReadAt + ?Sized)) -> Result<Self> {
        let len = source.len()?;
        if len == 0 {
            return Err(Error::truncated("the file is empty").at(0));
        }
        let text = match header_text(source, len)? {
            Ok(text) => text,
            Err(problem) => return Err(foreign(source, len)?.unwrap_or(problem)),
        };
        let header = match serde_json::from_slice::<Metadata>(&text) {
            Ok(header) => header,
            Err(error) => {
                return Err(foreign(source, len)?
                    .unwrap_or_else(|| refused(&text, LENGTH_BYTES + text.len() as u64, len, &error)));
            }
        };
        Self::from_metadata(&header, LENGTH_BYTES + text.len() as u64, len)
    }

    /// Returns the header of a file of any kind if it is a safetensors file; `None` if it is none. Of most other files
    /// only the first bytes are read.
    ///
    /// # Errors
    /// As [`read`](Self::read) if the file has the header of a safetensors file, but is not complete or not valid.
    pub fn recognise(source: &(impl ReadAt + ?Sized)) -> Result<Option<Self>> {
        let len = source.len()?;
        let mut start = [0; LENGTH_BYTES as usize + 1];
        if len < start.len() as u64 {
            return Ok(None);
        }
        source.read_exact_at(0, &mut start)?;
        // most files are not read any further
        if start[LENGTH_BYTES as usize] != b'{' {
            return Ok(None);
        }
        let Ok(text) = header_text(source, len)? else { return Ok(None) };
        match serde_json::from_slice::<Metadata>(&text) {
            Ok(header) => Self::from_metadata(&header, LENGTH_BYTES + text.len() as u64, len).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Checks the parsed header of a file of `len` bytes whose header ends at `data_start`.
    fn from_metadata(header: &Metadata, data_start: u64, len: u64) -> Result<Self> {
        let mut tensors = Vec::new();
        for (name, info) in header.tensors() {
            let shape = info.shape.iter().map(|&dimension| dimension as u64).collect();
            let (start, end) = info.data_offsets;
            tensors.push(tensor(name, &format!("{:?}", info.dtype), shape, [start as u64, end as u64], data_start)?);
        }
        check_places(&mut tensors, data_start, len)?;
        let mut metadata: Vec<_> = header.metadata().clone().unwrap_or_default().into_iter().collect();
        metadata.sort();
        Ok(Self { data_start: data_start as usize, tensors, metadata })
    }
}

/// Checks the declaration of a tensor whose bytes begin and end at these offsets after `data_start`.
fn tensor(name: String, dtype: &str, shape: Vec<u64>, offsets: [u64; 2], data_start: u64) -> Result<SafetensorsTensor> {
    let corrupt = |what: String| Err(Error::corrupt(what).in_tensor(&name));
    let Ok(dtype) = dtype.parse::<Dtype>() else {
        return Err(Error::unsupported(format!("the dtype {dtype} is unknown")).in_tensor(&name));
    };
    if shape.len() > MAX_RANK {
        return Err(Error::unsupported(format!("rank {} is above {MAX_RANK}", shape.len())).in_tensor(&name));
    }
    let [start, end] = offsets;
    let place = |offset: u64| data_start.checked_add(offset).and_then(|offset| usize::try_from(offset).ok());
    let (Some(first), Some(last)) = (place(start), place(end).filter(|_| end >= start)) else {
        return corrupt(format!("the bytes from {start} to {end} cannot be the place of a tensor"));
    };
    match byte_len(dtype, &shape) {
        Some(bytes) if bytes == end - start => Ok(SafetensorsTensor { name, dtype, shape, range: first..last }),
        Some(bytes) => corrupt(format!("{dtype} of shape {} takes {bytes} bytes, not {}", Shape(&shape), end - start)),
        None => corrupt(format!("{dtype} of shape {} takes no whole number of bytes below 2^63", Shape(&shape))),
    }
}

/// Sorts the tensors by their places, and checks that they fill a file of `len` bytes from `data_start` on.
fn check_places(tensors: &mut [SafetensorsTensor], data_start: u64, len: u64) -> Result<()> {
    // tensors without elements share an offset, so the order of their names decides
    tensors.sort_by(|a, b| (a.range.start, a.range.end, &a.name).cmp(&(b.range.start, b.range.end, &b.name)));
    let mut end = data_start as usize;
    for tensor in &*tensors {
        if tensor.range.start != end {
            return Err(Error::corrupt("there is a gap between tensors, or they overlap")
                .in_tensor(&tensor.name)
                .at(end as u64));
        }
        end = tensor.range.end;
    }
    let (declared, found) = (end as u64 - data_start, len - data_start);
    if declared > found {
        let what = format!(
            "the header declares {declared} bytes of tensors, and {found} are there: {} are missing",
            declared - found
        );
        return Err(Error::truncated(what).at(len));
    }
    if declared < found {
        return Err(Error::corrupt(format!("{} bytes follow the last tensor", found - declared)).at(end as u64));
    }
    Ok(())
}

/// Reads the text of the header of a file of `len` bytes. Returns the problem if the file cannot have one.
fn header_text(source: &(impl ReadAt + ?Sized), len: u64) -> io::Result<Result<Vec<u8>>> {
    if len < LENGTH_BYTES {
        return Ok(Err(Error::truncated(format!("a safetensors file has at least 8 bytes, this one has {len}")).at(0)));
    }
    let mut length = [0; LENGTH_BYTES as usize];
    source.read_exact_at(0, &mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES {
        let what = format!("the header has {length} bytes, and {MAX_HEADER_BYTES} are the limit of safetensors files");
        return Ok(Err(Error::corrupt(what).at(0)));
    }
    if length > len - LENGTH_BYTES {
        let found = len - LENGTH_BYTES;
        let what = format!("the header has {length} bytes, and {found} are there: {} are missing", length - found);
        return Ok(Err(Error::truncated(what).at(len)));
    }
    let mut text = vec![0; length as usize];
    source.read_exact_at(LENGTH_BYTES, &mut text)?;
    Ok(Ok(text))
}

/// Returns the error for a file of another known format, or for text.
fn foreign(source: &(impl ReadAt + ?Sized), len: u64) -> io::Result<Option<Error>> {
    let mut start = vec![0; len.min(64) as usize];
    source.read_exact_at(0, &mut start)?;
    let format = describe_foreign(&start).filter(|format| !format.contains("safetensors"));
    Ok(format.map(|format| Error::corrupt(format!("not a safetensors file: {format}"))))
}

/// Returns the error for a header that the crate `safetensors` does not accept. Most of its errors name no tensor, so
/// this looks for the tensor at fault.
fn refused(text: &[u8], data_start: u64, len: u64, error: &serde_json::Error) -> Error {
    use serde_json::Value;
    let of_crate = || Error::corrupt(format!("the header is not valid: {error}")).at(LENGTH_BYTES);
    let Ok(Value::Object(header)) = serde_json::from_slice(text) else { return of_crate() };
    let mut tensors = Vec::new();
    for (name, declared) in header.into_iter().filter(|(name, _)| name != "__metadata__") {
        let numbers = |key: &str| declared[key].as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
        let (Some(dtype), Some(shape), Some(offsets)) =
            (declared["dtype"].as_str(), numbers("shape"), numbers("data_offsets"))
        else {
            let what = "it needs a `dtype`, a `shape` and `data_offsets`, and one of them is missing or no number";
            return Error::corrupt(what).in_tensor(&name);
        };
        let Ok(offsets) = <[u64; 2]>::try_from(offsets) else {
            return Error::corrupt("`data_offsets` are not two numbers").in_tensor(&name);
        };
        match tensor(name, dtype, shape, offsets, data_start) {
            Ok(tensor) => tensors.push(tensor),
            Err(error) => return error,
        }
    }
    check_places(&mut tensors, data_start, len).err().unwrap_or_else(of_crate)
}

/// A shape in an error, in brackets. Only the first dimensions of a long shape are shown.
struct Shape<'a>(&'a [u64]);

impl std::fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 8;
        let shown: Vec<String> = self.0.iter().take(SHOWN).map(u64::to_string).collect();
        match self.0.len() {
            0..=SHOWN => write!(f, "[{}]", shown.join(", ")),
            rank => write!(f, "[{}, ...] of {rank} dimensions", shown.join(", ")),
        }
    }
}
