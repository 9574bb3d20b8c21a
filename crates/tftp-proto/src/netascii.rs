//! Text on the wire: line ends as CR LF, a bare CR as CR NUL (RFC 1350 §2, RFC 764).
//!
//! Local text has LF line ends. Both directions work on pieces: a pair may straddle any edge.

use alloc::vec::Vec;

/// Appends `text` to `out` as netascii. No state: each octet stands for itself.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    for &b in text {
        match b {
            b'\n' => out.extend_from_slice(b"\r\n"),
            b'\r' => out.extend_from_slice(b"\r\0"),
            b => out.push(b),
        }
    }
}

/// Turns netascii back into local text, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    cr: bool,
}

impl Decoder {
    /// Appends the text of one piece to `out`. A CR at its end waits for the next piece.
    ///
    /// CR before anything but LF and NUL is against the RFC; it is kept as it came.
    pub fn decode(&mut self, wire: &[u8], out: &mut Vec<u8>) {
        for &b in wire {
            if core::mem::take(&mut self.cr) {
                match b {
                    b'\n' => {
                        out.push(b'\n');
                        continue;
                    }
                    0 => {
                        out.push(b'\r');
                        continue;
                    }
                    _ => out.push(b'\r'),
                }
            }
            match b {
                b'\r' => self.cr = true,
                b => out.push(b),
            }
        }
    }

    /// Ends the text: a lone CR at the very end is kept.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if core::mem::take(&mut self.cr) {
            out.push(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_in_pieces(wire: &[u8], piece: usize) -> Vec<u8> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for p in wire.chunks(piece) {
            decoder.decode(p, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn rule_18_netascii_converts_and_pairs_may_straddle_edges() {
        let text = b"a\nb\r\nc\r\r\n\n\rz\r";
        let mut wire = Vec::new();
        encode(text, &mut wire);
        assert_eq!(&wire, b"a\r\nb\r\0\r\nc\r\0\r\0\r\n\r\n\r\0z\r\0");
        for piece in 1..=wire.len() {
            assert_eq!(decode_in_pieces(&wire, piece), text, "pieces of {piece}");
        }
    }

    #[test]
    fn rule_18_a_final_lone_cr_is_kept() {
        assert_eq!(decode_in_pieces(b"x\r", 1), b"x\r");
        assert_eq!(decode_in_pieces(b"a\rb\r\r\n", 2), b"a\rb\r\n");
    }
}
