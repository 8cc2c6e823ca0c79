#![doc = include_str!("../README.md")]

mod attribute;
mod batch;
mod carts;
mod catalog;
mod cursor;
mod document;
mod error;
mod idempotency;
mod key;
mod loads;
mod lookups;
mod members;
mod query;
mod registrations;
mod submissions;
mod transaction;

pub use carts::CartsTable;
pub use catalog::CatalogTable;
pub use idempotency::IdempotencyTable;
pub use loads::LoadsTable;
pub use lookups::LookupsTable;
pub use members::MembersTable;
pub use registrations::{RegistrationTables, RegistrationsTable};
pub use submissions::{CaptureTables, SubmissionsTable};
