#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

fn errors(read: impl FnOnce(&mut Fields)) -> Vec<(String, &'static str)> {
    let mut fields = Fields::new();
    read(&mut fields);
    match fields.failure() {
        UseCaseError::Invalid(errors) => errors.into_iter().map(|e| (e.pointer, e.code)).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_user_id_is_the_address_in_lower_case() {
    let email = Email::parse("Ann.Lee+shop@Example.COM").unwrap();
    assert_eq!(email.as_str(), "Ann.Lee+shop@Example.COM");
    assert_eq!(email.user_id().as_str(), "ann.lee+shop@example.com");
    assert_eq!(format!("{email:?}"), "Email(…)");
}

#[test]
fn certain_mistakes_are_no_addresses() {
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "b".repeat(130));
    for text in [
        "",
        "a",
        "a@",
        "@b.c",
        "a@b",
        "a@@b.c",
        "a b@c.d",
        "a@b..c",
        "a@-b.c",
        "a@b.c-",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a/b@c.d",
        "<a@b.c>",
        "a@b.c,d@e.f",
        "ä@b.c",
        "a\n@b.c",
        &long,
        &longer,
    ] {
        assert!(Email::parse(text).is_none(), "{text}");
    }
}

#[test]
fn names_are_bounded_in_characters_not_bytes() {
    let mut fields = Fields::new();
    assert_eq!(
        fields.text("/n", &format!(" {} ", "é".repeat(100)), 100),
        Some("é".repeat(100))
    );
    assert!(fields.ok());
    assert_eq!(
        errors(|f| _ = f.text("/n", &"é".repeat(101), 100)),
        [("/n".to_owned(), "too_long")]
    );
    assert_eq!(
        errors(|f| _ = f.text("/n", "  ", 100)),
        [("/n".to_owned(), "empty")]
    );
    assert_eq!(
        errors(|f| _ = f.text("/n", "a\u{7}b", 100)),
        [("/n".to_owned(), "control_character")]
    );
}

#[test]
fn every_wrong_field_of_an_address_is_named() {
    let address = PostalText {
        name: "",
        line1: "Street 1",
        line2: Some(" "),
        city: "Town",
        region: None,
        postal_code: "12345",
        country: "de",
    };
    let wrong = errors(|f| assert_eq!(f.postal("/address", &address), None));
    assert_eq!(
        wrong,
        [
            ("/address/name".to_owned(), "empty"),
            ("/address/country".to_owned(), "invalid_country")
        ]
    );
}

#[test]
fn roles_exist_and_stand_once() {
    let roles = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let mut fields = Fields::new();
    assert_eq!(
        fields.roles("/roles", &roles(&["buyer", "org_admin"])),
        Some(vec![Role::Buyer, Role::OrgAdmin])
    );
    let wrong =
        errors(|f| assert_eq!(f.roles("/roles", &roles(&["buyer", "king", "buyer"])), None));
    assert_eq!(
        wrong,
        [
            ("/roles/1".to_owned(), "unknown_role"),
            ("/roles/2".to_owned(), "duplicate")
        ]
    );
    assert_eq!(
        errors(|f| assert_eq!(f.roles("/roles", &[]), None)),
        [("/roles".to_owned(), "empty")]
    );
    assert_eq!(
        errors(|f| _ = f.roles("/roles", &vec!["x".to_owned(); 10_000])).len(),
        9
    );
}

#[test]
fn a_language_is_a_tag() {
    let mut fields = Fields::new();
    assert_eq!(fields.language("/l", None), Some(None));
    assert_eq!(
        fields.language("/l", Some("de-CH")),
        Some(Language::parse("de-CH").ok())
    );
    assert_eq!(fields.language("/l", Some("de_CH!")), None);
}
