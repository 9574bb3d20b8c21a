//! Large allocations go back to the system when they are freed.

/// Blocks from this size on are mapped and unmapped one by one: glibc's own first threshold.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 << 10;

/// What may be free at the end of a thread's arena before it goes back. glibc's own 128 KiB are less than what an upload
/// over SSH has in its hands: its pages went and came again, 36 faults for a mebibyte, and with this not one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 2 << 20;

/// Keeps glibc from raising its threshold, and from giving back what is wanted again at once; call once, before the
/// first thread.
///
/// glibc raises the size from which it maps blocks to the size of the largest one freed so far, and then
/// keeps such blocks in the arena of each thread that used one: 16 logins at once left 300 MB behind, 19 MiB
/// for each thread that had hashed a password. With a threshold that was set it does not. Elsewhere this
/// does nothing.
pub fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt takes two numbers and changes the allocator's settings under its own lock. It fails
    // only for numbers out of range, and then changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
