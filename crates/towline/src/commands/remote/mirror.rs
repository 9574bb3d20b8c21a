//! `towline mirror`: one tree made like another.

use super::{Reach, Shared, parsed, tell};
use crate::digest::of_first;
use crate::events::{Event, Events, Name};
use crate::exit::{COPY_COPIES, Exit, Failure, NAMED, Several};
use crate::figures::{grouped, octets, rate, took};
use crate::ladder::printable;
use crate::progress::{Screen, Style, Ticker};
use clap::Args;
use client::mirror::{Because, Counts, Fate, Mirrored, Rules, Told, Watcher, Way, Wish};
use client::{ClientError, Place, Remote, Scheme};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Instant;
use store::Blob;
use store::locator::Locator;

const EXAMPLES: &str = "\
Examples:
  towline mirror sftp://bob@10.0.0.1/~/configs/ configs/        fetch what has changed
  towline mirror site/ sftp://bob@10.0.0.1/srv/site/            and the other way
  towline mirror -n --delete site/ sftp://bob@10.0.0.1/srv/site/   say what would be done, and do nothing
  towline mirror --include '*.cfg' --exclude /old sftp://bob@10.0.0.1/~/ backup/
  towline mirror --checksum images/ sftp://bob@10.0.0.1/images/     compare digests, not times
  towline mirror ftp://10.0.0.1/pub/images/ images/             over FTP, by several sessions
  towline mirror scp://bob@10.0.0.1/srv/site/ site/             of a server without SFTP
";

/// Make a directory like another one, over SFTP, FTP or SCP: what is new or has another length or time is copied, with time and
/// permissions; what is the same stays. Directories get their times when all in them is done.
///
/// Of SRC and DST one is a local directory, the other `sftp://`, `ftp://`, `ftps://` or `scp://`; SRC's content goes into DST, which is made where it is
/// not there. A file has its name when it is whole. Symbolic links are neither followed nor copied, on either side: each
/// is told as skipped; the same with devices. What only DST has stays without --delete.
///
/// Over FTP permissions are not set on the server, times by MFMT, SITE UTIME or MDTM; a server that has neither of the first two
/// keeps what is newer there. Its digests are those of HASH, XSHA256, XSHA512 or XMD5.
///
/// SCP lists nothing: over `scp://` all goes to the server that patterns leave, and what comes from it is looked at by its
/// announcement; -n, --delete and --checksum are for the others.
///
/// A name that fails stops no other; at the end it is exit code 8, and nothing was removed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Mirror {
    /// What is copied.
    #[arg(value_name = "SRC")]
    source: OsString,
    /// What is made like it.
    #[arg(value_name = "DST")]
    destination: OsString,
    /// Say what would be done, a line for each name on stdout, and do nothing.
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Remove what only DST has, when all else is done and nothing failed. What patterns leave out stays.
    #[arg(long)]
    delete: bool,
    /// Only files that fit; `*`, `?`, `[...]` and, for any directories, `**`. Without a `/` it is a name anywhere,
    /// else the whole path below SRC.
    #[arg(long, value_name = "PATTERN")]
    include: Vec<OsString>,
    /// Without files and directories that fit, whatever --include says; `NAME/` is directories only.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<OsString>,
    /// Compare digests of files of the same length, whatever their times; the server makes its own (check-file).
    #[arg(long)]
    checksum: bool,
    /// Things that are done at the same time: 64 without it; over FTP sessions, 4 without it and at most 32.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallel: Option<u16>,
    /// Write files of the server straight under their names, for a server or user that may not rename.
    #[arg(long)]
    in_place: bool,
    /// A line on stdout for each name that is not the same.
    #[arg(short, long)]
    list: bool,
    /// Print nothing but errors.
    #[arg(short, long, conflicts_with = "list")]
    quiet: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Mirror {
    pub(in super::super) fn json(&self) -> bool {
        self.reach.json
    }

    /// Does it.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        let (local, remote, way) = self.ends()?;
        if local.metadata().is_ok_and(|facts| !facts.is_dir()) {
            return Err(Failure::usage(local.display(), "is no directory", COPY_COPIES));
        }
        let rules = self.rules()?;
        if remote.scheme == Scheme::Scp {
            self.listed_by_none()?;
        }
        let options = self.reach.options(events)?;
        let fault = |e: &ClientError| match e {
            // Of this machine's side it is about the directory.
            ClientError::Local(e) if e.kind() != io::ErrorKind::Unsupported => {
                Failure::local(local.display(), e)
            }
            other => Failure::transfer(&remote, other),
        };
        let mut place = Place::open(&remote, &options).map_err(|e| fault(&e))?;
        let path = remote.path.strip_suffix(b"/").filter(|path| !path.is_empty()).unwrap_or(&remote.path);
        let wish = Wish {
            local: &local,
            remote: path,
            way,
            rules,
            parallel: self.parallel.map_or_else(|| usual(remote.scheme), usize::from),
            in_place: self.in_place,
            digest: &digest,
        };
        let screen = Screen::new(Style::choose(self.quiet, false), true);
        let mut show = Show::new(&self, events, &screen);
        let mirrored = place.mirror(&wish, &mut show).map_err(|e| fault(&e))?;
        let (there, here) = (remote.to_string(), local.display().to_string());
        let (from, to) = if way == Way::Up { (here, there) } else { (there, here) };
        show.sum_up(&mirrored.counts, from, to);
        show.result(&mirrored, fault)
    }

    /// The two ends, and which way.
    fn ends(&self) -> Result<(PathBuf, Remote, Way), Failure> {
        match (parsed(&self.source)?, parsed(&self.destination)?) {
            (Locator::Local(local), Locator::Remote(remote)) => Ok((local, remote, Way::Up)),
            (Locator::Remote(remote), Locator::Local(local)) => Ok((local, remote, Way::Down)),
            (Locator::Local(_) | Locator::Stdio, Locator::Local(_) | Locator::Stdio)
            | (Locator::Remote(_), Locator::Remote(_) | Locator::Stdio)
            | (Locator::Stdio, Locator::Remote(_)) => {
                let what = "one of the two is a directory here, the other one of a server";
                Err(Failure::usage(
                    self.destination.display(),
                    what,
                    "give a path and sftp://[USER@]HOST/PATH",
                ))
            }
        }
    }

    /// SCP lists nothing: what would have to be known before.
    fn listed_by_none(&self) -> Result<(), Failure> {
        let wanted = [
            (self.dry_run, "--dry-run"),
            (self.delete, "--delete"),
            (self.checksum, "--checksum"),
            (self.in_place, "--in-place"),
        ];
        match wanted.into_iter().find(|(wanted, _)| *wanted) {
            Some((_, flag)) => {
                let what = "SCP lists nothing and renames nothing: it cannot be done over scp://";
                Err(Failure::usage(flag, what, "use sftp://, or leave it out"))
            }
            None => Ok(()),
        }
    }

    fn rules(&self) -> Result<Rules, Failure> {
        let mut rules = Rules::default();
        (rules.delete, rules.checksum, rules.dry_run) = (self.delete, self.checksum, self.dry_run);
        let bad = |pattern: &OsString, e| Failure::usage(pattern.display(), e, "see towline mirror --help");
        for pattern in &self.include {
            rules.include(pattern.as_bytes()).map_err(|e| bad(pattern, e))?;
        }
        for pattern in &self.exclude {
            rules.exclude(pattern.as_bytes()).map_err(|e| bad(pattern, e))?;
        }
        Ok(rules)
    }
}

/// Things that are done at the same time.
fn usual(scheme: Scheme) -> usize {
    match scheme {
        Scheme::Ftp | Scheme::Ftps => 4,
        Scheme::Sftp | Scheme::Scp | Scheme::Tftp | Scheme::Http | Scheme::Https => 64,
    }
}

fn digest(algorithm: &str, blob: &Blob) -> io::Result<String> {
    of_first(algorithm, blob, u64::MAX)
}

/// Tells what becomes of names as it does.
struct Show<'a> {
    events: &'a Events,
    screen: &'a Screen,
    ticker: Ticker,
    began: Instant,
    is_dry: bool,
    /// Whether each name is a line on stdout.
    is_listed: bool,
    is_quiet: bool,
    files: u64,
    octets: u64,
    failed: usize,
    /// The first ones that failed.
    first: Vec<Failure>,
    /// The exit code of those that failed, while it is the same one.
    same: Option<Exit>,
    /// Stdout is gone.
    broken: Option<io::Error>,
}

impl<'a> Show<'a> {
    fn new(mirror: &Mirror, events: &'a Events, screen: &'a Screen) -> Show<'a> {
        Show {
            events,
            screen,
            ticker: screen.ticker(),
            began: Instant::now(),
            is_dry: mirror.dry_run,
            is_listed: (mirror.dry_run || mirror.list) && !mirror.reach.json && !mirror.quiet,
            is_quiet: mirror.quiet,
            files: 0,
            octets: 0,
            failed: 0,
            first: Vec::new(),
            same: None,
            broken: None,
        }
    }

    fn run(&self) -> &'static str {
        if self.is_dry { "dry" } else { "real" }
    }

    fn failure(&mut self, failure: Failure) {
        self.screen.apart(|| tell(self.events, &failure));
        let same = if self.failed == 0 { Some(failure.exit) } else { self.same };
        self.same = same.filter(|exit| *exit == failure.exit);
        self.failed += 1;
        if self.first.len() < NAMED {
            self.first.push(failure);
        }
    }

    fn event(&self, path: &[u8], row: &Row) {
        if self.events.wanted() {
            let Row { fate, octets, because, .. } = *row;
            let (name, run) = (Name::new(path), self.run());
            self.events.tell_soon(&Event::Mirrored { name, fate, run, octets, because });
        }
    }

    /// A line of stdout.
    fn list(&mut self, path: &[u8], row: &Row) {
        if !self.is_listed || self.broken.is_some() {
            return;
        }
        let slash = if row.is_directory { "/" } else { "" };
        let name = if path.is_empty() { String::from(".") } else { printable(path) };
        let because = match (row.octets, row.because) {
            (Some(octets), Some(because)) => format!("  ({because}, {} octets)", grouped(octets)),
            (None, Some(because)) => format!("  ({because})"),
            (_, None) => String::new(),
        };
        let line = format!("{:<7} {name}{slash}{because}", row.verb);
        let written = self.screen.apart(|| writeln!(io::stdout().lock(), "{line}"));
        self.broken = written.err();
    }

    fn tick(&mut self) {
        let Show { ticker, files, octets: moved, began, .. } = self;
        ticker.tick(|| {
            let elapsed = began.elapsed();
            format!(
                "{} files  {}  {}  {}",
                grouped(*files),
                octets(*moved),
                rate(*moved, elapsed),
                took(elapsed)
            )
        });
    }

    /// The last line, and the last event but for a failure.
    fn sum_up(&mut self, counts: &Counts, from: String, to: String) {
        self.ticker.end();
        let elapsed = self.began.elapsed();
        if !self.is_quiet {
            self.screen.say(&words(counts, self.is_dry, &from, &to, elapsed));
        }
        let Counts { copied, octets, same, made, removed, extra, skipped, failed } = *counts;
        let (run, seconds) = (self.run(), elapsed.as_secs_f64());
        self.events.tell(&Event::Mirror {
            from,
            to,
            run,
            copied,
            octets,
            same,
            made,
            removed,
            extra,
            skipped,
            failed,
            seconds,
        });
    }

    fn result(self, mirrored: &Mirrored, fault: impl Fn(&ClientError) -> Failure) -> Result<(), Failure> {
        match &mirrored.ended {
            Err(ClientError::Cancelled) | Ok(()) => {}
            Err(why) => return Err(fault(why)),
        }
        if let Some(e) = &self.broken {
            return Err(Failure { exit: Exit::Local, ..Failure::local("stdout", e) });
        }
        let is_interrupted = mirrored.ended.is_err();
        if self.failed == 0 && !is_interrupted {
            return Ok(());
        }
        let Counts { copied, same, made, removed, .. } = mirrored.counts;
        let done = usize::try_from(copied + same + made + removed).unwrap_or(usize::MAX);
        let of = done.saturating_add(self.failed);
        let several = Several { of, done, things: "names", undone: "not mirrored", is_interrupted };
        if self.failed == 0 {
            let what = format!("interrupted after {} names", grouped(done as u64));
            return Err(Failure::new(Exit::Interrupted, "mirror", what, "again, it goes on with the rest"));
        }
        let first: Vec<&Failure> = self.first.iter().collect();
        Err(several.among(self.failed, self.same, &first))
    }
}

/// What is told of a fate that is no failure.
struct Row {
    /// The event's word.
    fate: &'static str,
    /// The line's word.
    verb: &'static str,
    is_directory: bool,
    octets: Option<u64>,
    because: Option<&'static str>,
}

impl Watcher for Show<'_> {
    fn told(&mut self, told: &Told) {
        let Told { path, fate } = told;
        let plain = |fate, verb, is_directory| Row { fate, verb, is_directory, octets: None, because: None };
        let row = match fate {
            Fate::Same => {
                self.files += 1;
                return self.tick();
            }
            Fate::Copied { octets, because } => {
                self.files += 1;
                let (octets, because) = (Some(*octets), Some(Because::word(*because)));
                Row { octets, because, ..plain("copied", "copy", false) }
            }
            Fate::Made => plain("directory-made", "make", true),
            Fate::Removed => plain("removed", "remove", false),
            Fate::RemovedDir => plain("directory-removed", "remove", true),
            Fate::Swept => plain("swept", "sweep", false),
            Fate::Extra => plain("extra", "extra", false),
            Fate::Skipped(why) => Row { because: Some(why.words()), ..plain("skipped", "skip", false) },
            Fate::Blocked(why) => {
                let way_out = "remove it there, or leave it out with --exclude";
                return self.failure(Failure::new(Exit::Failed, name(path), why.words(), way_out));
            }
            Fate::Failed(why) => return self.failure(Failure::transfer(name(path), why)),
        };
        self.event(path, &row);
        self.list(path, &row);
        self.tick();
    }

    fn moved(&mut self, octets: u64) {
        self.octets += octets;
        self.tick();
    }
}

fn name(path: &[u8]) -> String {
    if path.is_empty() { String::from("the directory itself") } else { printable(path) }
}

/// `a -> b: 12 files copied, 4,096 octets in 0.1 s (40.0 KiB/s); 3 the same; 1 directory made`.
fn words(counts: &Counts, is_dry: bool, from: &str, to: &str, elapsed: std::time::Duration) -> String {
    let Counts { copied, octets, same, made, removed, extra, skipped, failed } = *counts;
    let of = |n: u64, one: &str, many: &str| format!("{} {}", grouped(n), if n == 1 { one } else { many });
    let files = of(copied, "file", "files");
    let mut said = if is_dry {
        format!("would copy {files}, {} octets", grouped(octets))
    } else {
        format!("{files} copied, {} octets in {} ({})", grouped(octets), took(elapsed), rate(octets, elapsed))
    };
    let directories = of(made, "directory", "directories");
    let rest = [
        (same, format!("{} the same", grouped(same))),
        (made, if is_dry { format!("would make {directories}") } else { format!("{directories} made") }),
        (
            removed,
            if is_dry {
                format!("would remove {}", grouped(removed))
            } else {
                format!("{} removed", grouped(removed))
            },
        ),
        (extra, format!("{} only there", grouped(extra))),
        (skipped, format!("{} skipped (links, devices)", grouped(skipped))),
        (failed, format!("{} failed", grouped(failed))),
    ];
    for (n, words) in rest {
        if n > 0 {
            said.push_str("; ");
            said.push_str(&words);
        }
    }
    format!("{from} -> {to}: {said}")
}
