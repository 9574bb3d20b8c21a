//! A use of a grant, from the line that says so to the end of its transfer.

use super::line::Line;
use super::{Grants, Kept, REPEATS};
use crate::Right;
use crate::watch::Moment;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use store::VPath;

/// One request as TFTP's client would repeat it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Request {
    pub(crate) grant: String,
    pub(crate) peer: SocketAddr,
    pub(crate) path: VPath,
    pub(crate) right: Right,
}

/// A use that was made. Whoever holds it says how it ended.
pub(crate) struct Spent {
    grants: Arc<Grants>,
    request: Request,
    of: Use,
    is_over: bool,
    /// Uses that are left.
    pub(crate) left: Option<u32>,
}

/// One use, shared by the transfers that a request which came again began. Changed under the lock of `open`.
#[derive(Clone)]
pub(super) struct Use(Arc<UseState>);

#[derive(Default)]
struct UseState {
    running: AtomicU32,
    /// It stays a use: something was moved, or nobody knows.
    stays: AtomicBool,
}

impl Use {
    /// With one transfer.
    pub(super) fn first() -> Use {
        Use(Arc::new(UseState { running: AtomicU32::new(1), ..UseState::default() }))
    }
}

impl Spent {
    /// The transfer that a use was written down for.
    pub(super) fn first(grants: &Arc<Grants>, request: Request, of: Use, left: Option<u32>) -> Spent {
        Spent { grants: grants.clone(), request, of, is_over: false, left }
    }

    /// Everything went out or came in: the same request is a new one from now on.
    pub(crate) fn complete(mut self) {
        self.over(true, true);
    }

    /// Not one octet was moved: the use was none, unless another transfer of the same request runs or has moved
    /// something. Done on a thread of its own, as whoever ends a transfer does not wait for a disk; where it cannot
    /// be written down it stays a use.
    pub(crate) fn give_back(mut self) {
        if !self.over(false, false) {
            return;
        }
        let (grants, line) = (self.grants.clone(), Line::Back { id: self.request.grant.clone() });
        #[cfg(test)]
        grants.pending.fetch_add(1, Ordering::SeqCst);
        let thread = std::thread::Builder::new().name(String::from("grants"));
        // Without a thread it stays a use.
        let _spent = thread.spawn(move || {
            grants.give_back(line);
            #[cfg(test)]
            grants.pending.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// This transfer is over; whether the use was none.
    fn over(&mut self, stays: bool, is_complete: bool) -> bool {
        self.is_over = true;
        let mut open = self.grants.repeatable();
        let state = &self.of.0;
        if stays {
            state.stays.store(true, Ordering::Relaxed);
        }
        let is_last = state.running.fetch_sub(1, Ordering::Relaxed) == 1;
        let was_none = is_last && !state.stays.load(Ordering::Relaxed);
        let is_of_this = open.get(&self.request).is_some_and(|(_, of)| Arc::ptr_eq(&of.0, state));
        if is_of_this && (is_complete || was_none) {
            open.remove(&self.request);
        }
        was_none
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        if !self.is_over {
            self.over(true, false);
        }
    }
}

impl Grants {
    /// One more transfer in the use of a request that came a short time ago.
    pub(super) fn again(self: &Arc<Self>, request: &Request, now: Moment) -> Option<Spent> {
        let mut open = self.repeatable();
        open.retain(|_, (since, _)| now.steady.saturating_duration_since(*since) < REPEATS);
        let (_, of) = open.get(request)?;
        // While nobody can end the last of the others.
        of.0.running.fetch_add(1, Ordering::Relaxed);
        Some(Spent::first(self, request.clone(), of.clone(), None))
    }

    /// Waits until what is given back is written down.
    #[cfg(test)]
    pub(crate) fn settle(&self) {
        while self.pending.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
    }

    fn give_back(&self, line: Line) {
        let mut kept = self.lock();
        let Kept { journal, state, .. } = &mut *kept;
        let written = journal.append(&line.write(), &mut |found| state.fold(found));
        if written.is_ok() {
            state.take(line);
        }
    }
}
