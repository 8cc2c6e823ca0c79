//! What the use cases need from outside, in domain words. No type of an outside system appears
//! here.

#![warn(missing_docs)]

mod ambient;
pub mod carts;
pub mod catalog;
pub mod dead_letters;
pub mod erp;
pub mod files;
pub mod idempotency;
pub mod loads;
pub mod lookups;
pub mod members;
pub mod registrations;
mod store;
pub mod submissions;

pub use ambient::{Background, Clock, Ids, Metrics, VariableError};
pub use carts::Written;
pub use catalog::CatalogReader;
pub use erp::ErpError;
pub use files::{ByteRange, ExportFile, ExportFiles, FileWriter, FilesError};
pub use loads::{
    ChunkClaim, ChunkId, ChunkStatus, InFile, LeaseTerm, LeaseUpdate, LoadFilter, LoadQueue,
    LoadStore, PriceChange, RowOutcome, RowWriter, SweepPage, VersionStore, WriteMode, WriteTarget,
};
pub use members::{MemberReader, Membership};
pub use store::{Cursor, Page, StoreError};
