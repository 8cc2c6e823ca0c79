//! The parts of the local stack, each through its own front door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod edge;
mod gateway;
mod loads;
mod roles;
mod sources;
mod stack;
mod support;
mod template;
