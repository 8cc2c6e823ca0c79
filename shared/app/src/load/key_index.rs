//! The identities of the records of a file, in flat memory: a snapshot removes the records that it
//! lacks, and records that occur in several chunks are applied again in the order of the file.

#[cfg(test)]
mod tests;

/// Most identities per round: 32 MiB with the numbers of their chunks.
const MAX_IDENTITIES: u64 = 2_000_000;

/// The identities of one round, each with the chunk of its row. A round has the identities with one
/// remainder.
pub(super) struct KeyIndex {
    identities: Vec<(u64, u32)>,
    round: u64,
    rounds: u64,
}

impl KeyIndex {
    /// The number of rounds of a file with this number of rows.
    pub fn rounds(rows: u64) -> u32 {
        u32::try_from(rows.div_ceil(MAX_IDENTITIES).max(1)).unwrap_or(u32::MAX)
    }

    /// An empty index for one of the rounds.
    pub fn new(round: u32, rounds: u32) -> Self {
        Self {
            identities: Vec::new(),
            round: round.into(),
            rounds: u64::from(rounds).max(1),
        }
    }

    /// Adds a row, if it is of this round.
    pub fn add(&mut self, identity: u64, chunk: u32) {
        if identity % self.rounds == self.round
            && self.identities.last() != Some(&(identity, chunk))
        {
            self.identities.push((identity, chunk));
        }
    }

    /// Makes the added rows searchable.
    pub fn sort(&mut self) {
        self.identities.sort_unstable();
        self.identities.dedup();
    }

    /// Whether a record is in the file; `None` if another round decides.
    pub fn contains(&self, identity: u64) -> Option<bool> {
        let found = || {
            self.identities
                .binary_search_by_key(&identity, |(identity, _)| *identity)
                .is_ok()
        };
        (identity % self.rounds == self.round).then(found)
    }

    /// The records that occur in several chunks, ascending.
    pub fn duplicates(&self) -> Vec<u64> {
        let following = self.identities.iter().zip(self.identities.iter().skip(1));
        let mut duplicates: Vec<u64> = following
            .filter(|(one, next)| one.0 == next.0)
            .map(|(one, _)| one.0)
            .collect();
        duplicates.dedup();
        duplicates
    }
}
