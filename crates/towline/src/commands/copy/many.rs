//! Many files: which they are, a few at a time, and what became of each.

use super::{Copy, Job, Shared, braces, list, named, parsed, shown};
use crate::digest::Expect;
use crate::events::Event;
use crate::exit::{Exit, Failure, Several};
use crate::figures::{grouped, rate, took};
use client::Done;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use store::locator::{Locator, Remote, Scheme};
use transport::Cancel;

/// The longest list that is read: some hundred thousand lines.
const LIST: u64 = 64 << 20;

/// What a command line asks for.
pub(super) enum Jobs {
    One(Box<Job>),
    Many(Vec<Job>),
}

impl Jobs {
    pub(super) fn is_many(&self) -> bool {
        match self {
            Jobs::One(_) => false,
            Jobs::Many(_) => true,
        }
    }

    /// Whether a server of something else than TFTP is among them.
    pub(super) fn are_over_tcp(&self) -> bool {
        let jobs = match self {
            Jobs::One(job) => std::slice::from_ref(&**job),
            Jobs::Many(jobs) => jobs,
        };
        let is_over_tcp = |at: &Locator| matches!(at, Locator::Remote(r) if r.scheme != Scheme::Tftp);
        jobs.iter().any(|job| is_over_tcp(&job.source) || is_over_tcp(&job.destination))
    }
}

/// The files that the command line names. Everything that can be wrong before anything is asked of a server
/// is found here.
pub(super) fn jobs(copy: &Copy) -> Result<Jobs, Failure> {
    let (destination, sources) = copy.paths.split_last().expect("clap wants one at least");
    let wanted = match (&copy.list, sources) {
        (Some(file), [] | [_]) => listed(file, sources.first().map(OsString::as_os_str))?,
        (Some(_), [_, second, ..]) => {
            let way_out = "with --list give where its names are, ending in '/', and the destination";
            return Err(Failure::usage(second.display(), "is one path too many", way_out));
        }
        (None, []) => {
            let way_out = "give a source and a destination; see towline copy --help";
            return Err(Failure::usage("<DST>", "the destination is missing", way_out));
        }
        (None, sources) => given(copy, sources)?,
    };
    let destination = parsed(destination)?;
    if let (None, [only]) = (&copy.list, &wanted[..]) {
        let destination = named(destination, &only.source)?;
        copy.check(&only.source, &destination)?;
        return Ok(Jobs::One(Box::new(Job {
            source: only.source.clone(),
            destination,
            expect: only.expect.clone(),
        })));
    }
    if wanted.is_empty() {
        return Err(Failure::usage("--list", "the list names no file", ""));
    }
    if copy.expect.is_some() {
        let way_out = "give each its own with --list";
        return Err(Failure::usage("--expect", "is the digest of one file, and there are many", way_out));
    }
    is_directory(&destination)?;
    let mut jobs = Vec::new();
    let mut taken = BTreeMap::new();
    for Wanted { source, expect, told } in wanted {
        let of_list = |failure: Failure| Failure { thing: format!("{told}{}", failure.thing), ..failure };
        if source == Locator::Stdio {
            return Err(of_list(Failure::usage("-", "stdin is one file without a name", "copy it alone")));
        }
        let destination = named(destination.clone(), &source).map_err(of_list)?;
        copy.check(&source, &destination).map_err(of_list)?;
        if let Some(first) = taken.insert(shown(&destination), shown(&source)) {
            let what = format!("would be copied to {}, and so would {first}", shown(&destination));
            return Err(of_list(Failure::usage(shown(&source), what, "copy them to different directories")));
        }
        jobs.push(Job { source, destination, expect });
    }
    Ok(Jobs::Many(jobs))
}

/// A source with what is known of it.
struct Wanted {
    source: Locator,
    expect: Option<Expect>,
    /// `FILE:LINE: `, or nothing.
    told: String,
}

fn given(copy: &Copy, sources: &[OsString]) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = Vec::new();
    for source in sources {
        let words = braces::expand(source)
            .map_err(|_| Failure::usage(source.display(), "stands for too many files", "use a list"))?;
        for word in words {
            wanted.push(Wanted { source: parsed(&word)?, expect: copy.expect.clone(), told: String::new() });
        }
    }
    Ok(wanted)
}

fn listed(file: &Path, base: Option<&OsStr>) -> Result<Vec<Wanted>, Failure> {
    let mut text = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LIST + 1).read_to_end(&mut text)
    } else {
        File::open(file).and_then(|f| f.take(LIST + 1).read_to_end(&mut text))
    };
    read.map_err(|e| Failure::local(file.display(), &e))?;
    if text.len() as u64 > LIST {
        return Err(Failure::usage(file.display(), "is longer than 64 MiB", "is it a list?"));
    }
    let entries = list::read(&text).map_err(|bad| {
        let first = &bad[0];
        let others: Vec<String> = bad[1..].iter().take(9).map(|b| b.line.to_string()).collect();
        let more = if bad.len() > 10 { ", \u{2026}" } else { "" };
        let what = match &others[..] {
            [] => first.what.clone(),
            others => format!("{} (and lines {}{more})", first.what, others.join(", ")),
        };
        Failure::usage(format!("{}:{}", file.display(), first.line), what, "nothing was copied")
    })?;
    let base = base.map(parsed).transpose()?;
    let mut wanted = Vec::new();
    for list::Entry { line, name, expect } in entries {
        let told = format!("{}:{line}: ", file.display());
        let source = locate(&name, base.as_ref())
            .map_err(|failure| Failure { thing: format!("{told}{}", failure.thing), ..failure })?;
        wanted.push(Wanted { source, expect, told });
    }
    Ok(wanted)
}

/// What a name of a list means: a URL itself; another below the base.
fn locate(name: &OsStr, base: Option<&Locator>) -> Result<Locator, Failure> {
    if let remote @ Locator::Remote(_) = parsed(name)? {
        return Ok(remote);
    }
    match base {
        Some(Locator::Remote(remote)) if remote.path.is_empty() || remote.path.ends_with(b"/") => {
            // The octets of the name as they are: a list has no escapes of URLs.
            let path = [&remote.path, name.as_bytes()].concat();
            Ok(Locator::Remote(Remote { path, ..remote.clone() }))
        }
        Some(Locator::Local(path)) if path.is_dir() => Ok(Locator::Local(path.join(name))),
        Some(other) => {
            let way_out = "end it with '/'";
            Err(Failure::usage(shown(other), "is no directory, and the list's names are below it", way_out))
        }
        None => Err(Failure::usage(
            name.display(),
            "is a name without a server",
            "say where the list's names are: towline copy --list FILE tftp://HOST/DIR/ DST/",
        )),
    }
}

fn is_directory(destination: &Locator) -> Result<(), Failure> {
    match destination {
        Locator::Local(path) if path.is_dir() => Ok(()),
        Locator::Remote(remote) if remote.path.is_empty() || remote.path.ends_with(b"/") => Ok(()),
        Locator::Local(path) if !path.exists() && super::super::image::ends_in_slash(path) => {
            Err(Failure::new(Exit::Local, path.display(), "no such directory", "make it first"))
        }
        Locator::Local(_) | Locator::Stdio | Locator::Remote(_) => {
            let what = "is no directory, and there are several files";
            Err(Failure::usage(shown(destination), what, "name a directory, or end a URL with '/'"))
        }
    }
}

/// Copies all, a few at a time. One that fails does not stop the others.
pub(super) fn run(shared: &Shared<'_>, jobs: &[Job]) -> Result<(), Failure> {
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Done, Failure>>>> = Mutex::new(vec![None; jobs.len()]);
    let work = || {
        while !shared.options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(n) else { return };
            let number = n as u64 + 1;
            let result = shared.run(job, Some(number)).copy(&job.source, &job.destination);
            if let Err(failure) = &result {
                tell(shared, number, failure);
            }
            results.lock().unwrap_or_else(PoisonError::into_inner)[n] = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..usize::from(shared.copy.parallel).min(jobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum_up(shared, &results, began)
}

fn tell(shared: &Shared<'_>, number: u64, failure: &Failure) {
    shared.events.tell(&Event::Failed {
        transfer: Some(number),
        exit: failure.exit.code(),
        thing: failure.thing.clone(),
        what: failure.what.clone(),
        way_out: failure.way_out.clone(),
    });
    shared.screen.say(&format!("towline: {failure}"));
}

fn sum_up(
    shared: &Shared<'_>,
    results: &[Option<Result<Done, Failure>>],
    began: Instant,
) -> Result<(), Failure> {
    let (files, elapsed) = (results.len(), began.elapsed());
    let done: Vec<&Done> = results.iter().flatten().flatten().collect();
    let failed: Vec<&Failure> = results.iter().flatten().filter_map(|r| r.as_ref().err()).collect();
    let octets: u64 = done.iter().map(|d| d.octets).sum();
    shared.events.tell(&Event::Summary {
        files: files as u64,
        copied: done.len() as u64,
        failed: failed.len() as u64,
        octets,
        seconds: elapsed.as_secs_f64(),
    });
    if !shared.copy.quiet {
        let (octets, took, rate) = (grouped(octets), took(elapsed), rate(octets, elapsed));
        shared
            .screen
            .say(&format!("{} of {files} files copied: {octets} octets in {took} ({rate})", done.len()));
    }
    if done.len() == files {
        return Ok(());
    }
    let is_interrupted = shared.options.cancel.as_ref().is_some_and(Cancel::is_cancelled);
    let several =
        Several { of: files, done: done.len(), things: "files", undone: "not copied", is_interrupted };
    Err(several.failure(&failed))
}
