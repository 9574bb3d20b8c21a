//! `/healthz`, `/readyz`, `/metrics`.

use super::table::{Kind, METRICS};
use super::{BOUNDS, Counts, DIRECTIONS, Figures, PROTOCOLS};
use crate::events::{direction, protocol_word};
use gate::Gate;
use http_proto::server::Text;
use http_proto::status::Status;
use serve::http::Pages;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What OpenMetrics 1.0 is called on the wire.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The pages of the admin listener.
pub struct Page {
    figures: Arc<Figures>,
    gate: Arc<Gate>,
    state: Option<PathBuf>,
    draining: AtomicBool,
}

impl Page {
    /// Pages about this gate; `state` must be writable for it to be ready.
    pub fn new(figures: Arc<Figures>, gate: Arc<Gate>, state: Option<PathBuf>) -> Page {
        Page { figures, gate, state, draining: AtomicBool::new(false) }
    }

    /// From now on it is not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Why it is not ready.
    fn hindrance(&self) -> Option<&'static str> {
        if self.draining.load(Ordering::Acquire) {
            return Some("draining");
        }
        let writable = |dir: &PathBuf| rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok();
        (!self.state.as_ref().is_none_or(writable)).then_some("the state directory cannot be written")
    }

    fn metrics(&self) -> String {
        let counts = self.figures.now();
        let (sessions, transfers) = self.gate.open();
        let mut out = String::new();
        for metric in METRICS {
            let name = metric.name;
            let _ = writeln!(out, "# TYPE {name} {}", metric.kind.word());
            if metric.kind == Kind::Histogram {
                let _ = writeln!(out, "# UNIT {name} seconds");
            }
            let _ = writeln!(out, "# HELP {name} {}", metric.help);
            samples(&mut out, name, &counts, &[sessions, transfers, self.gate.half_open()]);
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
fn samples(out: &mut String, name: &str, counts: &Counts, open: &[usize; 3]) {
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
        "towline_sessions_open" => line("", "", open[0].to_string()),
        "towline_transfers_open" => line("", "", open[1].to_string()),
        "towline_half_open" => line("", "", open[2].to_string()),
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
        "towline_events_taken" => line("", "", counts.batch.to_string()),
        "towline_events_lost" => line("_total", "", counts.lost.to_string()),
        "towline_transfer_duration_seconds" => {
            for (protocol, dir) in both() {
                let histogram = counts.durations.get(&(protocol, dir)).copied().unwrap_or_default();
                let labels = format!("protocol=\"{protocol}\",direction=\"{dir}\"");
                for (n, bound) in histogram.buckets.iter().zip(BOUNDS) {
                    line("_bucket", &format!("{labels},le=\"{bound:?}\""), n.to_string());
                }
                line("_bucket", &format!("{labels},le=\"+Inf\""), histogram.count.to_string());
                line("_count", &labels, histogram.count.to_string());
                line("_sum", &labels, format!("{:?}", histogram.sum));
            }
        }
        other => debug_assert!(false, "no samples of {other}"),
    }
}
