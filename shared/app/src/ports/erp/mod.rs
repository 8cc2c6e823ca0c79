//! The ERP as the use cases need it. One trait per group of operations, so that a use case shows
//! which operations it uses.

mod call;
mod tracking;

use async_trait::async_trait;
use domain::availability::Availability;
use domain::caller::Customer;
use domain::cart::Shipping;
use domain::freshness::Absence;
use domain::ids::{CartId, LineId, LocationId, Sku, SubmissionId, Unit};
use domain::money::{Currency, Money};
use domain::preparation::{ReservationStatus, Totals};
use domain::price::{OfferPrice, PriceScope};
use domain::quantity::Quantity;
use domain::submission::{
    DuplicateProtection, LookupAnswer, SendOutcome, Submission, SubmissionKind,
};
use domain::time::Timestamp;
use rust_decimal::Decimal;

pub use call::{CallContext, ErpError};
pub use tracking::{
    DocumentKind, DocumentPage, DocumentQuery, ErpTracking, Expiry, ExternalDocument, ExternalLine,
};

/// What the ERP declares that it supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// How a repeated submission is distinguished from a new one.
    pub submission: DuplicateProtection,
    /// Whether prices differ between users of an organization.
    pub price_scope: PriceScope,
    /// Whether an offer price includes its quantity breaks, and so is valid for every quantity.
    pub quantity_breaks: bool,
    /// Most items of one price or availability call; at least 1.
    pub max_items_per_call: usize,
    /// Most lines of an order.
    pub max_lines: usize,
    /// Most concurrent calls; at least 1.
    pub max_concurrency: usize,
}

/// Asks for the ERP's capabilities.
#[async_trait]
pub trait ErpCapabilities: Send + Sync {
    /// The declared capabilities; an implementation may cache them for some minutes.
    ///
    /// # Errors
    /// [`ErpError`] if the ERP does not declare them and never did before.
    async fn capabilities(&self, context: &CallContext) -> Result<Capabilities, ErpError>;

    /// Opens a connection for the next call, without a business call.
    ///
    /// # Errors
    /// [`ErpError`] if the ERP cannot be reached.
    async fn reach(&self, context: &CallContext) -> Result<(), ErpError>;

    /// The time limit of a full call for prices or availability, in milliseconds.
    fn lookup_limit_ms(&self) -> i64 {
        5_000
    }
}

/// One item whose price is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceQuestion {
    /// The item.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// In which unit.
    pub unit: Unit,
}

/// The ERP's answer for one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemAnswer<T> {
    /// The value.
    Known(T),
    /// The ERP has no value, and says why.
    Absent(Absence),
    /// No answer, or an unusable one (another currency, two answers, garbage). Never the same as
    /// zero.
    Missing,
}

/// Asks for offer prices.
#[async_trait]
pub trait ErpPrices: Send + Sync {
    /// The best offer price of each item for `customer`, in the order of `items`, exactly one
    /// answer each. One call; `items` has at most as many as the capabilities allow.
    ///
    /// # Errors
    /// [`ErpError`] if no answer is usable.
    async fn prices(
        &self,
        context: &CallContext,
        customer: &Customer,
        currency: Currency,
        items: &[PriceQuestion],
    ) -> Result<Vec<ItemAnswer<OfferPrice>>, ErpError>;
}

/// One item at one location whose availability is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AvailabilityQuestion {
    /// The item.
    pub sku: Sku,
    /// The location; `None` = the online store's total.
    pub location: Option<LocationId>,
}

/// Asks what is in stock.
#[async_trait]
pub trait ErpAvailability: Send + Sync {
    /// The availability of each item, in the order of `items`, exactly one answer each. One call:
    /// the items of `items` at all locations that occur in it.
    ///
    /// # Errors
    /// [`ErpError`] if no answer is usable.
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
    /// The price of one unit; `None` in a reservation.
    pub unit_price: Option<Money>,
}

/// What the ERP reserved for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedLine {
    /// The line of the cart.
    pub id: LineId,
    /// Whether all of it, a part or nothing was reserved.
    pub status: ReservationStatus,
    /// The reserved quantity.
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
    /// One per line of the request, in their order.
    pub lines: Vec<CalculatedLine>,
    /// The totals.
    pub totals: Totals,
}

/// An order to calculate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalculateRequest<'a> {
    /// The cart; the reference in the ERP.
    pub reference: &'a CartId,
    /// The customer who will order.
    pub customer: &'a Customer,
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines with their prices.
    pub lines: &'a [CheckoutLine],
    /// The shipping address and method.
    pub shipping: &'a Shipping,
}

/// Stock to reserve for a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveRequest<'a> {
    /// The cart; the reference in the ERP.
    pub reference: &'a CartId,
    /// The customer who will order.
    pub customer: &'a Customer,
    /// The lines without prices.
    pub lines: &'a [CheckoutLine],
    /// When the reservation ends.
    pub expires_at: Timestamp,
}

/// Prepares an order in the ERP. Every operation may be repeated.
#[async_trait]
pub trait ErpCheckout: Send + Sync {
    /// Reserves stock for a cart; replaces its earlier reservation. Returns one line per line of
    /// the request, in their order.
    ///
    /// # Errors
    /// [`ErpError`]. After any error but a refused connection the reservation may exist: it must be
    /// cancelled.
    async fn reserve(
        &self,
        context: &CallContext,
        request: &ReserveRequest<'_>,
    ) -> Result<Vec<ReservedLine>, ErpError>;

    /// Cancels the reservation of `reference`; succeeds if there is none.
    ///
    /// # Errors
    /// [`ErpError`] if it is unknown whether it was cancelled.
    async fn cancel(&self, context: &CallContext, reference: &str) -> Result<(), ErpError>;

    /// Calculates the amounts of an order.
    ///
    /// # Errors
    /// [`ErpError`], also if a line is missing or an amount has another currency.
    async fn calculate(
        &self,
        context: &CallContext,
        request: &CalculateRequest<'_>,
    ) -> Result<Calculation, ErpError>;
}

/// Sends submissions.
#[async_trait]
pub trait ErpSubmission: Send + Sync {
    /// Sends `submission` once, under its id as reference and idempotency key. Never fails: an
    /// unknown outcome is an outcome.
    async fn submit(&self, context: &CallContext, submission: &Submission) -> SendOutcome;

    /// Looks up the reference of a submission. Never fails: the lack of an answer is one of the
    /// answers.
    async fn find(
        &self,
        context: &CallContext,
        kind: SubmissionKind,
        reference: &SubmissionId,
    ) -> LookupAnswer;

    /// The time limit of a submission with this number of lines, in milliseconds.
    fn time_limit_ms(&self, lines: usize) -> i64;
}
