//! The TFTP client's driver: one blocking loop around [`tftp_proto::client::Client`] for each offer
//! (`run`), down a ladder of offers (`ladder`).
//!
//! Only deviation from RFC 1350 that is ours: after a download it dallies for three round trips, 20 ms to
//! 250 ms, and not for as long as the server may wait; whoever calls wants to go on.

mod content;
mod ladder;
mod port;
mod run;

pub use ladder::Rung;

use crate::{ClientError, Done, Ladder, Options, Remote, TftpOptions, Type};
use content::{Source, Target};
use ladder::Asked;
use port::Port;
use run::{Run, Stop};
use store::{Blob, Sink};
use tftp_proto::{Mode, Offer};

/// What moves, and where its octets are.
enum Job<'a> {
    Get(Target<'a>),
    Put(Source<'a>),
}

/// Fetches a file into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    walk(remote, options, Job::Get(Target::new(sink, mode(remote))))
}

/// Sends the file that `blob` is.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    walk(remote, options, Job::Put(Source::new(blob, mode(remote))))
}

fn mode(remote: &Remote) -> Mode {
    match remote.kind {
        Type::Image => Mode::Octet,
        Type::Text => Mode::Netascii,
    }
}

/// Tries one offer after the other, each with a request and a socket of its own and from the file's first
/// octet, until one works or another would not help.
fn walk(remote: &Remote, options: &Options, mut job: Job<'_>) -> Result<Done, ClientError> {
    let ladder = options.tftp.ladder;
    let mut next = None;
    loop {
        let port = Port::open(remote, options)?;
        let (server, path) = (port.asked(), port.block());
        let rung = next.unwrap_or_else(|| match ladder {
            Ladder::Given => Rung::Path,
            Ladder::Best => options.hosts.first(server),
        });
        let stop = match Run::new(remote, options, &mut job, port, rung)?.run() {
            Ok(done) => {
                if ladder == Ladder::Best {
                    options.hosts.note(server, rung);
                }
                return Ok(done);
            }
            Err(stop) => stop,
        };
        next = match stop {
            Stop::Fell(why, error) => Some(rung.down(why, ladder, path).ok_or(error)?),
            Stop::Error(error) => return Err(error),
        };
        job.restart();
    }
}

impl Job<'_> {
    fn is_get(&self) -> bool {
        match self {
            Job::Get(_) => true,
            Job::Put(_) => false,
        }
    }

    fn octets(&self) -> u64 {
        match self {
            Job::Get(target) => target.octets(),
            Job::Put(source) => source.octets(),
        }
    }

    fn restart(&mut self) {
        match self {
            Job::Get(target) => target.restart(),
            Job::Put(source) => source.restart(),
        }
    }

    fn offer(&self, asked: &Asked, wish: &TftpOptions) -> Offer {
        let mut offer = Offer::none();
        if let Some(n) = asked.blksize {
            offer = offer.blksize(n);
        }
        if wish.tsize && asked.options {
            offer = match self {
                Job::Get(t) if t.mode() == Mode::Octet => offer.tsize(0),
                Job::Put(s) => s.wire_len().map_or(offer.clone(), |len| offer.tsize(len)),
                Job::Get(_) => offer,
            };
        }
        if let Some(n) = wish.timeout.filter(|_| asked.options) {
            offer = offer.timeout(n);
        }
        if let Some(n) = asked.windowsize {
            offer = offer.windowsize(n);
        }
        offer
    }
}
