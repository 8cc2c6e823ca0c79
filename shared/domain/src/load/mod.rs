//! Loads: export files of the ERP on their way into the catalog and the members.

mod guard;
mod key;
mod pointer;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub use guard::{Guard, GuardError, Measured};
pub use key::{ExportKey, ExportKeyError, LoadKind, LoadMode, Sequence};
pub use pointer::{Pointer, PointerError, Publication};
pub use record::{Accepted, CatalogRecord, MemberRecord, Reference, RowProblem};
pub use state::{Counts, Load, LoadFailure, LoadState, Reason, Warning};
pub use work::{Chunk, Closing, Phase, Place, Unresolved, Work};
