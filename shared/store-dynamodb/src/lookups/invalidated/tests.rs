#![allow(clippy::unwrap_used)]

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[test]
fn what_was_said_before_is_covered_and_what_was_said_later_is_not() {
    let (a, b) = (Sku::parse("A").unwrap(), Sku::parse("B").unwrap());
    let (o, p) = (
        OrganizationId::parse("O").unwrap(),
        OrganizationId::parse("P").unwrap(),
    );
    let none = Invalidations::default();
    assert!(!none.cover(&a, Some(&o), at(0)));
    let some = none.and(&Invalidation::Skus(vec![a.clone()]), at(10), at(0));
    let some = some.and(&Invalidation::Organization(o.clone()), at(20), at(0));
    for (sku, organization, said, covered) in [
        (&a, None, 10, true),
        (&a, None, 11, false),
        (&b, None, 5, false),
        (&b, Some(&o), 20, true),
        (&b, Some(&o), 21, false),
        (&b, Some(&p), 5, false),
    ] {
        assert_eq!(
            some.cover(sku, organization, at(said)),
            covered,
            "{sku} {organization:?} {said}"
        );
    }
    let record = some.write(&StoreId::parse("main").unwrap(), at(20), "r");
    let read = Invalidations::read(&record).unwrap();
    assert_eq!(
        read,
        Invalidations {
            revision: Some("r".to_owned()),
            ..some.clone()
        }
    );
    assert!(
        some.and(&Invalidation::All, at(30), at(0))
            .cover(&b, Some(&p), at(30))
    );
}

#[test]
fn the_record_stays_small_and_forgets_nothing_that_matters() {
    let skus = |from: usize, to: usize| {
        (from..to)
            .map(|n| Sku::parse(&format!("S{n}")).unwrap())
            .collect()
    };
    let many = Invalidations::default().and(&Invalidation::Skus(skus(0, MAX_NAMES)), at(10), at(0));
    assert!(!many.cover(&Sku::parse("OTHER").unwrap(), None, at(5)));
    let more = many.clone().and(
        &Invalidation::Skus(skus(MAX_NAMES, MAX_NAMES + 1)),
        at(20),
        at(0),
    );
    assert!(more.cover(&Sku::parse("S0").unwrap(), None, at(20)) && more.skus.is_empty());
    let later = many.and(
        &Invalidation::Skus(skus(MAX_NAMES, MAX_NAMES + 1)),
        at(20),
        at(10),
    );
    assert_eq!((later.skus.len(), later.all), (1, None));
}
