//! Reconcile: once a minute, everything that got lost on its way is enqueued or released.

use std::sync::Arc;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::erp::CallContext;
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::reservations::Reservations;

/// Most submissions enqueued in one run: a backlog is processed over several.
const MOST_SUBMISSIONS: usize = 1_000;

/// Most reservations released in one run.
const MOST_RESERVATIONS: usize = 200;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Submissions that were enqueued.
    pub enqueued: usize,
    /// Reservations that were released.
    pub released: usize,
}

/// Enqueues what is due and releases what expired.
pub struct Reconcile {
    /// Submissions.
    pub submissions: Arc<dyn Submissions>,
    /// Wakes the worker.
    pub queue: Arc<dyn SubmitQueue>,
    /// The ledger.
    pub reservations: Reservations,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Reconcile {
    /// Enqueues every submission that is due: captured ones that were not enqueued, waiting and
    /// unknown ones whose message was lost, sends whose worker stopped. Then releases expired
    /// reservations. An unavailable ERP stops the second, never the first.
    ///
    /// # Errors
    /// [`UseCaseError::Store`]; the next run tries again.
    pub async fn run(&self, context: &CallContext) -> Result<Reconciled, UseCaseError> {
        let mut enqueued = 0;
        for id in self
            .submissions
            .due(self.clock.now(), MOST_SUBMISSIONS)
            .await?
        {
            self.queue.enqueue(&id, 0).await?;
            enqueued += 1;
        }
        let released = self
            .reservations
            .release_due(context, MOST_RESERVATIONS)
            .await?;
        Ok(Reconciled { enqueued, released })
    }
}
