//! How old a value is, where it comes from, and why it is not newer.

use domain::freshness as model;
use serde::{Deserialize, Serialize};

use crate::value::Instant;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueSource {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Another unit than the item's, without a known conversion.
    UnitNotConvertible,
}

impl From<model::Reason> for Reason {
    fn from(reason: model::Reason) -> Self {
        match reason {
            model::Reason::NotCached => Self::NotCached,
            model::Reason::ErpUnavailable => Self::ErpUnavailable,
            model::Reason::ErpTimeout => Self::ErpTimeout,
            model::Reason::ErpIncomplete => Self::ErpIncomplete,
            model::Reason::UnknownSku => Self::UnknownSku,
            model::Reason::ItemInactive => Self::ItemInactive,
            model::Reason::NoPrice => Self::NoPrice,
            model::Reason::UnitNotConvertible => Self::UnitNotConvertible,
        }
    }
}

/// Accompanies every price and availability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Freshness {
    /// Where the value comes from.
    pub source: ValueSource,
    /// When the ERP said so.
    pub as_of: Option<Instant>,
    /// Until when it is fresh; null = forever.
    pub fresh_until: Option<Instant>,
    /// Whether that time is over.
    pub stale: bool,
    /// Why it is stale or missing.
    pub reason: Option<Reason>,
}

impl From<&model::Freshness> for Freshness {
    fn from(f: &model::Freshness) -> Self {
        Self {
            source: match f.source {
                model::ValueSource::Erp => ValueSource::Erp,
                model::ValueSource::Cache => ValueSource::Cache,
                model::ValueSource::List => ValueSource::List,
                model::ValueSource::None => ValueSource::None,
            },
            as_of: f.as_of.map(Instant::from),
            fresh_until: f.fresh_until.map(Instant::from),
            stale: f.stale,
            reason: f.reason.map(Reason::from),
        }
    }
}
