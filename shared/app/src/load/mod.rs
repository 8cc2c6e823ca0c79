//! Loads export files, row by row, each row applied, unchanged or refused with its reasons.
//!
//! A snapshot of the catalog is prepared beside what readers see and shown by one write. Every other file takes effect row by
//! row, after a first pass that only measures what it would do. Either way a guardrail can hold the load before readers see
//! anything of it. Loads of one kind run one after the other.

mod catalog;
mod check;
mod decide;
mod header;
mod kinds;
mod list;
mod members;
mod pass;
mod profile;
mod rejects;
mod row;
mod rows;
mod run;
mod seen;
mod source;
#[cfg(test)]
mod tests;

pub use check::{Checked, check, holds_together};
pub use decide::Decisions;
pub use kinds::Rows;
pub use list::Loads;
pub use profile::Profile;
pub use run::{Arrival, LoadError, Loader};
