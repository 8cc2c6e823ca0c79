//! What operators may do to a submission that got stuck.

use super::{Refusal, State, Submission};
use crate::ids::ExternalId;
use crate::time::Timestamp;

/// The code of a refusal that an operator recorded.
const REFUSED_BY_OPERATOR: &str = "resolved_by_operator";

/// What a person found out in the ERP, where the machine could not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The ERP has it, under this number.
    Confirmed(ExternalId),
    /// It will not be. Why, for operators' eyes only.
    Rejected(Option<String>),
    /// The ERP certainly does not have it: send it again.
    Resend,
}

/// The state leaves nothing to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing to decide about in this state")]
pub struct NotDecidable;

impl Submission {
    /// Lets it go on at once instead of later, and counts from new. What may have been sent is
    /// asked for, not sent again: only [`Submission::resolved`] knows better than the ERP. Returns
    /// the event for the timeline; none when somebody works on it anyway.
    ///
    /// # Errors
    /// [`NotDecidable`] when it is confirmed, done with, or waits for its approver.
    pub fn retried(&mut self, now: Timestamp) -> Result<Option<&'static str>, NotDecidable> {
        match self.state {
            State::Accepted | State::Sending => return Ok(None),
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
        self.untraced = 0;
        self.failures = 0;
        self.due_at = Some(now);
        Ok(Some("retried"))
    }

    /// Ends the doubt about it by what a person found out. Returns the event for the timeline.
    ///
    /// # Errors
    /// [`NotDecidable`] when it does not wait for a person.
    pub fn resolved(
        &mut self,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<&'static str, NotDecidable> {
        if self.state != State::NeedsAttention {
            return Err(NotDecidable);
        }
        self.untraced = 0;
        match resolution {
            Resolution::Confirmed(id) => {
                self.confirm(Some(id), None);
                Ok("resolved_as_confirmed")
            }
            Resolution::Rejected(reason) => {
                self.reject(
                    Refusal {
                        code: REFUSED_BY_OPERATOR.to_owned(),
                        reason,
                    },
                    now,
                );
                Ok("resolved_as_rejected")
            }
            Resolution::Resend => {
                self.again(now);
                Ok("resolved_to_resend")
            }
        }
    }
}
