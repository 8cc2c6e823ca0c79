//! A registration and the rule of deciding about it.

use domain::ids::{OrganizationId, RegistrationId, UserId};
use domain::member::{Address, MemberStatus, Organization, User};
use domain::time::Timestamp;

use crate::UseCaseError;
use crate::ports::registrations::Inbox;
use crate::registration::fields::Email;

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationStatus {
    /// Nobody decided yet.
    Pending,
    /// The members may act.
    Approved,
    /// The members may not act.
    Rejected,
}

impl RegistrationStatus {
    /// The status by its name in messages and records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pending" => Self::Pending,
            "approved" => Self::Approved,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }

    /// The name in messages and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    fn member_status(self) -> MemberStatus {
        match self {
            Self::Pending => MemberStatus::Pending,
            Self::Approved => MemberStatus::Active,
            Self::Rejected => MemberStatus::Rejected,
        }
    }
}

/// Somebody who registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The e-mail address; in lower case it is the user's id.
    pub email: Email,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
}

/// An organization that registers, with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its first addresses: one for invoices, one for deliveries.
    pub addresses: Vec<Address>,
    /// Its first user.
    pub administrator: User,
}

/// Who registers, with everything that becomes a member's record. The status of each follows the
/// registration's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applicant {
    /// An organization with its administrator.
    Organization(Box<NewOrganization>),
    /// A user of an organization that is there.
    User(Box<User>),
}

/// How a registration was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Why, for the one who asks; people write it.
    pub reason: Option<String>,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// A request to become a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its identifier.
    pub id: RegistrationId,
    /// Who registers.
    pub applicant: Applicant,
    /// Where it stands.
    pub status: RegistrationStatus,
    /// The user id was somebody's when it was made, so no member was written.
    pub taken: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it was decided; none while it is pending.
    pub decision: Option<Decision>,
}

/// What a decision means to a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It becomes this one.
    Becomes(Box<Registration>),
    /// Just so it was decided before.
    Repeated,
}

impl Registration {
    /// The organization that registers, or that the user belongs to.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.user().organization
    }

    /// The user who registers, or who administers the organization that does.
    #[must_use]
    pub fn user(&self) -> &User {
        match &self.applicant {
            Applicant::Organization(new) => &new.administrator,
            Applicant::User(user) => user,
        }
    }

    /// Where it waits for its decision.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        match &self.applicant {
            Applicant::Organization(_) => Inbox::Organizations,
            Applicant::User(user) => Inbox::Users(user.organization.clone()),
        }
    }

    /// Moves it and its members to a status.
    pub(super) fn set_status(&mut self, status: RegistrationStatus) {
        self.status = status;
        let member = status.member_status();
        match &mut self.applicant {
            Applicant::Organization(new) => {
                new.organization.status = member;
                new.administrator.status = member;
                // An address may always be used; what may not is its organization.
                for address in &mut new.addresses {
                    address.status = MemberStatus::Active;
                }
            }
            Applicant::User(user) => user.status = member,
        }
    }

    /// What deciding it means. A decision stands; saying the same again is no mistake.
    ///
    /// # Errors
    /// [`UseCaseError::AlreadyDecided`] when it was decided otherwise.
    pub(super) fn decide(
        &self,
        status: RegistrationStatus,
        decision: Decision,
    ) -> Result<Verdict, UseCaseError> {
        match &self.decision {
            None => {
                let mut decided = self.clone();
                decided.set_status(status);
                decided.decision = Some(decision);
                Ok(Verdict::Becomes(Box::new(decided)))
            }
            Some(before) if self.status == status && before.reason == decision.reason => {
                Ok(Verdict::Repeated)
            }
            Some(_) => Err(UseCaseError::AlreadyDecided),
        }
    }
}
