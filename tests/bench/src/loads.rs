//! Loads: export files through S3 and the load functions into the embedded store.

use std::time::Instant;

use local::load::{LoadError, load};
use local::stack::Stack;

use crate::{Finding, cpu};

/// Loads the stack's data set once. A second run finds nothing changed, so two runs say what a
/// first load and what an unchanged one cost.
///
/// # Errors
/// [`LoadError`] when a file does not load.
pub async fn run(stack: &Stack) -> Result<Finding, LoadError> {
    let (cpu, wall) = (cpu::used(), Instant::now());
    let mut pieces = 0;
    load(stack, |loaded| pieces += loaded.rows).await?;
    Ok(Finding {
        pieces,
        cpu_ms: cpu::millis(cpu::used().saturating_sub(cpu)),
        wall_ms: cpu::millis(wall.elapsed()),
    })
}
