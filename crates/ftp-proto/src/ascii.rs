//! TYPE A: the net's CRLF against our LF (RFC 959 §3.1.1.1), as streams with one octet of memory.
//!
//! Out: an LF that no CR precedes becomes CRLF; a CRLF stays one. In: CRLF becomes LF; a CR that no LF
//! follows and a bare LF stay as they are, so nothing that is not a line end is lost.

use alloc::vec::Vec;

/// File to wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToWire {
    after_cr: bool,
}

impl ToWire {
    /// Appends the wire form of `octets`; at most twice as many.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for &b in octets {
            if b == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            out.push(b);
            self.after_cr = b == b'\r';
        }
    }
}

/// Wire to file. Call [`FromWire::finish`] at the end: a CR may be waiting for its LF.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromWire {
    pending_cr: bool,
}

impl FromWire {
    /// Appends the file's form of `octets`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for &b in octets {
            if self.pending_cr && b != b'\n' {
                out.push(b'\r');
            }
            self.pending_cr = b == b'\r';
            if !self.pending_cr {
                out.push(b);
            }
        }
    }

    /// Appends a CR that ended the data.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if core::mem::take(&mut self.pending_cr) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split<const N: usize>(text: &[u8], out: bool) -> Vec<u8> {
        let (mut to, mut from, mut got) = (ToWire::default(), FromWire::default(), Vec::new());
        for piece in text.chunks(N) {
            if out {
                to.push(piece, &mut got);
            } else {
                from.push(piece, &mut got);
            }
        }
        if !out {
            from.finish(&mut got);
        }
        got
    }

    #[test]
    fn line_ends_convert_whatever_the_buffer_edges() {
        let cases: [(&[u8], &[u8], bool); 8] = [
            (b"a\nb\n", b"a\r\nb\r\n", true),
            (b"a\r\nb", b"a\r\nb", true),
            (b"\n\n", b"\r\n\r\n", true),
            (b"a\rb", b"a\rb", true),
            (b"a\r\nb\r\n", b"a\nb\n", false),
            (b"a\rb\nc\r", b"a\rb\nc\r", false),
            (b"\r\r\n", b"\r\n", false),
            (b"", b"", false),
        ];
        for (text, want, out) in cases {
            assert_eq!(split::<1>(text, out), want, "{}", text.escape_ascii());
            assert_eq!(split::<2>(text, out), want, "{}", text.escape_ascii());
            assert_eq!(split::<3>(text, out), want, "{}", text.escape_ascii());
            assert_eq!(split::<100>(text, out), want, "{}", text.escape_ascii());
        }
    }
}
