//! An approver decides about an order above the limit of the organization.
//!
//! While the order waits, its reservation stays in the ledger and expires with the preparation: the
//! ERP must not hold goods for an order that may never come. An order that is approved in time
//! takes the reservation over. An order that is approved later goes to the ERP without one, the
//! timeline says so, and the ERP's answer decides.

use std::sync::Arc;

use domain::caller::Customer;
use domain::ids::SubmissionId;
use domain::submission::{Approval, ApprovalEffect, Submission, SubmissionKind};

use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::ports::submissions::{DecisionWritten, Reserved, Submissions, SubmitQueue};
use crate::ports::{Clock, Written};

/// Rounds of reading and writing before the caller has to try again. Only two concurrent approvers
/// need a second.
const ROUNDS: usize = 3;

/// Seconds that a reservation must still last to be taken over: enough that a function whose clock
/// is a little ahead does not release it at the same time.
const BEYOND_SECONDS: i64 = 5;

/// The reason in the timeline of an order that was approved after its reservation ended.
const RESERVATION_OVER: &str = "reservation_over";

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// Which order.
    pub order: SubmissionId,
    /// Whether it goes to the ERP.
    pub approve: bool,
    /// The reason, in the approver's words.
    pub reason: Option<String>,
}

/// Decides about orders that wait.
pub struct Approvals {
    /// Orders.
    pub submissions: Arc<dyn Submissions>,
    /// Wakes the worker.
    pub queue: Arc<dyn SubmitQueue>,
    /// Who decides.
    pub directory: Directory,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Approvals {
    /// Decides about an order of the approver's own organization. The same decision again changes
    /// nothing and returns the order as it is. Buyers do not decide about their own orders.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`], [`UseCaseError::NotFound`], [`UseCaseError::Forbidden`]
    /// for the buyer of the order, [`UseCaseError::AlreadyDecided`] if it was decided otherwise or
    /// does not wait for a decision, [`UseCaseError::Contention`], [`UseCaseError::Store`].
    pub async fn decide(
        &self,
        approver: &Customer,
        request: &ApprovalRequest,
        correlation_id: &str,
    ) -> Result<Submission, UseCaseError> {
        self.directory.active(approver).await?;
        for _ in 0..ROUNDS {
            let found = self.submissions.submission(&request.order).await?;
            let own = |s: &Submission| {
                *s.organization() == approver.organization && s.kind() == SubmissionKind::Order
            };
            let order = found.filter(own).ok_or(UseCaseError::NotFound)?;
            if *order.user() == approver.user {
                return Err(UseCaseError::Forbidden);
            }
            let now = self.clock.now();
            let approval = Approval {
                approved: request.approve,
                by: approver.user.clone(),
                reason: request.reason.clone(),
                at: now,
            };
            let mut decided = match order.decide(approval) {
                ApprovalEffect::Decided(transition) => {
                    transition.with_correlation_id(correlation_id)
                }
                ApprovalEffect::Repeated(order) => return Ok(order),
                ApprovalEffect::Contradicted => return Err(UseCaseError::AlreadyDecided),
            };
            let reserved = if request.approve {
                Reserved::Keep(now.plus_seconds(BEYOND_SECONDS))
            } else {
                Reserved::End(now)
            };
            let written = match self.submissions.decide(&decided, reserved).await? {
                DecisionWritten::Done => Written::Done,
                DecisionWritten::Conflict => Written::Conflict,
                DecisionWritten::ReservationOver => {
                    if request.approve {
                        decided = decided.with_event_reason(RESERVATION_OVER);
                    }
                    self.submissions.update(&decided).await?
                }
            };
            if written == Written::Done {
                let order = decided.submission;
                if request.approve {
                    self.enqueue(&order).await;
                }
                return Ok(order);
            }
        }
        Err(UseCaseError::Contention)
    }

    async fn enqueue(&self, order: &Submission) {
        if let Err(error) = self.queue.enqueue(order.id(), 0).await {
            tracing::warn!(
                %error, submission.id = %order.id(),
                "an approved order was not enqueued; reconcile will enqueue it"
            );
        }
    }
}
