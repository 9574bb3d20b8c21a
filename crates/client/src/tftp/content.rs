//! Where the octets of a transfer come from and go to, and their conversion.

use std::io;
use store::{Blob, Sink};
use tftp_proto::netascii::{Converted, Decoder};
use tftp_proto::server::last_block;
use tftp_proto::{Mode, Sender};

/// Text read in one piece.
const PIECE: usize = 16_384;

/// What we send.
pub(super) struct Source<'a> {
    blob: &'a Blob,
    text: Option<Converted>,
    scratch: Vec<u8>,
}

impl<'a> Source<'a> {
    pub(super) fn new(blob: &'a Blob, mode: Mode) -> Source<'a> {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Converted::default()),
        };
        Source { blob, text, scratch: Vec::new() }
    }

    /// Begins again with the first octet.
    pub(super) fn restart(&mut self) {
        if let Some(text) = &mut self.text {
            *text = Converted::default();
        }
    }

    pub(super) fn mode(&self) -> Mode {
        if self.text.is_some() { Mode::Netascii } else { Mode::Octet }
    }

    /// Octets on the wire, where no conversion hides them.
    pub(super) fn wire_len(&self) -> Option<u64> {
        self.text.is_none().then(|| self.blob.len())
    }

    /// Octets of the file that were sent.
    pub(super) fn octets(&self) -> u64 {
        self.text.as_ref().map_or(self.blob.len(), Converted::fed)
    }

    /// The payload of a run of blocks, one behind the other.
    pub(super) fn run(&mut self, sender: &mut Sender, first: u64, count: u16) -> io::Result<&[u8]> {
        let blksize = u64::from(sender.terms().blksize);
        let (from, end) = ((first - 1) * blksize, (first - 1 + u64::from(count)) * blksize);
        let Some(text) = &mut self.text else {
            let want = usize::try_from(end.min(self.blob.len()) - from).expect("at most a window");
            self.scratch.resize(want, 0);
            let got = self.blob.read_at(from, &mut self.scratch)?;
            // A short block would be the last one, and the file seem whole.
            if got < want {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file became shorter while it was sent",
                ));
            }
            return Ok(&self.scratch);
        };
        text.forget(sender.acked() * blksize);
        while let Some(at) = text.wants(end) {
            self.scratch.resize(PIECE, 0);
            let got = self.blob.read_at(at, &mut self.scratch)?;
            text.feed(&self.scratch[..got]);
        }
        if let Some(total) = text.total() {
            sender.set_last(last_block(total, sender.terms().blksize));
        }
        Ok(text.get(from, end))
    }
}

/// What we get.
pub(super) struct Target<'a> {
    sink: &'a mut dyn Sink,
    text: Option<Decoder>,
    octets: u64,
    scratch: Vec<u8>,
}

impl<'a> Target<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, mode: Mode) -> Target<'a> {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Decoder::default()),
        };
        Target { sink, text, octets: 0, scratch: Vec::new() }
    }

    /// Begins again with the first octet.
    pub(super) fn restart(&mut self) {
        if let Some(text) = &mut self.text {
            *text = Decoder::default();
        }
        self.octets = 0;
        self.scratch.clear();
    }

    pub(super) fn mode(&self) -> Mode {
        if self.text.is_some() { Mode::Netascii } else { Mode::Octet }
    }

    /// Octets written so far; with early blocks, not all in one piece.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// Puts a block where it belongs; text comes in order.
    pub(super) fn place(&mut self, block: u64, blksize: u16, payload: &[u8]) -> io::Result<()> {
        let Some(text) = &mut self.text else {
            self.octets += payload.len() as u64;
            return self.sink.write_at((block - 1) * u64::from(blksize), payload);
        };
        text.decode(payload, &mut self.scratch);
        self.flush()
    }

    /// The last block was placed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Some(text) = &mut self.text {
            text.finish(&mut self.scratch);
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.scratch.is_empty() {
            self.sink.write_at(self.octets, &self.scratch)?;
            self.octets += self.scratch.len() as u64;
            self.scratch.clear();
        }
        Ok(())
    }
}
