//! CPU time of this process.

use std::time::Duration;

/// The kernel counts CPU time of a process in hundredths of a second on every Linux that Rust
/// supports (`USER_HZ`).
const TICK_MS: u64 = 10;

/// CPU time that this process used so far, user and system, over all threads. Zero where there is
/// no `/proc`.
#[must_use]
pub fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the command in parentheses and may hold anything, so counting starts
    // behind it. User and system time are fields 14 and 15 of proc(5).
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks.saturating_mul(TICK_MS))
}

/// Milliseconds as a number.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
