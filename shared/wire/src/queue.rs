//! The bodies of queue messages.

use serde::{Deserialize, Serialize};

/// Wakes the submit worker. Holds the id and nothing else: whoever reads it reads the submission as
/// it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmitMessage {
    /// The submission.
    pub submission_id: String,
}

/// A load, or a chunk of one, that its function is to take up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadMessage {
    /// The load.
    pub load_id: String,
    /// The key of its file.
    pub key: String,
    /// The chunk; none for the load as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<u32>,
}
