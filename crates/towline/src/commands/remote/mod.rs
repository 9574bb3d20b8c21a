//! Verbs about files on servers: `ls`, `cat`, `rm`, `mv`, `mkdir`, `rmdir`, `stat`, `hash`, `mirror`, `shell`.
//!
//! Each is a file; what they share is here: how servers are reached, what the words of a command line name, and what
//! becomes of several of them. A server is a [`client::Place`], whatever it speaks.

pub mod cat;
pub mod hash;
pub mod ls;
pub mod mirror;
pub mod mkdir;
pub mod mv;
pub mod rm;
pub mod rmdir;
pub mod shell;
pub mod stat;

use super::copy::{braces, parsed};
use super::over_proxy::OverProxy;
use super::over_ssh::OverSsh;
use super::over_tls::OverTls;
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure, Several};
use crate::interrupt::on_interrupt;
use crate::remembered;
use clap::Args;
use client::{Busy, Options, Place, Remote};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;
use store::locator::Locator;
use transport::Cancel;

/// For how long a server of FTP that is busy is asked again, in all.
pub(super) const BUSY: Duration = Duration::from_secs(8);

/// What is said of one.
pub(super) fn busy_line(busy: &Busy<'_>) -> String {
    let Busy { host, text, wait } = *busy;
    format!("{host} is busy ({text}): again in {} s", wait.as_secs())
}

/// How servers are reached, and how it is told.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// Give up when nothing moved for this long; 60 s without it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    patience: Option<u64>,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    proxy: OverProxy,
    #[command(flatten)]
    ssh: OverSsh,
    #[command(flatten)]
    tls: OverTls,
}

impl Reach {
    fn options(&self, events: &Shared) -> Result<Options, Failure> {
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "a descriptor", e, ""))?;
        let pulled = cancel.clone();
        on_interrupt(move |nth| {
            pulled.cancel();
            if nth > 1 {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        Ok(Options { cancel: Some(cancel), ..self.without_signals(events)? })
    }

    /// Without somebody who ends it.
    fn without_signals(&self, events: &Shared) -> Result<Options, Failure> {
        let mut options = Options {
            ssh: self.ssh.options(events),
            proxy: self.proxy.chosen()?,
            hosts: Arc::new(remembered::load()),
            on_busy: Some(Arc::new(|busy| eprintln!("{}", busy_line(busy)))),
            ..Options::default()
        };
        self.tls.apply(&mut options);
        options.ftp.busy = BUSY;
        if let Some(seconds) = self.patience {
            let patience = Duration::from_secs(seconds);
            options.ftp.no_progress = patience;
            options.ftp.connect_timeout = options.ftp.connect_timeout.min(patience);
            options.ssh.no_progress = patience;
            options.ssh.connect_timeout = options.ssh.connect_timeout.min(patience);
        }
        Ok(options)
    }

    /// Does something with each of several files, those of one server over one connection. One that fails does not
    /// stop the others.
    fn each(
        &self,
        words: &[OsString],
        events: &Shared,
        mut act: impl FnMut(&mut Place, &Remote) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let remotes = named(words)?;
        let options = self.options(events)?;
        let is_interrupted = || options.cancel.as_ref().is_some_and(Cancel::is_cancelled);
        let mut place: Option<(Remote, Place)> = None;
        let (mut done, mut failed) = (0, Vec::new());
        for remote in &remotes {
            if is_interrupted() {
                break;
            }
            let result = reached(&mut place, remote, &options).and_then(|place| act(place, remote));
            match result {
                Ok(()) => done += 1,
                Err(failure) if remotes.len() == 1 => {
                    remembered::save(&options.hosts);
                    return Err(failure);
                }
                Err(failure) => {
                    // A connection that is gone is not used again.
                    if matches!(failure.exit, Exit::Unreachable | Exit::Failed) {
                        place = None;
                    }
                    tell(events, &failure);
                    failed.push(failure);
                }
            }
        }
        drop(place);
        remembered::save(&options.hosts);
        if done == remotes.len() {
            return Ok(());
        }
        let (of, is_interrupted) = (remotes.len(), is_interrupted());
        let several = Several { of, done, things: "files", undone: "not done", is_interrupted };
        Err(several.failure(&failed.iter().collect::<Vec<_>>()))
    }
}

/// The connection that is there where it goes to the same server, else another one.
fn reached<'p>(
    place: &'p mut Option<(Remote, Place)>,
    remote: &Remote,
    options: &Options,
) -> Result<&'p mut Place, Failure> {
    let of_server = |remote: &Remote| Remote { path: Vec::new(), ..remote.clone() };
    let is_same = place.as_ref().is_some_and(|(server, _)| *server == of_server(remote));
    if !is_same {
        *place = None;
        let new = Place::open(remote, options).map_err(|e| Failure::transfer(remote, &e))?;
        *place = Some((of_server(remote), new));
    }
    Ok(&mut place.as_mut().expect("put in above where it was not").1)
}

/// The files on servers that words name; `{a,b}` are several.
fn named(words: &[OsString]) -> Result<Vec<Remote>, Failure> {
    let mut remotes = Vec::new();
    for word in words {
        let expanded = braces::expand(word)
            .map_err(|_| Failure::usage(word.display(), "stands for too many files", "name fewer"))?;
        for word in expanded {
            match parsed(&word)? {
                Locator::Remote(remote) => remotes.push(remote),
                Locator::Local(_) | Locator::Stdio => {
                    let way_out = "give a URL: sftp://[USER@]HOST/PATH";
                    return Err(Failure::usage(word.display(), "is not on a server", way_out));
                }
            }
        }
    }
    Ok(remotes)
}

fn tell(events: &Events, failure: &Failure) {
    events.tell(&Event::Failed {
        transfer: None,
        exit: failure.exit.code(),
        thing: failure.thing.clone(),
        what: failure.what.clone(),
        way_out: failure.way_out.clone(),
    });
    eprintln!("towline: {failure}");
}

/// Names one file or directory that is to be changed, and not what a server starts with.
fn changeable(remote: &Remote) -> Result<&[u8], Failure> {
    let path = remote.path.strip_suffix(b"/").unwrap_or(&remote.path);
    if path.is_empty() {
        return Err(Failure::usage(remote, "names no file", "give its path"));
    }
    Ok(path)
}

/// Events of several threads and none: they share one writer.
type Shared = Arc<Events>;
