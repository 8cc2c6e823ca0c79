//! The error and item codes that the contract names. An ERP may send others; codes decide, texts
//! never do.

/// The ERP does not know the item; `parameters` names the SKU.
pub const UNKNOWN_SKU: &str = "unknown_sku";
/// The ERP knows the item but does not sell it any more.
pub const ITEM_INACTIVE: &str = "item_inactive";
/// The ERP has no price for the item in the asked currency.
pub const NO_PRICE: &str = "no_price";
/// The ERP's own total is not the one the buyer accepted; `parameters` holds its own.
pub const TOTAL_CHANGED: &str = "total_changed";
/// The ERP holds nothing under the asked reference or number.
pub const NOT_FOUND: &str = "not_found";
/// A second submission came for a reference that has one already.
pub const DUPLICATE_REFERENCE: &str = "duplicate_reference";
/// The idempotency key was used for another reference.
pub const IDEMPOTENCY_KEY_REUSED: &str = "idempotency_key_reused";
/// The submission came without an idempotency key.
pub const IDEMPOTENCY_KEY_REQUIRED: &str = "idempotency_key_required";
/// The named quote is not known.
pub const UNKNOWN_QUOTE: &str = "unknown_quote";
/// The named quote has expired.
pub const QUOTE_EXPIRED: &str = "quote_expired";
/// The named quote was ordered before.
pub const QUOTE_ALREADY_ORDERED: &str = "quote_already_ordered";
/// The named quote has not been answered yet.
pub const QUOTE_NOT_OFFERED: &str = "quote_not_offered";
/// The request cannot be read.
pub const INVALID_REQUEST: &str = "invalid_request";
/// The credential is missing or wrong; nothing was processed.
pub const UNAUTHORIZED: &str = "unauthorized";
/// The ERP cannot work now; `processed` says whether it did anything.
pub const UNAVAILABLE: &str = "unavailable";
