//! Who calls.

use crate::ids::{OrganizationId, UserId};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Fills carts, orders, asks for quotes.
    Buyer,
    /// Decides about orders over the organization's limit.
    Approver,
    /// Decides about users and addresses of the own organization.
    OrgAdmin,
    /// Operates the integration; belongs to no organization.
    Operator,
}

impl Role {
    /// The role by its name in tokens and files.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "buyer" => Self::Buyer,
            "approver" => Self::Approver,
            "org_admin" => Self::OrgAdmin,
            "operator" => Self::Operator,
            _ => return None,
        })
    }

    /// The name in tokens and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Approver => "approver",
            Self::OrgAdmin => "org_admin",
            Self::Operator => "operator",
        }
    }
}

/// A caller whose token was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's organization; operators have none.
    pub organization: Option<OrganizationId>,
    /// What the user may do.
    pub roles: Vec<Role>,
}

impl Caller {
    /// Whether the caller has `role`.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// A caller as a member of an organization: whose prices, carts and orders a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Customer {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
}
