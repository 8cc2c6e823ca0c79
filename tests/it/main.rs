//! The integration tests: one binary, one folder for each thing that the system does. They enter by
//! the front door.
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
