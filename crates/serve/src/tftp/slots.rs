//! Where transfers are kept, and whose they are.

use super::transfer::{Running, Words};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// Which transfer: its place, and which of the place's tenants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    place: u32,
    tenant: u32,
}

/// A number under which epoll tells of a transfer's own socket. It stays with the socket when that goes to the next
/// transfer: to tell epoll another number would be a system call for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token(u32);

impl Token {
    pub(super) fn to_u64(self) -> u64 {
        u64::from(self.0)
    }
}

/// One transfer, from its request on.
pub(super) struct Slot {
    pub(super) key: Key,
    pub(super) words: Arc<Words>,
    /// What epoll calls its own socket, once it tells of it.
    pub(super) token: Option<Token>,
    /// What the budget for the unproved still wants back.
    pub(super) owed: usize,
    pub(super) phase: Phase,
    /// The deadline among the timers, if any.
    pub(super) armed: Option<clock::Instant>,
}

pub(super) enum Phase {
    /// A worker opens the file.
    Opening,
    Running(Box<Running>),
}

/// All transfers. Places are used again; a key of an earlier tenant finds nothing.
#[derive(Default)]
pub(super) struct Slots {
    places: Vec<Option<Slot>>,
    free: Vec<u32>,
    tenants: u32,
    /// By the two ends: the peer, and our address and port that it asked.
    by_peer: HashMap<(SocketAddr, SocketAddr), Key>,
    /// Whose socket has that token; of one that waits for its next transfer, whose it was.
    tokens: Vec<Key>,
    free_tokens: Vec<Token>,
    /// In the order of their requests, whose peers had not answered when we last looked.
    unproved: VecDeque<Key>,
}

impl Slots {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.places.get_mut(key.place as usize)?.as_mut().filter(|s| s.key == key)
    }

    /// The transfer that this peer began by asking there.
    pub(super) fn of(&self, peer: SocketAddr, asked: SocketAddr) -> Option<Key> {
        self.by_peer.get(&(peer, asked)).copied()
    }

    /// Whose socket epoll tells of. A transfer that is over may be among them: its key finds nothing.
    pub(super) fn with_token(&self, n: u64) -> Option<Key> {
        self.tokens.get(usize::try_from(n).ok()?).copied()
    }

    /// A transfer has a socket of its own that epoll does not know yet.
    pub(super) fn new_token(&mut self, key: Key) {
        let token = self.free_tokens.pop().unwrap_or_else(|| {
            self.tokens.push(key);
            Token((self.tokens.len() - 1) as u32)
        });
        self.hand_over(token, key);
    }

    /// A socket that epoll knows is this transfer's now.
    pub(super) fn hand_over(&mut self, token: Token, key: Key) {
        self.tokens[token.0 as usize] = key;
        if let Some(slot) = self.get(key) {
            slot.token = Some(token);
        }
    }

    /// The socket with that token is closed.
    pub(super) fn free(&mut self, token: Token) {
        self.free_tokens.push(token);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.places.iter_mut().flatten()
    }

    pub(super) fn insert(&mut self, words: Words) -> Key {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            (self.places.len() - 1) as u32
        });
        self.tenants = self.tenants.wrapping_add(1);
        let key = Key { place, tenant: self.tenants };
        self.by_peer.insert((words.peer, words.asked), key);
        self.unproved.push_back(key);
        let owed = words.first_answer;
        let words = Arc::new(words);
        let slot = Slot { key, words, token: None, owed, phase: Phase::Opening, armed: None };
        self.places[place as usize] = Some(slot);
        key
    }

    /// Drops a transfer: its socket closes (and leaves epoll), its file says Aborted if it had no end.
    pub(super) fn remove(&mut self, key: Key) {
        let Some(place) = self.places.get_mut(key.place as usize) else { return };
        let Some(slot) = place.take_if(|s| s.key == key) else { return };
        let at = (slot.words.peer, slot.words.asked);
        if self.by_peer.get(&at) == Some(&key) {
            self.by_peer.remove(&at);
        }
        if let Some(token) = slot.token {
            self.free(token);
        }
        self.free.push(key.place);
    }

    /// Drops the transfer that has waited longest for its peer to show that it exists. Gives whether there
    /// was one.
    pub(super) fn evict(&mut self) -> bool {
        while let Some(key) = self.unproved.pop_front() {
            if self.is_unproved(key) {
                self.remove(key);
                return true;
            }
        }
        false
    }

    /// Keeps at most so many whose peers have not shown that they exist: each holds a socket.
    pub(super) fn evict_beyond(&mut self, most: usize) {
        // Most have answered by now; to look at all of them each time would cost more than they do.
        if self.unproved.len() > 2 * most {
            let mut waiting = std::mem::take(&mut self.unproved);
            waiting.retain(|key| self.is_unproved(*key));
            self.unproved = waiting;
            while self.unproved.len() > most && self.evict() {}
        }
    }

    fn is_unproved(&self, key: Key) -> bool {
        let slot = self.places.get(key.place as usize).and_then(Option::as_ref).filter(|s| s.key == key);
        slot.is_some_and(|slot| match &slot.phase {
            Phase::Running(running) => !running.machine.is_proved(),
            Phase::Opening => false,
        })
    }
}
