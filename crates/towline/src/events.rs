//! What `--json` prints: one object a line, each with `v`, `seq`, `ts` and `event`.

mod agreed;
mod document;
mod ended;
mod examined;
mod fields;
mod name;
mod on_devices;
mod on_inventories;
mod on_lines;
mod on_servers;
mod on_upgrades;
mod rows;
mod told;

pub use agreed::Agreed;
pub use document::{Field, Kind, Row, document, faults, schema};
pub use ended::{Asked, Digests, Ended, Wire};
pub use examined::FtpExamined;
pub use name::Name;
use name::base64;
pub use on_devices::{BackedUp, Planned, Rehearsal, Surveyed, UpgradeCopy, UpgradeEnded, UpgradeStep};
pub use on_inventories::{Inventoried, LeftOut};
pub use on_upgrades::{UpgradeDevice, UpgradeEntry, UpgradeForgotten, UpgradeRun};
pub use rows::EVENTS;
pub use told::{AUDITED, told};
pub(crate) use told::{EXHAUSTED, configured, direction, granted_word, protocol_word, verb_word};

use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Changes when a field changes its meaning or goes away; new fields and events do not change it.
pub const VERSION: u32 = 1;

/// One event. [`EVENTS`] describes each with its fields; a test holds the two together.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs, reason = "every event and field is documented in EVENTS, which is printed")]
pub enum Event {
    Sandbox {
        held: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        lacks: Option<String>,
    },
    Listening {
        protocol: &'static str,
        address: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        wanted: Option<String>,
    },
    Image {
        path: String,
        octets: u64,
        md5: String,
        sha512: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Admitted {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    Identity {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        notice: &'static str,
        text: String,
    },
    Login {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        security: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        #[serde(flatten)]
        agreed: Option<Agreed>,
    },
    User {
        name: String,
        state: String,
        password: String,
        keys: String,
        require: String,
        groups: String,
        place: String,
    },
    Left {
        session: u64,
        protocol: &'static str,
        peer: String,
    },
    Kicked {
        session: u64,
        protocol: &'static str,
        peer: String,
        by: String,
    },
    Refused {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        verb: &'static str,
        #[serde(flatten)]
        path: Option<Name>,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
    },
    Started {
        session: u64,
        transfer: u64,
        protocol: &'static str,
        peer: String,
        #[serde(flatten)]
        path: Name,
        direction: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        octets: Option<u64>,
    },
    Ended(Box<Ended>),
    Digest {
        transfer: u64,
        #[serde(flatten)]
        path: Name,
        octets: u64,
        #[serde(flatten)]
        digests: Digests,
    },
    Changed {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(flatten)]
        path: Name,
        change: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    Listed {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        #[serde(flatten)]
        path: Name,
        names: u64,
    },
    ThirdParty {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        other: String,
        verdict: &'static str,
    },
    GrantUsed {
        session: u64,
        protocol: &'static str,
        peer: String,
        #[serde(flatten)]
        path: Name,
        grant: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        left: Option<u64>,
    },
    Banned {
        net: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        reason: String,
        by: String,
    },
    Unbanned {
        net: String,
        by: String,
    },
    Configured {
        text: String,
        verdict: &'static str,
        by: String,
    },
    Difference {
        #[serde(flatten)]
        path: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        former: Option<String>,
        content: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        added: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        removed: Option<u64>,
    },
    Advice {
        peer: String,
        text: String,
    },
    Lost {
        count: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        sink: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Restored {
        #[serde(flatten)]
        path: Name,
        version: String,
        octets: u64,
        by: String,
    },
    Server {
        change: &'static str,
        text: String,
    },
    HookFailed {
        hook: String,
        of: u64,
        count: u64,
        reason: String,
    },
    Exhausted {
        what: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        count: u64,
        remedy: &'static str,
    },
    Draining {
        transfers: u64,
    },
    Stopped {
        transfers: u64,
        octets: u64,
        verdicts: BTreeMap<&'static str, u64>,
    },
    Begun {
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<u64>,
        from: String,
        to: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        octets: Option<u64>,
    },
    Progress {
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<u64>,
        octets: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        seconds: f64,
        repeats: u64,
    },
    Copied {
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<u64>,
        from: String,
        to: String,
        octets: u64,
        seconds: f64,
        repeats: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
    },
    Entry {
        url: String,
        #[serde(flatten)]
        name: Name,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        octets: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        modified: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
    },
    Agreed {
        host: String,
        address: String,
        #[serde(flatten)]
        agreed: Agreed,
    },
    Hashed {
        url: String,
        algorithm: &'static str,
        digest: String,
        by: &'static str,
    },
    Mirrored {
        #[serde(flatten)]
        name: Name,
        fate: &'static str,
        run: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        octets: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<&'static str>,
    },
    Mirror {
        from: String,
        to: String,
        run: &'static str,
        copied: u64,
        octets: u64,
        same: u64,
        made: u64,
        removed: u64,
        extra: u64,
        skipped: u64,
        failed: u64,
        seconds: f64,
    },
    Relaying {
        address: String,
        to: String,
        seed: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        wanted: Option<String>,
    },
    Client {
        peer: String,
        towards_server: String,
    },
    Port {
        peer: String,
        server: String,
        shown_as: String,
    },
    Struck {
        peer: String,
        way: &'static str,
        number: u64,
        fate: &'static str,
        packet: String,
    },
    Relayed {
        way: &'static str,
        datagrams: u64,
        octets: u64,
        lost: u64,
        dropped: u64,
        duplicated: u64,
        reordered: u64,
    },
    Summary {
        files: u64,
        copied: u64,
        failed: u64,
        octets: u64,
        seconds: f64,
    },
    Type {
        step: u64,
        title: String,
        line: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        question: Option<&'static str>,
    },
    Finding {
        finding: &'static str,
        exit: u8,
        words: String,
        remedy: String,
    },
    Examined {
        url: String,
        server: String,
        requests: u64,
        seconds: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        octets: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        round_trip: Option<f64>,
        #[serde(skip_serializing_if = "String::is_empty")]
        options: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        largest: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        lock_step: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        window: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<u64>,
    },
    SshExamined {
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<String>,
        seconds: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        ident: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key_exchanges: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        host_keys: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ciphers: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        macs: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        compressions: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        modern: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        compat: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        legacy_ios: Option<String>,
        #[serde(skip_serializing_if = "String::is_empty")]
        keys: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        login: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sftp_version: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sftp_extensions: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sftp_limits: Option<String>,
    },
    FtpExamined(FtpExamined),
    Facts(Box<Surveyed>),
    Planned(Box<Planned>),
    UpgradeRun(UpgradeRun),
    UpgradeDevice(Box<UpgradeDevice>),
    UpgradeEntry(UpgradeEntry),
    UpgradeForgotten(UpgradeForgotten),
    BackedUp(BackedUp),
    Inventoried(Box<Inventoried>),
    LeftOut(LeftOut),
    UpgradeStep(UpgradeStep),
    UpgradeCopy(UpgradeCopy),
    UpgradeEnded(UpgradeEnded),
    Rehearsal(Box<Rehearsal>),
    Failed {
        #[serde(skip_serializing_if = "Option::is_none")]
        transfer: Option<u64>,
        exit: u8,
        thing: String,
        what: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        way_out: String,
    },
}

/// Where events go; without `--json` nowhere.
pub struct Events {
    // Guards number and output together, so that `seq` is the order of the lines.
    inner: OnceLock<Mutex<Out>>,
}

struct Out {
    seq: u64,
    /// Lines that are not written yet.
    pending: Vec<u8>,
    to: Box<dyn Write + Send>,
}

/// Lines are not kept back beyond so many octets.
const PENDING: usize = 65_536;

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    seq: u64,
    ts: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl Events {
    /// Events onto stdout if `json`, else none.
    pub fn new(json: bool) -> Events {
        let events = Events { inner: OnceLock::new() };
        if json {
            events.begin();
        }
        events
    }

    /// From now on events go onto stdout: the configuration wants them there.
    pub fn begin(&self) {
        let out = || Mutex::new(Out { seq: 0, pending: Vec::new(), to: Box::new(std::io::stdout()) });
        self.inner.get_or_init(out);
    }

    /// Whether anybody asked for events.
    pub fn wanted(&self) -> bool {
        self.inner.get().is_some()
    }

    /// Prints one, whole and at once: who reads a pipe sees it now.
    pub fn tell(&self, event: &Event) {
        let Some(mut out) = self.out() else { return };
        out.add(event);
        out.flush();
    }

    /// Prints one with the next [`Events::flush`], for who tells many in a row.
    pub fn tell_soon(&self, event: &Event) {
        let Some(mut out) = self.out() else { return };
        out.add(event);
        if out.pending.len() >= PENDING {
            out.flush();
        }
    }

    /// Prints what is pending.
    pub fn flush(&self) {
        if let Some(mut out) = self.out() {
            out.flush();
        }
    }

    fn out(&self) -> Option<MutexGuard<'_, Out>> {
        let inner = self.inner.get()?;
        Some(inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// An event as a line of JSON, without the end of the line.
pub fn line(seq: u64, at: SystemTime, event: &Event) -> String {
    let line = Line { v: VERSION, seq, ts: timestamp(at), event };
    serde_json::to_string(&line).expect("events are maps with string keys")
}

impl Out {
    fn add(&mut self, event: &Event) {
        self.seq += 1;
        let line = Line { v: VERSION, seq: self.seq, ts: timestamp(SystemTime::now()), event };
        serde_json::to_writer(&mut self.pending, &line).expect("events are maps with string keys");
        self.pending.push(b'\n');
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            // A reader that went away is no reason to stop a transfer.
            let _ = self.to.write_all(&self.pending).and_then(|()| self.to.flush());
            self.pending.clear();
        }
    }
}

/// RFC 3339, UTC, milliseconds.
pub fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let c = clock::civil::Civil::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        c.year,
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests;
