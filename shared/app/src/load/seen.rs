//! Which records a file is about, in flat memory: what is missing from a snapshot is what it takes away, and what stands in
//! several chunks has to take effect in the order of the file.

/// Most identities that are looked at in one round: 32 MiB with the chunks that they stand in.
const MOST: u64 = 2_000_000;

/// The identities of the rows of a file that one round looks at, and the chunk of each. Rounds are told by the remainder of the
/// identity.
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
        Self { identities: Vec::new(), round: round.into(), rounds: u64::from(rounds).max(1) }
    }

    /// Notes a row.
    pub fn note(&mut self, identity: u64, chunk: u32) {
        if identity % self.rounds == self.round && self.identities.last() != Some(&(identity, chunk)) {
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
        let found = || self.identities.binary_search_by_key(&identity, |(identity, _)| *identity).is_ok();
        (identity % self.rounds == self.round).then(found)
    }

    /// The records that stand in several chunks, ascending.
    pub fn repeated(&self) -> Vec<u64> {
        let following = self.identities.iter().zip(self.identities.iter().skip(1));
        let mut repeated: Vec<u64> = following.filter(|(one, next)| one.0 == next.0).map(|(one, _)| one.0).collect();
        repeated.dedup();
        repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_in_exactly_one_round_however_many_there_are() {
        let rows: Vec<u64> = (0..1_000).map(|n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let mut found = vec![0; rows.len()];
        let mut strangers = 0;
        for round in 0..7 {
            let mut seen = Seen::new(round, 7);
            rows.iter().for_each(|row| seen.note(*row, 0));
            seen.sort();
            for (row, found) in rows.iter().zip(&mut found) {
                *found += i32::from(seen.has(*row) == Some(true));
            }
            strangers += i32::from(seen.has(17) == Some(false));
        }
        assert!(found.iter().all(|found| *found == 1));
        assert_eq!(strangers, 1);
        assert_eq!((Seen::rounds(0), Seen::rounds(MOST), Seen::rounds(MOST + 1)), (1, 1, 2));
    }

    #[test]
    fn a_record_is_repeated_when_several_chunks_hold_it() {
        let mut seen = Seen::new(0, 1);
        for (identity, chunk) in [(5, 0), (5, 0), (7, 0), (5, 1), (7, 1), (7, 2), (9, 2)] {
            seen.note(identity, chunk);
        }
        seen.sort();
        assert_eq!(seen.repeated(), [5, 7]);
        assert_eq!(seen.has(9), Some(true));
    }
}
