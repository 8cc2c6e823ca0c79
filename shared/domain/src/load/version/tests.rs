use super::*;

fn id(text: &str) -> LoadId {
    LoadId::parse(text).unwrap()
}

fn published(versions: &CatalogVersions, sequence: i64, load: &str) -> CatalogVersions {
    versions
        .begin(Sequence::new(sequence), &id(load))
        .unwrap()
        .publish(&id(load))
        .unwrap()
}

#[test]
fn a_snapshot_is_prepared_then_published_then_rolled_back() {
    let first = published(&CatalogVersions::default(), 1, "a");
    let second = published(&first, 2, "b");
    assert_eq!(
        (
            second.published.generation,
            second.previous.as_ref().unwrap().generation
        ),
        (2, 1)
    );
    let back = second.roll_back(&id("b")).unwrap();
    assert_eq!(
        (back.published.generation, back.previous.as_ref()),
        (1, None)
    );
    assert_eq!(back.roll_back(&id("a")), Err(VersionError::NotFound));
    // The number of what was rolled back is never used again: its rows are still there.
    assert_eq!(published(&back, 3, "c").published.generation, 3);
}

#[test]
fn an_older_snapshot_never_wins_over_a_published_or_pending_one() {
    let versions = published(&CatalogVersions::default(), 5, "a");
    assert_eq!(
        versions.begin(Sequence::new(4), &id("b")),
        Err(VersionError::Newer)
    );
    let pending = versions.begin(Sequence::new(9), &id("c")).unwrap();
    assert_eq!(
        pending.begin(Sequence::new(8), &id("d")),
        Err(VersionError::Newer)
    );
    assert_eq!(
        pending
            .begin(Sequence::new(10), &id("e"))
            .unwrap()
            .pending
            .unwrap()
            .load,
        Some(id("e"))
    );
}

#[test]
fn beginning_and_publishing_again_change_nothing() {
    let pending = CatalogVersions::default()
        .begin(Sequence::new(1), &id("a"))
        .unwrap();
    assert_eq!(pending.begin(Sequence::new(1), &id("a")).unwrap(), pending);
    let published = pending.publish(&id("a")).unwrap();
    assert_eq!(published.publish(&id("a")).unwrap(), published);
    assert_eq!(published.publish(&id("b")), Err(VersionError::NotFound));
}

#[test]
fn a_pending_snapshot_is_dropped_and_the_published_one_stays() {
    let versions = published(&CatalogVersions::default(), 1, "a");
    let pending = versions.begin(Sequence::new(2), &id("b")).unwrap();
    assert_eq!(pending.roll_back(&id("a")), Err(VersionError::NotFound));
    let dropped = pending.roll_back(&id("b")).unwrap();
    assert_eq!(
        (dropped.published, dropped.pending),
        (versions.published, None)
    );
}
