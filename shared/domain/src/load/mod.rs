//! Loads: export files of the ERP on their way into the catalog and the members.

mod chunk;
mod guard;
mod key;
mod record;
mod report;
mod state;
#[cfg(test)]
mod tests;
mod unresolved;
mod version;
mod work;

pub use chunk::{Chunk, FilePosition};
pub use guard::{Guard, GuardError, Measured};
pub use key::{ExportKey, ExportKeyError, LoadKind, LoadMode, Sequence};
pub use record::{Accepted, CatalogRecord, MemberRecord, Reference, RowProblem};
pub use report::{Counts, LoadFailure, RejectReason, Warning};
pub use state::{Load, LoadState};
pub use unresolved::Unresolved;
pub use version::{CatalogVersion, CatalogVersions, VersionError};
pub use work::{Effect, FinishProgress, Phase, Split, Work};
