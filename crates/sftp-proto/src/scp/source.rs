//! The end that has files.

use super::complaint;
use super::record::{LONGEST_LINE, Record};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use bytes::{Buf as _, Bytes};
use core::fmt;

/// What its owner is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceEvent {
    /// The sink waits for the next: for the first record, behind a record, behind content.
    Agreed,
    /// The sink could not do it: what that was about is over, and something else may come.
    Refused(String),
    /// It is over.
    Over {
        /// Why it is not as it should be.
        fault: Option<SourceFault>,
    },
}

/// Why nothing more is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceFault {
    /// The sink ended it.
    Fatal(String),
    /// Not this protocol.
    Broke(u8),
    /// More than a line of message.
    TooLong,
    /// The channel ended before it was done.
    Lost,
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceFault::Fatal(a) => write!(f, "the far end said: {a}"),
            SourceFault::Broke(a) => {
                write!(f, "protocol error: the far end sent {a:#04x} where it acknowledges")
            }
            SourceFault::TooLong => f.write_str("protocol error: a message without an end"),
            SourceFault::Lost => f.write_str("lost connection"),
        }
    }
}

impl core::error::Error for SourceFault {}

/// The end that has files. Its owner waits for [`SourceEvent::Agreed`] before each record, and sends the content of a
/// file itself, as it is, with [`Source::whole`] behind it.
#[derive(Debug)]
pub struct Source {
    state: State,
    input: Bytes,
    message: Vec<u8>,
    output: Vec<u8>,
    event: Option<SourceEvent>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The sink is to answer.
    Waits,
    /// The rest of its message is to come: whether that is the end of it all.
    Message {
        fatal: bool,
    },
    /// The owner is to go on.
    Ready,
    Over,
}

impl Default for Source {
    fn default() -> Self {
        Source::new()
    }
}

impl Source {
    /// One that waits for its sink to be ready.
    pub fn new() -> Source {
        Source {
            state: State::Waits,
            input: Bytes::new(),
            message: Vec::new(),
            output: Vec::new(),
            event: None,
        }
    }

    /// Whether it takes octets: only while the sink has something to answer.
    pub fn wants_input(&self) -> bool {
        matches!(self.state, State::Waits | State::Message { .. })
    }

    /// Takes octets of the sink; only where it [wants](Source::wants_input) them, so that a flood stays in the channel.
    pub fn handle_input(&mut self, octets: &[u8]) {
        let mut all = Vec::with_capacity(self.input.len() + octets.len());
        all.extend_from_slice(&self.input);
        all.extend_from_slice(octets);
        self.input = all.into();
        self.run();
    }

    /// The sink sends no more.
    pub fn handle_end(&mut self) {
        match self.state {
            State::Ready | State::Over => {}
            State::Waits | State::Message { .. } => self.end(SourceFault::Lost),
        }
    }

    /// Says what comes next; only where the sink waits for it.
    pub fn record(&mut self, record: &Record) {
        debug_assert_eq!(self.state, State::Ready, "the owner waits for Agreed");
        record.write(&mut self.output);
        self.wait();
    }

    /// Behind the content of a file: that it was that file's, or why it was not.
    pub fn whole(&mut self, result: Result<(), &str>) {
        match result {
            Ok(()) => self.output.push(0),
            Err(why) => self.output.extend(complaint(why)),
        }
        self.wait();
    }

    /// Says that something is not sent, and goes on: nothing comes back.
    pub fn complain(&mut self, why: &str) {
        self.output.extend(complaint(why));
    }

    /// What to send, before any content.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| core::mem::take(&mut self.output))
    }

    /// What to tell.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<SourceEvent> {
        self.event.take()
    }

    fn wait(&mut self) {
        if self.state == State::Ready {
            self.state = State::Waits;
            self.run();
        }
    }

    fn run(&mut self) {
        loop {
            match self.state {
                State::Ready | State::Over => return,
                State::Waits => {
                    if self.input.is_empty() {
                        return;
                    }
                    match self.input.get_u8() {
                        0 => {
                            self.state = State::Ready;
                            self.event = Some(SourceEvent::Agreed);
                        }
                        1 => self.state = State::Message { fatal: false },
                        2 => self.state = State::Message { fatal: true },
                        other => return self.end(SourceFault::Broke(other)),
                    }
                }
                State::Message { fatal } => {
                    let Some(end) = self.input.iter().position(|&b| b == b'\n') else {
                        let more = core::mem::take(&mut self.input);
                        self.message.extend_from_slice(&more);
                        if self.message.len() > LONGEST_LINE {
                            self.end(SourceFault::TooLong);
                        }
                        return;
                    };
                    let part = self.input.split_to(end + 1);
                    self.message.extend_from_slice(&part[..end]);
                    if self.message.len() > LONGEST_LINE {
                        return self.end(SourceFault::TooLong);
                    }
                    let text: Vec<u8> = super::printable(&core::mem::take(&mut self.message)).collect();
                    let text = String::from_utf8_lossy(&text).trim().to_string();
                    if fatal {
                        return self.end(SourceFault::Fatal(text));
                    }
                    self.state = State::Ready;
                    self.event = Some(SourceEvent::Refused(text));
                }
            }
        }
    }

    fn end(&mut self, fault: SourceFault) {
        self.state = State::Over;
        self.event = Some(SourceEvent::Over { fault: Some(fault) });
    }
}
