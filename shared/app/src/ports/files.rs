//! The export files, and the files that loads write about them.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use domain::load::Load;
use domain::time::Timestamp;
use futures::stream::BoxStream;

/// The files could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// Their store could not be reached or failed.
    #[error("{operation}: the files are not available: {reason}")]
    Unavailable {
        /// The operation of the store.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
    /// The store rejects the request: a missing permission, a missing bucket, an error in our code.
    #[error("{operation}: refused: {reason}")]
    Refused {
        /// The operation of the store.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
}

/// A range of bytes of a file. It must not be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// The byte after the last one; `None` if the range ends with the file.
    pub end: Option<u64>,
}

/// An open export file.
pub struct ExportFile {
    /// The size of the whole file.
    pub bytes: u64,
    /// Identifies this content among earlier and later ones under the same key.
    pub version: String,
    /// The number of rows that its sender declared in the object's metadata `row-count`.
    pub declared_rows: Option<u64>,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Its content, piece by piece, read only as fast as it is consumed.
    pub chunks: BoxStream<'static, Result<Bytes, FilesError>>,
}

impl fmt::Debug for ExportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ExportFile({} bytes of {})",
            self.bytes, self.last_modified
        )
    }
}

/// A file that is being written. It exists only after `finish`.
#[async_trait]
pub trait FileWriter: Send {
    /// Appends. Buffers a few megabytes at most, whatever the size of the file.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError>;

    /// Ends the file.
    async fn finish(self: Box<Self>) -> Result<(), FilesError>;
}

/// Reads export files, and writes the files about their loads.
#[async_trait]
pub trait ExportFiles: Send + Sync {
    /// Opens a file, or a range of it; `None` if it does not exist.
    async fn open(
        &self,
        key: &str,
        bytes: Option<ByteRange>,
    ) -> Result<Option<ExportFile>, FilesError>;

    /// Reads a small object; `None` if it does not exist. Of one that is larger than `most` bytes
    /// it returns the first `most` and some more, so that the caller detects it.
    async fn read(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, FilesError>;

    /// Begins a file of comma-separated values. It replaces one with the same key.
    async fn create(&self, key: &str) -> Result<Box<dyn FileWriter>, FilesError>;

    /// Removes files, and ignores missing ones.
    async fn remove(&self, keys: &[String]) -> Result<(), FilesError>;

    /// Writes the report of a load.
    async fn report(&self, key: &str, load: &Load) -> Result<(), FilesError>;
}
