//! WRITEs of one file that lie behind each other, and their octets: where they came, as far as that is worth it.

use alloc::vec::Vec;
use bytes::Bytes;
use core::mem;

/// What is shorter is copied behind each other: a piece of its own costs more than that.
const SHORT: usize = 1 << 10;

/// WRITEs of one file that lie behind each other.
#[derive(Default, Debug)]
pub(super) struct Run {
    pub(super) file: u32,
    pub(super) offset: u64,
    pub(super) octets: Pieces,
    /// The requests that it is the answer to.
    pub(super) ids: Vec<u32>,
}

impl Run {
    /// Where it ends; none: nowhere.
    pub(super) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.octets.len() as u64)
    }
}

/// Octets in pieces, in their order. Holds at most twice as many as it counts: a piece of what came keeps all of it.
#[derive(Default, Debug)]
pub(super) struct Pieces {
    whole: Vec<Bytes>,
    /// Those behind, copied.
    tail: Vec<u8>,
    len: usize,
}

impl Pieces {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds `piece`, which lies in `came`.
    pub(super) fn push(&mut self, came: &Bytes, piece: &[u8]) {
        self.len += piece.len();
        if piece.len() < SHORT || 2 * piece.len() < came.len() {
            self.tail.extend_from_slice(piece);
            return;
        }
        self.close();
        self.whole.push(came.slice_ref(piece));
    }

    /// The tail is a piece.
    fn close(&mut self) {
        if !self.tail.is_empty() {
            self.whole.push(mem::take(&mut self.tail).into());
        }
    }

    /// Forgets all behind the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.close();
        while self.len > len {
            let Some(last) = self.whole.last_mut() else { break };
            let rest = last.len() - (self.len - len).min(last.len());
            self.len -= last.len() - rest;
            last.truncate(rest);
            if rest == 0 {
                self.whole.pop();
            }
        }
    }

    /// All of them.
    pub(super) fn into_pieces(mut self) -> Vec<Bytes> {
        self.close();
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn all(pieces: Pieces) -> Vec<u8> {
        pieces.into_pieces().concat()
    }

    #[test]
    fn what_is_most_of_what_came_is_not_copied_and_the_rest_is() {
        let long = Bytes::from(vec![1; 3 * SHORT]);
        let mut pieces = Pieces::default();
        for (came, piece) in [(&long, 5..2 * SHORT), (&long, 0..SHORT), (&long, 7..9)] {
            pieces.push(came, &came[piece]);
        }
        let short = Bytes::from(vec![2; 10]);
        pieces.push(&short, &short);
        assert_eq!(pieces.len(), 2 * SHORT - 5 + SHORT + 2 + 10);
        let pieces = pieces.into_pieces();
        // One where it came, and one of copies: it would keep three times as much, or cost more than it is.
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0].as_ptr(), long[5..].as_ptr());
        assert_eq!(pieces[1].len(), SHORT + 12);
    }

    #[test]
    fn what_is_cut_off_is_gone_wherever_it_lies() {
        let came = Bytes::from((0..3 * SHORT).map(|n| n as u8).collect::<Vec<_>>());
        let wanted = [&came[..], &came[..9], &came[..]].concat();
        for len in
            [0, 1, SHORT, 3 * SHORT - 1, 3 * SHORT, 3 * SHORT + 4, 3 * SHORT + 9, wanted.len(), 9 * SHORT]
        {
            let mut pieces = Pieces::default();
            for piece in [&came[..], &came[..9], &came[..]] {
                pieces.push(&came, piece);
            }
            pieces.truncate(len);
            assert_eq!(pieces.len(), len.min(wanted.len()));
            assert!(all(pieces) == wanted[..len.min(wanted.len())], "cut at {len}");
        }
    }
}
