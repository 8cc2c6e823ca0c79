//! The export files, and what is written about them.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use domain::load::Load;
use domain::time::Timestamp;
use futures::stream::BoxStream;

/// The files could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// The place that holds them could not be reached or failed.
    #[error("{operation}: the files are not available: {reason}")]
    Unavailable {
        /// What was asked.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
    /// The request is refused as such: a missing permission, a missing bucket, a mistake of ours.
    #[error("{operation}: refused: {reason}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// For the log.
        reason: String,
    },
}

/// Bytes of a file: the first, and the one after the last; none goes to the end.
pub type ByteRange = (u64, Option<u64>);

/// An export file, opened.
pub struct ExportFile {
    /// The size of the whole file.
    pub bytes: u64,
    /// Tells this content from an earlier or later one under the same key.
    pub version: String,
    /// How many rows its sender says it has: the object's metadata `row-count`.
    pub declared_rows: Option<u64>,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Its content, piece by piece, read only as fast as it is asked for.
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

/// A file that is being written. It comes into being with `finish`, or not at all.
#[async_trait]
pub trait FileWriter: Send {
    /// Appends. Holds a few megabytes at most, however long the file gets.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError>;

    /// Ends the file.
    async fn finish(self: Box<Self>) -> Result<(), FilesError>;
}

/// Reads export files and writes what came of them.
#[async_trait]
pub trait ExportFiles: Send + Sync {
    /// Opens a file, or the given bytes of it, which must not be empty; none when there is none.
    async fn open(
        &self,
        key: &str,
        bytes: Option<ByteRange>,
    ) -> Result<Option<ExportFile>, FilesError>;

    /// Reads a small object; none when there is none. Of one that is larger than `most` bytes it
    /// answers the first `most` and some more, so that it shows.
    async fn read(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, FilesError>;

    /// Begins a file of comma-separated values; in place of one with the same key.
    async fn create(&self, key: &str) -> Result<Box<dyn FileWriter>, FilesError>;

    /// Removes files. One that is not there is no error.
    async fn remove(&self, keys: &[String]) -> Result<(), FilesError>;

    /// Writes the report of a load.
    async fn report(&self, key: &str, load: &Load) -> Result<(), FilesError>;
}
