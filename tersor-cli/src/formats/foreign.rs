//! Recognises files of other formats, for helpful error messages.

use std::path::Path;

use tersor::Escaped;

use crate::screen::failure::{Failure, Outcome};

const TERSOR_MAGIC: &[u8] = b"\x89TSR\r\n\x1a\n";
const DOWNLOAD: &str = "download the file itself";
const UNPACK: &str = "unpack it first";

/// The advice to convert a file in Python: one call reads it, the other writes the safetensors file.
macro_rules! convert {
    ($read:literal, $write:literal) => {
        concat!(
            "convert it to safetensors first, in Python with `",
            $read,
            "` and `safetensors.",
            $write,
            ".save_file`"
        )
    };
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// A Tersor file.
    Tersor,
    /// A safetensors file.
    Safetensors,
    /// Another known format: its description, and advice.
    Other(&'static str, &'static str),
    /// JSON.
    Json,
    /// Text of an unknown kind.
    Text,
    /// An unknown format.
    Unknown,
}

/// Recognises the format of a file by its first bytes, or by its name if the format has no magic number.
pub fn recognise(path: &Path, bytes: &[u8]) -> FileFormat {
    let other = FileFormat::Other;
    let packed = |format| FileFormat::Other(format, UNPACK);
    let onnx = other("an ONNX model", convert!("onnx.numpy_helper.to_array", "numpy"));
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match bytes {
        _ if bytes.starts_with(TERSOR_MAGIC) => FileFormat::Tersor,
        // tested first: the length of a header can look like the short magic number of another format
        [_, _, _, _, _, _, _, 0, b'{', ..] => FileFormat::Safetensors,
        [b'P', b'K', 3, 4, ..] => archive(bytes),
        [0x80, 2..=5, ..] => {
            other("a pickle, such as an old PyTorch checkpoint (.pt)", convert!("torch.load", "torch"))
        }
        [b'G', b'G', b'U', b'F', ..] => other("a GGUF model", "take the model's safetensors file instead"),
        [0x89, b'H', b'D', b'F', ..] => {
            other("an HDF5 file, such as a Keras model (.h5)", convert!("h5py.File", "numpy"))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => other("a NumPy array (.npy)", convert!("numpy.load", "numpy")),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => {
            other("a TensorFlow Lite model", convert!("tf.lite.Interpreter.get_tensor", "numpy"))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("a zstd file"),
        [0x1f, 0x8b, ..] => packed("a gzip file"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => packed("an xz file"),
        [0x08, 1, 0x12, ..] => other("a TensorFlow model", convert!("tf.saved_model.load", "tensorflow")),
        // ONNX is a protobuf message without a magic number. It starts with its version, and then has the producer, its
        // version, the domain, the version of the model, a text, the graph or the versions of the operators.
        [0x08, 2..=31, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] => onnx,
        _ if ending == "onnx" => onnx,
        _ if bytes.starts_with(b"version https://git-lfs") => {
            FileFormat::Other("a Git LFS pointer, not the file itself", "run `git lfs pull` to get it")
        }
        _ if bytes.starts_with(b"<!DOCTYPE") || bytes.starts_with(b"<!doctype") || bytes.starts_with(b"<html") => {
            FileFormat::Other("a web page", DOWNLOAD)
        }
        _ => match beginning_of_text(bytes) {
            Some(line) if line.starts_with(['{', '[']) => FileFormat::Json,
            Some(_) => FileFormat::Text,
            None => FileFormat::Unknown,
        },
    }
}

/// Recognises what is in a zip archive by the name of its first file.
fn archive(bytes: &[u8]) -> FileFormat {
    const NAME: usize = 30;
    let len = bytes.get(26..28).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
    let name = std::str::from_utf8(bytes.get(NAME..NAME + len).unwrap_or_default()).unwrap_or_default();
    // the name of the archive comes first
    let in_checkpoint = name.split_once('/').is_some_and(|(_, rest)| {
        rest.starts_with('.')
            || rest.starts_with("code/")
            || ["data.pkl", "constants.pkl", "version", "byteorder"].contains(&rest)
    });
    match name {
        _ if in_checkpoint => FileFormat::Other("a PyTorch checkpoint (.pt)", convert!("torch.load", "torch")),
        _ if name.ends_with(".npy") => FileFormat::Other("NumPy arrays (.npz)", convert!("numpy.load", "numpy")),
        "metadata.json" | "config.json" | "model.weights.h5" => {
            FileFormat::Other("a Keras model (.keras)", convert!("keras.saving.load_model", "numpy"))
        }
        _ => FileFormat::Other("a zip archive", UNPACK),
    }
}

/// Returns a description of a file that is of a known format, but neither a safetensors file nor a Tersor file nor text.
pub fn describe(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    match recognise(path, bytes) {
        FileFormat::Other(format, _) => Some(format),
        _ => None,
    }
}

/// Returns the first line of a text; `None` if `bytes`, the first ones of a file, are not text.
fn beginning_of_text(bytes: &[u8]) -> Option<String> {
    const SHOWN: usize = 40;
    // the last character may be cut
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() + 4 > bytes.len() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.is_empty() || text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}')) {
        return None;
    }
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Some(line.chars().take(SHOWN).collect())
}

/// Refuses a file of another known format; `bytes` are at least its first ones. The library does all further checks.
pub fn expect_tersor(path: &Path, bytes: &[u8]) -> Outcome {
    let (format, advice) = match recognise(path, bytes) {
        FileFormat::Safetensors => ("a safetensors file", "encode it first, with `tersor encode`"),
        FileFormat::Other(format, advice) => (format, advice),
        FileFormat::Json => return Err(text_failure(path, bytes, "JSON", "give the Tersor file itself")),
        FileFormat::Text => return Err(text_failure(path, bytes, "text", DOWNLOAD)),
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
        FileFormat::Json => {
            let advice = "give the safetensors file, or the folder with the model";
            return Err(text_failure(path, bytes, "JSON", advice));
        }
        FileFormat::Text => return Err(text_failure(path, bytes, "text", DOWNLOAD)),
        FileFormat::Safetensors | FileFormat::Unknown => return Ok(()),
    };
    Err(Failure::bad_data(path, format!("not a safetensors file, this looks like {format}"), advice))
}

/// Returns the failure for a text of a kind.
fn text_failure(path: &Path, bytes: &[u8], kind: &str, advice: &str) -> Failure {
    let problem = match beginning_of_text(bytes).unwrap_or_default() {
        line if line.is_empty() => format!("this is {kind}, not a model; it has only blank lines"),
        line => format!("this is {kind}, not a model; it begins with \"{}\"", Escaped(&line)),
    };
    Failure::bad_data(path, problem, advice)
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
        assert_eq!(format(b"whatever"), FileFormat::Text);
        assert_eq!(format(b"\xef\xbb\xbf{\"error\": \"\xc3"), FileFormat::Json);
        assert!(matches!(format(b"\x08\x08:\x10"), FileFormat::Other("an ONNX model", _)));
        assert!(matches!(format(b"\x08\x01\x12\xff"), FileFormat::Other("a TensorFlow model", _)));
        assert_eq!(format(b"\n\n<?xml"), FileFormat::Text);
        assert_eq!(format(b"\0\x01"), FileFormat::Unknown);
        assert_eq!(format(b""), FileFormat::Unknown);
        assert!(matches!(recognise(Path::new("m.ONNX"), b"x"), FileFormat::Other("an ONNX model", _)));
    }
}
