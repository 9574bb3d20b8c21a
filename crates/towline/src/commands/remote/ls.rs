//! `towline ls`: what is in a directory of a server.

use super::{Reach, Shared};
use crate::events::{Event, Name};
use crate::exit::Failure;
use crate::figures::grouped;
use crate::ladder::printable;
use clap::Args;
use client::{Attrs, ClientError, Kind, Listed, Place, Remote};
use std::ffi::OsString;
use std::io::{self, Write as _};

const EXAMPLES: &str = "\
Examples:
  towline ls sftp://bob@10.0.0.1/                  names, one a line; directories end in /
  towline ls -l sftp://bob@10.0.0.1/~/backup/      octets, time (UTC) and name
  towline ls ftp://10.0.0.1/pub/
  towline ls --json sftp://bob@10.0.0.1/~/         one event for each name
";

/// List directories of a server, sorted by name. A file is listed as itself.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Ls {
    /// The directories: `sftp://` or `ftp://`.
    #[arg(value_name = "URL", required = true)]
    urls: Vec<OsString>,
    /// Octets and time of last modification before each name.
    #[arg(short, long)]
    long: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Ls {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Lists.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        self.reach.each(&self.urls, events, |place, remote| {
            let mut names = names(place, &remote.path).map_err(|e| Failure::transfer(remote, &e))?;
            names.sort_by(|a, b| a.name.cmp(&b.name));
            for listed in names {
                if self.reach.json {
                    events.tell(&entry(remote, &listed));
                } else {
                    print(&listed, self.long).map_err(|e| Failure::local("stdout", &e))?;
                }
            }
            Ok(())
        })
    }
}

/// One name on a line of stdout.
pub(crate) fn print(listed: &Listed, is_long: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if is_long {
        let octets = listed.len.filter(|_| listed.kind != Some(Kind::Directory)).map(grouped);
        let time = listed.modified.map(time).unwrap_or_default();
        write!(out, "{:>15}  {time:19}  ", octets.as_deref().unwrap_or("-"))?;
    }
    let slash = if listed.kind == Some(Kind::Directory) { "/" } else { "" };
    writeln!(out, "{}{slash}", printable(&listed.name))
}

/// What is in a directory, or the file itself.
pub(crate) fn names(place: &mut Place, path: &[u8]) -> Result<Vec<Listed>, ClientError> {
    let of = |attrs: &Attrs<'_>| Listed {
        name: path.rsplit(|b| *b == b'/').next().unwrap_or_default().to_vec(),
        kind: super::stat::kind(attrs),
        len: attrs.size,
        modified: attrs.times.map(|times| i64::from(times.modified)),
        grain: 1,
        mode: attrs.mode,
    };
    match place {
        Place::Sftp(session) => match session.stat(path)? {
            attrs if super::stat::kind(&attrs) == Some(Kind::Directory) => session.list(path),
            attrs => Ok(vec![of(&attrs)]),
        },
        // Whether it is a file takes several questions, so they are asked of what is no directory.
        Place::Ftp(session) => match session.list(path) {
            Err(
                why @ (ClientError::NotDirectory
                | ClientError::Absent { .. }
                | ClientError::Denied { .. }
                | ClientError::Server { .. }),
            ) if !session.is_over() => match session.stat(path) {
                Ok(attrs) if super::stat::kind(&attrs) != Some(Kind::Directory) => Ok(vec![of(&attrs)]),
                Ok(_) | Err(_) => Err(why),
            },
            other => other,
        },
        Place::Scp(_) => place.list(path),
    }
}

fn entry(remote: &Remote, listed: &Listed) -> Event {
    Event::Entry {
        url: remote.to_string(),
        name: Name::new(&listed.name),
        kind: super::stat::word(listed.kind),
        octets: listed.len,
        modified: listed.modified.map(stamp),
        mode: None,
    }
}

/// `2026-11-26 18:34:54`, UTC.
pub(super) fn time(seconds: i64) -> String {
    stamp(seconds).replace('T', " ").trim_end_matches('Z').to_owned()
}

/// `2026-11-26T18:34:54Z`.
pub(super) fn stamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default()
}
