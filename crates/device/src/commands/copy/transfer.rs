use super::Ended;
use super::aside::Beside;
use super::local::text_of;
use super::progress::{Sign, Wrong};
use super::screen::{Screen, Shape, watch};
use super::target::{About, Asking, Collected, Target, Waiting};
use crate::commands::exec::Exec;
use crate::commands::files::reason_of;
use crate::commands::flash::Erase;
use crate::config::{FilePrompt, Password};
use crate::device::Device;
use crate::ifs::{Fs, Net, Url};
use crate::profile::Layout;
use crate::session::{Leave, Tty};
use crate::wire::LabWire;
use client::{
    ClientError, Done, FtpOptions, HostKeys, HttpOptions, Options, Passive, Phase, Profile, Remote, Scheme,
    SshOptions, TftpOptions, WireCode,
};
use ios_cli::text::copy::{
    Marks, Reason, Step, accessing, loading_ftp, loading_http, loading_tftp, ok_ftp, ok_tftp, sending_modes,
    sink, storing_http, writing,
};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use store::{Blob, Sink};
use transport::Cancel;

/// A WRQ or RRQ is repeated after 4 s: IOS's own first wait.
const FIRST_RTO: Duration = Duration::from_secs(4);
/// Silence after which a copy gives up.
const NO_PROGRESS: Duration = Duration::from_secs(20);

impl Exec<'_> {
    /// From a server to the device.
    pub(super) fn fetch(&mut self, from: &Net, to: &Url, erase: Erase) -> Result<Ended, Leave> {
        let url = from.to_string();
        let memory = |limit, discard| Target::Memory(Collected { octets: Vec::new(), limit, discard });
        let mut target = match to {
            Url::Local { fs: Fs::Flash, path, .. } => match self.tty.device.flash.create(path) {
                Ok(upload) => Target::Flash(upload),
                Err(e) => return self.copy_failed(Step::Opening, &to.to_string(), reason_of(&e)),
            },
            Url::Local { fs: Fs::Null, .. } => memory(0, true),
            Url::Local { fs: Fs::Nvram, .. } => memory(
                usize::try_from(self.tty.device.profile().nvram.total.get()).unwrap_or(usize::MAX),
                false,
            ),
            // Nothing comes back over the console: that has been refused.
            Url::Local { fs: Fs::System | Fs::Xmodem | Fs::Ymodem, .. } | Url::Net(_) => {
                memory(4 << 20, false)
            }
        };
        let shape = self.reading(from)?;
        let host = from.host.clone().unwrap_or_default();
        let remote = self.remote(from);
        let (go_on, answer) = channel();
        let into_flash = matches!(target, Target::Flash(_));
        let about = match erase {
            Erase::Not if into_flash && self.doubts(from) => Some(About::Foreign),
            Erase::Not => None,
            Erase::Told | Erase::Asked => Some(About::Erase(erase, self.flash())),
        };
        let is_asked = about.is_some();
        let own = match about {
            Some(About::Foreign) => Some(self.tty.device.profile().image.magic),
            Some(About::Erase(..)) | None => None,
        };
        let asks = about.map(|about| Asking { about, go_on });
        let mut waiting = Waiting { into: target.sink(), asked: None, own, since: Instant::now() };
        let moved = run_asking(self.tty, &shape, asks, |options, signs| {
            waiting.asked = is_asked.then_some((signs, answer));
            let got = client::get(&remote, &mut waiting, options);
            // The line's loop ends when nobody can sign any more.
            waiting.asked = None;
            got
        })?;
        let started = waiting.since;
        let done = match moved {
            Ok(done) => done,
            // Somebody does not want it after all.
            Err(ClientError::Local(e)) if e.kind() == io::ErrorKind::Interrupted => {
                return Ok(Err(Reason::Interrupted));
            }
            Err(error) => {
                // The target is dropped: nothing of it is left in flash.
                drop(target);
                return self.transfer_failed(&error, &url, false);
            }
        };
        self.met(&host);
        match from.scheme {
            Scheme::Tftp => self.tty.print(&ok_tftp(done.octets))?,
            Scheme::Ftp | Scheme::Ftps => self.tty.print(&ok_ftp(done.octets))?,
            Scheme::Sftp | Scheme::Scp | Scheme::Http | Scheme::Https => self.tty.print("\n")?,
        }
        let took = started.elapsed();
        match (target, to) {
            (Target::Flash(upload), _) => {
                if let Err(e) = upload.commit() {
                    return self.copy_failed(Step::Copying, &url, reason_of(&e));
                }
                if let Url::Local { path, .. } = to {
                    self.check_sum(path)?;
                }
            }
            (Target::Memory(collected), to) if to.is_running() => {
                let blob = Blob::Memory(collected.octets.into());
                self.take_configuration(&text_of(&blob), &url)?;
            }
            (Target::Memory(collected), to) if to.is_startup() => {
                let blob = Blob::Memory(collected.octets.into());
                if let Err(e) = self.tty.device.write_startup(&text_of(&blob)) {
                    return self.copy_failed(Step::Copying, &url, reason_of(&e));
                }
            }
            (Target::Memory(_), _) => {}
        }
        self.copied(done.octets, took)
    }

    /// From the device to a server.
    pub(super) fn send(&mut self, from: &Url, to: &Net) -> Result<Ended, Leave> {
        match self.source_blob(from) {
            Ok(blob) => self.send_blob(&blob, to),
            Err(why) => self.copy_failed(Step::Opening, &from.to_string(), why),
        }
    }

    pub(super) fn send_blob(&mut self, blob: &Blob, to: &Net) -> Result<Ended, Leave> {
        let started = Instant::now();
        match self.put(blob, to)? {
            Ok(octets) => self.copied(octets, started.elapsed()),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// The same without the line that says how long it took.
    pub(in crate::commands) fn put(&mut self, blob: &Blob, to: &Net) -> Result<Ended, Leave> {
        let url = to.to_string();
        let (file, host) = names(to);
        let (begin, record): (_, fn(&str) -> String) = match to.scheme {
            Scheme::Tftp => (String::new(), nothing),
            Scheme::Ftp | Scheme::Ftps => (writing(&file), nothing),
            Scheme::Sftp | Scheme::Scp => (writing(&file), sink),
            Scheme::Http | Scheme::Https => (storing_http(&url), nothing),
        };
        let shape = Shape {
            begin,
            record,
            dots: to.scheme == Scheme::Tftp,
            width: self.tty.width(),
            size: blob.len(),
            asks: self.asks_to_abort(),
        };
        let remote = self.remote(to);
        match run(self.tty, &shape, |options| client::put(blob, &remote, options))? {
            Ok(done) => {
                self.met(&host);
                self.tty.print("\n")?;
                Ok(Ok(done.octets))
            }
            Err(error) => self.transfer_failed(&error, &url, true),
        }
    }

    /// Between two servers: read whole, then written.
    pub(super) fn through(&mut self, from: &Net, to: &Url) -> Result<Ended, Leave> {
        let Url::Net(to) = to else { return Ok(Err(Reason::BadFileName)) };
        let url = from.to_string();
        let shape = self.reading(from)?;
        let host = from.host.clone().unwrap_or_default();
        // A device has no more memory to spare than this.
        let mut collected = Collected { octets: Vec::new(), limit: 64 << 20, discard: false };
        let remote = self.remote(from);
        match run(self.tty, &shape, |options| client::get(&remote, &mut collected, options))? {
            Ok(_) => {
                self.met(&host);
                self.tty.print("\n")?;
                self.send_blob(&Blob::Memory(collected.octets.into()), to)
            }
            Err(error) => self.transfer_failed(&error, &url, false),
        }
    }

    /// What a read shows, of which the first line is shown now.
    fn reading(&mut self, from: &Net) -> Result<Shape, Leave> {
        let (file, host) = names(from);
        let (begin, record): (_, fn(&str) -> String) = match from.scheme {
            Scheme::Tftp => (loading_tftp(&file, &host, &self.via(&host)), nothing),
            Scheme::Ftp | Scheme::Ftps => (loading_ftp(&file), nothing),
            Scheme::Http | Scheme::Https => (loading_http(&from.to_string()), nothing),
            // Nothing before the server's own line.
            Scheme::Sftp | Scheme::Scp => (String::new(), sending_modes),
        };
        match from.scheme {
            Scheme::Tftp | Scheme::Ftp | Scheme::Ftps | Scheme::Http | Scheme::Https => {
                self.tty.print(&accessing(&from.to_string()))?;
            }
            Scheme::Sftp | Scheme::Scp => {}
        }
        Ok(Shape { begin, record, dots: false, width: self.tty.width(), size: 0, asks: self.asks_to_abort() })
    }

    /// Who logs in on another host where the URL does not say: who is on this line, else the device.
    pub(in crate::commands) fn login(&self) -> String {
        self.user.clone().unwrap_or_else(|| self.tty.device.running_config().hostname)
    }

    /// What the client is to fetch or write. FTP's login: the URL's, `ip ftp username`, anonymous; HTTP's: the URL's, that of
    /// `ip http client`, none.
    pub(in crate::commands) fn remote(&self, net: &Net) -> Remote {
        let config = self.tty.device.running_config();
        let (user, password) = match (&net.user, net.scheme) {
            (Some(user), _) => (Some(user.clone()), net.password.clone()),
            (None, Scheme::Ftp | Scheme::Ftps) if config.ftp_username.is_some() => {
                (config.ftp_username.clone(), config.ftp_password.as_ref().and_then(Password::clear))
            }
            (None, Scheme::Scp) => (Some(self.login()), None),
            (None, Scheme::Http | Scheme::Https) => config.http_login(),
            (None, Scheme::Tftp | Scheme::Ftp | Scheme::Ftps | Scheme::Sftp) => (None, None),
        };
        Remote {
            scheme: net.scheme,
            user,
            password,
            host: net.host.clone().unwrap_or_default(),
            port: net.port,
            path: match (net.scheme, net.path.as_deref().unwrap_or_default()) {
                (Scheme::Http | Scheme::Https, path) => client::as_target(path.as_bytes()),
                (_, path) => path.as_bytes().to_vec(),
            },
            kind: client::Type::Image,
        }
    }

    /// Whether a file is looked at before it comes: IOS-XE takes what is called an image for one.
    fn doubts(&self, from: &Net) -> bool {
        let quiet = self.tty.device.running_config().file_prompt == FilePrompt::Quiet;
        self.asks_to_abort() && !quiet && from.path.as_ref().is_some_and(|path| path.ends_with(".bin"))
    }

    fn asks_to_abort(&self) -> bool {
        matches!(self.tty.device.profile().version.layout, Layout::Xe(_) | Layout::XeSwitch(_))
    }

    fn transfer_failed(&mut self, error: &ClientError, url: &str, write: bool) -> Result<Ended, Leave> {
        let (step, reason) = judge(error, write);
        if reason == Reason::TimedOut && step != Step::Opening {
            self.tty.print(" [timed out]\n\n")?;
        }
        self.copy_failed(step, url, reason)
    }

    /// A host that answered: its hardware address is known now.
    fn met(&mut self, host: &str) {
        if let Ok(ip) = host.parse() {
            self.tty.device.running(|r| r.arp.insert(ip));
        }
    }

    /// The interface towards a host; nothing leaves where there is none, and the text is never seen.
    fn via(&self, host: &str) -> String {
        let ip: Option<IpAddr> = host.parse().ok();
        ip.and_then(|ip| self.tty.device.wire.via(ip)).map(|port| port.to_string()).unwrap_or_default()
    }
}

/// The file's name and the host as texts show them.
fn names(net: &Net) -> (String, String) {
    (net.path.clone().unwrap_or_default(), net.host.clone().unwrap_or_default())
}

/// Of a protocol without lines that are shown.
fn nothing(_: &str) -> String {
    String::new()
}

/// How the device's clients behave.
pub(in crate::commands) fn options(device: &Device) -> Options {
    let config = device.running_config();
    let patient = |d: Duration| d.mul_f64(device.config.patience.max(0.001));
    let passive = config.ftp_passive.unwrap_or(device.profile().ftp_passive_default);
    Options {
        tftp: TftpOptions {
            // Without `ip tftp blocksize` IOS asks for nothing: plain RFC 1350, 512 octets.
            blksize: config.tftp_blocksize,
            windowsize: None,
            timeout: None,
            tsize: false,
            no_progress: patient(NO_PROGRESS),
            first_rto: patient(FIRST_RTO),
            ..TftpOptions::default()
        },
        ftp: FtpOptions {
            passive: if passive { Passive::PasvOnly } else { Passive::No },
            anonymous_password: format!("{}@router", config.hostname.to_lowercase()),
            no_progress: patient(NO_PROGRESS),
            connect_timeout: patient(NO_PROGRESS),
            ..FtpOptions::default()
        },
        ssh: SshOptions {
            ident: Some(crate::ssh::IDENT),
            profile: Some(Profile::LegacyIos),
            // IOS takes whatever key a server shows.
            host_keys: HostKeys::AcceptNew,
            no_progress: patient(NO_PROGRESS),
            connect_timeout: patient(NO_PROGRESS),
            ..SshOptions::default()
        },
        http: HttpOptions {
            no_progress: patient(NO_PROGRESS),
            connect_timeout: patient(NO_PROGRESS),
            // A device without trustpoints takes whatever certificate a server shows.
            believe_anybody: true,
            agent: "cisco-IOS",
            ..HttpOptions::default()
        },
        cancel: None,
        tap: None,
        wire: device.wire.clone(),
        ..Options::default()
    }
}

/// Runs one transfer on a thread of its own while the line shows its signs and hears the keys.
fn run<T: Send>(
    tty: &mut Tty,
    shape: &Shape,
    transfer: impl FnOnce(&Options) -> Result<T, ClientError> + Send,
) -> Result<Result<T, ClientError>, Leave> {
    run_asking(tty, shape, None, |options, _| transfer(options))
}

/// The same with what is asked at the line when the file begins to come.
fn run_asking<T: Send>(
    tty: &mut Tty,
    shape: &Shape,
    asks: Option<Asking>,
    transfer: impl FnOnce(&Options, Sender<Sign>) -> Result<T, ClientError> + Send,
) -> Result<Result<T, ClientError>, Leave> {
    let wrong = |cancel: &Cancel| Wrong::of(tty, shape.size, cancel);
    let Beside { options, cancel, signs, seen } = match Beside::of(tty, wrong) {
        Ok(beside) => beside,
        Err(why) => return Ok(Err(why)),
    };
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let result = transfer(&options, signs);
            // The tap hangs up with the options: the session's loop ends then.
            drop(options);
            result
        });
        let mut screen = Screen {
            shape,
            asks,
            marks: Marks::behind("", shape.width),
            begun: false,
            dots: 0,
            tens: 0,
            held: 0,
        };
        let left = watch(tty, &mut screen, &seen, &cancel);
        if left.is_err() {
            cancel.cancel();
            // Whoever waits for an answer gets none.
            screen.asks = None;
        }
        let result = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        left?;
        // What went wrong in the middle ended the line too.
        tty.interrupted(Duration::ZERO)?;
        screen.finish(tty, &seen, &result)?;
        let begun = screen.begun;
        Ok(result.map_err(|error| if begun { stalled(error) } else { error }))
    })
}

/// A server that is gone in the middle of a file: its port says so at once, but once blocks move a device
/// takes no notice of that and prints what it prints of any stall. Nobody learns from the wait.
fn stalled(error: ClientError) -> ClientError {
    match error {
        ClientError::Unreachable { peer, .. } => {
            ClientError::TimedOut { peer, phase: Phase::After(0), seconds: NO_PROGRESS.as_secs() }
        }
        error => error,
    }
}

/// What the device calls an error of the client.
pub(in crate::commands) fn judge(error: &ClientError, write: bool) -> (Step, Reason) {
    let moving = if write { Step::Writing } else { Step::Reading };
    match error {
        ClientError::TimedOut { phase: Phase::BeforeAnswer, .. } => (Step::Opening, Reason::TimedOut),
        ClientError::TimedOut { phase: Phase::After(_), .. } => (moving, Reason::TimedOut),
        ClientError::Absent { .. } => (Step::Opening, Reason::NoSuchFile),
        ClientError::Denied { .. } => (Step::Opening, Reason::PermissionDenied),
        ClientError::Exists { .. } => (Step::Opening, Reason::Exists),
        ClientError::Login { code: WireCode::Ssh(_), .. } => (Step::Opening, Reason::Authentication),
        ClientError::Login { .. } => (Step::Opening, Reason::Login),
        ClientError::Server { code: WireCode::Http(_), .. } => (Step::Opening, Reason::Io),
        ClientError::NoSpace { .. } => (Step::Writing, Reason::NoSpace),
        ClientError::Unreachable { .. } | ClientError::NoData { .. } => (Step::Opening, Reason::Socket),
        ClientError::Resolve { .. } => (Step::Opening, Reason::Unreachable),
        ClientError::Server { code: WireCode::Tftp(0) | WireCode::Scp(_) | WireCode::Exit(_), .. }
        | ClientError::Ssh(_) => (Step::Opening, Reason::Undefined),
        ClientError::Server { .. } => (moving, Reason::Undefined),
        ClientError::Protocol { .. } | ClientError::Truncated { .. } => (moving, Reason::Protocol),
        ClientError::Local(e) if e.kind() == io::ErrorKind::StorageFull => (Step::Copying, Reason::NoSpace),
        ClientError::Local(_) => (Step::Copying, Reason::Undefined),
        ClientError::Network(_) => (Step::Opening, Reason::Socket),
        ClientError::Cancelled => (moving, Reason::Interrupted),
        _ => (moving, Reason::Undefined),
    }
}

/// A read for a boot loader or its helper, with its marks; what failed and why.
pub(crate) fn fetch_at_boot(
    tty: &mut Tty,
    remote: &Remote,
    sink: &mut dyn Sink,
    wire: Arc<LabWire>,
    begin: String,
) -> Result<Result<Done, (Step, Reason)>, Leave> {
    let shape = Shape { begin, record: nothing, dots: false, width: tty.width(), size: 0, asks: false };
    let moved = run(tty, &shape, |options| {
        let options = Options { wire, ..options.clone() };
        client::get(remote, sink, &options)
    })?;
    Ok(moved.map_err(|error| judge(&error, false)))
}

/// The same with nobody at the console.
pub(crate) fn fetch_quietly(
    device: &Device,
    remote: &Remote,
    sink: &mut dyn Sink,
    wire: Arc<LabWire>,
) -> Result<Done, (Step, Reason)> {
    let options = Options { wire, tap: device.config.tap.clone(), ..options(device) };
    client::get(remote, sink, &options).map_err(|error| judge(&error, false))
}

/// The same in ROMMON's words.
pub(crate) fn fetch_failure(
    tty: &mut Tty,
    remote: &Remote,
    sink: &mut dyn Sink,
    wire: Arc<LabWire>,
    begin: String,
) -> Result<Result<Done, &'static str>, Leave> {
    let moved = fetch_at_boot(tty, remote, sink, wire, begin)?;
    Ok(moved.map_err(|(_, reason)| match reason {
        Reason::TimedOut | Reason::Unreachable | Reason::Socket => "Operation timed out",
        Reason::NoSuchFile => "File not found",
        Reason::PermissionDenied => "Access violation",
        Reason::NoSpace => "File too large for flash",
        Reason::Interrupted => "Operation terminated",
        Reason::Undefined
        | Reason::Login
        | Reason::Authentication
        | Reason::ReadOnly
        | Reason::BadFileName
        | Reason::IsDirectory
        | Reason::NotEmpty
        | Reason::Exists
        | Reason::Io
        | Reason::NotSupported
        | Reason::Protocol => "Undefined error",
    }))
}
