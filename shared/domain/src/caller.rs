//! The caller of a request.

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

    /// The caller as an operator; `None` if the caller does not have [`Role::Operator`].
    #[must_use]
    pub fn operator(&self) -> Option<Operator> {
        self.is(Role::Operator).then(|| Operator(self.user.clone()))
    }
}

/// A caller whose role [`Role::Operator`] was checked. Use cases of operators demand this value, so
/// a route that forgets the check does not compile.
///
/// Only [`Caller::operator`] makes one:
///
/// ```
/// use domain::caller::{Caller, Role};
/// use domain::ids::UserId;
///
/// let user = UserId::parse("u-1")?;
/// let caller = |roles| Caller { user: user.clone(), organization: None, roles };
/// assert!(caller(vec![Role::Operator]).operator().is_some());
/// assert!(caller(vec![Role::Buyer, Role::OrgAdmin]).operator().is_none());
/// # Ok::<(), domain::ids::IdError>(())
/// ```
///
/// ```compile_fail
/// use domain::caller::Operator;
/// use domain::ids::UserId;
///
/// let user = UserId::parse("u-1")?;
/// let operator = Operator(user);
/// # Ok::<(), domain::ids::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator(UserId);

impl Operator {
    /// The user who operates, for the log.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.0
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
