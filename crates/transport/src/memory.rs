//! Large allocations go back to the system when they are freed.

/// Blocks from this size on are mapped and unmapped one by one: glibc's own first threshold.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 << 10;

/// Keeps glibc from raising its threshold; call once, before the first thread.
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
    }
}
