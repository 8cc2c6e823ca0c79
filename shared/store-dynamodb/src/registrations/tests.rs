#![allow(clippy::unwrap_used, clippy::panic)]

use domain::caller::Role;
use domain::ids::{AddressId, Language, OrganizationId, RegistrationId, UserId};
use domain::member::{
    Address, AddressKind, MemberStatus, Organization, Origin, PostalAddress, User,
};
use domain::money::Currency;
use domain::registration::{
    Applicant, Decision, Inbox, NewOrganization, Registration, RegistrationStatus,
};
use domain::time::Timestamp;

use super::record::{inbox_text, read_registration, write_registration};
use super::transact::{Part, decisive};

fn organization() -> OrganizationId {
    OrganizationId::parse("o1").unwrap()
}

fn user() -> User {
    User {
        id: UserId::parse("ann@example.com").unwrap(),
        organization: organization(),
        email: "Ann@example.com".to_owned(),
        given_name: "Ann".to_owned(),
        family_name: "Lee".to_owned(),
        roles: vec![Role::OrgAdmin, Role::Buyer],
        language: Language::parse("en").ok(),
        status: MemberStatus::Pending,
        origin: Origin::Registered,
    }
}

fn registration(applicant: Applicant) -> Registration {
    Registration {
        id: RegistrationId::parse("r1").unwrap(),
        applicant,
        status: RegistrationStatus::Pending,
        taken: true,
        created_at: Timestamp::from_seconds(1),
        decision: None,
    }
}

fn new_organization() -> Applicant {
    let postal = PostalAddress {
        name: "Acme".to_owned(),
        line1: "Street 1".to_owned(),
        line2: None,
        city: "Town".to_owned(),
        region: Some("WA".to_owned()),
        postal_code: "12345".to_owned(),
        country: "US".to_owned(),
    };
    Applicant::Organization(Box::new(NewOrganization {
        organization: Organization {
            id: organization(),
            name: "Acme".to_owned(),
            parent: None,
            status: MemberStatus::Pending,
            currency: Currency::parse("USD").unwrap(),
            tax_id: Some("T-1".to_owned()),
            origin: Origin::Registered,
        },
        addresses: vec![Address {
            id: AddressId::parse("a1").unwrap(),
            organization: organization(),
            kind: AddressKind::Billing,
            postal,
            status: MemberStatus::Active,
            origin: Origin::Registered,
        }],
        administrator: user(),
    }))
}

#[test]
fn a_registration_comes_back_as_it_was_written() {
    let mut decided = registration(Applicant::User(Box::new(user())));
    decided.status = RegistrationStatus::Rejected;
    decided.decision = Some(Decision {
        reason: Some("unknown person".to_owned()),
        by: UserId::parse("boss@example.com").unwrap(),
        at: Timestamp::from_seconds(2),
    });
    for registration in [registration(new_organization()), decided] {
        let record = write_registration(&registration).into_attributes();
        assert_eq!(read_registration(&record).unwrap(), registration);
    }
}

#[test]
fn inboxes_of_organizations_and_statuses_never_meet() {
    let users = Inbox::Users(organization());
    assert_eq!(
        inbox_text(&users, RegistrationStatus::Pending),
        "users/o1/pending"
    );
    assert_eq!(
        inbox_text(&Inbox::Organizations, RegistrationStatus::Approved),
        "organizations/approved"
    );
}

#[test]
fn an_earlier_write_weighs_more_than_a_taken_user_id() {
    assert_eq!(decisive([].into_iter()), None);
    assert_eq!(decisive([Part::User].into_iter()), Some(Part::User));
    assert_eq!(
        decisive([Part::User, Part::Other].into_iter()),
        Some(Part::Other)
    );
    assert_eq!(
        decisive([Part::Other, Part::User].into_iter()),
        Some(Part::Other)
    );
}
