//! The parts of the local stack, each through its own front door.

mod edge;
mod gateway;
mod roles;
mod sources;
mod stack;
mod support;
mod tour;
