//! Digests of files, and the ones a person expects.

use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512};
use std::fmt;
use std::io;
use std::str::FromStr;
use store::Blob;
use transport::Cancel;

/// Octets a read: large enough that the system call does not count.
const BITE: usize = 256 * 1_024;

/// A digest algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// What IOS `verify /md5` prints.
    Md5,
    /// SHA-256.
    Sha256,
    /// What Cisco's download page prints.
    Sha512,
}

impl Algorithm {
    const ALL: [(Algorithm, &'static str, usize); 3] =
        [(Algorithm::Md5, "md5", 32), (Algorithm::Sha256, "sha256", 64), (Algorithm::Sha512, "sha512", 128)];

    /// `md5`, `sha256`, `sha512`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The digest of `blob` in lower-case hex.
    pub fn of(self, blob: &Blob) -> io::Result<String> {
        match self {
            Algorithm::Md5 => one::<Md5>(blob),
            Algorithm::Sha256 => one::<Sha256>(blob),
            Algorithm::Sha512 => one::<Sha512>(blob),
        }
    }
}

/// A digest that was promised: `sha512:6f2a…`, or bare hex whose length tells the algorithm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Lower-case hex.
    pub hex: String,
}

impl Expect {
    /// Compares; the error is what was found.
    pub fn check(&self, blob: &Blob) -> io::Result<Result<(), String>> {
        let found = self.algorithm.of(blob)?;
        Ok(if found == self.hex { Ok(()) } else { Err(found) })
    }
}

impl FromStr for Expect {
    type Err = String;

    fn from_str(text: &str) -> Result<Expect, String> {
        let (named, hex) = match text.split_once(':') {
            Some((name, hex)) => (Some(name.to_ascii_lowercase()), hex),
            None => (None, text),
        };
        let row = match &named {
            Some(name) => Algorithm::ALL.iter().find(|row| row.1 == name),
            None => Algorithm::ALL.iter().find(|row| row.2 == hex.len()),
        };
        let Some(&(algorithm, name, len)) = row else {
            return Err(String::from("give md5:HEX, sha256:HEX or sha512:HEX"));
        };
        if hex.len() != len || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("{name} has {len} hexadecimal digits, this has {}", hex.len()));
        }
        Ok(Expect { algorithm, hex: hex.to_ascii_lowercase() })
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

/// The two that a served image is announced with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Both {
    /// MD5, hex.
    pub md5: String,
    /// SHA-512, hex.
    pub sha512: String,
}

/// Reads `blob` once for both; nothing when `cancel` was pulled.
pub fn both(blob: &Blob, cancel: &Cancel) -> io::Result<Option<Both>> {
    let (mut md5, mut sha512) = (Md5::new(), Sha512::new());
    let whole = each_bite(blob, |bite| {
        md5.update(bite);
        sha512.update(bite);
        !cancel.is_cancelled()
    })?;
    Ok(whole.then(|| Both { md5: hex(&md5.finalize()), sha512: hex(&sha512.finalize()) }))
}

fn one<D: md5::Digest>(blob: &Blob) -> io::Result<String> {
    let mut digest = D::new();
    each_bite(blob, |bite| {
        digest.update(bite);
        true
    })?;
    Ok(hex(&digest.finalize()))
}

/// Hands out the content in order; false from `take` stops it, which the result tells.
fn each_bite(blob: &Blob, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    let mut buffer = vec![0; BITE];
    let mut at = 0;
    loop {
        let n = blob.read_at(at, &mut buffer)?;
        if n == 0 {
            return Ok(true);
        }
        if !take(&buffer[..n]) {
            return Ok(false);
        }
        at += n as u64;
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let abc = Blob::Memory(bytes::Bytes::from_static(b"abc"));
        assert_eq!(Algorithm::Md5.of(&abc).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert!(Algorithm::Sha256.of(&abc).unwrap().starts_with("ba7816bf8f01cfea"));
        let both = both(&abc, &Cancel::new().unwrap()).unwrap().expect("not cancelled");
        assert!(both.sha512.starts_with("ddaf35a193617aba"));
    }

    #[test]
    fn a_pulled_cancel_gives_no_digest() {
        let cancel = Cancel::new().unwrap();
        cancel.cancel();
        assert_eq!(both(&Blob::Memory(bytes::Bytes::from_static(b"abc")), &cancel).unwrap(), None);
    }

    #[test]
    fn expectations_parse_or_say_what_is_wrong() {
        let e: Expect = "MD5:900150983CD24FB0D6963F7D28E17F72".parse().unwrap();
        assert_eq!(e.to_string(), "md5:900150983cd24fb0d6963f7d28e17f72");
        assert_eq!("900150983cd24fb0d6963f7d28e17f72".parse::<Expect>().unwrap(), e);
        assert!("crc:12".parse::<Expect>().unwrap_err().contains("sha512:HEX"));
        assert!("md5:12".parse::<Expect>().unwrap_err().contains("32 hexadecimal digits"));
    }
}
