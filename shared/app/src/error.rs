//! Why a use case did not do what it was asked for. Free of HTTP: `lambda-kit` maps it to status
//! and text.

use domain::money::Money;

use crate::ports::{ErpError, StoreError};

/// Something wrong at one place of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer to the place, such as `/items/3/quantity`; empty for the whole body.
    pub pointer: String,
    /// A stable code.
    pub code: &'static str,
    /// For people; holds nothing but what the caller sent or may see.
    pub message: String,
}

impl FieldError {
    /// An error at a place.
    pub fn new(pointer: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: message.into(),
        }
    }
}

/// Why a use case did not do what it was asked for. Each variant has one stable code; the table
/// is in `lambda-kit`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UseCaseError {
    /// It does not exist, or belongs to another organization.
    #[error("not found")]
    NotFound,
    /// The caller's role does not allow this.
    #[error("forbidden")]
    Forbidden,
    /// The caller, or the caller's organization, is pending, rejected or inactive.
    #[error("the member is not active")]
    MemberNotActive,
    /// The request itself is wrong.
    #[error("invalid request")]
    Invalid(Vec<FieldError>),
    /// Something else was written since the version that the caller named.
    #[error("precondition failed")]
    PreconditionFailed,
    /// Others kept writing the same thing; the caller may try again.
    #[error("too many concurrent changes")]
    Contention,
    /// The cart became an order or a quote.
    #[error("the cart is submitted")]
    CartSubmitted,
    /// The cart would have too many lines.
    #[error("too many lines")]
    TooManyLines,
    /// The cart is larger than the store keeps carts.
    #[error("the cart is too large")]
    CartTooLarge,
    /// The cart has no lines.
    #[error("the cart is empty")]
    CartEmpty,
    /// The cart has no shipping address and method.
    #[error("shipping is missing")]
    ShippingMissing,
    /// The organization demands a purchase order number, and the order has none.
    #[error("a purchase order number is required")]
    PurchaseOrderNumberRequired,
    /// The preparation is missing, over, or of another version of the cart.
    #[error("the preparation does not hold")]
    PreparationInvalid,
    /// The accepted total is not the prepared one.
    #[error("the total changed")]
    TotalChanged {
        /// What the buyer accepted.
        accepted: Money,
        /// What was prepared.
        prepared: Money,
        /// The lines that differ.
        lines: Vec<FieldError>,
    },
    /// Lines cannot be ordered as they are.
    #[error("lines cannot be ordered")]
    LinesRefused(Vec<FieldError>),
    /// A request that must carry an idempotency key has none.
    #[error("an idempotency key is required")]
    IdempotencyKeyRequired,
    /// The key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// The first request with this key still runs.
    #[error("the first request still runs")]
    IdempotencyInProgress,
    /// The thing was decided about already.
    #[error("already decided")]
    AlreadyDecided,
    /// There is one already.
    #[error("already exists")]
    AlreadyExists,
    /// The ERP's own amounts disagree.
    #[error("the ERP's amounts disagree: {0}")]
    AmountsDisagree(String),
    /// The ERP failed where nothing can stand in for it.
    #[error("the ERP failed: {0}")]
    Erp(#[from] ErpError),
    /// The store or the queue failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl UseCaseError {
    /// Whether this failure certainly left nothing behind. A use case reads and decides before it
    /// writes, and a write that was refused or met a conflict took no effect either.
    #[must_use]
    pub fn wrote_nothing(&self) -> bool {
        match self {
            Self::Store(StoreError::Unavailable { .. }) | Self::Internal(_) => false,
            Self::Store(
                StoreError::Throttled { .. }
                | StoreError::Refused { .. }
                | StoreError::Corrupt { .. }
                | StoreError::TooLarge { .. }
                | StoreError::Cursor,
            )
            | Self::NotFound
            | Self::Forbidden
            | Self::MemberNotActive
            | Self::Invalid(_)
            | Self::PreconditionFailed
            | Self::Contention
            | Self::CartSubmitted
            | Self::TooManyLines
            | Self::CartTooLarge
            | Self::CartEmpty
            | Self::ShippingMissing
            | Self::PurchaseOrderNumberRequired
            | Self::PreparationInvalid
            | Self::TotalChanged { .. }
            | Self::LinesRefused(_)
            | Self::IdempotencyKeyRequired
            | Self::IdempotencyKeyReused
            | Self::IdempotencyInProgress
            | Self::AlreadyDecided
            | Self::AlreadyExists
            | Self::AmountsDisagree(_)
            // A request with an idempotency key only reads from the ERP.
            | Self::Erp(_) => true,
        }
    }

    /// One thing wrong at one place.
    pub fn invalid(
        pointer: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, message)])
    }
}
