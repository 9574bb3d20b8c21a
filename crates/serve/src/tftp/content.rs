//! Where the octets of a transfer are, and their conversion.

use gate::store::Sink;
use gate::{End, Reading, Writing};
use std::io;
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
        Content::Read { reading, text }
    }

    pub(super) fn writing(writing: Writing, mode: Mode) -> Content {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Decoder::default()),
        };
        Content::Write { writing, text, octets: 0 }
    }

    /// The payload of a run of blocks, one behind the other, in `scratch` or in our own buffer.
    pub(super) fn run<'a>(
        &'a mut self,
        sender: &mut Sender,
        first: u64,
        end: u64,
        scratch: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        let Content::Read { reading, text } = self else { unreachable!("only a reading has blocks to send") };
        let blksize = u64::from(sender.terms().blksize);
        let (from, to) = ((first - 1) * blksize, end * blksize);
        let blob = reading.blob();
        let Some(text) = text else {
            let want = usize::try_from(to.min(blob.len()) - from).expect("at most a window");
            if scratch.len() < want {
                scratch.resize(want, 0);
            }
            let got = blob.read_at(from, &mut scratch[..want])?;
            // A short block would be the last one, and the file seem whole.
            if got < want {
                let why = "the file became shorter while it was sent";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            }
            return Ok(&scratch[..want]);
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

    /// Puts a block where it belongs; text comes in order.
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

    /// Octets of the file behind `acked` blocks, or received.
    pub(super) fn octets(&self, acked: u64, blksize: u16) -> u64 {
        match self {
            Content::Read { reading, text: None } => (acked * u64::from(blksize)).min(reading.blob().len()),
            Content::Read { text: Some(text), .. } => text.fed(),
            Content::Write { octets, .. } => *octets,
            Content::Gone => 0,
        }
    }
}
