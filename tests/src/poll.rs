//! Waiting for a condition, with a deadline: the only place where the suites wait.

use std::time::{Duration, Instant};

/// What a loaded machine may take for something that is normally at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `condition` until it gives something; gives up after `patience`.
pub fn until<T>(patience: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
