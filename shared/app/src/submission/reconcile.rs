//! Reconcile: once a minute, everything that somebody forgot is taken up again.

use std::sync::Arc;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::erp::CallContext;
use crate::ports::submissions::{Submissions, SubmitQueue};
use crate::reservations::Reservations;

/// Most submissions told to the queue in one run: a backlog is worked off over several.
const MOST_SUBMISSIONS: usize = 1_000;

/// Most reservations released in one run.
const MOST_RESERVATIONS: usize = 200;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Submissions that the queue was told of.
    pub told: usize,
    /// Reservations that were released.
    pub released: usize,
}

/// Takes up again what somebody forgot.
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
    /// Tells the queue of every submission whose time has come: captured ones that nobody told it
    /// of, waiting and unknown ones whose message was lost, sends whose worker died. Then releases
    /// reservations that are over. The ERP being down stops the second, never the first.
    ///
    /// # Errors
    /// [`UseCaseError::Store`]; the next run tries again.
    pub async fn run(&self, context: &CallContext) -> Result<Reconciled, UseCaseError> {
        let mut told = 0;
        for id in self
            .submissions
            .due(self.clock.now(), MOST_SUBMISSIONS)
            .await?
        {
            self.queue.enqueue(&id, 0).await?;
            told += 1;
        }
        let released = self
            .reservations
            .release_due(context, MOST_RESERVATIONS)
            .await?;
        Ok(Reconciled { told, released })
    }
}
