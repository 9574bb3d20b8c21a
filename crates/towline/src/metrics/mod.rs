//! Figures for a monitoring system: what the audit's events add up to, as OpenMetrics text.
//!
//! - here: the counts, kept by whoever reads the events; no transfer waits for them.
//! - `table`: every metric with its kind and words, from which the text and docs/metrics.md come.
//! - `page`: `/healthz`, `/readyz`, `/metrics`.
//!
//! Labels are protocols, directions, verdicts and reasons: words of ours, so that no peer can make a series.

mod page;
mod table;
#[cfg(test)]
mod tests;

pub use page::{Page, State};
pub use table::{METRICS, Metric, document};

use crate::events::{direction, protocol_word};
use gate::audit::{Event, What};
use gate::{Direction, Protocol, Refusal};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the durations, seconds: from a boot file to an image over a slow line.
const BOUNDS: [f64; 12] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0];

/// The counts, one of the places where events go ([`crate::sinks`]). Written by the one who reads the events, read
/// by whoever asks; what is timed at the door itself is in [`gate::Timings`].
#[derive(Default)]
pub struct Figures {
    // Guards all counts together; held for an event or for a page, and by no thread that moves octets.
    inner: Mutex<Counts>,
}

#[derive(Clone, Default)]
struct Counts {
    sessions: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<(&'static str, &'static str), u64>,
    transfers: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    octets: BTreeMap<(&'static str, &'static str), u64>,
    repeats: u64,
    bans: u64,
    lost: u64,
    /// The last configuration that was to be taken up was refused: it is another than is served by.
    is_refused: bool,
    durations: BTreeMap<(&'static str, &'static str), Histogram>,
}

/// How often a time was at most each of [`BOUNDS`].
#[derive(Clone, Copy, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        self.count += 1;
        self.sum += seconds;
    }
}

impl Figures {
    /// Counts an event.
    pub fn see(&self, event: &Event) {
        let mut counts = self.lock();
        // What no session did has no protocol.
        let protocol = event.protocol.map_or("none", protocol_word);
        match &event.what {
            What::Admitted => *counts.sessions.entry(protocol).or_default() += 1,
            What::RefusedKnock { why } | What::Refused { why, .. } | What::RefusedName { why, .. } => {
                *counts.refusals.entry((protocol, reason(why))).or_default() += 1;
            }
            What::Ended { dir, end, verdict, took, .. } => {
                let dir = direction(*dir);
                *counts.transfers.entry((protocol, dir, verdict.word())).or_default() += 1;
                *counts.octets.entry((protocol, dir)).or_default() += end.octets;
                counts.repeats += end.wire.as_ref().map_or(0, |wire| wire.figures.repeats);
                counts.durations.entry((protocol, dir)).or_default().add(*took);
            }
            What::Banned { .. } => counts.bans += 1,
            What::Lost(n) => counts.lost += n,
            What::Configured { is_taken, .. } => counts.is_refused = !is_taken,
            What::SinkLost { count, .. } => counts.lost += count,
            What::Started { .. }
            | What::LoggedIn { .. }
            | What::Restored { .. }
            | What::Server { .. }
            | What::Identity(_)
            | What::Left
            | What::Digested { .. }
            | What::Removed { .. }
            | What::Renamed { .. }
            | What::MadeDir { .. }
            | What::RemovedDir { .. }
            | What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::Listed { .. }
            | What::ThirdParty { .. }
            | What::GrantUsed { .. }
            | What::Unbanned { .. }
            | What::Kicked { .. }
            | What::HookFailed { .. }
            | What::Exhausted { .. } => {}
        }
    }

    fn now(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One word for each refusal.
fn reason(why: &Refusal) -> &'static str {
    match why {
        Refusal::Absent => "absent",
        Refusal::Exists => "exists",
        Refusal::Denied => "denied",
        Refusal::DeniedBy(_) => "denied-by-rule",
        Refusal::IsDirectory => "is-directory",
        Refusal::NotDirectory => "not-directory",
        Refusal::NotEmpty => "not-empty",
        Refusal::NotRegular => "not-regular",
        Refusal::BadName(_) => "bad-name",
        Refusal::Ambiguous(_) => "ambiguous",
        Refusal::ByRule(_) => "by-rule",
        Refusal::NoSpace => "no-space",
        Refusal::OverQuota(_) => "over-quota",
        Refusal::Counting => "counting",
        Refusal::TooMany(_) => "too-many",
        Refusal::Exhausted(_) => "exhausted",
        Refusal::Banned { .. } => "banned",
        Refusal::Stranger => "stranger",
        Refusal::Login => "login",
        Refusal::Also(_) => "also-wanted",
        Refusal::Unprotected => "unprotected",
        Refusal::NothingInCommon(_) => "nothing-in-common",
        Refusal::Handshake(_) => "handshake",
        Refusal::Unsupported(_) => "unsupported",
        Refusal::BeyondEnd { .. } => "beyond-end",
        Refusal::OtherFileSystem => "other-file-system",
        Refusal::Busy => "busy",
        Refusal::Io(_) => "storage",
    }
}

/// Every protocol and direction: a counter is there before its first event.
const PROTOCOLS: [Protocol; 5] = Protocol::ALL;
const DIRECTIONS: [Direction; 2] = [Direction::Read, Direction::Write];
