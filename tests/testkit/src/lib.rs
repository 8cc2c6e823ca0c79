//! What tests of any crate share: time and ids that the test decides about, short words for domain
//! values, and a sandbox that runs the program of a function as the Lambda service does.
//!
//! Nothing here knows a function or the runner, so that crates under test may use it as a
//! dev-dependency.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a value that is written down wrong must stop a test, with a word"
)]

mod clock;
mod ids;
mod order;
mod sandbox;
mod setting;
mod values;

pub use clock::{ManualClock, ShiftedClock};
pub use ids::CountingIds;
pub use order::orders;
pub use sandbox::{Failed, Memory, Program, Sandbox};
pub use setting::setting;
pub use values::{ItemBuilder, customer, money, quantity, sku, unit};
