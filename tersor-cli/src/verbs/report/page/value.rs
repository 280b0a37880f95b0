//! Members of JSON objects that may be missing, null, or of another kind.

use serde_json::Value;

/// A finite number.
pub fn number(object: &Value, key: &str) -> Option<f64> {
    object.get(key)?.as_f64().filter(|number| number.is_finite())
}

/// A number of things.
pub fn count(object: &Value, key: &str) -> Option<u64> {
    object.get(key)?.as_u64()
}

/// A text.
pub fn text<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str()
}

/// Whether it is `true`.
pub fn is_true(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// Items of a list; none if it is not one.
pub fn list<'v>(object: &'v Value, key: &str) -> &'v [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Items of a list, each a finite number or nothing.
pub fn numbers(object: &Value, key: &str) -> Vec<Option<f64>> {
    list(object, key).iter().map(|item| item.as_f64().filter(|number| number.is_finite())).collect()
}

/// Members of an object that are whole numbers, in the order of the file.
pub fn counts<'v>(object: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, u64)> {
    let members = object.get(key).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.as_str(), value.as_u64()?)))
}

/// `part` of `whole`, for each unit of it; none if that is nothing.
pub fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    Some(part / whole).filter(|ratio| whole > 0.0 && ratio.is_finite())
}
