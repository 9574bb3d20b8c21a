//! Work on the network of which nothing is shown while it goes on: a connection that is opened, a download.

use super::progress::{AtTheLine, Progress, Sign};
use super::transfer::options;
use crate::session::{Leave, Tty};
use client::{ClientError, Options};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
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
    let device = Arc::clone(&tty.device);
    let cancel = match Cancel::new() {
        Ok(cancel) => cancel,
        Err(e) => return Ok(Err(ClientError::Local(e))),
    };
    let (signs, seen) = channel();
    let mut options = Options { cancel: Some(cancel.clone()), ..options(&device) };
    options.ssh.ask = Arc::new(AtTheLine(signs.clone()));
    options.tap = Some(Progress::new(signs, &device, None));
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
