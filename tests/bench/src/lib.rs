#![doc = include_str!("../README.md")]

pub mod cpu;
pub mod footprint;
pub mod large;
pub mod loads;
pub mod lookups;
pub mod memory;
pub mod orders;
pub mod parse;
pub mod starts;

/// What a benchmark found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// Pieces of work done.
    pub pieces: u64,
    /// CPU milliseconds of the whole process, user and system, over all threads.
    pub cpu_ms: u64,
    /// Wall clock milliseconds.
    pub wall_ms: u64,
}

impl Finding {
    /// Pieces of work for each CPU second.
    #[must_use]
    pub fn per_cpu_second(&self) -> u64 {
        self.pieces.saturating_mul(1000) / self.cpu_ms.max(1)
    }
}
