//! Messages that were given up.

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
    /// All of them.
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

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A submission.
    Submission(SubmissionId),
    /// A load.
    Load(LoadId),
    /// Nobody knows: the body is not what is sent to this queue.
    Unreadable,
}

/// A message that was given up, in the caller's hands for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from.
    pub queue: Queue,
    /// The queue's id of it.
    pub message_id: String,
    /// What it is about.
    pub subject: Subject,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The body, as it came.
    pub body: String,
    /// What the adapter needs to move it. Of no meaning to anybody else.
    pub handle: String,
}

/// Reads and moves messages that were given up.
#[async_trait]
pub trait DeadLetterQueues: Send + Sync {
    /// Takes at most `limit` of them into the caller's hands: for half a minute nobody else is
    /// given them.
    async fn take(&self, queue: Queue, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;

    /// Lets go of them unmoved, so that others are given them at once.
    async fn leave(&self, letters: &[DeadLetter]) -> Result<(), StoreError>;

    /// Sends the message to its queue again, and then takes it out of the dead letters. After an
    /// error it may be in both: a message that comes twice changes nothing.
    async fn redrive(&self, letter: &DeadLetter) -> Result<(), StoreError>;

    /// Takes it out of the dead letters for good.
    async fn discard(&self, letter: &DeadLetter) -> Result<(), StoreError>;
}
