//! `towline serve`: a directory or one file over TFTP and FTP.

mod ftp_flags;
mod http_flags;
mod sftp_flags;
mod tftp_flags;
mod tftp_wire;
mod users;

pub use users::Given;

use crate::config::server::Sandbox;
use crate::config::{Draft, Loaded, Size, Within, Written, environment};
use crate::events::Events;
use crate::exit::Failure;
use crate::figures::parse_octets;
use crate::ladder::Tracing;
use crate::service::run_as::RunAs;
use crate::service::{self, Occasion};
use clap::Args;
use ftp_flags::FtpFlags;
use gate::{Net, UploadRule};
use http_flags::HttpFlags;
use serve::listen::Want;
use sftp_flags::SftpFlags;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use tftp_flags::TftpFlags;

const EXAMPLES: &str = "\
Examples:
  towline serve images                            read-only, TFTP and anonymous FTP
  towline serve c2900-universalk9-mz.bin --once   one file, until somebody has fetched it
  towline serve --write --user bob backups        bob may write; TFTP may create
  towline serve --write --upload images/=deny --upload /=create --quota 20G srv
  towline serve --inbox configs                   a drop box: devices store, nobody fetches
  towline serve --for 10.0.0.2 images             the lines to paste on that device
  towline serve --tftp 6969 --ftp off images      only TFTP, on a port of your own
  towline serve --http 8080 images                over HTTP too, which newer devices copy images by
  towline serve --sftp default images             over SFTP and SCP too; prints a password for this run
  towline serve --write --tls require --ftps default srv    FTP under TLS only, on 21 and 990
  towline serve --trace t.pcapng images           and a capture for Wireshark
";

/// Serve a directory or one file over TFTP and FTP, and HTTP where it is asked for.
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
    ///
    /// [default: ., or what the configuration says]
    #[arg(value_name = "DIR|IMAGE.bin")]
    root: Option<PathBuf>,
    /// Read this configuration file (docs/configuration.md); flags win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listen on this address only; may be repeated.
    #[arg(long, value_name = "IP")]
    bind: Vec<IpAddr>,
    /// Serve only clients of this network: 10.0.0.0/8, 2001:db8::/32, or one address. May be repeated.
    #[arg(long, value_name = "NET", value_parser = Written::<Net>::parse)]
    allow: Vec<Written<Net>>,
    /// Become this user once the ports are open, for good: a name, or UID:GID. Needs root.
    #[arg(long, value_name = "USER", value_parser = Written::<RunAs>::parse)]
    run_as: Option<Written<RunAs>>,
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
    /// kept), deny or dropbox. May be repeated, the first that fits counts (docs/tftp-server.md).
    #[arg(long, value_name = "PATH=POLICY", value_parser = Written::<UploadRule>::parse)]
    upload: Vec<Written<UploadRule>>,
    /// The most that the directory may hold, versions too: 20G. An upload that does not fit is refused.
    #[arg(long, value_name = "SIZE", value_parser = parse_octets)]
    quota: Option<u64>,
    /// The most files and directories that it may hold, versions too.
    #[arg(long, value_name = "N", requires = "writing")]
    quota_files: Option<u64>,
    /// Keep so many old versions of each file; without it all (towline versions lists them).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "writing")]
    keep_versions: Option<u32>,
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
    /// Ports for FTP's passive data connections, for a firewall: 50000-50100. Clients of different addresses share them.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    passive_ports: Option<RangeInclusive<u16>>,
    /// End after one complete transfer.
    #[arg(long)]
    once: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    /// Keep what happens in this directory, for towline log; it must be there.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Answer towline who and the like on this unix socket; root, this user and its group may ask.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    #[command(flatten)]
    trace: Tracing,
    /// Give up what is not needed, before anybody is listened to: auto as far as the kernel can, require all of it
    /// or end, off (docs/sandbox.md).
    #[arg(long, value_name = "auto|require|off", value_parser = sandboxed)]
    sandbox: Option<Sandbox>,
    /// Serve even / or the home directory.
    #[arg(long)]
    yes_serve_this: bool,
    /// This process is the worker of a monitor.
    #[arg(long, hide = true)]
    worker: bool,
    #[command(flatten)]
    ftp_only: FtpFlags,
    #[command(flatten)]
    http_only: HttpFlags,
    #[command(flatten)]
    sftp_only: SftpFlags,
    #[command(flatten)]
    tftp_only: TftpFlags,
}

fn want(text: &str) -> Result<Want, String> {
    match text {
        "off" => Ok(Want::Off),
        "default" => Ok(Want::Default),
        port => {
            port.parse().map(Want::Exactly).map_err(|_| String::from("give a port from 0 to 65535, or off"))
        }
    }
}

fn sandboxed(text: &str) -> Result<Sandbox, String> {
    let row = Sandbox::ALL.iter().find(|(_, word)| *word == text);
    row.map(|(sandbox, _)| *sandbox).ok_or_else(|| String::from("give auto, require or off"))
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || String::from("give two ports from 1 to 65535, the lower first: 50000-50100");
    let (low, high) = text.split_once('-').ok_or_else(wrong)?;
    let (low, high): (u16, u16) = (low.parse().map_err(|_| wrong())?, high.parse().map_err(|_| wrong())?);
    if low == 0 || low > high { Err(wrong()) } else { Ok(low..=high) }
}

impl Serve {
    /// Serves until it is interrupted, or with `--once` until one transfer is complete.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        let over = self.serve(events);
        // A hook's command that still runs has nobody any more to end it in time.
        crate::monitor::end_all();
        over
    }

    fn serve(self, events: &Arc<Events>) -> Result<(), Failure> {
        let occasion =
            Occasion { once: self.once, json: self.json, device: self.device, trace: self.trace.clone() };
        let (file, worker, lasts) = (self.config.clone(), self.worker, !self.once && !self.trace.is_asked());
        let path = file.clone();
        let load = move |text: String| {
            let mut draft = match &path {
                Some(path) => Draft::of_text(path, text, environment())?,
                None => Draft::read(None, environment())?,
            };
            self.apply(draft.options());
            draft.checked()
        };
        if worker {
            return service::work(load, &occasion, events);
        }
        if file.is_none() {
            let loaded = load(String::new())?;
            if !(lasts && service::is_to_reload(&loaded)) {
                return service::run(&loaded, &occasion, events);
            }
        }
        service::monitor(file.as_deref(), load)
    }

    /// Sets what the flags say.
    pub(super) fn apply(&self, loaded: &mut Loaded) {
        if let Some(root) = &self.root {
            loaded.flag("server.root", "DIR").server.root = Some(root.clone());
        } else if self.config.is_none() && loaded.config.server.root.is_none() {
            loaded.config.server.root = Some(PathBuf::from("."));
        }
        if !self.bind.is_empty() {
            loaded.flag("server.bind", "--bind").server.bind.clone_from(&self.bind);
        }
        if !self.allow.is_empty() {
            loaded.flag("server.allow", "--allow").server.allow.clone_from(&self.allow);
        }
        if let Some(user) = &self.run_as {
            loaded.flag("server.user", "--run-as").server.user = Some(user.clone());
        }
        if let Some(want) = self.tftp {
            loaded.flag("tftp.port", "--tftp").tftp.port = want;
        }
        if let Some(want) = self.ftp {
            loaded.flag("ftp.port", "--ftp").ftp.port = want;
        }
        if self.write {
            loaded.flag("server.write", "--write").server.write = true;
        }
        if let Some(dir) = &self.inbox {
            loaded.flag("server.inbox", "--inbox").server.inbox = Some(dir.clone());
        }
        if !self.upload.is_empty() {
            loaded.flag("server.upload", "--upload").server.upload.clone_from(&self.upload);
        }
        if let Some(octets) = self.quota {
            loaded.flag("server.quota", "--quota").server.quota = Some(Size(octets));
        }
        if let Some(files) = self.quota_files {
            loaded.flag("server.quota-files", "--quota-files").server.quota_files = Some(files);
        }
        if let Some(count) = self.keep_versions {
            loaded.flag("server.keep-versions", "--keep-versions").server.keep_versions = Some(Within(count));
        }
        if self.no_digests {
            loaded.flag("server.digests", "--no-digests").server.digests = false;
        }
        if !self.user.is_empty() {
            loaded.flag("user", "--user").user = self.user.iter().map(Given::user).collect();
        }
        if let Some(ports) = &self.passive_ports {
            loaded.flag("ftp.passive-ports", "--passive-ports").ftp.passive_ports = Some(ports.clone());
        }
        if let Some(dir) = &self.state {
            loaded.flag("server.state", "--state").server.state = Some(dir.clone());
        }
        if let Some(socket) = &self.control {
            loaded.flag("server.control", "--control").server.control = Some(socket.clone());
        }
        if let Some(sandbox) = self.sandbox {
            loaded.flag("server.sandbox", "--sandbox").server.sandbox = sandbox;
        }
        if self.yes_serve_this {
            loaded.flag("server.any-root", "--yes-serve-this").server.any_root = true;
        }
        self.ftp_only.apply(loaded);
        self.http_only.apply(loaded);
        self.sftp_only.apply(loaded);
        self.tftp_only.apply(loaded);
    }
}
