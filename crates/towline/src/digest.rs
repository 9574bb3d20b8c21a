//! Digests of files, and the ones a person expects.

pub use gate::Algorithm;

use std::fmt;
use std::io;
use std::str::FromStr;
use store::Blob;

/// The algorithms, and the hexadecimal digits of each.
const ALL: [(Algorithm, usize); 3] =
    [(Algorithm::Md5, 32), (Algorithm::Sha256, 64), (Algorithm::Sha512, 128)];

/// The digest by its name of the first octets of a content.
pub(crate) fn of_first(algorithm: &str, blob: &Blob, octets: u64) -> io::Result<String> {
    match [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|a| a.name() == algorithm) {
        Some(algorithm) => algorithm.of_first(blob, octets),
        None => Err(io::Error::new(io::ErrorKind::Unsupported, "a digest that is not known here")),
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
            Some(name) => ALL.iter().find(|row| row.0.name() == name),
            None => ALL.iter().find(|row| row.1 == hex.len()),
        };
        let Some(&(algorithm, len)) = row else {
            return Err(String::from("give md5:HEX, sha256:HEX or sha512:HEX"));
        };
        if hex.len() != len || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            let name = algorithm.name();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let abc = Blob::Memory(bytes::Bytes::from_static(b"abc"));
        assert_eq!(Algorithm::Md5.of(&abc).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert!(Algorithm::Sha256.of(&abc).unwrap().starts_with("ba7816bf8f01cfea"));
        assert!(Algorithm::Sha512.of(&abc).unwrap().starts_with("ddaf35a193617aba"));
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
