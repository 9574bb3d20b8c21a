use super::{End, Pencil, Seen};
use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;
use transport::tap::{Sight, Tap};

/// A tap that draws while it happens: `--trace`.
pub struct Trace {
    start: Instant,
    // Guards the pencil and the output together, so that rows come out in order.
    inner: Mutex<(Pencil, Box<dyn Write + Send>)>,
}

impl Trace {
    /// Draws what is seen at the end `tapped` onto `out`.
    pub fn new(tapped: End, out: Box<dyn Write + Send>) -> Self {
        Trace { start: Instant::now(), inner: Mutex::new((Pencil::new(tapped), out)) }
    }

    /// Draws what was kept back.
    pub fn finish(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let rows = inner.0.finish();
        put(&mut inner.1, &rows);
    }
}

impl Tap for Trace {
    fn see(&self, sight: &Sight<'_>) {
        let Some(seen) = Seen::of(sight, self.start) else { return };
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let rows = inner.0.rows(&seen);
        put(&mut inner.1, &rows);
    }
}

/// A trace that nobody reads any more is no reason to stop a transfer.
fn put(out: &mut Box<dyn Write + Send>, rows: &[String]) {
    if !rows.is_empty() {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
