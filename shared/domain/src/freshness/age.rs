//! How old a value is, where it comes from, and why it is not newer.

use crate::time::Timestamp;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSource {
    /// The ERP answered it for this request.
    Erp,
    /// The cache: an earlier answer of the ERP.
    Cache,
    /// The list prices of the catalog.
    List,
    /// No value.
    None,
}

/// Why a value is older than it should be, or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller asked for the cache alone, and it has no entry.
    NotCached,
    /// The ERP could not be reached, or failed.
    ErpUnavailable,
    /// The ERP did not answer in time.
    ErpTimeout,
    /// The ERP answered, but not for this item.
    ErpIncomplete,
    /// The ERP does not know this item.
    UnknownSku,
    /// The ERP does not sell this item any more.
    ItemInactive,
    /// The ERP has no price for this item in this currency.
    NoPrice,
    /// The question or the answer is in another unit than the item's, and no conversion is known.
    UnitNotConvertible,
}

/// The ERP's answer that it has no price or availability for an item. It is cached like any other
/// answer, so that the ERP is not asked again for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It does not know the item.
    UnknownSku,
    /// It does not sell the item any more.
    ItemInactive,
    /// It has no price for it.
    NoPrice,
}

impl From<Absence> for Reason {
    fn from(absence: Absence) -> Self {
        match absence {
            Absence::UnknownSku => Self::UnknownSku,
            Absence::ItemInactive => Self::ItemInactive,
            Absence::NoPrice => Self::NoPrice,
        }
    }
}

/// Where a value comes from, how old it is, and why it is not newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Where the value comes from.
    pub source: ValueSource,
    /// When the ERP answered it.
    pub as_of: Option<Timestamp>,
    /// Until when it is fresh; `None` = forever.
    pub fresh_until: Option<Timestamp>,
    /// Whether that time has passed.
    pub stale: bool,
    /// Why it is stale or missing.
    pub reason: Option<Reason>,
}

impl Freshness {
    /// The freshness of a missing value; `reason` says why it is missing.
    #[must_use]
    pub fn missing(reason: Reason) -> Self {
        Self {
            source: ValueSource::None,
            as_of: None,
            fresh_until: None,
            stale: false,
            reason: Some(reason),
        }
    }
}

/// The age of a cached value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Is served without asking the ERP.
    Fresh,
    /// Is served, marked as stale, only if the ERP fails.
    Stale,
    /// Is not served.
    Expired,
}

/// The age at `now` of a value that is fresh until one instant and expires at another. Both limits
/// are exclusive: a value that is fresh until noon is stale at noon.
#[must_use]
pub fn age(fresh_until: Option<Timestamp>, expires_at: Timestamp, now: Timestamp) -> Age {
    if now >= expires_at {
        Age::Expired
    } else if fresh_until.is_none_or(|until| now < until) {
        Age::Fresh
    } else {
        Age::Stale
    }
}

/// A duration in seconds, jittered by up to ten per cent either way, so that entries written
/// together do not expire together. `random` is any number.
#[must_use]
pub fn jittered(seconds: i64, random: u64) -> i64 {
    let span = seconds / 5;
    if span <= 0 {
        return seconds;
    }
    let offset = i64::try_from(random % (span.unsigned_abs() + 1)).unwrap_or(0);
    seconds - span / 2 + offset
}

/// How much longer or shorter than its rule says an entry is fresh, in thousandths of its lifetime:
/// up to a tenth either way. `random` is any number.
///
/// An availability stores this factor instead of an end, because the end depends on the quantity
/// of each request.
#[must_use]
pub fn lifetime_jitter(random: u64) -> i16 {
    i16::try_from(random % 201).unwrap_or(100) - 100
}

/// A duration of `seconds`, changed by `jitter` thousandths, in milliseconds. Zero stays zero.
#[must_use]
pub fn jittered_millis(seconds: i64, jitter: i16) -> i64 {
    seconds.saturating_mul(1000 + i64::from(jitter.clamp(-100, 100)))
}
