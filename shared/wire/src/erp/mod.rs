//! The messages of the External System contract, one module per group of operations.
//!
//! Requests are plain: this side fills them, so every field that the contract demands is in the
//! type. Answers are lenient, because real ERPs leave things out, add things and change their
//! minds: unknown fields are ignored, what may be missing is an `Option`, and one unreadable
//! element spoils neither its list nor its answer. Leniency never turns into trust: what could not
//! be read is absent, and absent means *unknown*, never zero and never success.

mod availability;
mod calculation;
mod capabilities;
pub mod codes;
mod error;
mod lenient;
mod member;
mod price;
mod reservation;
mod submission;
mod tracking;
mod value;

#[cfg(test)]
mod tests;

pub use availability::{
    AvailabilityAnswer, AvailabilityItem, AvailabilityRequest, AvailabilityRequestItem,
    AvailabilityStatus,
};
pub use calculation::{
    CalculatedLine, CalculationAnswer, CalculationRequest, PreparationAnswer, PreparationRequest,
    PreparedLine,
};
pub use capabilities::{
    CalculationStyle, Capabilities, Health, ListScope, PreparationStyle, PriceScope,
    ReservationStyle, SubmissionGuarantee,
};
pub use error::{ErrorAnswer, ErrorDetail, Processed};
pub use member::{Administrator, MemberAnswer, OrganizationRequest, UserRequest};
pub use price::{PriceItem, PriceRequest, PriceRequestItem, PricesAnswer, QuantityBreak};
pub use reservation::{ReservationAnswer, ReservationRequest, ReservationStatus, ReservedLine};
pub use submission::{OrderRequest, QuoteRequest, SubmissionAnswer};
pub use tracking::{Document, DocumentCustomer, DocumentLine, DocumentList, FoundAnswer};
pub use value::{
    Address, Customer, ExtraLine, ExtraLineKind, Line, OrderLine, Payment, QuoteLine, Shipping,
    TaxAmount, Totals,
};
