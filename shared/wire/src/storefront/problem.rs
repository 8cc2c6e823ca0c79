//! Errors as RFC 9457 describes them.

use serde::{Deserialize, Serialize};

/// The body of every answer with a status of 400 or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `about:blank`: the `code` says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable; storefronts decide by it.
    pub code: String,
    /// More for people; fixed text in every 5xx.
    pub detail: String,
    /// Finds the request in the logs.
    pub request_id: String,
    /// What is wrong at which place of the request.
    pub errors: Vec<ProblemError>,
}

/// Something wrong at one place of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemError {
    /// JSON pointer to the place.
    pub pointer: String,
    /// Stable.
    pub code: String,
    /// For people.
    pub message: String,
}
