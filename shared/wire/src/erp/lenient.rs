//! Reading what real ERPs send: a value that cannot be read is absent, and its neighbours stay.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Reads a value; `None` if it is null or of another shape.
pub(super) fn option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(readable(&Box::<RawValue>::deserialize(deserializer)?))
}

/// Reads a value, or its default when it is null or of another shape.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(option(deserializer)?.unwrap_or_default())
}

/// Reads a list without the elements that cannot be read; empty if it is not a list.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(optional_list(deserializer)?.unwrap_or_default())
}

/// Reads a list without the elements that cannot be read; `None` if it is not a list, which is not
/// an empty one.
pub(super) fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values: Option<Vec<Box<RawValue>>> = option(deserializer)?;
    Ok(values.map(|values| values.iter().filter_map(|value| readable(value)).collect()))
}

/// Reads a text, or a number as text: document numbers are numbers in many ERPs.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(match raw.get().as_bytes().first() {
        Some(b'"') => readable(&raw).filter(|text: &String| !text.is_empty()),
        Some(first) if *first == b'-' || first.is_ascii_digit() => Some(raw.get().to_owned()),
        _ => None,
    })
}

/// A value as it was written, down to the last digit; `None` if it is null or of another shape.
fn readable<T: DeserializeOwned>(raw: &RawValue) -> Option<T> {
    if raw.get() == "null" {
        None
    } else {
        serde_json::from_str(raw.get()).ok()
    }
}
