//! The result of verifying a container as text and as JSON.

use std::path::Path;

use serde_json::{Value, json};
use tersor::{Escaped, FileInfo};

use super::check::Checked;
use super::compare::ByteDifference;
use super::lossy::Measured;
use crate::screen::failure::{Failure, shown};
use crate::screen::lines::{folded, listed};
use crate::screen::words::{exact, hex};

/// Returns the result for the container `file` of `len` bytes, checked `against` the originals, as an object.
pub fn to_json(
    file: &Path,
    against: Option<&Path>,
    len: u64,
    checked: Result<&Checked, &Failure>,
    measured: Option<&Measured>,
) -> Value {
    let is_as_stated = measured.is_some_and(Measured::is_as_stated);
    let error = match checked {
        Ok(found) if found.differences.is_empty() || is_as_stated => None,
        Ok(_) => Some("it differs from the originals".to_owned()),
        Err(failure) => Some(failure.message()),
    };
    let mut object = json!({
        "file": file.to_string_lossy(),
        "bytes": len,
        "ok": error.is_none(),
        "error": error,
    });
    if let Ok(found) = checked {
        let digest = |file: &FileInfo| file.digest.map(|digest| hex(&digest));
        let files = found.files.iter();
        let files = files.map(|file| json!({ "path": file.path, "bytes": file.len, "blake3": digest(file) }));
        object["files"] = files.collect();
        object["tensors"] = found.tensors.into();
        object["weights"] = found.weights.into();
        object["raw_bytes"] = found.raw_bytes.into();
        object["ledger_sum"] = found.ledger_sum.into();
        object["lossy_tensors"] = found.lossy.len().into();
        if let Some(against) = against {
            object["against"] = json!({
                "path": against.to_string_lossy(),
                "same": found.differences.is_empty(),
                "differences": found.differences.iter().map(ByteDifference::to_json).collect::<Vec<_>>(),
            });
            object["against"]["lossy"] = measured.map_or(Value::Null, Measured::to_json);
        }
    }
    object
}

/// Returns the result for the container `file` of `len` bytes, checked `against` the originals, as text.
pub fn to_text(file: &Path, against: Option<&Path>, len: u64, found: &Checked, is_as_stated: bool) -> String {
    let count = |number: u64, unit: &str| match number {
        1 => format!("1 {unit}"),
        number => format!("{} {unit}s", exact(number)),
    };
    let items = [
        format!("valid: {}", count(found.tensors, "tensor")),
        count(found.files.len() as u64, "file"),
        format!("{} bytes; all checksums, digests and the index match", exact(len)),
    ];
    let mut text = listed(shown(file), &items) + "\n";
    if !found.lossy.is_empty() {
        let line = format!("LOSSY: {}, as the file says", count(found.lossy.len() as u64, "tensor"));
        text += &(line + "\n");
    }
    for file in &found.files {
        let digest = file.digest.map_or_else(String::new, |digest| hex(&digest));
        text += &folded([Escaped(&file.path).to_string(), format!("({} bytes)", exact(file.len))], [2, 4]);
        text += &format!("\n    BLAKE3 {digest}\n");
    }
    if let Some(against) = against {
        let against = shown(against);
        match &found.differences[..] {
            [] => text += &(folded(["the same bytes as", &against], [2, 4]) + "\n"),
            _ if is_as_stated => {
                let items = ["the same as", &against, "but for the lossy tensors, whose errors are as the file says:"];
                text += &(folded(items.join(" ").split(' '), [2, 4]) + "\n");
            }
            differences => {
                text += &(folded(["NOT the same as", &format!("{against}:")], [2, 4]) + "\n");
                for difference in differences {
                    text += &(folded(difference.to_string().split(' '), [4, 6]) + "\n");
                }
            }
        }
    }
    text
}
