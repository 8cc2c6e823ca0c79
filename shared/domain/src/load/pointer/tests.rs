use super::*;

fn id(text: &str) -> LoadId {
    LoadId::parse(text).unwrap()
}

fn published(pointer: &Pointer, sequence: i64, load: &str) -> Pointer {
    pointer
        .begun(Sequence::new(sequence), &id(load))
        .unwrap()
        .publish(&id(load))
        .unwrap()
}

#[test]
fn a_snapshot_is_prepared_then_published_then_rolled_back() {
    let first = published(&Pointer::default(), 1, "a");
    let second = published(&first, 2, "b");
    assert_eq!(
        (
            second.published.generation,
            second.previous.as_ref().unwrap().generation
        ),
        (2, 1)
    );
    let back = second.rolled_back(&id("b")).unwrap();
    assert_eq!(
        (back.published.generation, back.previous.as_ref()),
        (1, None)
    );
    assert_eq!(back.rolled_back(&id("a")), Err(PointerError::NotThere));
    // The number of what was rolled back is never used again: its rows are still there.
    assert_eq!(published(&back, 3, "c").published.generation, 3);
}

#[test]
fn an_older_snapshot_never_wins_over_a_published_or_pending_one() {
    let pointer = published(&Pointer::default(), 5, "a");
    assert_eq!(
        pointer.begun(Sequence::new(4), &id("b")),
        Err(PointerError::Newer)
    );
    let pending = pointer.begun(Sequence::new(9), &id("c")).unwrap();
    assert_eq!(
        pending.begun(Sequence::new(8), &id("d")),
        Err(PointerError::Newer)
    );
    assert_eq!(
        pending
            .begun(Sequence::new(10), &id("e"))
            .unwrap()
            .pending
            .unwrap()
            .load,
        Some(id("e"))
    );
}

#[test]
fn beginning_and_publishing_again_change_nothing() {
    let pending = Pointer::default()
        .begun(Sequence::new(1), &id("a"))
        .unwrap();
    assert_eq!(pending.begun(Sequence::new(1), &id("a")).unwrap(), pending);
    let published = pending.publish(&id("a")).unwrap();
    assert_eq!(published.publish(&id("a")).unwrap(), published);
    assert_eq!(published.publish(&id("b")), Err(PointerError::NotThere));
}

#[test]
fn a_pending_snapshot_is_dropped_and_the_published_one_stays() {
    let pointer = published(&Pointer::default(), 1, "a");
    let pending = pointer.begun(Sequence::new(2), &id("b")).unwrap();
    assert_eq!(pending.rolled_back(&id("a")), Err(PointerError::NotThere));
    let dropped = pending.rolled_back(&id("b")).unwrap();
    assert_eq!(
        (dropped.published, dropped.pending),
        (pointer.published, None)
    );
}
