//! A transfer's octets on their way into a stream: in order, whatever the order they arrive in.

use crate::landing::Spool;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use store::{Blob, Sink};

/// Octets a write; what was written is given back to the file system in such pieces.
const BITE: usize = 256 * 1_024;

/// A sink whose octets go out in order as soon as there is no gap before them.
///
/// They pass through a file without a name, so that a reader who pauses (a pager) does not stop the
/// transfer: a TFTP server would give up. Memory holds where the early blocks are, at most a window of them;
/// the file loses what has gone out. Dropped before [`Outflow::finish`] it stops writing at once.
pub(crate) struct Outflow {
    spool: Spool,
    shared: Arc<Shared>,
    /// What lies behind a gap: first octet and the one behind the last.
    early: BTreeMap<u64, u64>,
    writer: Option<JoinHandle<io::Result<()>>>,
}

struct Shared {
    // Guards how far both sides are; held for a look.
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Octets in the file without a gap.
    ready: u64,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// More may come.
    Open,
    /// All is in the file.
    Whole,
    /// Nobody wants the rest.
    Abandoned,
    /// The stream takes no more; the writer's result says why.
    Failed,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, phase: Phase) {
        self.lock().phase = phase;
        self.changed.notify_one();
    }
}

impl Outflow {
    /// Begins to write to `out` what comes.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Outflow> {
        let spool = Spool::new()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State { ready: 0, phase: Phase::Open }),
            changed: Condvar::new(),
        });
        let (blob, theirs) = (spool.blob()?, shared.clone());
        let write = move || {
            let result = pour(&blob, &theirs, out);
            if result.is_err() {
                theirs.set(Phase::Failed);
            }
            result
        };
        let writer = std::thread::Builder::new().name("stdout".into()).spawn(write)?;
        Ok(Outflow { spool, shared, early: BTreeMap::new(), writer: Some(writer) })
    }

    /// Waits until everything is out.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.shared.set(Phase::Whole);
        self.join()
    }

    /// The stream's own fault, if it had one: then the transfer's is only what follows from it.
    pub(crate) fn fault(&mut self) -> Option<io::Error> {
        let failed = self.shared.lock().phase == Phase::Failed;
        failed.then(|| self.join().err()).flatten()
    }

    fn join(&mut self) -> io::Result<()> {
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Outflow {
    fn drop(&mut self) {
        // Not waited for: the reader may never read again.
        if self.writer.is_some() {
            self.shared.set(Phase::Abandoned);
        }
    }
}

impl Sink for Outflow {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let (mut ready, phase) = {
            let state = self.shared.lock();
            (state.ready, state.phase)
        };
        if phase == Phase::Failed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.spool.write_at(offset, octets)?;
        let end = offset + octets.len() as u64;
        if offset > ready {
            self.early.insert(offset, end);
            return Ok(());
        }
        ready = ready.max(end);
        while let Some(next) = self.early.first_entry().filter(|e| *e.key() <= ready) {
            ready = ready.max(next.remove());
        }
        self.shared.lock().ready = ready;
        self.shared.changed.notify_one();
        Ok(())
    }
}

fn pour(blob: &Blob, shared: &Shared, mut out: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BITE];
    let mut at = 0;
    loop {
        let mut state = shared.lock();
        while state.ready == at && state.phase == Phase::Open {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let (ready, phase) = (state.ready, state.phase);
        drop(state);
        if phase == Phase::Abandoned || ready == at {
            return out.flush();
        }
        let want = usize::try_from(ready - at).unwrap_or(BITE).min(BITE);
        let Blob::File { file, .. } = blob else { unreachable!("a spool is a file") };
        std::os::unix::fs::FileExt::read_exact_at(&**file, &mut buffer[..want], at)?;
        out.write_all(&buffer[..want])?;
        let flags = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
        // Where the file system cannot, the octets stay until the end.
        let _ = rustix::fs::fallocate(file, flags, at, want as u64);
        at += want as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    struct Tell(Sender<Vec<u8>>);

    impl Write for Tell {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.send(octets.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn early_octets_wait_for_those_before_them_and_nothing_waits_for_the_end() {
        let (tell, told) = channel();
        let mut out = Outflow::start(Tell(tell)).unwrap();
        out.write_at(6, b"gh").unwrap();
        out.write_at(3, b"def").unwrap();
        assert!(told.try_recv().is_err());
        out.write_at(0, b"abc").unwrap();
        assert_eq!(told.recv_timeout(Duration::from_secs(10)).unwrap(), b"abcdefgh");
        assert!(out.early.is_empty());
        out.write_at(8, b"i").unwrap();
        out.finish().unwrap();
        assert_eq!(told.recv().unwrap(), b"i");
    }

    #[test]
    fn a_reader_that_has_left_ends_the_transfer() {
        let (tell, told) = channel();
        drop(told);
        let mut out = Outflow::start(Tell(tell)).unwrap();
        let until = std::time::Instant::now() + Duration::from_secs(10);
        let mut at = 0;
        let error = loop {
            assert!(std::time::Instant::now() < until, "the writer's fault is never seen");
            match out.write_at(at, b"x") {
                Ok(()) => at += 1,
                Err(e) => break e,
            }
            std::thread::yield_now();
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(out.fault().map(|e| e.kind()), Some(io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn what_is_dropped_does_not_wait_for_its_reader() {
        struct Stuck(std::sync::mpsc::Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(octets.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (_never, stuck) = channel();
        let mut out = Outflow::start(Stuck(stuck)).unwrap();
        out.write_at(0, b"abc").unwrap();
        drop(out);
    }
}
