//! `towline serve`: a directory or one file over TFTP and FTP.

mod advice;
mod announce;
mod digesting;
mod inbox;
mod line;
mod live;
mod one_file;
mod root;
mod run_as;
mod screen;
pub(crate) mod tftp_flags;
mod tftp_wire;
mod told;
mod users;

pub use users::Given;

use crate::control::{self, Control, Desk};
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::figures::parse_octets;
use crate::interrupt::on_interrupt;
use crate::ladder::{End, Tracing};
use crate::sinks::Present;
use crate::watch::{Several, Watch};
use advice::Tree;
use clap::Args;
use digesting::{Digesting, Uploaded};
use gate::audit::{self, What};
use gate::{Credentials, Gate, Knock, Net, Policy, Protocol, Security, Session, Upload, UploadRule, Uploads};
use live::Board;
use root::Root;
use run_as::{RunAs, run_as};
use screen::Screen;
use serve::ftp::{FtpConfig, FtpServer};
use serve::listen::{self, FellBack, ListenError, Reason, Want};
use serve::tftp::TftpServer;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use store::VPath;
use tftp_flags::TftpFlags;
use transport::tap::Tap;
use transport::{Cancel, interfaces};

/// How often lines move, and how soon a signal is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long events gather before they are shown: a hot server has thousands in that time.
const GATHER: Duration = Duration::from_millis(20);
/// After the last transfer of a drain: for a lost last ACK (RFC 1350 §6) and for FTP's QUIT.
const GRACE: Duration = Duration::from_secs(2);

/// 2,048 connections with a file and a pipe each, and 32,768 TFTP transfers with a socket each, and reserve;
/// the hard limit may be lower, and then TFTP has fewer.
const DESCRIPTORS: u64 = 65_536;

const EXAMPLES: &str = "\
Examples:
  towline serve images                            read-only, TFTP and anonymous FTP
  towline serve c2900-universalk9-mz.bin --once   one file, until somebody has fetched it
  towline serve --write --user bob backups        bob may write; TFTP may create
  towline serve --write --upload images/=deny --upload /=create --quota 20G srv
  towline serve --inbox configs                   a drop box: devices store, nobody fetches
  towline serve --for 10.0.0.2 images             the lines to paste on that device
  towline serve --tftp 6969 --ftp off images      only TFTP, on a port of your own
  towline serve --trace t.pcapng images           and a capture for Wireshark
";

/// Serve a directory or one file over TFTP and FTP.
///
/// All addresses of this host, IPv4 and IPv6, unless --bind says otherwise. Read-only unless --write.
/// Names that begin with a dot are hidden, symbolic links are followed inside the directory only.
/// Anonymous FTP is on unless --user is given. TFTP has no authentication at all.
///
/// With --write, users may create, overwrite, rename and remove. TFTP and anonymous FTP may create files;
/// what they write over is kept as a version, and they never remove or rename.
///
/// With --inbox nobody but users reads: whatever comes is kept under a name with its time.
///
/// Ctrl-C lets running transfers end; a second Ctrl-C cuts them.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Serve {
    /// The directory, or one file to serve alone.
    #[arg(default_value = ".", value_name = "DIR|IMAGE.bin")]
    root: PathBuf,
    /// Listen on this address only; may be repeated.
    #[arg(long, value_name = "IP")]
    bind: Vec<IpAddr>,
    /// Serve only clients of this network: 10.0.0.0/8, 2001:db8::/32, or one address. May be repeated.
    #[arg(long, value_name = "NET")]
    allow: Vec<Net>,
    /// Become this user once the ports are open, for good: a name, or UID:GID. Needs root.
    #[arg(long, value_name = "USER", value_parser = run_as)]
    run_as: Option<RunAs>,
    /// TFTP's port, or off. Without it 69, and 6969 where 69 is not to be had.
    #[arg(long, value_name = "PORT|off", value_parser = want)]
    tftp: Option<Want>,
    /// FTP's port, or off. Without it 21, and 2121 where 21 is not to be had.
    #[arg(long, value_name = "PORT|off", value_parser = want)]
    ftp: Option<Want>,
    /// Let users write, and TFTP and anonymous create.
    #[arg(long, group = "writing")]
    write: bool,
    /// A write-only drop box in place of DIR: TFTP and anonymous FTP put files in and get none out. Each is
    /// kept as NAME.TIME, and what it changed since the one before is printed.
    #[arg(long, value_name = "DIR", group = "writing", conflicts_with = "root")]
    inbox: Option<PathBuf>,
    /// What uploads to PATH may do: PATH=create (free names only), overwrite, version (the old file is
    /// kept) or deny. May be repeated, the first that fits counts (docs/tftp-server.md).
    #[arg(long, value_name = "PATH=POLICY", requires = "writing")]
    upload: Vec<UploadRule>,
    /// The most that the directory may hold, versions too: 20G. An upload that does not fit is refused.
    #[arg(long, value_name = "SIZE", value_parser = parse_octets, requires = "writing")]
    quota: Option<u64>,
    /// Do not serve NAME.md5, NAME.sha256 and NAME.sha512 where only NAME is there, and do not compute the
    /// digests of uploads.
    #[arg(long)]
    no_digests: bool,
    /// A user of FTP; asks for the password. NAME:@FILE reads it from a file's first line. May be repeated.
    #[arg(long, value_name = "NAME[:@FILE]")]
    user: Vec<Given>,
    /// Print the lines to paste for this device.
    #[arg(long = "for", value_name = "DEVICE-IP")]
    device: Option<IpAddr>,
    /// Ports for FTP's passive data connections, for a firewall: 50000-50100.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    passive_ports: Option<RangeInclusive<u16>>,
    /// End after one complete transfer.
    #[arg(long)]
    once: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    /// Answer towline who and the like on this unix socket; root, this user and its group may ask.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    #[command(flatten)]
    trace: Tracing,
    /// Serve even / or the home directory.
    #[arg(long)]
    yes_serve_this: bool,
    #[command(flatten)]
    tftp_only: TftpFlags,
}

fn want(text: &str) -> Result<Want, String> {
    match text {
        "off" => Ok(Want::Off),
        port => {
            port.parse().map(Want::Exactly).map_err(|_| String::from("give a port from 0 to 65535, or off"))
        }
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || String::from("give two ports from 1 to 65535, the lower first: 50000-50100");
    let (low, high) = text.split_once('-').ok_or_else(wrong)?;
    let (low, high): (u16, u16) = (low.parse().map_err(|_| wrong())?, high.parse().map_err(|_| wrong())?);
    if low == 0 || low > high { Err(wrong()) } else { Ok(low..=high) }
}

/// The sockets, and which ports are not the ones that were wanted.
struct Sockets {
    tftp: Vec<UdpSocket>,
    ftp: Vec<TcpListener>,
    fell_back: Vec<(&'static str, FellBack)>,
}

/// The running servers.
struct Servers {
    tftp: Option<TftpServer>,
    ftp: Option<FtpServer>,
}

impl Servers {
    fn drain(&self) {
        if let Some(tftp) = &self.tftp {
            tftp.drain();
        }
        if let Some(ftp) = &self.ftp {
            ftp.drain();
        }
    }

    fn wait(self, grace: Duration) {
        if let Some(tftp) = self.tftp {
            tftp.wait(grace);
        }
        if let Some(ftp) = self.ftp {
            ftp.wait(grace);
        }
    }

    fn addresses(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let tftp = self.tftp.as_ref().map(TftpServer::addresses).unwrap_or_default();
        let ftp = self.ftp.as_ref().map(FtpServer::addresses).unwrap_or_default();
        (tftp, ftp)
    }
}

impl Serve {
    /// Serves until it is interrupted, or with `--once` until one transfer is complete.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        more_descriptors();
        let write = self.write || self.inbox.is_some();
        let sockets = self.sockets()?;
        let control = self.control.as_deref().map(control::listen).transpose()?;
        // What is served is opened with the rights that it is served with.
        self.run_as.map_or(Ok(()), RunAs::become_it)?;
        let mut root = Root::open(self.inbox.as_ref().unwrap_or(&self.root), write, self.yes_serve_this)?;
        self.quota.map_or(Ok(()), |octets| root.limit(octets))?;
        let names: Vec<String> = self.user.iter().map(|u| u.name().to_owned()).collect();
        if let Some(twice) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
            let way_out = "give each user once";
            return Err(Failure::usage(format!("--user {}", twice.1), "is there twice", way_out));
        }
        let users = self.user.iter().cloned().map(Given::user).collect::<Result<Vec<_>, _>>()?;
        let anonymous = users.is_empty() || self.inbox.is_some();
        let policy = Policy {
            users,
            anonymous,
            clients: self.allow.clone(),
            write,
            inbox: self.inbox.is_some(),
            digests: !self.no_digests,
            uploads: Uploads(self.upload.clone()),
            // People are not shown them.
            tell_tftp_sessions: self.json,
            ..Policy::default()
        };
        let (gate, audit) = Gate::new(root.store.clone(), policy);

        let traces = self.trace.open(End::Server, || Box::new(io::stderr()))?;
        let screen = Screen::new(self.json, !traces.on_stderr());
        let watch = (self.json || matches!(screen, Screen::Moving(_))).then(|| Arc::new(Watch::default()));
        let mut taps = traces.taps();
        taps.extend(watch.clone().map(|t| t as Arc<dyn Tap>));
        let tap = Several::of(taps);

        let fell_back = sockets.fell_back.clone();
        let servers = self.start(&gate, sockets, tap)?;
        let signals = Arc::new(AtomicU32::new(0));
        let counted = signals.clone();
        on_interrupt(move |nth| counted.store(nth, Ordering::Release))
            .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;

        let advisor = Advisor::new(&gate);
        let mut board = Board::new(screen, events.clone(), watch);
        board.hide(advisor.session.as_ref().map(Session::id));
        self.announce(&board, &servers, &root, &fell_back, names.first());
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "digests", e, ""))?;
        let digests = Digesting::start(&gate, root.store.clone(), root.images.clone(), cancel);
        let inbox = self.inbox.as_ref().map(|_| inbox::Inbox::start(root.store.clone()));
        let inbox = inbox.transpose().map_err(|e| Failure::new(Exit::Local, "the inbox's thread", e, ""))?;

        let present = Arc::new(Present::default());
        let desk = || Desk { present: present.clone() };
        let _control = control
            .map(|listener| Control::start(listener, desk()))
            .transpose()
            .map_err(|e| Failure::new(Exit::Local, "the control socket", e, ""))?;

        let (mut batch, mut refreshed) = (VecDeque::new(), Instant::now());
        let mut drains = false;
        let cut = loop {
            while let Some((text, event)) = digests.known() {
                if let Some(text) = text {
                    board.screen.say(&text);
                }
                events.tell(&event);
            }
            audit.recv_many(&mut batch, GATHER, TICK);
            for event in batch.drain(..) {
                board.take(&event, &advisor);
                present.see(&event);
                inbox.iter().for_each(|i| i.see(&event));
                if let (false, Some(uploaded)) = (self.no_digests, uploaded(event)) {
                    digests.take(uploaded);
                }
            }
            for (text, event) in inbox.iter().flat_map(inbox::Inbox::told) {
                board.screen.say(&text);
                events.tell(&event);
            }
            if refreshed.elapsed() >= TICK {
                refreshed = Instant::now();
                board.refresh();
            }
            board.flush();
            let asked = signals.load(Ordering::Acquire);
            let enough = self.once && board.totals().0 > 0;
            if (asked > 0 || enough) && !drains {
                drains = true;
                servers.drain();
                let transfers = gate.open().1 as u64;
                events.tell(&Event::Draining { transfers });
                if transfers > 0 {
                    board
                        .screen
                        .say(&format!("Draining: {transfers} transfers run; Ctrl-C again cuts them."));
                }
            }
            if asked > 1 {
                break true;
            }
            if drains && gate.open().1 == 0 {
                break false;
            }
        };
        drop(digests);
        let cut = if cut {
            // Even a cut transfer has its last event.
            servers.wait(Duration::ZERO);
            true
        } else {
            servers.wait(GRACE);
            false
        };
        while let Some(event) = audit.try_recv() {
            board.take(&event, &advisor);
            inbox.iter().for_each(|i| i.see(&event));
        }
        for (text, event) in inbox.into_iter().flat_map(|i| i.rest(GRACE)) {
            board.screen.say(&text);
            events.tell(&event);
        }
        board.finish();
        let traced = traces.finish();
        let (transfers, octets) = board.totals();
        let verdicts = board.verdicts().clone();
        events.tell(&Event::Stopped { transfers, octets, verdicts });
        if cut {
            return Err(Failure::new(Exit::Interrupted, "serve", "interrupted, transfers were cut", ""));
        }
        traced
    }

    fn sockets(&self) -> Result<Sockets, Failure> {
        let inherited = transport::inherited()
            .map_err(|e| Failure::new(Exit::Local, "LISTEN_FDS", e, "check the .socket unit"))?;
        let fault = |option: &'static str| move |e: ListenError| not_listening(option, &e);
        let mut fell_back = Vec::new();
        // A socket that was handed to us is what its protocol listens on, unless a port is asked for.
        let tftp = if self.tftp.is_none() && !inherited.udp.is_empty() {
            inherited.udp
        } else {
            let got = listen::tftp(&self.bind, self.tftp.unwrap_or_default()).map_err(fault("--tftp"))?;
            fell_back.extend(got.fell_back.map(|f| ("tftp", f)));
            got.sockets
        };
        let ftp = if self.ftp.is_none() && !inherited.tcp.is_empty() {
            inherited.tcp
        } else {
            let got = listen::ftp(&self.bind, self.ftp.unwrap_or_default()).map_err(fault("--ftp"))?;
            fell_back.extend(got.fell_back.map(|f| ("ftp", f)));
            got.sockets
        };
        if tftp.is_empty() && ftp.is_empty() {
            return Err(Failure::usage(
                "--tftp off --ftp off",
                "nothing to serve with",
                "leave one of them on",
            ));
        }
        Ok(Sockets { tftp, ftp, fell_back })
    }

    fn start(
        &self,
        gate: &Arc<Gate>,
        sockets: Sockets,
        tap: Option<Arc<dyn Tap>>,
    ) -> Result<Servers, Failure> {
        let fault = |what: &'static str| move |e: io::Error| Failure::new(Exit::Local, what, e, "");
        let config = self.tftp_only.config()?;
        let tftp = (!sockets.tftp.is_empty())
            .then(|| TftpServer::start(gate.clone(), sockets.tftp, config, tap.clone()))
            .transpose()
            .map_err(fault("the TFTP server"))?;
        let config = FtpConfig { passive_ports: self.passive_ports.clone(), ..FtpConfig::default() };
        let ftp = (!sockets.ftp.is_empty())
            .then(|| FtpServer::start(gate.clone(), sockets.ftp, config, tap))
            .transpose()
            .map_err(fault("the FTP server"))?;
        Ok(Servers { tftp, ftp })
    }

    fn announce(
        &self,
        board: &Board,
        servers: &Servers,
        root: &Root,
        fell_back: &[(&'static str, FellBack)],
        user: Option<&String>,
    ) {
        let (tftp, ftp) = servers.addresses();
        for (protocol, addresses) in [("tftp", &tftp), ("ftp", &ftp)] {
            let wanted = fell_back.iter().find(|f| f.0 == protocol).map(|(_, f)| {
                let why = if f.why == Reason::Denied { "denied" } else { "taken" };
                format!("{}: {why}", f.from)
            });
            for address in addresses {
                let (address, wanted) = (address.to_string(), wanted.clone());
                board.events.tell(&Event::Listening { protocol, address, wanted });
            }
        }
        // Without the list of interfaces the announcement is shorter; serving does not need it.
        let interfaces = interfaces().unwrap_or_default();
        let bound: Vec<SocketAddr> = tftp.iter().chain(&ftp).copied().collect();
        let best = match self.device {
            Some(device) => announce::towards(&interfaces, device),
            None => announce::best(&interfaces, &bound),
        };
        let program = std::env::current_exe().map(|p| p.display().to_string());
        let how = match (&self.inbox, self.write) {
            (Some(_), _) => "a drop box, write-only",
            (None, true) => "writable",
            (None, false) => "read-only",
        };
        board.screen.say(&announce::text(&announce::Facts {
            what: format!("{} ({how})", root.shown),
            inbox: self.inbox.is_some(),
            tftp,
            ftp,
            fell_back: fell_back.to_vec(),
            interfaces,
            best,
            file: root.example(),
            user: user.cloned(),
            program: program.unwrap_or_else(|_| String::from("towline")),
        }));
    }
}

/// A soft limit of 1,024 open files, as shells give it, is less than the connections we count with: the
/// hard limit is for programs that know this of themselves.
pub(super) fn more_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(DESCRIPTORS, |hard| hard.min(DESCRIPTORS));
    if limit.current.is_some_and(|soft| soft < wanted) {
        limit.current = Some(wanted);
        // Where it is refused the old limit holds.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn not_listening(option: &str, error: &ListenError) -> Failure {
    let port = error.address.port();
    let way_out = match error.reason() {
        Some(Reason::Denied) => {
            format!("choose a port above 1023 with {option}, or allow {port} (setcap, see --help)")
        }
        Some(Reason::Taken) => format!("end the other program, or choose another port with {option}"),
        None => String::from("--bind wants an address of this host"),
    };
    let thing = format!("{} {}", error.protocol, error.address);
    Failure::new(Exit::Local, thing, format!("cannot listen: {}", error.source), way_out)
}

/// The upload that this is the end of.
fn uploaded(event: audit::Event) -> Option<Uploaded> {
    let What::Ended { transfer, path, stored: Some(identity), .. } = event.what else { return None };
    Some(Uploaded { transfer, path, identity: *identity })
}

/// Asks the gate for names that are near to one that is not there, as any peer could.
struct Advisor {
    gate: Arc<Gate>,
    session: Option<Session>,
}

impl Advisor {
    fn new(gate: &Arc<Gate>) -> Advisor {
        let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let knock = Knock {
            protocol: Protocol::Tftp,
            local: nobody,
            peer: nobody,
            security: Security::Clear,
            credentials: Credentials::None,
        };
        Advisor { gate: gate.clone(), session: gate.admit(&knock).ok() }
    }
}

impl Tree for Advisor {
    fn nearest(&self, path: &VPath) -> Option<VPath> {
        self.session.as_ref()?.nearest(path)
    }

    fn writable(&self) -> bool {
        self.gate.policy().write
    }

    fn anonymous(&self) -> bool {
        self.gate.policy().anonymous
    }

    fn upload(&self, path: &VPath) -> Option<Upload> {
        self.gate.policy().uploads.of(path)
    }
}
