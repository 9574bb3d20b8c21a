//! Threads of the runtime and files that may make them wait.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Builder, Thread, park, sleep};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

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

/// How often it is looked whether a write hangs.
const LOOKS: Duration = Duration::from_millis(20);

/// The writes of threads that are not given away, and who looks after them.
static WRITES: Mutex<Writes> = Mutex::new(Writes { under_way: Vec::new(), next: 0, is_asleep: false });
static LOOKER: OnceLock<Option<Thread>> = OnceLock::new();

impl Disk {
    /// Writes something. A storage that hangs does so at its first write, before anybody knows. So where as many are under way
    /// as half of the runtime's threads it gives its own away; and whoever has not, and hangs, may be the only one of the
    /// runtime that was awake: another is woken then, which hears the sockets in its place.
    pub(crate) fn write<T>(&mut self, bite: impl FnOnce() -> T) -> T {
        let is_begun = if self.waits { None } else { Begun::here() };
        self.waits = is_begun.is_none();
        self.bite(bite)
    }

    /// Does it, where it may wait.
    pub(crate) fn bite<T>(&mut self, bite: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let bitten = if self.waits { tokio::task::block_in_place(bite) } else { bite() };
        self.waits = began.elapsed() > WAITS;
        bitten
    }
}

/// Guarded by [`WRITES`]; held for a look.
struct Writes {
    under_way: Vec<(u64, Instant, Handle)>,
    next: u64,
    is_asleep: bool,
}

fn writes() -> MutexGuard<'static, Writes> {
    WRITES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of them.
struct Begun(u64);

impl Begun {
    /// `None`: there are enough, or nobody to look after it.
    fn here() -> Option<Begun> {
        let looker = LOOKER.get_or_init(|| {
            let made = Builder::new().name(String::from("disk")).spawn(look_after);
            made.ok().map(|made| made.thread().clone())
        });
        let (looker, handle) = (looker.as_ref()?, Handle::current());
        let mut writes = writes();
        if writes.under_way.len() >= handle.metrics().num_workers() / 2 {
            return None;
        }
        let nth = writes.next;
        writes.next += 1;
        writes.under_way.push((nth, Instant::now(), handle));
        if std::mem::take(&mut writes.is_asleep) {
            looker.unpark();
        }
        Some(Begun(nth))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        writes().under_way.retain(|(nth, ..)| *nth != self.0);
    }
}

/// Wakes a thread of each runtime in which a write hangs. Sleeps where there is none for a while.
fn look_after() {
    let mut idle = 0;
    loop {
        sleep(LOOKS);
        let mut writes = writes();
        idle = if writes.under_way.is_empty() { idle + 1 } else { 0 };
        for (_, began, runtime) in &writes.under_way {
            if began.elapsed() >= LOOKS {
                // Whoever runs it looks at the sockets afterwards.
                runtime.spawn(async {});
            }
        }
        writes.is_asleep = idle > 50;
        let is_asleep = writes.is_asleep;
        drop(writes);
        if is_asleep {
            // Also woken for nothing it goes on with its round.
            park();
            idle = 0;
        }
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
