//! What processes and the kernel hold.

use std::fs::read_to_string;

/// Octets of memory that a process has resident, without the pages of files: its program's own are shared with every
/// other process that runs it, so that what is counted of them (`Pss`) grows by megabytes when one of those ends.
///
/// # Panics
/// When the process is gone.
pub fn resident(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/status"), "RssAnon:")
}

/// The most octets of memory that a process ever had resident.
///
/// # Panics
/// When the process is gone.
pub fn peak(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Octets in the kernel's slabs: sockets, timers, tables; of the whole machine.
///
/// # Panics
/// Not on Linux.
pub fn slab() -> u64 {
    field("/proc/meminfo", "Slab:")
}

fn field(file: &str, name: &str) -> u64 {
    let text = read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let line = text.lines().find_map(|l| l.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("{file} has no {name}"));
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of KiB") << 10
}
