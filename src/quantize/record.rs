//! The record of lossy tensors in the metadata of a container.

use serde_json::{Map, Value, json};

use super::report::QuantizedTensor;
use crate::error::{Error, Result};

/// What a file says about its lossy tensors. It is the value of the key [`KEY`](Self::KEY) in the metadata of the
/// container, as JSON. A recreated safetensors file does not have it: its header stays as it was.
///
/// ```
/// # fn main() -> tersor::Result<()> {
/// let text = r#"{"quantizer":"scalar","tensors":{"w":{"action":"scalar","nmse":0.001,"largest":0.02}}}"#;
/// let record = tersor::LossyRecord::parse(text)?;
/// assert_eq!((record.tensors[0].name.as_str(), record.tensors[0].nmse), ("w", 0.001));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LossyRecord {
    /// The name of the quantiser, such as `scalar`.
    pub quantizer: String,
    /// The lossy tensors, in the order of the file.
    pub tensors: Vec<LossyTensor>,
}

/// What a file says about a lossy tensor.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LossyTensor {
    /// The name.
    pub name: String,
    /// What was done, such as `scalar` or `prune 0.5, codebook 16`.
    pub action: String,
    /// The normalised mean squared error, to five digits.
    pub nmse: f64,
    /// The largest error, to five digits.
    pub largest_error: f64,
}

impl LossyRecord {
    /// The key of the record in the metadata of a container.
    pub const KEY: &'static str = "tersor.lossy";

    /// Reads a record from its JSON text.
    ///
    /// # Errors
    /// `Corrupt` if the text is not a record.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::corrupt(format!("the metadata {} is not a record of lossy tensors", Self::KEY));
        let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let word = |value: &Value, key: &str| value[key].as_str().map(str::to_owned).ok_or_else(wrong);
        let number = |value: &Value, key: &str| value[key].as_f64().ok_or_else(wrong);
        let tensors = value["tensors"].as_object().ok_or_else(wrong)?;
        let tensor = |(name, value): (&String, &Value)| {
            Ok(LossyTensor {
                name: name.clone(),
                action: word(value, "action")?,
                nmse: number(value, "nmse")?,
                largest_error: number(value, "largest")?,
            })
        };
        Ok(Self { quantizer: word(&value, "quantizer")?, tensors: tensors.iter().map(tensor).collect::<Result<_>>()? })
    }

    /// Returns the JSON text of the record of these tensors; `None` if none is lossy.
    pub(crate) fn text(quantizer: &str, tensors: &[QuantizedTensor]) -> Option<String> {
        let mut lossy = Map::new();
        for tensor in tensors.iter().filter(|tensor| tensor.is_lossy()) {
            let entry = json!({
                "action": tensor.action,
                "nmse": five_digits(tensor.nmse()),
                "largest": five_digits(tensor.largest_error),
            });
            lossy.insert(tensor.name.clone(), entry);
        }
        (!lossy.is_empty()).then(|| json!({ "quantizer": quantizer, "tensors": lossy }).to_string())
    }
}

/// Returns the number with five significant digits, rounded up, so that a stated error is never too small.
fn five_digits(number: f64) -> f64 {
    let near: f64 = format!("{number:.4e}").parse().unwrap_or(number);
    match near < number {
        true => format!("{:.4e}", number * (1.0 + 1e-4)).parse().unwrap_or(number),
        false => near,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_errors_are_not_too_small() {
        for number in [0.0, 1.0, 0.123_456_7, 1.234_51e-9, 9.999_99e-4] {
            let stated = five_digits(number);
            assert!(stated >= number && stated <= number * 1.0002, "{number} {stated}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "{}", "[1]", r#"{"quantizer":"scalar","tensors":{"a":{}}}"#] {
            assert!(LossyRecord::parse(text).is_err(), "{text}");
        }
    }
}
