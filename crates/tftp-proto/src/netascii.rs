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

/// The converted octets that a sender may still have to send: everything from the first block that is
/// not acknowledged to as far as it was asked. Bounded by the window, whatever the file's size.
///
/// The driver asks [`Converted::wants`], feeds text, takes [`Converted::get`], and forgets what was
/// acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Converted {
    octets: Vec<u8>,
    /// Where `octets` begins on the wire.
    start: u64,
    /// Octets of the text that were fed.
    fed: u64,
    ended: bool,
}

impl Converted {
    /// Where to go on reading the text, if octets up to `end` on the wire are not all there yet.
    pub fn wants(&self, end: u64) -> Option<u64> {
        (!self.ended && self.reached() < end).then_some(self.fed)
    }

    /// Takes the next piece of the text; an empty piece is its end.
    pub fn feed(&mut self, text: &[u8]) {
        self.ended |= text.is_empty();
        self.fed += text.len() as u64;
        encode(text, &mut self.octets);
    }

    /// Octets on the wire from `from` to at most `end`; fewer where the text ends.
    pub fn get(&self, from: u64, end: u64) -> &[u8] {
        let at = |n: u64| {
            usize::try_from(n.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.octets.len())
        };
        &self.octets[at(from)..at(end).max(at(from))]
    }

    /// Octets of the whole text on the wire, once its end was fed.
    pub fn total(&self) -> Option<u64> {
        self.ended.then(|| self.reached())
    }

    /// Octets of the text fed so far.
    pub fn fed(&self) -> u64 {
        self.fed
    }

    /// Drops what is below `offset` on the wire.
    pub fn forget(&mut self, offset: u64) {
        let n = offset.min(self.reached()).saturating_sub(self.start);
        self.octets.drain(..usize::try_from(n).expect("inside the buffer"));
        self.start += n;
    }

    fn reached(&self) -> u64 {
        self.start + self.octets.len() as u64
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
    fn rule_18_blocks_come_out_the_same_when_they_are_asked_again() {
        let text: Vec<u8> = (0..1_000u32).map(|n| if n % 3 == 0 { b'\n' } else { b'\r' }).collect();
        let mut wire = Vec::new();
        encode(&text, &mut wire);
        let mut conv = Converted::default();
        let mut got = Vec::new();
        for block in 0u64.. {
            let (from, end) = (block * 7, block * 7 + 7);
            while let Some(at) = conv.wants(end) {
                let at = at as usize;
                conv.feed(&text[at..text.len().min(at + 5)]);
            }
            let first = conv.get(from, end).to_vec();
            assert_eq!(conv.get(from, end), first, "asked again");
            got.extend_from_slice(&first);
            conv.forget(from);
            assert!(conv.octets.len() < 30, "bounded");
            if first.len() < 7 {
                break;
            }
        }
        assert_eq!(got, wire);
        assert_eq!((conv.total(), conv.fed()), (Some(2_000), 1_000));
    }

    #[test]
    fn rule_18_a_final_lone_cr_is_kept() {
        assert_eq!(decode_in_pieces(b"x\r", 1), b"x\r");
        assert_eq!(decode_in_pieces(b"a\rb\r\r\n", 2), b"a\rb\r\n");
    }
}
