//! Orders, quotes and approved registrations on their way to the ERP.

mod approval;
mod backlog;
mod capture;
mod checks;
mod drain;
mod handover;
mod operate;
mod reconcile;

pub use approval::{ApprovalRequest, Approvals};
pub use backlog::{BacklogMetrics, Waiting};
pub use capture::{CaptureService, Captured, PlaceOrder, Placed, RequestQuote, accepted};
pub use checks::Backorder;
pub use handover::SubmissionWorker;
pub use operate::SubmissionOperator;
pub use reconcile::{Reconcile, Reconciled};

use domain::submission::{Submission, TimelineEvent};
use domain::time::Timestamp;

/// Seconds after capture at which `reconcile` looks whether the queue was told.
pub const GRACE_SECONDS: i64 = 30;

/// An entry of a submission's timeline.
#[must_use]
pub fn event(
    submission: &Submission,
    event: &'static str,
    now: Timestamp,
    duration_ms: Option<i64>,
    correlation_id: &str,
) -> TimelineEvent {
    TimelineEvent {
        at: now,
        event: event.into(),
        attempt: (submission.attempt > 0).then_some(submission.attempt),
        reason: submission.reason.clone(),
        duration_ms,
        correlation_id: correlation_id.to_owned(),
    }
}
