//! `towline shell`: a server's files, line by line.
//!
//! One connection, which is made again where it broke. A line is words (`words`), the first of them a row of `table`;
//! patterns become paths (`glob`); what moves octets is in `moving`, what only FTP has in `ftp`, all else in `verbs`. Lines come from somebody at
//! a terminal (`typed`, with `completing`) or from a script (`script`).

mod completing;
mod ftp;
mod glob;
mod moving;
mod script;
mod table;
mod typed;
mod verbs;
mod words;

pub(crate) use script::run as script;
pub(crate) use typed::run as typed;

use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::interrupt::on_signals;
use crate::ladder::printable;
use crate::progress::{Screen, Style};
use crate::watch::Watch;
use client::{Options, Place, Remote, Type};
use glob::{No, expand, joined};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use table::Command;
use transport::Cancel;
use words::Word;

/// A server, where we are on it, and how it is told what moves.
pub(crate) struct Shell {
    remote: Remote,
    options: Options,
    /// `None`: the connection broke.
    place: Option<Place>,
    /// Where the login began, and where we are: absolute.
    home: Vec<u8>,
    here: Vec<u8>,
    running: Running,
    screen: Screen,
    watch: Arc<Watch>,
    events: Arc<Events>,
    is_quiet: bool,
}

/// What Ctrl-C ends.
#[derive(Clone)]
struct Running(
    // Guards the token of the command that runs, or ran last; held for a moment.
    Arc<Mutex<Cancel>>,
);

impl Running {
    fn now(&self) -> Cancel {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another command begins.
    fn next(&self) -> io::Result<Cancel> {
        let next = Cancel::new()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next.clone();
        Ok(next)
    }
}

/// Whether there is another line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Went {
    On,
    Leave,
}

impl Shell {
    /// Reaches the server and goes to the directory of the URL.
    pub(crate) fn open(
        remote: &Remote,
        options: Options,
        events: &Arc<Events>,
        is_quiet: bool,
    ) -> Result<Shell, Failure> {
        let watch = Arc::new(Watch::default());
        let options = Options { tap: Some(watch.clone()), ..options };
        let fault = |e: io::Error| Failure::new(Exit::Local, "signals", e, "");
        let running = Running(Arc::new(Mutex::new(Cancel::new().map_err(fault)?)));
        let pulled = running.clone();
        on_signals(&[signal_hook::consts::SIGINT], move |_| pulled.now().cancel()).map_err(fault)?;
        let mut shell = Shell {
            remote: remote.clone(),
            options,
            place: None,
            home: Vec::new(),
            here: Vec::new(),
            running,
            screen: Screen::new(Style::choose(is_quiet, false), false),
            watch,
            events: events.clone(),
            is_quiet,
        };
        shell.home = shell.place()?.real_path(b"").map_err(|e| Failure::transfer(remote, &e))?;
        shell.here = shell.home.clone();
        if !remote.path.is_empty() {
            shell.go(&remote.path)?;
        }
        Ok(shell)
    }

    /// The server, which is reached again where the connection broke.
    fn place(&mut self) -> Result<&mut Place, Failure> {
        if self.place.as_ref().is_some_and(Place::is_over) {
            self.place = None;
        }
        if self.place.is_none() {
            let options = Options { cancel: Some(self.running.now()), ..self.options.clone() };
            let place = Place::open(&self.remote, &options);
            self.place = Some(place.map_err(|e| Failure::transfer(&self.remote, &e))?);
        }
        Ok(self.place.as_mut().expect("put in above where it was not"))
    }

    /// What stands before a line.
    fn prompt(&self) -> String {
        format!("{}:{}> ", self.remote.host, printable(&self.here))
    }

    /// Does one line.
    fn line(&mut self, line: &str) -> Result<Went, Failure> {
        let line = line.trim();
        let cancel = self.running.next().map_err(|e| Failure::new(Exit::Local, "a descriptor", e, ""))?;
        if let Some(command) = line.strip_prefix('!') {
            return verbs::elsewhere(command).map(|()| Went::On);
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(Went::On);
        }
        let words = words::split(line).map_err(|_| {
            Failure::usage("the line", "a quote is not closed", "close it, or put \\ before it")
        })?;
        let Some((name, words)) = words.split_first() else { return Ok(Went::On) };
        let shown = printable(&name.octets);
        let Some(row) = table::find(&name.octets) else {
            return Err(Failure::usage(shown, "no such command", "help lists them all"));
        };
        if words.len() < row.least || words.len() > row.most {
            let what =
                format!("{} words behind it", if words.len() < row.least { "too few" } else { "too many" });
            return Err(Failure::usage(shown, what, format!("it is {} {}", row.names[0], row.words)));
        }
        if let Some(place) = &mut self.place {
            place.set_cancel(Some(cancel));
        }
        self.command(row.command, words)
    }

    fn command(&mut self, command: Command, words: &[Word]) -> Result<Went, Failure> {
        match command {
            Command::Ls => self.ls(words),
            Command::Cd => self.cd(words),
            Command::Lcd => verbs::lcd(words),
            Command::Pwd => verbs::say(&printable(&self.here)),
            Command::Lpwd => verbs::lpwd(),
            Command::Get => self.get(words, false),
            Command::Put => self.put(words, false),
            Command::Reget => self.get(words, true),
            Command::Reput => self.put(words, true),
            Command::Mget => self.mget(words),
            Command::Mput => self.mput(words),
            Command::Rm => self.each(words, |place, path| place.remove(path)),
            Command::Ren => self.ren(words),
            Command::Mkdir => self.mkdir(words),
            Command::Rmdir => self.each(words, |place, path| place.remove_dir(path)),
            Command::Chmod => self.chmod(words),
            Command::Hash => self.hash(words),
            Command::Passive => self.passive(words),
            Command::Binary => self.kind(Type::Image),
            Command::Ascii => self.kind(Type::Text),
            Command::Site => self.quote(Some("SITE"), words),
            Command::Quote => self.quote(None, words),
            Command::Help => verbs::say(table::help().trim_end()),
            Command::Exit => return Ok(Went::Leave),
        }
        .map(|()| Went::On)
    }

    /// A path of the server, absolute.
    fn path(&self, word: &[u8]) -> Vec<u8> {
        joined(&self.here, word)
    }

    /// What words stand for on the server.
    fn there(&mut self, words: &[Word]) -> Result<Vec<Vec<u8>>, Failure> {
        let here = self.here.clone();
        let mut paths = Vec::new();
        for word in words {
            let place = self.place()?;
            let list = &mut |directory: &[u8]| {
                let listed = place.list(&joined(&here, directory))?;
                Ok(listed.into_iter().map(|listed| listed.name).collect())
            };
            let found = expand(&word.pattern, list).map_err(|no| match no {
                No::Match => none_fits(word),
                No::TooMany => too_many(word),
                No::Listing(why) => Failure::transfer(printable(&word.octets), &why),
            })?;
            paths.extend(found.iter().map(|path| joined(&here, path)));
        }
        Ok(paths)
    }

    /// What words stand for on this machine.
    fn here(words: &[Word]) -> Result<Vec<PathBuf>, Failure> {
        let list = &mut |directory: &[u8]| {
            let directory = if directory.is_empty() { Path::new(".") } else { path(directory) };
            let names = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().into_vec()));
            names.collect::<io::Result<Vec<_>>>()
        };
        let mut paths = Vec::new();
        for word in words {
            let found = expand(&word.pattern, list).map_err(|no| match no {
                No::Match => none_fits(word),
                No::TooMany => too_many(word),
                No::Listing(why) => Failure::local(printable(&word.octets), &why),
            })?;
            paths.extend(found.iter().map(|found| path(found).to_path_buf()));
        }
        Ok(paths)
    }
}

fn path(octets: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(octets))
}

fn none_fits(word: &Word) -> Failure {
    Failure::new(Exit::Absent, printable(&word.octets), "no name fits", "quotes make it a name")
}

fn too_many(word: &Word) -> Failure {
    Failure::usage(printable(&word.octets), "stands for too many names", "name fewer")
}
