//! Answers that wait to be sent, in the order in which they came: short ones together, what was read as it was read.
//!
//! In no other order, though ids would allow it: PuTTY's pscp takes an answer to a later READ for the end.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

#[derive(Default, Debug)]
pub(super) struct Outlet {
    /// What came before the short ones.
    before: VecDeque<Vec<u8>>,
    /// Short answers behind them.
    short: Vec<u8>,
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
            if !self.short.is_empty() {
                self.before.push_back(mem::take(&mut self.short));
            }
            self.before.push_back(octets);
        }
    }

    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let short = || (!self.short.is_empty()).then(|| mem::take(&mut self.short));
        self.before.pop_front().or_else(short)
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
