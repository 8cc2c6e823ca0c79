//! Exactly once in effect, proven by simulation: the real functions, adapters and AWS clients on
//! the embedded store, with a fault at any boundary, in virtual time. `FAULT_SEEDS` and
//! `FAULT_PAIRS` say how much of it runs; see the README.

mod boundary;
mod check;
mod environment;
mod every;
mod invoke;
mod outage;
mod parallel;
mod plan;
mod run;
mod seeds;
mod time;
