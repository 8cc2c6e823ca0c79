//! Orders and quotes: placing them, tracking them.

use serde::{Deserialize, Serialize};

use super::members::Verdict;
use crate::value::{Instant, Money, Number};

/// How an order is paid.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Payment {
    /// On account.
    Account {},
    /// By a card that a payment provider keeps.
    CardToken {
        /// The provider's token. Never logged.
        token: String,
    },
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account {} => "Account",
            Self::CardToken { .. } => "CardToken(…)",
        })
    }
}

/// `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    /// The cart that becomes the order.
    pub cart_id: String,
    /// The preparation that the buyer saw.
    pub preparation_id: String,
    /// The grand total that the buyer saw.
    pub accepted_total: Money,
    /// The buyer's number.
    pub purchase_order_number: Option<String>,
    /// An address of the organization.
    pub billing_address_id: Option<String>,
    /// On account, unless given.
    pub payment: Option<Payment>,
    /// A remark for people.
    pub comment: Option<String>,
}

/// `POST /quotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewQuote {
    /// The cart that becomes the request.
    pub cart_id: String,
    /// The preparation that the buyer saw.
    pub preparation_id: Option<String>,
    /// The day until which it should hold, as `2026-12-24`.
    pub requested_expiry: Option<String>,
    /// A remark for people.
    pub comment: Option<String>,
}

/// Where to go from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The order or quote.
    #[serde(rename = "self")]
    pub own: String,
    /// Its timeline.
    pub timeline: String,
}

/// The answer of `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer {
    /// Our id.
    pub order_id: String,
    /// Its state.
    pub state: String,
    /// The ERP's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_order_id: Option<String>,
    /// Why it is rejected or waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where to go from here.
    pub links: Links,
}

/// The answer of `POST /quotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteAnswer {
    /// Our id.
    pub quote_id: String,
    /// Its state.
    pub state: String,
    /// The ERP's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_quote_id: Option<String>,
    /// Why it is rejected or waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where to go from here.
    pub links: Links,
}

/// A line of an order or quote. Whatever the ERP does not show is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentLine {
    /// The line.
    pub line_id: Option<String>,
    /// The item.
    pub sku: Option<String>,
    /// How many.
    pub quantity: Option<Number>,
    /// In which unit.
    pub unit: Option<String>,
    /// The price of one unit.
    pub unit_price: Option<Money>,
    /// The amount of the line.
    pub line_total: Option<Money>,
}

/// What an approver decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// `approve` or `reject`.
    pub decision: Verdict,
    /// Why, in the approver's words.
    pub reason: Option<String>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Instant,
}

impl From<&domain::submission::Approval> for Approval {
    fn from(a: &domain::submission::Approval) -> Self {
        Self {
            decision: if a.approved {
                Verdict::Approve
            } else {
                Verdict::Reject
            },
            reason: a.reason.clone(),
            by: a.by.to_string(),
            at: a.at.into(),
        }
    }
}

/// An order or a quote. The ids are `orderId` and `externalOrderId`, or `quoteId` and
/// `externalQuoteId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Our id of an order, if it came from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// The ERP's number of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_order_id: Option<String>,
    /// Our id of a quote, if it came from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote_id: Option<String>,
    /// The ERP's number of a quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_quote_id: Option<String>,
    /// Its state on its way to the ERP; `confirmed` for one of another channel.
    pub state: String,
    /// The ERP's own status.
    pub status: Option<String>,
    /// Why it is rejected or waiting.
    pub reason: Option<String>,
    /// What an approver decided, if the order had to wait for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// How it came in; `storefront` for one from here.
    pub channel: Option<String>,
    /// When it was placed.
    pub placed_at: Option<Instant>,
    /// Who placed it.
    pub user_id: Option<String>,
    /// The currency.
    pub currency: Option<String>,
    /// The grand total.
    pub total: Option<Money>,
    /// The buyer's number.
    pub purchase_order_number: Option<String>,
    /// Until when a quote holds: an instant, or a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The lines; only in a detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<DocumentLine>>,
    /// When the ERP was asked.
    pub as_of: Instant,
    /// Whether the ERP failed, so that only what was captured here is shown.
    pub stale: bool,
}

/// The answer of `GET /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Orders {
    /// Newest first; what has not arrived in the ERP comes before what has.
    pub orders: Vec<Document>,
    /// When the ERP was asked.
    pub as_of: Instant,
    /// Whether the ERP failed, so that only what was captured here is shown.
    pub stale: bool,
    /// Where the list goes on.
    pub next_cursor: Option<String>,
}

/// The answer of `GET /quotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quotes {
    /// Newest first; what has not arrived in the ERP comes before what has.
    pub quotes: Vec<Document>,
    /// When the ERP was asked.
    pub as_of: Instant,
    /// Whether the ERP failed, so that only what was captured here is shown.
    pub stale: bool,
    /// Where the list goes on.
    pub next_cursor: Option<String>,
}

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEvent {
    /// When.
    pub at: Instant,
    /// What.
    pub event: String,
    /// In which attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The code of why; the words of an approver who did not approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long the ERP took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// Ties the entry to the log.
    pub correlation_id: String,
}

impl From<domain::submission::TimelineEvent> for TimelineEvent {
    fn from(e: domain::submission::TimelineEvent) -> Self {
        Self {
            at: e.at.into(),
            event: e.kind.to_string(),
            attempt: e.attempt,
            reason: e.reason,
            duration_ms: e.duration_ms,
            correlation_id: e.correlation_id,
        }
    }
}

/// The answer of `GET /orders/{id}/timeline` and of `GET /quotes/{id}/timeline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Oldest first.
    pub events: Vec<TimelineEvent>,
}
