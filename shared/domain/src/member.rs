//! Members: organizations, their users, their addresses.

use crate::caller::Role;
use crate::ids::{AddressId, Language, OrganizationId, UserId};
use crate::money::{Currency, Money};

/// Whether a member may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// Registered here; no administrator has decided yet.
    Pending,
    /// May act.
    Active,
    /// The ERP no longer has the member, or has closed it.
    Inactive,
    /// Registered here, and the registration was rejected.
    Rejected,
}

impl MemberStatus {
    /// The status by its name in files and records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pending" => Self::Pending,
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }

    /// The name in files and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Rejected => "rejected",
        }
    }
}

/// Where a member came from: a load never removes members who registered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An export file.
    Erp,
    /// The storefront.
    Registered,
}

/// A customer organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The organization above.
    pub parent: Option<OrganizationId>,
    /// Whether its users may act.
    pub status: MemberStatus,
    /// The currency of its carts; a buyer cannot choose another one.
    pub currency: Currency,
    /// Its tax number, where one is known.
    pub tax_id: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// An organization's rules for the orders of its buyers. Its administrators set them here; export
/// files do not contain them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderRules {
    /// Whether an order must carry the buyer's purchase order number.
    pub purchase_order_number_required: bool,
    /// The grand total above which an order waits for an approver; `None` = no order waits.
    pub approval_above: Option<Money>,
}

impl OrderRules {
    /// Whether an order of this grand total waits for an approver. A limit in another currency,
    /// which the organization had before, cannot be compared with the total: then a person decides.
    #[must_use]
    pub fn needs_approval(&self, total: Money) -> bool {
        self.approval_above.is_some_and(|limit| {
            limit.currency() != total.currency() || total.amount() > limit.amount()
        })
    }
}

/// A user of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its identifier.
    pub id: UserId,
    /// The organization.
    pub organization: OrganizationId,
    /// The e-mail address. Personal: never logged.
    pub email: String,
    /// Given name; may be empty.
    pub given_name: String,
    /// Family name; may be empty.
    pub family_name: String,
    /// What the user may do.
    pub roles: Vec<Role>,
    /// The language of pages and texts.
    pub language: Option<Language>,
    /// Whether the user may act.
    pub status: MemberStatus,
    /// Where the user came from.
    pub origin: Origin,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Invoices.
    Billing,
    /// Deliveries.
    Shipping,
}

impl AddressKind {
    /// The kind by its name in files and messages.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "billing" => Self::Billing,
            "shipping" => Self::Shipping,
            _ => return None,
        })
    }

    /// The name in files and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::Shipping => "shipping",
        }
    }
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// A second line for street and number.
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// State, province or canton.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// An address of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its identifier.
    pub id: AddressId,
    /// The organization that owns it.
    pub organization: OrganizationId,
    /// What it is for.
    pub kind: AddressKind,
    /// Where it is.
    pub postal: PostalAddress,
    /// Whether it may be used.
    pub status: MemberStatus,
    /// Where it came from.
    pub origin: Origin,
}
