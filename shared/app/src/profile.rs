//! What members see and change of themselves and of their organization's addresses.
//!
//! Addresses belong to the organization: its buyers and administrators make, change and remove
//! those made here. Only the ERP changes an address of an export file because the next file would
//! undo a change. A removed address stays stored as inactive: an order that names it may still be
//! on its way to the ERP.

use std::sync::Arc;

use domain::caller::{Customer, Role};
use domain::ids::{AddressId, OrganizationId};
use domain::member::{Address, AddressKind, MemberStatus, OrderRules, Origin, PostalAddress};

use crate::UseCaseError;
use crate::directory::Directory;
use crate::ports::members::{Member, MemberReader};
use crate::ports::registrations::{ProfileChange, ProfileWriter};
use crate::ports::{Clock, Ids, Written};

/// Most addresses that an organization may make here. Those of export files do not count.
pub const MAX_ADDRESSES: usize = 200;

/// The caller: the customer and the roles of the token.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Who, and of which organization.
    pub customer: &'a Customer,
    /// What the token allows.
    pub roles: &'a [Role],
}

/// An address as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressContent {
    /// What it is for.
    pub kind: AddressKind,
    /// Where it is.
    pub postal: PostalAddress,
}

/// What members see and change of themselves.
pub struct Profiles {
    members: Arc<dyn MemberReader>,
    writer: Arc<dyn ProfileWriter>,
    directory: Directory,
    ids: Arc<dyn Ids>,
}

impl Profiles {
    /// Over the given stores.
    #[must_use]
    pub fn new(
        members: Arc<dyn MemberReader>,
        writer: Arc<dyn ProfileWriter>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            directory: Directory::new(members.clone(), clock),
            members,
            writer,
            ids,
        }
    }

    /// Returns the caller and the organization in any status: an applicant sees here that the
    /// decision is pending.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] if the member does not exist; [`UseCaseError::Store`].
    pub async fn me(&self, customer: &Customer) -> Result<Member, UseCaseError> {
        self.members
            .member(customer)
            .await?
            .ok_or(UseCaseError::NotFound)
    }

    /// Changes the caller's profile. A name that the ERP changes later wins over the one given
    /// here.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn change(
        &self,
        customer: &Customer,
        change: &ProfileChange,
    ) -> Result<Member, UseCaseError> {
        let mut member = self.directory.active(customer).await?;
        match self.writer.change_profile(customer, change).await? {
            // The user was active a moment ago and is no longer.
            Written::Conflict => Err(UseCaseError::MemberNotActive),
            Written::Done => {
                member.user.given_name.clone_from(&change.given_name);
                member.user.family_name.clone_from(&change.family_name);
                member.user.language.clone_from(&change.language);
                Ok(member)
            }
        }
    }

    /// Replaces what the organization demands of orders. Orders that were captured before keep to
    /// the rules of their time.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`] for a caller who is not an administrator,
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Invalid`] for a limit below zero or in
    /// another currency than the organization's; [`UseCaseError::Store`].
    pub async fn change_rules(
        &self,
        actor: Actor<'_>,
        rules: OrderRules,
    ) -> Result<Member, UseCaseError> {
        if !actor.roles.contains(&Role::OrgAdmin) {
            return Err(UseCaseError::Forbidden);
        }
        let member = self.directory.active(actor.customer).await?;
        if let Some(limit) = rules.approval_above {
            if limit.currency() != member.organization.currency {
                let message = "a limit must be in the organization's currency";
                return Err(UseCaseError::invalid(
                    "/approvalAbove/currency",
                    "currency_not_allowed",
                    message,
                ));
            }
            if limit.is_negative() {
                return Err(UseCaseError::invalid(
                    "/approvalAbove/amount",
                    "invalid_money",
                    "a limit must not be below zero",
                ));
            }
        }
        self.writer
            .put_rules(&actor.customer.organization, &rules)
            .await?;
        Ok(Member { rules, ..member })
    }

    /// The addresses of the organization that may be used, by id.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn addresses(&self, customer: &Customer) -> Result<Vec<Address>, UseCaseError> {
        self.directory.active(customer).await?;
        let mut addresses = self.members.addresses(&customer.organization).await?;
        addresses.retain(|address| address.status == MemberStatus::Active);
        Ok(addresses)
    }

    /// Makes an address.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`], [`UseCaseError::MemberNotActive`]; [`UseCaseError::Invalid`]
    /// when there are too many; [`UseCaseError::Store`].
    pub async fn add_address(
        &self,
        actor: Actor<'_>,
        content: AddressContent,
    ) -> Result<Address, UseCaseError> {
        self.may_change(actor).await?;
        let organization = &actor.customer.organization;
        let made_here = self
            .members
            .addresses(organization)
            .await?
            .into_iter()
            .filter(in_use)
            .count();
        if made_here >= MAX_ADDRESSES {
            let message = format!("an organization makes at most {MAX_ADDRESSES} addresses here");
            return Err(UseCaseError::invalid("", "too_many_addresses", message));
        }
        let id = AddressId::parse(&self.ids.mint())
            .map_err(|error| UseCaseError::Internal(format!("a minted id {error}")))?;
        let address = made(organization, id, content);
        match self.writer.add_address(&address).await? {
            Written::Done => Ok(address),
            Written::Conflict => Err(UseCaseError::Contention),
        }
    }

    /// Replaces an address that was made here.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`]; [`UseCaseError::Forbidden`], also for an address of the ERP;
    /// [`UseCaseError::MemberNotActive`]; [`UseCaseError::Store`].
    pub async fn change_address(
        &self,
        actor: Actor<'_>,
        id: &AddressId,
        content: AddressContent,
    ) -> Result<Address, UseCaseError> {
        self.may_change(actor).await?;
        self.made_here(&actor.customer.organization, id).await?;
        self.write(made(&actor.customer.organization, id.clone(), content))
            .await
    }

    /// Removes an address that was made here.
    ///
    /// # Errors
    /// As for [`Self::change_address`].
    pub async fn remove_address(
        &self,
        actor: Actor<'_>,
        id: &AddressId,
    ) -> Result<(), UseCaseError> {
        self.may_change(actor).await?;
        let mut address = self.made_here(&actor.customer.organization, id).await?;
        address.status = MemberStatus::Inactive;
        self.write(address).await.map(|_| ())
    }

    async fn may_change(&self, actor: Actor<'_>) -> Result<(), UseCaseError> {
        if !actor
            .roles
            .iter()
            .any(|role| matches!(role, Role::Buyer | Role::OrgAdmin))
        {
            return Err(UseCaseError::Forbidden);
        }
        self.directory.active(actor.customer).await.map(|_| ())
    }

    async fn made_here(
        &self,
        organization: &OrganizationId,
        id: &AddressId,
    ) -> Result<Address, UseCaseError> {
        let found = self.members.address(organization, id).await?;
        let address = found
            .filter(|found| found.status == MemberStatus::Active)
            .ok_or(UseCaseError::NotFound)?;
        if address.origin == Origin::Registered {
            Ok(address)
        } else {
            Err(UseCaseError::Forbidden)
        }
    }

    async fn write(&self, address: Address) -> Result<Address, UseCaseError> {
        match self.writer.change_address(&address).await? {
            Written::Done => Ok(address),
            // It was removed, or an export file took it over, since it was read.
            Written::Conflict => Err(UseCaseError::NotFound),
        }
    }
}

fn in_use(address: &Address) -> bool {
    address.origin == Origin::Registered && address.status == MemberStatus::Active
}

fn made(organization: &OrganizationId, id: AddressId, content: AddressContent) -> Address {
    Address {
        id,
        organization: organization.clone(),
        kind: content.kind,
        postal: content.postal,
        status: MemberStatus::Active,
        origin: Origin::Registered,
    }
}
