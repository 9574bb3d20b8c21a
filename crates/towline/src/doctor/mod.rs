//! `towline doctor`: says in words why TFTP, FTP, or SSH before SFTP and SCP, does not work, and what to set.
//!
//! It only reads (RRQ), keeps nothing of what it reads, ends each probe with an ERROR so that the server does
//! not repeat itself, and is bounded in requests and time ([`Limits`]).
//!
//! - `findings`: what can be found, as a table; `docs/doctor.md` is made from it.
//! - `probe`: one request, and what comes of it; `seen`: what it writes down.
//! - `exam`: which probes are made, and what is concluded.
//! - `names`: other spellings of a name · `alive`: whether a host lives.
//! - `host`: this host's own listeners and filters · `netfilter`: its packet filter, by netlink.
//! - `report`: for people and for `--json`.
//! - `ssh`: of servers over SSH, with `ssh_findings` and `ssh_report`; `ftp`, `ftp_findings`, `ftp_report`: of servers of FTP.

mod alive;
mod exam;
mod findings;
mod ftp;
mod ftp_findings;
mod ftp_report;
mod host;
mod names;
mod netfilter;
mod probe;
mod report;
mod seen;
mod ssh;
mod ssh_findings;
mod ssh_report;

pub use findings::{Found, Id, Row, document, rows};
pub use ftp::{FtpReport, examine as examine_ftp};
pub use host::{Host, Listener, directory};
pub(crate) use report::{failure, findings};
pub use ssh::{SshReport, examine as examine_ssh};

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Whom to ask for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// For people.
    pub url: String,
    /// The name on the wire, octets.
    pub name: Vec<u8>,
    /// Address and request port.
    pub server: SocketAddr,
}

/// What an examination may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Silence of this length is no answer. A request goes out three times within it.
    pub patience: Duration,
    /// The most requests; repeats are not counted.
    pub requests: u32,
    /// No request is begun later than this.
    pub time: Duration,
}

impl Default for Limits {
    /// 3 s: what the slowest common server takes to repeat a lost packet once, and IOS waits 4. A full
    /// examination of a healthy server takes 14 requests.
    fn default() -> Self {
        Limits { patience: Duration::from_secs(3), requests: 40, time: Duration::from_secs(90) }
    }
}

/// What was measured, right or wrong.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// Whether the first request was answered, if with an ERROR.
    pub answers: bool,
    /// From that request to its answer, where it went out once.
    pub answered: Option<Duration>,
    /// From an ACK to the next block.
    pub round_trip: Option<Duration>,
    /// Octets of the file, where the server told or it was read whole.
    pub octets: Option<u64>,
    /// Each option that was asked for by itself, and what came of it: the agreed value, or a word.
    pub options: Vec<(&'static str, String)>,
    /// The largest block that arrived.
    pub largest: Option<u16>,
    /// Whether a repeated ACK brings a block again; `None`: not tried, the file is too short.
    pub apprentice: Option<bool>,
    /// Timed reads.
    pub speeds: Vec<Speed>,
    /// Packets lost in them, of how many.
    pub packets: Option<(u64, u64)>,
}

/// A timed read.
#[derive(Clone, PartialEq, Debug)]
pub struct Speed {
    /// Blocks for each acknowledgement.
    pub window: u16,
    /// Octets of a block.
    pub blksize: u16,
    /// Octets read.
    pub octets: u64,
    /// Octets a second.
    pub rate: f64,
}

/// The result.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// The gravest first.
    pub found: Vec<Found>,
    /// What was measured.
    pub facts: Facts,
    /// Requests that were made.
    pub requests: u32,
}

/// Examines a server by reading one file, and this host where that is the server or hears nothing.
///
/// # Errors
/// Only of this host's own sockets; whatever the network and the server do is a finding.
pub fn examine(target: &Target, limits: &Limits) -> io::Result<Report> {
    let mut report = exam::examine(target, limits)?;
    let silent = report.found.iter().any(|f| {
        matches!(f.id, Id::NoAnswer | Id::PortFiltered | Id::DataPortFiltered | Id::Unreachable | Id::NatTid)
    });
    let own = exam::is_own(target.server);
    if own || silent {
        let host = Host::look(std::path::Path::new("/proc"));
        if own {
            report.found.extend(host.listeners_wrong(target.server));
            report.found.extend(host.reverse_path());
        }
        report.found.extend(host.firewall(target.server.port()));
        report.found.sort_by_key(|f| f.id);
    }
    Ok(report)
}

/// `0.04 ms`, `2.1 ms`, `15 ms`.
fn milliseconds(d: Duration) -> String {
    match d.as_secs_f64() * 1_000.0 {
        ms if ms < 1.0 => format!("{ms:.2} ms"),
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests;
