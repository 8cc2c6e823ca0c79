//! The operations by the names that faults, counts and calls use.

use axum::http::Method;

/// An operation of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Capabilities,
    Health,
    Availability,
    Reserve,
    Cancel,
    Prices,
    Calculate,
    Prepare,
    SubmitOrder,
    SubmitQuote,
    Find,
    List,
    Detail,
    Members,
}

impl Operation {
    /// Every name that a fault may carry, `*` aside.
    pub const NAMES: [&'static str; 14] = [
        "capabilities",
        "health",
        "availability",
        "reserve",
        "cancel",
        "prices",
        "calculate",
        "prepare",
        "submit-order",
        "submit-quote",
        "find",
        "list",
        "detail",
        "members",
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::Health => "health",
            Self::Availability => "availability",
            Self::Reserve => "reserve",
            Self::Cancel => "cancel",
            Self::Prices => "prices",
            Self::Calculate => "calculate",
            Self::Prepare => "prepare",
            Self::SubmitOrder => "submit-order",
            Self::SubmitQuote => "submit-quote",
            Self::Find => "find",
            Self::List => "list",
            Self::Detail => "detail",
            Self::Members => "members",
        }
    }

    /// The operation that a request asks for; `None` for what is none, the control routes included.
    pub fn of(method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let by_reference =
            query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("reference=")));
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["capabilities"]) => Some(Self::Capabilities),
            ("GET", ["health"]) => Some(Self::Health),
            ("POST", ["availability"]) => Some(Self::Availability),
            ("PUT", ["reservations", _]) => Some(Self::Reserve),
            ("DELETE", ["reservations" | "preparations", _]) => Some(Self::Cancel),
            ("POST", ["prices"]) => Some(Self::Prices),
            ("POST", ["orders", "calculate"]) => Some(Self::Calculate),
            ("PUT", ["preparations", _]) => Some(Self::Prepare),
            ("POST", ["orders"]) => Some(Self::SubmitOrder),
            ("POST", ["quotes"]) => Some(Self::SubmitQuote),
            ("GET", ["orders" | "quotes"]) if by_reference => Some(Self::Find),
            ("GET", ["orders" | "quotes"]) => Some(Self::List),
            ("GET", ["orders" | "quotes", _]) => Some(Self::Detail),
            ("PUT", ["organizations" | "users", _]) => Some(Self::Members),
            _ => None,
        }
    }
}
