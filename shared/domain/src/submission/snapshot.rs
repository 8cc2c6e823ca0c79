//! A stored submission.

use super::{Approval, Content, Lease, Refusal, State, Submission};
use crate::ids::{ExternalId, OrganizationId, SubmissionId, UserId};
use crate::time::Timestamp;

/// Every field of a submission, for the store that restores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionSnapshot {
    /// See [`Submission::id`].
    pub id: SubmissionId,
    /// See [`Submission::organization`].
    pub organization: OrganizationId,
    /// See [`Submission::user`].
    pub user: UserId,
    /// See [`Submission::state`].
    pub state: State,
    /// See [`Submission::revision`].
    pub revision: u64,
    /// See [`Submission::attempt`].
    pub attempt: u32,
    /// See [`Submission::sends_without_trace`].
    pub sends_without_trace: u32,
    /// See [`Submission::failures`].
    pub failures: u32,
    /// See [`Submission::lease`].
    pub lease: Option<Lease>,
    /// See [`Submission::last_sent_at`].
    pub last_sent_at: Option<Timestamp>,
    /// See [`Submission::refusal`].
    pub refusal: Option<Refusal>,
    /// See [`Submission::due_at`].
    pub due_at: Option<Timestamp>,
    /// See [`Submission::created_at`].
    pub created_at: Timestamp,
    /// See [`Submission::updated_at`].
    pub updated_at: Timestamp,
    /// See [`Submission::external_id`].
    pub external_id: Option<ExternalId>,
    /// See [`Submission::external_status`].
    pub external_status: Option<String>,
    /// See [`Submission::reason`].
    pub reason: Option<String>,
    /// See [`Submission::approval`].
    pub approval: Option<Approval>,
    /// See [`Submission::correlation_id`].
    pub correlation_id: String,
    /// See [`Submission::content`].
    pub content: Content,
}

impl From<SubmissionSnapshot> for Submission {
    fn from(snapshot: SubmissionSnapshot) -> Self {
        let SubmissionSnapshot {
            id,
            organization,
            user,
            state,
            revision,
            attempt,
            sends_without_trace,
            failures,
            lease,
            last_sent_at,
            refusal,
            due_at,
            created_at,
            updated_at,
            external_id,
            external_status,
            reason,
            approval,
            correlation_id,
            content,
        } = snapshot;
        Self {
            id,
            organization,
            user,
            state,
            revision,
            attempt,
            sends_without_trace,
            failures,
            lease,
            last_sent_at,
            refusal,
            due_at,
            created_at,
            updated_at,
            external_id,
            external_status,
            reason,
            approval,
            correlation_id,
            content,
        }
    }
}
