//! `--trace FILE.svg`: the ladder as a picture.
//!
//! One panel for each transfer or session, the client's line on the left, the server's on the right. What is
//! as it should be is folded where it is long; what is lost, repeated, double or early never is.
//!
//! - `panel`: the rows of one panel, and what is folded of them.
//! - `svg`: the drawing.

mod panel;
mod svg;

use super::row::{Drawn, Row, Rows};
use super::{End, Seen};
use panel::Panel;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use transport::tap::{Sight, Tap};

/// Rows in one picture: 20,000 are half a million pixels high, and nobody looks further.
const MOST: usize = 20_000;

/// A tap that keeps the rows, and draws them when it is finished.
pub struct Picture {
    start: Instant,
    // Guards the rows and the output: one sight at a time.
    inner: Mutex<Inner>,
}

struct Inner {
    tapped: End,
    rows: Rows,
    panels: BTreeMap<u64, Panel>,
    /// Rows that are kept, and rows that came when there were so many already.
    most: usize,
    beyond: u64,
    out: Box<dyn Write + Send>,
}

impl Picture {
    /// Draws what is seen at the end `tapped` onto `out`, in the end.
    pub fn new(tapped: End, out: Box<dyn Write + Send>) -> Picture {
        let (rows, panels) = (Rows::new(tapped), BTreeMap::new());
        let inner = Inner { tapped, rows, panels, most: MOST, beyond: 0, out };
        Picture { start: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Draws.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = inner.rows.finish();
        inner.take(rows);
        let text = inner.draw();
        inner.out.write_all(text.as_bytes())?;
        inner.out.flush()
    }
}

impl Tap for Picture {
    fn see(&self, sight: &Sight<'_>) {
        let Some(seen) = Seen::of(sight, self.start) else { return };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = inner.rows.of(&seen);
        inner.take(rows);
    }
}

/// A whole recording, made at the end `tapped`, as an SVG document.
pub fn picture(seen: &[Seen], tapped: End) -> String {
    of_at_most(MOST, seen, tapped)
}

fn of_at_most(most: usize, seen: &[Seen], tapped: End) -> String {
    let mut inner = Inner {
        tapped,
        rows: Rows::new(tapped),
        panels: BTreeMap::new(),
        most,
        beyond: 0,
        out: Box::new(io::sink()),
    };
    for one in seen {
        let rows = inner.rows.of(one);
        inner.take(rows);
    }
    let rows = inner.rows.finish();
    inner.take(rows);
    inner.draw()
}

impl Inner {
    fn take(&mut self, rows: Vec<Row>) {
        for row in rows {
            if let Drawn::Heading(client, server) = row.what {
                self.panels.insert(row.flow, Panel::new(client, server, row.at));
            }
            // A transfer that goes on keeps its panel; others' rows beyond the limit are counted only.
            let drawn: usize = self.panels.values().map(Panel::len).sum();
            match self.panels.get_mut(&row.flow) {
                Some(panel) if drawn < self.most => panel.push(row),
                Some(_) | None => self.beyond += 1,
            }
        }
    }

    fn draw(&mut self) -> String {
        for panel in self.panels.values_mut() {
            panel.fold_all();
        }
        svg::document(&self.panels, self.tapped, self.beyond)
    }
}

#[cfg(test)]
mod tests;
