//! How much waits, and for how long: the figures behind the alarms.

use std::sync::Arc;

use domain::submission::State;
use domain::time::Timestamp;

use crate::ports::submissions::{Indexed, Submissions};
use crate::ports::{Clock, LoadStore, StoreError};

/// Most submissions of a state that are counted. A higher number would not change what to do.
const MOST: usize = 1_000;

/// What waits at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Seconds since the capture of the oldest submission that is neither confirmed nor rejected
    /// and does not await its approver; 0 if there is none.
    pub oldest_unconfirmed_seconds: u64,
    /// Seconds since the capture of the oldest submission that awaits its approver; 0 if there is
    /// none.
    pub oldest_awaiting_approval_seconds: u64,
    /// Submissions whose outcome is unknown; 1 000 means that many or more.
    pub unknown: u64,
    /// Submissions that a person has to decide about; 1 000 means that many or more.
    pub needs_attention: u64,
    /// Loads that wait for a person, of the latest 200.
    pub held_loads: u64,
}

/// Counts open submissions and held loads, and finds the oldest submissions.
pub struct BacklogMetrics {
    pub submissions: Arc<dyn Submissions>,
    pub loads: Arc<dyn LoadStore>,
    pub clock: Arc<dyn Clock>,
}

impl BacklogMetrics {
    /// Makes seven concurrent calls: one for each open state, and one for the loads.
    ///
    /// # Errors
    /// The [`StoreError`] of any of them.
    pub async fn measure(&self) -> Result<Waiting, StoreError> {
        let one = |state| self.submissions.oldest(state, None, 1);
        let many = |state| self.submissions.oldest(state, None, MOST);
        let open = futures::try_join!(
            one(State::Accepted),
            one(State::Sending),
            one(State::Waiting),
            many(State::Unknown),
            many(State::NeedsAttention),
            one(State::AwaitingApproval),
            self.loads.latest_held(),
        )?;
        let (accepted, sending, waiting, unknown, attention, awaiting, held_loads) = open;
        let now = self.clock.now();
        let oldest = |states: &[&[Indexed]]| {
            let first = states
                .iter()
                .filter_map(|state| state.first())
                .map(|one| one.created_at)
                .min();
            age(first, now)
        };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(Waiting {
            oldest_unconfirmed_seconds: oldest(&[
                &accepted, &sending, &waiting, &unknown, &attention,
            ]),
            oldest_awaiting_approval_seconds: oldest(&[&awaiting]),
            unknown: number(unknown.len()),
            needs_attention: number(attention.len()),
            held_loads: number(held_loads),
        })
    }
}

fn age(since: Option<Timestamp>, now: Timestamp) -> u64 {
    since.map_or(0, |since| {
        u64::try_from(now.millis_since(since) / 1000).unwrap_or(0)
    })
}
