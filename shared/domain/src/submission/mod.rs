//! A submission: something captured here that the ERP must get exactly once in effect.

mod approval;
mod machine;
mod operator;
#[cfg(test)]
mod tests;

use crate::cart::Shipping;
use crate::ids::{
    AddressId, CartId, ExternalId, LineId, OrganizationId, Sku, SubmissionId, Unit, UserId,
};
use crate::member::{Organization, User};
use crate::money::{Currency, Money};
use crate::preparation::Totals;
use crate::quantity::Quantity;
use crate::time::Timestamp;

pub use approval::{Approval, Decided};
pub use machine::{
    Answer, DuplicateProtection, Found, LIMITS, Limits, NextStep, Outcome, RELEASE_TRIES, next_step,
};
pub use operator::{NotDecidable, Resolution};

/// What is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubmissionKind {
    /// An order.
    Order,
    /// A request for a quote.
    Quote,
    /// An organization that registered here and was approved.
    Organization,
    /// A user who registered here and was approved.
    User,
}

/// Where a submission stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Captured; an approver decides whether it goes on.
    AwaitingApproval,
    /// Captured; nobody sent it yet.
    Accepted,
    /// Somebody sends it right now, or died doing so: the lease tells.
    Sending,
    /// The ERP has it. Final.
    Confirmed,
    /// The ERP refused it. Final.
    Rejected,
    /// The ERP certainly did not process it; it is sent again later.
    Waiting,
    /// Nobody knows whether the ERP processed it; the ERP is asked for the reference.
    Unknown,
    /// A person has to decide.
    NeedsAttention,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::AwaitingApproval,
        Self::Accepted,
        Self::Sending,
        Self::Confirmed,
        Self::Rejected,
        Self::Waiting,
        Self::Unknown,
        Self::NeedsAttention,
    ];

    /// The name in messages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Accepted => "accepted",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::NeedsAttention => "needs_attention",
        }
    }

    /// The state by its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it stays so.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Confirmed | Self::Rejected)
    }
}

/// A line as it is ordered or asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The line of the cart.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// The item's name.
    pub name: String,
    /// The quantity.
    pub quantity: Quantity,
    /// The unit.
    pub unit: Unit,
    /// The price of one unit that the buyer accepted; a quote may have none.
    pub unit_price: Option<Money>,
    /// The amount of the line; a quote may have none.
    pub line_total: Option<Money>,
}

/// How an order is paid. A token is never logged.
#[derive(Clone, PartialEq, Eq)]
pub enum Payment {
    /// On account, by purchase order.
    Account,
    /// By a card that a payment provider keeps.
    CardToken(String),
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "Account",
            Self::CardToken(_) => "CardToken(…)",
        })
    }
}

/// An order as the buyer committed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// The amounts that the ERP calculated when it was prepared.
    pub totals: Totals,
    /// The grand total that the buyer accepted; the same as the one calculated.
    pub accepted_total: Money,
    /// Where to and how.
    pub shipping: Shipping,
    /// The address for the invoice, of the organization's own.
    pub billing_address: Option<AddressId>,
    /// The buyer's number. Never a key.
    pub purchase_order_number: Option<String>,
    /// How it is paid.
    pub payment: Payment,
    /// A remark for people.
    pub comment: Option<String>,
}

/// A request for a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRequest {
    /// The cart that it was made from.
    pub cart: CartId,
    /// The currency of every amount.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// Where to and how, as far as the cart knew.
    pub shipping: Option<Shipping>,
    /// The day until which the buyer wishes it to hold, as `2026-12-24`.
    pub requested_expiry: Option<String>,
    /// A remark for people.
    pub comment: Option<String>,
}

/// What is in a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An order.
    Order(Box<Order>),
    /// A request for a quote.
    Quote(Box<QuoteRequest>),
    /// An approved organization.
    Organization(Box<Organization>),
    /// An approved user.
    User(Box<User>),
}

impl Content {
    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> SubmissionKind {
        match self {
            Self::Order(_) => SubmissionKind::Order,
            Self::Quote(_) => SubmissionKind::Quote,
            Self::Organization(_) => SubmissionKind::Organization,
            Self::User(_) => SubmissionKind::User,
        }
    }

    /// How many lines it has: the ERP's time limit grows with them.
    #[must_use]
    pub fn line_count(&self) -> usize {
        match self {
            Self::Order(order) => order.lines.len(),
            Self::Quote(quote) => quote.lines.len(),
            Self::Organization(_) | Self::User(_) => 1,
        }
    }
}

/// Somebody's exclusive right to work on a submission for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// A token of whoever holds it.
    pub owner: String,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// Why the ERP refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The ERP's code; decides.
    pub code: String,
    /// The ERP's words; for operators' eyes only, for they may hold names.
    pub reason: Option<String>,
}

/// Something captured here that the ERP must get exactly once in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its identifier; the `reference` in the ERP, and the idempotency key of every send.
    pub id: SubmissionId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Who submitted it.
    pub user: UserId,
    /// Where it stands.
    pub state: State,
    /// Grows by one with every write; every write expects the revision that it read.
    pub revision: u64,
    /// Sends started.
    pub attempt: u32,
    /// Sends whose end nobody knows and of which the ERP has no trace.
    pub untraced: u32,
    /// Failures in a row; sets the backoff.
    pub failures: u32,
    /// Who works on it.
    pub lease: Option<Lease>,
    /// When the last send started.
    pub last_sent_at: Option<Timestamp>,
    /// A refusal that is not final before the reference was asked for.
    pub refusal: Option<Refusal>,
    /// When somebody must look at it next; none when nothing is left to do. A rejected order is due
    /// until what was set aside for it is released.
    pub due_at: Option<Timestamp>,
    /// When it was captured.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The ERP's number of it.
    pub external_id: Option<ExternalId>,
    /// The ERP's own status of it.
    pub external_status: Option<String>,
    /// The code of why it is rejected, waiting, unknown or in need of attention; the approver's
    /// words where one did not approve.
    pub reason: Option<String>,
    /// What an approver decided, if the order had to wait for one.
    pub approval: Option<Approval>,
    /// The correlation id of the request that captured it; travels to the ERP.
    pub correlation_id: String,
    /// What is in it.
    pub content: Content,
}

/// What happened to a submission, in the order of happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// When.
    pub at: Timestamp,
    /// What, in the past tense.
    pub event: std::borrow::Cow<'static, str>,
    /// In which attempt.
    pub attempt: Option<u32>,
    /// The code of why.
    pub reason: Option<String>,
    /// How long the ERP took.
    pub duration_ms: Option<i64>,
    /// The correlation id of the work.
    pub correlation_id: String,
}
