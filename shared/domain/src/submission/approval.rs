//! An order above the limit of its organization waits until an approver decides.

use super::{State, Submission};
use crate::ids::UserId;
use crate::time::Timestamp;

/// What an approver decided about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Whether the order goes on.
    pub approved: bool,
    /// Who decided.
    pub by: UserId,
    /// Why, in the approver's words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a decision does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It moves on; the event for the timeline.
    Now(&'static str),
    /// It was decided so before; nothing changes.
    Before,
    /// It was decided otherwise, or does not wait for a decision; nothing changes.
    Otherwise,
}

impl Submission {
    /// An approver decided. An approved order is on its way from now on, and looked at again at
    /// `due_at`; one that was not approved ends as rejected.
    pub fn decide(&mut self, approval: Approval, due_at: Timestamp) -> Decided {
        if let Some(earlier) = &self.approval {
            return if earlier.approved == approval.approved {
                Decided::Before
            } else {
                Decided::Otherwise
            };
        }
        if self.state != State::AwaitingApproval {
            return Decided::Otherwise;
        }
        let event = if approval.approved {
            self.state = State::Accepted;
            self.due_at = Some(due_at);
            "approved"
        } else {
            self.state = State::Rejected;
            self.reason = Some(
                approval
                    .reason
                    .clone()
                    .unwrap_or_else(|| "not_approved".to_owned()),
            );
            "not_approved"
        };
        self.approval = Some(approval);
        Decided::Now(event)
    }
}
