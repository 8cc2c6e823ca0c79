//! The open cart of a buyer.

mod editing;
mod reorder;
