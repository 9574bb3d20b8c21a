//! How far the devices' copies are, as this host's servers see it.

use crate::events::{Event, Events, UpgradeCopy};
use crate::progress::{Far, Meter, Screen};
use crate::upgrade::Depot;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often bars move.
const MOVE: Duration = Duration::from_millis(200);
/// How often a line of a device comes where there are no bars, and an event.
const LINE: Duration = Duration::from_secs(30);
const EVENT: Duration = Duration::from_secs(5);

/// A thread that shows it until this is dropped.
pub(super) struct Copying {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is shown of a copy.
struct Shown {
    meter: Meter,
    /// When it is told next, from its beginning on.
    next: Duration,
}

impl Copying {
    /// Shows the copies that are made from there.
    pub(super) fn start(depot: &Arc<Depot>, screen: &Screen, events: &Arc<Events>) -> Copying {
        let (stop, stopped) = channel();
        let (depot, screen, events) = (depot.clone(), screen.clone(), events.clone());
        let work = move || {
            let mut shown = HashMap::new();
            while stopped.recv_timeout(MOVE) == Err(RecvTimeoutError::Timeout) {
                look(&depot, &screen, &events, &mut shown);
            }
        };
        // Without the thread the copies go on unseen.
        let thread = std::thread::Builder::new().name("copying".into()).spawn(work).ok();
        Copying { stop: Some(stop), thread }
    }
}

fn look(depot: &Depot, screen: &Screen, events: &Events, shown: &mut HashMap<String, Shown>) {
    let copies = depot.under_way();
    shown.retain(|holder, _| copies.iter().any(|copy| copy.holder == *holder));
    for copy in copies {
        let elapsed = Instant::now().saturating_duration_since(copy.since);
        let one = || Shown { meter: screen.meter(copy.whose.clone(), LINE), next: EVENT };
        let shown = shown.entry(copy.holder).or_insert_with(one);
        let (moved, total) = (copy.octets, Some(depot.size()));
        shown.meter.show(Far { from: 0, moved, total, repeats: 0, elapsed });
        if elapsed >= shown.next {
            shown.next = elapsed + EVENT;
            events.tell(&Event::UpgradeCopy(UpgradeCopy {
                device: copy.whose,
                octets: moved,
                total: depot.size(),
                seconds: elapsed.as_secs_f64(),
            }));
        }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
