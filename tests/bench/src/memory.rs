//! Memory of this process.

use testkit::Memory;

/// Forgets the most that was used so far; answers what is used now, in KiB.
pub fn reset_peak() -> u64 {
    // 5 = reset the high water mark. Where that is not allowed the peak is that of the whole run,
    // which is no less.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    Memory::of("self").resident_kib
}

/// The most that was used since, in KiB.
#[must_use]
pub fn peak() -> u64 {
    Memory::of("self").peak_kib
}
