//! Trees over SCP, both ways: `scp -r` at the far end, as far as a mirror can be made of it.
//!
//! SCP lists nothing. Of a tree that comes each name is held against what is here before its octets come, and one that
//! is the same is refused, which the far end takes for a failure and goes on; of a tree that goes nothing is known there,
//! and all of it goes. This machine's side is [`Local`]: no link is followed.

mod get;
mod put;
#[cfg(test)]
mod tests;

use super::line::{Line, Stop};
use super::{LAST_WORDS, fault, run, there};
use crate::mirror::{Counts, Fate, Mirrored, Rules, Told, Watcher, Way as Direction, Wish, is_name};
use crate::ssh::Link;
use crate::{ClientError, Options, Remote, unsupported};
use sftp_proto::scp::{Exec, Way};
use std::io;
use transport::ssh::{ChannelIn, ChannelOut};

/// Directories in directories, at most, as in a mirror over SFTP.
const DEEPEST: usize = 256;
/// The time by which nothing is old enough to be left of a mirror that was killed: nothing is swept.
const NOTHING_IS_LEFT: i64 = 0;

/// Makes one tree like another, as far as SCP can: what is there of [`Rules`] besides patterns it cannot.
pub(crate) fn mirror(
    remote: &Remote,
    wish: &Wish<'_>,
    watcher: &mut dyn Watcher,
    options: &Options,
) -> Result<Mirrored, ClientError> {
    let Rules { delete, checksum, dry_run, .. } = wish.rules;
    if delete || checksum || dry_run {
        return Err(unsupported("SCP lists nothing: what is there is not known before it is copied"));
    }
    let path = trimmed(there(&remote.path));
    let mut tally = Tally { watcher, counts: Counts::default(), has_refused: false };
    let ended = match wish.way {
        Direction::Down => {
            let down = get::Down::new(path, wish, &mut tally)?;
            let link = Link::open(remote, options)?;
            let mut line = run(&link, &Exec::tree(Way::From, path), options)?;
            let result = link.runtime.block_on(down.run(&mut line));
            link.runtime.block_on(over(line, result, &tally))
        }
        Direction::Up => {
            let (directory, name) = parted(path);
            let up = put::Up::new(name, wish, &mut tally)?;
            let link = Link::open(remote, options)?;
            let mut line = run(&link, &Exec::tree(Way::To, directory), options)?;
            let result = link.runtime.block_on(up.run(&mut line));
            link.runtime.block_on(over(line, result, &tally))
        }
    };
    match ended {
        // Before anything became of anything it is about the whole.
        Err(why) if tally.counts == Counts::default() => Err(why),
        ended => Ok(Mirrored { counts: tally.counts, ended }),
    }
}

/// Who is told what becomes of names, and how many of what.
struct Tally<'w> {
    watcher: &'w mut dyn Watcher,
    counts: Counts,
    /// Whether the far end was told of something that it is not wanted: its command fails for that.
    has_refused: bool,
}

impl Tally<'_> {
    fn tell(&mut self, path: Vec<u8>, fate: Fate) {
        self.counts.add(&fate);
        self.watcher.told(&Told { path, fate });
    }
}

/// Without `/` at its end, but for the root.
fn trimmed(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b != b'/').map_or(path.len().min(1), |last| last + 1);
    &path[..end]
}

/// The directory that a path is in, and its last name; without one the path is the directory.
fn parted(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (directory, name) = match path.iter().rposition(|b| *b == b'/') {
        Some(0) => (&path[..1], &path[1..]),
        Some(end) => (&path[..end], &path[end + 1..]),
        None => (&b"."[..], path),
    };
    match name {
        b"" if path.is_empty() => (b".", None),
        name if is_name(name) => (directory, Some(name)),
        _no_name => (path, None),
    }
}

/// Hears what the command ended with, which is a failure where something was not wanted of it, or failed.
async fn over(
    mut line: Line<ChannelIn, ChannelOut>,
    result: Result<(), Stop>,
    tally: &Tally<'_>,
) -> Result<(), ClientError> {
    let went = match result {
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Ended) => false,
        Ok(()) => true,
    };
    line.end(LAST_WORDS).await?;
    let may_fail = tally.has_refused || tally.counts.failed > 0;
    match (went, line.status()) {
        (true, None | Some(0)) => Ok(()),
        (true, Some(_)) if may_fail => Ok(()),
        (false, None | Some(0)) => Err(fault::ended(line.peer(), line.said())),
        (_, Some(status)) => Err(fault::failed(status, line.said())),
    }
}

/// The name that a directory is asked for by.
fn asked(path: &[u8]) -> Result<&[u8], ClientError> {
    let (_, name) = parted(path);
    name.ok_or_else(|| {
        let what = "SCP sends a directory by its name: give the path of one";
        ClientError::Local(io::Error::new(io::ErrorKind::InvalidInput, what))
    })
}
