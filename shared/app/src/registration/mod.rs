//! Registration of organizations and users, and the decision about it.
//!
//! **Nobody learns who is known here.** A stranger whose user id exists already is answered like
//! any other: the registration is kept, marked as taken and without members, for whoever decides to
//! reject it. Only an administrator who makes a user of the own organization is told.
//!
//! **Unknown organizations are not found.** A user has to name the organization. Its id is on every
//! invoice and tells nothing about a person, while swallowing the request would leave the user
//! waiting for an answer that never comes. An organization that is not active answers the same, so
//! that nobody learns why.

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
use domain::submission::{Submission, TimelineEvent};

use crate::UseCaseError;
use crate::directory::Directory;
use crate::idempotent::Idempotent;
use crate::ports::members::MemberReader;
use crate::ports::registrations::Registrations;
use crate::ports::submissions::{StoredResponse, SubmitQueue};
use crate::ports::{Clock, Cursor, Ids, Page};

use handover::delay_seconds;

pub use apply::{OrganizationApplication, Person, UserApplication};
pub use decide::Decide;

/// Writes the answer of a new registration. The answer is recorded in the transaction of the
/// registration, so it is made before the registration is.
pub type Render<'a> = &'a (dyn Fn(&Registration) -> StoredResponse + Send + Sync);

/// What the use cases of registration work with.
pub struct Registrar {
    store: Arc<dyn Registrations>,
    members: Arc<dyn MemberReader>,
    directory: Directory,
    idempotent: Idempotent,
    queue: Arc<dyn SubmitQueue>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Registrar {
    /// Over the given stores and queue.
    #[must_use]
    pub fn new(
        store: Arc<dyn Registrations>,
        members: Arc<dyn MemberReader>,
        idempotent: Idempotent,
        queue: Arc<dyn SubmitQueue>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let directory = Directory::new(members.clone(), clock.clone());
        Self {
            store,
            members,
            directory,
            idempotent,
            queue,
            clock,
            ids,
        }
    }

    /// The registrations that the caller decides about: an operator's are organizations, an
    /// administrator's are users of the own organization. Oldest first.
    ///
    /// # Errors
    /// [`UseCaseError::Forbidden`] for everybody else, [`UseCaseError::MemberNotActive`], [`UseCaseError::Store`].
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

    /// What the caller decides about. The token says what the caller's role is, the store whether
    /// it still counts.
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

    /// Tells the worker, as well as it goes: what is written is due, and `reconcile` finds it
    /// within a minute.
    async fn enqueue(&self, submissions: &[(Submission, TimelineEvent)]) {
        for (submission, _) in submissions {
            if let Err(error) = self
                .queue
                .enqueue(&submission.id, delay_seconds(submission))
                .await
            {
                tracing::warn!(%error, submission.id = %submission.id, "the worker was not told; reconcile will");
            }
        }
    }
}
