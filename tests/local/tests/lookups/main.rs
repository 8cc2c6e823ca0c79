//! Prices and availability through the functions as they are deployed: how much work they make,
//! what they answer when the ERP fails, and that nobody sees what is not theirs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ahead;
mod freshness;
mod outage;
mod shop;
mod transport;
mod work_counts;
