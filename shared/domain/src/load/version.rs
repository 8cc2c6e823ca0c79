//! Which snapshot of a kind readers see: one small record, so that one write publishes, or rolls
//! back, a whole snapshot.

#[cfg(test)]
mod tests;

use super::key::Sequence;
use crate::ids::LoadId;

/// A version of all rows of a kind, made by one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogVersion {
    /// Its number. Rows carry the number of the version that they were written for. Later versions
    /// have higher numbers.
    pub generation: u64,
    /// The sequence of its file.
    pub sequence: Sequence,
    /// The load that made it; `None` before the first snapshot.
    pub load: Option<LoadId>,
}

impl CatalogVersion {
    /// The version before the first snapshot: it holds what deltas brought.
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

/// The versions of a kind. Rows hold two versions, so there are never more than two at a time: the
/// published one, and either the previous one or the pending one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogVersions {
    /// What readers see.
    pub published: CatalogVersion,
    /// What a rollback restores. `None` if a rollback happened already, or if the next snapshot has
    /// begun: its rows replace the older versions.
    pub previous: Option<CatalogVersion>,
    /// What is being loaded, or held for a decision.
    pub pending: Option<CatalogVersion>,
    /// The highest number that was ever given to a version.
    pub last: u64,
    /// Grows with every change, so that no change is made on an outdated state.
    pub revision: u64,
}

impl Default for CatalogVersions {
    fn default() -> Self {
        Self {
            published: CatalogVersion::initial(),
            previous: None,
            pending: None,
            last: 0,
            revision: 0,
        }
    }
}

/// Why the versions cannot change this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// A newer snapshot is published or pending.
    #[error("a newer snapshot is published or pending")]
    Newer,
    /// The load is neither published nor pending, or the previous version is gone.
    #[error("the load is neither the pending version nor the published one with a predecessor")]
    NotFound,
}

impl CatalogVersions {
    /// Whether a file is outdated: the published snapshot is newer.
    #[must_use]
    pub fn outdates(&self, sequence: Sequence) -> bool {
        sequence < self.published.sequence
    }

    /// Makes a snapshot the pending version: from here on its rows are written next to the
    /// published ones. Repeated for the same load it changes nothing, so that a load can resume. An
    /// older pending snapshot is dropped.
    ///
    /// # Errors
    /// [`VersionError::Newer`] if a newer snapshot is published or pending.
    pub fn begin(&self, sequence: Sequence, load: &LoadId) -> Result<Self, VersionError> {
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
            return Err(VersionError::Newer);
        }
        let generation = self.last + 1;
        let pending = Some(CatalogVersion {
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

    /// Publishes the pending snapshot. Repeated for a published load it changes nothing.
    ///
    /// # Errors
    /// [`VersionError::NotFound`] if the load is not the pending one.
    pub fn publish(&self, load: &LoadId) -> Result<Self, VersionError> {
        match &self.pending {
            Some(pending) if pending.is_of(load) => Ok(Self {
                published: pending.clone(),
                previous: Some(self.published.clone()),
                pending: None,
                last: self.last,
                revision: self.revision + 1,
            }),
            _ if self.published.is_of(load) => Ok(self.clone()),
            _ => Err(VersionError::NotFound),
        }
    }

    /// Rolls a load back: drops it if it is pending, and restores the previous version if it is
    /// published.
    ///
    /// # Errors
    /// [`VersionError::NotFound`] if it is neither, or if the previous version is gone.
    pub fn roll_back(&self, load: &LoadId) -> Result<Self, VersionError> {
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
            next.published = next.previous.take().ok_or(VersionError::NotFound)?;
            // A pending snapshot replaces the previous version, so none is pending here.
        } else {
            return Err(VersionError::NotFound);
        }
        Ok(next)
    }
}
