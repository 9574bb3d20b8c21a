//! What only FTP has.

use super::Shell;
use super::verbs::say;
use super::words::Word;
use crate::exit::Failure;
use crate::ladder::printable;
use client::ftp::Session;
use client::{Passive, Place, Type};

impl Shell {
    /// The session, where it is one of FTP.
    fn ftp(&mut self, command: &str) -> Result<&mut Session, Failure> {
        match self.place()? {
            Place::Ftp(session) => Ok(session),
            Place::Sftp(_) | Place::Scp(_) => {
                Err(Failure::usage(command, "is a command of FTP", "help lists what there is besides"))
            }
        }
    }

    /// `on`: as at the beginning, EPSV and PASV first; without a word it is turned over.
    pub(super) fn passive(&mut self, words: &[Word]) -> Result<(), Failure> {
        let is_on = self.options.ftp.passive != Passive::No;
        let is_on = match words.first().map(|word| &word.octets[..]) {
            None => !is_on,
            Some(b"on") => true,
            Some(b"off") => false,
            Some(other) => {
                return Err(Failure::usage(printable(other), "is neither on nor off", "passive [on|off]"));
            }
        };
        let passive = if is_on { Passive::Yes } else { Passive::No };
        self.ftp("passive")?.set_passive(passive);
        // For a connection that is made again, too.
        self.options.ftp.passive = passive;
        if self.is_quiet {
            return Ok(());
        }
        say(if is_on {
            "passive: we open data connections"
        } else {
            "active: the server opens data connections"
        })
    }

    pub(super) fn kind(&mut self, kind: Type) -> Result<(), Failure> {
        let command = match kind {
            Type::Image => "binary",
            Type::Text => "ascii",
        };
        self.ftp(command)?.set_kind(kind);
        self.remote.kind = kind;
        Ok(())
    }

    /// Says words to the server, and what it answers.
    pub(super) fn quote(&mut self, verb: Option<&str>, words: &[Word]) -> Result<(), Failure> {
        let words = verb.map(str::as_bytes).into_iter().chain(words.iter().map(|word| &word.octets[..]));
        let line = words.collect::<Vec<_>>().join(&b' ');
        let session = self.ftp("quote")?;
        let lines = session.quote(&line).map_err(|e| Failure::transfer(printable(&line), &e))?;
        lines.iter().try_for_each(|line| say(&printable(line)))
    }
}
