//! The clock of the machine and random ids. No other module reads either.

use std::time::{SystemTime, UNIX_EPOCH};

use app::ports::{Clock, Ids};
use domain::time::Timestamp;

#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// UUIDs of version 7, which sort by time.
#[derive(Debug, Clone, Copy)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn mint(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    fn below(&self, bound: u64) -> u64 {
        // The last 62 bits of a version 7 UUID are random.
        let (_, low) = uuid::Uuid::now_v7().as_u64_pair();
        (low & (u64::MAX >> 2)).checked_rem(bound).unwrap_or(0)
    }
}
