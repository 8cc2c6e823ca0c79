//! Organizations and users apply.

use domain::caller::{Caller, Role};
use domain::ids::{AddressId, OrganizationId, RegistrationId, UserId};
use domain::member::{
    Address, AddressKind, MemberStatus, Organization, Origin, PostalAddress, User,
};
use domain::money::Currency;
use domain::registration::{Applicant, NewOrganization, Registration};

use super::Registrar;
use super::fields::Email;
use super::handover::submissions;
use crate::UseCaseError;
use crate::idempotent::{Completed, RepeatableRequest};
use crate::ports::idempotency::{Completion, IdempotencyClaim, StoredResponse};
use crate::ports::registrations::{NewRegistration, Registered};

/// A person who registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The e-mail address; in lower case it is the user's id.
    pub email: Email,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
}

/// An organization applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationApplication {
    /// Its name.
    pub name: String,
    /// Its tax number.
    pub tax_id: Option<String>,
    /// The currency of its carts.
    pub currency: Currency,
    /// Its address; also its first address for invoices and for deliveries.
    pub address: PostalAddress,
    /// Its first user, who administers and buys.
    pub administrator: Person,
}

/// A user applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserApplication {
    /// An existing organization.
    pub organization: OrganizationId,
    /// Who.
    pub person: Person,
    /// The roles that the user wants. An applicant becomes neither operator nor administrator;
    /// [`Registrar::register_user`] checks this.
    pub roles: Vec<Role>,
}

/// Returns why a role is refused; `None` if it is not. Only an administrator makes another one, so
/// that none is approved by oversight.
fn refused_role(role: Role, by_administrator: bool) -> Option<&'static str> {
    match role {
        Role::Buyer | Role::Approver => None,
        Role::OrgAdmin if by_administrator => None,
        Role::OrgAdmin => Some("only an administrator of the organization gives this role"),
        Role::Operator => Some("operators are not registered here"),
    }
}

fn new_user(person: &Person, organization: &OrganizationId, roles: Vec<Role>) -> User {
    User {
        id: person.email.user_id(),
        organization: organization.clone(),
        email: person.email.as_str().to_owned(),
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        roles,
        language: None,
        status: MemberStatus::Pending,
        origin: Origin::Registered,
    }
}

impl Registrar {
    /// An organization applies, with its administrator. This needs no token; an operator decides.
    ///
    /// # Errors
    /// Those of [`crate::idempotent::Idempotent::run`]; [`UseCaseError::Store`].
    pub async fn register_organization(
        &self,
        request: RepeatableRequest,
        application: &OrganizationApplication,
    ) -> Result<StoredResponse, UseCaseError> {
        let work = |claim| async move {
            let registration = self.new_registration(Applicant::Organization(Box::new(
                self.new_organization(application)?,
            )))?;
            self.register(claim, registration).await
        };
        self.idempotent.run(request, work).await
    }

    /// A user applies. A user whom an active administrator of the same organization makes is active
    /// at once; otherwise the organization's administrators decide.
    ///
    /// # Errors
    /// [`UseCaseError::NotFound`] for an organization that does not exist, is not active, or is not
    /// the caller's own; [`UseCaseError::Invalid`] for a role that is refused;
    /// [`UseCaseError::MemberNotActive`] and [`UseCaseError::AlreadyExists`] for an administrator
    /// only; those of [`crate::idempotent::Idempotent::run`]; [`UseCaseError::Store`].
    pub async fn register_user(
        &self,
        request: RepeatableRequest,
        caller: Option<&Caller>,
        application: &UserApplication,
        correlation_id: &str,
    ) -> Result<StoredResponse, UseCaseError> {
        let work = |claim| async move {
            let administrator = self.administrator(caller, application).await?;
            let user = new_user(
                &application.person,
                &application.organization,
                application.roles.clone(),
            );
            let registration = self.new_registration(Applicant::User(Box::new(user)))?;
            match administrator {
                None => self.register(claim, registration).await,
                Some(by) => {
                    self.register_approved(claim, registration, by, correlation_id)
                        .await
                }
            }
        };
        self.idempotent.run(request, work).await
    }

    /// Returns the administrator who makes a user of the own organization; `None` if the user
    /// applies.
    async fn administrator(
        &self,
        caller: Option<&Caller>,
        application: &UserApplication,
    ) -> Result<Option<UserId>, UseCaseError> {
        let home = caller.and_then(|caller| caller.organization.as_ref());
        if home.is_some_and(|home| *home != application.organization) {
            return Err(UseCaseError::NotFound);
        }
        let by = caller.filter(|caller| home.is_some() && caller.is(Role::OrgAdmin));
        let refused: Vec<_> = application
            .roles
            .iter()
            .enumerate()
            .filter_map(|(at, role)| {
                let message = refused_role(*role, by.is_some())?;
                Some(crate::FieldError::new(
                    format!("/roles/{at}"),
                    "role_not_allowed",
                    message,
                ))
            })
            .collect();
        if !refused.is_empty() {
            return Err(UseCaseError::Invalid(refused));
        }
        if let Some(by) = by {
            self.active(by, &application.organization).await?;
            return Ok(Some(by.user.clone()));
        }
        let organization = self.members.organization(&application.organization).await?;
        match organization {
            Some(found) if found.status == MemberStatus::Active => Ok(None),
            _ => Err(UseCaseError::NotFound),
        }
    }

    fn new_registration(&self, applicant: Applicant) -> Result<Registration, UseCaseError> {
        let id = self.mint(RegistrationId::parse)?;
        Ok(Registration::pending(id, applicant, self.clock.now()))
    }

    fn new_organization(
        &self,
        application: &OrganizationApplication,
    ) -> Result<NewOrganization, UseCaseError> {
        let id: OrganizationId = self.mint(OrganizationId::parse)?;
        let address = |kind: AddressKind| {
            Ok::<_, UseCaseError>(Address {
                id: self.mint(AddressId::parse)?,
                organization: id.clone(),
                kind,
                postal: application.address.clone(),
                status: MemberStatus::Active,
                origin: Origin::Registered,
            })
        };
        Ok(NewOrganization {
            addresses: vec![
                address(AddressKind::Billing)?,
                address(AddressKind::Shipping)?,
            ],
            administrator: new_user(
                &application.administrator,
                &id,
                vec![Role::OrgAdmin, Role::Buyer],
            ),
            organization: Organization {
                id: id.clone(),
                name: application.name.clone(),
                parent: None,
                status: MemberStatus::Pending,
                currency: application.currency,
                tax_id: application.tax_id.clone(),
                origin: Origin::Registered,
            },
        })
    }

    fn mint<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, domain::ids::IdError>,
    ) -> Result<T, UseCaseError> {
        parse(&self.ids.mint())
            .map_err(|error| UseCaseError::Internal(format!("a minted id {error}")))
    }

    /// Stores a registration that waits for a decision. The response is the same whether or not the
    /// user id is taken.
    async fn register(
        &self,
        claim: IdempotencyClaim,
        mut registration: Registration,
    ) -> Result<Completed, UseCaseError> {
        let response = self.respond.respond(&registration);
        for taken in [false, true] {
            registration.taken = taken;
            let new = NewRegistration {
                registration: &registration,
                submissions: &[],
                completion: Completion {
                    claim: &claim,
                    response: &response,
                    upgradable: false,
                },
            };
            match self.store.register(&new).await? {
                Registered::Done => return Ok(Completed::Recorded(response)),
                Registered::UserIdTaken => {}
                Registered::Conflict => return Err(UseCaseError::Contention),
            }
        }
        Err(UseCaseError::Internal(
            "a registration without members met a member".to_owned(),
        ))
    }

    /// Stores a registration that is approved at the time at which it is made, and enqueues it.
    async fn register_approved(
        &self,
        claim: IdempotencyClaim,
        registration: Registration,
        by: UserId,
        correlation_id: &str,
    ) -> Result<Completed, UseCaseError> {
        let registration = registration.approved_by(by);
        let handed = submissions(&registration, correlation_id, registration.created_at)?;
        let response = self.respond.respond(&registration);
        let new = NewRegistration {
            registration: &registration,
            submissions: &handed,
            completion: Completion {
                claim: &claim,
                response: &response,
                upgradable: false,
            },
        };
        match self.store.register(&new).await? {
            Registered::Done => {
                self.enqueue(&handed).await;
                Ok(Completed::Recorded(response))
            }
            Registered::UserIdTaken => Err(UseCaseError::AlreadyExists),
            Registered::Conflict => Err(UseCaseError::Contention),
        }
    }
}
