//! The members as the use cases read them.

use async_trait::async_trait;
use domain::caller::Customer;
use domain::ids::{AddressId, OrganizationId, UserId};
use domain::member::{Address, OrderRules, Organization, User};

use super::StoreError;

/// A user with the organization that the user acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The user.
    pub user: User,
    /// The user's organization.
    pub organization: Organization,
    /// What the organization demands of orders.
    pub rules: OrderRules,
}

/// Reads the members. Pending, inactive and rejected ones are returned too: the caller decides
/// whether they may act.
#[async_trait]
pub trait MemberReader: Send + Sync {
    /// User and organization of a customer, and the organization's rules, in one call. `None` if
    /// either does not exist, or the user belongs to another organization.
    async fn member(&self, customer: &Customer) -> Result<Option<Membership>, StoreError>;

    /// The user with the given id.
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;

    /// The organization with the given id.
    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// All addresses of an organization, ordered by id.
    async fn addresses(&self, organization: &OrganizationId) -> Result<Vec<Address>, StoreError>;

    /// One address of an organization.
    async fn address(
        &self,
        organization: &OrganizationId,
        id: &AddressId,
    ) -> Result<Option<Address>, StoreError>;
}
