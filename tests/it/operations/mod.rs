//! What operators see and do.

mod health;
mod incidents;
mod metrics;
mod permissions;
