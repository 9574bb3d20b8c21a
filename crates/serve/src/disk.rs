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

/// How often it is looked whether a bite hangs.
const LOOKS: Duration = Duration::from_millis(20);

/// The bites of threads that are not given away, and who looks after them.
static BITES: Mutex<Bites> =
    Mutex::new(Bites { under_way: Vec::new(), writes: 0, next: 0, is_asleep: false });
static LOOKER: OnceLock<Option<Thread>> = OnceLock::new();

impl Disk {
    /// Writes something. A storage that hangs does so at its first write, before anybody knows. So where as many are under way
    /// as half of the runtime's threads it gives its own away; and whoever has not, and hangs, may be the only one of the
    /// runtime that was awake: another is woken then, which hears the sockets in its place.
    pub(crate) fn write<T>(&mut self, bite: impl FnOnce() -> T) -> T {
        let begun = if self.waits { None } else { Begun::write() };
        self.waits = begun.is_none();
        self.bite(bite)
    }

    /// Reads something, or sends it from where it lies. As [`Disk::write`] it is looked after; but its thread is not given away
    /// before it has waited once, however many read: of many fast downloads each would for each bite. So as many files as the
    /// runtime has threads, all of a storage that begins to hang in their midst, hold it until it answers.
    pub(crate) fn read<T>(&mut self, bite: impl FnOnce() -> T) -> T {
        let _looked_after = if self.waits { None } else { Begun::read() };
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

/// Guarded by [`BITES`]; held for a look.
struct Bites {
    under_way: Vec<(u64, Instant, Handle)>,
    /// How many of them write.
    writes: usize,
    next: u64,
    is_asleep: bool,
}

fn bites() -> MutexGuard<'static, Bites> {
    BITES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of them.
struct Begun {
    nth: u64,
    writes: bool,
}

impl Begun {
    /// `None`: nobody can look after it (there is no runtime, say), or enough write.
    fn write() -> Option<Begun> {
        Begun::here(true, |bites, handle| bites.writes < handle.metrics().num_workers() / 2)
    }

    /// `None`: nobody can look after it.
    fn read() -> Option<Begun> {
        Begun::here(false, |_, _| true)
    }

    fn here(writes: bool, has_room: impl FnOnce(&Bites, &Handle) -> bool) -> Option<Begun> {
        let looker = LOOKER.get_or_init(|| {
            let made = Builder::new().name(String::from("disk")).spawn(look_after);
            made.ok().map(|made| made.thread().clone())
        });
        let (looker, handle) = (looker.as_ref()?, Handle::try_current().ok()?);
        let mut bites = bites();
        if !has_room(&bites, &handle) {
            return None;
        }
        let nth = bites.next;
        bites.next += 1;
        bites.writes += usize::from(writes);
        bites.under_way.push((nth, Instant::now(), handle));
        if std::mem::take(&mut bites.is_asleep) {
            looker.unpark();
        }
        Some(Begun { nth, writes })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut bites = bites();
        bites.under_way.retain(|(nth, ..)| *nth != self.nth);
        bites.writes -= usize::from(self.writes);
    }
}

/// Wakes a thread of each runtime in which a bite hangs. Sleeps where there is none for a while.
fn look_after() {
    let mut idle = 0;
    loop {
        sleep(LOOKS);
        let mut bites = bites();
        idle = if bites.under_way.is_empty() { idle + 1 } else { 0 };
        for (_, began, runtime) in &bites.under_way {
            if began.elapsed() >= LOOKS {
                // Whoever runs it looks at the sockets afterwards.
                runtime.spawn(async {});
            }
        }
        bites.is_asleep = idle > 50;
        let is_asleep = bites.is_asleep;
        drop(bites);
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
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};

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

    /// Says each octet again; with `0` it reads from a disk that does not answer before `answers` does.
    async fn echo(stream: tokio::net::TcpStream, answers: Arc<Mutex<Receiver<()>>>) {
        let mut octet = [0];
        loop {
            stream.readable().await.unwrap();
            match stream.try_read(&mut octet) {
                Ok(0) => return,
                Ok(_) if octet == [0] => {
                    let _gone = Disk::default().read(|| answers.lock().unwrap().recv());
                }
                Ok(_) => drop(stream.try_write(&octet).unwrap()),
                Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
    }

    /// The thread that hears the sockets is the one that reads, as long as nobody else has anything to do.
    #[test]
    fn a_read_that_hangs_leaves_somebody_to_hear_the_sockets() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (answer, answers) = channel::<()>();
        let answers = Arc::new(Mutex::new(answers));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(echo(stream, answers.clone()));
            }
        });
        let connected = || {
            let stream = TcpStream::connect(at).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream
        };
        let (mut one, mut other) = (connected(), connected());
        // Which thread is awake is chance; after a while without haste it is the one that hears.
        for _ in 0..100 {
            for _ in 0..20 {
                one.write_all(&[1]).unwrap();
                one.read_exact(&mut [0]).unwrap();
            }
            one.write_all(&[0]).unwrap();
            other.write_all(&[1]).unwrap();
            let heard = other.read_exact(&mut [0]);
            answer.send(()).unwrap();
            heard.expect("somebody hears");
        }
    }
}
