//! Find by reference, list and detail of orders and quotes.

use serde::{Deserialize, Serialize};

use super::lenient;
use super::value::Totals;
use crate::value::{Instant, Money, Number};

/// The answer to `GET /orders?reference=` and `GET /quotes?reference=`. **Found is not accepted**:
/// a crash between the ERP's steps leaves a draft. An ERP that holds several of a reference answers
/// with the accepted one: a caller that gets a draft sends again. Nothing found is a 404 with the
/// code `not_found`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundAnswer {
    /// The reference that was found; another one than asked for means that the answer is not ours.
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
    /// Whether the ERP accepted the document; absent = not accepted.
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

impl FoundAnswer {
    /// The ERP's number, under whichever name it came.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_order_id
            .as_deref()
            .or(self.external_quote_id.as_deref())
    }
}

/// One line of a tracked document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentLine {
    /// The line's id.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub line_id: Option<String>,
    /// The item; lines of other channels may have none.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub sku: Option<String>,
    /// What the ERP calls the item.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// How many units.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Number>,
    /// The unit of the quantity.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit: Option<String>,
    /// The price of one unit.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub unit_price: Option<Money>,
    /// Unit price times quantity.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub line_total: Option<Money>,
    /// The ERP's own status of the line.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<String>,
}

/// The customer of a tracked document; an order by telephone may know the organization alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentCustomer {
    /// The organization.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub organization_id: Option<String>,
    /// The user.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_id: Option<String>,
}

/// An order or quote of any channel, as the ERP tells it. Any field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
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
    /// The id on the side that it came from; ours for what this side submitted.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
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
    /// When it was placed.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub placed_at: Option<Instant>,
    /// Where it came from: `web`, `edi`, `phone`, …
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub channel: Option<String>,
    /// Who bought. The reader of the document checks this, whatever filter was sent.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub customer: Option<DocumentCustomer>,
    /// An ISO 4217 code.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub currency: Option<String>,
    /// The amounts.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub totals: Option<Totals>,
    /// In the detail alone.
    #[serde(
        default,
        deserialize_with = "lenient::optional_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub lines: Option<Vec<DocumentLine>>,
    /// When a quote expires: an instant, or a calendar day that ends in the ERP's zone.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<String>,
    /// The buyer's own number.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub purchase_order_number: Option<String>,
}

impl Document {
    /// The ERP's number, under whichever name it came.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_order_id
            .as_deref()
            .or(self.external_quote_id.as_deref())
    }
}

/// The answer to a list: `orders` or `quotes`, as asked. An answer with neither is not an empty
/// list but a broken answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentList {
    /// The orders of this page.
    #[serde(
        default,
        deserialize_with = "lenient::optional_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub orders: Option<Vec<Document>>,
    /// The quotes of this page.
    #[serde(
        default,
        deserialize_with = "lenient::optional_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub quotes: Option<Vec<Document>>,
    /// Where the next page starts; absent on the last.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_cursor: Option<String>,
}
