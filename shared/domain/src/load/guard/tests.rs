#![allow(clippy::unwrap_used)]

use super::*;

fn codes(measured: &Measured) -> Vec<String> {
    Guard::default()
        .holds(measured)
        .into_iter()
        .map(|hold| hold.code.into_owned())
        .collect()
}

fn counts(applied: u64, rejected: u64) -> Counts {
    Counts {
        applied,
        unchanged: 0,
        rejected,
    }
}

#[test]
fn a_load_beyond_a_ratio_is_held_and_one_at_it_is_not() {
    assert_eq!(
        codes(&Measured {
            counts: counts(90, 10),
            ..Measured::default()
        }),
        [""; 0]
    );
    assert_eq!(
        codes(&Measured {
            counts: counts(89, 11),
            ..Measured::default()
        }),
        ["rejects"]
    );
    assert_eq!(
        codes(&Measured {
            existing: 100,
            removed: 20,
            ..Measured::default()
        }),
        [""; 0]
    );
    assert_eq!(
        codes(&Measured {
            existing: 100,
            removed: 21,
            ..Measured::default()
        }),
        ["removals"]
    );
    let prices = Measured {
        counts: counts(100, 0),
        price_jumps: 11,
        ..Measured::default()
    };
    assert_eq!(codes(&prices), ["price_changes"]);
}

#[test]
fn a_handful_of_rows_never_holds_a_load() {
    assert_eq!(
        codes(&Measured {
            counts: counts(1, 9),
            existing: 9,
            removed: 9,
            ..Measured::default()
        }),
        [""; 0]
    );
}

#[test]
fn a_declared_number_of_rows_must_be_met_exactly() {
    assert_eq!(
        codes(&Measured {
            counts: counts(3, 1),
            declared_rows: Some(4),
            ..Measured::default()
        }),
        [""; 0]
    );
    assert_eq!(
        codes(&Measured {
            counts: counts(3, 0),
            declared_rows: Some(4),
            ..Measured::default()
        }),
        ["row_count"]
    );
}

#[test]
fn limits_are_set_by_kind() {
    let guards =
        Guard::parse_all("*:at-least=3; items: removals=30,rejects=5 ;list-prices:price-change=80");
    let guards = guards.unwrap_or_default();
    let items = Guard {
        removals_percent: 30,
        rejects_percent: 5,
        at_least: 3,
        ..Guard::default()
    };
    assert_eq!(guards.get(&LoadKind::Items), Some(&items));
    assert_eq!(
        guards
            .get(&LoadKind::ListPrices)
            .map(|guard| guard.price_change_percent),
        Some(80)
    );
    assert_eq!(
        guards.get(&LoadKind::Users).map(|guard| guard.at_least),
        Some(3)
    );
    assert_eq!(Guard::parse_all(""), Ok(BTreeMap::new()));
    for wrong in [
        "items",
        "things:rejects=1",
        "items:reject=1",
        "items:rejects=x",
        "items:rejects",
    ] {
        assert_eq!(Guard::parse_all(wrong), Err(GuardError), "{wrong}");
    }
}

#[test]
fn a_price_jumps_when_it_changes_by_more_than_the_limit() {
    let jump = |before: i64, after: i64| {
        Guard::default().is_price_jump(Decimal::from(before), Decimal::from(after))
    };
    assert!(!jump(100, 150) && !jump(100, 50) && !jump(0, 0));
    assert!(jump(100, 151) && jump(100, 49) && jump(0, 1) && jump(1, 1_000));
    assert!(Guard::default().is_price_jump(Decimal::MAX, Decimal::ZERO));
}
