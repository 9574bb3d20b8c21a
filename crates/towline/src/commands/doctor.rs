//! `towline doctor`: what is wrong with a server of TFTP, FTP or SSH, or on the way to it.

use super::over_proxy::OverProxy;
use super::over_ssh::OverSsh;
use super::over_tls::OverTls;
use crate::doctor::{self, Found, Host, Limits, Report, Target};
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use clap::Args;
use client::Options;
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::locator::{Locator, Remote, Scheme};

const EXAMPLES: &str = "\
Examples:
  towline doctor tftp://10.0.0.1/c2900-universalk9-mz.bin     why does this copy not work?
  towline doctor --patience 5 tftp://198.51.100.7:6969/a.bin  over a slow line
  towline doctor --server images                              this host, as a server of images
  towline doctor sftp://10.0.0.2                              what SSH offers there, and which profile connects
  towline doctor --login sftp://admin@10.0.0.2                and what its SFTP can do
  towline doctor ftp://10.0.0.1                               which data connections work, and its TLS
";

/// Say why TFTP, FTP, SFTP or SCP does not work, and what to set.
///
/// Reads one file of a server in several ways and tells what is wrong: no answer, closed and filtered ports, an MTU
/// black hole, a NAT, a wrong name, options that are ignored or answered wrongly, losses. docs/doctor.md lists every
/// finding with its evidence. Where the server is this host, or nothing comes back, this host's listeners, packet
/// filters and reverse path filters are looked at too (as root, for the filters).
///
/// It only reads, keeps nothing, and ends each read with an ERROR. It sends at most 40 requests (three packets each
/// where no answer comes), begins none after 90 s, and reads at most 512 blocks or one second at a stretch; a healthy
/// server sees about 14 requests. A host that is silent gets one ping and one datagram to port 33434 too.
///
/// Of `sftp://` and `scp://` it says what the server offers (key exchange, host keys, ciphers, MACs), what each profile would
/// agree on with it, its host keys and whether they are known, and the ways to log in; with --login what its SFTP can do. It
/// makes one connection for each kind of key, logs nobody in without --login, and learns no key.
///
/// Of `ftp://` and `ftps://` it logs in, lists the directory where the login begins by EPSV, PASV and active mode, compares the
/// address that the server advertises, and looks at its TLS: certificate, whether data connections go on from the session of
/// the control connection, whether others are turned away, whether they end as they should. Under TLS nobody is logged in
/// whose certificate is not believed. Through a proxy the advertised address and active mode are not looked at.
///
/// Ends with 0 where nothing is wrong, else with the code of the gravest finding.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Doctor {
    /// The file that is wanted, tftp://HOST[:PORT]/FILE, or the server: sftp://[USER@]HOST[:PORT], scp://…, ftp://…, ftps://…
    #[arg(value_name = "URL", required_unless_present = "server", conflicts_with = "server")]
    url: Option<OsString>,
    /// Look at this host as a server: who listens, what is filtered, and whether DIR's files may be read.
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    server: Option<Option<PathBuf>>,
    /// With --server: the request port.
    #[arg(long, value_name = "PORT", default_value_t = 69, conflicts_with = "url", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Silence of this length is no answer; 3 s without it, over SSH 20, of FTP 10.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    patience: Option<u64>,
    /// SSH: log in too, and ask the server's SFTP what it can do.
    #[arg(long, conflicts_with = "server", help_heading = "SSH")]
    login: bool,
    #[command(flatten)]
    tls: OverTls,
    #[command(flatten)]
    proxy: OverProxy,
    #[command(flatten)]
    ssh: OverSsh,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
}

impl Doctor {
    /// Examines.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        match (&self.url, &self.server) {
            (Some(url), _) => {
                let remote = parsed(url)?;
                self.proxy.check(&remote)?;
                match remote.scheme {
                    Scheme::Sftp | Scheme::Scp => self.ssh(&remote, events),
                    Scheme::Ftp | Scheme::Ftps => self.ftp(&remote, events),
                    Scheme::Tftp => self.remote(&remote, events),
                    Scheme::Http | Scheme::Https => Err(Failure::usage(
                        &remote,
                        "nothing examines a server of HTTP",
                        "towline copy with --trace shows what is said",
                    )),
                }
            }
            (None, dir) => self.own(dir.as_ref().and_then(Option::as_deref), events),
        }
    }

    fn remote(&self, remote: &Remote, events: &Events) -> Result<(), Failure> {
        let target = Target { url: remote.to_string(), name: remote.path.clone(), server: resolved(remote)? };
        let limits = Limits {
            patience: self.patience.map_or(Limits::default().patience, Duration::from_secs),
            ..Limits::default()
        };
        let begun = Instant::now();
        let report = doctor::examine(&target, &limits)
            .map_err(|e| Failure::new(Exit::Local, &target.url, format!("cannot ask: {e}"), ""))?;
        let elapsed = begun.elapsed();
        self.print(&report.lines(&target, elapsed))?;
        tell(&report.found, events);
        events.tell(&examined(&target, &report, elapsed));
        report.failure(&target.url).map_or(Ok(()), Err)
    }

    /// A server over SSH.
    fn ssh(&self, remote: &Remote, events: &Arc<Events>) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.patience.unwrap_or(20));
        let mut options =
            Options { ssh: self.ssh.options(events), proxy: self.proxy.chosen()?, ..Options::default() };
        // Who looks with a profile has not decided to use it.
        options.ssh.remembered = None;
        options.ssh.no_progress = patience;
        options.ssh.connect_timeout = patience;
        let begun = Instant::now();
        let report = doctor::examine_ssh(remote, &options, self.login)?;
        let elapsed = begun.elapsed();
        self.print(&report.lines(elapsed))?;
        tell(&report.found, events);
        events.tell(&report.event(remote.to_string(), elapsed));
        report.failure(&remote.to_string()).map_or(Ok(()), Err)
    }

    /// A server of FTP.
    fn ftp(&self, remote: &Remote, events: &Arc<Events>) -> Result<(), Failure> {
        let patience = Duration::from_secs(self.patience.unwrap_or(10));
        let mut options = Options { proxy: self.proxy.chosen()?, ..Options::default() };
        self.tls.apply(&mut options);
        options.ftp.no_progress = patience;
        options.ftp.connect_timeout = patience;
        let begun = Instant::now();
        let report = doctor::examine_ftp(remote, &options)?;
        let elapsed = begun.elapsed();
        self.print(&report.lines(elapsed))?;
        tell(&report.found, events);
        events.tell(&report.event(remote.to_string(), elapsed));
        report.failure(&remote.to_string()).map_or(Ok(()), Err)
    }

    /// This host, without a packet.
    fn own(&self, dir: Option<&Path>, events: &Events) -> Result<(), Failure> {
        let host = Host::look(Path::new("/proc"));
        let mut lines = Vec::new();
        for l in host.on_port(self.port) {
            let owner = l.owner.as_deref().unwrap_or("a process that only root may see");
            lines.push(format!("{} is served by {owner}", l.address));
        }
        // Any address will do.
        let anywhere =
            host.on_port(self.port).first().map_or(SocketAddr::from(([0; 4], self.port)), |l| l.address);
        let mut found: Vec<Found> = host.listeners_wrong(anywhere).into_iter().collect();
        found.extend(host.firewall(self.port));
        found.extend(host.reverse_path());
        if let Some(dir) = dir {
            found.extend(doctor::directory(dir).map_err(|e| Failure::local(dir.display(), &e))?);
        }
        found.sort_by_key(|f| f.id);
        lines.extend(doctor::findings(&found));
        let failure = doctor::failure(&found, &format!("UDP port {}", self.port));
        lines.extend(failure.is_none().then(|| String::from("nothing wrong")));
        self.print(&lines)?;
        tell(&found, events);
        failure.map_or(Ok(()), Err)
    }

    fn print(&self, lines: &[String]) -> Result<(), Failure> {
        use std::io::Write;
        let text = lines.join("\n");
        let done = match self.json {
            true => writeln!(std::io::stderr(), "{text}"),
            false => writeln!(std::io::stdout(), "{text}"),
        };
        done.map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))
    }
}

fn tell(found: &[Found], events: &Events) {
    for f in found {
        let (finding, exit) = (f.id.row().name, f.exit().code());
        events.tell(&Event::Finding { finding, exit, words: f.words.clone(), remedy: f.remedy.clone() });
    }
}

fn examined(target: &Target, report: &Report, elapsed: Duration) -> Event {
    let facts = &report.facts;
    let rate = |window: fn(u16) -> bool| facts.speeds.iter().find(|s| window(s.window)).map(|s| s.rate);
    Event::Examined {
        url: target.url.clone(),
        server: target.server.to_string(),
        requests: report.requests.into(),
        seconds: elapsed.as_secs_f64(),
        octets: facts.octets,
        round_trip: facts.round_trip.or(facts.answered).map(|d| d.as_secs_f64()),
        options: facts.options.iter().map(|(o, w)| format!("{o} {w}")).collect::<Vec<_>>().join(", "),
        largest: facts.largest.map(u64::from),
        lock_step: rate(|w| w == 1),
        window: rate(|w| w > 1),
        lost: facts.packets.map(|(lost, _)| lost),
    }
}

fn parsed(text: &OsString) -> Result<Remote, Failure> {
    let shown = format!("'{}'", text.to_string_lossy());
    let locator = Locator::parse(text).map_err(|e| Failure::usage(&shown, e, "see towline doctor --help"))?;
    match locator {
        Locator::Remote(remote) if remote.scheme != Scheme::Tftp => Ok(remote),
        Locator::Remote(remote) if remote.scheme == Scheme::Tftp && !remote.path.is_empty() => Ok(remote),
        Locator::Remote(remote) if remote.scheme == Scheme::Tftp => {
            Err(Failure::usage(&shown, "names no file", "name one that should be there: tftp://HOST/FILE"))
        }
        Locator::Remote(_) | Locator::Local(_) | Locator::Stdio => Err(Failure::usage(
            &shown,
            "is no URL of a server",
            "write tftp://HOST[:PORT]/FILE, ftp://HOST[:PORT] or sftp://HOST[:PORT]",
        )),
    }
}

fn resolved(remote: &Remote) -> Result<SocketAddr, Failure> {
    let port = remote.port.unwrap_or(Scheme::Tftp.port());
    let fault = |what: String| {
        let way_out = "check the host's name, or give its address";
        Failure::new(Exit::Unreachable, remote, format!("'{}' has no address: {what}", remote.host), way_out)
    };
    let mut all = (remote.host.as_str(), port).to_socket_addrs().map_err(|e| fault(e.to_string()))?;
    all.next().ok_or_else(|| fault(String::from("the name is empty")))
}
