//! Work counts and benchmarks.
