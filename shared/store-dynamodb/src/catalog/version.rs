//! Two versions of a row in one record, and which of them readers see.
//!
//! The record itself holds the newer version, its map `before` the older one. Each carries the
//! generation of the catalog version that it was written for. Readers see the newest one whose
//! generation is not higher than the published one. RowVersions of a snapshot that was dropped or
//! rolled back keep their higher generation until the next snapshot, which reads every record that
//! existed before it, overwrites them.
//!
//! One file because the rules for reading and writing the two versions are read together.

use app::ports::{RowOutcome, StoreError, WriteTarget};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::load::{CatalogVersion, CatalogVersions};

use crate::attribute::{Attributes, corrupt, find_map, find_number, number};
use crate::loads::rows::{FINGERPRINT, GONE, SEQUENCE, is_gone};

/// The generation that a version was written for; missing = 0.
const GENERATION: &str = "generation";
/// The older version.
const BEFORE: &str = "before";

/// One version of a row: its attributes, without the record's key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowVersion {
    pub generation: u64,
    pub sequence: i64,
    pub attributes: Attributes,
}

impl RowVersion {
    /// A version of a file.
    pub fn new(generation: u64, sequence: i64, fingerprint: [u8; 16], content: Attributes) -> Self {
        let mut attributes = content;
        attributes.insert(SEQUENCE.to_owned(), number(sequence));
        attributes.insert(
            FINGERPRINT.to_owned(),
            AttributeValue::B(Blob::new(fingerprint)),
        );
        Self {
            generation,
            sequence,
            attributes,
        }
    }

    /// A version that says that the row was removed. It stays, so that an older file does not
    /// restore the row.
    pub fn gone(generation: u64, sequence: i64, fingerprint: [u8; 16]) -> Self {
        let content = Attributes::from([(GONE.to_owned(), AttributeValue::Bool(true))]);
        Self::new(generation, sequence, fingerprint, content)
    }

    fn read(attributes: &Attributes) -> Result<Self, StoreError> {
        Ok(Self {
            generation: find_number(attributes, GENERATION)?.unwrap_or(0),
            sequence: find_number(attributes, SEQUENCE)?.unwrap_or(i64::MIN),
            attributes: attributes.clone(),
        })
    }

    fn into_attributes(self) -> Attributes {
        let mut attributes = self.attributes;
        attributes.insert(GENERATION.to_owned(), number(self.generation));
        attributes
    }

    /// Whether the row was removed.
    pub fn is_gone(&self) -> bool {
        is_gone(&self.attributes)
    }

    /// Whether it says the same, whenever it was said.
    fn says(&self, other: &Self) -> bool {
        self.is_gone() == other.is_gone()
            && self.attributes.get(FINGERPRINT) == other.attributes.get(FINGERPRINT)
    }

    fn same(&self, other: &Self) -> bool {
        self.sequence == other.sequence && self.says(other)
    }
}

/// The versions of a record.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct RowVersions {
    pub newer: Option<RowVersion>,
    pub older: Option<RowVersion>,
}

impl RowVersions {
    /// Reads a record; empty if there is none.
    pub fn read(record: Option<&Attributes>) -> Result<Self, StoreError> {
        let Some(record) = record else {
            return Ok(Self::default());
        };
        let mut own = record.clone();
        let older = own.remove(BEFORE);
        own.remove("pk");
        own.remove("sk");
        let older = older
            .map(|older| {
                older
                    .as_m()
                    .map_err(|_| corrupt(BEFORE))
                    .and_then(RowVersion::read)
            })
            .transpose()?;
        Ok(Self {
            newer: Some(RowVersion::read(&own)?),
            older,
        })
    }

    /// The record without its key; `None` if it is to be deleted.
    pub fn into_attributes(self) -> Option<Attributes> {
        let mut attributes = self.newer?.into_attributes();
        if let Some(older) = self.older {
            attributes.insert(
                BEFORE.to_owned(),
                AttributeValue::M(older.into_attributes()),
            );
        }
        Some(attributes)
    }

    /// Both, the newer first.
    pub fn iter(&self) -> impl Iterator<Item = &RowVersion> {
        [&self.newer, &self.older].into_iter().flatten()
    }

    /// The newest version of a visible generation.
    pub fn seen(&self, visible: impl Fn(u64) -> bool) -> Option<&RowVersion> {
        self.iter().find(|version| visible(version.generation))
    }

    /// The version that readers see now.
    pub fn now(&self, catalog: &CatalogVersions) -> Option<&RowVersion> {
        self.seen(|generation| generation <= catalog.published.generation)
    }

    /// Two views as a record: one version where they are the same.
    fn of(lower: Option<RowVersion>, upper: Option<RowVersion>) -> Self {
        match (lower, upper) {
            (Some(lower), Some(upper)) if lower.same(&upper) => Self {
                newer: Some(lower),
                older: None,
            },
            (lower, Some(upper)) => Self {
                newer: Some(upper),
                older: lower,
            },
            (lower, None) => Self {
                newer: lower,
                older: None,
            },
        }
    }
}

/// The part of a record that readers of a catalog version see: the record with the attributes of
/// one version alone. `None` if they see nothing. The error means that both versions are newer, so
/// the given one is not the published one any more.
pub(super) fn shown(record: &Attributes, published: u64) -> Result<Option<Attributes>, Outdated> {
    let generation = |attributes: &Attributes| {
        find_number(attributes, GENERATION)
            .ok()
            .flatten()
            .unwrap_or(0_u64)
    };
    let older = find_map(record, BEFORE).ok().flatten();
    if generation(record) <= published {
        return Ok((!is_gone(record)).then(|| {
            let mut shown = record.clone();
            shown.remove(BEFORE);
            shown
        }));
    }
    match older {
        None => Ok(None),
        Some(older) if generation(older) > published => Err(Outdated),
        Some(older) if is_gone(older) => Ok(None),
        Some(older) => {
            let mut shown = older.clone();
            for part in ["pk", "sk"] {
                if let Some(value) = record.get(part) {
                    shown.insert(part.to_owned(), value.clone());
                }
            }
            Ok(Some(shown))
        }
    }
}

/// The catalog versions changed since they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outdated;

/// The effect of a row on its record.
pub(super) struct VersionChange {
    /// What to write; `None` if the record stays as it is.
    pub versions: Option<RowVersions>,
    pub outcome: RowOutcome,
}

impl VersionChange {
    fn none(outcome: RowOutcome) -> Self {
        Self {
            versions: None,
            outcome,
        }
    }
}

/// Applies a row to the versions of its record. `row` makes the version for a generation.
pub(super) fn with_row(
    versions: &RowVersions,
    row: &dyn Fn(u64) -> RowVersion,
    target: &WriteTarget,
) -> VersionChange {
    match (target.generation(), &target.versions.pending) {
        (Some(generation), _) => write_pending(versions, row(generation), generation, target),
        (None, Some(pending)) => write_next_to_pending(
            versions,
            row(target.versions.published.generation),
            pending,
            target,
        ),
        (None, None) => {
            write_immediately(versions, row(target.versions.published.generation), target)
        }
    }
}

/// The version that readers see now, and the one that they will see when the catalog version
/// `generation` is published.
fn views<'a>(
    versions: &'a RowVersions,
    catalog: &CatalogVersions,
    generation: u64,
) -> (Option<&'a RowVersion>, Option<&'a RowVersion>) {
    let published = catalog.published.generation;
    let then = versions.seen(|other| other <= published || other == generation);
    (versions.now(catalog), then)
}

/// Whether a version was written for a snapshot that was dropped or rolled back. Readers would see
/// it as soon as `generation` is published.
fn has_leftovers(versions: &RowVersions, catalog: &CatalogVersions, generation: u64) -> bool {
    let published = catalog.published.generation;
    versions
        .iter()
        .any(|version| version.generation > published && version.generation != generation)
}

/// A row of a snapshot, written into the pending catalog version.
fn write_pending(
    versions: &RowVersions,
    row: RowVersion,
    generation: u64,
    target: &WriteTarget,
) -> VersionChange {
    let (now, then) = views(versions, &target.versions, generation);
    let leftovers = has_leftovers(versions, &target.versions, generation);
    let unchanged = |then: Option<&RowVersion>, outcome| VersionChange {
        versions: leftovers.then(|| RowVersions::of(now.cloned(), then.cloned())),
        outcome,
    };
    match then {
        Some(then) if then.sequence > row.sequence => unchanged(Some(then), RowOutcome::Unchanged),
        // Written by this load already, before it was interrupted.
        Some(then) if then.generation == generation && then.says(&row) => {
            unchanged(Some(then), RowOutcome::Applied(None))
        }
        // The sequence of the snapshot itself protects records that it does not change.
        Some(then) if then.generation != generation && then.says(&row) => {
            unchanged(Some(then), RowOutcome::Unchanged)
        }
        // An earlier row of the file said otherwise, and this one reverts it.
        _ if now.is_some_and(|now| now.says(&row)) => VersionChange {
            versions: Some(RowVersions::of(now.cloned(), now.cloned())),
            outcome: RowOutcome::Unchanged,
        },
        _ => VersionChange {
            versions: Some(RowVersions::of(now.cloned(), Some(row))),
            outcome: RowOutcome::Applied(None),
        },
    }
}

/// A row of a delta, which readers see at once. What a rollback restores stays as it is.
fn write_immediately(
    versions: &RowVersions,
    row: RowVersion,
    target: &WriteTarget,
) -> VersionChange {
    let now = versions.now(&target.versions);
    let previous = target.versions.previous.as_ref();
    let before = previous.and_then(|previous| versions.seen(|other| other <= previous.generation));
    let (replaces, outcome) = compare(now, &row);
    // Two versions even if they say the same: the rollback restores the older sequence too.
    let versions = replaces.then(|| RowVersions {
        newer: Some(row),
        older: before.cloned(),
    });
    VersionChange { versions, outcome }
}

/// A row of a delta while a snapshot is pending: it is written into both catalog versions, into
/// each if it is newer there.
fn write_next_to_pending(
    versions: &RowVersions,
    row: RowVersion,
    pending: &CatalogVersion,
    target: &WriteTarget,
) -> VersionChange {
    let (now, then) = views(versions, &target.versions, pending.generation);
    let sequence = pending.sequence.number();
    let (replaces, outcome) = compare(now, &row);
    if !replaces {
        return VersionChange::none(outcome);
    }
    let newer_than_pending =
        row.sequence > sequence && then.is_none_or(|then| row.sequence >= then.sequence);
    let then = if newer_than_pending {
        row.clone()
    } else {
        match then {
            // A record without a version of its own is the same in the pending snapshot as now.
            Some(then) => RowVersion {
                generation: pending.generation,
                ..then.clone()
            },
            // The pending snapshot lacks the record.
            None => RowVersion::gone(pending.generation, sequence, [0; 16]),
        }
    };
    VersionChange {
        versions: Some(RowVersions::of(Some(row), Some(then))),
        outcome,
    }
}

/// Whether a row replaces the existing version, and its outcome.
fn compare(existing: Option<&RowVersion>, row: &RowVersion) -> (bool, RowOutcome) {
    let Some(existing) = existing else {
        return (
            true,
            if row.is_gone() {
                RowOutcome::Unchanged
            } else {
                RowOutcome::Applied(None)
            },
        );
    };
    if existing.sequence > row.sequence || existing.same(row) {
        return (false, RowOutcome::Unchanged);
    }
    let nothing_new = existing.says(row) || existing.is_gone() && row.is_gone();
    (
        true,
        if nothing_new {
            RowOutcome::Unchanged
        } else {
            RowOutcome::Applied(None)
        },
    )
}

/// The effect of a sweep on a record.
pub(super) struct SweptRow {
    /// What to write; `None` if the record stays as it is. Empty versions delete it.
    pub versions: Option<RowVersions>,
    /// Whether readers see it now.
    pub existing: bool,
    /// Whether they see it now, and will not once the snapshot is published.
    pub removed: bool,
}

/// Sweeps a record after all rows of the pending snapshot were written.
pub(super) fn sweep_row(
    versions: &RowVersions,
    in_file: bool,
    generation: u64,
    target: &WriteTarget,
) -> SweptRow {
    let sequence = target.sequence.number();
    let (now, then) = views(versions, &target.versions, generation);
    let existing = now.is_some_and(|now| !now.is_gone());
    let lacking = !in_file && then.is_some_and(|then| !then.is_gone() && then.sequence <= sequence);
    let gone = lacking.then(|| RowVersion::gone(generation, sequence, [0; 16]));
    // A row that is removed in both versions needs only one.
    let worn = !existing && then.is_none_or(RowVersion::is_gone) && versions.older.is_some();
    let writes = lacking || worn || has_leftovers(versions, &target.versions, generation);
    let then = gone.or_else(|| then.cloned());
    let removed = existing && then.as_ref().is_none_or(RowVersion::is_gone);
    let versions = writes.then(|| RowVersions::of(now.cloned(), then));
    SweptRow {
        versions,
        existing,
        removed,
    }
}
