//! Offer prices and availabilities: from the cache while they are fresh, else from the ERP.
//!
//! How one request finds its values (`cache_lookup`):
//!
//! 1. Questions with the same key become one key (`kind`), and one round reads all keys from the
//!    cache. A fresh entry is the answer.
//! 2. Each other key needs the ERP. *Single flight*: the request that acquires the lease on a
//!    key is its leader and asks the ERP (`leader`), in as few calls as the ERP allows. The
//!    requests that are refused the lease are followers and wait for the leader's answer
//!    (`follower`). A thousand requests that miss the same key make one call, on however many
//!    instances they run.
//! 3. *Refresh ahead*: entries that are fresh but near their end join a call that is made anyway,
//!    as far as it has room. If no call is made, entries that are requested often (`hot_keys`) are
//!    refreshed after the response. So no request waits because an entry ended.
//! 4. If the ERP does not answer, an entry that has not expired is served as stale, with the
//!    reason.
//!
//! How long entries stay fresh is decided by `domain::freshness`.

mod availability;
mod availability_query;
mod cache_lookup;
mod capabilities;
mod deps;
mod follower;
mod hot_keys;
mod invalidate;
mod kind;
mod leader;
mod price_query;
mod prices;
mod query_size;

pub use availability::{AgedAvailability, AvailabilityItem, AvailabilityLookup};
pub use availability_query::{AnsweredAvailability, AvailabilityQuery, RequestedAvailability};
pub use deps::LookupDeps;
pub use invalidate::Invalidate;
pub use price_query::{AnsweredPrice, PriceQuery, RequestedPrice};
pub use prices::{PriceItem, PriceLookup, PriceStatus};
pub use query_size::MAX_ITEMS;

/// Where a lookup may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The cache alone.
    Cached,
    /// The cache, and the ERP for what is missing or no longer fresh.
    #[default]
    Auto,
    /// The ERP for everything; the cache is written, not read.
    Live,
}
