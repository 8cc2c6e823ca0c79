//! An order above the limit of its organization waits until an approver decides.

use super::{GRACE_SECONDS, State, Submission, TimelineEventKind, Transition};
use crate::ids::UserId;
use crate::time::Timestamp;

/// What an approver decided about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Whether the order goes to the ERP.
    pub approved: bool,
    /// Who decided.
    pub by: UserId,
    /// The reason, in the approver's words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What an approver's decision does to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalEffect {
    /// The order moves.
    Decided(Transition),
    /// It was already decided in the same way, so nothing changes.
    Repeated(Submission),
    /// It was decided in another way, or does not wait for a decision, so nothing changes.
    Contradicted,
}

impl Submission {
    /// An approver decided. An approved order is accepted; another one ends as rejected.
    #[must_use]
    pub fn decide(mut self, approval: Approval) -> ApprovalEffect {
        if let Some(earlier) = &self.approval {
            return if earlier.approved == approval.approved {
                ApprovalEffect::Repeated(self)
            } else {
                ApprovalEffect::Contradicted
            };
        }
        if self.state != State::AwaitingApproval {
            return ApprovalEffect::Contradicted;
        }
        let now = approval.at;
        let kind = if approval.approved {
            self.state = State::Accepted;
            self.due_at = Some(now.plus_seconds(GRACE_SECONDS));
            TimelineEventKind::Approved
        } else {
            self.state = State::Rejected;
            self.reason = Some(
                approval
                    .reason
                    .clone()
                    .unwrap_or_else(|| "not_approved".to_owned()),
            );
            TimelineEventKind::NotApproved
        };
        self.approval = Some(approval);
        ApprovalEffect::Decided(self.moved(kind, now))
    }
}
