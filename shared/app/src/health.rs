//! Whether all is well: what an operator who was woken looks at first.

use std::sync::Arc;

use domain::caller::Operator;
use domain::time::Timestamp;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::erp::{CallContext, ErpCapabilities, ErpError};
use crate::submission::{BacklogMetrics, Waiting};

/// The longest that the ERP may take to say that it is well, in milliseconds.
const PATIENCE_MS: i64 = 3_000;
/// From then on a submission waits for too long, in seconds.
pub const OVERDUE_SECONDS: u64 = 900;

/// Something that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The ERP does not say that it is well. Orders are captured and wait.
    ErpUnavailable,
    /// Something was captured a quarter of an hour ago, and the ERP has neither confirmed nor
    /// refused it.
    Overdue,
    /// Submissions wait for a person.
    NeedsAttention,
    /// Loads wait for a person.
    HeldLoads,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When it was looked.
    pub at: Timestamp,
    /// How long the ERP took to say that it is well, in milliseconds, or why it did not.
    pub erp: Result<i64, ErpError>,
    /// What waits.
    pub waiting: Waiting,
}

impl Health {
    /// What is not as it should be, the most urgent first.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let found = [
            (self.erp.is_err(), Finding::ErpUnavailable),
            (self.waiting.needs_attention > 0, Finding::NeedsAttention),
            (
                self.waiting.oldest_unconfirmed_seconds >= OVERDUE_SECONDS,
                Finding::Overdue,
            ),
            (self.waiting.held_loads > 0, Finding::HeldLoads),
        ];
        found
            .into_iter()
            .filter_map(|(is, finding)| is.then_some(finding))
            .collect()
    }
}

/// Checks the ERP and measures the backlog.
pub struct HealthCheck {
    pub erp: Arc<dyn ErpCapabilities>,
    pub backlog: BacklogMetrics,
    pub clock: Arc<dyn Clock>,
}

impl HealthCheck {
    /// Calls the ERP and measures the backlog concurrently. An ERP that does not answer is part of
    /// the result.
    ///
    /// # Errors
    /// [`UseCaseError::Store`] if the backlog cannot be measured.
    pub async fn look(&self, _: &Operator, context: &CallContext) -> Result<Health, UseCaseError> {
        let at = self.clock.now();
        let context = CallContext {
            deadline: context.deadline.min(at.plus_millis(PATIENCE_MS)),
            ..context.clone()
        };
        let asked = async {
            let reached = self.erp.reach(&context).await;
            reached.map(|()| self.clock.now().millis_since(at))
        };
        let (erp, waiting) = futures::join!(asked, self.backlog.measure());
        Ok(Health {
            at,
            erp,
            waiting: waiting?,
        })
    }
}
