#![doc = include_str!("../README.md")]

mod amount;
mod calls;
mod connection;
mod control;
mod dataset;
mod documents;
mod faults;
mod history;
mod inject;
mod operation;
mod operations;
mod refusal;
mod router;
mod serve;
mod simulator;
mod world;

#[cfg(test)]
mod tests;

pub use calls::{Call, Calls};
pub use dataset::{Dataset, DatasetError, ONLINE};
pub use faults::{Fault, FaultKind};
pub use simulator::{Clock, Mode, Moment, Options, Simulator, Verdict, Watcher};
