//! Threads of the runtime and files that may make them wait.

use std::time::{Duration, Instant};

/// Whether the file makes its thread wait.
///
/// `block_in_place` gives the thread's other sessions to another thread, which the runtime makes where none
/// is free. For each bite of a fast upload that was 50 threads and 4 MiB for one session; so only after a
/// bite that waited.
#[derive(Default)]
pub(crate) struct Disk {
    waits: bool,
}

/// A bite from or into the page cache takes well under a millisecond.
const WAITS: Duration = Duration::from_millis(5);

impl Disk {
    /// Does it, where it may wait.
    pub(crate) fn bite<T>(&mut self, bite: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let bitten = if self.waits { tokio::task::block_in_place(bite) } else { bite() };
        self.waits = began.elapsed() > WAITS;
        bitten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_given_away_only_after_a_bite_that_waited() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let slow = runtime.block_on(runtime.spawn(async {
            let mut disk = Disk::default();
            disk.bite(|| {
                let began = Instant::now();
                while began.elapsed() <= WAITS {
                    std::hint::spin_loop();
                }
            });
            let slow = disk.waits;
            // The thread is given away for the next one; a quick one ends that.
            while disk.waits {
                disk.bite(|| ());
            }
            slow
        }));
        let slow = slow.unwrap();
        assert!(slow, "a slow bite is noticed");
    }
}
