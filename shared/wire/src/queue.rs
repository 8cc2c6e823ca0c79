//! The bodies of queue messages.

use serde::{Deserialize, Serialize};

/// Wakes the submit worker. Holds the id and nothing else: whoever reads it reads the submission as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmitMessage {
    /// The submission.
    pub submission_id: String,
}
