//! Files from there to here and back.

use super::words::Word;
use super::{Shell, path};
use crate::commands::remote::stat;
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, rate, took};
use crate::ladder::printable;
use crate::landing::{self, Landing};
use crate::progress::{Progress, Shown};
use client::{Done, Kind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

impl Shell {
    pub(super) fn get(&mut self, words: &[Word], resume: bool) -> Result<(), Failure> {
        let [from, to @ ..] = words else { unreachable!("the table wants a word") };
        let from = self.there(std::slice::from_ref(from))?;
        let to = to.first().map(|to| path(&to.octets).to_path_buf());
        match (&from[..], to) {
            ([from], Some(to)) if !is_directory(&to) => self.fetch(from, &to, resume),
            (from, to) => self.fetch_all(from, &to.unwrap_or_default(), resume),
        }
    }

    pub(super) fn mget(&mut self, words: &[Word]) -> Result<(), Failure> {
        let from = self.there(words)?;
        self.fetch_all(&from, Path::new(""), false)
    }

    /// Files into a directory, by their names.
    fn fetch_all(&mut self, from: &[Vec<u8>], to: &Path, resume: bool) -> Result<(), Failure> {
        if from.len() > 1 && !to.as_os_str().is_empty() && !to.is_dir() {
            return Err(Failure::usage(
                to.display(),
                "is no directory, and the files are several",
                "name one",
            ));
        }
        for from in from {
            let name = from.rsplit(|b| *b == b'/').next().unwrap_or_default();
            // A server's name may hold anything; here it is one name in this directory.
            if matches!(name, b"" | b"." | b"..") || name.contains(&0) {
                let way_out = "give it a name here";
                return Err(Failure::usage(
                    printable(from),
                    "has no name that a file here could have",
                    way_out,
                ));
            }
            self.fetch(from, &to.join(path(name)), resume)?;
        }
        Ok(())
    }

    fn fetch(&mut self, from: &[u8], to: &Path, resume: bool) -> Result<(), Failure> {
        let fault = |e: std::io::Error| Failure { exit: Exit::Local, ..Failure::local(to.display(), &e) };
        let (mut landing, start) = Landing::partial(to, resume).map_err(fault)?;
        let progress = self.progress(from, start, None);
        let got = self.place()?.get_from(from, start, &mut landing);
        drop(progress);
        let done = got.map_err(|e| {
            let failure = Failure::transfer(printable(from), &e);
            match landing.blob().map_or(0, |blob| blob.len()) {
                0 => failure,
                kept => {
                    let beside = landing.beside().display();
                    Failure {
                        way_out: format!("{} octets are kept in {beside}: reget goes on", grouped(kept)),
                        ..failure
                    }
                }
            }
        })?;
        landing.land().map_err(fault)?;
        self.moved(&printable(from), &to.display().to_string(), &done);
        Ok(())
    }

    pub(super) fn put(&mut self, words: &[Word], resume: bool) -> Result<(), Failure> {
        let [from, to @ ..] = words else { unreachable!("the table wants a word") };
        let from = Shell::here(std::slice::from_ref(from))?;
        let to = match to {
            [to, ..] => self.path(&to.octets),
            [] => self.here.clone(),
        };
        let is_directory = to.ends_with(b"/")
            || to == self.here
            || self.place()?.stat(&to).is_ok_and(|attrs| stat::kind(&attrs) == Some(Kind::Directory));
        match &from[..] {
            [from] if !is_directory => self.store(from, &to, resume),
            from if is_directory => self.store_all(from, &to, resume),
            _several => {
                let what = "is no directory, and the files are several";
                Err(Failure::usage(printable(&to), what, "name one, or mkdir it"))
            }
        }
    }

    pub(super) fn mput(&mut self, words: &[Word]) -> Result<(), Failure> {
        let from = Shell::here(words)?;
        let here = self.here.clone();
        self.store_all(&from, &here, false)
    }

    /// Files into a directory there, by their names.
    fn store_all(&mut self, from: &[PathBuf], to: &[u8], resume: bool) -> Result<(), Failure> {
        for from in from {
            let Some(name) = from.file_name() else {
                return Err(Failure::usage(from.display(), "has no name", "name a file"));
            };
            self.store(from, &super::joined(to, name.as_bytes()), resume)?;
        }
        Ok(())
    }

    fn store(&mut self, from: &Path, to: &[u8], resume: bool) -> Result<(), Failure> {
        let blob = landing::open(from).map_err(|e| Failure::local(from.display(), &e))?;
        let progress = self.progress(to, 0, Some(blob.len()));
        let put = self.place()?.put(&blob, to, resume);
        drop(progress);
        let done = put.map_err(|e| Failure::transfer(printable(to), &e))?;
        self.moved(&from.display().to_string(), &printable(to), &done);
        Ok(())
    }

    fn progress(&self, of: &[u8], from: u64, total: Option<u64>) -> Progress {
        // What the connection moved before is no part of this.
        if let Some(flow) = self.watch.latest() {
            self.watch.forget(flow.peer);
        }
        let name = printable(of.rsplit(|b| *b == b'/').next().unwrap_or_default());
        let shown = Shown { name, from, total, transfer: None };
        Progress::start(shown, &self.screen, self.watch.clone(), self.events.clone())
    }

    fn moved(&self, from: &str, to: &str, done: &Done) {
        if !self.is_quiet {
            let (octets, took, rate) =
                (grouped(done.octets), took(done.elapsed), rate(done.octets, done.elapsed));
            self.screen.say(&format!("{from} -> {to}: {octets} octets in {took} ({rate})"));
        }
    }
}

fn is_directory(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_bytes().ends_with(b"/")
}
