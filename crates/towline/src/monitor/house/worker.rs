//! A worker's process, as its monitor sees it.

use super::Prepared;
use super::notify::VARIABLES;
use crate::exit::{Exit, Failure};
use crate::monitor::Mandate;
use crate::monitor::wire::{Start, ToWorker, send};
use rustix::fs::{MemfdFlags, memfd_create};
use std::ffi::OsString;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Instant;
use transport::Channel;

/// Where a worker is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    /// It opens what it needs and gives up the rest.
    Starting,
    /// It waits for the one before it to leave the sockets.
    Waiting,
    /// It was told to serve and has not said that it does.
    Going,
    /// It serves.
    Serving,
    /// It was told to leave the sockets and has not said that it has.
    Leaving,
    /// What ran in it goes on.
    Draining,
}

/// A worker.
pub(super) struct Worker {
    child: Child,
    pub(super) channel: Arc<Channel>,
    pub(super) generation: u32,
    /// What it may ask for: its questions count the programs and places of its own configuration, also after a
    /// reload.
    pub(super) mandate: Arc<Mandate>,
    pub(super) life: Life,
    /// When that began.
    pub(super) since: Instant,
    /// When it is to be asked next.
    pub(super) asks: Instant,
    /// The last ping, and when it was sent; answered: none.
    pub(super) pinged: Option<(u64, Instant)>,
    /// The code that it said it would end with.
    pub(super) exit: Option<u8>,
}

impl Worker {
    /// Starts one: this same program with the same arguments, and `--worker`.
    pub(super) fn start(
        arguments: &[OsString],
        generation: u32,
        prepared: &Prepared,
    ) -> Result<Worker, Failure> {
        let fault =
            |e: io::Error| Failure::new(Exit::Local, "the worker", format!("cannot be started: {e}"), "");
        let sockets: Vec<(String, BorrowedFd<'_>)> =
            prepared.sockets.iter().map(|(label, fd)| (label.clone(), fd.as_fd())).collect();
        let text = memory(&prepared.text).map_err(fault)?;
        let (ours, theirs) = Channel::pair().map_err(fault)?;
        // The program that runs, also after a package has replaced its file.
        let mut command = Command::new("/proc/self/exe");
        let name = arguments.first().cloned().unwrap_or_else(|| "towline".into());
        command.arg0(name).args(arguments.iter().skip(1));
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        transport::give(&mut command, theirs.as_fd());
        let child = command.spawn().map_err(fault)?;
        drop(theirs);
        let mut labels: Vec<String> = sockets.iter().map(|(label, _)| label.clone()).collect();
        labels.push(String::from(TEXT));
        let mut descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(|(_, fd)| *fd).collect();
        descriptors.push(text.as_fd());
        let start = Start { version: env!("CARGO_PKG_VERSION").into(), labels, generation };
        let worker = Worker {
            child,
            channel: Arc::new(ours),
            generation,
            mandate: prepared.mandate.clone(),
            life: Life::Starting,
            since: Instant::now(),
            asks: Instant::now(),
            pinged: None,
            exit: None,
        };
        send(&worker.channel, &ToWorker::Start(start), &descriptors).map_err(fault)?;
        Ok(worker)
    }

    /// Tells it something; one that is gone is found out by its end of the channel.
    pub(super) fn tell(&self, what: &ToWorker) {
        let _gone = send(&self.channel, what, &[]);
    }

    /// It is now so.
    pub(super) fn becomes(&mut self, life: Life) {
        (self.life, self.since) = (life, Instant::now());
    }

    /// Ends it whatever it does.
    pub(super) fn kill(&mut self) {
        let _gone = self.child.kill();
    }

    /// Its number.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; waits for it.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A monitor that ends early leaves nobody behind.
        self.kill();
        let _ = self.child.wait();
    }
}

/// The label of the configuration's text; the last one.
const TEXT: &str = "configuration";

/// A text as a file in memory, so that a worker reads what was judged and not what was written since.
fn memory(text: &str) -> io::Result<OwnedFd> {
    let mut file = std::fs::File::from(memfd_create("configuration", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}
