//! The operations of the ERP's contract: method, path and time limit of each stand here and nowhere
//! else in the client.

use app::ports::erp::DocumentKind;
use reqwest::Method;

use crate::config::{TimeLimit, TimeLimits};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation<'a> {
    Health,
    Capabilities,
    Prices,
    Availability,
    Reserve {
        reference: &'a str,
    },
    CancelReservation {
        reference: &'a str,
    },
    Calculate,
    Submit(DocumentKind),
    /// Creates or updates an organization.
    PutOrganization {
        id: &'a str,
    },
    /// Creates or updates a user.
    PutUser {
        id: &'a str,
    },
    /// The documents that match the query; also finds the document of a reference.
    List(DocumentKind),
    Detail {
        kind: DocumentKind,
        id: &'a str,
    },
}

impl<'a> Operation<'a> {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Health | Self::Capabilities | Self::List(_) | Self::Detail { .. } => Method::GET,
            Self::Prices | Self::Availability | Self::Calculate | Self::Submit(_) => Method::POST,
            Self::Reserve { .. } | Self::PutOrganization { .. } | Self::PutUser { .. } => {
                Method::PUT
            }
            Self::CancelReservation { .. } => Method::DELETE,
        }
    }

    /// The segments of the path, which are percent-encoded one by one.
    pub(crate) fn path(self) -> Vec<&'a str> {
        match self {
            Self::Health => vec!["health"],
            Self::Capabilities => vec!["capabilities"],
            Self::Prices => vec!["prices"],
            Self::Availability => vec!["availability"],
            Self::Reserve { reference } | Self::CancelReservation { reference } => {
                vec!["reservations", reference]
            }
            Self::Calculate => vec!["orders", "calculate"],
            Self::Submit(kind) | Self::List(kind) => vec![collection(kind)],
            Self::PutOrganization { id } => vec!["organizations", id],
            Self::PutUser { id } => vec!["users", id],
            Self::Detail { kind, id } => vec![collection(kind), id],
        }
    }

    pub(crate) fn limit(self, limits: &TimeLimits) -> TimeLimit {
        match self {
            Self::Health | Self::Capabilities | Self::Prices | Self::Availability => limits.lookup,
            Self::Reserve { .. } | Self::CancelReservation { .. } | Self::Calculate => {
                limits.checkout
            }
            Self::Submit(_) | Self::PutOrganization { .. } | Self::PutUser { .. } => {
                limits.submission
            }
            Self::List(_) | Self::Detail { .. } => limits.tracking,
        }
    }
}

fn collection(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Order => "orders",
        DocumentKind::Quote => "quotes",
    }
}
