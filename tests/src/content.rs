//! Octets from a seed, and digests to compare them by.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// The sizes every peer carries: nothing, one octet, around one block of 512, around one of 1,428, and
/// some MiB that end in the middle of a block of any size.
pub const SIZES: &[u64] = &[0, 1, 511, 512, 513, 1_428, 65_536, 3_000_017];

/// The lesson's image: 65,609 blocks of 512, so that the block number passes 65,535.
pub const ROLLOVER: u64 = 33_591_768;

/// Sizes of text: one octet, around a block, and some hundred blocks, so that line ends fall on every edge.
pub const TEXTS: &[u64] = &[1, 511, 512, 65_536];

/// A file's octets as a value: the same seed gives the same octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Content {
    /// Where the generator starts.
    pub seed: u64,
    /// Octets.
    pub len: u64,
    /// Which values the octets have.
    pub kind: Kind,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Any octet.
    Octets,
    /// Printable octets in short lines, each ended by LF: what netascii carries unharmed.
    Lines,
    /// The same with single CRs, which netascii sends as CR NUL; not every peer does.
    LinesWithCr,
}

/// Length and SHA-256 of some octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Print {
    /// Octets.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

impl Content {
    /// `len` octets from a new seed, which is printed: libtest shows it when the test fails.
    ///
    /// # Panics
    /// When the system has no random octets.
    pub fn random(len: u64) -> Content {
        Content::random_of(Kind::Octets, len)
    }

    /// The same, of this kind.
    ///
    /// # Panics
    /// When the system has no random octets.
    pub fn random_of(kind: Kind, len: u64) -> Content {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("random octets");
        let content = Content { seed: u64::from_ne_bytes(seed), len, kind };
        println!("{content:?}");
        content
    }

    /// The octets, to be read.
    pub fn reader(self) -> Octets {
        Octets { state: self.seed, left: self.len, word: [0; 8], used: 8, kind: self.kind }
    }

    /// The octets, in memory.
    ///
    /// # Panics
    /// When there are more than memory has.
    pub fn octets(self) -> Vec<u8> {
        let mut all = Vec::new();
        self.reader().read_to_end(&mut all).expect("a generator does not fail");
        all
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The system's, from creating and writing.
    pub fn write(self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        io::copy(&mut self.reader(), &mut file)?;
        file.flush()
    }

    /// What a true copy has.
    pub fn print(self) -> Print {
        print_of(&mut self.reader()).expect("a generator does not fail")
    }
}

/// Length and digest of what `from` gives.
///
/// # Errors
/// Those of `from`.
pub fn print_of(from: &mut impl Read) -> io::Result<Print> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut len = 0;
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok(Print { len, sha256: hash.finalize().into() });
        }
        hash.update(&buffer[..n]);
        len += n as u64;
    }
}

/// Length and digest of a file.
///
/// # Errors
/// The system's, from opening and reading.
pub fn print_of_file(path: &Path) -> io::Result<Print> {
    print_of(&mut File::open(path)?)
}

/// SplitMix64 as a stream: any octet value, no period a block size could hide in.
#[derive(Debug)]
pub struct Octets {
    state: u64,
    left: u64,
    word: [u8; 8],
    used: usize,
    kind: Kind,
}

impl Kind {
    /// Makes any octet one of this kind: one in 16 is a line's end, one in 32 a CR.
    fn tame(self, octet: u8) -> u8 {
        match (self, octet) {
            (Kind::Octets, octet) => octet,
            (Kind::Lines | Kind::LinesWithCr, 0..=15) => b'\n',
            (Kind::LinesWithCr, 16..=23) => b'\r',
            (Kind::Lines | Kind::LinesWithCr, octet) => b' ' + octet % 95,
        }
    }
}

impl Octets {
    fn next_word(&mut self) -> [u8; 8] {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).to_le_bytes()
    }
}

impl Read for Octets {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let mut at = 0;
        while at < n {
            if self.used == 8 {
                self.word = self.next_word();
                self.used = 0;
            }
            let take = (n - at).min(8 - self.used);
            buf[at..at + take].copy_from_slice(&self.word[self.used..self.used + take]);
            self.used += take;
            at += take;
        }
        for octet in &mut buf[..n] {
            *octet = self.kind.tame(*octet);
        }
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Kind};
    use std::io::Read;

    #[test]
    fn octets_do_not_depend_on_how_they_are_read() {
        let content = Content { seed: 7, len: 10_001, kind: Kind::Octets };
        let mut whole = Vec::new();
        content.reader().read_to_end(&mut whole).unwrap();
        let (mut pieces, mut reader, mut piece) = (Vec::new(), content.reader(), [0; 13]);
        loop {
            let n = reader.read(&mut piece).unwrap();
            if n == 0 {
                break;
            }
            pieces.extend_from_slice(&piece[..n]);
        }
        assert_eq!(whole.len(), 10_001);
        assert_eq!(whole, pieces);
        assert_eq!(content.print().len, 10_001);
        assert_ne!(content.print(), Content { seed: 8, ..content }.print());
    }
}
