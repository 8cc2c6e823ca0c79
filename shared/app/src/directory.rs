//! The user and the organization behind a verified token.

use std::sync::Arc;

use domain::caller::Customer;
use domain::member::MemberStatus;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::members::{MemberReader, Membership};
use crate::ttl_cache::TtlCache;

/// How long an instance remembers a member, for requests that only read. A request that writes
/// reads the member again.
const REMEMBER_MS: i64 = 30_000;

/// Finds members.
pub struct Directory {
    members: Arc<dyn MemberReader>,
    remembered: TtlCache<Customer, Arc<Membership>>,
}

impl Directory {
    /// Finds the members in a store.
    #[must_use]
    pub fn new(members: Arc<dyn MemberReader>, clock: Arc<dyn Clock>) -> Self {
        Self {
            members,
            remembered: TtlCache::new(clock, REMEMBER_MS, 2_000),
        }
    }

    /// The member behind a token, read at most half a minute ago. May be pending or inactive.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`] if the member no longer exists; [`UseCaseError::Store`].
    pub async fn recent(&self, customer: &Customer) -> Result<Arc<Membership>, UseCaseError> {
        if let Some(member) = self.remembered.get(customer) {
            return Ok(member);
        }
        let member = Arc::new(
            self.members
                .member(customer)
                .await?
                .ok_or(UseCaseError::MemberNotActive)?,
        );
        self.remembered.put(customer.clone(), member.clone());
        Ok(member)
    }

    /// The active member behind a token, read now. Such a member may prepare and submit.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`] if the user or the organization is not active;
    /// [`UseCaseError::Store`].
    pub async fn active(&self, customer: &Customer) -> Result<Membership, UseCaseError> {
        let member = self
            .members
            .member(customer)
            .await?
            .ok_or(UseCaseError::MemberNotActive)?;
        let active = member.user.status == MemberStatus::Active
            && member.organization.status == MemberStatus::Active;
        if active {
            Ok(member)
        } else {
            Err(UseCaseError::MemberNotActive)
        }
    }
}
