#![allow(clippy::unwrap_used, clippy::panic)]

use domain::ids::LoadId;
use domain::load::{CatalogVersion, Counts, ExportKey, FilePosition, Sequence, Work};
use domain::time::Timestamp;

use super::*;
use crate::load::loader::Arrival;
use crate::load::plan::new_load;

const SNAPSHOT: &str = "incoming/items/snapshot/i-20250207T100000Z.csv";
const DELTA: &str = "incoming/items/delta/i-20250207T100000Z.csv";
const MEMBERS: &str = "incoming/users/snapshot/u-20250207T100000Z.csv";

fn id() -> LoadId {
    LoadId::parse("1").unwrap()
}

fn load(key: &str, phase: Phase, split: Split) -> Load {
    let arrival = Arrival {
        key: ExportKey::parse(key).unwrap(),
        load: id(),
    };
    let work = Work {
        phase,
        split,
        ..Work::default()
    };
    Load {
        work,
        ..new_load(&arrival, None, Timestamp::from_seconds(0))
    }
}

fn single(key: &str, phase: Phase) -> Load {
    load(key, phase, Split::Single { saved: false })
}

fn pending(load: &Load) -> CatalogVersions {
    CatalogVersions::default()
        .begin(load.sequence, &load.id)
        .unwrap()
}

fn newer() -> CatalogVersions {
    CatalogVersions {
        published: CatalogVersion {
            generation: 9,
            sequence: Sequence::new(i64::MAX),
            load: None,
        },
        ..CatalogVersions::default()
    }
}

fn write_of(situation: Situation) -> WriteMode {
    match situation {
        Situation::SingleChunk(ScanTarget::Table(target))
        | Situation::ParallelChunks(ScanTarget::Table(target)) => target.write,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_load_that_is_not_stored_begins_even_if_a_chunk_was_requested() {
    assert_eq!(assignment(None, None), Assignment::Begin);
    assert_eq!(assignment(None, Some(3)), Assignment::Begin);
}

#[test]
fn a_load_that_does_not_run_is_only_cleaned_up() {
    for state in LoadState::ALL {
        if *state == LoadState::Running {
            continue;
        }
        for chunk in [None, Some(1)] {
            let mut load = load(SNAPSHOT, Phase::Measure, Split::Parallel(2));
            load.state = *state;
            let expected = Assignment::CleanUp(Box::new(load.clone()));
            assert_eq!(assignment(Some(load), chunk), expected);
        }
    }
}

#[test]
fn a_chunk_is_processed_only_if_the_load_has_several() {
    for phase in [Phase::Measure, Phase::Apply] {
        let parallel = load(DELTA, phase, Split::Parallel(2));
        assert_eq!(
            assignment(Some(parallel.clone()), Some(1)),
            Assignment::Chunk(Box::new(parallel.clone()), 1)
        );
        assert_eq!(assignment(Some(parallel), None), Assignment::Resume);
        let only = single(DELTA, phase);
        assert_eq!(assignment(Some(only), Some(0)), Assignment::Resume);
    }
    let unplanned = load(DELTA, Phase::Plan, Split::Unplanned);
    assert_eq!(assignment(Some(unplanned), Some(1)), Assignment::Resume);
}

#[test]
fn an_unplanned_load_is_planned_and_a_planned_one_is_scanned() {
    let versions = CatalogVersions::default();
    let unplanned = load(DELTA, Phase::Plan, Split::Unplanned);
    assert_eq!(
        situation(&unplanned, versions.clone()),
        Situation::Plan(versions.clone())
    );
    assert!(matches!(
        situation(&single(DELTA, Phase::Measure), versions.clone()),
        Situation::SingleChunk(_)
    ));
    let parallel = load(DELTA, Phase::Apply, Split::Parallel(7));
    assert!(matches!(
        situation(&parallel, versions),
        Situation::ParallelChunks(_)
    ));
}

#[test]
fn a_published_load_ends_whatever_its_phase() {
    for phase in [Phase::Plan, Phase::Measure, Phase::Apply] {
        let load = single(SNAPSHOT, phase);
        let published = pending(&load).publish(&load.id).unwrap();
        assert_eq!(situation(&load, published), Situation::Published);
    }
}

#[test]
fn a_snapshot_of_the_catalog_writes_into_its_pending_version() {
    let load = single(SNAPSHOT, Phase::Measure);
    let versions = pending(&load);
    let generation = versions.pending.as_ref().unwrap().generation;
    assert_eq!(
        write_of(situation(&load, versions)),
        WriteMode::Pending { generation }
    );
}

#[test]
fn rows_of_other_files_are_measured_before_they_are_written() {
    for key in [DELTA, MEMBERS] {
        let versions = CatalogVersions::default();
        let measured = single(key, Phase::Measure);
        assert_eq!(
            write_of(situation(&measured, versions.clone())),
            WriteMode::DryRun
        );
        let applied = single(key, Phase::Apply);
        assert_eq!(
            write_of(situation(&applied, versions)),
            WriteMode::Immediate
        );
    }
}

#[test]
fn a_load_that_a_newer_snapshot_replaced_is_superseded() {
    for phase in [Phase::Measure, Phase::Apply] {
        assert_eq!(
            situation(&single(DELTA, phase), newer()),
            Situation::Superseded
        );
    }
    let dropped = CatalogVersions::default()
        .begin(Sequence::new(i64::MAX), &LoadId::parse("2").unwrap())
        .unwrap();
    assert_eq!(
        situation(&single(SNAPSHOT, Phase::Measure), dropped),
        Situation::Superseded
    );
}

#[test]
fn a_load_without_effect_is_only_counted() {
    for key in [SNAPSHOT, DELTA, MEMBERS] {
        let mut load = single(key, Phase::Measure);
        load.work.effect = Effect::Nothing;
        assert_eq!(
            situation(&load, newer()),
            Situation::SingleChunk(ScanTarget::CountOnly)
        );
    }
}

fn status(number: u32, done: bool, leased: bool) -> ChunkStatus {
    let now = Timestamp::from_seconds(0);
    let mut chunk = Chunk::new(number, FilePosition::START, None, now);
    chunk.done = done;
    ChunkStatus { chunk, leased }
}

#[test]
fn chunks_that_are_open_and_that_no_worker_has_are_unclaimed() {
    let chunks = vec![
        status(0, true, false),
        status(1, false, true),
        status(2, false, false),
    ];
    let unclaimed = vec![2];
    assert_eq!(chunks_progress(chunks), ChunksProgress::Open { unclaimed });
    let working = vec![status(0, true, false), status(1, false, true)];
    let unclaimed = Vec::new();
    assert_eq!(chunks_progress(working), ChunksProgress::Open { unclaimed });
}

#[test]
fn chunks_are_done_when_the_last_one_is() {
    let chunks = vec![status(0, true, false), status(1, true, true)];
    let done = chunks.iter().map(|status| status.chunk.clone()).collect();
    assert_eq!(chunks_progress(chunks), ChunksProgress::Done(done));
}

fn rejected(load: &Load) -> PhaseVerdict {
    let measured = Measured {
        counts: Counts {
            rejected: 100,
            ..Counts::default()
        },
        ..Measured::default()
    };
    verdict(load, &measured, &Guard::default())
}

#[test]
fn a_measured_load_is_held_unless_an_operator_released_it() {
    for (key, released) in [
        (SNAPSHOT, PhaseVerdict::Publish),
        (DELTA, PhaseVerdict::Apply),
        (MEMBERS, PhaseVerdict::Apply),
    ] {
        let mut load = single(key, Phase::Measure);
        let PhaseVerdict::Hold(reasons) = rejected(&load) else {
            panic!("{key}")
        };
        assert_eq!(reasons[0].code, "rejects");
        load.released = true;
        assert_eq!(rejected(&load), released);
    }
}

#[test]
fn guardrails_do_not_hold_rows_that_are_applied_already() {
    assert_eq!(
        rejected(&single(MEMBERS, Phase::Apply)),
        PhaseVerdict::Publish
    );
    assert_eq!(
        rejected(&single(DELTA, Phase::Apply)),
        PhaseVerdict::Complete
    );
}

#[test]
fn a_load_within_its_guardrails_goes_on() {
    let nothing = Measured::default();
    for (key, expected) in [
        (SNAPSHOT, PhaseVerdict::Publish),
        (DELTA, PhaseVerdict::Apply),
    ] {
        let load = single(key, Phase::Measure);
        assert_eq!(verdict(&load, &nothing, &Guard::default()), expected);
    }
}
