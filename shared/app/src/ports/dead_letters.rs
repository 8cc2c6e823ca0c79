//! Dead-letter queues.

use async_trait::async_trait;
use domain::ids::{LoadId, SubmissionId};
use domain::time::Timestamp;

use super::StoreError;

/// The queues that have dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Wakes the submit worker.
    Submissions,
    /// Wakes the function that loads the catalog.
    CatalogLoads,
    /// Wakes the function that loads members.
    MemberLoads,
}

impl Queue {
    /// All queues.
    pub const ALL: [Self; 3] = [Self::Submissions, Self::CatalogLoads, Self::MemberLoads];

    /// The name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submissions => "submissions",
            Self::CatalogLoads => "catalog-loads",
            Self::MemberLoads => "member-loads",
        }
    }
}

/// The subject of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A submission.
    Submission(SubmissionId),
    /// A load.
    Load(LoadId),
    /// Unknown: the body is not a message of this queue.
    Unreadable,
}

/// A message of a dead-letter queue, hidden from other callers for half a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The queue that it came from.
    pub queue: Queue,
    /// The id that the queue gave it.
    pub message_id: String,
    /// The submission or load that it names.
    pub subject: Subject,
    /// The time at which it was sent.
    pub sent_at: Option<Timestamp>,
    /// The unparsed body.
    pub body: String,
    /// Identifies the message to the adapter; opaque to callers.
    pub handle: String,
}

/// Reads and moves dead letters.
#[async_trait]
pub trait DeadLetterQueues: Send + Sync {
    /// Receives at most `limit` dead letters and hides them from other callers for half a minute.
    async fn take(&self, queue: Queue, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;

    /// Leaves dead letters in their queue and makes them visible to other callers at once.
    async fn leave(&self, letters: &[DeadLetter]) -> Result<(), StoreError>;

    /// Sends the message to its queue again, then deletes the dead letter. After an error it may be
    /// in both queues, which is harmless: a message that is delivered twice has no further effect.
    async fn redrive(&self, letter: &DeadLetter) -> Result<(), StoreError>;

    /// Deletes the dead letter.
    async fn discard(&self, letter: &DeadLetter) -> Result<(), StoreError>;
}
