//! Which records a snapshot holds, in flat memory: what is missing from the file is what it takes away.

/// Most identities held at once: 16 MiB.
const MOST: usize = 2_000_000;

/// The identities of the rows of a file, or of one part of them when they are too many. Parts are told by the remainder of
/// the identity, so that each can be collected by itself in another pass over the file.
#[derive(Debug)]
pub(super) struct Seen {
    identities: Vec<u64>,
    part: u64,
    parts: u64,
    most: usize,
    sorted: bool,
}

impl Seen {
    /// Collects all rows, or the first part of them when they turn out to be too many.
    pub fn all() -> Self {
        Self::with_most(MOST)
    }

    fn with_most(most: usize) -> Self {
        Self { identities: Vec::new(), part: 0, parts: 1, most, sorted: false }
    }

    /// Collects the part after this one; none when this was the last.
    pub fn next_part(self) -> Option<Self> {
        let part = self.part + 1;
        let Self { mut identities, parts, most, .. } = self;
        identities.clear();
        (part < parts).then_some(Self { identities, part, parts, most, sorted: false })
    }

    /// Notes a row.
    pub fn note(&mut self, identity: u64) {
        if identity % self.parts != self.part {
            return;
        }
        self.identities.push(identity);
        self.sorted = false;
        // Only the first pass finds out how many parts it takes.
        if self.part == 0 && self.identities.len() >= self.most {
            // Repetitions are no reason for more parts.
            self.identities.sort_unstable();
            self.identities.dedup();
            while self.identities.len() > self.most / 2 {
                self.parts *= 2;
                let parts = self.parts;
                self.identities.retain(|identity| identity % parts == 0);
            }
        }
    }

    /// Makes the rows that were noted searchable.
    pub fn sort(&mut self) {
        self.identities.sort_unstable();
        self.identities.dedup();
        self.sorted = true;
    }

    /// Whether a record is in the file; none when another part tells.
    pub fn has(&self, identity: u64) -> Option<bool> {
        debug_assert!(self.sorted, "searched before it was sorted");
        (identity % self.parts == self.part).then(|| self.identities.binary_search(&identity).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_in_exactly_one_part_however_many_there_are() {
        let rows: Vec<u64> = (0..1_000).map(|n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let mut seen = Seen::with_most(100);
        let mut found = vec![0; rows.len()];
        let mut strangers = 0;
        let mut parts = 0;
        loop {
            rows.iter().for_each(|row| seen.note(*row));
            seen.sort();
            parts += 1;
            for (row, found) in rows.iter().zip(&mut found) {
                *found += i32::from(seen.has(*row) == Some(true));
            }
            strangers += i32::from(seen.has(17) == Some(false));
            match seen.next_part() {
                Some(next) => seen = next,
                None => break,
            }
        }
        assert!(found.iter().all(|found| *found == 1));
        assert_eq!(strangers, 1);
        assert!(parts > 8, "{parts}");
    }

    #[test]
    fn a_file_of_repetitions_does_not_grow() {
        let mut seen = Seen::with_most(10);
        (0..1_000).for_each(|_| seen.note(0));
        seen.sort();
        assert_eq!(seen.has(0), Some(true));
        assert!(seen.identities.len() <= 10);
    }
}
