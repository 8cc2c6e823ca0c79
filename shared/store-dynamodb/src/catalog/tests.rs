#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use app::ports::{WriteMode, WriteTarget};
use domain::ids::LoadId;
use domain::load::{CatalogVersions, LoadKind, LoadMode, Sequence};
use proptest::prelude::*;
use testkit::orders;

use super::version::{RowVersion, RowVersions, shown, sweep_row, with_row};
use crate::attribute::{Attributes, get_text, text};

/// What a file says about some records: a letter, or that there is none.
type Rows = BTreeMap<u8, Option<char>>;

/// Something that happens to a kind.
#[derive(Debug, Clone)]
enum Step {
    /// A snapshot arrives; it is held, or published.
    Snapshot(i64, Rows, bool),
    Delta(i64, Rows),
    /// A load stops in the middle of a snapshot, forever.
    Broken(i64, Rows),
    Release,
    Rollback,
}

fn version(generation: u64, sequence: i64, letter: Option<char>) -> RowVersion {
    let fingerprint = [letter.map_or(0, |letter| letter as u8); 16];
    let content = |letter: char| Attributes::from([("letter".to_owned(), text(letter))]);
    match letter {
        Some(letter) => RowVersion::new(generation, sequence, fingerprint, content(letter)),
        None => RowVersion::gone(generation, sequence, fingerprint),
    }
}

/// A table of one kind, worked on as the loads do.
#[derive(Default)]
struct Table {
    records: BTreeMap<u8, Attributes>,
    catalog: CatalogVersions,
    loads: u64,
    writes: usize,
}

impl Table {
    fn target(&self, mode: LoadMode, sequence: i64) -> WriteTarget {
        let generation = self
            .catalog
            .pending
            .as_ref()
            .map(|pending| pending.generation);
        WriteTarget {
            kind: LoadKind::Categories,
            mode,
            sequence: Sequence::new(sequence),
            versions: self.catalog.clone(),
            write: match generation.filter(|_| mode == LoadMode::Snapshot) {
                Some(generation) => WriteMode::Pending { generation },
                None => WriteMode::Immediate,
            },
        }
    }

    fn put(&mut self, key: u8, versions: Option<RowVersions>) {
        let Some(versions) = versions else { return };
        self.writes += 1;
        match versions.into_attributes() {
            Some(record) => self.records.insert(key, record),
            None => self.records.remove(&key),
        };
    }

    fn rows(&mut self, rows: &Rows, target: &WriteTarget) {
        for (key, letter) in rows {
            let versions = RowVersions::read(self.records.get(key)).unwrap();
            let row = |generation| version(generation, target.sequence.number(), *letter);
            let change = with_row(&versions, &row, target);
            self.put(*key, change.versions);
        }
    }

    /// Prepares a snapshot, and sweeps it unless it breaks.
    fn prepare(&mut self, sequence: i64, rows: &Rows, breaks: bool) -> bool {
        self.loads += 1;
        let id = LoadId::parse(&self.loads.to_string()).unwrap();
        let Ok(catalog) = self.catalog.begin(Sequence::new(sequence), &id) else {
            return false;
        };
        self.catalog = catalog;
        let target = self.target(LoadMode::Snapshot, sequence);
        let listed: Rows = rows
            .iter()
            .filter(|(_, letter)| letter.is_some())
            .map(|(k, v)| (*k, *v))
            .collect();
        self.rows(&listed, &target);
        if breaks {
            self.catalog = self.catalog.roll_back(&id).unwrap();
            return false;
        }
        for (key, record) in self.records.clone() {
            let versions = RowVersions::read(Some(&record)).unwrap();
            let step = sweep_row(
                &versions,
                listed.contains_key(&key),
                target.generation().unwrap(),
                &target,
            );
            self.put(key, step.versions);
        }
        true
    }

    fn release(&mut self) {
        if let Some(id) = self
            .catalog
            .pending
            .as_ref()
            .and_then(|pending| pending.load.clone())
        {
            self.catalog = self.catalog.publish(&id).unwrap();
        }
    }

    fn rollback(&mut self) {
        let load = self
            .catalog
            .pending
            .as_ref()
            .unwrap_or(&self.catalog.published)
            .load
            .clone();
        if let Some(catalog) = load.and_then(|load| self.catalog.roll_back(&load).ok()) {
            self.catalog = catalog;
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Snapshot(sequence, rows, held) => {
                if self.prepare(*sequence, rows, false) && !held {
                    self.release();
                }
            }
            Step::Broken(sequence, rows) => drop(self.prepare(*sequence, rows, true)),
            Step::Delta(sequence, rows) => {
                if !self.catalog.outdates(Sequence::new(*sequence)) {
                    let target = self.target(LoadMode::Delta, *sequence);
                    self.rows(rows, &target);
                }
            }
            Step::Release => self.release(),
            Step::Rollback => self.rollback(),
        }
    }

    /// What readers see.
    fn seen(&self) -> BTreeMap<u8, char> {
        let published = self.catalog.published.generation;
        let shown = self
            .records
            .iter()
            .filter_map(|(key, record)| Some((*key, shown(record, published).unwrap()?)));
        shown
            .map(|(key, record)| {
                (
                    key,
                    get_text(&record, "letter").unwrap().chars().next().unwrap(),
                )
            })
            .collect()
    }
}

/// The same, with whole copies of everything.
#[derive(Default, Clone)]
struct Copy {
    rows: BTreeMap<u8, (i64, Option<char>)>,
    sequence: Option<i64>,
}

impl Copy {
    fn with_row(&mut self, key: u8, sequence: i64, letter: Option<char>) {
        let there = self.rows.entry(key).or_insert((sequence, None));
        if there.0 <= sequence {
            *there = (sequence, letter);
        }
    }

    fn with_snapshot(&self, sequence: i64, rows: &Rows) -> Self {
        let mut next = Self {
            sequence: Some(sequence),
            rows: self.rows.clone(),
        };
        let keys = self.rows.keys().chain(rows.keys());
        for key in keys.copied().collect::<Vec<_>>() {
            next.with_row(key, sequence, rows.get(&key).copied().flatten());
        }
        next
    }
}

#[derive(Default)]
struct Model {
    published: Copy,
    previous: Option<Copy>,
    pending: Option<Copy>,
}

impl Model {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Snapshot(sequence, rows, held) => {
                if self.takes(*sequence) {
                    self.previous = None;
                    self.pending = Some(self.published.with_snapshot(*sequence, rows));
                    if !held {
                        self.release();
                    }
                }
            }
            Step::Broken(sequence, _) => {
                if self.takes(*sequence) {
                    (self.previous, self.pending) = (None, None);
                }
            }
            Step::Delta(sequence, rows) => {
                if self
                    .published
                    .sequence
                    .is_none_or(|newest| newest <= *sequence)
                {
                    for (key, letter) in rows {
                        self.published.with_row(*key, *sequence, *letter);
                        if let Some(pending) = self
                            .pending
                            .as_mut()
                            .filter(|p| p.sequence < Some(*sequence))
                        {
                            pending.with_row(*key, *sequence, *letter);
                        }
                    }
                }
            }
            Step::Release => self.release(),
            Step::Rollback => match (self.pending.take(), self.previous.take()) {
                (None, Some(previous)) => self.published = previous,
                (_, previous) => self.previous = previous,
            },
        }
    }

    fn takes(&self, sequence: i64) -> bool {
        let older = |copy: &Copy| copy.sequence.is_none_or(|newest| newest <= sequence);
        older(&self.published) && self.pending.as_ref().is_none_or(older)
    }

    fn release(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.previous = Some(std::mem::replace(&mut self.published, pending));
        }
    }

    fn seen(&self) -> BTreeMap<u8, char> {
        self.published
            .rows
            .iter()
            .filter_map(|(key, (_, letter))| Some((*key, (*letter)?)))
            .collect()
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    let letter = proptest::option::of(proptest::sample::select(vec!['a', 'b', 'c']));
    proptest::collection::btree_map(0_u8..4, letter, 0..5)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_i64..12, rows(), any::<bool>())
            .prop_map(|(at, rows, held)| Step::Snapshot(at, rows, held)),
        4 => (0_i64..12, rows()).prop_map(|(at, rows)| Step::Delta(at, rows)),
        1 => (0_i64..12, rows()).prop_map(|(at, rows)| Step::Broken(at, rows)),
        2 => Just(Step::Release),
        2 => Just(Step::Rollback),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn readers_see_what_they_would_see_if_every_snapshot_were_a_whole_copy(
        steps in proptest::collection::vec(step(), 0..14)
    ) {
        let (mut table, mut model) = (Table::default(), Model::default());
        for (at, step) in steps.iter().enumerate() {
            table.step(step);
            model.step(step);
            prop_assert_eq!(table.seen(), model.seen(), "after step {} of {:?}", at, steps);
        }
    }
}

fn listed(rows: &[(u8, char)]) -> Rows {
    rows.iter()
        .map(|(key, letter)| (*key, Some(*letter)))
        .collect()
}

#[test]
fn all_24_orders_of_four_files_end_in_the_same_with_and_without_repeats() {
    let snapshots = [
        Step::Snapshot(1, listed(&[(1, 'a'), (2, 'a')]), false),
        Step::Snapshot(2, listed(&[(2, 'b'), (3, 'b')]), false),
        Step::Snapshot(3, listed(&[(1, 'a'), (3, 'c')]), false),
        Step::Snapshot(4, listed(&[(2, 'b')]), false),
    ];
    let mixed = [
        Step::Snapshot(1, listed(&[(1, 'a'), (2, 'a')]), false),
        Step::Delta(2, Rows::from([(1, Some('b')), (2, None), (4, Some('b'))])),
        Step::Snapshot(3, listed(&[(1, 'c'), (2, 'c')]), false),
        Step::Delta(4, Rows::from([(2, None), (3, Some('d'))])),
    ];
    for (files, end) in [
        (snapshots, BTreeMap::from([(2, 'b')])),
        (mixed, BTreeMap::from([(1, 'c'), (3, 'd')])),
    ] {
        for order in orders(4) {
            for repeats in [1, 2] {
                let mut table = Table::default();
                for _ in 0..repeats {
                    order.iter().for_each(|at| table.step(&files[*at]));
                }
                assert_eq!(table.seen(), end, "{order:?} {repeats}");
            }
        }
    }
}

#[test]
fn what_a_snapshot_does_not_change_is_not_written() {
    let mut table = Table::default();
    let file = listed(&[(1, 'a'), (2, 'b'), (3, 'c')]);
    table.step(&Step::Snapshot(1, file.clone(), false));
    let written = table.writes;
    table.step(&Step::Snapshot(2, file, false));
    assert_eq!(table.writes, written);
    table.step(&Step::Snapshot(3, listed(&[(1, 'a'), (2, 'z')]), false));
    assert_eq!(table.writes, written + 2, "one changed, one removed");
}

#[test]
fn a_reader_with_outdated_catalog_versions_gets_an_error() {
    let mut table = Table::default();
    for (at, letter) in ['a', 'b', 'c'].into_iter().enumerate() {
        table.step(&Step::Snapshot(
            i64::try_from(at).unwrap(),
            listed(&[(1, letter)]),
            false,
        ));
    }
    let record = &table.records[&1];
    assert!(shown(record, 1).is_err());
    assert_eq!(
        get_text(&shown(record, 2).unwrap().unwrap(), "letter"),
        Ok("b")
    );
}
