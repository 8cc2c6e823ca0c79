#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;

use async_trait::async_trait;
use domain::caller::{Caller, Role};
use domain::ids::{AddressId, OrganizationId, RegistrationId, SubmissionId, UserId};
use domain::member::{
    Address, MemberStatus, OrderRules, Organization, Origin, PostalAddress, User,
};
use domain::money::Currency;
use domain::registration::Applicant;
use domain::submission::{Content, Transition};
use domain::time::Timestamp;

use super::fields::Email;
use super::*;
use crate::idempotent::{KeyScope, RepeatableRequest};
use crate::ports::idempotency::{ClaimResult, Idempotency, IdempotencyClaim, StoredResponse};
use crate::ports::members::Membership;
use crate::ports::registrations::{NewRegistration, Registered};
use crate::ports::{StoreError, Written};

/// Registrations and members in memory: the conditions of the real store in the fewest words.
#[derive(Default)]
struct Stores {
    registrations: Mutex<Vec<Registration>>,
    users: Mutex<Vec<User>>,
    organizations: Mutex<Vec<Organization>>,
    enqueued: Mutex<Vec<(String, u32)>>,
    minted: Mutex<u32>,
}

impl Stores {
    fn taken(&self, registration: &Registration) -> bool {
        let (users, id) = (self.users.lock().unwrap(), &registration.user().id);
        let own = self
            .registrations
            .lock()
            .unwrap()
            .iter()
            .any(|r| r.id == registration.id && !r.taken);
        !own && users
            .iter()
            .any(|user| user.id == *id && user.status != MemberStatus::Rejected)
    }

    fn keep_members(&self, registration: &Registration) {
        let mut users = self.users.lock().unwrap();
        users.retain(|user| user.id != registration.user().id);
        users.push(registration.user().clone());
        if let Applicant::Organization(new) = &registration.applicant {
            let mut organizations = self.organizations.lock().unwrap();
            organizations.retain(|organization| organization.id != new.organization.id);
            organizations.push(new.organization.clone());
        }
    }

    fn status(&self, user: &str) -> Option<MemberStatus> {
        self.users
            .lock()
            .unwrap()
            .iter()
            .find(|found| found.id.as_str() == user)
            .map(|found| found.status)
    }
}

#[async_trait]
impl Registrations for Stores {
    async fn register(&self, new: &NewRegistration<'_>) -> Result<Registered, StoreError> {
        if !new.registration.taken {
            if self.taken(new.registration) {
                return Ok(Registered::UserIdTaken);
            }
            self.keep_members(new.registration);
        }
        self.registrations
            .lock()
            .unwrap()
            .push(new.registration.clone());
        Ok(Registered::Done)
    }

    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError> {
        Ok(self
            .registrations
            .lock()
            .unwrap()
            .iter()
            .find(|found| found.id == *id)
            .cloned())
    }

    async fn inbox(
        &self,
        inbox: &Inbox,
        status: RegistrationStatus,
        _: usize,
        _: Option<&Cursor>,
    ) -> Result<Page<Registration>, StoreError> {
        let all = self.registrations.lock().unwrap();
        let items = all
            .iter()
            .filter(|found| found.inbox() == *inbox && found.status == status)
            .cloned()
            .collect();
        Ok(Page { items, next: None })
    }

    async fn decide(
        &self,
        decided: &Registration,
        _: &[Transition],
    ) -> Result<Registered, StoreError> {
        if decided.status == RegistrationStatus::Approved && self.taken(decided) {
            return Ok(Registered::UserIdTaken);
        }
        if decided.status == RegistrationStatus::Approved || !decided.taken {
            self.keep_members(decided);
        }
        let mut all = self.registrations.lock().unwrap();
        all.retain(|found| found.id != decided.id);
        all.push(decided.clone());
        Ok(Registered::Done)
    }
}

#[async_trait]
impl MemberReader for Stores {
    async fn member(&self, customer: &Customer) -> Result<Option<Membership>, StoreError> {
        let (user, organization) = (
            self.user(&customer.user).await?,
            self.organization(&customer.organization).await?,
        );
        Ok(user
            .zip(organization)
            .map(|(user, organization)| Membership {
                user,
                organization,
                rules: OrderRules::default(),
            }))
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        Ok(self
            .users
            .lock()
            .unwrap()
            .iter()
            .find(|user| user.id == *id)
            .cloned())
    }

    async fn organization(&self, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self
            .organizations
            .lock()
            .unwrap()
            .iter()
            .find(|found| found.id == *id)
            .cloned())
    }

    async fn addresses(&self, _: &OrganizationId) -> Result<Vec<Address>, StoreError> {
        Ok(vec![])
    }

    async fn address(
        &self,
        _: &OrganizationId,
        _: &AddressId,
    ) -> Result<Option<Address>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl Idempotency for Stores {
    async fn claim(&self, _: &IdempotencyClaim, _: Timestamp) -> Result<ClaimResult, StoreError> {
        Ok(ClaimResult::Claimed)
    }

    async fn complete(
        &self,
        _: &IdempotencyClaim,
        _: &StoredResponse,
    ) -> Result<Written, StoreError> {
        Ok(Written::Done)
    }

    async fn release(&self, _: &IdempotencyClaim) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl SubmitQueue for Stores {
    async fn enqueue(&self, id: &SubmissionId, delay_seconds: u32) -> Result<(), StoreError> {
        self.enqueued
            .lock()
            .unwrap()
            .push((id.to_string(), delay_seconds));
        Ok(())
    }
}

impl Clock for Stores {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_000)
    }
}

impl Ids for Stores {
    fn mint(&self) -> String {
        let mut minted = self.minted.lock().unwrap();
        *minted += 1;
        format!("id{minted}")
    }

    fn below(&self, _: u64) -> u64 {
        0
    }
}

fn organization_id() -> OrganizationId {
    OrganizationId::parse("o1").unwrap()
}

fn person(email: &str) -> Person {
    Person {
        email: Email::parse(email).unwrap(),
        given_name: "Ann".to_owned(),
        family_name: "Lee".to_owned(),
    }
}

fn user(id: &str, status: MemberStatus) -> User {
    User {
        id: UserId::parse(id).unwrap(),
        organization: organization_id(),
        email: id.to_owned(),
        given_name: String::new(),
        family_name: String::new(),
        roles: vec![Role::OrgAdmin],
        language: None,
        status,
        origin: Origin::Erp,
    }
}

fn stores() -> (Arc<Stores>, Registrar) {
    let stores = Arc::new(Stores::default());
    stores.organizations.lock().unwrap().push(Organization {
        id: organization_id(),
        name: "Acme".to_owned(),
        parent: None,
        status: MemberStatus::Active,
        currency: Currency::parse("USD").unwrap(),
        tax_id: None,
        origin: Origin::Erp,
    });
    stores
        .users
        .lock()
        .unwrap()
        .push(user("boss@acme.com", MemberStatus::Active));
    let idempotent = Idempotent::new(stores.clone(), stores.clone(), stores.clone());
    let registrar = Registrar {
        store: stores.clone(),
        members: stores.clone(),
        directory: Directory::new(stores.clone(), stores.clone()),
        idempotent,
        queue: stores.clone(),
        clock: stores.clone(),
        ids: stores.clone(),
        respond: Arc::new(render),
    };
    (stores, registrar)
}

fn boss() -> Caller {
    Caller {
        user: UserId::parse("boss@acme.com").unwrap(),
        organization: Some(organization_id()),
        roles: vec![Role::OrgAdmin],
    }
}

fn operator() -> Caller {
    Caller {
        user: UserId::parse("op").unwrap(),
        organization: None,
        roles: vec![Role::Operator],
    }
}

fn request() -> RepeatableRequest {
    RepeatableRequest {
        scope: KeyScope::of_caller(None),
        route: "r",
        key: "k".to_owned(),
        fingerprint: "f".to_owned(),
        deadline: Timestamp::from_seconds(1_020),
    }
}

fn render(registration: &Registration) -> StoredResponse {
    StoredResponse::new(
        200,
        format!("{} {}", registration.id, registration.status.as_str()),
    )
}

async fn apply(
    registrar: &Registrar,
    caller: Option<&Caller>,
    email: &str,
    roles: Vec<Role>,
) -> Result<String, UseCaseError> {
    let application = UserApplication {
        organization: organization_id(),
        person: person(email),
        roles,
    };
    registrar
        .register_user(request(), caller, &application, "c")
        .await
        .map(|answer| answer.body().to_owned())
}

fn decide(id: &str, approve: bool, reason: Option<&str>) -> Decide {
    Decide {
        id: RegistrationId::parse(id).unwrap(),
        approve,
        reason: reason.map(str::to_owned),
    }
}

async fn only_pending(registrar: &Registrar, caller: &Caller) -> Registration {
    let page = registrar
        .inbox(caller, RegistrationStatus::Pending, 10, None)
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1);
    page.items.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_stranger_waits_until_the_administrator_approves_and_goes_to_the_erp_once() {
    let (stores, registrar) = stores();
    assert!(
        apply(&registrar, None, "Ann@Acme.com", vec![Role::Buyer])
            .await
            .unwrap()
            .ends_with("pending")
    );
    assert_eq!(stores.status("ann@acme.com"), Some(MemberStatus::Pending));
    let id = only_pending(&registrar, &boss()).await.id;
    let approved = registrar
        .decide(&boss(), &decide(id.as_str(), true, None), "c")
        .await
        .unwrap();
    assert_eq!(stores.status("ann@acme.com"), Some(MemberStatus::Active));
    let again = registrar
        .decide(&boss(), &decide(id.as_str(), true, None), "c")
        .await
        .unwrap();
    assert_eq!(approved, again);
    assert_eq!(*stores.enqueued.lock().unwrap(), [(id.to_string(), 0)]);
    let otherwise = registrar
        .decide(&boss(), &decide(id.as_str(), false, None), "c")
        .await;
    assert_eq!(otherwise, Err(UseCaseError::AlreadyDecided));
}

#[tokio::test]
async fn a_known_address_is_answered_to_a_stranger_like_any_other() {
    let (stores, registrar) = stores();
    assert!(
        apply(&registrar, None, "boss@acme.com", vec![Role::Buyer])
            .await
            .unwrap()
            .ends_with("pending")
    );
    assert_eq!(stores.status("boss@acme.com"), Some(MemberStatus::Active));
    let pending = only_pending(&registrar, &boss()).await;
    assert!(pending.taken);
    let approved = registrar
        .decide(&boss(), &decide(pending.id.as_str(), true, None), "c")
        .await;
    assert_eq!(approved, Err(UseCaseError::AlreadyExists));
    registrar
        .decide(
            &boss(),
            &decide(pending.id.as_str(), false, Some("known")),
            "c",
        )
        .await
        .unwrap();
    assert_eq!(stores.status("boss@acme.com"), Some(MemberStatus::Active));
}

#[tokio::test]
async fn an_administrator_makes_active_users_and_learns_of_known_ones() {
    let (stores, registrar) = stores();
    let made = apply(
        &registrar,
        Some(&boss()),
        "ann@acme.com",
        vec![Role::OrgAdmin],
    )
    .await
    .unwrap();
    assert!(made.ends_with("approved"));
    assert_eq!(stores.status("ann@acme.com"), Some(MemberStatus::Active));
    assert_eq!(stores.enqueued.lock().unwrap().len(), 1);
    assert_eq!(
        apply(&registrar, Some(&boss()), "ann@acme.com", vec![Role::Buyer]).await,
        Err(UseCaseError::AlreadyExists)
    );
}

#[tokio::test]
async fn an_applicant_gets_no_role_that_only_others_give() {
    let (_, registrar) = stores();
    let code = |result: Result<String, UseCaseError>| match result {
        Err(UseCaseError::Invalid(errors)) => (errors[0].pointer.clone(), errors[0].code),
        other => panic!("{other:?}"),
    };
    let refused = ("/roles/1".to_owned(), "role_not_allowed");
    assert_eq!(
        code(
            apply(
                &registrar,
                None,
                "a@b.com",
                vec![Role::Buyer, Role::OrgAdmin]
            )
            .await
        ),
        refused
    );
    assert_eq!(
        code(
            apply(
                &registrar,
                Some(&boss()),
                "a@b.com",
                vec![Role::Buyer, Role::Operator]
            )
            .await
        ),
        refused
    );
}

#[tokio::test]
async fn what_belongs_to_others_is_not_found() {
    let (_, registrar) = stores();
    let mut stranger = boss();
    stranger.organization = OrganizationId::parse("o2").ok();
    assert_eq!(
        apply(&registrar, Some(&stranger), "a@b.com", vec![Role::Buyer]).await,
        Err(UseCaseError::NotFound)
    );
    apply(&registrar, None, "a@b.com", vec![Role::Buyer])
        .await
        .unwrap();
    let id = only_pending(&registrar, &boss()).await.id;
    let by_operator = registrar
        .decide(&operator(), &decide(id.as_str(), true, None), "c")
        .await;
    assert_eq!(by_operator, Err(UseCaseError::NotFound));
    let mut buyer = boss();
    buyer.roles = vec![Role::Buyer];
    assert_eq!(
        registrar
            .decide(&buyer, &decide(id.as_str(), true, None), "c")
            .await,
        Err(UseCaseError::Forbidden)
    );
}

#[tokio::test]
async fn an_administrator_who_stopped_being_active_decides_nothing() {
    let (stores, registrar) = stores();
    stores.users.lock().unwrap()[0].status = MemberStatus::Inactive;
    let page = registrar
        .inbox(&boss(), RegistrationStatus::Pending, 10, None)
        .await;
    assert_eq!(page, Err(UseCaseError::MemberNotActive));
}

#[tokio::test]
async fn approving_an_organization_activates_it_with_its_administrator() {
    let (stores, registrar) = stores();
    let address = PostalAddress {
        name: "New".to_owned(),
        line1: "Street 1".to_owned(),
        line2: None,
        city: "Town".to_owned(),
        region: None,
        postal_code: "12345".to_owned(),
        country: "US".to_owned(),
    };
    let application = OrganizationApplication {
        name: "New".to_owned(),
        tax_id: None,
        currency: Currency::parse("EUR").unwrap(),
        address,
        administrator: person("New@New.com"),
    };
    registrar
        .register_organization(request(), &application)
        .await
        .unwrap();
    assert_eq!(stores.status("new@new.com"), Some(MemberStatus::Pending));
    let pending = only_pending(&registrar, &operator()).await;
    registrar
        .decide(&operator(), &decide(pending.id.as_str(), true, None), "c")
        .await
        .unwrap();
    assert_eq!(stores.status("new@new.com"), Some(MemberStatus::Active));
    let organization = stores
        .organizations
        .lock()
        .unwrap()
        .iter()
        .find(|o| o.name == "New")
        .cloned()
        .unwrap();
    assert_eq!(organization.status, MemberStatus::Active);
    let enqueued = stores.enqueued.lock().unwrap().clone();
    assert_eq!(
        enqueued,
        vec![
            (pending.id.to_string(), 0),
            (format!("{}-admin", pending.id), 30)
        ]
    );
}

#[test]
fn submissions_carry_the_members_as_approved() {
    let registration = Registration {
        id: RegistrationId::parse("r1").unwrap(),
        applicant: Applicant::User(Box::new(user("ann@acme.com", MemberStatus::Pending))),
        status: RegistrationStatus::Pending,
        taken: false,
        created_at: Timestamp::from_seconds(1),
        decision: None,
    };
    let registration = registration.approved_by(UserId::parse("boss@acme.com").unwrap());
    let handed = handover::submissions(&registration, "c", Timestamp::from_seconds(2)).unwrap();
    let [Transition { submission, event }] = handed.as_slice() else {
        panic!("one submission")
    };
    assert_eq!(
        (submission.id().as_str(), event.kind.as_str()),
        ("r1", "captured")
    );
    assert!(
        matches!(submission.content(), Content::User(user) if user.status == MemberStatus::Active)
    );
}
