//! What operators see of submissions and dead letters, and do to them.

use serde::{Deserialize, Serialize};

use crate::value::Instant;

/// A submission as operators see it: its state and the reason, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// Our id; the reference in the ERP.
    pub submission_id: String,
    /// `order`, `quote`, `organization` or `user`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// The code of why it is rejected, waiting, unknown or in need of attention.
    pub reason: Option<String>,
    /// What the ERP, or an operator, said when it was refused. May hold names.
    pub refusal: Option<String>,
    /// Whose it is.
    pub organization_id: String,
    /// Sends so far.
    pub attempt: u32,
    /// Sends with an unknown outcome of which the ERP has no trace.
    #[serde(rename = "untraced")]
    pub sends_without_trace: u32,
    /// The ERP's number.
    pub external_id: Option<String>,
    /// When it was captured.
    pub created_at: Instant,
    /// When it last moved.
    pub updated_at: Instant,
    /// When it is looked at next; null when nothing happens by itself.
    pub due_at: Option<Instant>,
    /// The correlation id of the request that captured it.
    pub correlation_id: String,
}

/// A piece of the list of submissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submissions {
    /// The submissions.
    pub submissions: Vec<Submission>,
    /// Where the list goes on; null at its end.
    pub next_cursor: Option<String>,
}

/// What a person found out about a submission that needs attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolveDecision {
    /// The ERP has it.
    Confirm,
    /// It will not be.
    Reject,
    /// The ERP does not have it: it is to be sent again.
    Resend,
}

/// `POST /operations/submissions/{id}/resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resolve {
    /// What was found out.
    pub decision: ResolveDecision,
    /// The ERP's number; goes with `confirm`.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Why; goes with `reject`. Operators alone see it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// `submissions`, `catalog-loads` or `member-loads`.
    pub queue: String,
    /// The queue's id of it.
    pub message_id: String,
    /// Why it is one.
    pub reason: String,
    /// The submission that it is about.
    pub submission_id: Option<String>,
    /// The load that it is about.
    pub load_id: Option<String>,
    /// How far its subject is.
    pub state: Option<String>,
    /// Whose it is.
    pub organization_id: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Instant>,
    /// `redrive` when its work is not done, `discard` when nothing is left to do for it.
    pub next_action: String,
    /// In the answer to a redrive: `redrive` or `discard` when that was done, or would be; null
    /// when it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Option<String>>,
}

/// Dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    /// At most 100 of each queue.
    pub dead_letters: Vec<DeadLetter>,
}

/// `POST /operations/dead-letters/redrive`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redrive {
    /// Only these messages; missing = all.
    #[serde(default)]
    pub message_ids: Option<Vec<String>>,
    /// Also take away what nothing is left to do for.
    #[serde(default)]
    pub discard: bool,
    /// Only tell what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// Whether an operator has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// No operator has to act.
    Ok,
    /// An operator has to act: `findings` says where to look.
    Attention,
}

/// `GET /operations/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Whether an operator has to act.
    pub status: HealthStatus,
    /// When it was looked.
    pub checked_at: Instant,
    /// What is not as it should be, the most urgent first.
    pub findings: Vec<Finding>,
    /// The ERP.
    pub erp: ErpHealth,
    /// What waits.
    pub waiting: Waiting,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `erp_unavailable`, `needs_attention`, `overdue` or `held_loads`.
    pub code: String,
    /// The route that shows it; null when it is not here.
    pub look: Option<String>,
}

/// Whether the ERP is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErpHealth {
    /// Whether it says so.
    pub reachable: bool,
    /// How long it took to say so.
    pub duration_ms: Option<i64>,
    /// A stable code of why it did not.
    pub reason: Option<String>,
}

/// How much waits, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Since the longest waiting submission was captured that the ERP neither confirmed nor
    /// refused; 0 when none waits.
    pub oldest_unconfirmed_seconds: u64,
    /// The same of what awaits its approver.
    pub oldest_awaiting_approval_seconds: u64,
    /// Submissions with an unknown outcome, up to 1 000.
    pub unknown: u64,
    /// Submissions that wait for a person, up to 1 000.
    pub needs_attention: u64,
    /// Loads that wait for a person, of the latest 200.
    pub held_loads: u64,
}
