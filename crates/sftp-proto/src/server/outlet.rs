//! Answers that wait to be sent: short ones together, what was read as it was read.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

#[derive(Default, Debug)]
pub(super) struct Outlet {
    /// Short answers.
    short: Vec<u8>,
    /// Heads with their octets.
    long: VecDeque<Vec<u8>>,
    /// Octets here, and of transmits that were taken and are not sent.
    unsent: usize,
    /// Octets that are being read.
    reserved: usize,
}

impl Outlet {
    pub(super) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.short.len();
        write(&mut self.short);
        self.unsent += self.short.len() - before;
    }

    pub(super) fn push(&mut self, octets: Vec<u8>) {
        if !octets.is_empty() {
            self.unsent += octets.len();
            self.long.push_back(octets);
        }
    }

    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        if !self.short.is_empty() {
            return Some(mem::take(&mut self.short));
        }
        self.long.pop_front()
    }

    pub(super) fn sent(&mut self, octets: usize) {
        self.unsent = self.unsent.checked_sub(octets).expect("no more is sent than was taken");
    }

    pub(super) fn unsent(&self) -> usize {
        self.unsent
    }

    pub(super) fn reserve(&mut self, octets: usize) {
        self.reserved += octets;
    }

    pub(super) fn unreserve(&mut self, octets: usize) {
        self.reserved -= octets;
    }

    pub(super) fn reserved(&self) -> usize {
        self.reserved
    }
}
