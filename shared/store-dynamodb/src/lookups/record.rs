//! The record of a cached price or availability.

use app::ports::StoreError;
use app::ports::lookups::{
    AvailabilityEntry, AvailabilityKey, LeaseFailure, LookupKey, PriceEntry, PriceKey, Slot,
};
use domain::availability::{Availability, AvailabilityStatus};
use domain::freshness::{Absence, Reason};
use domain::ids::Unit;
use domain::money::{Currency, Money};
use domain::price::{OfferPrice, QuantityBreak};
use domain::quantity::Quantity;
use domain::time::Timestamp;

use crate::attribute::{
    Attributes, Record, corrupt, find_decimal, find_instant, find_parsed, find_text, get_decimal,
    get_instant, get_list, get_number, get_parsed, instant, number, text,
};
use crate::key::joined;

/// The key of a price: every input of the answer, each in its own part.
pub(super) fn price_key(key: &PriceKey) -> String {
    let quantity = key.quantity.map(|q| q.value().normalize().to_string());
    joined(&[
        "price",
        key.store.as_str(),
        key.customer.organization.as_str(),
        // No user id is empty, so an organization's price never shares a user's key.
        if key.per_user {
            key.customer.user.as_str()
        } else {
            ""
        },
        key.currency.as_str(),
        key.sku.as_str(),
        key.unit.as_str(),
        quantity.as_deref().unwrap_or(""),
    ])
}

/// The key of an availability.
pub(super) fn availability_key(key: &AvailabilityKey) -> String {
    // No location id is empty, so the online store's total never shares a location's key.
    let location = key
        .location
        .as_ref()
        .map_or("", |location| location.as_str());
    joined(&[
        "availability",
        key.store.as_str(),
        key.sku.as_str(),
        location,
    ])
}

pub(super) fn key(key: &LookupKey) -> String {
    match key {
        LookupKey::Price(key) => price_key(key),
        LookupKey::Availability(key) => availability_key(key),
    }
}

/// The slot that a record is. An unreadable entry counts as absent: the ERP is asked again and the
/// record is replaced.
pub(super) fn slot<E>(
    record: &Attributes,
    read_entry: impl Fn(&Attributes) -> Result<E, StoreError>,
) -> Result<Slot<E>, StoreError> {
    let failure = match (
        find_instant(record, "failedAt")?,
        find_text(record, "failedFor")?,
    ) {
        (Some(at), Some(reason)) => Some(LeaseFailure {
            at,
            reason: parse_reason(reason),
        }),
        _ => None,
    };
    Ok(Slot {
        entry: read_entry(record).ok(),
        revision: find_text(record, "revision")?.map(str::to_owned),
        leased_until: find_instant(record, "leaseUntil")?,
        failure,
    })
}

/// The name of a reason in a record.
pub(super) fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::NotCached => "not_cached",
        Reason::ErpUnavailable => "erp_unavailable",
        Reason::ErpTimeout => "erp_timeout",
        Reason::ErpIncomplete => "erp_incomplete",
        Reason::UnknownSku => "unknown_sku",
        Reason::ItemInactive => "item_inactive",
        Reason::NoPrice => "no_price",
        Reason::UnitNotConvertible => "unit_not_convertible",
    }
}

fn absence_name(absence: Absence) -> &'static str {
    reason_name(Reason::from(absence))
}

fn parse_absence(text: &str) -> Result<Absence, ()> {
    let all = [Absence::UnknownSku, Absence::ItemInactive, Absence::NoPrice];
    all.into_iter()
        .find(|absence| absence_name(*absence) == text)
        .ok_or(())
}

fn parse_reason(text: &str) -> Reason {
    match text {
        "erp_timeout" => Reason::ErpTimeout,
        "erp_incomplete" => Reason::ErpIncomplete,
        _ => Reason::ErpUnavailable,
    }
}

pub(super) fn price(key: &PriceKey, entry: &PriceEntry) -> Result<Attributes, StoreError> {
    let record = Record::empty()
        .with("pk", text(price_key(key)))
        .with("revision", text(revision(entry.as_of)))
        .with("asOf", instant(entry.as_of))
        .with("freshUntil", instant(entry.fresh_until))
        .with("hardUntil", instant(entry.expires_at))
        .with("expiresAt", number(entry.expires_at.as_seconds()));
    let offer = match &entry.offer {
        Ok(offer) => offer,
        Err(absence) => {
            return Ok(record
                .with("absent", text(absence_name(*absence)))
                .into_attributes());
        }
    };
    let step = |step: &QuantityBreak| {
        Record::empty()
            .with("minQuantity", number(step.min_quantity.value()))
            .with("unitPrice", number(step.unit_price.amount()))
            .into_attributes()
    };
    let breaks = offer
        .breaks
        .iter()
        .map(|s| aws_sdk_dynamodb::types::AttributeValue::M(step(s)))
        .collect();
    Ok(record
        .with("currency", text(offer.unit_price.currency().as_str()))
        .with("unitPrice", number(offer.unit_price.amount()))
        .with("breaks", aws_sdk_dynamodb::types::AttributeValue::L(breaks))
        .into_attributes())
}

/// The revision of a record with an entry: a new answer has a new revision.
fn revision(as_of: Timestamp) -> String {
    format!("answered {as_of}")
}

pub(super) fn read_price(record: &Attributes) -> Result<PriceEntry, StoreError> {
    let offer = match find_parsed(record, "currency", Currency::parse)? {
        None => Err(get_parsed(record, "absent", parse_absence)?),
        Some(currency) => {
            let money = |record: &Attributes| {
                Money::new(get_decimal(record, "unitPrice")?, currency)
                    .map_err(|_| corrupt("unitPrice"))
            };
            let mut breaks = Vec::new();
            for step in get_list(record, "breaks")? {
                let step = step.as_m().map_err(|_| corrupt("breaks"))?;
                let min_quantity = Quantity::new(get_decimal(step, "minQuantity")?)
                    .map_err(|_| corrupt("minQuantity"))?;
                breaks.push(QuantityBreak {
                    min_quantity,
                    unit_price: money(step)?,
                });
            }
            Ok(OfferPrice {
                unit_price: money(record)?,
                breaks,
            })
        }
    };
    Ok(PriceEntry {
        offer,
        as_of: get_instant(record, "asOf")?,
        fresh_until: get_instant(record, "freshUntil")?,
        expires_at: get_instant(record, "hardUntil")?,
    })
}

fn status_name(status: AvailabilityStatus) -> &'static str {
    match status {
        AvailabilityStatus::Available => "available",
        AvailabilityStatus::Backorderable => "backorderable",
        AvailabilityStatus::Unavailable => "unavailable",
        AvailabilityStatus::Unknown => "unknown",
    }
}

fn parse_status(text: &str) -> Result<AvailabilityStatus, ()> {
    Ok(match text {
        "available" => AvailabilityStatus::Available,
        "backorderable" => AvailabilityStatus::Backorderable,
        "unavailable" => AvailabilityStatus::Unavailable,
        "unknown" => AvailabilityStatus::Unknown,
        _ => return Err(()),
    })
}

pub(super) fn availability(key: &AvailabilityKey, entry: &AvailabilityEntry) -> Attributes {
    let record = Record::empty()
        .with("pk", text(availability_key(key)))
        .with("revision", text(revision(entry.as_of)))
        .with("asOf", instant(entry.as_of))
        .with("spread", number(entry.jitter))
        .with("hardUntil", instant(entry.expires_at))
        .with("expiresAt", number(entry.expires_at.as_seconds()));
    let known = match &entry.availability {
        Ok(known) => known,
        Err(absence) => {
            return record
                .with("absent", text(absence_name(*absence)))
                .into_attributes();
        }
    };
    record
        .with("status", text(status_name(known.status)))
        .with_some("quantity", known.quantity.map(number))
        .with_some("unit", known.unit.as_ref().map(|unit| text(unit.as_str())))
        .with_some("availableFrom", known.available_from.map(instant))
        .into_attributes()
}

pub(super) fn read_availability(record: &Attributes) -> Result<AvailabilityEntry, StoreError> {
    let availability = match find_text(record, "status")? {
        None => Err(get_parsed(record, "absent", parse_absence)?),
        Some(_) => Ok(Availability {
            status: get_parsed(record, "status", parse_status)?,
            quantity: find_decimal(record, "quantity")?,
            unit: find_parsed(record, "unit", Unit::parse)?,
            available_from: find_instant(record, "availableFrom")?,
        }),
    };
    Ok(AvailabilityEntry {
        availability,
        as_of: get_instant(record, "asOf")?,
        jitter: get_number(record, "spread")?,
        expires_at: get_instant(record, "hardUntil")?,
    })
}
