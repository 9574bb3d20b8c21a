use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Stops a blocking transfer from another thread: a flag to ask, a descriptor to poll on, and a future to wait for.
///
/// The descriptor turns readable once and stays so. Clones are the same token.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    flag: AtomicBool,
    fd: OwnedFd,
    tasks: Notify,
}

impl Cancel {
    /// A token that nobody has pulled. Fails only when the process has no descriptors left.
    pub fn new() -> std::io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Cancel(Arc::new(Inner { flag: AtomicBool::new(false), fd, tasks: Notify::new() })))
    }

    /// Pulls it.
    pub fn cancel(&self) {
        self.0.flag.store(true, Ordering::Release);
        // The counter can only be full when somebody has pulled it already.
        let _ = rustix::io::write(&self.0.fd, &1u64.to_ne_bytes());
        self.0.tasks.notify_waiters();
    }

    /// Until somebody has.
    pub async fn pulled(&self) {
        // Counts from here on, so that a pull between the question and the wait is not missed.
        let told = self.0.tasks.notified();
        if !self.is_cancelled() {
            told.await;
        }
    }

    /// Whether somebody has.
    pub fn is_cancelled(&self) -> bool {
        self.0.flag.load(Ordering::Acquire)
    }
}

impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}
