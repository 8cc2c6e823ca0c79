//! Finds the end of a field outside quotes.

use memchr::memchr3;

/// Searches for the next of three bytes. Most fields are short, and `memchr3`, made for long
/// searches, takes longer to start than such a field is long.
#[derive(Debug)]
pub(crate) struct ByteSearch {
    bytes: [u8; 3],
    /// Each of them eight times.
    words: [u64; 3],
}

impl ByteSearch {
    /// The lowest and the highest bit of each byte.
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    /// Bytes that are compared eight at a time before `memchr3` takes over.
    const NEAR: usize = 16;

    pub fn new(bytes: [u8; 3]) -> Self {
        Self {
            bytes,
            words: bytes.map(|byte| u64::from_le_bytes([byte; 8])),
        }
    }

    /// The index of the next of the three bytes, from `start` on.
    #[inline]
    pub fn find(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        while at < start + Self::NEAR
            && let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk)
        {
            let word = u64::from_le_bytes(*word);
            // The highest bit of each byte that matches. Bytes after the first match may be marked
            // without one, which does not matter here.
            // Source: <https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>.
            let found = self
                .words
                .map(|end| word ^ end)
                .map(|byte| byte.wrapping_sub(Self::LOW) & !byte & Self::HIGH);
            let found = found.into_iter().fold(0, |all, found| all | found);
            if found != 0 {
                return Some(at + found.trailing_zeros() as usize / 8);
            }
            at += size_of::<u64>();
        }
        let [one, two, three] = self.bytes;
        memchr3(one, two, three, bytes.get(at..)?).map(|found| at + found)
    }
}
