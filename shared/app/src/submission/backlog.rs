//! How much waits, and for how long: what operators are woken by.

use std::sync::Arc;

use domain::submission::State;
use domain::time::Timestamp;
use futures::future::try_join_all;

use crate::ports::submissions::{Standing, Submissions};
use crate::ports::{Clock, LoadStore, StoreError};

/// Most submissions of a state that are counted: whoever sees this many knows enough.
const MOST: usize = 1_000;

/// The states of what was captured and is to reach the ERP.
const UNCONFIRMED: [State; 5] =
    [State::Accepted, State::Sending, State::Waiting, State::Unknown, State::NeedsAttention];

/// What waits at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Seconds since the longest waiting submission was captured that is neither confirmed nor rejected; 0 when there is
    /// none. What awaits its approver does not count.
    pub oldest_unconfirmed_seconds: u64,
    /// The same of what awaits its approver.
    pub oldest_awaiting_approval_seconds: u64,
    /// Submissions whose outcome nobody knows yet; 1 000 stands for that many or more.
    pub unknown: usize,
    /// Submissions that a person has to decide about; 1 000 stands for that many or more.
    pub needs_attention: usize,
    /// Loads that wait for a person, of the latest 200.
    pub held_loads: usize,
}

/// Measures what waits.
pub struct Backlog {
    /// Submissions.
    pub submissions: Arc<dyn Submissions>,
    /// Loads.
    pub loads: Arc<dyn LoadStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Backlog {
    /// Looks in seven calls, all at once: one for each open state, and one for the loads.
    ///
    /// # Errors
    /// [`StoreError`] of any of them.
    pub async fn measure(&self) -> Result<Waiting, StoreError> {
        let states = UNCONFIRMED.map(|state| self.submissions.standing(state, most(state)));
        let awaiting = self.submissions.standing(State::AwaitingApproval, 1);
        let (states, awaiting, held_loads) =
            futures::try_join!(try_join_all(states), awaiting, self.loads.latest_held())?;
        let now = self.clock.now();
        let oldest = states.iter().filter_map(|standing| standing.oldest).min();
        let count = |wanted: State| {
            let found = UNCONFIRMED.iter().zip(&states).find(|(state, _)| **state == wanted);
            found.map_or(0, |(_, standing): (_, &Standing)| standing.count)
        };
        Ok(Waiting {
            oldest_unconfirmed_seconds: age(oldest, now),
            oldest_awaiting_approval_seconds: age(awaiting.oldest, now),
            unknown: count(State::Unknown),
            needs_attention: count(State::NeedsAttention),
            held_loads,
        })
    }
}

/// How many of a state to count: of most only the oldest matters.
fn most(state: State) -> usize {
    match state {
        State::Unknown | State::NeedsAttention => MOST,
        State::AwaitingApproval
        | State::Accepted
        | State::Sending
        | State::Waiting
        | State::Confirmed
        | State::Rejected => 1,
    }
}

fn age(since: Option<Timestamp>, now: Timestamp) -> u64 {
    since.map_or(0, |since| u64::try_from(now.millis_since(since) / 1000).unwrap_or(0))
}
