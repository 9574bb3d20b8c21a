//! `towline copy`: one file from here to there.

use crate::digest::Expect;
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, rate, took};
use crate::interrupt::on_interrupt;
use crate::ladder::{End, Tracing};
use crate::landing::{self, Landing, Spool};
use crate::progress::{Progress, Style};
use crate::remembered;
use crate::watch::{Several, Watch};
use clap::Args;
use client::{
    ClientError, Done, Options, Outcome, Passive, Phase, Remote, Resume, Scheme, TftpOptions, Type,
};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::locator::Locator;
use store::{Blob, Sink};
use transport::Cancel;
use transport::tap::Tap;

/// Octets a write to stdout or a device file.
const BITE: usize = 256 * 1_024;

const EXAMPLES: &str = "\
Examples:
  towline copy tftp://10.0.0.1/r1.cfg .                      fetch, keep the name
  towline copy r1.cfg ftp://bob:PASSWORD@10.0.0.1/backup/    store, keep the name
  towline copy --windowsize 64 --blksize 1468 tftp://10.0.0.1/a.bin a.bin
  towline copy --resume ftp://10.0.0.1/large.bin .           go on with large.bin.part
  towline copy --expect md5:0f343b0931126a20f133d67c2b018a3b tftp://10.0.0.1/a.bin .
  towline copy tftp://10.0.0.1/r1.cfg - | less
";

/// Copy one file: local, TFTP or FTP on either side.
///
/// SRC and DST are a local path, `-` (stdin, stdout), `tftp://HOST[:PORT]/PATH` or
/// `ftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH`. /PATH is relative to where the server starts, //PATH is
/// absolute. A DST that is a directory or ends in `/` keeps the name. `;mode=netascii` and `;type=a` at the
/// end of a URL convert line ends.
///
/// A local file is there under its name whole or not at all. A broken FTP download leaves NAME.part, which
/// --resume goes on with; TFTP cannot be resumed and leaves nothing. An FTP server may keep a broken upload:
/// towline serve does for users, hidden until it is whole.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Copy {
    /// The source.
    #[arg(value_name = "SRC")]
    source: OsString,
    /// The destination.
    #[arg(value_name = "DST")]
    destination: OsString,
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
    /// FTP: go on where a broken copy stopped: a download with NAME.part, an upload with what the server has
    /// of that name, which must be the beginning of the same file. --expect makes sure of a download.
    #[arg(long)]
    resume: bool,
    /// Fail unless the file has this digest: md5:HEX, sha256:HEX or sha512:HEX.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Expect>,
    /// Keep the time of last modification of what is copied to here, where the server tells it.
    #[arg(short = 'p', long)]
    preserve: bool,
    /// Print events as JSON, one a line, on stdout (docs/events.md); texts go to stderr.
    #[arg(long)]
    pub(super) json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    trace: Tracing,
}

/// What happens around every transfer of this command.
struct Run<'a> {
    copy: &'a Copy,
    options: Options,
    watch: Arc<Watch>,
    events: &'a Arc<Events>,
    style: Style,
}

impl Copy {
    /// Copies.
    pub fn run(self, events: &Arc<Events>) -> Result<(), Failure> {
        let source = parsed(&self.source)?;
        let destination = named(parsed(&self.destination)?, &source)?;
        self.check(&source, &destination)?;
        let cancel = Cancel::new().map_err(|e| Failure::new(Exit::Local, "copy", e, ""))?;
        let pulled = cancel.clone();
        on_interrupt(move |nth| {
            pulled.cancel();
            if nth > 1 {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let watch = Arc::new(Watch::default());
        let traces = self.trace.open(End::Client, || Box::new(io::stderr()))?;
        let mut taps = traces.taps();
        taps.push(watch.clone());
        let options = self.options(cancel, Several::of(taps));
        let style = Style::choose(self.quiet, traces.on_stderr());
        let run = Run { copy: &self, options, watch, events, style };
        let result = run.copy(&source, &destination);
        remembered::save(&run.options.hosts);
        result.and(traces.finish())
    }

    fn options(&self, cancel: Cancel, tap: Option<Arc<dyn Tap>>) -> Options {
        let mut options = Options { cancel: Some(cancel), tap, ..Options::default() };
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
        }
        options.ftp.passive = match (self.active, self.passive) {
            (true, _) => Passive::No,
            (false, true) => Passive::PasvOnly,
            (false, false) => Passive::Yes,
        };
        options.ftp.want_modified = self.preserve;
        options
    }

    fn check(&self, source: &Locator, destination: &Locator) -> Result<(), Failure> {
        if self.resume {
            let ftp = |l: &Locator| matches!(l, Locator::Remote(r) if r.scheme == Scheme::Ftp && r.kind == Type::Image);
            let local = |l: &Locator| matches!(l, Locator::Local(path) if is_plain(path));
            if !(ftp(source) && local(destination) || local(source) && ftp(destination)) {
                let way_out = "only FTP, as octets, between a server and a file can go on where it stopped";
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
            return Err(Failure::usage(shown(source), "names a directory", "name one file of it"));
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

fn parsed(text: &OsStr) -> Result<Locator, Failure> {
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
fn last_name(locator: &Locator) -> Option<&[u8]> {
    match locator {
        Locator::Local(path) => path.file_name().map(|n| n.as_encoded_bytes()),
        Locator::Stdio => None,
        Locator::Remote(remote) => Some(remote.name()).filter(|n| !n.is_empty()),
    }
}

/// The destination with a name: a directory keeps the source's.
fn named(destination: Locator, source: &Locator) -> Result<Locator, Failure> {
    let name = || {
        last_name(source).ok_or_else(|| {
            Failure::usage(
                shown(&destination),
                "is a directory, and the source has no name to keep",
                "name the file",
            )
        })
    };
    Ok(match &destination {
        Locator::Local(path) if path.is_dir() || super::image::ends_in_slash(path) => {
            use std::os::unix::ffi::OsStrExt as _;
            let name = name()?;
            // A server's name may hold anything; here it is one name in this directory.
            if name == b".." || name == b"." || name.contains(&b'/') || name.contains(&0) {
                return Err(Failure::usage(
                    shown(source),
                    "has no name that a file here could have",
                    "name the file",
                ));
            }
            Locator::Local(path.join(OsStr::from_bytes(name)))
        }
        Locator::Remote(remote) if remote.path.is_empty() || remote.path.ends_with(b"/") => {
            let mut remote = remote.clone();
            remote.path.extend_from_slice(name()?);
            Locator::Remote(remote)
        }
        Locator::Local(_) | Locator::Stdio | Locator::Remote(_) => destination,
    })
}

impl Run<'_> {
    fn copy(&self, source: &Locator, destination: &Locator) -> Result<(), Failure> {
        let octets = match source {
            Locator::Local(path) => path.metadata().ok().filter(|m| m.is_file()).map(|m| m.len()),
            Locator::Stdio | Locator::Remote(_) => None,
        };
        let (from, to) = (shown(source), shown(destination));
        self.events.tell(&Event::Begun { from: from.clone(), to: to.clone(), octets });
        let done = match (source, destination) {
            (Locator::Remote(remote), Locator::Local(path)) if is_plain(path) => {
                self.fetch(source, remote, path)?
            }
            (Locator::Remote(remote), destination) => {
                let mut spool = self.spool()?;
                let got = self.get(source, remote, &mut spool, Resume::No)?;
                let blob = spool.blob().map_err(|e| local("a temporary file", &e))?;
                self.verify(source, &blob)?;
                let put = self.deliver(&blob, destination)?;
                add(got, put)
            }
            (Locator::Local(_) | Locator::Stdio, destination) => {
                let blob = self.read(source)?;
                self.verify(source, &blob)?;
                match destination {
                    Locator::Local(path) if is_plain(path) => self.store(&blob, path)?,
                    destination => self.deliver(&blob, destination)?,
                }
            }
        };
        self.tell(from, to, &done);
        Ok(())
    }

    /// A remote file into a local one.
    fn fetch(&self, source: &Locator, remote: &Remote, path: &Path) -> Result<Done, Failure> {
        let fault = |e: io::Error| local(path.display(), &e);
        let (mut landing, start) = match remote.scheme {
            Scheme::Tftp => (Landing::temporary(path).map_err(fault)?, 0),
            Scheme::Ftp => Landing::partial(path, self.copy.resume).map_err(fault)?,
        };
        let resume = if start > 0 { Resume::At(start) } else { Resume::No };
        let done = self.get(source, remote, &mut landing, resume).map_err(|failure| {
            let kept = landing.blob().map_or(0, |b| b.len());
            let refused = matches!(failure.exit, Exit::Failed | Exit::Integrity);
            match remote.scheme {
                Scheme::Ftp if start > 0 && kept == start && refused => Failure {
                    way_out: format!(
                        "{} with its {} octets is not the beginning of that file: copy without --resume",
                        landing.beside().display(),
                        grouped(kept)
                    ),
                    ..failure
                },
                Scheme::Ftp if kept > 0 => Failure {
                    way_out: format!(
                        "{} octets are kept in {}: go on with --resume",
                        grouped(kept),
                        landing.beside().display()
                    ),
                    ..failure
                },
                Scheme::Ftp | Scheme::Tftp => failure,
            }
        })?;
        let blob = landing.blob().map_err(fault)?;
        if let Err(failure) = self.verify(source, &blob) {
            landing.discard();
            return Err(failure);
        }
        if let (true, Some(seconds)) = (self.copy.preserve, done.modified) {
            landing.set_modified(seconds).map_err(fault)?;
        }
        landing.land().map_err(fault)?;
        Ok(done)
    }

    fn get(
        &self,
        source: &Locator,
        remote: &Remote,
        sink: &mut dyn Sink,
        resume: Resume,
    ) -> Result<Done, Failure> {
        let mut options = self.options.clone();
        options.ftp.resume = resume;
        let from = if let Resume::At(from) = resume { from } else { 0 };
        let _shown = self.progress(source, from, None);
        client::get(remote, sink, &options).map_err(|e| Failure::transfer(shown(source), &e))
    }

    /// A whole file to a server, to stdout or into a device file.
    fn deliver(&self, blob: &Blob, destination: &Locator) -> Result<Done, Failure> {
        match destination {
            Locator::Remote(remote) => {
                let _shown = self.progress(destination, 0, Some(blob.len()));
                let mut options = self.options.clone();
                if self.copy.resume {
                    // For an upload the server's SIZE says where; any offset asks for it.
                    options.ftp.resume = Resume::At(0);
                }
                let done = client::put(blob, remote, &options).map_err(|e| self.unsent(destination, &e))?;
                match done.outcome {
                    Outcome::Complete => Ok(done),
                    // Only the server knows; a script must not go on as if we knew.
                    Outcome::Unconfirmed => Err(Failure::new(
                        Exit::Unreachable,
                        shown(destination),
                        format!(
                            "all {} octets were sent, and the server never acknowledged the last block",
                            grouped(done.octets)
                        ),
                        "look whether the file is whole there, or copy it again",
                    )),
                }
            }
            Locator::Stdio => self.pour(blob, &mut io::stdout().lock(), "stdout"),
            Locator::Local(path) if is_plain(path) => self.store(blob, path),
            Locator::Local(path) => {
                let name = path.display().to_string();
                let mut file =
                    std::fs::OpenOptions::new().write(true).open(path).map_err(|e| local(&name, &e))?;
                self.pour(blob, &mut file, &name)
            }
        }
    }

    /// A broken upload may be kept by the server, which only it knows.
    fn unsent(&self, destination: &Locator, error: &ClientError) -> Failure {
        let failure = Failure::transfer(shown(destination), error);
        let ftp = matches!(destination, Locator::Remote(r) if r.scheme == Scheme::Ftp);
        match error {
            ClientError::Network(_) | ClientError::TimedOut { phase: Phase::After(_), .. } if ftp => {
                Failure { way_out: String::from("--resume goes on with what the server has kept"), ..failure }
            }
            ClientError::Truncated { expected, found } if ftp && found > expected => Failure {
                exit: Exit::Refused,
                what: format!(
                    "{} octets are there, more than the {} of this file",
                    grouped(*found),
                    grouped(*expected)
                ),
                way_out: String::from("it is another file: copy without --resume, or choose another name"),
                ..failure
            },
            _ => failure,
        }
    }

    fn pour(&self, blob: &Blob, out: &mut dyn Write, name: &str) -> Result<Done, Failure> {
        self.move_octets(blob, name, |_, octets| out.write_all(octets)).and_then(|done| {
            out.flush().map_err(|e| local(name, &e))?;
            Ok(done)
        })
    }

    /// A whole file into a local one.
    fn store(&self, blob: &Blob, path: &Path) -> Result<Done, Failure> {
        let name = path.display().to_string();
        let fault = |e: io::Error| local(&name, &e);
        let mut landing = Landing::temporary(path).map_err(fault)?;
        let done = self.move_octets(blob, &name, |at, octets| landing.write_at(at, octets))?;
        if let (true, Blob::File { file, .. }) = (self.copy.preserve, blob)
            && let Ok(modified) = file.metadata().and_then(|m| m.modified())
        {
            let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            landing.set_modified(i64::try_from(since.as_secs()).unwrap_or(0)).map_err(fault)?;
        }
        landing.land().map_err(fault)?;
        Ok(done)
    }

    fn move_octets(
        &self,
        blob: &Blob,
        name: &str,
        mut put: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<Done, Failure> {
        let began = Instant::now();
        let mut buffer = vec![0; BITE];
        let mut octets = 0;
        loop {
            if self.options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                return Err(Failure::new(Exit::Interrupted, name, "interrupted", ""));
            }
            let n = blob.read_at(octets, &mut buffer).map_err(|e| local(name, &e))?;
            if n == 0 {
                break;
            }
            put(octets, &buffer[..n]).map_err(|e| local(name, &e))?;
            octets += n as u64;
        }
        let (elapsed, outcome) = (began.elapsed(), Outcome::Complete);
        Ok(Done { octets, elapsed, outcome, modified: None, repeats: 0 })
    }

    fn read(&self, source: &Locator) -> Result<Blob, Failure> {
        match source {
            Locator::Local(path) => landing::open(path).map_err(|e| Failure::local(path.display(), &e)),
            Locator::Stdio | Locator::Remote(_) => {
                let mut spool = self.spool()?;
                spool.fill(&mut io::stdin().lock()).map_err(|e| local("stdin", &e))?;
                spool.blob().map_err(|e| local("a temporary file", &e))
            }
        }
    }

    fn spool(&self) -> Result<Spool, Failure> {
        Spool::new().map_err(|e| Failure::new(Exit::Local, "a temporary file", e, "is there room in TMPDIR?"))
    }

    fn verify(&self, source: &Locator, blob: &Blob) -> Result<(), Failure> {
        let Some(expect) = &self.copy.expect else { return Ok(()) };
        match expect.check(blob).map_err(|e| local(shown(source), &e))? {
            Ok(()) => Ok(()),
            Err(found) => Err(Failure::new(
                Exit::Integrity,
                shown(source),
                format!("expected {expect}, found {}:{found}", expect.algorithm.name()),
                "nothing was stored; copy it again, or check the digest",
            )),
        }
    }

    fn progress(&self, of: &Locator, from: u64, total: Option<u64>) -> Progress {
        let name = last_name(of).map_or_else(|| shown(of), crate::ladder::printable);
        Progress::start(name, from, total, self.style, self.watch.clone(), self.events.clone())
    }

    fn tell(&self, from: String, to: String, done: &Done) {
        if !self.copy.quiet {
            eprintln!(
                "{from} -> {to}: {} octets in {} ({})",
                grouped(done.octets),
                took(done.elapsed),
                rate(done.octets, done.elapsed)
            );
        }
        self.events.tell(&Event::Copied {
            from,
            to,
            octets: done.octets,
            seconds: done.elapsed.as_secs_f64(),
            repeats: done.repeats,
            digest: self.copy.expect.as_ref().map(Expect::to_string),
        });
    }
}

/// A name for a file that is not there yet, or a regular file: not /dev/null, not a FIFO.
fn is_plain(path: &Path) -> bool {
    path.metadata().map_or(true, |facts| facts.is_file())
}

/// A fault of something local that was to be written, which is never "absent".
fn local(thing: impl fmt::Display, error: &io::Error) -> Failure {
    Failure { exit: Exit::Local, ..Failure::local(thing, error) }
}

/// Two legs as one transfer; the second says how sure it is.
fn add(first: Done, second: Done) -> Done {
    Done {
        octets: second.octets,
        elapsed: first.elapsed + second.elapsed,
        outcome: second.outcome,
        modified: first.modified,
        repeats: first.repeats + second.repeats,
    }
}
