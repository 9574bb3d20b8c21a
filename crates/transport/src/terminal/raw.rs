//! Raw mode of this process's terminal, and the way back.

use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, Once, PoisonError};

/// What the terminal was before; `None` while it is not raw. A process has one standard input, so there is
/// one of these; the panic hook must reach it.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Standard input in raw mode, until this is dropped.
#[derive(Debug)]
pub(super) struct Raw(());

impl Raw {
    /// Puts standard input into raw mode, if it is a terminal.
    pub(super) fn stdin() -> io::Result<Option<Raw>> {
        let stdin = rustix::stdio::stdin();
        if !isatty(stdin) {
            return Ok(None);
        }
        let before = raw_mode(stdin)?;
        // A second `Terminal` on the same input keeps the first one's way back.
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(before);
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                previous(info);
            }));
        });
        Ok(Some(Raw(())))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal of this process back as it was; nothing happens if it was never taken. For whoever
/// ends the process without a drop: a signal, `process::exit`.
pub fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // The terminal may be gone: then there is nobody to tell.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
    }
}

/// Makes a terminal pass every octet as it is, both ways, and returns what it was before.
pub(super) fn raw_mode(fd: BorrowedFd<'_>) -> io::Result<Termios> {
    let before = tcgetattr(fd)?;
    let mut raw = before.clone();
    raw.make_raw();
    loop {
        match tcsetattr(fd, OptionalActions::Now, &raw) {
            Ok(()) => return Ok(before),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}
