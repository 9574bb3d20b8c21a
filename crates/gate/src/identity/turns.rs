use std::sync::{Condvar, Mutex};

/// So many at once; the others wait.
pub(super) struct Turns {
    most: usize,
    // Guards how many have a turn.
    taken: Mutex<usize>,
    given_back: Condvar,
}

impl Turns {
    pub(super) fn of(most: usize) -> Turns {
        Turns { most, taken: Mutex::new(0), given_back: Condvar::new() }
    }

    /// Waits for a turn; dropping it gives it back.
    pub(super) fn take(&self) -> Turn<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(|e| e.into_inner());
        while *taken >= self.most {
            taken = self.given_back.wait(taken).unwrap_or_else(|e| e.into_inner());
        }
        *taken += 1;
        Turn(self)
    }
}

pub(super) struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(|e| e.into_inner()) -= 1;
        self.0.given_back.notify_one();
    }
}
