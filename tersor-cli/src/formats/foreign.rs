//! Recognises files of other formats, for helpful error messages.

use std::path::Path;

use crate::screen::failure::{Failure, Outcome};

const TERSOR_MAGIC: &[u8] = b"\x89TSR\r\n\x1a\n";
const TO_SAFETENSORS: &str = "convert it to safetensors first, in Python with `safetensors.torch.save_file`";

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// A Tersor file.
    Tersor,
    /// A safetensors file.
    Safetensors,
    /// Another known format: its description, and advice.
    Other(&'static str, &'static str),
    /// An unknown format.
    Unknown,
}

/// Recognises the format of a file by its first bytes, or by its name if the format has no magic number.
pub fn recognise(path: &Path, bytes: &[u8]) -> FileFormat {
    let other = |format| FileFormat::Other(format, TO_SAFETENSORS);
    let packed = |format| FileFormat::Other(format, "unpack it first");
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match bytes {
        _ if bytes.starts_with(TERSOR_MAGIC) => FileFormat::Tersor,
        // tested first: the length of a header can look like the short magic number of another format
        [_, _, _, _, _, _, _, 0, b'{', ..] => FileFormat::Safetensors,
        [b'P', b'K', 3, 4, ..] => other("a zip archive, such as a PyTorch checkpoint (.pt)"),
        [0x80, 2..=5, ..] => other("a pickle, such as an old PyTorch checkpoint (.pt)"),
        [b'G', b'G', b'U', b'F', ..] => FileFormat::Other("a GGUF model", "take the model's safetensors file instead"),
        [0x89, b'H', b'D', b'F', ..] => other("an HDF5 file, such as a Keras model (.h5)"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => other("a NumPy array (.npy)"),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => other("a TensorFlow Lite model"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("a zstd file"),
        [0x1f, 0x8b, ..] => packed("a gzip file"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => packed("an xz file"),
        // ONNX is a protobuf message without a magic number; it starts with the version and the producer of the model
        [0x08, 1..=31, 0x12, ..] => other("an ONNX model"),
        _ if ending == "onnx" => other("an ONNX model"),
        _ if bytes.starts_with(b"version https://git-lfs") => {
            FileFormat::Other("a Git LFS pointer, not the file itself", "run `git lfs pull` to get it")
        }
        _ if bytes.starts_with(b"<!DOCTYPE") || bytes.starts_with(b"<!doctype") || bytes.starts_with(b"<html") => {
            FileFormat::Other("a web page", "download the file itself")
        }
        _ => FileFormat::Unknown,
    }
}

/// Refuses a file of another known format; `bytes` are at least its first ones. The library does all further checks.
pub fn expect_tersor(path: &Path, bytes: &[u8]) -> Outcome {
    let (format, advice) = match recognise(path, bytes) {
        FileFormat::Safetensors => ("a safetensors file", "encode it first, with `tersor encode`"),
        FileFormat::Other(format, advice) => (format, advice),
        FileFormat::Tersor | FileFormat::Unknown => return Ok(()),
    };
    Err(Failure::bad_data(path, format!("not a Tersor file, this looks like {format}"), advice))
}

/// Refuses an empty file and a file of another known format than safetensors. The library does all further checks.
pub fn expect_safetensors(path: &Path, bytes: &[u8]) -> Outcome {
    let (format, advice) = match recognise(path, bytes) {
        FileFormat::Tersor => {
            ("a Tersor file, which is encoded already", "read it with `tersor decode` or `tersor inspect`")
        }
        FileFormat::Other(format, advice) => (format, advice),
        FileFormat::Unknown if bytes.is_empty() => {
            return Err(Failure::bad_data(path, "the file is empty", "copy or download it again"));
        }
        FileFormat::Safetensors | FileFormat::Unknown => return Ok(()),
    };
    Err(Failure::bad_data(path, format!("not a safetensors file, this looks like {format}"), advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        let format = |bytes: &[u8]| recognise(Path::new("model.bin"), bytes);
        assert_eq!(format(b"\x89TSR\r\n\x1a\n\0\x01"), FileFormat::Tersor);
        assert_eq!(format(b"\x60\x02\0\0\0\0\0\0{\"a"), FileFormat::Safetensors);
        assert_eq!(format(b"\x80\x04\0\0\0\0\0\0{\"a"), FileFormat::Safetensors);
        assert!(matches!(format(b"\x80\x04\x95\0\0\0\0\0\0\0{"), FileFormat::Other(..)));
        assert!(matches!(format(b"\x08\x07\x12\x07pytorch"), FileFormat::Other("an ONNX model", _)));
        assert!(matches!(format(b"\x89HDF\r\n\x1a\n"), FileFormat::Other(..)));
        assert_eq!(format(b"whatever"), FileFormat::Unknown);
        assert_eq!(format(b""), FileFormat::Unknown);
        assert!(matches!(recognise(Path::new("m.ONNX"), b"x"), FileFormat::Other("an ONNX model", _)));
    }
}
