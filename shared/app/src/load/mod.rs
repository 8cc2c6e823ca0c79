//! Loads export files: one pass, row by row, each row applied, unchanged or refused with its reasons.

mod catalog;
mod csv;
mod header;
mod kinds;
mod list;
mod members;
mod rejects;
mod row;
mod rows;
mod run;
#[cfg(test)]
mod tests;

pub use kinds::Rows;
pub use list::Loads;
pub use run::{Arrival, LoadError, Loader};
