//! Where the octets of a transfer come from and go to, and their conversion.

use std::io;
use store::{Blob, Sink};
use tftp_proto::netascii::{Converted, Decoder};
use tftp_proto::server::last_block;
use tftp_proto::{Mode, Sender};

/// Text read in one piece.
const PIECE: usize = 16_384;
/// Octets gathered before they are written whatever else is to do; the driver writes sooner, when it has to
/// wait.
const GATHERED: usize = 524_288;
/// Blocks of this length are worth a write each.
const LARGE: usize = 32_768;

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
    /// What is still to be written, in one piece: converted text, or blocks that follow each other.
    scratch: Vec<u8>,
    /// Where that belongs.
    at: u64,
}

impl<'a> Target<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, mode: Mode) -> Target<'a> {
        let text = match mode {
            Mode::Octet => None,
            Mode::Netascii => Some(Decoder::default()),
        };
        Target { sink, text, octets: 0, scratch: Vec::new(), at: 0 }
    }

    /// Begins again with the first octet.
    pub(super) fn restart(&mut self) {
        if let Some(text) = &mut self.text {
            *text = Decoder::default();
        }
        (self.octets, self.at) = (0, 0);
        self.scratch.clear();
    }

    pub(super) fn mode(&self) -> Mode {
        if self.text.is_some() { Mode::Netascii } else { Mode::Octet }
    }

    /// Octets placed so far; with early blocks, not all in one piece.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    /// Puts a block where it belongs; text comes in order. What follows each other is written together:
    /// [`Target::settle`] writes the rest.
    pub(super) fn place(&mut self, block: u64, blksize: u16, payload: &[u8]) -> io::Result<()> {
        let Some(text) = &mut self.text else {
            self.octets += payload.len() as u64;
            return self.gather((block - 1) * u64::from(blksize), payload);
        };
        let before = self.scratch.len();
        text.decode(payload, &mut self.scratch);
        self.octets += (self.scratch.len() - before) as u64;
        if self.scratch.len() >= GATHERED { self.settle() } else { Ok(()) }
    }

    fn gather(&mut self, at: u64, payload: &[u8]) -> io::Result<()> {
        let follows = at == self.at + self.scratch.len() as u64;
        if !follows || self.scratch.len() + payload.len() > GATHERED {
            self.settle()?;
            self.at = at;
        }
        if self.scratch.is_empty() && payload.len() >= LARGE {
            self.at = at + payload.len() as u64;
            return self.sink.write_at(at, payload);
        }
        self.scratch.extend_from_slice(payload);
        Ok(())
    }

    /// The last block was placed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Some(text) = &mut self.text {
            let before = self.scratch.len();
            text.finish(&mut self.scratch);
            self.octets += (self.scratch.len() - before) as u64;
        }
        self.settle()
    }

    /// Octets that wait to be written.
    pub(super) fn gathered(&self) -> usize {
        self.scratch.len()
    }

    /// Writes what was gathered.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if !self.scratch.is_empty() {
            self.sink.write_at(self.at, &self.scratch)?;
            self.at += self.scratch.len() as u64;
            self.scratch.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes each write.
    #[derive(Default)]
    struct Notes(Vec<(u64, usize)>, Vec<u8>);

    impl Sink for Notes {
        fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
            let (from, end) = (offset as usize, offset as usize + octets.len());
            self.1.resize(self.1.len().max(end), 0);
            self.1[from..end].copy_from_slice(octets);
            self.0.push((offset, octets.len()));
            Ok(())
        }
    }

    #[test]
    fn blocks_that_follow_each_other_are_written_together() {
        let mut notes = Notes::default();
        let mut target = Target::new(&mut notes, Mode::Octet);
        for block in [1, 2, 3, 5, 6, 4, 7] {
            target.place(block, 8, &[block as u8; 8]).unwrap();
        }
        target.place(8, 8, b"end").unwrap();
        assert_eq!(target.octets(), 59);
        target.finish().unwrap();
        assert_eq!(notes.0, [(0, 24), (32, 16), (24, 8), (48, 11)]);
        let whole: Vec<u8> = (1..=7).flat_map(|n| [n; 8]).chain(*b"end").collect();
        assert_eq!(notes.1, whole);
    }

    #[test]
    fn what_is_gathered_is_bounded_and_large_blocks_are_not_copied() {
        let mut notes = Notes::default();
        let mut target = Target::new(&mut notes, Mode::Octet);
        for block in 1..=100 {
            target.place(block, 8_192, &[1; 8_192]).unwrap();
            assert!(target.scratch.len() <= GATHERED);
        }
        target.finish().unwrap();
        assert_eq!(notes.0[0], (0, GATHERED));
        let mut notes = Notes::default();
        let mut target = Target::new(&mut notes, Mode::Octet);
        target.place(2, 65_464, &[2; 65_464]).unwrap();
        target.place(1, 65_464, &[1; 65_464]).unwrap();
        target.place(3, 65_464, b"3").unwrap();
        target.finish().unwrap();
        assert_eq!(notes.0, [(65_464, 65_464), (0, 65_464), (130_928, 1)]);
    }
}
