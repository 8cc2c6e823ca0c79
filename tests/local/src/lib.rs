//! The whole system in one process: what `cargo run -p local` starts and the tests start too.
//!
//! Several stacks may run side by side in one process; they share nothing.

pub mod dataset;
pub mod edge;
pub mod functions;
pub mod gateway;
pub mod host;
pub mod load;
pub mod provision;
pub mod serve;
pub mod sources;
pub mod stack;
pub mod stop;
pub mod template;
pub mod tour;
