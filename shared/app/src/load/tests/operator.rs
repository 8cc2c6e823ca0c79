use std::sync::Arc;

use domain::caller::{Caller, Operator, Role};
use domain::ids::{LoadId, UserId};
use domain::load::{ExportKey, Load, LoadKind, LoadState};

use super::fakes::{Fakes, operator as load_operator, run_to_end};
use crate::UseCaseError;
use crate::load::{Arrival, LoadError};

const HEADER: &str = "category_id,name\n";

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

/// Loads a file of categories; the id of the load is its minute.
fn drop_categories(
    fakes: &Arc<Fakes>,
    mode: &str,
    minute: u8,
    rows: &str,
) -> Result<Load, LoadError> {
    let key = format!("incoming/categories/{mode}/c-20250207T10{minute:02}00Z.csv");
    fakes
        .objects
        .lock()
        .unwrap()
        .insert(key.clone(), format!("{HEADER}{rows}").into_bytes());
    let arrival = Arrival {
        key: ExportKey::parse(&key).unwrap(),
        load: id(minute),
    };
    run_to_end(fakes, &arrival)
}

fn id(minute: u8) -> LoadId {
    LoadId::parse(&minute.to_string()).unwrap()
}

fn operator() -> Operator {
    caller([Role::Operator]).operator().unwrap()
}

fn caller(roles: impl IntoIterator<Item = Role>) -> Caller {
    Caller {
        user: UserId::parse("u").unwrap(),
        organization: None,
        roles: roles.into_iter().collect(),
    }
}

/// Rows of which all but the first `good` are rejected.
fn rows(good: usize, bad: usize) -> String {
    (0..good)
        .map(|n| format!("K{n},k\n"))
        .chain((0..bad).map(|n| format!("B{n},\n")))
        .collect()
}

fn published(fakes: &Arc<Fakes>) -> Option<String> {
    let stored = fakes.versions.lock().unwrap();
    stored
        .get(&LoadKind::Categories)
        .and_then(|versions| versions.published.load.as_ref())
        .map(ToString::to_string)
}

#[test]
fn a_snapshot_with_too_many_bad_rows_is_held_and_released_by_an_operator() {
    let fakes = Arc::new(Fakes::default());
    let load = drop_categories(&fakes, "snapshot", 1, &rows(10, 11)).unwrap();
    assert_eq!(
        (load.state, load.held_for[0].code.as_ref()),
        (LoadState::Held, "rejects")
    );
    assert_eq!(published(&fakes), None);
    assert_eq!(caller([Role::Buyer]).operator(), None);
    let released = block_on(load_operator(&fakes).release(&operator(), &id(1))).unwrap();
    assert_eq!(
        (released.state, published(&fakes).as_deref()),
        (LoadState::Published, Some("1"))
    );
    assert_eq!(
        block_on(load_operator(&fakes).release(&operator(), &id(1))),
        Err(UseCaseError::AlreadyDecided)
    );
}

#[test]
fn a_held_delta_writes_nothing_until_it_is_released() {
    let fakes = Arc::new(Fakes::default());
    let load = drop_categories(&fakes, "delta", 1, &rows(10, 11)).unwrap();
    assert_eq!(
        (load.state, fakes.seen.lock().unwrap().len()),
        (LoadState::Held, 0)
    );
    let released = block_on(load_operator(&fakes).release(&operator(), &id(1))).unwrap();
    assert_eq!(
        (released.state, fakes.enqueued.lock().unwrap().clone()),
        (LoadState::Running, vec![("1".to_owned(), None)])
    );
    let load = drop_categories(&fakes, "delta", 1, &rows(10, 11)).unwrap();
    assert_eq!(
        (load.state, fakes.seen.lock().unwrap().len()),
        (LoadState::Published, 10)
    );
    assert_eq!((load.counts.applied, load.counts.rejected), (10, 11));
}

#[test]
fn a_file_that_was_replaced_while_it_was_held_is_not_what_was_released() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "delta", 1, &rows(10, 11)).unwrap();
    block_on(load_operator(&fakes).release(&operator(), &id(1))).unwrap();
    let load = drop_categories(&fakes, "delta", 1, &rows(10, 12)).unwrap();
    assert_eq!(
        (load.state, load.failure.unwrap().code.as_ref()),
        (LoadState::Failed, "file_changed")
    );
    assert!(fakes.seen.lock().unwrap().is_empty());
}

#[test]
fn a_rolled_back_snapshot_gives_way_to_the_one_before_it_once() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, "A,a\n").unwrap();
    drop_categories(&fakes, "snapshot", 2, "A,b\n").unwrap();
    let load = block_on(load_operator(&fakes).roll_back(&operator(), &id(2))).unwrap();
    assert_eq!(
        (load.state, published(&fakes).as_deref()),
        (LoadState::Superseded, Some("1"))
    );
    assert_eq!(
        block_on(load_operator(&fakes).roll_back(&operator(), &id(1))),
        Err(UseCaseError::AlreadyDecided)
    );
    // The word of its file, said again, does not bring it back.
    assert_eq!(
        drop_categories(&fakes, "snapshot", 2, "A,b\n")
            .unwrap()
            .state,
        LoadState::Superseded
    );
    assert_eq!(published(&fakes).as_deref(), Some("1"));
}

#[test]
fn a_dropped_load_leaves_everything_as_it_is() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, "A,a\n").unwrap();
    drop_categories(&fakes, "snapshot", 2, &rows(1, 20)).unwrap();
    let load = block_on(load_operator(&fakes).roll_back(&operator(), &id(2))).unwrap();
    assert_eq!(
        (load.state, published(&fakes).as_deref()),
        (LoadState::Superseded, Some("1"))
    );
}

#[test]
fn a_newer_snapshot_takes_the_place_of_a_held_one() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, &rows(1, 20)).unwrap();
    drop_categories(&fakes, "snapshot", 2, "A,a\n").unwrap();
    assert_eq!(
        fakes.loads.lock().unwrap()["1"].state,
        LoadState::Superseded
    );
    assert_eq!(
        block_on(load_operator(&fakes).release(&operator(), &id(1))),
        Err(UseCaseError::AlreadyDecided)
    );
}

#[test]
fn a_snapshot_that_would_remove_much_or_lacks_rows_that_were_declared_is_held() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, &rows(40, 0)).unwrap();
    let load = drop_categories(&fakes, "snapshot", 2, &rows(30, 0)).unwrap();
    assert_eq!(
        (load.held_for[0].code.as_ref(), load.removed),
        ("removals", 10)
    );
    *fakes.declared.lock().unwrap() = Some(41);
    let load = drop_categories(&fakes, "snapshot", 3, &rows(40, 0)).unwrap();
    assert_eq!(
        (load.state, load.held_for[0].code.as_ref()),
        (LoadState::Held, "row_count")
    );
}

#[test]
fn a_record_of_the_file_is_not_missing_from_it_however_damaged_its_row_is() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, "A,a\nB,b\nC,c\nD,d\n").unwrap();
    let load = drop_categories(&fakes, "snapshot", 2, "A,a\nB\nC,\n").unwrap();
    assert_eq!((load.removed, load.counts.rejected), (1, 2));
    assert_eq!(
        fakes
            .seen
            .lock()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>(),
        ["A", "B", "C"]
    );
}

#[test]
fn a_load_waits_while_another_of_its_kind_runs() {
    let fakes = Arc::new(Fakes::default());
    *fakes.lock.lock().unwrap() = Some("another".to_owned());
    assert_eq!(
        drop_categories(&fakes, "snapshot", 1, "A,a\n"),
        Err(LoadError::Busy)
    );
    *fakes.lock.lock().unwrap() = None;
    assert_eq!(
        drop_categories(&fakes, "snapshot", 1, "A,a\n")
            .unwrap()
            .state,
        LoadState::Published
    );
    assert_eq!(*fakes.lock.lock().unwrap(), None);
}

#[test]
fn a_load_that_was_stopped_after_it_was_shown_ends_with_its_counts_and_can_be_rolled_back() {
    let fakes = Arc::new(Fakes::default());
    drop_categories(&fakes, "snapshot", 1, "A,a\n").unwrap();
    let ended = drop_categories(&fakes, "snapshot", 2, "A,b\nB,b\n").unwrap();
    let stopped = Load {
        state: LoadState::Running,
        finished_at: None,
        ..ended.clone()
    };
    fakes.loads.lock().unwrap().insert("2".to_owned(), stopped);
    assert_eq!(
        drop_categories(&fakes, "snapshot", 2, "A,b\nB,b\n").unwrap(),
        ended
    );
    block_on(load_operator(&fakes).roll_back(&operator(), &id(2))).unwrap();
    assert_eq!(published(&fakes).as_deref(), Some("1"));
}
