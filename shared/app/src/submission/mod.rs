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
pub use capture::{CaptureContext, CaptureService, PlaceOrder, RequestQuote};
pub use checks::Backorder;
pub use handover::SubmissionWorker;
pub use operate::SubmissionOperator;
pub use reconcile::{Reconcile, Reconciled};
