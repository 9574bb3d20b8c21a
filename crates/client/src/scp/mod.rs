//! The SCP client: one command of the far end for each file, blocking.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | the command, and what it ended with |
//! | `line` | the channel, and what else may happen while it is waited for |
//! | `get` | `scp -f` at the far end: the file comes |
//! | `put` | `scp -t` at the far end: the file goes |
//! | `tree` | the same with `-r`: whole trees, for a mirror |
//! | `fault` | the far end's words as [`crate::ClientError`]s |

mod fault;
mod get;
mod line;
mod put;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use tree::mirror;

use crate::ssh::Link;
use crate::{ClientError, Done, Options, Outcome, Remote};
use line::{Line, Stop};
use sftp_proto::scp::{Exec, Way};
use std::time::{Duration, Instant};
use store::{Blob, Sink};
use transport::ssh::{ChannelIn, ChannelOut};

/// How long the end of a command is waited for, where all that matters was said: old devices forget it.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Fetches `remote` into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let path = there(&remote.path);
    let link = Link::open(remote, options)?;
    let mut line = begin(&link, Way::From, options.scp.want_modified, path, options)?;
    let got = link.runtime.block_on(async {
        let result = get::run(&mut line, path, sink).await;
        over(line, result).await
    })?;
    let modified = got.times.and_then(|times| i64::try_from(times.modified).ok());
    Ok(Done { modified, mode: Some(got.mode), ..done(got.octets, began) })
}

/// Sends `blob` to `remote`.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let path = there(&remote.path);
    let record = put::Announced::new(blob.len(), path, &options.scp)?;
    let link = Link::open(remote, options)?;
    let mut line = begin(&link, Way::To, options.scp.times.is_some(), path, options)?;
    link.runtime.block_on(async {
        let result = put::run(&mut line, blob, &record).await;
        over(line, result).await
    })?;
    Ok(done(blob.len(), began))
}

/// Has the far end run its `scp`.
fn begin(
    link: &Link,
    way: Way,
    preserve: bool,
    path: &[u8],
    options: &Options,
) -> Result<Line<ChannelIn, ChannelOut>, ClientError> {
    run(link, &Exec::command(way, false, preserve, path), options)
}

/// Has the far end run a command.
fn run(link: &Link, command: &[u8], options: &Options) -> Result<Line<ChannelIn, ChannelOut>, ClientError> {
    let (input, output) = link.command(command)?;
    let line = Line::new(input, output, link.around(options));
    line.asked(command);
    Ok(line)
}

/// The path as the far end is to read it. Before the file systems of a device and the drives of Windows there is no
/// slash: `/flash:x.bin` of a URL is `flash:x.bin`.
fn there(path: &[u8]) -> &[u8] {
    let Some(rest) = path.strip_prefix(b"/") else { return path };
    let first = rest.split(|b| *b == b'/').next().unwrap_or_default();
    let before = first.split(|b| *b == b':').next().unwrap_or_default();
    let is_prefix =
        before.len() < first.len() && !before.is_empty() && before.iter().all(u8::is_ascii_alphanumeric);
    if is_prefix { rest } else { path }
}

/// Hears what the command ended with: what went well here is well where it says so, and what did not has its words.
async fn over<T>(mut line: Line<ChannelIn, ChannelOut>, result: Result<T, Stop>) -> Result<T, ClientError> {
    let result = match result {
        // Ours: the channel is closed, and nothing more is heard.
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Ended) => None,
        Ok(value) => Some(value),
    };
    line.end(LAST_WORDS).await?;
    match (result, line.status()) {
        (Some(value), None | Some(0)) => Ok(value),
        (None, None | Some(0)) => Err(fault::ended(line.peer(), line.said())),
        (_, Some(status)) => Err(fault::failed(status, line.said())),
    }
}

fn done(octets: u64, began: Instant) -> Done {
    let (elapsed, outcome) = (began.elapsed(), Outcome::Complete);
    Done { octets, elapsed, outcome, modified: None, mode: None, repeats: 0 }
}
