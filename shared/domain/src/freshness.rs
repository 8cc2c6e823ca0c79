//! How old a value is, where it comes from, and why it is not newer.

use crate::time::Timestamp;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Asked of the ERP for this request.
    Erp,
    /// Kept from an earlier answer of the ERP.
    Cache,
    /// The list prices that were loaded.
    List,
    /// There is none.
    None,
}

/// Why a value is older than it should be, or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller asked for the cache alone, and it has nothing.
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
    /// The question or the answer is in another unit than the item's, and nobody said how many of
    /// one make the other.
    UnitNotConvertible,
}

/// The ERP's word that it has nothing to tell about an item. It is kept like an answer: the ERP is
/// not asked again and again for the same.
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

/// Says of a value how old it is and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Where the value comes from.
    pub source: Source,
    /// When the ERP said so.
    pub as_of: Option<Timestamp>,
    /// Until when it may be shown without a remark; none = for ever.
    pub fresh_until: Option<Timestamp>,
    /// Whether that time is over.
    pub stale: bool,
    /// Why it is stale or missing.
    pub reason: Option<Reason>,
}

impl Freshness {
    /// There is no value, for `reason`.
    #[must_use]
    pub fn missing(reason: Reason) -> Self {
        Self {
            source: Source::None,
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
    /// May be served as it is.
    Fresh,
    /// May be served when the ERP fails, marked as stale.
    Stale,
    /// Must not be served any more.
    Expired,
}

/// The age at `now` of a value with a soft and a hard limit. Both limits are exclusive: a value
/// that is fresh until noon is stale at noon.
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

/// How far an entry's end is moved, in thousandths of its time: up to a tenth either way. `random`
/// is any number.
#[must_use]
pub fn spread(random: u64) -> i16 {
    i16::try_from(random % 201).unwrap_or(100) - 100
}

/// A duration of `seconds`, moved by `spread` thousandths; in milliseconds. Nothing stays nothing.
#[must_use]
pub fn spread_out(seconds: i64, spread: i16) -> i64 {
    seconds.saturating_mul(1000 + i64::from(spread.clamp(-100, 100)))
}
