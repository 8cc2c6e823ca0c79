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
mod mode;
mod operation;
mod operations;
mod refusal;
mod respond;
mod router;
mod serve;
mod simulator;
mod state;

#[cfg(test)]
mod tests;

pub use calls::{Call, Calls};
pub use dataset::{Dataset, DatasetError, ONLINE};
pub use faults::{Fault, FaultKind};
pub use mode::Mode;
pub use simulator::{Clock, Moment, Options, Simulator, Verdict, Watcher};
