//! Who a caller is: the user and the organization behind a verified token.

use std::sync::Arc;

use domain::caller::Customer;
use domain::member::MemberStatus;

use crate::error::UseCaseError;
use crate::ports::Clock;
use crate::ports::members::{Member, MemberReader};
use crate::ttl_cache::TtlCache;

/// How long an instance trusts what it read of a member for reading prices. Writing anything reads
/// anew.
const KEEP_MS: i64 = 30_000;

/// Finds members.
pub struct Directory {
    members: Arc<dyn MemberReader>,
    memo: TtlCache<Customer, Arc<Member>>,
}

impl Directory {
    /// Over a store of members.
    #[must_use]
    pub fn new(members: Arc<dyn MemberReader>, clock: Arc<dyn Clock>) -> Self {
        Self {
            members,
            memo: TtlCache::new(clock, KEEP_MS, 2_000),
        }
    }

    /// The member behind a token, as read at most half a minute ago; may be pending or inactive.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`] when there is none any more; [`UseCaseError::Store`].
    pub async fn recent(&self, customer: &Customer) -> Result<Arc<Member>, UseCaseError> {
        if let Some(member) = self.memo.get(customer) {
            return Ok(member);
        }
        let member = Arc::new(
            self.members
                .member(customer)
                .await?
                .ok_or(UseCaseError::MemberNotActive)?,
        );
        self.memo.put(customer.clone(), member.clone());
        Ok(member)
    }

    /// The member behind a token, read now, who may prepare and submit.
    ///
    /// # Errors
    /// [`UseCaseError::MemberNotActive`] when the user or the organization may not act;
    /// [`UseCaseError::Store`].
    pub async fn active(&self, customer: &Customer) -> Result<Member, UseCaseError> {
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
