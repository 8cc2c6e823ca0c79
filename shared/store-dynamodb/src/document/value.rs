//! The values that documents share.

use app::ports::StoreError;
use domain::availability::AvailabilityStatus;
use domain::cart::Shipping;
use domain::freshness::{Freshness, Reason, ValueSource};
use domain::ids::AddressId;
use domain::member::PostalAddress;
use domain::money::{Currency, Money};
use domain::preparation::{ReservationStatus, Totals};
use domain::quantity::Quantity;
use domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use wire::value::Money as MoneyText;

use super::refused;

pub(crate) fn money(text: &MoneyText) -> Result<Money, StoreError> {
    Money::try_from(text).map_err(refused("money"))
}

pub(crate) fn some_money(text: Option<&MoneyText>) -> Result<Option<Money>, StoreError> {
    text.map(money).transpose()
}

/// An amount whose currency is elsewhere in the document.
pub(crate) fn amount(text: &str, currency: Currency) -> Result<Money, StoreError> {
    Money::parse(text, currency).map_err(refused("money"))
}

pub(crate) fn some_amount(
    text: Option<&str>,
    currency: Currency,
) -> Result<Option<Money>, StoreError> {
    text.map(|text| amount(text, currency)).transpose()
}

pub(crate) fn decimal(text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(refused("decimal"))
}

pub(crate) fn quantity(text: &str) -> Result<Quantity, StoreError> {
    Quantity::new(decimal(text)?).map_err(refused("quantity"))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostalDocument {
    name: String,
    line1: String,
    line2: Option<String>,
    city: String,
    region: Option<String>,
    postal_code: String,
    country: String,
}

impl From<&PostalAddress> for PostalDocument {
    fn from(a: &PostalAddress) -> Self {
        Self {
            name: a.name.clone(),
            line1: a.line1.clone(),
            line2: a.line2.clone(),
            city: a.city.clone(),
            region: a.region.clone(),
            postal_code: a.postal_code.clone(),
            country: a.country.clone(),
        }
    }
}

impl From<PostalDocument> for PostalAddress {
    fn from(a: PostalDocument) -> Self {
        Self {
            name: a.name,
            line1: a.line1,
            line2: a.line2,
            city: a.city,
            region: a.region,
            postal_code: a.postal_code,
            country: a.country,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShippingDocument {
    address_id: Option<String>,
    address: PostalDocument,
    method: String,
    requested_delivery_date: Option<String>,
}

impl From<&Shipping> for ShippingDocument {
    fn from(s: &Shipping) -> Self {
        Self {
            address_id: s.address_id.as_ref().map(ToString::to_string),
            address: PostalDocument::from(&s.address),
            method: s.method.clone(),
            requested_delivery_date: s.requested_delivery_date.clone(),
        }
    }
}

impl ShippingDocument {
    pub(crate) fn read(self) -> Result<Shipping, StoreError> {
        Ok(Shipping {
            address_id: self
                .address_id
                .as_deref()
                .map(AddressId::parse)
                .transpose()
                .map_err(refused("addressId"))?,
            address: self.address.into(),
            method: self.method,
            requested_delivery_date: self.requested_delivery_date,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TotalsDocument {
    product: MoneyText,
    adjustment: MoneyText,
    shipping: MoneyText,
    tax: MoneyText,
    shipping_tax: MoneyText,
    grand: MoneyText,
}

impl From<&Totals> for TotalsDocument {
    fn from(t: &Totals) -> Self {
        Self {
            product: t.product.into(),
            adjustment: t.adjustment.into(),
            shipping: t.shipping.into(),
            tax: t.tax.into(),
            shipping_tax: t.shipping_tax.into(),
            grand: t.grand.into(),
        }
    }
}

impl TotalsDocument {
    pub(crate) fn read(&self) -> Result<Totals, StoreError> {
        Ok(Totals {
            product: money(&self.product)?,
            adjustment: money(&self.adjustment)?,
            shipping: money(&self.shipping)?,
            tax: money(&self.tax)?,
            shipping_tax: money(&self.shipping_tax)?,
            grand: money(&self.grand)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceName {
    Erp,
    Cache,
    List,
    None,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasonName {
    NotCached,
    ErpUnavailable,
    ErpTimeout,
    ErpIncomplete,
    UnknownSku,
    ItemInactive,
    NoPrice,
    UnitNotConvertible,
}

/// A cart has two of them in each of 500 lines: see the document of a cart. Instants are
/// milliseconds.
#[derive(Serialize, Deserialize)]
pub(crate) struct FreshnessDocument {
    #[serde(rename = "s")]
    source: SourceName,
    #[serde(rename = "at", default, skip_serializing_if = "Option::is_none")]
    as_of: Option<i64>,
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    fresh_until: Option<i64>,
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonName>,
}

impl From<&Freshness> for FreshnessDocument {
    fn from(f: &Freshness) -> Self {
        Self {
            source: match f.source {
                ValueSource::Erp => SourceName::Erp,
                ValueSource::Cache => SourceName::Cache,
                ValueSource::List => SourceName::List,
                ValueSource::None => SourceName::None,
            },
            as_of: f.as_of.map(Timestamp::as_millis),
            fresh_until: f.fresh_until.map(Timestamp::as_millis),
            stale: f.stale,
            reason: f.reason.map(|reason| match reason {
                Reason::NotCached => ReasonName::NotCached,
                Reason::ErpUnavailable => ReasonName::ErpUnavailable,
                Reason::ErpTimeout => ReasonName::ErpTimeout,
                Reason::ErpIncomplete => ReasonName::ErpIncomplete,
                Reason::UnknownSku => ReasonName::UnknownSku,
                Reason::ItemInactive => ReasonName::ItemInactive,
                Reason::NoPrice => ReasonName::NoPrice,
                Reason::UnitNotConvertible => ReasonName::UnitNotConvertible,
            }),
        }
    }
}

impl From<FreshnessDocument> for Freshness {
    fn from(f: FreshnessDocument) -> Self {
        Self {
            source: match f.source {
                SourceName::Erp => ValueSource::Erp,
                SourceName::Cache => ValueSource::Cache,
                SourceName::List => ValueSource::List,
                SourceName::None => ValueSource::None,
            },
            as_of: f.as_of.map(Timestamp::from_millis),
            fresh_until: f.fresh_until.map(Timestamp::from_millis),
            stale: f.stale,
            reason: f.reason.map(|reason| match reason {
                ReasonName::NotCached => Reason::NotCached,
                ReasonName::ErpUnavailable => Reason::ErpUnavailable,
                ReasonName::ErpTimeout => Reason::ErpTimeout,
                ReasonName::ErpIncomplete => Reason::ErpIncomplete,
                ReasonName::UnknownSku => Reason::UnknownSku,
                ReasonName::ItemInactive => Reason::ItemInactive,
                ReasonName::NoPrice => Reason::NoPrice,
                ReasonName::UnitNotConvertible => Reason::UnitNotConvertible,
            }),
        }
    }
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AvailabilityName {
    Available,
    Backorderable,
    Unavailable,
    Unknown,
}

impl From<AvailabilityStatus> for AvailabilityName {
    fn from(status: AvailabilityStatus) -> Self {
        match status {
            AvailabilityStatus::Available => Self::Available,
            AvailabilityStatus::Backorderable => Self::Backorderable,
            AvailabilityStatus::Unavailable => Self::Unavailable,
            AvailabilityStatus::Unknown => Self::Unknown,
        }
    }
}

impl From<AvailabilityName> for AvailabilityStatus {
    fn from(status: AvailabilityName) -> Self {
        match status {
            AvailabilityName::Available => Self::Available,
            AvailabilityName::Backorderable => Self::Backorderable,
            AvailabilityName::Unavailable => Self::Unavailable,
            AvailabilityName::Unknown => Self::Unknown,
        }
    }
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReservationName {
    Reserved,
    Backordered,
    Unavailable,
}

impl From<ReservationStatus> for ReservationName {
    fn from(status: ReservationStatus) -> Self {
        match status {
            ReservationStatus::Reserved => Self::Reserved,
            ReservationStatus::Backordered => Self::Backordered,
            ReservationStatus::Unavailable => Self::Unavailable,
        }
    }
}

impl From<ReservationName> for ReservationStatus {
    fn from(status: ReservationName) -> Self {
        match status {
            ReservationName::Reserved => Self::Reserved,
            ReservationName::Backordered => Self::Backordered,
            ReservationName::Unavailable => Self::Unavailable,
        }
    }
}
