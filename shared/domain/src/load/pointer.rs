//! Which snapshot of a kind readers see: one small record, so that a whole snapshot appears, or
//! goes, in one write.

#[cfg(test)]
mod tests;

use super::key::Sequence;
use crate::ids::LoadId;

/// A state of all rows of a kind that readers can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its number. Rows carry the number of the publication that they were written for; later ones
    /// have higher numbers.
    pub generation: u64,
    /// The place of its file in the order of files.
    pub sequence: Sequence,
    /// The load that made it; none before the first snapshot.
    pub load: Option<LoadId>,
}

impl Publication {
    /// What there is before the first snapshot: what deltas brought.
    #[must_use]
    pub fn initial() -> Self {
        Self {
            generation: 0,
            sequence: Sequence::new(i64::MIN),
            load: None,
        }
    }

    /// Whether the load made it.
    #[must_use]
    pub fn is_of(&self, load: &LoadId) -> bool {
        self.load.as_ref() == Some(load)
    }
}

/// Where the rows of a kind stand. Rows hold two versions, so there are never more than two
/// publications at a time: the published one, and either the one before it or the one that is being
/// prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// What readers see.
    pub published: Publication,
    /// What a rollback brings back. None when a rollback happened already, or the next snapshot has
    /// begun: its rows take the place of the older versions.
    pub previous: Option<Publication>,
    /// What is being loaded, or held for a decision.
    pub pending: Option<Publication>,
    /// The highest number that was ever given to a publication.
    pub last: u64,
    /// Grows with every change, so that no change is made on an outdated state.
    pub revision: u64,
}

impl Default for Pointer {
    fn default() -> Self {
        Self {
            published: Publication::initial(),
            previous: None,
            pending: None,
            last: 0,
            revision: 0,
        }
    }
}

/// Why a pointer cannot be moved so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// A newer snapshot is published, or waits for a decision.
    #[error("a newer snapshot is there")]
    Newer,
    /// The load neither is published nor waits for it, or what was before it is gone.
    #[error("the load is neither the pending nor the published one with a predecessor")]
    NotThere,
}

impl Pointer {
    /// Whether a file is too old to say anything: the published snapshot said it later.
    #[must_use]
    pub fn outdates(&self, sequence: Sequence) -> bool {
        sequence < self.published.sequence
    }

    /// Prepares a snapshot: from here on its rows are written beside the published ones. Again for
    /// the same load it changes nothing, so that a load goes on after a crash. A pending snapshot
    /// that is older is dropped.
    ///
    /// # Errors
    /// [`PointerError::Newer`] when a newer snapshot is published or pending.
    pub fn begun(&self, sequence: Sequence, load: &LoadId) -> Result<Self, PointerError> {
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.is_of(load))
        {
            return Ok(self.clone());
        }
        if self.outdates(sequence)
            || self
                .pending
                .as_ref()
                .is_some_and(|pending| sequence < pending.sequence)
        {
            return Err(PointerError::Newer);
        }
        let generation = self.last + 1;
        let pending = Some(Publication {
            generation,
            sequence,
            load: Some(load.clone()),
        });
        Ok(Self {
            published: self.published.clone(),
            previous: None,
            pending,
            last: generation,
            revision: self.revision + 1,
        })
    }

    /// Shows the pending snapshot to readers.
    ///
    /// # Errors
    /// [`PointerError::NotThere`] when the load is not the pending one. A load that is published
    /// already is no error.
    pub fn publish(&self, load: &LoadId) -> Result<Self, PointerError> {
        match &self.pending {
            Some(pending) if pending.is_of(load) => Ok(Self {
                published: pending.clone(),
                previous: Some(self.published.clone()),
                pending: None,
                last: self.last,
                revision: self.revision + 1,
            }),
            _ if self.published.is_of(load) => Ok(self.clone()),
            _ => Err(PointerError::NotThere),
        }
    }

    /// Takes a load back: drops it while it is pending, and brings the one before it back when it
    /// is published.
    ///
    /// # Errors
    /// [`PointerError::NotThere`] when it is neither, or what was before it is gone.
    pub fn rolled_back(&self, load: &LoadId) -> Result<Self, PointerError> {
        let mut next = Self {
            revision: self.revision + 1,
            ..self.clone()
        };
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.is_of(load))
        {
            next.pending = None;
        } else if self.published.is_of(load) {
            next.published = next.previous.take().ok_or(PointerError::NotThere)?;
            // A pending snapshot ends what could be rolled back to, so there is none here.
        } else {
            return Err(PointerError::NotThere);
        }
        Ok(next)
    }
}
