#![allow(clippy::unwrap_used)]

use super::*;

fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

#[test]
fn the_highest_precedence_wins_and_among_equals_the_most_specific() {
    let rules = read(
        r#"{"rules": [
            {"expiryAbove": 1},
            {"location": "EAST", "expiryAbove": 2},
            {"sku": "A", "expiryAbove": 3},
            {"sku": "A", "location": "EAST", "expiryAbove": 4},
            {"sku": "B", "location": "EAST", "expiryAbove": 5},
            {"location": "WEST", "expiryAbove": 6, "precedence": 9}
        ]}"#,
    )
    .unwrap();
    let place = |text| LocationId::parse(text).unwrap();
    let cases = [
        ("A", Some("EAST"), 4),
        ("A", Some("NORTH"), 3),
        ("A", None, 3),
        ("B", Some("EAST"), 5),
        ("B", None, 1),
        ("C", Some("EAST"), 2),
        ("C", None, 1),
        ("A", Some("WEST"), 6),
    ];
    for (item, location, expected) in cases {
        let rule = rules.rule(&sku(item), location.map(place).as_ref());
        assert_eq!(rule.expiry_above, Some(expected), "{item} at {location:?}");
    }
    assert_eq!(
        read("[]").unwrap().rule(&sku("A"), None),
        ThresholdRule::DEFAULT
    );
}

#[test]
fn the_higher_of_two_rules_for_the_same_place_counts_and_a_tie_is_refused() {
    let two = |one, other| {
        read(&format!(
            r#"[
                {{"expiryAbove": 1, "precedence": {one}}},
                {{"expiryAbove": 2, "precedence": {other}}}
            ]"#
        ))
    };
    assert_eq!(
        two(1, 2).unwrap().rule(&sku("A"), None).expiry_above,
        Some(2)
    );
    assert_eq!(
        two(2, 1).unwrap().rule(&sku("A"), None).expiry_above,
        Some(1)
    );
    assert!(matches!(two(1, 1), Err(RulesError::Conflict(_))));
}

#[test]
fn a_document_that_says_something_else_is_refused() {
    for text in [
        "",
        "{}",
        "[1]",
        r#"[{"treshold": 1}]"#,
        r#"[{"sku": ""}]"#,
        r#"[{"expiryAbove": -1}]"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
