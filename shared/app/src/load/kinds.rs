pub use super::records::RecordFamily as Rows;
pub(super) use super::records::{accept, named_record as named};
