//! Reads members of JSON objects that may be missing, null, or of another type.

use serde_json::Value;

/// Returns a finite number.
pub fn number(object: &Value, key: &str) -> Option<f64> {
    object.get(key)?.as_f64().filter(|number| number.is_finite())
}

/// Returns an unsigned integer.
pub fn count(object: &Value, key: &str) -> Option<u64> {
    object.get(key)?.as_u64()
}

/// Returns a text.
pub fn text<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str()
}

/// Returns whether a member is `true`.
pub fn is_true(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Returns the items of a list; none if the member is not a list.
pub fn list<'v>(object: &'v Value, key: &str) -> &'v [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the items of a list as finite numbers; `None` for any other item.
pub fn numbers(object: &Value, key: &str) -> Vec<Option<f64>> {
    list(object, key).iter().map(|item| item.as_f64().filter(|number| number.is_finite())).collect()
}

/// Iterates over the members of an object that are unsigned integers, in the order of the file.
pub fn counts<'v>(object: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, u64)> {
    let members = object.get(key).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.as_str(), value.as_u64()?)))
}

/// Returns `part / whole`; `None` if `whole` is not positive.
pub fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    Some(part / whole).filter(|ratio| whole > 0.0 && ratio.is_finite())
}
