//! The integration tests: one binary, with a folder for each subject. `README.md` says how to write
//! one: its name is a sentence that holds, it enters by the front door of an [`app::TestApp`], it
//! asserts what the caller sees and what the ERP holds, and it ends with `finish`.
//!
//! `just test-fast` runs the folders that its list in the `justfile` names: none of them plays
//! simulations, starts programs, loads large files or waits in real time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of it is test code"
)]

mod app;
mod carts;
mod checkout;
mod faults;
mod loads;
mod local_stack;
mod lookups;
mod members;
mod operations;
mod orders;
mod programs;
mod storefront;
mod template;
mod workspace;
