//! Checks of texts.

#[cfg(test)]
mod tests;

/// Whether all bytes of a text pass a test. Many are tested at a time, so the test should not
/// branch.
#[inline]
#[must_use]
pub fn every_byte(text: &str, passes: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let every = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & passes(*byte));
    // The rest behind the last whole piece is tested as part of a piece that overlaps it.
    match (
        bytes.last_chunk::<16>(),
        bytes.first_chunk::<8>(),
        bytes.last_chunk::<8>(),
    ) {
        (Some(last), ..) => {
            bytes
                .as_chunks::<16>()
                .0
                .iter()
                .fold(true, |all, piece| all & every(piece))
                & every(last)
        }
        (None, Some(first), Some(last)) => every(first) & every(last),
        _ => every(bytes),
    }
}
