//! Registration of organizations and users, and the decision about it.
//!
//! **The answer does not reveal who is known here.** A stranger whose user id already exists gets
//! the usual answer: the registration is stored, marked as taken and without members, and the
//! person who decides rejects it. Only an administrator who makes a user of the own organization
//! gets an error.
//!
//! **Unknown organizations are not found.** A user has to name the organization. Its id is on every
//! invoice and says nothing about a person, whereas a request that is silently dropped would leave
//! the user waiting for an answer that never comes. An organization that is not active gets the
//! same answer, which does not reveal the reason.

mod apply;
mod decide;
pub mod fields;
mod handover;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::caller::{Caller, Customer, Role};
use domain::ids::OrganizationId;
use domain::registration::{Inbox, Registration, RegistrationStatus};
use domain::submission::Transition;

use crate::UseCaseError;
use crate::directory::Directory;
use crate::idempotent::Idempotent;
use crate::ports::idempotency::Respond;
use crate::ports::members::MemberReader;
use crate::ports::registrations::Registrations;
use crate::ports::submissions::SubmitQueue;
use crate::ports::{Clock, Cursor, Ids, Page};

use handover::delay_seconds;

pub use apply::{OrganizationApplication, Person, UserApplication};
pub use decide::Decide;

/// What the use cases of registration work with.
pub struct Registrar {
    /// Registrations.
    pub store: Arc<dyn Registrations>,
    /// Members.
    pub members: Arc<dyn MemberReader>,
    /// Who may decide.
    pub directory: Directory,
    /// Requests that may be repeated.
    pub idempotent: Idempotent,
    /// Wakes the worker.
    pub queue: Arc<dyn SubmitQueue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Makes the responses.
    pub respond: Arc<dyn Respond<Registration>>,
}

impl Registrar {
    /// Returns the registrations that the caller decides about, oldest first: organizations for an
    /// operator, users of the own organization for an administrator.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`] for everybody else, [`UseCaseError::MemberNotActive`],
    /// [`UseCaseError::Store`].
    pub async fn inbox(
        &self,
        caller: &Caller,
        status: RegistrationStatus,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Registration>, UseCaseError> {
        let inbox = self.inbox_of(caller).await?;
        Ok(self.store.inbox(&inbox, status, limit, cursor).await?)
    }

    /// Returns what the caller decides about. The token says which role the caller has, the store
    /// whether the caller is still active.
    async fn inbox_of(&self, caller: &Caller) -> Result<Inbox, UseCaseError> {
        if caller.is(Role::Operator) {
            return Ok(Inbox::Organizations);
        }
        match &caller.organization {
            Some(organization) if caller.is(Role::OrgAdmin) => {
                self.active(caller, organization).await?;
                Ok(Inbox::Users(organization.clone()))
            }
            _ => Err(UseCaseError::Forbidden),
        }
    }

    async fn active(
        &self,
        caller: &Caller,
        organization: &OrganizationId,
    ) -> Result<(), UseCaseError> {
        let customer = Customer {
            organization: organization.clone(),
            user: caller.user.clone(),
        };
        self.directory.active(&customer).await.map(|_| ())
    }

    /// Enqueues submissions. If the queue is not available, `reconcile` finds them within a minute
    /// because they are due.
    async fn enqueue(&self, submissions: &[Transition]) {
        for Transition { submission, .. } in submissions {
            let (id, delay) = (submission.id(), delay_seconds(submission));
            if let Err(error) = self.queue.enqueue(id, delay).await {
                tracing::warn!(
                    %error, submission.id = %id,
                    "a submission was not enqueued; reconcile will enqueue it"
                );
            }
        }
    }
}
