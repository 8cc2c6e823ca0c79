//! `POST /orders` and `POST /quotes`, both with an `Idempotency-Key`.

use serde::{Deserialize, Serialize};

use super::lenient;
use super::value::{Customer, OrderLine, Payment, QuoteLine, Shipping, Totals};
use crate::value::Money;

/// An order. The ERP makes at most one of a reference, and turns the named reservation or quote
/// into it in the same step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequest {
    /// The order's id on this side; it never changes.
    pub reference: String,
    /// The online store.
    pub store: String,
    /// The reference of the reservation to consume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    /// The ERP's number of the quote to order, or its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Who buys.
    pub customer: Customer,
    /// An ISO 4217 code.
    pub currency: String,
    /// What, at which prices.
    pub lines: Vec<OrderLine>,
    /// Where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// The organization's address that the invoice goes to, by the id that both sides use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address_id: Option<String>,
    /// The grand total that the buyer accepted; the ERP refuses with `total_changed` when its own
    /// differs.
    pub accepted_total: Money,
    /// The buyer's own number. Never a key: buyers repeat theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    /// How the buyer pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// Free text of the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A request for a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteRequest {
    /// The quote's id on this side; it never changes.
    pub reference: String,
    /// The online store.
    pub store: String,
    /// The reference of the reservation to keep for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    /// Who asks.
    pub customer: Customer,
    /// An ISO 4217 code.
    pub currency: String,
    /// What, with the prices the buyer saw.
    pub lines: Vec<QuoteLine>,
    /// Where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    /// Until when the buyer wants to decide: an instant or a calendar day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_expiry: Option<String>,
    /// Free text of the buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The answer to a submission: 201 with `accepted`, or 202 with the status `pending` when it takes
/// longer.
///
/// Only `accepted: true` together with a number is a confirmation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionAnswer {
    /// The reference that the ERP kept; another one than sent means that the answer is not ours.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
    /// The ERP's number of the order or quote.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_order_id: Option<String>,
    /// The ERP's number of a quote, for an ERP that calls it so.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_quote_id: Option<String>,
    /// The ERP's own status.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<String>,
    /// Whether the ERP accepted the document.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub accepted: Option<bool>,
    /// The amounts, as far as the ERP has them.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub totals: Option<Totals>,
    /// When a quote expires: an instant or a calendar day.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<String>,
}

impl SubmissionAnswer {
    /// The ERP's number, under whichever name it came.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_order_id
            .as_deref()
            .or(self.external_quote_id.as_deref())
    }
}
