//! Memory of this process, as proc(5) tells it. Zero where there is no `/proc`.

/// Forgets the most that was used so far; answers what is used now, in KiB.
pub fn reset_peak() -> u64 {
    // 5 = reset the high water mark. Where that is not allowed the peak is that of the whole run, which is no less.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    field("VmRSS:")
}

/// The most that was used since, in KiB.
#[must_use]
pub fn peak() -> u64 {
    field("VmHWM:")
}

fn field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
