//! Cursors: the position in a list as base64url text, opaque to callers.

use app::ports::{Cursor, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Longer than any cursor of ours: keys have at most 2 KiB.
const MAX_CURSOR: usize = 8 * 1024;

/// A cursor that holds `parts`.
pub(crate) fn encode(parts: &[&str]) -> Cursor {
    let text = serde_json::Value::from(parts.to_vec()).to_string();
    Cursor::new(URL_SAFE_NO_PAD.encode(text))
}

/// The `N` parts of a cursor.
///
/// # Errors
/// [`StoreError::Cursor`] if it was not made by [`encode`] of `N` parts.
pub(crate) fn decode<const N: usize>(cursor: &Cursor) -> Result<[String; N], StoreError> {
    let text = cursor.as_str();
    if text.len() > MAX_CURSOR {
        return Err(StoreError::Cursor);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| StoreError::Cursor)?;
    let parts: Vec<String> = serde_json::from_slice(&bytes).map_err(|_| StoreError::Cursor)?;
    parts.try_into().map_err(|_| StoreError::Cursor)
}
