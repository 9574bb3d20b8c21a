//! `/healthz`, `/readyz`, `/metrics`.

use super::table::{Kind, METRICS};
use super::{BOUNDS, Counts, DIRECTIONS, Figures, PROTOCOLS};
use crate::events::{direction, protocol_word};
use gate::{Gate, TIME_BOUNDS, Times};
use http_proto::server::Text;
use http_proto::status::Status;
use serve::http::Pages;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What OpenMetrics 1.0 is called on the wire.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// How far the server is, for who decides whether to send it anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The tree and its amounts are looked at, and nobody listens yet.
    Starting,
    /// It serves.
    Serving,
    /// Nobody listens any more where this protocol was to be answered.
    Deaf(&'static str),
    /// It takes nothing new.
    Draining,
}

/// The pages of the admin listener.
pub struct Page {
    figures: Arc<Figures>,
    gate: Arc<Gate>,
    state: Option<PathBuf>,
    // Guards one word; held to write or to read it.
    now: Mutex<State>,
}

impl Page {
    /// Pages about this gate, of a server that is starting; `state` must be writable for it to be ready.
    pub fn new(figures: Arc<Figures>, gate: Arc<Gate>, state: Option<PathBuf>) -> Page {
        Page { figures, gate, state, now: Mutex::new(State::Starting) }
    }

    /// From now on this is so.
    pub fn is_now(&self, state: State) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Why it is not ready.
    fn hindrance(&self) -> Option<String> {
        match *self.now.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Starting => return Some(String::from("starting")),
            State::Draining => return Some(String::from("draining")),
            State::Deaf(protocol) => return Some(format!("nobody listens for {protocol}")),
            State::Serving => {}
        }
        let writable = |dir: &PathBuf| rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok();
        let is = self.state.as_ref().is_none_or(writable);
        (!is).then(|| String::from("the state directory cannot be written"))
    }

    fn metrics(&self) -> String {
        let counts = self.figures.now();
        let mut out = String::new();
        for metric in METRICS {
            let name = metric.name;
            let _ = writeln!(out, "# TYPE {name} {}", metric.kind.word());
            if metric.kind == Kind::Histogram {
                let _ = writeln!(out, "# UNIT {name} seconds");
            }
            let _ = writeln!(out, "# HELP {name} {}", metric.help);
            samples(&mut out, name, &counts, &self.gate);
        }
        out.push_str("# EOF\n");
        out
    }
}

impl Pages for Page {
    fn page(&self, path: &[u8]) -> Option<Text> {
        let text = |status, media, body: String| Some(Text { status, media, body: body.into_bytes() });
        match path {
            b"/healthz" => text(Status::Ok, TEXT, String::from("alive\n")),
            b"/readyz" => match self.hindrance() {
                None => text(Status::Ok, TEXT, String::from("ready\n")),
                Some(why) => text(Status::ServiceUnavailable, TEXT, format!("not ready: {why}\n")),
            },
            b"/metrics" => text(Status::Ok, OPENMETRICS, self.metrics()),
            _ => None,
        }
    }
}

/// The lines of one metric. A row without an arm here fails the test that reads the page.
fn samples(out: &mut String, name: &str, counts: &Counts, gate: &Gate) {
    let mut line = |ending: &str, labels: &str, value: String| {
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}{ending}{braces} {value}");
    };
    let both =
        || PROTOCOLS.iter().flat_map(|p| DIRECTIONS.iter().map(|d| (protocol_word(*p), direction(*d))));
    match name {
        "towline_build" => {
            line("_info", &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), String::from("1"));
        }
        "towline_sessions" => {
            for protocol in PROTOCOLS.map(protocol_word) {
                let n = counts.sessions.get(protocol).copied().unwrap_or(0);
                line("_total", &format!("protocol=\"{protocol}\""), n.to_string());
            }
        }
        "towline_sessions_open" => line("", "", gate.open().0.to_string()),
        "towline_transfers_open" => line("", "", gate.open().1.to_string()),
        "towline_half_open" => line("", "", gate.half_open().to_string()),
        "towline_transfers" => {
            for ((protocol, dir, verdict), n) in &counts.transfers {
                let labels = format!("protocol=\"{protocol}\",direction=\"{dir}\",verdict=\"{verdict}\"");
                line("_total", &labels, n.to_string());
            }
        }
        "towline_octets" => {
            for (protocol, dir) in both() {
                let n = counts.octets.get(&(protocol, dir)).copied().unwrap_or(0);
                line("_total", &format!("protocol=\"{protocol}\",direction=\"{dir}\""), n.to_string());
            }
        }
        "towline_repeats" => line("_total", "", counts.repeats.to_string()),
        "towline_refusals" => {
            for ((protocol, reason), n) in &counts.refusals {
                line("_total", &format!("protocol=\"{protocol}\",reason=\"{reason}\""), n.to_string());
            }
        }
        "towline_bans" => line("_total", "", counts.bans.to_string()),
        "towline_bans_in_force" => line("", "", gate.bans().list().len().to_string()),
        "towline_config_last_reload_successful" => {
            line("", "", u8::from(!counts.is_refused).to_string());
        }
        "towline_events_waiting" => line("", "", gate.events_waiting().to_string()),
        "towline_events_lost" => line("_total", "", counts.lost.to_string()),
        "towline_admission_seconds" => {
            for protocol in PROTOCOLS {
                let labels = format!("protocol=\"{}\"", protocol_word(protocol));
                times(&mut line, &labels, gate.timings().admission(protocol));
            }
        }
        "towline_first_octet_seconds" => {
            for (protocol, dir) in PROTOCOLS.iter().flat_map(|p| DIRECTIONS.iter().map(|d| (*p, *d))) {
                let (name, way) = (protocol_word(protocol), direction(dir));
                let labels = format!("protocol=\"{name}\",direction=\"{way}\"");
                times(&mut line, &labels, gate.timings().first_octet(protocol, dir));
            }
        }
        "towline_transfer_duration_seconds" => {
            for (protocol, dir) in both() {
                let histogram = counts.durations.get(&(protocol, dir)).copied().unwrap_or_default();
                let labels = format!("protocol=\"{protocol}\",direction=\"{dir}\"");
                let buckets = histogram.buckets.iter().zip(BOUNDS).map(|(n, bound)| (bound, *n));
                series(&mut line, &labels, buckets, histogram.count, histogram.sum);
            }
        }
        other => debug_assert!(false, "no samples of {other}"),
    }
}

/// A histogram of the door's.
fn times(line: &mut impl FnMut(&str, &str, String), labels: &str, times: &Times) {
    let at_most = times.at_most();
    let buckets = TIME_BOUNDS.iter().zip(at_most).map(|(bound, n)| (*bound as f64 / 1e6, n));
    series(line, labels, buckets, at_most[TIME_BOUNDS.len()], times.sum().as_secs_f64());
}

/// The samples of a histogram with these labels.
fn series(
    line: &mut impl FnMut(&str, &str, String),
    labels: &str,
    buckets: impl Iterator<Item = (f64, u64)>,
    count: u64,
    sum: f64,
) {
    for (bound, n) in buckets {
        line("_bucket", &format!("{labels},le=\"{}\"", bound_text(bound)), n.to_string());
    }
    line("_bucket", &format!("{labels},le=\"+Inf\""), count.to_string());
    line("_count", labels, count.to_string());
    line("_sum", labels, format!("{sum:?}"));
}

/// A canonical number of OpenMetrics: 0.00001 is `1e-05` there.
fn bound_text(bound: f64) -> String {
    match bound {
        small if small < 1e-4 => {
            let exponent = small.log10().floor();
            let digits = (small / 10f64.powf(exponent)).round();
            format!("{digits}e-{:02}", -exponent)
        }
        other => format!("{other:?}"),
    }
}
