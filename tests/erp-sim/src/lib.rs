//! The ERP simulator: the External System contract over HTTP with real behaviour, every fault on
//! demand, and control routes under `/_sim` for tests against it.
//!
//! The state is plain data behind one mutex that is never held across an await. The clock is handed
//! in; only the delays of faults use real time. Nothing is shared with the system under test but
//! the message types of `wire`: the arithmetic is the ERP's own.
//!
//! What it does beyond the contract, so that it can be tried by hand: an unknown shipping method is
//! charged like the first one, and customers need not be known.

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
