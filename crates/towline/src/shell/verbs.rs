//! What moves no octets of files.

use super::words::Word;
use super::{Shell, path};
use crate::commands::remote::{hash, ls, stat};
use crate::digest::Algorithm;
use crate::exit::{Exit, Failure};
use crate::ladder::printable;
use client::{ClientError, Facts, Kind, Place};
use std::io::{self, Write as _};

/// Prints a line.
pub(super) fn say(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{line}").map_err(|e| stdout(&e))
}

fn stdout(e: &io::Error) -> Failure {
    Failure { exit: Exit::Local, ..Failure::local("stdout", e) }
}

/// Runs a command of this machine; without one a shell of it.
pub(super) fn elsewhere(command: &str) -> Result<(), Failure> {
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let mut run = std::process::Command::new(if command.is_empty() { shell } else { "/bin/sh".into() });
    if !command.is_empty() {
        run.arg("-c").arg(command);
    }
    let status = run.status().map_err(|e| Failure::local("!", &e))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("!{command}"), format!("ended with {status}"), ""))
}

pub(super) fn lcd(words: &[Word]) -> Result<(), Failure> {
    let home = std::env::home_dir().unwrap_or_default();
    let to = words.first().map_or(&*home, |word| path(&word.octets));
    std::env::set_current_dir(to).map_err(|e| Failure::local(to.display(), &e))
}

pub(super) fn lpwd() -> Result<(), Failure> {
    let here = std::env::current_dir().map_err(|e| Failure::local(".", &e))?;
    say(&here.display().to_string())
}

impl Shell {
    /// Goes to a directory that is there.
    pub(super) fn go(&mut self, to: &[u8]) -> Result<(), Failure> {
        let place = self.place()?;
        let fault = |e| Failure::transfer(printable(to), &e);
        let to = place.real_path(to).map_err(fault)?;
        let attrs = place.stat(&to).map_err(fault)?;
        if attrs.mode.is_some() && stat::kind(&attrs) != Some(Kind::Directory) {
            return Err(Failure::new(Exit::Failed, printable(&to), "is no directory", ""));
        }
        self.here = to;
        Ok(())
    }

    pub(super) fn cd(&mut self, words: &[Word]) -> Result<(), Failure> {
        let to = match words {
            [] => self.home.clone(),
            words => match &self.there(words)?[..] {
                [one] => one.clone(),
                _several => return Err(Failure::usage("cd", "that is several names", "name one")),
            },
        };
        self.go(&to)
    }

    pub(super) fn ls(&mut self, words: &[Word]) -> Result<(), Failure> {
        let (flags, words): (Vec<&Word>, Vec<&Word>) = words.iter().partition(|word| word.octets == b"-l");
        let words: Vec<Word> = words.into_iter().cloned().collect();
        let paths = if words.is_empty() { vec![self.here.clone()] } else { self.there(&words)? };
        let is_headed = paths.len() > 1;
        for path in paths {
            let mut names =
                ls::names(self.place()?, &path).map_err(|e| Failure::transfer(printable(&path), &e))?;
            names.sort_by(|a, b| a.name.cmp(&b.name));
            let is_itself = matches!(&names[..], [only] if path.ends_with(&only.name) && only.kind != Some(Kind::Directory));
            if is_headed && !is_itself {
                say(&format!("{}:", printable(&path)))?;
            }
            for listed in names {
                ls::print(&listed, !flags.is_empty()).map_err(|e| stdout(&e))?;
            }
        }
        Ok(())
    }

    /// Does something with each of several paths.
    pub(super) fn each(
        &mut self,
        words: &[Word],
        act: impl Fn(&mut Place, &[u8]) -> Result<(), ClientError>,
    ) -> Result<(), Failure> {
        for path in self.there(words)? {
            act(self.place()?, &path).map_err(|e| Failure::transfer(printable(&path), &e))?;
        }
        Ok(())
    }

    pub(super) fn mkdir(&mut self, words: &[Word]) -> Result<(), Failure> {
        for word in words {
            let path = self.path(&word.octets);
            self.place()?.make_dir(&path).map_err(|e| Failure::transfer(printable(&path), &e))?;
        }
        Ok(())
    }

    pub(super) fn ren(&mut self, words: &[Word]) -> Result<(), Failure> {
        let [old, new] = words else { unreachable!("the table wants two words") };
        let (old, new) = (self.path(&old.octets), self.path(&new.octets));
        self.place()?.rename(&old, &new, true).map_err(|e| Failure::transfer(printable(&old), &e))
    }

    pub(super) fn chmod(&mut self, words: &[Word]) -> Result<(), Failure> {
        let [mode, words @ ..] = words else { unreachable!("the table wants two words") };
        let text = String::from_utf8_lossy(&mode.octets);
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o7777);
        let Some(mode) = mode else {
            return Err(Failure::usage(text, "is no mode", "octal, as chmod takes it: 644"));
        };
        self.each(words, |place, path| place.set_facts(path, Facts { mode: Some(mode), times: None }))
    }

    pub(super) fn hash(&mut self, words: &[Word]) -> Result<(), Failure> {
        let (algorithm, words) = match words {
            [flag, name, words @ ..] if flag.octets == b"-a" => {
                let name = String::from_utf8_lossy(&name.octets);
                let algorithm = hash::algorithm(&name);
                (algorithm.map_err(|e| Failure::usage(name, "is no algorithm", e))?, words)
            }
            words => (Algorithm::Sha256, words),
        };
        for path in self.there(words)? {
            let name = printable(&path);
            let (digest, _) = hash::digest(self.place()?, &path, algorithm, &name)?;
            say(&format!("{digest}  {name}"))?;
        }
        Ok(())
    }
}
