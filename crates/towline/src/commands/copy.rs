//! `towline copy`: files from here to there.

pub(super) mod braces;
mod list;
mod many;
mod one;

use super::over_proxy::OverProxy;
use super::over_ssh::OverSsh;
use super::over_tls::OverTls;
use super::remote::{BUSY, busy_line};
use crate::digest::Expect;
use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::interrupt::on_interrupt;
use crate::ladder::{End, Traces, Tracing};
use crate::progress::{Screen, Style};
use crate::remembered;
use crate::watch::{Several, Watch};
use clap::Args;
use client::ftp::Segments;
use client::sftp::Channels;
use client::{Options, Passive, Remote, Scheme, TftpOptions, Type};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::locator::Locator;
use transport::Cancel;

const EXAMPLES: &str = "\
Examples:
  towline copy tftp://10.0.0.1/r1.cfg .                      fetch, keep the name
  towline copy r1.cfg ftp://bob:PASSWORD@10.0.0.1/backup/    store, keep the name
  towline copy --windowsize 64 --blksize 1468 tftp://10.0.0.1/a.bin a.bin
  towline copy --tls r1.cfg ftp://bob@10.0.0.1/backup/       FTP under TLS; ftps:// for a server on 990
  towline copy --resume ftp://10.0.0.1/large.bin .           go on with large.bin.part
  towline copy -p r1.cfg sftp://bob@10.0.0.1/~/backup/       over SSH, below bob's home; keep time and mode
  towline copy --host-key accept-new -i key sftp://admin@10.0.0.2/flash/a.bin .
  towline copy --ssh-profile legacy-ios a.bin scp://admin@10.0.0.3/flash:/a.bin   a router that serves SCP
  towline copy --expect md5:0f343b0931126a20f133d67c2b018a3b tftp://10.0.0.1/a.bin .
  towline copy tftp://10.0.0.1/r1.cfg - | less
  towline copy 'tftp://[::1]:6969/{r1,r2,sw{01..12}}.cfg' backup/  many, four at a time
  towline copy https://10.0.0.1/images/a.bin .                http:// too; PUT where the server takes files
  towline copy --list SHA512SUMS tftp://10.0.0.1/images/ images/   each verified
  towline copy --trace t.svg --trace t.pcapng tftp://10.0.0.1/a.bin .   see how
";

const USAGE: &str = "\
towline copy [OPTIONS] <SRC>... <DST>
       towline copy [OPTIONS] --list <FILE> [BASE/] <DST/>";

/// Copy files: local, TFTP, FTP, FTPS, SFTP, SCP, HTTP or HTTPS on either side.
///
/// SRC and DST are a local path, `-` (stdin, stdout), `tftp://HOST[:PORT]/PATH`,
/// `ftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH` or `ftps://...` as ftp, `sftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH` or `scp://...` as sftp,
/// `http://[USER[:PASSWORD]@]HOST[:PORT]/PATH` or `https://...`.
/// /PATH of TFTP and FTP is relative to where the server starts, //PATH is absolute; /PATH of SFTP and SCP is absolute,
/// /~/PATH relative, and /flash:/PATH of SCP a file of a device. A DST that is a directory or ends in `/` keeps the name.
/// `;mode=netascii` and `;type=a` at the end of a URL convert line ends. `{a,b}` and `{01..12}` in the path of a URL are
/// several files, also where the shell leaves them; then DST is a directory. Some of many failing is exit code 8.
///
/// A local file is there under its name whole or not at all. A broken FTP, SFTP or HTTP download leaves NAME.part, which
/// --resume goes on with; TFTP and SCP cannot be resumed and leave nothing. A server may keep a broken upload:
/// towline serve does for users, hidden until it is whole.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, override_usage = USAGE)]
pub struct Copy {
    /// The sources and, last, the destination.
    #[arg(value_name = "SRC", required = true)]
    paths: Vec<OsString>,
    /// Copy the files of a list into DST, a directory, and verify each. A line is `HEX  NAME` or
    /// `SHA256 (NAME) = HEX` (md5sum, sha256sum, sha512sum), where SRC, ending in `/`, says where NAME is, or
    /// `URL [md5:HEX|sha256:HEX|sha512:HEX]`. `-` reads the list from stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "expect")]
    list: Option<PathBuf>,
    /// Files that are copied at the same time, where there are many; over FTP by as many logins at most, and by fewer where the
    /// server lets no more in.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// TFTP: octets of a block to offer, 8 to 65464; 512 offers none (RFC 2348). Without this and
    /// --windowsize the largest that work are found and remembered for the server.
    #[arg(long, value_name = "OCTETS", value_parser = clap::value_parser!(u16).range(8..=65464))]
    blksize: Option<u16>,
    /// TFTP: blocks for each acknowledgement to offer; 1 offers none (RFC 7440).
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u16).range(1..))]
    windowsize: Option<u16>,
    /// TFTP: wait this long before a packet is repeated, and offer the server to do so (RFC 2349).
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u8).range(1..))]
    timeout: Option<u8>,
    /// Give up when nothing moved for this long; 60 s without it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    patience: Option<u64>,
    /// FTP: the server opens the data connection.
    #[arg(long, conflicts_with = "passive")]
    active: bool,
    /// FTP: we open the data connection, with PASV only, as IOS does. (Without it: EPSV, then PASV.)
    #[arg(long)]
    passive: bool,
    /// FTP, SFTP: go on where a broken copy stopped: a download with NAME.part, an upload with what the server has
    /// of that name, which must be the beginning of the same file. FTP looks whether it is: by length, by the digest of that
    /// part where the server makes some, else by the time; where it is not the file is copied anew. --expect makes sure of a
    /// download.
    #[arg(long)]
    resume: bool,
    /// SFTP: send a file over N channels of the connection, 1 to 10: over several it has another name until it is whole, where
    /// the server can rename over a file, and --resume finds nothing of a broken one. `auto`: as many as a long way
    /// needs, up to 8, and one otherwise. FTP: fetch a file over N sessions, as far as the server lets them in; `auto`: 4 for
    /// one of 32 MiB or more from 20 ms away, if it is the only one, and one otherwise. --resume goes on over one.
    #[arg(long, value_name = "N", default_value = "auto", value_parser = channels)]
    channels: Channels,
    /// Fail unless the file has this digest: md5:HEX, sha256:HEX or sha512:HEX.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Expect>,
    /// Keep the time of last modification of what is copied to here, where the server tells it; over SFTP and SCP time
    /// and permissions, both ways. Routers refuse SCP with it.
    #[arg(short = 'p', long)]
    preserve: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    proxy: OverProxy,
    #[command(flatten)]
    ssh: OverSsh,
    #[command(flatten)]
    tls: OverTls,
    #[command(flatten)]
    trace: Tracing,
}

fn channels(text: &str) -> Result<Channels, String> {
    match text.parse() {
        Ok(n @ 1..=10) => Ok(Channels::Exactly(n)),
        Ok(_) | Err(_) if text == "auto" => Ok(Channels::AsNeeded),
        Ok(_) | Err(_) => Err(String::from("1 to 10, or auto")),
    }
}

/// One file to copy.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Job {
    source: Locator,
    destination: Locator,
    expect: Option<Expect>,
}

/// What all copies of this command share.
struct Shared<'a> {
    copy: &'a Copy,
    options: Options,
    traces: Traces,
    events: &'a Arc<Events>,
    screen: Screen,
}

impl Copy {
    /// Copies.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        let jobs = many::jobs(&self)?;
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "copy", e, ""))?;
        let pulled = cancel.clone();
        on_interrupt(move |nth| {
            pulled.cancel();
            if nth > 1 {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let traces = self.trace.open(End::Client, || Box::new(io::stderr()))?;
        let screen = Screen::new(Style::choose(self.quiet, traces.on_stderr()), jobs.is_many());
        let mut shared = Shared {
            copy: &self,
            options: self.options(cancel, events, jobs.is_many()),
            traces,
            events,
            screen,
        };
        if jobs.are_over_tcp() {
            shared.options.proxy = self.proxy.chosen()?;
        }
        let says = shared.screen.clone();
        shared.options.on_busy = Some(Arc::new(move |busy| says.say(&busy_line(busy))));
        let result = match &jobs {
            many::Jobs::One(job) => shared.run(job, None).copy(&job.source, &job.destination).map(drop),
            many::Jobs::Many(jobs) => many::run(&shared, jobs),
        };
        remembered::save(&shared.options.hosts);
        // They say QUIT, which is traced too.
        drop(shared.options.kept.take());
        result.and(shared.traces.finish())
    }

    fn options(&self, cancel: Cancel, events: &Arc<Events>, is_many: bool) -> Options {
        let mut options =
            Options { cancel: Some(cancel), ssh: self.ssh.options(events), ..Options::default() };
        options.kept = Some(Arc::default());
        if (self.blksize, self.windowsize) == (None, None) {
            options.tftp = TftpOptions::best();
            options.hosts = Arc::new(remembered::load());
        }
        if let Some(blksize) = self.blksize {
            options.tftp.blksize = (blksize != 512).then_some(blksize);
        }
        if let Some(windowsize) = self.windowsize {
            options.tftp.windowsize = (windowsize != 1).then_some(windowsize);
        }
        if let Some(seconds) = self.timeout {
            options.tftp.timeout = Some(seconds);
            options.tftp.first_rto = Duration::from_secs(u64::from(seconds));
        }
        if let Some(seconds) = self.patience {
            let patience = Duration::from_secs(seconds);
            options.tftp.no_progress = patience;
            options.ftp.no_progress = patience;
            options.ftp.connect_timeout = options.ftp.connect_timeout.min(patience);
            options.ssh.no_progress = patience;
            options.ssh.connect_timeout = options.ssh.connect_timeout.min(patience);
        }
        options.ftp.passive = match (self.active, self.passive) {
            (true, _) => Passive::No,
            (false, true) => Passive::PasvOnly,
            (false, false) => Passive::Yes,
        };
        options.ftp.want_modified = self.preserve;
        options.ftp.busy = BUSY;
        self.tls.apply(&mut options);
        options.sftp.channels = self.channels;
        options.ftp.segments = match self.channels {
            Channels::Exactly(n) => Segments::Exactly(n),
            // Many files are as many sessions already.
            Channels::AsNeeded if is_many => Segments::Exactly(1),
            Channels::AsNeeded => Segments::AsNeeded,
        };
        options
    }

    fn check(&self, source: &Locator, destination: &Locator) -> Result<(), Failure> {
        for locator in [source, destination] {
            if let Locator::Remote(remote) = locator {
                self.proxy.check(remote)?;
            }
        }
        if self.resume {
            let local = |l: &Locator| matches!(l, Locator::Local(path) if is_plain(path));
            let there = |l: &Locator| matches!(l, Locator::Remote(r) if resumes_there(r));
            let here = |l: &Locator| matches!(l, Locator::Remote(r) if resumes_here(r));
            if !(here(source) && local(destination) || local(source) && there(destination)) {
                let way_out = "only FTP, as octets, SFTP and a download of HTTP can go on where they stopped";
                return Err(Failure::usage(
                    "--resume",
                    format!("not from {} to {}", shown(source), shown(destination)),
                    way_out,
                ));
            }
        }
        if let Locator::Remote(remote) = source
            && remote.name().is_empty()
        {
            return Err(no_file(source));
        }
        if let (Locator::Local(a), Locator::Local(b)) = (source, destination)
            && let (Ok(a), Ok(b)) = (a.canonicalize(), b.canonicalize())
            && a == b
        {
            return Err(Failure::usage(shown(destination), "is the source itself", "choose another name"));
        }
        if self.json && matches!(destination, Locator::Stdio) {
            return Err(Failure::usage(
                "--json",
                "the file and the events would share stdout",
                "name a file",
            ));
        }
        Ok(())
    }
}

/// Whether a broken upload can go on.
fn resumes_there(remote: &Remote) -> bool {
    match remote.scheme {
        Scheme::Ftp | Scheme::Ftps => remote.kind == Type::Image,
        Scheme::Sftp => true,
        Scheme::Tftp | Scheme::Scp | Scheme::Http | Scheme::Https => false,
    }
}

/// Whether a broken download can go on.
fn resumes_here(remote: &Remote) -> bool {
    matches!(remote.scheme, Scheme::Http | Scheme::Https) || resumes_there(remote)
}

pub(super) fn parsed(text: &OsStr) -> Result<Locator, Failure> {
    let shown = || format!("'{}'", text.to_string_lossy());
    Locator::parse(text).map_err(|e| Failure::usage(shown(), e, "see towline copy --help"))
}

/// For people: a path, or a URL without its password.
fn shown(locator: &Locator) -> String {
    match locator {
        Locator::Local(path) => path.display().to_string(),
        Locator::Stdio => String::from("-"),
        Locator::Remote(remote) => remote.to_string(),
    }
}

/// The last component of its name, octets; nothing for a directory and for a stream.
fn last_name(locator: &Locator) -> Option<Cow<'_, [u8]>> {
    match locator {
        Locator::Local(path) => path.file_name().map(|n| Cow::Borrowed(n.as_encoded_bytes())),
        Locator::Stdio => None,
        Locator::Remote(remote) => Some(remote.name()).filter(|n| !n.is_empty()),
    }
}

fn no_file(source: &Locator) -> Failure {
    Failure::usage(shown(source), "names a directory", "name one file of it")
}

/// The destination with a name: a directory keeps the source's.
fn named(destination: Locator, source: &Locator) -> Result<Locator, Failure> {
    let name = || {
        last_name(source).ok_or_else(|| match source {
            Locator::Remote(_) => no_file(source),
            Locator::Local(_) | Locator::Stdio => Failure::usage(
                shown(&destination),
                "is a directory, and the source has no name to keep",
                "name the file",
            ),
        })
    };
    Ok(match &destination {
        Locator::Local(path) if path.is_dir() || super::image::ends_in_slash(path) => {
            use std::os::unix::ffi::OsStrExt as _;
            let name = name()?;
            // A server's name may hold anything; here it is one name in this directory.
            if matches!(&*name, b".." | b".") || name.contains(&b'/') || name.contains(&0) {
                return Err(Failure::usage(
                    shown(source),
                    "has no name that a file here could have",
                    "name the file",
                ));
            }
            Locator::Local(path.join(OsStr::from_bytes(&name)))
        }
        Locator::Remote(remote) if remote.path.is_empty() || remote.path.ends_with(b"/") => {
            let mut remote = remote.clone();
            remote.push_name(&name()?);
            Locator::Remote(remote)
        }
        Locator::Local(_) | Locator::Stdio | Locator::Remote(_) => destination,
    })
}

impl Shared<'_> {
    /// What happens around the copy of one file; `number` where there are many.
    fn run<'s>(&'s self, job: &'s Job, number: Option<u64>) -> one::Run<'s> {
        let watch = Arc::new(Watch::default());
        let mut taps = self.traces.taps();
        taps.push(watch.clone());
        one::Run {
            copy: self.copy,
            options: Options { tap: Several::of(taps), ..self.options.clone() },
            watch,
            events: self.events,
            screen: &self.screen,
            expect: job.expect.as_ref(),
            number,
        }
    }
}

/// A name for a file that is not there yet, or a regular file: not /dev/null, not a FIFO.
fn is_plain(path: &Path) -> bool {
    path.metadata().map_or(true, |facts| facts.is_file())
}
