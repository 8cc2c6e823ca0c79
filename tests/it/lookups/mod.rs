//! Prices and availability through the functions as they are deployed: how much work they make,
//! what they answer while the ERP fails, and that a buyer sees only their own prices.

mod ahead;
mod fixtures;
mod freshness;
mod outage;
mod transport;
mod work_counts;
