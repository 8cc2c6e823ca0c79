//! Offer prices and availabilities: from the cache while they are fresh, from the ERP when they are
//! not.

mod availability;
mod declared;
mod flow;
mod invalidate;
mod often;
mod parts;
mod prices;
mod query;
mod subject;

use crate::ports::erp::ErpError;
use domain::freshness::Reason;

pub use availability::{
    AgedAvailability, AvailabilityItem, AvailabilityLookup, AvailabilitySettings,
};
pub use invalidate::Invalidate;
pub use parts::LookupDeps;
pub use prices::{PriceItem, PriceLookup, PriceSettings, PriceStatus};
pub use query::{
    AnsweredAvailability, AnsweredPrice, AskedItem, AvailabilityQuery, MAX_ITEMS, PriceQuery,
};

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

/// Seconds for which the ERP's word counts that an item is not sold or has no price: short, for
/// somebody may be about to mend it.
const ABSENT_SECONDS: i64 = 60;

/// What a failed call means to the value that was to be fetched.
fn reason(error: &ErpError) -> Reason {
    match error {
        ErpError::Timeout | ErpError::NoTime => Reason::ErpTimeout,
        ErpError::Unavailable(_) | ErpError::Refused { .. } | ErpError::Invalid(_) => {
            Reason::ErpUnavailable
        }
    }
}
