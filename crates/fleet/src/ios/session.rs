//! The machine at a real line.

use super::survey::{Around, Texts, itself};
use super::talk::{Answer, Event, Login, Reply, Talk};
use super::tape::Tape;
use super::trouble::{Trouble, Why};
use client::terminal::{Heard, Place, Terminal};
use client::{ClientError, Options};
use clock::{Duration, Instant};
use std::net::IpAddr;

/// Why a device could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no line to it.
    #[error(transparent)]
    Line(#[from] ClientError),
    /// What it says stops the conversation.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// It refuses a command that is needed.
    #[error("it refuses '{command}': {complaint}")]
    Complaint {
        /// As it was typed.
        command: String,
        /// The line that refuses.
        complaint: String,
    },
    /// What it says was not understood.
    #[error("what it says to '{command}' was not understood: {why}")]
    Unreadable {
        /// As it was typed.
        command: &'static str,
        /// Expected and found.
        why: String,
    },
}

/// A device at whose privileged prompt somebody is. Dropped, the line is closed.
pub struct Session {
    terminal: Terminal,
    talk: Talk,
    began: std::time::Instant,
    /// What it said when it was asked for its facts last.
    pub(super) texts: Option<Texts>,
    tape: Tape,
}

impl Session {
    /// Reaches it and logs in.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn open(place: &Place, login: Login, options: &Options) -> Result<Session, Fault> {
        let began = std::time::Instant::now();
        let terminal = Terminal::open(place, login.password.as_deref(), options)?;
        let talk = Talk::new(since(began), login);
        let mut session = Session { terminal, talk, began, texts: None, tape: Tape::default() };
        match session.next(None)? {
            Event::Ready => Ok(session),
            Event::Stopped(trouble) => Err(trouble.into()),
            Event::Answer(_) => unreachable!("nothing was asked"),
        }
    }

    /// Our address, as the device sees it; `None` behind other hosts.
    pub fn our_address(&self) -> Option<IpAddr> {
        self.terminal.local()
    }

    /// As its prompt has it.
    pub fn hostname(&self) -> &str {
        self.talk.hostname()
    }

    /// What stood on the line since this was asked last, without secrets.
    pub fn take_transcript(&mut self) -> String {
        self.tape.take()
    }

    /// Its running configuration, as it was shown last.
    pub fn running(&self) -> Option<String> {
        self.texts.as_ref()?.running.as_deref().map(itself)
    }

    /// Who is around it, as it was asked for its facts last.
    pub fn around(&self) -> Vec<Around> {
        self.texts.as_ref().map(Texts::around).unwrap_or_default()
    }

    /// Types a command and waits for its answer; `quiet` is how long nothing may come.
    ///
    /// # Errors
    /// See [`Fault`]; one that is refused is an answer.
    pub fn ask(&mut self, command: &str, quiet: Duration) -> Result<Answer, Fault> {
        self.ask_and_reply(command, quiet, Vec::new())
    }

    /// The same for a command that may ask back.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn ask_and_reply(
        &mut self,
        command: &str,
        quiet: Duration,
        replies: Vec<Reply>,
    ) -> Result<Answer, Fault> {
        self.talk.ask_and_reply(since(self.began), command, quiet, replies);
        match self.next(None)? {
            Event::Answer(answer) => Ok(answer),
            Event::Stopped(trouble) => Err(trouble.into()),
            Event::Ready => unreachable!("it was ready"),
        }
    }

    /// A command that ends the conversation: what it answers where it does not, within that time. A line at a console does not end, and
    /// prints for minutes what a start prints.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn leave(
        mut self,
        command: &str,
        within: Duration,
        replies: Vec<Reply>,
    ) -> Result<Option<Answer>, Fault> {
        self.talk.ask_and_reply(since(self.began), command, within, replies);
        match self.next(Some(std::time::Instant::now() + within)) {
            Ok(Event::Answer(answer)) => Ok(Some(answer)),
            Ok(Event::Stopped(Trouble { why: Why::Gone | Why::Silent(_), .. })) => Ok(None),
            Ok(Event::Stopped(trouble)) => Err(trouble.into()),
            Ok(Event::Ready) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The next event; [`Event::Ready`] where none comes until then.
    fn next(&mut self, end: Option<std::time::Instant>) -> Result<Event, Fault> {
        loop {
            while let Some(octets) = self.talk.poll_transmit() {
                self.terminal.write(&octets)?;
            }
            if let Some(event) = self.talk.poll_event() {
                return Ok(event);
            }
            if end.is_some_and(|end| std::time::Instant::now() >= end) {
                return Ok(Event::Ready);
            }
            let until = self.talk.deadline().map(|at| self.began + (at - Instant::ZERO));
            let until = until.into_iter().chain(end).min();
            match self.terminal.read(until)? {
                Heard::Octets(octets) => {
                    self.tape.hear(&octets);
                    self.talk.handle_input(since(self.began), &octets);
                }
                Heard::Over => self.talk.handle_end(),
                Heard::Nothing => self.talk.handle_timeout(since(self.began)),
            }
        }
    }
}

fn since(began: std::time::Instant) -> Instant {
    Instant::from_nanos(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))
}
