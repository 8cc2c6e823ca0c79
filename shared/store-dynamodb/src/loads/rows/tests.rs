use domain::load::Sequence;

use super::*;

/// A layout whose rows are a text, or a removal.
struct TextLayout;

impl Layout<Option<&'static str>> for TextLayout {
    const READ: &'static [&'static str] = &[];

    fn key(_: &Option<&'static str>) -> (String, String) {
        Default::default()
    }

    fn removes(row: &Option<&'static str>) -> bool {
        row.is_none()
    }

    fn rejection(_: &Option<&'static str>, existing: &Attributes) -> Option<RowProblem> {
        existing
            .contains_key("kept")
            .then(|| RowProblem::row("kept", "it is kept"))
    }

    fn content(_: &Option<&'static str>, _: Option<&Attributes>, record: Record) -> Record {
        record
    }
}

fn version(sequence: i64, record: Option<&'static str>) -> Accepted<Option<&'static str>> {
    let fingerprint = [record.map_or(0, |text| text.as_bytes()[0]); 16];
    Accepted {
        record,
        sequence: Sequence::new(sequence),
        fingerprint,
    }
}

fn nothing<'a>() -> Known<'a, Option<&'static str>> {
    Known {
        sequence: i64::MIN,
        fingerprint: Vec::new(),
        gone: true,
        existing: None,
        pending: None,
    }
}

#[test]
fn in_every_order_the_newest_delta_wins_a_removal_included() {
    let versions = [
        version(1, Some("a")),
        version(2, Some("b")),
        version(3, Some("a")),
        version(4, None),
    ];
    for newest in 1..=versions.len() {
        let some = &versions[..newest];
        for seed in 0..newest.pow(4) {
            // Every way to pick four times from the versions holds every order of them, with
            // repeats.
            let picks: Vec<usize> = (0..4)
                .map(|digit| seed / newest.pow(digit) % newest)
                .collect();
            if !picks.contains(&(newest - 1)) {
                continue;
            }
            let mut slot = nothing();
            for pick in &picks {
                decide::<_, TextLayout>(&some[*pick], &mut slot, LoadMode::Delta, true);
            }
            let expected = &some[newest - 1];
            assert_eq!(
                (slot.sequence, slot.gone),
                (expected.sequence.number(), expected.record.is_none()),
                "{picks:?}"
            );
            assert_eq!(slot.fingerprint, expected.fingerprint, "{picks:?}");
        }
    }
}

#[test]
fn of_rows_of_one_file_the_last_wins() {
    let (first, second) = (version(1, Some("a")), version(1, Some("b")));
    let mut slot = nothing();
    assert_eq!(
        decide::<_, TextLayout>(&first, &mut slot, LoadMode::Snapshot, true),
        RowOutcome::Applied(None)
    );
    assert_eq!(
        decide::<_, TextLayout>(&second, &mut slot, LoadMode::Snapshot, true),
        RowOutcome::Applied(None)
    );
    assert_eq!(slot.pending.map(|row| row.record), Some(Some("b")));
}

#[test]
fn what_is_known_is_not_written_in_a_snapshot_and_noted_in_a_delta() {
    let (known, again) = (version(1, Some("a")), version(2, Some("a")));
    for (mode, written) in [(LoadMode::Snapshot, false), (LoadMode::Delta, true)] {
        let mut slot = nothing();
        decide::<_, TextLayout>(&known, &mut slot, mode, true);
        slot.pending = None;
        assert_eq!(
            decide::<_, TextLayout>(&again, &mut slot, mode, true),
            RowOutcome::Unchanged
        );
        assert_eq!(slot.pending.is_some(), written);
    }
}

#[test]
fn removing_what_is_not_there_changes_nothing_but_keeps_older_files_out() {
    let mut slot = nothing();
    let (removal, older) = (version(2, None), version(1, Some("a")));
    assert_eq!(
        decide::<_, TextLayout>(&removal, &mut slot, LoadMode::Delta, true),
        RowOutcome::Unchanged
    );
    assert!(slot.pending.is_some());
    assert_eq!(
        decide::<_, TextLayout>(&older, &mut slot, LoadMode::Delta, true),
        RowOutcome::Unchanged
    );
    assert!(slot.gone);
}

#[test]
fn a_refused_row_leaves_the_record_as_it_is() {
    let mut slot = nothing();
    slot.existing = Some(Attributes::from([("kept".to_owned(), number(1))]));
    let row = version(1, None);
    assert!(matches!(
        decide::<_, TextLayout>(&row, &mut slot, LoadMode::Delta, true),
        RowOutcome::Rejected(_)
    ));
    assert!(slot.pending.is_none());
}
