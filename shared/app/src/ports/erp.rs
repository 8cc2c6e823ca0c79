//! The ERP, as the use cases need it. One trait per group of operations, so that a use case shows
//! what it touches.

use async_trait::async_trait;
use domain::availability::Availability;
use domain::caller::Customer;
use domain::cart::Shipping;
use domain::freshness::Absence;
use domain::ids::{
    CartId, ExternalId, LineId, LocationId, OrganizationId, Sku, SubmissionId, Unit, UserId,
};
use domain::money::{Currency, Money};
use domain::preparation::{ReservationStatus, Totals};
use domain::price::{OfferPrice, PriceScope};
use domain::quantity::Quantity;
use domain::submission::{
    DuplicateProtection, LookupAnswer, SendOutcome, Submission, SubmissionKind,
};
use domain::time::Timestamp;
use rust_decimal::Decimal;

/// What every call carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallContext {
    /// When the caller gives up. No call starts that cannot finish before it, and none outlives it.
    pub deadline: Timestamp,
    /// Travels to the ERP, so that its log and ours can be laid side by side.
    pub correlation_id: String,
}

/// A read, or a write that may be repeated at will, did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErpError {
    /// It could not be reached, is busy, or failed. The text is a stable code such as
    /// `connection_refused`, `status_500`.
    #[error("the ERP is unavailable ({0})")]
    Unavailable(&'static str),
    /// It did not answer in time.
    #[error("the ERP did not answer in time")]
    Timeout,
    /// It answered that it will not do this.
    #[error("the ERP refused ({code})")]
    Refused {
        /// The ERP's code; decides.
        code: String,
        /// The ERP's words; for operators' eyes only.
        reason: Option<String>,
    },
    /// It answered something that the contract does not allow. The text says what, without data.
    #[error("the ERP's answer is not usable ({0})")]
    Invalid(&'static str),
    /// Too little time was left to begin.
    #[error("too little time was left to ask the ERP")]
    NoTime,
}

/// What the ERP declares that it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// How a repeated submission is told from a new one.
    pub submission: DuplicateProtection,
    /// Whose price an offer price is.
    pub price_scope: PriceScope,
    /// Whether an offer price comes with its quantity breaks, and so holds for every quantity.
    pub quantity_breaks: bool,
    /// Most items of one price or availability call; at least 1.
    pub max_items_per_call: usize,
    /// Most lines of an order.
    pub max_lines: usize,
    /// Most calls that it bears at once; at least 1.
    pub max_concurrency: usize,
}

/// Asks what the ERP can do.
#[async_trait]
pub trait ErpCapabilities: Send + Sync {
    /// The declared capabilities; an implementation may keep them for some minutes.
    ///
    /// # Errors
    /// [`ErpError`] when the ERP does not say and never said before.
    async fn capabilities(&self, context: &CallContext) -> Result<Capabilities, ErpError>;

    /// Opens a connection, so that the next call need not; without a business call.
    ///
    /// # Errors
    /// [`ErpError`] when the ERP cannot be reached.
    async fn reach(&self, context: &CallContext) -> Result<(), ErpError>;

    /// The longest, in milliseconds, that a full call for prices or availability is given.
    fn lookup_limit_ms(&self) -> i64 {
        5_000
    }
}

/// One item whose price is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceQuestion {
    /// The item.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// In which unit.
    pub unit: Unit,
}

/// What the ERP said of one asked item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemAnswer<T> {
    /// It said this.
    Known(T),
    /// It said that there is nothing to say.
    Absent(Absence),
    /// It did not say, or said something unusable (another currency, twice, garbage). Never the
    /// same as zero.
    Missing,
}

/// Asks for offer prices.
#[async_trait]
pub trait ErpPrices: Send + Sync {
    /// The best offer price of each item for `customer`, in the order of `items`, exactly one
    /// answer each. One call; `items` has at most as many as the capabilities allow.
    ///
    /// # Errors
    /// [`ErpError`] when there is no usable answer at all.
    async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        items: &[PriceQuestion],
    ) -> Result<Vec<ItemAnswer<OfferPrice>>, ErpError>;
}

/// One item at one place whose availability is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AvailabilityQuestion {
    /// The item.
    pub sku: Sku,
    /// The place; none = the online store's total.
    pub location: Option<LocationId>,
}

/// Asks what is in stock.
#[async_trait]
pub trait ErpAvailability: Send + Sync {
    /// The availability of each item, in the order of `items`, exactly one answer each. One call:
    /// the items of `items` at all locations that occur in it.
    ///
    /// # Errors
    /// [`ErpError`] when there is no usable answer at all.
    async fn availability(
        &self,
        context: &CallContext,
        items: &[AvailabilityQuestion],
    ) -> Result<Vec<ItemAnswer<Availability>>, ErpError>;
}

/// A line to reserve or to calculate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutLine {
    /// The line of the cart.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// In which unit.
    pub unit: Unit,
    /// The price of one unit; none while only reserving.
    pub unit_price: Option<Money>,
}

/// What was set aside for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedLine {
    /// The line of the cart.
    pub id: LineId,
    /// Whether it was set aside.
    pub status: ReservationStatus,
    /// How many were.
    pub quantity: Decimal,
}

/// The amounts of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalculatedLine {
    /// The line of the cart.
    pub id: LineId,
    /// The amount of the line.
    pub line_total: Money,
    /// Tax on it, where the ERP has it per line.
    pub tax: Option<Money>,
    /// Shipping of it, where the ERP has it per line.
    pub shipping: Option<Money>,
    /// Discount or surcharge.
    pub adjustment: Option<Money>,
}

/// The amounts of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calculation {
    /// One per line, in the order of the lines asked.
    pub lines: Vec<CalculatedLine>,
    /// The totals.
    pub totals: Totals,
}

/// An order to calculate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalculateRequest<'a> {
    /// The cart; the reference in the ERP.
    pub reference: &'a CartId,
    /// Whose order it will be.
    pub customer: &'a Customer,
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines with their prices.
    pub lines: &'a [CheckoutLine],
    /// Where to and how.
    pub shipping: &'a Shipping,
}

/// Prepares an order in the ERP. Every operation may be repeated at will.
#[async_trait]
pub trait ErpCheckout: Send + Sync {
    /// Sets stock aside for `reference`; replaces what was set aside for it before. Answers one
    /// line per asked line, in their order.
    ///
    /// # Errors
    /// [`ErpError`]. After any error but a refused connection the reservation may stand: it has to
    /// be cancelled.
    async fn reserve(
        &self,
        context: &CallContext,
        reference: &CartId,
        customer: &Customer,
        lines: &[CheckoutLine],
        expires_at: Timestamp,
    ) -> Result<Vec<ReservedLine>, ErpError>;

    /// Releases what was set aside for `reference`; success when nothing was.
    ///
    /// # Errors
    /// [`ErpError`] when nobody knows whether it was released.
    async fn cancel(&self, context: &CallContext, reference: &str) -> Result<(), ErpError>;

    /// Calculates the amounts of an order.
    ///
    /// # Errors
    /// [`ErpError`], also when a line is missing or an amount has another currency.
    async fn calculate(
        &self,
        context: &CallContext,
        request: &CalculateRequest<'_>,
    ) -> Result<Calculation, ErpError>;
}

/// Hands submissions over.
#[async_trait]
pub trait ErpSubmission: Send + Sync {
    /// Sends `submission` once, under its id as reference and idempotency key. Never fails: not
    /// knowing is an outcome.
    async fn submit(&self, context: &CallContext, submission: &Submission) -> SendOutcome;

    /// Asks for the reference of a submission. Never fails: no answer is an answer.
    async fn find(
        &self,
        context: &CallContext,
        kind: SubmissionKind,
        reference: &SubmissionId,
    ) -> LookupAnswer;

    /// The longest, in milliseconds, that a send with so many lines is given.
    fn time_limit_ms(&self, lines: usize) -> i64;
}

/// Orders and quotes are tracked alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Orders.
    Order,
    /// Quotes.
    Quote,
}

/// Until when a quote holds, as the ERP says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// Until this instant.
    At(Timestamp),
    /// Until the end of this day in the ERP's time zone, as `2026-12-24`.
    Day(String),
}

/// A line of an order or quote as the ERP shows it. Anything may be missing.
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

/// An order or quote as the ERP shows it. Anything but the number may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalDocument {
    /// The ERP's number.
    pub external_id: ExternalId,
    /// Our id, where it came from here.
    pub reference: Option<String>,
    /// The ERP's own status.
    pub status: Option<String>,
    /// Whether the ERP accepted it.
    pub accepted: Option<bool>,
    /// When it was placed.
    pub placed_at: Option<Timestamp>,
    /// How it came in.
    pub channel: Option<String>,
    /// Whose it is. Without it nobody may see the document.
    pub organization: Option<OrganizationId>,
    /// Whose it is.
    pub user: Option<UserId>,
    /// The currency.
    pub currency: Option<Currency>,
    /// The grand total.
    pub total: Option<Money>,
    /// The buyer's number.
    pub purchase_order_number: Option<String>,
    /// Until when a quote holds.
    pub expires_at: Option<Expiry>,
    /// The lines; only in a detail.
    pub lines: Vec<ExternalLine>,
}

/// Which documents are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Orders or quotes.
    pub kind: DocumentKind,
    /// Of this organization.
    pub organization: OrganizationId,
    /// Of this user alone.
    pub user: Option<UserId>,
    /// With this status of the ERP.
    pub status: Option<String>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Most documents of the answer.
    pub limit: usize,
}

/// A page of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPage {
    /// The documents without lines.
    pub documents: Vec<ExternalDocument>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Shows what the ERP has, whatever channel it came from.
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

    /// One document with its lines; none when the ERP has no such number.
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
