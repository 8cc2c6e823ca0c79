//! A registration, and the rule by which it is decided.

use crate::ids::{OrganizationId, RegistrationId, UserId};
use crate::member::{Address, MemberStatus, Organization, User};
use crate::time::Timestamp;

/// The status of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationStatus {
    /// It waits for a decision.
    Pending,
    /// The members may act.
    Approved,
    /// The members may not act.
    Rejected,
}

impl RegistrationStatus {
    /// Reads the name in messages and records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pending" => Self::Pending,
            "approved" => Self::Approved,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }

    /// Returns the name in messages and records.
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

/// An organization that registers, with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its first addresses: one for invoices, one for deliveries.
    pub addresses: Vec<Address>,
    /// Its first user.
    pub administrator: User,
}

/// The members that a registration creates. The status of each follows the status of the
/// registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applicant {
    /// An organization with its administrator.
    Organization(Box<NewOrganization>),
    /// A user of an existing organization.
    User(Box<User>),
}

/// How a registration was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The reason for the applicant, written by a person.
    pub reason: Option<String>,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// Where a registration waits for its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbox {
    /// Organizations, decided by operators.
    Organizations,
    /// Users of an organization, decided by its administrators.
    Users(OrganizationId),
}

/// A request to become a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its identifier.
    pub id: RegistrationId,
    /// Who registers.
    pub applicant: Applicant,
    /// Whether it is decided, and how.
    pub status: RegistrationStatus,
    /// Whether the user id belonged to another user when it was made; no member was written then.
    pub taken: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The decision; `None` while it is pending.
    pub decision: Option<Decision>,
}

/// What a decision does to a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionEffect {
    /// The registration becomes this one.
    Decided(Box<Registration>),
    /// It was already decided in the same way, so nothing changes.
    Repeated,
    /// It was already decided in another way, so nothing changes.
    Contradicted,
}

impl Registration {
    /// Returns a registration that waits for its decision.
    #[must_use]
    pub fn pending(id: RegistrationId, applicant: Applicant, now: Timestamp) -> Self {
        Self {
            id,
            applicant,
            status: RegistrationStatus::Pending,
            taken: false,
            created_at: now,
            decision: None,
        }
    }

    /// Returns the organization that registers, or to which the user belongs.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.user().organization
    }

    /// Returns the user who registers, or who administers the organization that registers.
    #[must_use]
    pub fn user(&self) -> &User {
        match &self.applicant {
            Applicant::Organization(new) => &new.administrator,
            Applicant::User(user) => user,
        }
    }

    /// Returns where it waits for its decision.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        match &self.applicant {
            Applicant::Organization(_) => Inbox::Organizations,
            Applicant::User(user) => Inbox::Users(user.organization.clone()),
        }
    }

    /// Approves a registration that an administrator makes, at the time at which it is made.
    #[must_use]
    pub fn approved_by(mut self, by: UserId) -> Self {
        self.set_status(RegistrationStatus::Approved);
        self.decision = Some(Decision {
            reason: None,
            by,
            at: self.created_at,
        });
        self
    }

    /// Decides. A decision is final; the same decision again is not an error.
    #[must_use]
    pub fn decide(&self, status: RegistrationStatus, decision: Decision) -> DecisionEffect {
        match &self.decision {
            None => {
                let mut decided = self.clone();
                decided.set_status(status);
                decided.decision = Some(decision);
                DecisionEffect::Decided(Box::new(decided))
            }
            Some(before) if self.status == status && before.reason == decision.reason => {
                DecisionEffect::Repeated
            }
            Some(_) => DecisionEffect::Contradicted,
        }
    }

    fn set_status(&mut self, status: RegistrationStatus) {
        self.status = status;
        let member = status.member_status();
        match &mut self.applicant {
            Applicant::Organization(new) => {
                new.organization.status = member;
                new.administrator.status = member;
                // The status of the organization decides whether its addresses can be used.
                for address in &mut new.addresses {
                    address.status = MemberStatus::Active;
                }
            }
            Applicant::User(user) => user.status = member,
        }
    }
}
