use super::super::row::{Drawn, Kind, Row};
use std::net::SocketAddr;
use std::time::Duration;
use transport::tap::Sense;

/// Of a long run these many stay at its beginning and at its end: two windows of four with their ACKs.
const ENDS: usize = 10;
/// Fewer than this are not worth a fold.
const LEAST: usize = 6;
/// Rows between two foldings, and how far back a repeat looks for its first.
const STEP: usize = 256;

/// One transfer or session.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) began: Duration,
    pub(super) items: Vec<Item>,
    /// Rows since the last folding.
    fresh: usize,
    /// Items that no folding changes any more.
    settled: usize,
}

/// What is drawn, in its order.
#[derive(Debug)]
pub(super) enum Item {
    Row {
        row: Row,
        /// It was sent again later: nothing had answered it.
        unanswered: bool,
    },
    /// A run of packets that were as they should be.
    Fold { packets: u64, first: String, last: String, began: Duration, ended: Duration },
}

impl Panel {
    pub(super) fn new(client: SocketAddr, server: SocketAddr, began: Duration) -> Panel {
        Panel { client, server, began, items: Vec::new(), fresh: 0, settled: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn push(&mut self, row: Row) {
        if matches!(row.what, Drawn::Heading(..)) {
            return;
        }
        self.mark_unanswered(&row);
        self.items.push(Item::Row { row, unanswered: false });
        self.fresh += 1;
        if self.fresh >= STEP {
            self.fresh = 0;
            self.fold(STEP);
        }
    }

    /// When the last thing happened.
    pub(super) fn ended(&self) -> Duration {
        match self.items.last() {
            Some(Item::Row { row, .. }) => row.at,
            Some(Item::Fold { ended, .. }) => *ended,
            None => self.began,
        }
    }

    pub(super) fn fold_all(&mut self) {
        self.fold(0);
    }

    /// What `again` repeats is marked.
    fn mark_unanswered(&mut self, again: &Row) {
        let Drawn::Arrow { from, text, kind: Kind::Packet { sense: Sense::Again(_), .. }, .. } = &again.what
        else {
            return;
        };
        let earlier = self.items.iter_mut().rev().take(2 * STEP).find_map(|item| match item {
            Item::Row { row: Row { what: Drawn::Arrow { from: f, text: t, .. }, .. }, unanswered } => {
                (f == from && t == text).then_some(unanswered)
            }
            Item::Row { .. } | Item::Fold { .. } => None,
        });
        if let Some(unanswered) = earlier {
            *unanswered = true;
        }
    }

    /// Folds the middle of every run, but for the last `sparing` items: a repeat may look for its first there.
    fn fold(&mut self, sparing: usize) {
        let end = self.items.len().saturating_sub(sparing).max(self.settled);
        let spared = self.items.split_off(end);
        let fresh = self.items.split_off(self.settled);
        let mut run: Vec<Item> = Vec::new();
        for item in fresh {
            if item.is_plain() {
                run.push(item);
                continue;
            }
            close(&mut run, &mut self.items);
            self.items.push(item);
        }
        // The last run may go on.
        self.settled = self.items.len();
        close(&mut run, &mut self.items);
        self.items.extend(spared);
    }
}

/// Puts a run behind `out`, folded where it is long.
fn close(run: &mut Vec<Item>, out: &mut Vec<Item>) {
    let folded = run.iter().any(|item| matches!(item, Item::Fold { .. }));
    if !folded && run.len() < 2 * ENDS + LEAST {
        out.append(run);
        return;
    }
    // The beginning ends at a fold that is there already.
    let head = run.iter().position(|i| matches!(i, Item::Fold { .. })).unwrap_or(ENDS).min(ENDS);
    let tail = run.len().saturating_sub(ENDS).max(head);
    let middle: Vec<Item> = run.drain(head..tail).collect();
    out.extend(run.drain(..head));
    out.extend(middle.into_iter().reduce(Item::and));
    out.append(run);
}

impl Item {
    /// A packet that is as it should be, or some of them.
    fn is_plain(&self) -> bool {
        match self {
            Item::Fold { .. } => true,
            Item::Row { row, unanswered } => {
                let plain = matches!(
                    row.what,
                    Drawn::Arrow { kind: Kind::Packet { sense: Sense::First, regular: true }, .. }
                );
                plain && !unanswered
            }
        }
    }

    /// Both as one fold.
    fn and(self, other: Item) -> Item {
        let (packets, first, _, began, _) = self.span();
        let (more, _, last, _, ended) = other.span();
        Item::Fold { packets: packets + more, first, last, began, ended }
    }

    fn span(self) -> (u64, String, String, Duration, Duration) {
        match self {
            Item::Fold { packets, first, last, began, ended } => (packets, first, last, began, ended),
            Item::Row { row, .. } => {
                let text = match row.what {
                    Drawn::Arrow { text, .. } | Drawn::Remark { text, .. } => text,
                    Drawn::Heading(..) | Drawn::Phase(_) => String::new(),
                };
                (1, text.clone(), text, row.at, row.at)
            }
        }
    }
}
