//! Registrations, and what members change about themselves.

use async_trait::async_trait;
use domain::caller::Customer;
use domain::ids::{Language, OrganizationId, RegistrationId};
use domain::member::{Address, OrderRules};
use domain::registration::{Inbox, Registration, RegistrationStatus};
use domain::submission::Transition;

use super::idempotency::Completion;
use super::{Cursor, Page, StoreError, Written};

/// What a new registration writes, all or nothing.
#[derive(Debug, Clone)]
pub struct NewRegistration<'a> {
    /// The registration. Its members are written with it, unless it says that its user id is taken.
    pub registration: &'a Registration,
    /// What goes to the ERP at once.
    pub submissions: &'a [Transition],
    /// The idempotency record that it completes.
    pub completion: Completion<'a>,
}

/// What became of a write of a registration and its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Registered {
    /// All of it was written.
    Done,
    /// The user id belongs to another user; nothing was written.
    UserIdTaken,
    /// Another write of the registration or of its idempotency key came first; nothing was written.
    Conflict,
}

/// Stores registrations together with the members that they create.
///
/// A user id is free if no user has it, or if the user was rejected: a person who registers with
/// another person's address and is rejected must not lock the owner of the address out.
#[async_trait]
pub trait Registrations: Send + Sync {
    /// Writes a registration, its members, its submissions and its idempotency record in **one**
    /// transaction.
    async fn register(&self, new: &NewRegistration<'_>) -> Result<Registered, StoreError>;

    /// Returns the registration with this id, of any organization.
    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError>;

    /// Returns registrations of an inbox in a status, oldest first. It may lag behind writes by a
    /// moment.
    async fn inbox(
        &self,
        inbox: &Inbox,
        status: RegistrationStatus,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Registration>, StoreError>;

    /// Writes a decided registration, its members as they now are, and what goes to the ERP, in
    /// **one** transaction, if the stored registration is still pending. A rejected registration
    /// leaves members alone that an export file has taken over; an approved one is `UserIdTaken`
    /// then.
    async fn decide(
        &self,
        decided: &Registration,
        submissions: &[Transition],
    ) -> Result<Registered, StoreError>;
}

/// What users change about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// The language of pages and texts; `None` leaves the choice to the storefront.
    pub language: Option<Language>,
}

/// Writes what members change about themselves and their organization.
#[async_trait]
pub trait ProfileWriter: Send + Sync {
    /// Changes a user's profile and nothing else. Returns `Conflict` if the organization does not
    /// have this active user.
    async fn change_profile(
        &self,
        customer: &Customer,
        change: &ProfileChange,
    ) -> Result<Written, StoreError>;

    /// Replaces what an organization demands of orders.
    async fn put_rules(
        &self,
        organization: &OrganizationId,
        rules: &OrderRules,
    ) -> Result<(), StoreError>;

    /// Writes a new address. Returns `Conflict` if its id exists.
    async fn add_address(&self, address: &Address) -> Result<Written, StoreError>;

    /// Replaces an address that was made here. Returns `Conflict` if its id has no
    /// active address, or if the address is the ERP's.
    async fn change_address(&self, address: &Address) -> Result<Written, StoreError>;
}
