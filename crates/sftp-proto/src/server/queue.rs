//! Which of the requests that wait is next: in the order in which they came, past those that cannot be done yet.
//!
//! One that waits for room or for its file's rate goes behind its file, once, and all later ones of that file behind
//! it. So the order of a file's requests is kept, and nothing is looked at again and again.

use super::handles::Handles;
use super::parked::Parked;
use super::run::Run;
use alloc::boxed::Box;
use alloc::collections::VecDeque;

#[derive(Default, Debug)]
pub(super) struct Queue {
    /// As they came.
    came: VecDeque<Parked>,
    /// Files behind which some wait.
    files: VecDeque<u32>,
    /// Long answers about names, that wait for room.
    names: VecDeque<Parked>,
    requests: usize,
    /// Octets that they hold.
    octets: usize,
    /// Octets that are being written.
    writing: usize,
}

impl Queue {
    pub(super) fn park(&mut self, parked: Parked) {
        let (requests, octets) = parked.weight();
        self.requests += requests;
        self.octets += octets;
        self.came.push_back(parked);
    }

    fn out(&mut self, parked: Parked) -> Parked {
        let (requests, octets) = parked.weight();
        self.requests -= requests;
        self.octets -= octets;
        if self.came.is_empty() && self.came.capacity() > 256 {
            self.came = VecDeque::new();
        }
        parked
    }

    /// Requests that wait.
    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    pub(super) fn octets(&self) -> usize {
        self.octets + self.writing
    }

    /// Nothing is done any more.
    pub(super) fn forget(&mut self) {
        *self = Queue { writing: self.writing, ..Queue::default() };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests == 0
    }

    /// What is written counts until it is.
    pub(super) fn hold_octets(&mut self, octets: usize) {
        self.writing += octets;
    }

    pub(super) fn let_octets(&mut self, octets: usize) {
        self.writing -= octets;
    }

    /// The last request of a file, where it is WRITEs that `fits` says go on.
    pub(super) fn take_run(
        &mut self,
        handles: &mut Handles,
        file: u32,
        fits: impl Fn(&Run) -> bool,
    ) -> Option<Box<Run>> {
        let last = match self.came.is_empty() {
            false => &mut self.came,
            true => &mut handles.slot(file).waiting,
        };
        if !matches!(last.back(), Some(Parked::Write(run)) if fits(run)) {
            return None;
        }
        match last.pop_back()? {
            Parked::Write(run) => {
                self.requests -= run.ids.len();
                self.octets -= run.octets.len();
                Some(run)
            }
            Parked::Read { .. }
            | Parked::List { .. }
            | Parked::Close { .. }
            | Parked::Other { .. }
            | Parked::Copy(_)
            | Parked::Said { .. }
            | Parked::Limits { .. } => unreachable!("it was looked at"),
        }
    }

    /// The next one that can be done; with no `room` for long answers one that has a short one.
    pub(super) fn next(&mut self, handles: &mut Handles, room: bool) -> Option<Parked> {
        if room && let Some(parked) = self.names.pop_front() {
            return Some(self.out(parked));
        }
        for _ in 0..self.files.len() {
            let file = self.files.pop_front().expect("there are as many");
            let front = handles.get(file).and_then(|slot| slot.waiting.front());
            let ready = front.is_some_and(|parked| is_ready(handles, file, parked, room));
            // A number that meanwhile is another file's, or nobody's, has nothing that waits.
            let Some(slot) = handles.get_mut(file) else { continue };
            let parked = if ready { slot.waiting.pop_front() } else { None };
            slot.is_listed = !slot.waiting.is_empty();
            match slot.is_listed {
                true => self.files.push_back(file),
                false => slot.waiting = VecDeque::new(),
            }
            if let Some(parked) = parked {
                return Some(self.out(parked));
            }
        }
        loop {
            let parked = self.came.front()?;
            if let Parked::Copy(copy) = parked {
                // It keeps its place among the requests of two files: all wait for it.
                let free = |file| {
                    handles.get(file).is_some_and(|slot| slot.waiting.is_empty())
                        && is_ready(handles, file, parked, room)
                };
                if !(free(copy.from) && free(copy.into)) {
                    return None;
                }
            }
            let parked = self.came.pop_front()?;
            let waits = match parked.file() {
                Some(file) => {
                    let ready = is_ready(handles, file, &parked, room);
                    let slot = handles.slot(file);
                    let waits = !slot.waiting.is_empty() || !ready;
                    if waits && !slot.is_listed {
                        slot.is_listed = true;
                        self.files.push_back(file);
                    }
                    waits.then_some(file)
                }
                None if !room && parked.is_bulky() => {
                    self.names.push_back(parked);
                    continue;
                }
                None => None,
            };
            match waits {
                Some(file) => handles.slot(file).waiting.push_back(parked),
                None => return Some(self.out(parked)),
            }
        }
    }
}

/// Whether a request of a file can be done, as far as those before it let it.
fn is_ready(handles: &Handles, file: u32, parked: &Parked, room: bool) -> bool {
    let is_kept = handles.get(file).is_some_and(|slot| slot.is_held || (slot.is_rated && slot.asked > 0));
    !is_kept && (room || !parked.is_bulky())
}
