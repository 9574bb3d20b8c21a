use super::{End, Pencil, Seen};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use transport::tap::{Sight, Tap};

/// A tap that draws while it happens: `--trace`.
pub struct Trace {
    start: Instant,
    // Guards the pencil and the output together, so that rows come out in order.
    inner: Mutex<Inner>,
}

struct Inner {
    pencil: Pencil,
    out: Box<dyn Write + Send>,
    failed: Option<io::Error>,
}

impl Trace {
    /// Draws what is seen at the end `tapped` onto `out`.
    pub fn new(tapped: End, out: Box<dyn Write + Send>) -> Self {
        let inner = Inner { pencil: Pencil::new(tapped), out, failed: None };
        Trace { start: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Draws what was kept back. Tells the error that ended the drawing early, if there was one.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = inner.pencil.finish();
        inner.put(&rows);
        inner.failed.take().map_or(Ok(()), Err)
    }
}

impl Tap for Trace {
    fn see(&self, sight: &Sight<'_>) {
        let Some(seen) = Seen::of(sight, self.start) else { return };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = inner.pencil.rows(&seen);
        inner.put(&rows);
    }
}

impl Inner {
    /// A trace that nobody reads any more is no reason to stop a transfer.
    fn put(&mut self, rows: &[String]) {
        if rows.is_empty() || self.failed.is_some() {
            return;
        }
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        self.failed = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).err();
    }
}
