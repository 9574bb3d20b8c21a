//! One file from here to there.

use super::{Copy, is_plain, last_name, resumes_here, resumes_there, shown};
use crate::digest::{Expect, of_first};
use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, rate, took};
use crate::landing::{self, Landing, Spool};
use crate::outflow::Outflow;
use crate::progress::{Progress, Screen, Shown};
use crate::watch::Watch;
use client::ftp::{Beginning, Ours};
use client::{ClientError, Done, Facts, Options, Outcome, Phase, Remote, Resume, Scheme, Times};
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::locator::Locator;
use store::{Blob, Sink};
use transport::Cancel;

/// Octets a write to a device file.
const BITE: usize = 256 * 1_024;

/// What happens around the copy of one file.
pub(super) struct Run<'a> {
    pub(super) copy: &'a Copy,
    pub(super) options: Options,
    pub(super) watch: Arc<Watch>,
    pub(super) events: &'a Arc<Events>,
    pub(super) screen: &'a Screen,
    /// What the file must be.
    pub(super) expect: Option<&'a Expect>,
    /// Its number, from 1, where there are many.
    pub(super) number: Option<u64>,
}

impl Run<'_> {
    pub(super) fn copy(&self, source: &Locator, destination: &Locator) -> Result<Done, Failure> {
        let octets = match source {
            Locator::Local(path) => path.metadata().ok().filter(|m| m.is_file()).map(|m| m.len()),
            Locator::Stdio | Locator::Remote(_) => None,
        };
        let (from, to) = (shown(source), shown(destination));
        let transfer = self.number;
        self.events.tell(&Event::Begun { transfer, from: from.clone(), to: to.clone(), octets });
        let done = match (source, destination) {
            (Locator::Remote(remote), Locator::Local(path)) if is_plain(path) => {
                self.fetch(source, remote, path)?
            }
            // What must be verified first cannot be taken back.
            (Locator::Remote(remote), Locator::Stdio) if self.expect.is_none() => {
                self.stream(source, remote)?
            }
            (Locator::Remote(remote), destination) => {
                let mut spool = self.spool()?;
                let got = self.get(source, remote, &mut spool, Resume::No)?;
                let blob = spool.blob().map_err(|e| local("a temporary file", &e))?;
                self.verify(source, &blob)?;
                let put = self.deliver(source, &blob, destination)?;
                add(got, put)
            }
            (Locator::Local(_) | Locator::Stdio, destination) => {
                let blob = self.read(source)?;
                self.verify(source, &blob)?;
                match destination {
                    Locator::Local(path) if is_plain(path) => self.store(&blob, path)?,
                    destination => self.deliver(source, &blob, destination)?,
                }
            }
        };
        self.tell(from, to, &done);
        Ok(done)
    }

    /// A remote file onto stdout, as it comes.
    fn stream(&self, source: &Locator, remote: &Remote) -> Result<Done, Failure> {
        let fault = |e: io::Error| local("stdout", &e);
        // Not through std's buffer, which looks for line ends.
        let stdout = io::stdout().as_fd().try_clone_to_owned().map_err(fault)?;
        let mut out = Outflow::start(File::from(stdout)).map_err(|e| local("a temporary file", &e))?;
        let done = self.get(source, remote, &mut out, Resume::No);
        if let Some(e) = out.fault() {
            return Err(fault(e));
        }
        let done = done?;
        out.finish().map_err(fault)?;
        Ok(done)
    }

    /// A remote file into a local one.
    fn fetch(&self, source: &Locator, remote: &Remote, path: &Path) -> Result<Done, Failure> {
        let fault = |e: io::Error| local(path.display(), &e);
        let goes_on = resumes_here(remote);
        let (mut landing, mut start) = match remote.scheme {
            Scheme::Tftp | Scheme::Scp => (Landing::temporary(path).map_err(fault)?, 0),
            Scheme::Ftp | Scheme::Ftps | Scheme::Sftp | Scheme::Http | Scheme::Https => {
                Landing::partial(path, self.copy.resume).map_err(fault)?
            }
        };
        if start > 0
            && let Some(why) = self.differs(source, remote, &landing)?
        {
            let beside = landing.beside().display();
            self.anew(
                &format!(
                    "{beside} with its {} octets is not the beginning of {}",
                    grouped(start),
                    shown(source)
                ),
                &why,
            );
            landing.restart().map_err(fault)?;
            start = 0;
        }
        let resume = if start > 0 { Resume::At(start) } else { Resume::No };
        let mut got = self.ask(source, remote, &mut landing, resume);
        if let (1.., Err(ClientError::NoRanges)) = (start, &got) {
            self.anew("what is here does not go on", "the server gives whole files only");
            landing.restart().map_err(fault)?;
            start = 0;
            got = self.ask(source, remote, &mut landing, Resume::No);
        }
        let done = got.map_err(|e| Failure::transfer(shown(source), &e)).map_err(|failure| {
            let kept = landing.blob().map_or(0, |b| b.len());
            let refused = matches!(failure.exit, Exit::Failed | Exit::Integrity);
            match (start, kept) {
                (1.., _) if goes_on && kept == start && refused => Failure {
                    way_out: format!(
                        "{} with its {} octets is not the beginning of that file: copy without --resume",
                        landing.beside().display(),
                        grouped(kept)
                    ),
                    ..failure
                },
                (_, 1..) if goes_on => Failure {
                    way_out: format!(
                        "{} octets are kept in {}: go on with --resume",
                        grouped(kept),
                        landing.beside().display()
                    ),
                    ..failure
                },
                (_, _) => failure,
            }
        })?;
        let blob = landing.blob().map_err(fault)?;
        if let Err(failure) = self.verify(source, &blob) {
            landing.discard();
            return Err(failure);
        }
        if self.copy.preserve {
            if let Some(mode) = done.mode {
                landing.set_mode(mode).map_err(fault)?;
            }
            if let Some(seconds) = done.modified {
                landing.set_modified(seconds).map_err(fault)?;
            }
        }
        landing.land().map_err(fault)?;
        Ok(done)
    }

    /// Why what is here is not the beginning of that file of FTP, as far as its server can say.
    fn differs(
        &self,
        source: &Locator,
        remote: &Remote,
        landing: &Landing,
    ) -> Result<Option<String>, Failure> {
        let fault = |e: io::Error| local(landing.beside().display(), &e);
        let blob = landing.blob().map_err(fault)?;
        let since = landing.modified().map_err(fault)?;
        self.compared(
            source,
            remote,
            &Ours { blob: &blob, is_fetched: true, since: Some(since), digest: &of_first },
        )
    }

    fn compared(&self, named: &Locator, remote: &Remote, ours: &Ours<'_>) -> Result<Option<String>, Failure> {
        if !matches!(remote.scheme, Scheme::Ftp | Scheme::Ftps) {
            return Ok(None);
        }
        match ours.compare(remote, &self.options) {
            Ok(Beginning::Differs(why)) => Ok(Some(why)),
            Ok(Beginning::Same | Beginning::Unknown) => Ok(None),
            Err(e) => Err(Failure::transfer(shown(named), &e)),
        }
    }

    /// A copy does not go on, and begins anew.
    fn anew(&self, what: &str, why: &str) {
        if !self.copy.quiet {
            self.screen.say(&format!("{what}: {why}; it is copied anew"));
        }
    }

    fn get(
        &self,
        source: &Locator,
        remote: &Remote,
        sink: &mut dyn Sink,
        resume: Resume,
    ) -> Result<Done, Failure> {
        self.ask(source, remote, sink, resume).map_err(|e| Failure::transfer(shown(source), &e))
    }

    fn ask(
        &self,
        source: &Locator,
        remote: &Remote,
        sink: &mut dyn Sink,
        resume: Resume,
    ) -> Result<Done, ClientError> {
        let mut options = self.options.clone();
        options.http.resume = resume;
        options.ftp.resume = resume;
        options.sftp.resume = resume;
        options.scp.want_modified = self.copy.preserve;
        let from = if let Resume::At(from) = resume { from } else { 0 };
        let _shown = self.progress(source, from, None);
        let done = client::get(remote, sink, &options)?;
        if done.outcome == Outcome::Unconfirmed && self.expect.is_none() && !self.copy.quiet {
            let from = shown(source);
            self.screen.say(&format!(
                "{from}: the server told no length; only a digest (--verify) tells whether it is whole"
            ));
        }
        Ok(done)
    }

    /// A whole file to a server, to stdout or into a device file.
    fn deliver(&self, source: &Locator, blob: &Blob, destination: &Locator) -> Result<Done, Failure> {
        match destination {
            Locator::Remote(remote) => {
                let _shown = self.progress(destination, 0, Some(blob.len()));
                let mut options = self.options.clone();
                let ours = Ours { blob, is_fetched: false, since: None, digest: &of_first };
                let differs =
                    if self.copy.resume { self.compared(destination, remote, &ours)? } else { None };
                if let Some(why) = &differs {
                    let what =
                        format!("what {} has is not the beginning of {}", shown(destination), shown(source));
                    self.anew(&what, why);
                } else if self.copy.resume {
                    // For an upload the server says how much is there; any offset asks for it.
                    options.ftp.resume = Resume::At(0);
                    options.sftp.resume = Resume::At(0);
                }
                if let (Locator::Local(_), Blob::File { file, .. }) = (source, blob) {
                    let facts = facts(file).map_err(|e| local(shown(source), &e))?;
                    // A new file of SCP's has always had a mode: what is for nobody else stays so.
                    options.scp.mode = facts.mode;
                    if self.copy.preserve {
                        options.scp.times = facts.times;
                        options.sftp.keep = facts;
                    }
                }
                options.scp.name = last_name(source).map(Cow::into_owned);
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
        let goes_on = matches!(destination, Locator::Remote(r) if resumes_there(r));
        match error {
            ClientError::Network(_) | ClientError::TimedOut { phase: Phase::After(_), .. } if goes_on => {
                Failure { way_out: String::from("--resume goes on with what the server has kept"), ..failure }
            }
            ClientError::Truncated { expected, found } if goes_on && found > expected => Failure {
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
        Ok(Done { octets, elapsed, outcome, modified: None, mode: None, repeats: 0 })
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
        let Some(expect) = self.expect else { return Ok(()) };
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
        let name = last_name(of).map_or_else(|| shown(of), |name| crate::ladder::printable(&name));
        let shown = Shown { name, from, total, transfer: self.number };
        Progress::start(shown, self.screen, self.watch.clone(), self.events.clone())
    }

    fn tell(&self, from: String, to: String, done: &Done) {
        if !self.copy.quiet {
            self.screen.say(&format!(
                "{from} -> {to}: {} octets in {} ({})",
                grouped(done.octets),
                took(done.elapsed),
                rate(done.octets, done.elapsed)
            ));
        }
        self.events.tell(&Event::Copied {
            transfer: self.number,
            from,
            to,
            octets: done.octets,
            seconds: done.elapsed.as_secs_f64(),
            repeats: done.repeats,
            digest: self.expect.map(Expect::to_string),
        });
    }
}

/// Time and permissions of a file of ours.
fn facts(file: &File) -> io::Result<Facts> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = file.metadata()?;
    // SFTP's times are of 32 bits.
    let seconds = |time: i64| u32::try_from(time).unwrap_or(if time < 0 { 0 } else { u32::MAX });
    let times = Times { accessed: seconds(facts.atime()), modified: seconds(facts.mtime()) };
    Ok(Facts { mode: Some(facts.mode() & 0o777), times: Some(times) })
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
        mode: first.mode,
        repeats: first.repeats + second.repeats,
    }
}
