//! Finds the end of a field outside quotes.

use memchr::memchr3;

/// Bytes of which the next one is looked for.
#[derive(Debug)]
pub(super) struct Ends {
    bytes: [u8; 3],
    /// Each of them eight times.
    words: [u64; 3],
}

impl Ends {
    /// The lowest and the highest bit of each byte.
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    /// So many bytes are looked at eight at a time. Most fields are short, and a search made for
    /// long ones takes longer to begin.
    const NEAR: usize = 16;

    pub fn new(bytes: [u8; 3]) -> Self {
        Self {
            bytes,
            words: bytes.map(|byte| u64::from_le_bytes([byte; 8])),
        }
    }

    /// Where the next one stands, from `start` on.
    #[inline]
    pub fn find(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        while at < start + Self::NEAR
            && let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk)
        {
            let word = u64::from_le_bytes(*word);
            // The highest bit of each byte that is an end, and maybe of bytes behind the first one.
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
