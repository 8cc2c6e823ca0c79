//! Loads: export files of the ERP on their way into the catalog and the members.

mod key;
mod record;
mod state;
#[cfg(test)]
mod tests;

pub use key::{ExportKey, ExportKeyError, Format, LoadKind, LoadMode, Sequence};
pub use record::{Accepted, CatalogRecord, MemberRecord, RowProblem};
pub use state::{Counts, Load, LoadFailure, LoadState, Reason, Warning};
