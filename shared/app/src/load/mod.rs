//! Loads export files, row by row, each row applied, unchanged or refused with its reasons.
//!
//! A load is planned, worked off in chunks, and closed. Its store holds how far it is, so any
//! worker can take it up anywhere: workers hold the load or a chunk for a while, lay down
//! checkpoints, and what was done behind the last one is done again.
//!
//! A snapshot of the catalog is prepared beside what readers see and shown by one write. Every
//! other file takes effect row by row, after a first pass that only measures what it would do.
//! Either way a guardrail can hold the load before readers see anything of it. Loads of one kind
//! run one after the other; the chunks of a load beside each other.

mod catalog;
mod close;
mod decide;
mod end;
mod hands;
mod header;
mod kinds;
mod list;
mod members;
mod open;
mod parts;
mod pass;
mod plan;
mod row;
mod rows;
mod run;
mod seen;
#[cfg(test)]
mod tests;

pub use decide::Decisions;
pub use header::Header;
pub use kinds::{Rows, accept, understand};
pub use list::Loads;
pub use run::{Arrival, LoadError, Loader, Progress};
