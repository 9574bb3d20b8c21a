//! What a client has open: opaque numbers that are valid once.

use super::parked::Parked;
use crate::request::OpenFlags;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What a handle stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    File { flags: OpenFlags },
    Directory,
}

/// One that is open, or is being opened or closed.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    /// It was answered: the client knows it.
    known: bool,
    /// CLOSE came: nobody can name it any more.
    closing: bool,
    /// The owner's rate is used up.
    pub(super) is_held: bool,
    /// It has a rate: one question at a time.
    pub(super) is_rated: bool,
    /// Questions about it that are open.
    pub(super) asked: u32,
    /// The queue knows that some wait behind it.
    pub(super) is_listed: bool,
    /// Requests that wait for room or for the rate, in their order.
    pub(super) waiting: VecDeque<Parked>,
}

/// All of a session.
#[derive(Debug)]
pub(super) struct Handles {
    slots: Vec<(u32, Option<Slot>)>,
    free: Vec<u32>,
    most: u32,
}

/// Octets of a handle: the slot and how often it was used.
pub(super) const LEN: usize = 8;

impl Handles {
    pub(super) fn new(most: u32) -> Handles {
        Handles { slots: Vec::new(), free: Vec::new(), most }
    }

    /// A new one; none where there are as many as there may be.
    pub(super) fn open(&mut self, kind: Kind) -> Option<u32> {
        let slot = Slot {
            kind,
            known: false,
            closing: false,
            is_held: false,
            is_rated: false,
            asked: 0,
            is_listed: false,
            waiting: VecDeque::new(),
        };
        if let Some(at) = self.free.pop() {
            self.slots[at as usize].1 = Some(slot);
            return Some(at);
        }
        let at = u32::try_from(self.slots.len()).ok().filter(|at| *at < self.most)?;
        self.slots.push((0, Some(slot)));
        Some(at)
    }

    /// It was opened: its octets.
    pub(super) fn known(&mut self, at: u32) -> [u8; LEN] {
        self.slot(at).known = true;
        let mut octets = [0; LEN];
        octets[..4].copy_from_slice(&at.to_be_bytes());
        octets[4..].copy_from_slice(&self.slots[at as usize].0.to_be_bytes());
        octets
    }

    /// What a client names; none: it was never given out, or is closed.
    pub(super) fn find(&self, octets: &[u8]) -> Option<u32> {
        let (at, used) = octets.split_at_checked(4)?;
        let at = u32::from_be_bytes(at.try_into().ok()?);
        let (now, slot) = self.slots.get(usize::try_from(at).ok()?)?;
        let slot = slot.as_ref()?;
        (now.to_be_bytes() == used && slot.known && !slot.closing).then_some(at)
    }

    /// CLOSE came.
    pub(super) fn closing(&mut self, at: u32) {
        self.slot(at).closing = true;
    }

    /// It is not open any more.
    pub(super) fn closed(&mut self, at: u32) {
        let (used, slot) = &mut self.slots[at as usize];
        *used = used.wrapping_add(1);
        *slot = None;
        self.free.push(at);
    }

    pub(super) fn slot(&mut self, at: u32) -> &mut Slot {
        self.slots[at as usize].1.as_mut().expect("a number is used while its slot is open")
    }

    pub(super) fn get(&self, at: u32) -> Option<&Slot> {
        self.slots.get(at as usize)?.1.as_ref()
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut Slot> {
        self.slots.get_mut(at as usize)?.1.as_mut()
    }

    pub(super) fn open_now(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
