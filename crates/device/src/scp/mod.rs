//! `ip scp server enable`: one `scp -t` or `scp -f` of a client over SSH.
//!
//! What it does not do: directories (`-r`), patterns, SFTP. A name is a file of the device (`flash:f`, `nvram:…`) or a
//! configuration by its keyword. An upload is there, whole, when the client has closed the channel: until then `dir`
//! shows nothing of it, and a channel that is lost in the middle leaves nothing.
//!
//! - `mod` who may, the channel, uploads that wait for its end · `take` `scp -t` · `give` `scp -f`

mod give;
mod take;

use crate::device::Device;
use ios_cli::text::copy::{Failed, Reason, Step};
use sftp_proto::scp::{Exec, Pattern, Way};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing may move.
const STALL: Duration = Duration::from_secs(120);
/// How long one look at the channel lasts: a reload ends it this late at most.
const LOOK: Duration = Duration::from_millis(100);
/// Octets that go at once.
const BITE: usize = 64 << 10;
/// How long a command waits for an upload that is whole and not closed yet: its client has closed it, and asks about it
/// over another connection whose octets came first.
const SETTLES: Duration = Duration::from_secs(2);

/// The line that enables it.
pub(crate) const ENABLE: &str = "ip scp server enable";

/// Uploads that are whole, and whose channel is still to be closed.
#[derive(Default)]
pub(crate) struct Settling {
    // Guards their number.
    open: Mutex<usize>,
    closed: Condvar,
}

impl Settling {
    fn open(&self) -> MutexGuard<'_, usize> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is none, not for long.
    pub(crate) fn wait(&self) {
        let some = |open: &mut usize| *open > 0;
        let (_open, _in_time) = self
            .closed
            .wait_timeout_while(self.open(), SETTLES, some)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

/// One of them; dropped it is closed.
struct Whole<'d>(&'d Settling);

impl<'d> Whole<'d> {
    fn of(settling: &'d Settling) -> Whole<'d> {
        *settling.open() += 1;
        Whole(settling)
    }
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        *self.0.open() -= 1;
        self.0.closed.notify_all();
    }
}

/// Whether this is a command for it.
pub(crate) fn is_scp(command: &[u8]) -> bool {
    command.split(|b| b.is_ascii_whitespace()).next() == Some(b"scp")
}

/// Does what a client's command says; gives its exit status. `by` is who: `bob on vty0`.
pub(crate) fn serve(
    device: &Arc<Device>,
    stream: UnixStream,
    command: &[u8],
    privilege: u8,
    by: &str,
) -> u32 {
    let mut channel = Channel { stream, generation: device.generation(), device: Arc::clone(device) };
    let begun = match Exec::parse(command) {
        _ if !device.running_config().has(ENABLE) => Err(String::from("Administratively disabled.")),
        _ if !is_authorized(device, privilege) => Err(String::from("Privilege denied.")),
        Err(bad) => Err(bad.to_string()),
        Ok(exec) => {
            let named = |pattern: &Pattern| {
                let octets = pattern.literal().unwrap_or_else(|| pattern.written());
                String::from_utf8_lossy(&octets).into_owned()
            };
            Ok((exec.way, exec.paths.iter().map(named).collect::<Vec<_>>()))
        }
    };
    let done = match begun {
        Err(why) => channel.say(format!("\x01{why}\n").as_bytes()).map(|()| false),
        Ok((Way::To, paths)) => take::run(device, &paths[0], by, &mut channel),
        Ok((Way::From, paths)) => give::run(device, &paths, &mut channel),
    };
    u32::from(!done.unwrap_or(false))
}

/// Privilege 15; with AAA somebody has to authorize the EXEC as well, or nobody has it.
fn is_authorized(device: &Device, privilege: u8) -> bool {
    let config = device.running_config();
    let authorizes = || config.kept.iter().any(|line| line.starts_with("aaa authorization exec "));
    privilege >= 15 && (!config.has("aaa new-model") || authorizes())
}

/// The client's octets, as long as this IOS runs and something moves.
struct Channel {
    stream: UnixStream,
    device: Arc<Device>,
    generation: u64,
}

impl Channel {
    /// Whether the IOS that it began with runs.
    fn is_up(&self) -> bool {
        self.device.generation() == self.generation
    }

    /// The next octets; empty: no more come.
    fn hear(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        self.stream.set_read_timeout(Some(LOOK))?;
        loop {
            match self.stream.read(room) {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if !self.is_up() || since.elapsed() >= STALL {
                        return Err(ErrorKind::ConnectionAborted.into());
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                heard => return heard,
            }
        }
    }

    fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(STALL))?;
        self.stream.write_all(octets)
    }
}

/// `%Error opening flash:x (No such file or directory)`, as one message.
fn failed(step: Step, name: &str, reason: Reason) -> String {
    Failed { step, url: name.to_owned(), reason }.render().trim_end().to_owned()
}
