//! Which records a file is about, in flat memory: what is missing from a snapshot is what it takes
//! away, and what stands in several chunks has to take effect in the order of the file.

#[cfg(test)]
mod tests;

/// Most identities that are looked at in one round: 32 MiB with the chunks that they stand in.
const MOST: u64 = 2_000_000;

/// The identities of the rows of a file that one round looks at, and the chunk of each. Rounds are
/// told by the remainder of the identity.
pub(super) struct Seen {
    identities: Vec<(u64, u32)>,
    round: u64,
    rounds: u64,
}

impl Seen {
    /// How many rounds a file of so many rows takes.
    pub fn rounds(rows: u64) -> u32 {
        u32::try_from(rows.div_ceil(MOST).max(1)).unwrap_or(u32::MAX)
    }

    /// For one of the rounds.
    pub fn new(round: u32, rounds: u32) -> Self {
        Self {
            identities: Vec::new(),
            round: round.into(),
            rounds: u64::from(rounds).max(1),
        }
    }

    /// Notes a row.
    pub fn note(&mut self, identity: u64, chunk: u32) {
        if identity % self.rounds == self.round
            && self.identities.last() != Some(&(identity, chunk))
        {
            self.identities.push((identity, chunk));
        }
    }

    /// Makes the rows that were noted searchable.
    pub fn sort(&mut self) {
        self.identities.sort_unstable();
        self.identities.dedup();
    }

    /// Whether a record is in the file; none when another round tells.
    pub fn has(&self, identity: u64) -> Option<bool> {
        let found = || {
            self.identities
                .binary_search_by_key(&identity, |(identity, _)| *identity)
                .is_ok()
        };
        (identity % self.rounds == self.round).then(found)
    }

    /// The records that stand in several chunks, ascending.
    pub fn repeated(&self) -> Vec<u64> {
        let following = self.identities.iter().zip(self.identities.iter().skip(1));
        let mut repeated: Vec<u64> = following
            .filter(|(one, next)| one.0 == next.0)
            .map(|(one, _)| one.0)
            .collect();
        repeated.dedup();
        repeated
    }
}
