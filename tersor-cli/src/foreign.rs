//! Files that are not what a verb needs: says what they are and what to do.

use std::path::Path;

use crate::failure::Failure;

const TERSOR_MAGIC: &[u8] = b"\x89TSR\r\n\x1a\n";
const TO_SAFETENSORS: &str =
    "convert it to safetensors first, in Python by `safetensors.torch.save_file`, then `tersor encode`";

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Tersor,
    /// What we encode.
    Safetensors,
    /// Another known format: what it is, and what to do.
    Other(&'static str, &'static str),
    /// Any other.
    Unknown,
}

/// What a file is by its first bytes; by its name only where the format has no mark.
pub fn kind(path: &Path, bytes: &[u8]) -> Kind {
    let other = |what| Kind::Other(what, TO_SAFETENSORS);
    let packed = |what| Kind::Other(what, "unpack it first");
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match bytes {
        _ if bytes.starts_with(TERSOR_MAGIC) => Kind::Tersor,
        // before formats whose few first bytes may be the length of a header
        [_, _, _, _, _, _, _, 0, b'{', ..] => Kind::Safetensors,
        [b'P', b'K', 3, 4, ..] => other("a zip archive, such as a PyTorch checkpoint (.pt)"),
        [0x80, 2..=5, ..] => other("a pickle, such as an old PyTorch checkpoint (.pt)"),
        [b'G', b'G', b'U', b'F', ..] => Kind::Other("a GGUF model", "take the model's safetensors file instead"),
        [0x89, b'H', b'D', b'F', ..] => other("an HDF5 file, such as a Keras model (.h5)"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => other("a NumPy array (.npy)"),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => other("a TensorFlow Lite model"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("a zstd file"),
        [0x1f, 0x8b, ..] => packed("a gzip file"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => packed("an xz file"),
        // a model's version, then its producer: ONNX is a protobuf message without a mark
        [0x08, 1..=31, 0x12, ..] => other("an ONNX model"),
        _ if ending == "onnx" => other("an ONNX model"),
        _ if bytes.starts_with(b"version https://git-lfs") => {
            Kind::Other("a Git LFS pointer, not the file itself", "run `git lfs pull` to get it")
        }
        _ if bytes.starts_with(b"<!DOCTYPE") || bytes.starts_with(b"<!doctype") || bytes.starts_with(b"<html") => {
            Kind::Other("a web page", "download the file itself")
        }
        _ => Kind::Unknown,
    }
}

/// Whether `bytes`, at least the first of a file, may be a Tersor file; what the library will find is left to it.
pub fn expect_tersor(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (what, advice) = match kind(path, bytes) {
        Kind::Safetensors => ("a safetensors file", "encode it first, with `tersor encode`"),
        Kind::Other(what, advice) => (what, advice),
        Kind::Tersor | Kind::Unknown => return Ok(()),
    };
    Err(Failure::bad_data(path, format!("not a Tersor file, this looks like {what}"), advice))
}

/// Whether `bytes` may be a safetensors file; what the library will find is left to it.
pub fn expect_safetensors(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (what, advice) = match kind(path, bytes) {
        Kind::Tersor => ("a Tersor file, encoded already", "`tersor decode` or `tersor inspect` reads it"),
        Kind::Other(what, advice) => (what, advice),
        Kind::Unknown if bytes.is_empty() => {
            return Err(Failure::bad_data(path, "the file is empty", "copy or download it again"));
        }
        Kind::Safetensors | Kind::Unknown => return Ok(()),
    };
    Err(Failure::bad_data(path, format!("not a safetensors file, this looks like {what}"), advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        let kind = |bytes: &[u8]| kind(Path::new("model.bin"), bytes);
        assert_eq!(kind(b"\x89TSR\r\n\x1a\n\0\x01"), Kind::Tersor);
        assert_eq!(kind(b"\x60\x02\0\0\0\0\0\0{\"a"), Kind::Safetensors);
        assert_eq!(kind(b"\x80\x04\0\0\0\0\0\0{\"a"), Kind::Safetensors);
        assert!(matches!(kind(b"\x80\x04\x95\0\0\0\0\0\0\0{"), Kind::Other(..)));
        assert!(matches!(kind(b"\x08\x07\x12\x07pytorch"), Kind::Other("an ONNX model", _)));
        assert!(matches!(kind(b"\x89HDF\r\n\x1a\n"), Kind::Other(..)));
        assert_eq!(kind(b"whatever"), Kind::Unknown);
        assert_eq!(kind(b""), Kind::Unknown);
        assert!(matches!(super::kind(Path::new("m.ONNX"), b"x"), Kind::Other("an ONNX model", _)));
    }
}
