//! The integration tests: one binary, one module for each thing that the system does. They enter by
//! the front door.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of it is test code"
)]

mod app;
mod approval;
mod binaries;
mod browse;
mod cart;
mod concurrency;
mod confidentiality;
mod crash;
mod damage;
mod degradation;
mod events;
mod faults;
mod formats;
mod health;
mod hostile;
mod layering;
mod loads;
mod metrics;
mod operations;
mod outcomes;
mod permissions;
mod preparation;
mod promptness;
mod purchase;
mod quote;
mod registration;
mod reorder;
mod reservations;
mod template;
mod tls;
mod tour;
mod tracking;
mod work_counts;
