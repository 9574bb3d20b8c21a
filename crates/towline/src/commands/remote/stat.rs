//! `towline stat`: what a server says of files.

use super::{Reach, Shared, ls};
use crate::events::{Event, Name};
use crate::exit::Failure;
use crate::figures::grouped;
use clap::Args;
use client::{Attrs, Kind, Remote};
use std::ffi::OsString;
use std::io::{self, Write as _};

const EXAMPLES: &str = "\
Examples:
  towline stat sftp://bob@10.0.0.1/~/r1.cfg
  towline stat --json 'sftp://bob@10.0.0.1/~/{r1,r2}.cfg'
";

/// Print what a server says of files: kind, octets, permissions, time of last modification (UTC).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Stat {
    /// The files: `sftp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    #[command(flatten)]
    reach: Reach,
}

impl Stat {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Asks.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| {
            let attrs = place.stat(&remote.path).map_err(|e| Failure::transfer(remote, &e))?;
            if self.reach.json {
                events.tell(&entry(remote, &attrs));
                return Ok(());
            }
            print(remote, &attrs).map_err(|e| Failure::local("stdout", &e))
        })
    }
}

/// What a file is, by `st_mode`.
pub(crate) fn kind(attrs: &Attrs<'_>) -> Option<Kind> {
    match attrs.mode? & 0o170_000 {
        0o040_000 => Some(Kind::Directory),
        0o100_000 => Some(Kind::File),
        _other => None,
    }
}

pub(super) fn word(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::File) => "file",
        Some(Kind::Directory) => "directory",
        None => "other",
    }
}

fn permissions(attrs: &Attrs<'_>) -> Option<String> {
    // FTP tells what it is and no permissions.
    attrs.mode.map(|mode| mode & 0o7777).filter(|mode| *mode != 0).map(|mode| format!("{mode:04o}"))
}

fn modified(attrs: &Attrs<'_>) -> Option<i64> {
    attrs.times.map(|times| i64::from(times.modified))
}

fn print(remote: &Remote, attrs: &Attrs<'_>) -> io::Result<()> {
    let said = [
        Some(word(kind(attrs)).to_owned()),
        attrs.size.map(|size| format!("{} octets", grouped(size))),
        permissions(attrs).map(|mode| format!("mode {mode}")),
        attrs.owner.map(|owner| format!("owner {}:{}", owner.uid, owner.gid)),
        modified(attrs).map(|seconds| format!("modified {}", ls::time(seconds))),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    writeln!(io::stdout().lock(), "{remote}: {}", said.join(", "))
}

fn entry(remote: &Remote, attrs: &Attrs<'_>) -> Event {
    Event::Entry {
        url: remote.to_string(),
        name: Name::new(&remote.name()),
        kind: word(kind(attrs)),
        octets: attrs.size,
        modified: modified(attrs).map(ls::stamp),
        mode: permissions(attrs),
    }
}
