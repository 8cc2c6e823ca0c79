//! The error envelope, which may come with any status, 200 included.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient;

/// Whether the ERP did anything before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Processed {
    /// Certainly nothing: sending again is safe.
    No,
    /// It cannot tell; an unknown word counts as this.
    #[serde(other)]
    Maybe,
}

/// What went wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    /// The stable code that decides; see [`super::codes`]. Absent when the ERP sent only a
    /// sentence.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
    /// Text for operators alone: it may hold customer names, so it is neither shown to shoppers nor
    /// logged.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
    /// What the code is about, such as a SKU or an amount.
    #[serde(
        default,
        deserialize_with = "lenient::or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub parameters: Vec<Value>,
    /// Present when the ERP failed rather than refused.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub processed: Option<Processed>,
}

/// `{"error":{…}}`, alone or next to other fields. Any answer is first read as this.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// Present means that the call failed, whatever the status says. A shape that cannot be read is
    /// still an error.
    #[serde(
        default,
        deserialize_with = "any_error",
        skip_serializing_if = "Option::is_none"
    )]
    pub error: Option<ErrorDetail>,
}

/// Null is not an error; everything else is one, even a bare text or `true`.
fn any_error<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ErrorDetail>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(reason) => Some(ErrorDetail {
            reason: Some(reason),
            ..ErrorDetail::default()
        }),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some(serde_json::from_value(other).unwrap_or_default())
        }
    })
}
