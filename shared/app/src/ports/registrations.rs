//! Registrations, and what members change about themselves.

use async_trait::async_trait;
use domain::caller::Customer;
use domain::ids::{Language, OrganizationId, RegistrationId};
use domain::member::{Address, OrderRules};
use domain::registration::{Inbox, Registration, RegistrationStatus};
use domain::submission::{Submission, TimelineEvent};

use super::submissions::StoredResponse;
use super::{Cursor, Page, StoreError, Written};
use crate::idempotent::HeldKey;

/// What a new registration writes, all or nothing.
#[derive(Debug, Clone)]
pub struct NewRegistration<'a> {
    /// The registration. Its members are written with it, unless it says that its user id is taken.
    pub registration: &'a Registration,
    /// What is handed to the ERP at once, each with the first entry of its timeline.
    pub submissions: &'a [(Submission, TimelineEvent)],
    /// The idempotency record that it completes, with the answer.
    pub answer: (&'a HeldKey, &'a StoredResponse),
}

/// What became of a write of a registration and its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Registered {
    /// All of it was written.
    Done,
    /// The user id belongs to somebody; nothing was written.
    Taken,
    /// Somebody else was faster with the registration or its idempotency key; nothing was written.
    Conflict,
}

/// Keeps registrations together with the members that they are about.
///
/// A user id is free when no user has it, or when it was refused: who registers with somebody
/// else's address and is rejected must not keep its owner out for ever.
#[async_trait]
pub trait Registrations: Send + Sync {
    /// Writes a registration, its members, its submissions and its idempotency record in **one**
    /// transaction.
    async fn register(&self, new: &NewRegistration<'_>) -> Result<Registered, StoreError>;

    /// The registration with this id, whoever it belongs to.
    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError>;

    /// Registrations of an inbox in a status, oldest first. May lag behind writes by a moment.
    async fn inbox(
        &self,
        inbox: &Inbox,
        status: RegistrationStatus,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Registration>, StoreError>;

    /// Writes a decided registration, its members as they now are, and what is handed to the ERP,
    /// in **one** transaction, if the stored registration is still pending. A rejected registration
    /// leaves members alone that are no longer its own, because an export file brought them; an
    /// approved one is `Taken` then.
    async fn decide(
        &self,
        decided: &Registration,
        submissions: &[(Submission, TimelineEvent)],
    ) -> Result<Registered, StoreError>;
}

/// What users say about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// The language of pages and texts; none = the storefront's own choice.
    pub language: Option<Language>,
}

/// Writes what members change about themselves and their organization.
#[async_trait]
pub trait ProfileWriter: Send + Sync {
    /// Changes a user's profile and nothing else. `Conflict` when the organization has no such
    /// active user.
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

    /// Writes a new address. `Conflict` when its id exists.
    async fn add_address(&self, address: &Address) -> Result<Written, StoreError>;

    /// Replaces an address that was made here. `Conflict` when there is no active one of its id, or
    /// it is the ERP's.
    async fn change_address(&self, address: &Address) -> Result<Written, StoreError>;
}
