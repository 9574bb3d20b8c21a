//! Where the octets of a transfer are, and their conversion.

use super::chunks::{Chunks, Source};
use gate::store::{Blob, Sink};
use gate::{End, Meter, Reading, Writing};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tftp_proto::netascii::{Converted, Decoder};
use tftp_proto::server::last_block;
use tftp_proto::{Mode, Sender};

/// Text read in one piece.
const PIECE: usize = 16_384;

/// A file of the store and the state of its conversion.
pub(super) enum Content {
    Read {
        reading: Reading,
        text: Option<Converted>,
        source: Source,
        /// Where the last octets were found among what was read ahead.
        hint: usize,
    },
    Write {
        writing: Writing,
        text: Option<Decoder>,
        octets: u64,
    },
    /// The upload is with a worker, or everything has ended.
    Gone,
}

impl Content {
    pub(super) fn reading(reading: Reading, mode: Mode) -> Content {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Converted::default()),
        };
        let source = source(&reading);
        Content::Read { reading, text, source, hint: 0 }
    }

    pub(super) fn writing(writing: Writing, mode: Mode) -> Content {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Decoder::default()),
        };
        Content::Write { writing, text, octets: 0 }
    }

    /// The payload of a run of blocks, one behind the other, in memory that all transfers share or in our own
    /// buffer.
    pub(super) fn run<'a>(
        &'a mut self,
        sender: &mut Sender,
        first: u64,
        end: u64,
        scratch: &'a mut Vec<u8>,
        chunks: &'a mut Chunks,
    ) -> io::Result<&'a [u8]> {
        let Content::Read { reading, text, source, hint } = self else {
            unreachable!("only a reading has blocks to send")
        };
        let blksize = u64::from(sender.terms().blksize);
        let (from, to) = ((first - 1) * blksize, end * blksize);
        reading.begun();
        let blob = reading.blob();
        let Some(text) = text else {
            let want = usize::try_from(to.min(blob.len()) - from).expect("at most a run");
            let got = match chunks.get(*source, blob, from, want, hint)? {
                Some(got) => got,
                None => {
                    if scratch.len() < want {
                        scratch.resize(want, 0);
                    }
                    let got = blob.read_at(from, &mut scratch[..want])?;
                    &scratch[..got]
                }
            };
            // A short block would be the last one, and the file seem whole.
            if got.len() < want {
                let why = "the file became shorter while it was sent";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            }
            return Ok(got);
        };
        text.forget(sender.acked() * blksize);
        if scratch.len() < PIECE {
            scratch.resize(PIECE, 0);
        }
        while let Some(at) = text.wants(to) {
            let got = blob.read_at(at, &mut scratch[..PIECE])?;
            text.feed(&scratch[..got]);
        }
        if let Some(total) = text.total() {
            sender.set_last(last_block(total, sender.terms().blksize));
        }
        Ok(text.get(from, to))
    }

    /// What it has to obey, where it has a rate; once.
    pub(super) fn take_meter(&mut self) -> Option<Box<Meter>> {
        match self {
            Content::Read { reading, .. } => reading.take_meter(),
            Content::Write { writing, .. } => writing.take_meter(),
            Content::Gone => None,
        }
    }

    /// Whether the owner wants it to end. What is being published is there before anybody can end it.
    pub(super) fn is_kicked(&self) -> bool {
        match self {
            Content::Read { reading, .. } => reading.is_kicked(),
            Content::Write { writing, .. } => writing.is_kicked(),
            Content::Gone => false,
        }
    }

    /// Whether blocks have to be placed one by one, in order: text is converted.
    pub(super) fn is_text(&self) -> bool {
        match self {
            Content::Read { text, .. } => text.is_some(),
            Content::Write { text, .. } => text.is_some(),
            Content::Gone => false,
        }
    }

    /// Puts blocks where they belong: `payload` is what the first and those behind it hold, in one piece. Text
    /// comes one block at a time and in order.
    pub(super) fn place(
        &mut self,
        block: u64,
        blksize: u16,
        payload: &[u8],
        scratch: &mut Vec<u8>,
    ) -> io::Result<()> {
        let Content::Write { writing, text, octets } = self else { return Ok(()) };
        let Some(text) = text else {
            *octets += payload.len() as u64;
            return writing.write_at((block - 1) * u64::from(blksize), payload);
        };
        scratch.clear();
        text.decode(payload, scratch);
        let at = *octets;
        *octets += scratch.len() as u64;
        writing.write_at(at, scratch)
    }

    /// The last block was placed: gives the upload for its commit.
    pub(super) fn whole(&mut self) -> io::Result<Option<(Writing, u64)>> {
        let Content::Write { writing, text, octets } = self else { return Ok(None) };
        if let Some(text) = text {
            let mut rest = Vec::new();
            text.finish(&mut rest);
            writing.write_at(*octets, &rest)?;
            *octets += rest.len() as u64;
        }
        let Content::Write { writing, octets, .. } = std::mem::replace(self, Content::Gone) else {
            unreachable!("it was a writing above")
        };
        Ok(Some((writing, octets)))
    }

    /// Ends the transfer's record; an upload that was not committed leaves the old file.
    pub(super) fn end(&mut self, end: End) {
        match std::mem::replace(self, Content::Gone) {
            Content::Read { reading, .. } => reading.finish(end),
            Content::Write { writing, .. } => writing.fail(end),
            Content::Gone => {}
        }
    }

    /// Tells whoever watches a download that its peer has so many octets. An upload tells that by itself.
    pub(super) fn reach(&self, octets: u64) {
        match self {
            Content::Read { reading, .. } => reading.progress().reach(octets),
            Content::Write { .. } | Content::Gone => {}
        }
    }

    /// Octets of the file behind `acked` blocks, or received.
    pub(super) fn octets(&self, acked: u64, blksize: u16) -> u64 {
        match self {
            Content::Read { reading, text: None, .. } => {
                (acked * u64::from(blksize)).min(reading.blob().len())
            }
            Content::Read { text: Some(text), .. } => text.fed(),
            Content::Write { octets, .. } => *octets,
            Content::Gone => 0,
        }
    }
}

/// How long a file must have been left alone for its identity to tell every change: times of files are as
/// coarse as the kernel's tick, 10 ms at the most, and clocks of file servers differ a little.
const SETTLED: Duration = Duration::from_secs(2);

/// Whose octets these are among what was read ahead.
fn source(reading: &Reading) -> Source {
    let Blob::File { identity, .. } = reading.blob() else { return Source::One(reading.transfer()) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let changed = u128::try_from(identity.changed.max(identity.modified)).unwrap_or(0);
    if changed + SETTLED.as_nanos() < now { Source::File(*identity) } else { Source::One(reading.transfer()) }
}
