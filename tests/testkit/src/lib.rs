//! Builders, manual clock, scripted faults.
