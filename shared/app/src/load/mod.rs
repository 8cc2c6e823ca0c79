//! Loads export files, row by row: each row is applied, unchanged, or rejected with its reasons.
//!
//! A walk through a load:
//!
//! 1. An invocation hears of a file ([`Arrival`]), or of one chunk of its load, and calls
//!    [`Loader::run`] (`worker`). Workers share nothing but the store, which holds every load, its
//!    chunks and its progress.
//! 2. The worker takes the *lease* on the load or the chunk (`lease`). Heartbeats extend it; the
//!    lease of a worker that was stopped expires, and another worker resumes. Loads of a kind run
//!    one after the other, under the lock of the kind.
//! 3. `situation` decides what is to be done: pure functions of the stored load, the catalog
//!    versions and the request. `worker` carries the decision out, and asks again, until the load
//!    ends or other invocations continue it.
//! 4. *Plan* (`plan`): the file is opened (`open`), a snapshot of the catalog begins a pending
//!    version, and a large file is split into chunks that workers process concurrently.
//! 5. *Measure* (`scan`): every row of a chunk is counted, once. Rows of a snapshot of the catalog
//!    are written into the pending version; other rows are only compared with the stored records.
//!    Checkpoints save the progress of the chunk and spill what was collected (`spill`); a worker
//!    that resumes repeats what was done after the last one.
//! 6. *Finish* (`finish`): the worker that finds all chunks done adds them up, and handles what
//!    needs all rows (`sweep`, `key_index`): records that a snapshot lacks are removed, records
//!    that occur in several chunks are applied again in the order of the file. A guardrail may hold
//!    the load for an operator. A snapshot of the catalog is published by one write.
//! 7. *Apply*: the rows of every other load are scanned again, and now written, each so that
//!    readers see it at once. This phase is finished too.
//! 8. The load ends (`end`): its report is written, and its chunks and objects are removed.
//!
//! Operators list, release and roll back loads with [`LoadOperator`] (`operator`).

mod batch;
mod columns;
mod end;
mod error;
mod finish;
mod header;
mod key_index;
mod lease;
mod loader;
mod open;
mod operator;
mod plan;
mod records;
mod row_cursor;
mod row_view;
mod scan;
mod situation;
mod spill;
mod sweep;
#[cfg(test)]
mod tests;
mod worker;

pub use error::LoadError;
pub use header::Header;
pub use loader::{Arrival, Loader};
pub use operator::LoadOperator;
pub use records::{RecordFamily, accept, understand};
pub use worker::LoadProgress;
