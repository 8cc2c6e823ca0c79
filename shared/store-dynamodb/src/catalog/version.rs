//! Two versions of a row in one record, and which of them readers see.
//!
//! The newer version stands in the record itself, the older one in its map `before`. Each carries
//! the generation that it was written for. Readers see the newest version whose generation is not
//! beyond the published one. What was written for a publication that was dropped or rolled back
//! stays beyond it, until the next snapshot, which looks at every record that was there before it,
//! writes over it.

use app::ports::{Outcome, Stage, StoreError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::load::{Pointer, Publication};

use crate::attribute::{Attributes, corrupt, find_map, find_number, number};
use crate::loads::rows::{FINGERPRINT, GONE, SEQUENCE, is_gone};

/// The generation that a version was written for; missing = 0.
const GENERATION: &str = "generation";
/// The older version.
const BEFORE: &str = "before";

/// One version of a row: its attributes, without the record's key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    pub generation: u64,
    pub sequence: i64,
    pub attributes: Attributes,
}

impl Version {
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

    /// A version that says there is no such row. Kept, so that an older file does not bring it
    /// back.
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

    /// Whether there is no such row.
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
pub(super) struct Versions {
    pub newer: Option<Version>,
    pub older: Option<Version>,
}

impl Versions {
    /// Reads a record; none when there is no record.
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
                    .and_then(Version::read)
            })
            .transpose()?;
        Ok(Self {
            newer: Some(Version::read(&own)?),
            older,
        })
    }

    /// The record, to which its key is to be added; none when there is nothing to keep.
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
    pub fn iter(&self) -> impl Iterator<Item = &Version> {
        [&self.newer, &self.older].into_iter().flatten()
    }

    /// The newest version of a visible generation.
    pub fn seen(&self, visible: impl Fn(u64) -> bool) -> Option<&Version> {
        self.iter().find(|version| visible(version.generation))
    }

    /// Two views as a record: one version where they are the same.
    fn of(lower: Option<Version>, upper: Option<Version>) -> Self {
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

/// The part of a record that readers of a publication see: the record with the attributes of that
/// version alone. None when they see nothing. The error means that the publication is older than
/// both versions, so it cannot be the published one any more.
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

/// The pointer that was read is not the published one any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outdated;

/// What a row makes of a record.
pub(super) struct Change {
    /// What to write; none when the record stays as it is.
    pub versions: Option<Versions>,
    pub outcome: Outcome,
}

impl Change {
    fn none(outcome: Outcome) -> Self {
        Self {
            versions: None,
            outcome,
        }
    }
}

/// What a row makes of the versions of its record. `row` makes the version for a generation.
pub(super) fn with_row(versions: &Versions, row: &dyn Fn(u64) -> Version, stage: &Stage) -> Change {
    match (stage.generation, &stage.pointer.pending) {
        (Some(generation), _) => prepared(versions, row(generation), generation, stage),
        (None, Some(pending)) => beside(
            versions,
            row(stage.pointer.published.generation),
            pending,
            stage,
        ),
        (None, None) => at_once(versions, row(stage.pointer.published.generation), stage),
    }
}

/// The version that readers see now, and the one that they will see when the publication
/// `generation` is shown.
fn views<'a>(
    versions: &'a Versions,
    pointer: &Pointer,
    generation: u64,
) -> (Option<&'a Version>, Option<&'a Version>) {
    let published = pointer.published.generation;
    let now = versions.seen(|other| other <= published);
    (
        now,
        versions.seen(|other| other <= published || other == generation),
    )
}

/// Whether a version was written for a publication that was dropped or rolled back. Readers would
/// see it as soon as `generation` is shown.
fn has_leftovers(versions: &Versions, pointer: &Pointer, generation: u64) -> bool {
    let published = pointer.published.generation;
    versions
        .iter()
        .any(|version| version.generation > published && version.generation != generation)
}

/// A row of a snapshot, beside what readers see.
fn prepared(versions: &Versions, row: Version, generation: u64, stage: &Stage) -> Change {
    let (now, then) = views(versions, &stage.pointer, generation);
    let leftovers = has_leftovers(versions, &stage.pointer, generation);
    let kept = |then: Option<&Version>, outcome| Change {
        versions: leftovers.then(|| Versions::of(now.cloned(), then.cloned())),
        outcome,
    };
    match then {
        Some(then) if then.sequence > row.sequence => kept(Some(then), Outcome::Unchanged),
        // Written by this load already, before it was interrupted.
        Some(then) if then.generation == generation && then.says(&row) => {
            kept(Some(then), Outcome::Applied(None))
        }
        // In a snapshot the pointer itself guards what it did not change.
        Some(then) if then.generation != generation && then.says(&row) => {
            kept(Some(then), Outcome::Unchanged)
        }
        // An earlier row of the file said otherwise, and this one takes it back.
        _ if now.is_some_and(|now| now.says(&row)) => Change {
            versions: Some(Versions::of(now.cloned(), now.cloned())),
            outcome: Outcome::Unchanged,
        },
        _ => Change {
            versions: Some(Versions::of(now.cloned(), Some(row))),
            outcome: Outcome::Applied(None),
        },
    }
}

/// A row of a delta, which readers see at once. What a rollback brings back stays as it is.
fn at_once(versions: &Versions, row: Version, stage: &Stage) -> Change {
    let pointer = &stage.pointer;
    let now = versions.seen(|other| other <= pointer.published.generation);
    let previous = pointer.previous.as_ref();
    let before = previous.and_then(|previous| versions.seen(|other| other <= previous.generation));
    let (taken, outcome) = newer(now, &row);
    // Two versions even if they say the same: the rollback brings back the older place in the order
    // too.
    let versions = taken.then(|| Versions {
        newer: Some(row),
        older: before.cloned(),
    });
    Change { versions, outcome }
}

/// A row of a delta while a snapshot waits for a decision: both sides learn of it, each if it is
/// newer there.
fn beside(versions: &Versions, row: Version, pending: &Publication, stage: &Stage) -> Change {
    let (now, then) = views(versions, &stage.pointer, pending.generation);
    let sequence = pending.sequence.number();
    let (taken, outcome) = newer(now, &row);
    if !taken {
        return Change::none(outcome);
    }
    let newer_there =
        row.sequence > sequence && then.is_none_or(|then| row.sequence >= then.sequence);
    let then = if newer_there {
        row.clone()
    } else {
        match then {
            // A record without a version of its own says in the pending snapshot what it says now.
            Some(then) => Version {
                generation: pending.generation,
                ..then.clone()
            },
            // What is not there is missing from it.
            None => Version::gone(pending.generation, sequence, [0; 16]),
        }
    };
    Change {
        versions: Some(Versions::of(Some(row), Some(then))),
        outcome,
    }
}

/// Whether a row takes the place of what is there, and what became of it.
fn newer(there: Option<&Version>, row: &Version) -> (bool, Outcome) {
    let Some(there) = there else {
        return (
            true,
            if row.is_gone() {
                Outcome::Unchanged
            } else {
                Outcome::Applied(None)
            },
        );
    };
    if there.sequence > row.sequence || there.same(row) {
        return (false, Outcome::Unchanged);
    }
    let nothing_new = there.says(row) || there.is_gone() && row.is_gone();
    (
        true,
        if nothing_new {
            Outcome::Unchanged
        } else {
            Outcome::Applied(None)
        },
    )
}

/// What the end of a snapshot makes of a record.
pub(super) struct Swept {
    /// What to write; none when the record stays as it is. Empty versions delete it.
    pub versions: Option<Versions>,
    /// Whether readers see it now.
    pub there: bool,
    /// Whether they do, and will not once the snapshot is shown.
    pub removed: bool,
}

/// What becomes of a record once a snapshot that is being prepared was read to its end.
pub(super) fn swept(versions: &Versions, in_file: bool, generation: u64, stage: &Stage) -> Swept {
    let sequence = stage.sequence.number();
    let (now, then) = views(versions, &stage.pointer, generation);
    let there = now.is_some_and(|now| !now.is_gone());
    let lacking = !in_file && then.is_some_and(|then| !then.is_gone() && then.sequence <= sequence);
    let gone = lacking.then(|| Version::gone(generation, sequence, [0; 16]));
    // What is gone on both sides needs to be remembered once.
    let worn = !there && then.is_none_or(Version::is_gone) && versions.older.is_some();
    let writes = lacking || worn || has_leftovers(versions, &stage.pointer, generation);
    let then = gone.or_else(|| then.cloned());
    let removed = there && then.as_ref().is_none_or(Version::is_gone);
    let versions = writes.then(|| Versions::of(now.cloned(), then));
    Swept {
        versions,
        there,
        removed,
    }
}

impl Versions {
    /// The version that readers see now.
    pub fn now(&self, pointer: &Pointer) -> Option<&Version> {
        self.seen(|generation| generation <= pointer.published.generation)
    }
}
