//! What an ERP can do, as it declares it.

use serde::{Deserialize, Serialize};

use super::lenient;

/// How the ERP protects a submission that is sent twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmissionGuarantee {
    /// The same key makes the same order: sending again is safe.
    IdempotencyKey,
    /// No key, but a reference can be asked for: ask first, then send again.
    Lookup,
    /// Neither: a person decides.
    #[default]
    None,
}

/// Whose price a price is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceScope {
    /// All users of an organization see the same.
    Organization,
    /// Each user has an own price.
    #[default]
    User,
}

/// How a document is prepared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreparationStyle {
    /// Reserve, price and calculate are calls of their own.
    #[default]
    Separate,
    /// One call does all three.
    Combined,
}

/// What a reservation is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationStyle {
    /// The goods are reserved.
    Hard,
    /// The goods are noted, and may still go elsewhere.
    Soft,
    /// There are no reservations.
    #[default]
    None,
}

/// How the ERP calculates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalculationStyle {
    /// Nothing is kept.
    Stateless,
    /// A draft is kept under the reference.
    Stored,
    /// It does not calculate.
    #[default]
    None,
}

/// By whom documents can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListScope {
    /// `organization=`
    Organization,
    /// `user=`
    User,
}

/// The answer to `GET /capabilities`. What is missing or unreadable takes the most careful value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capabilities {
    /// Default: none.
    #[serde(deserialize_with = "lenient::or_default")]
    pub submission: SubmissionGuarantee,
    /// Default: user.
    #[serde(deserialize_with = "lenient::or_default")]
    pub price_scope: PriceScope,
    /// Default: separate.
    #[serde(deserialize_with = "lenient::or_default")]
    pub preparation: PreparationStyle,
    /// Default: none.
    #[serde(deserialize_with = "lenient::or_default")]
    pub reservation: ReservationStyle,
    /// Default: none.
    #[serde(deserialize_with = "lenient::or_default")]
    pub calculation: CalculationStyle,
    /// Whether price answers hold quantity breaks. Default: no.
    #[serde(deserialize_with = "lenient::or_default")]
    pub quantity_breaks: bool,
    /// Most items of one availability or price call. Default: 100.
    pub max_items_per_call: u32,
    /// Most lines of one document. Default: 500.
    pub max_lines: u32,
    /// Most calls at a time. Default: 4.
    pub max_concurrency: u32,
    /// Default: empty.
    #[serde(deserialize_with = "lenient::list")]
    pub list_by: Vec<ListScope>,
    /// Digits after the point that a quantity may have. Default: 0.
    #[serde(deserialize_with = "lenient::or_default")]
    pub quantity_decimals: u32,
    /// The zone of its dates, an IANA name. Default: UTC.
    pub time_zone: String,
    /// The version of the contract or of the adapter. Default: empty.
    pub version: String,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            submission: SubmissionGuarantee::default(),
            price_scope: PriceScope::default(),
            preparation: PreparationStyle::default(),
            reservation: ReservationStyle::default(),
            calculation: CalculationStyle::default(),
            quantity_breaks: false,
            max_items_per_call: 100,
            max_lines: 500,
            max_concurrency: 4,
            list_by: Vec::new(),
            quantity_decimals: 0,
            time_zone: "UTC".to_owned(),
            version: String::new(),
        }
    }
}

/// The answer to `GET /health`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`, or the ERP's own word.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
}
