//! Orders and quotes of every channel, as the ERP returns them.

use async_trait::async_trait;
use domain::ids::{ExternalId, OrganizationId, UserId};
use domain::money::{Currency, Money};
use domain::time::Timestamp;
use rust_decimal::Decimal;

use super::call::{CallContext, ErpError};

/// Whether a tracked document is an order or a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Orders.
    Order,
    /// Quotes.
    Quote,
}

/// When a quote expires, as the ERP states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// At this instant.
    At(Timestamp),
    /// At the end of this day in the ERP's time zone, such as `2026-12-24`.
    Day(String),
}

/// A line of an order or quote as the ERP returns it. Any field may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExternalLine {
    /// The line.
    pub line_id: Option<String>,
    /// The item.
    pub sku: Option<String>,
    /// How many.
    pub quantity: Option<Decimal>,
    /// In which unit.
    pub unit: Option<String>,
    /// The price of one unit.
    pub unit_price: Option<Money>,
    /// The amount of the line.
    pub line_total: Option<Money>,
}

/// An order or quote as the ERP returns it. Any field but the number may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalDocument {
    /// The ERP's number.
    pub external_id: ExternalId,
    /// Our id, if it was submitted by us.
    pub reference: Option<String>,
    /// The ERP's own status.
    pub status: Option<String>,
    /// Whether the ERP accepted it.
    pub accepted: Option<bool>,
    /// When it was placed.
    pub placed_at: Option<Timestamp>,
    /// The sales channel that it came from, such as `edi`.
    pub channel: Option<String>,
    /// The organization that owns it. A document without one is shown to no caller.
    pub organization: Option<OrganizationId>,
    /// The user who placed it.
    pub user: Option<UserId>,
    /// The currency.
    pub currency: Option<Currency>,
    /// The grand total.
    pub total: Option<Money>,
    /// The buyer's number.
    pub purchase_order_number: Option<String>,
    /// When a quote expires.
    pub expires_at: Option<Expiry>,
    /// The lines; empty in a list.
    pub lines: Vec<ExternalLine>,
}

/// Which documents are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Orders or quotes.
    pub kind: DocumentKind,
    /// Of this organization.
    pub organization: OrganizationId,
    /// Only of this user.
    pub user: Option<UserId>,
    /// With this status of the ERP.
    pub status: Option<String>,
    /// The cursor of the previous page; `None` = the first page.
    pub cursor: Option<String>,
    /// Most documents of the answer.
    pub limit: usize,
}

/// A page of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPage {
    /// The documents without lines.
    pub documents: Vec<ExternalDocument>,
    /// The cursor of the next page; `None` = this is the last.
    pub next_cursor: Option<String>,
}

/// Reads the orders and quotes of every channel.
#[async_trait]
pub trait ErpTracking: Send + Sync {
    /// A page of documents, newest first.
    ///
    /// # Errors
    /// [`ErpError`].
    async fn list(
        &self,
        context: &CallContext,
        query: &DocumentQuery,
    ) -> Result<DocumentPage, ErpError>;

    /// One document with its lines; `None` if the ERP does not have the number.
    ///
    /// # Errors
    /// [`ErpError`].
    async fn detail(
        &self,
        context: &CallContext,
        kind: DocumentKind,
        id: &ExternalId,
    ) -> Result<Option<ExternalDocument>, ErpError>;
}
