//! Why a load stopped.

use domain::load::LoadFailure;
use tabular::FileError;

use crate::ports::{FilesError, StoreError};

/// A load stopped. Except for [`LoadError::FileChanged`] and [`LoadError::Unusable`], the reason is
/// outside its file, and the load resumes when it is run again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files failed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Another load of the kind runs, or another worker has the lease.
    #[error("another load of this kind runs, or another worker has the lease")]
    Busy,
    /// The lease expired, and another worker took it.
    #[error("the lease expired, and another worker took it")]
    Lost,
    /// The file was replaced while it was read.
    #[error("the file was replaced while it was read")]
    FileChanged,
    /// The file cannot be used.
    #[error("the file cannot be used: {}", .0.message)]
    Unusable(LoadFailure),
}

impl From<FileError> for LoadError {
    fn from(error: FileError) -> Self {
        Self::unusable(error.code, &error.message)
    }
}

impl LoadError {
    pub(super) fn unusable(code: &'static str, message: &str) -> Self {
        Self::Unusable(LoadFailure {
            code: code.into(),
            message: message.to_owned(),
        })
    }

    /// Whether the reason is temporary and this worker still has its lease.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(_) | Self::Files(_) => true,
            Self::Busy | Self::Lost | Self::FileChanged | Self::Unusable(_) => false,
        }
    }
}
