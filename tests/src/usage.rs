//! What a process has used: processor time and memory, from `/proc`.

use std::fs;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: fixed on Linux, whatever the kernel's own.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of a process, all its threads together, to ten milliseconds.
pub fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in brackets may have spaces; what follows has none.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let field = |index: usize| -> u32 {
        fields.split(' ').nth(index).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
    };
    let (user, system) = (field(11), field(12));
    Duration::from_secs_f64(f64::from(user + system) / TICKS_PER_SECOND)
}

/// Memory that a process really uses at the moment (its resident set).
pub fn memory_bytes(pid: u32) -> u64 {
    status_bytes(pid, "VmRSS:")
}

/// The most that it ever used at one moment.
pub fn memory_bytes_peak(pid: u32) -> u64 {
    status_bytes(pid, "VmHWM:")
}

fn status_bytes(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}
