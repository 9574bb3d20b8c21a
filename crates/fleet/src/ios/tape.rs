//! What stood on a line, for people who look later.

use super::screen::plain;
use super::trouble::redacted;

/// Octets that are kept between two looks; of more only the end.
const MOST: usize = 32 << 10;

/// What stood there since it was looked at last.
#[derive(Default)]
pub(super) struct Tape {
    octets: Vec<u8>,
    is_cut: bool,
}

impl Tape {
    pub(super) fn hear(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
        if let Some(over) = self.octets.len().checked_sub(MOST).filter(|over| *over > 0) {
            self.octets.drain(..over + MOST / 4);
            self.is_cut = true;
        }
    }

    /// It, without secrets, and nothing from now on.
    pub(super) fn take(&mut self) -> String {
        let octets = std::mem::take(&mut self.octets);
        let mut out = String::from(if std::mem::take(&mut self.is_cut) { "[…]\n" } else { "" });
        for line in plain(&octets).lines() {
            out.push_str(&redacted(line.trim_end()));
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_no_secrets_and_an_end() {
        let mut tape = Tape::default();
        tape.hear(b"R1#copy ftp://bob:hunter2@10.0.0.1/x flash:\r\nR1#copy http://10.0.0.1/~0123456789abcdef/new.bin flash:\r\n");
        tape.hear(b"enable secret 5 $1$abcd\r\n!!!\x08.\r\n");
        let said = tape.take();
        for secret in ["hunter2", "0123456789abcdef", "abcd"] {
            assert!(!said.contains(secret), "{said}");
        }
        for shown in
            ["ftp://bob:****@10.0.0.1/x", "http://10.0.0.1/~****/new.bin flash:", "enable secret ****", "!!."]
        {
            assert!(said.contains(shown), "{shown}: {said}");
        }
        assert_eq!(tape.take(), "");
        for _ in 0..20 {
            tape.hear(&[b'x'; 40_000]);
        }
        let said = tape.take();
        assert!(said.starts_with("[…]\n") && said.len() < MOST + 10, "{}", said.len());
    }
}
