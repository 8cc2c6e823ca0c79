//! An approver decides about an order above the limit of the organization.
//!
//! While the order waits, its reservation stays in the ledger and ends with the preparation, for
//! the ERP must not hold goods for an order that may never come. Approved in time, the order takes
//! the reservation over; approved later, it goes to the ERP without one, the timeline says so, and
//! the ERP's own answer decides.

use std::sync::Arc;

use domain::caller::Customer;
use domain::ids::SubmissionId;
use domain::submission::{Approval, Decided, Submission, SubmissionKind};

use super::{GRACE_SECONDS, event};
use crate::directory::Directory;
use crate::error::UseCaseError;
use crate::ports::submissions::{DecisionWritten, Reserved, Submissions, SubmitQueue};
use crate::ports::{Clock, Written};

/// Rounds of reading and writing before the caller is told to come again. Only two approvers at
/// once need a second.
const ROUNDS: usize = 3;

/// Seconds that a reservation must still stand to be taken over: enough that nobody whose clock is
/// a little ahead releases it at the same time.
const BEYOND_SECONDS: i64 = 5;

/// The reason in the timeline of an order that was approved after its reservation ended.
const RESERVATION_OVER: &str = "reservation_over";

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// Which order.
    pub order: SubmissionId,
    /// Whether it goes on.
    pub approve: bool,
    /// Why, in the approver's words.
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
    /// Decides about an order of the approver's own organization. Deciding the same again changes
    /// nothing and shows the order as it is. Nobody decides about an order of their own.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`], [`UseCaseError::NotFound`], [`UseCaseError::Forbidden`] for the buyer of
    /// the order, [`UseCaseError::AlreadyDecided`] when it was decided otherwise or waits for nobody,
    /// [`UseCaseError::Contention`], [`UseCaseError::Store`].
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
                s.organization == approver.organization && s.content.kind() == SubmissionKind::Order
            };
            let mut order = found.filter(own).ok_or(UseCaseError::NotFound)?;
            if order.user == approver.user {
                return Err(UseCaseError::Forbidden);
            }
            let now = self.clock.now();
            let approval = Approval {
                approved: request.approve,
                by: approver.user.clone(),
                reason: request.reason.clone(),
                at: now,
            };
            let happened = match order.decide(approval, now.plus_seconds(GRACE_SECONDS)) {
                Decided::Now(happened) => happened,
                Decided::Before => return Ok(order),
                Decided::Otherwise => return Err(UseCaseError::AlreadyDecided),
            };
            order.revision = order.revision.saturating_add(1);
            order.updated_at = now;
            let mut entry = event(&order, happened, now, None, correlation_id);
            let reserved = if request.approve {
                Reserved::Keep(now.plus_seconds(BEYOND_SECONDS))
            } else {
                Reserved::End(now)
            };
            let written = match self.submissions.decide(&order, &entry, reserved).await? {
                DecisionWritten::Done => Written::Done,
                DecisionWritten::Conflict => Written::Conflict,
                DecisionWritten::ReservationOver => {
                    if request.approve {
                        entry.reason = Some(RESERVATION_OVER.to_owned());
                    }
                    self.submissions.update(&order, &entry).await?
                }
            };
            if written == Written::Done {
                self.enqueue(&order, request.approve).await;
                return Ok(order);
            }
        }
        Err(UseCaseError::Contention)
    }

    async fn enqueue(&self, order: &Submission, approved: bool) {
        if approved && let Err(error) = self.queue.enqueue(&order.id, 0).await {
            tracing::warn!(%error, submission.id = %order.id, "approved, but the queue was not told; reconcile will");
        }
    }
}
