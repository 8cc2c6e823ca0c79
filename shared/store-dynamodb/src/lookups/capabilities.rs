//! The capabilities that the ERP declared: one record per store.

use app::ports::StoreError;
use app::ports::erp::Capabilities;
use app::ports::lookups::CachedCapabilities;
use domain::ids::StoreId;
use domain::price::PriceScope;
use domain::submission::DuplicateProtection;

use crate::attribute::{
    Attributes, Record, corrupt, get_instant, get_number, get_parsed, instant, number, text,
};
use crate::key::joined;

/// How long the record lives unless it is written again, in seconds.
const RECORD_SECONDS: i64 = 30 * 86_400;

pub(super) fn key(store: &StoreId) -> String {
    joined(&["capabilities", store.as_str()])
}

pub(super) fn write(store: &StoreId, declared: &CachedCapabilities) -> Attributes {
    let capabilities = &declared.capabilities;
    let at = declared.declared_at;
    Record::empty()
        .with("pk", text(key(store)))
        .with("asOf", instant(at))
        .with(
            "expiresAt",
            number(at.plus_seconds(RECORD_SECONDS).as_seconds()),
        )
        .with(
            "submission",
            text(match capabilities.submission {
                DuplicateProtection::IdempotencyKey => "idempotency-key",
                DuplicateProtection::Lookup => "lookup",
                DuplicateProtection::None => "none",
            }),
        )
        .with(
            "priceScope",
            text(match capabilities.price_scope {
                PriceScope::Organization => "organization",
                PriceScope::User => "user",
            }),
        )
        .with(
            "quantityBreaks",
            text(if capabilities.quantity_breaks {
                "yes"
            } else {
                "no"
            }),
        )
        .with("maxItemsPerCall", number(capabilities.max_items_per_call))
        .with("maxLines", number(capabilities.max_lines))
        .with("maxConcurrency", number(capabilities.max_concurrency))
        .into_attributes()
}

pub(super) fn read(record: &Attributes) -> Result<CachedCapabilities, StoreError> {
    let count = |name: &str| {
        Some(get_number::<usize>(record, name)?)
            .filter(|count| *count > 0)
            .ok_or_else(|| corrupt(name))
    };
    let capabilities = Capabilities {
        submission: get_parsed(record, "submission", |text| match text {
            "idempotency-key" => Ok(DuplicateProtection::IdempotencyKey),
            "lookup" => Ok(DuplicateProtection::Lookup),
            "none" => Ok(DuplicateProtection::None),
            _ => Err(()),
        })?,
        price_scope: get_parsed(record, "priceScope", |text| match text {
            "organization" => Ok(PriceScope::Organization),
            "user" => Ok(PriceScope::User),
            _ => Err(()),
        })?,
        quantity_breaks: get_parsed(record, "quantityBreaks", |text| match text {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(()),
        })?,
        max_items_per_call: count("maxItemsPerCall")?,
        max_lines: count("maxLines")?,
        max_concurrency: count("maxConcurrency")?,
    };
    Ok(CachedCapabilities {
        capabilities,
        declared_at: get_instant(record, "asOf")?,
    })
}
