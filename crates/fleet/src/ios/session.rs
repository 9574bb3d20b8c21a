//! The machine at a real line.

use super::talk::{Answer, Event, Login, Talk};
use super::trouble::Trouble;
use client::terminal::{Heard, Place, Terminal};
use client::{ClientError, Options};
use clock::{Duration, Instant};

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
        let mut session = Session { terminal, talk, began };
        match session.next()? {
            Event::Ready => Ok(session),
            Event::Stopped(trouble) => Err(trouble.into()),
            Event::Answer(_) => unreachable!("nothing was asked"),
        }
    }

    /// As its prompt has it.
    pub fn hostname(&self) -> &str {
        self.talk.hostname()
    }

    /// Types a command and waits for its answer; `quiet` is how long nothing may come.
    ///
    /// # Errors
    /// See [`Fault`]; one that is refused is an answer.
    pub fn ask(&mut self, command: &str, quiet: Duration) -> Result<Answer, Fault> {
        self.talk.ask(since(self.began), command, quiet);
        match self.next()? {
            Event::Answer(answer) => Ok(answer),
            Event::Stopped(trouble) => Err(trouble.into()),
            Event::Ready => unreachable!("it was ready"),
        }
    }

    fn next(&mut self) -> Result<Event, Fault> {
        loop {
            while let Some(octets) = self.talk.poll_transmit() {
                self.terminal.write(&octets)?;
            }
            if let Some(event) = self.talk.poll_event() {
                return Ok(event);
            }
            let until = self.talk.deadline().map(|at| self.began + (at - Instant::ZERO));
            match self.terminal.read(until)? {
                Heard::Octets(octets) => self.talk.handle_input(since(self.began), &octets),
                Heard::Over => self.talk.handle_end(),
                Heard::Nothing => self.talk.handle_timeout(since(self.began)),
            }
        }
    }
}

fn since(began: std::time::Instant) -> Instant {
    Instant::from_nanos(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))
}
