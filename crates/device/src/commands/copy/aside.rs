//! Work on the network of which nothing is shown while it goes on: a connection that is opened, a download.

use super::progress::{AtTheLine, Progress, Sign, Wrong};
use super::transfer::options;
use crate::session::{Leave, Tty};
use client::{ClientError, Options};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use transport::Cancel;

/// How long one look at what comes of it lasts.
const LOOK: Duration = Duration::from_millis(10);

/// Does `work` on a thread of its own while the line hears the keys; a password is asked for at the line, and Ctrl-C and the
/// escape sequence end it.
pub(in crate::commands) fn aside<T: Send>(
    tty: &mut Tty,
    work: impl FnOnce(&Options) -> Result<T, ClientError> + Send,
) -> Result<Result<T, ClientError>, Leave> {
    let Beside { options, cancel, signs, seen } = match Beside::of(tty, |_| None) {
        Ok(beside) => beside,
        Err(why) => return Ok(Err(why)),
    };
    // The work has signs of its own: they end with it.
    drop(signs);
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || work(&options));
        let mut left = Ok(());
        while !worker.is_finished() {
            match seen.recv_timeout(LOOK) {
                Ok(Sign::Password(answer)) => match tty.ask_password("Password: ") {
                    // Whoever asked may have given up.
                    Ok(typed) => drop(answer.send(Some(typed).filter(|typed| !typed.is_empty()))),
                    Err(leave) => left = Err(leave),
                },
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                // Nobody can ask any more: it is about to end.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(1)),
            }
            match tty.interrupted(Duration::ZERO) {
                Ok(false) => {}
                Ok(true) => cancel.cancel(),
                Err(leave) => left = Err(leave),
            }
            if left.is_err() {
                cancel.cancel();
            }
        }
        let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        left.map(|()| done)
    })
}

/// What a transfer on a thread of its own and the line have to do with each other.
pub(super) struct Beside {
    /// The device's, with what follows: the transfer can be stopped, a password is asked for at the line, and what is seen of
    /// it becomes signs.
    pub(super) options: Options,
    /// Stops it.
    pub(super) cancel: Cancel,
    /// Where more signs can be given; `seen` ends with the last of these and of the options.
    pub(super) signs: Sender<Sign>,
    /// The signs.
    pub(super) seen: Receiver<Sign>,
}

impl Beside {
    /// With what goes `wrong` in its middle, on request.
    pub(super) fn of(tty: &Tty, wrong: impl FnOnce(&Cancel) -> Option<Wrong>) -> Result<Beside, ClientError> {
        let cancel = Cancel::new().map_err(ClientError::Local)?;
        let (signs, seen) = channel();
        let mut options = Options { cancel: Some(cancel.clone()), ..options(&tty.device) };
        options.ssh.ask = Arc::new(AtTheLine(signs.clone()));
        let wrong = wrong(&cancel);
        // Where something is to go wrong in the middle, it has to be known where that is.
        options.tftp.tsize |= wrong.is_some();
        options.tap = Some(Progress::new(signs.clone(), &tty.device, wrong));
        Ok(Beside { options, cancel, signs, seen })
    }
}
