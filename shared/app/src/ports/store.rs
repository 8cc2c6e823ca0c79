//! What all stores have in common: their errors and the pages of long lists.

use std::fmt;

/// A store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It has too much to do. Certainly not processed.
    #[error("{operation}: the store is throttling")]
    Throttled {
        /// What was asked.
        operation: &'static str,
    },
    /// It could not be reached or failed. A write may or may not have taken effect.
    #[error("{operation}: the store is not available: {reason}")]
    Unavailable {
        /// What was asked.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
    /// It refuses the request as such: a missing table, a missing permission, a mistake of ours.
    /// Trying again is in vain.
    #[error("{operation}: the store refuses: {reason}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
    /// What it holds cannot be understood.
    #[error("the stored record is not readable: {what}")]
    Corrupt {
        /// Record and attribute, without the value: it may be personal.
        what: String,
    },
    /// The record is larger than the store keeps records. Certainly not processed.
    #[error("too large to be stored: {what}")]
    TooLarge {
        /// What was to be stored.
        what: &'static str,
    },
    /// The cursor was not made by this list.
    #[error("the cursor is not one of this list")]
    Cursor,
}

impl StoreError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } => true,
            Self::Refused { .. } | Self::Corrupt { .. } | Self::TooLarge { .. } | Self::Cursor => {
                false
            }
        }
    }
}

/// Where a list continues: opaque to every caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Takes a text as cursor. Only the store that made it can read it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({})", self.0)
    }
}

/// A piece of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items. They may be fewer than the limit, or none, although more follow.
    pub items: Vec<T>,
    /// Where the rest begins; `None` if this was all.
    pub next: Option<Cursor>,
}
