//! `PUT /reservations/{reference}` and `DELETE /reservations/{reference}`

use serde::{Deserialize, Serialize};

use super::lenient;
use super::value::{Customer, Line};
use crate::value::{Instant, Number};

/// Sets goods aside. Repeating it under the same reference replaces, never doubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservationRequest {
    /// The online store.
    pub store: String,
    /// For whom.
    pub customer: Customer,
    /// What.
    pub lines: Vec<Line>,
    /// Until when; afterwards the goods are free without another call.
    pub expires_at: Instant,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReservationStatus {
    /// The whole quantity is reserved.
    Reserved,
    /// A part of it, perhaps none; the rest comes later.
    Backordered,
    /// Nothing, now or later.
    Unavailable,
    /// A word that this side does not know.
    #[serde(other)]
    Unknown,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservedLine {
    /// The line.
    pub line_id: String,
    /// Absent or unreadable counts as unknown.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub status: Option<ReservationStatus>,
    /// The reserved quantity.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub quantity: Option<Number>,
    /// Why not, such as `unknown_sku`.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
}

/// What is reserved. A missing line is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservationAnswer {
    /// The reference that the ERP kept; another one than asked for means that the answer is not
    /// ours.
    #[serde(
        default,
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<String>,
    /// Until when, if the ERP changed it.
    #[serde(
        default,
        deserialize_with = "lenient::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Instant>,
    /// One entry per asked line.
    #[serde(deserialize_with = "lenient::list")]
    pub lines: Vec<ReservedLine>,
}
