//! The bodies of queue messages.

use serde::{Deserialize, Serialize};

/// Wakes the submit worker. Holds only the id, so that the worker reads the submission as it is
/// then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmitMessage {
    /// The submission.
    pub submission_id: String,
}

/// A load, or one chunk of it, to be processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadMessage {
    /// The load.
    pub load_id: String,
    /// The key of its file.
    pub key: String,
    /// The chunk; `None` for the load as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<u32>,
}
