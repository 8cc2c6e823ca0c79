//! Freshness of prices and availabilities.
//!
//! `age` says how old a value is, where it comes from and why it is not newer. `policy` says how
//! long values stay fresh, and is the place to change that.

mod age;
mod policy;

pub use age::{
    Absence, Age, Freshness, Reason, ValueSource, age, jittered, jittered_millis, lifetime_jitter,
};
pub use policy::{
    ABSENT_SECONDS, AvailabilityFreshness, LocatedRule, PriceFreshness, RuleConflict,
    ThresholdRule, ThresholdRules,
};
