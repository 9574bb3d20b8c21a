//! Buffers that were sent and are read into again: fresh ones cost a fault of each of their pages.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Shorter ones are not worth it.
const WORTH: usize = 32 << 10;
/// As many as wait to be sent at once, with some that are read into.
const MOST: usize = 8;

/// The buffers of one session.
// Guards what is free; held for a push or a pop.
#[derive(Clone, Default, Debug)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// An empty one with room for so much, and not for much more.
    pub(super) fn take(&self, room: usize) -> Vec<u8> {
        let fits = |octets: &Vec<u8>| (room..=2 * room).contains(&octets.capacity());
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match free.iter().position(fits) {
            Some(nth) => free.swap_remove(nth),
            None => Vec::with_capacity(room),
        }
    }

    /// Gives octets away for a while: they come back when the last piece of them has been sent.
    pub(super) fn lend(&self, octets: Vec<u8>) -> Bytes {
        if octets.capacity() < WORTH {
            return Bytes::from(octets);
        }
        Bytes::from_owner(Lent { octets, to: self.clone() })
    }

    /// Forgets those that are free: a session in which nothing is open needs none.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Vec::new();
    }
}

/// Octets that are being sent.
struct Lent {
    octets: Vec<u8>,
    to: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut octets = std::mem::take(&mut self.octets);
        let mut free = self.to.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() == MOST {
            // What is asked for now may be of another size.
            free.remove(0);
        }
        octets.clear();
        free.push(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_piece_is_gone() {
        let buffers = Buffers::default();
        let mut octets = buffers.take(WORTH);
        octets.extend_from_slice(&[7; WORTH]);
        let place = octets.as_ptr();
        let mut sent = buffers.lend(octets);
        let piece = sent.split_to(100);
        drop(sent);
        let other = buffers.take(WORTH);
        assert_ne!(other.as_ptr(), place, "a piece is still there");
        drop(other);
        assert_eq!(&piece[..], &[7; 100]);
        drop(piece);
        let again = buffers.take(WORTH);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn few_are_kept_and_none_of_a_session_that_has_nothing_open() {
        let buffers = Buffers::default();
        let sent: Vec<Bytes> = (0..2 * MOST).map(|_| buffers.lend(Vec::with_capacity(WORTH))).collect();
        drop(sent);
        drop(buffers.lend(Vec::with_capacity(WORTH - 1)));
        assert_eq!(buffers.0.lock().unwrap().len(), MOST);
        buffers.forget();
        assert_eq!(buffers.0.lock().unwrap().capacity(), 0);
    }
}
