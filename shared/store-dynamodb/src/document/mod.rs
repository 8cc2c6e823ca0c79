//! Documents: carts and submissions as JSON texts inside a record. The values that DynamoDB
//! compares are attributes next to it; the rest is read and written as a whole, and one text is
//! parsed several times faster than as many attributes.

pub(crate) mod cart;
pub(crate) mod event;
mod member;
mod prepared;
pub(crate) mod submission;
pub(crate) mod value;

use app::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The text of a document.
pub(crate) fn encode(document: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|error| StoreError::Corrupt {
        what: error.to_string(),
    })
}

/// The document of a text.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        // The message of the reader may quote the value; the place is enough.
        StoreError::Corrupt {
            what: format!(
                "document at line {}, column {}",
                error.line(),
                error.column()
            ),
        }
    })
}

/// A stored value that its own type refuses.
pub(crate) fn refused<E>(what: &'static str) -> impl FnOnce(E) -> StoreError {
    move |_| StoreError::Corrupt {
        what: what.to_owned(),
    }
}
