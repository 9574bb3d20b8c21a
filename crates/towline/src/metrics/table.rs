//! Every metric with its kind and words.

use std::fmt::Write;

/// What a metric counts like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Only grows; its samples end in `_total`.
    Counter,
    /// A value of now.
    Gauge,
    /// Times; its samples end in `_bucket`, `_count`, `_sum`.
    Histogram,
    /// Facts in labels; its sample ends in `_info`.
    Info,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Without the samples' endings.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// In words.
    pub help: &'static str,
}

const fn row(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind, labels, help }
}

/// Every metric, in the order of the page.
pub const METRICS: [Metric; 17] = [
    row("towline_build", Kind::Info, &["version"], "The program."),
    row("towline_sessions", Kind::Counter, &["protocol"], "Sessions let in."),
    row("towline_sessions_open", Kind::Gauge, &[], "Sessions with a connection that are open."),
    row("towline_half_open", Kind::Gauge, &[], "Connections that are not logged in."),
    row("towline_transfers", Kind::Counter, &["protocol", "direction", "verdict"], "Transfers that ended."),
    row("towline_transfers_open", Kind::Gauge, &[], "Transfers that run."),
    row(
        "towline_octets",
        Kind::Counter,
        &["protocol", "direction"],
        "Octets of content of transfers that ended.",
    ),
    row("towline_repeats", Kind::Counter, &[], "Datagrams of TFTP that were sent again."),
    row("towline_refusals", Kind::Counter, &["protocol", "reason"], "What was refused."),
    row("towline_bans", Kind::Counter, &[], "Addresses and networks that were banned."),
    row("towline_bans_in_force", Kind::Gauge, &[], "Addresses and networks that are banned now."),
    row(
        "towline_config_last_reload_successful",
        Kind::Gauge,
        &[],
        "Whether the configuration was taken up when that was last asked for: 1 or 0.",
    ),
    row("towline_events_waiting", Kind::Gauge, &[], "Events that wait in the queue for their reader."),
    row("towline_events_lost", Kind::Counter, &[], "Events for which there was no place."),
    row(
        "towline_admission_seconds",
        Kind::Histogram,
        &["protocol"],
        "Time at the door: from a knock to its answer, whichever it was.",
    ),
    row(
        "towline_first_octet_seconds",
        Kind::Histogram,
        &["protocol", "direction"],
        "From the start of a transfer to its first octet of content.",
    ),
    row(
        "towline_transfer_duration_seconds",
        Kind::Histogram,
        &["protocol", "direction"],
        "From the start of a transfer to its end.",
    ),
];

impl Kind {
    /// As OpenMetrics writes it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Info => "info",
        }
    }

    /// What its samples' names end in.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Kind::Counter => &["_total"],
            Kind::Gauge => &[""],
            Kind::Histogram => &["_bucket", "_count", "_sum"],
            Kind::Info => &["_info"],
        }
    }
}

/// docs/metrics.md.
pub fn document() -> String {
    let mut out = String::from(
        "# Figures\n\n`towline serve --admin 127.0.0.1:9469` (`listen` in `[admin]`) answers `/healthz` (200 while the \
         process lives), `/readyz`\n(503 while it starts and while it drains, where a listener has died, and where its state directory cannot be \
         written) and\n`/metrics` (OpenMetrics text) there, to whoever reaches the address: without a login, so leave it on loopback. \
         Off unless\nit is asked for. The counts come from the audit's events, the times at the door and to the first octet from \
         counters without a lock;\nno transfer waits for them.\n\n\
         A dashboard for Grafana: [grafana.json](grafana.json).\n\n\
         Made from `crates/towline/src/metrics/table.rs`.\n\n| metric | kind | labels | |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|l| format!("`{l}`")).collect();
        let (name, kind) = (metric.name, metric.kind.word());
        let _ = writeln!(out, "| `{name}` | {kind} | {} | {} |", labels.join(", "), metric.help);
    }
    out
}
