//! What operators may do to a submission that makes no progress.

use super::{Refusal, State, Submission, TimelineEventKind, Transition};
use crate::ids::ExternalId;
use crate::time::Timestamp;

/// The code of a refusal that an operator recorded.
const REFUSED_BY_OPERATOR: &str = "resolved_by_operator";

/// What a person found out in the ERP where the machine could not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The ERP has it, under this number.
    Confirmed(ExternalId),
    /// It ends here. The reason is for operators only.
    Rejected(Option<String>),
    /// The ERP certainly does not have it, so it is sent again.
    Resend,
}

/// The state leaves nothing to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing to decide about in this state")]
pub struct NotDecidable;

/// What an operator's action does to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorEffect {
    /// The submission moves.
    Moved(Transition),
    /// A worker works on it, so nothing changes.
    UnderWay(Submission),
}

impl Submission {
    /// Resumes it now and resets its counters. What may have been sent is looked up, not sent
    /// again: only [`Submission::resolved`] overrules the ERP.
    ///
    /// # Errors
    /// [`NotDecidable`] if it is confirmed, finished, or waits for its approver.
    pub fn retried(mut self, now: Timestamp) -> Result<OperatorEffect, NotDecidable> {
        match self.state {
            State::Accepted | State::Sending => return Ok(OperatorEffect::UnderWay(self)),
            State::NeedsAttention => {
                self.state = if self.attempt == 0 {
                    State::Waiting
                } else {
                    State::Unknown
                };
            }
            State::Waiting | State::Unknown => {}
            State::Rejected if self.due_at.is_some() => {}
            State::AwaitingApproval | State::Confirmed | State::Rejected => {
                return Err(NotDecidable);
            }
        }
        self.sends_without_trace = 0;
        self.failures = 0;
        self.due_at = Some(now);
        Ok(OperatorEffect::Moved(
            self.moved(TimelineEventKind::Retried, now),
        ))
    }

    /// Ends the doubt about it by what a person found out.
    ///
    /// # Errors
    /// [`NotDecidable`] if it does not wait for a person.
    pub fn resolved(
        mut self,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<Transition, NotDecidable> {
        if self.state != State::NeedsAttention {
            return Err(NotDecidable);
        }
        self.sends_without_trace = 0;
        let kind = match resolution {
            Resolution::Confirmed(id) => {
                self.confirm(Some(id), None);
                TimelineEventKind::ResolvedAsConfirmed
            }
            Resolution::Rejected(reason) => {
                self.reject(
                    Refusal {
                        code: REFUSED_BY_OPERATOR.to_owned(),
                        reason,
                    },
                    now,
                );
                TimelineEventKind::ResolvedAsRejected
            }
            Resolution::Resend => {
                self.requeue(now);
                TimelineEventKind::ResolvedToResend
            }
        };
        Ok(self.moved(kind, now))
    }
}
