//! The end that wants files.

use super::complaint;
use super::record::{BadRecord, LONGEST_LINE, Record, Times};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use bytes::{Buf as _, Bytes};
use core::fmt;

/// What its owner is told or asked. A question is answered by [`Sink::answer`], and nothing else comes before that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SinkEvent {
    /// A file is to come. Refused it does not.
    File {
        /// Its name, one component that leads nowhere else.
        name: Vec<u8>,
        /// Its mode.
        mode: u32,
        /// Octets that will come.
        size: u64,
        /// Its times, where the source sends them.
        times: Option<Times>,
    },
    /// The next octets of the file. No question: whoever cannot take them lets them go and says so at the end.
    Content(Bytes),
    /// All octets have come; the source says whether they are the file's.
    Whole {
        /// What it says where they are not.
        wrong: Option<String>,
    },
    /// A directory is to be entered, and made where it is not there. Refused nothing comes of it.
    Enter {
        /// Its name, one component.
        name: Vec<u8>,
        /// Its mode.
        mode: u32,
        /// Its times, where the source sends them.
        times: Option<Times>,
    },
    /// Back to the directory above.
    Leave,
    /// The source could not send something and goes on. No question.
    Complaint(String),
    /// It is over. No question.
    Over {
        /// Why it is not as it should be.
        fault: Option<SinkFault>,
    },
}

/// Why nothing more comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SinkFault {
    /// The source ended it.
    Fatal(String),
    /// Not this protocol.
    Broke(BadRecord),
    /// A directory although none was asked for.
    Directory,
    /// It says to leave the directory that it began in.
    Left,
    /// More directories in directories than any path has.
    Deep,
    /// The channel ended before the source did.
    Lost,
}

impl fmt::Display for SinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkFault::Fatal(a) => write!(f, "the far end said: {a}"),
            SinkFault::Broke(a) => write!(f, "protocol error: {a}"),
            SinkFault::Directory => f.write_str("received directory without -r"),
            SinkFault::Left => f.write_str("protocol error: more directories are left than entered"),
            SinkFault::Deep => f.write_str("directories too deep"),
            SinkFault::Lost => f.write_str("lost connection"),
        }
    }
}

impl core::error::Error for SinkFault {}

impl From<BadRecord> for SinkFault {
    fn from(bad: BadRecord) -> SinkFault {
        SinkFault::Broke(bad)
    }
}

/// Directories in directories: a path of 4,096 octets has no more.
const DEEPEST: u32 = 2_048;

/// The end that wants files. It says first that it is ready.
#[derive(Debug)]
pub struct Sink {
    recursive: bool,
    state: State,
    /// What came and was not looked at.
    input: Bytes,
    line: Vec<u8>,
    times: Option<Times>,
    depth: u32,
    ended: bool,
    output: Vec<u8>,
    event: Option<SinkEvent>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    Line,
    /// A question is open.
    Asked(Asked),
    /// So many octets are to come.
    Content(u64),
    /// The octet behind the content, or the line that says why it is wrong.
    Verdict,
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    File(u64),
    Whole,
    Enter,
    Leave,
}

impl Sink {
    /// One that takes directories where `recursive`.
    pub fn new(recursive: bool) -> Sink {
        Sink {
            recursive,
            state: State::Line,
            input: Bytes::new(),
            line: Vec::new(),
            times: None,
            depth: 0,
            ended: false,
            output: alloc::vec![0],
            event: None,
        }
    }

    /// Whether it takes more octets: not while it has some that wait for an answer.
    pub fn wants_input(&self) -> bool {
        self.input.is_empty() && !self.ended && self.event.is_none() && self.state != State::Over
    }

    /// Takes octets of the source; only where it [wants](Sink::wants_input) them.
    pub fn handle_input(&mut self, octets: Bytes) {
        self.input = octets;
        self.run();
    }

    /// The source sends no more.
    pub fn handle_end(&mut self) {
        self.ended = true;
        self.run();
    }

    /// Answers the question that is open: an error is said to the source, which goes on with what is next.
    pub fn answer(&mut self, result: Result<(), &str>) {
        let State::Asked(asked) = self.state.clone() else { return };
        match result {
            Ok(()) => self.output.push(0),
            Err(why) => self.output.extend(complaint(why)),
        }
        self.state = match (asked, result) {
            (Asked::File(0), Ok(())) => State::Verdict,
            (Asked::File(size), Ok(())) => State::Content(size),
            (Asked::Enter, Ok(())) => {
                self.depth += 1;
                State::Line
            }
            (Asked::Leave, _) => {
                self.depth -= 1;
                State::Line
            }
            (Asked::File(_) | Asked::Enter, Err(_)) | (Asked::Whole, _) => State::Line,
        };
        self.run();
    }

    /// Ends it from here: says why, in words.
    pub fn abort(&mut self, why: &str) {
        if self.state != State::Over {
            self.output.extend(complaint(why));
            self.state = State::Over;
            self.input.clear();
        }
    }

    /// What to send.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| core::mem::take(&mut self.output))
    }

    /// What to tell or ask.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<SinkEvent> {
        let event = self.event.take()?;
        self.run();
        Some(event)
    }

    /// Goes on until there is an event, or nothing more to look at.
    fn run(&mut self) {
        while self.event.is_none() {
            match self.state {
                State::Asked(_) | State::Over => return,
                State::Content(left) => {
                    if self.input.is_empty() {
                        return self.end_if_ended();
                    }
                    let bite = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
                    self.event = Some(SinkEvent::Content(self.input.split_to(bite)));
                    let left = left - bite as u64;
                    self.state = if left == 0 { State::Verdict } else { State::Content(left) };
                }
                State::Line | State::Verdict => {
                    let Some(line) = self.next_line() else { return };
                    match line {
                        Err(fault) => self.end(Some(fault)),
                        Ok(line) => self.take_line(&line),
                    }
                }
            }
        }
    }

    /// The next line without its end; the single 0 behind content is one as well.
    fn next_line(&mut self) -> Option<Result<Vec<u8>, SinkFault>> {
        if self.line.is_empty() && self.state == State::Verdict {
            match self.input.first() {
                Some(0) => {
                    self.input.advance(1);
                    return Some(Ok(alloc::vec![0]));
                }
                Some(1 | 2) | None => {}
                // More content than was announced, which may have no line ends.
                Some(_other) => return Some(Err(BadRecord::Kind.into())),
            }
        }
        let Some(end) = self.input.iter().position(|&b| b == b'\n') else {
            let more = core::mem::take(&mut self.input);
            if self.line.len() + more.len() > LONGEST_LINE {
                return Some(Err(BadRecord::TooLong.into()));
            }
            self.line.extend_from_slice(&more);
            self.end_if_ended();
            return None;
        };
        let part = self.input.split_to(end + 1);
        if self.line.len() + end > LONGEST_LINE {
            return Some(Err(BadRecord::TooLong.into()));
        }
        let mut line = core::mem::take(&mut self.line);
        line.extend_from_slice(&part[..end]);
        Some(Ok(line))
    }

    fn take_line(&mut self, line: &[u8]) {
        let said = |text: &[u8]| {
            let text: Vec<u8> = super::printable(text).collect();
            String::from_utf8_lossy(&text).trim().to_string()
        };
        match (line.first(), &self.state) {
            (Some(2), _) => return self.end(Some(SinkFault::Fatal(said(&line[1..])))),
            (Some(0), State::Verdict) => return self.ask(Asked::Whole, SinkEvent::Whole { wrong: None }),
            (Some(1), State::Verdict) => {
                let wrong = Some(said(&line[1..]));
                return self.ask(Asked::Whole, SinkEvent::Whole { wrong });
            }
            (_, State::Verdict) => return self.end(Some(BadRecord::Kind.into())),
            (Some(1), _) => {
                self.event = Some(SinkEvent::Complaint(said(&line[1..])));
                return;
            }
            (_, State::Line | State::Asked(_) | State::Content(_) | State::Over) => {}
        }
        match Record::parse(line) {
            Err(bad) => self.end(Some(bad.into())),
            Ok(Record::Times(times)) => {
                self.times = Some(times);
                self.output.push(0);
            }
            Ok(Record::File { mode, size, name }) => {
                let times = self.times.take();
                self.ask(Asked::File(size), SinkEvent::File { name, mode, size, times });
            }
            Ok(Record::Enter { .. }) if !self.recursive => self.end(Some(SinkFault::Directory)),
            Ok(Record::Enter { .. }) if self.depth >= DEEPEST => self.end(Some(SinkFault::Deep)),
            Ok(Record::Enter { mode, name }) => {
                let times = self.times.take();
                self.ask(Asked::Enter, SinkEvent::Enter { name, mode, times });
            }
            Ok(Record::Leave) if self.depth == 0 => self.end(Some(SinkFault::Left)),
            Ok(Record::Leave) => self.ask(Asked::Leave, SinkEvent::Leave),
        }
    }

    fn ask(&mut self, asked: Asked, event: SinkEvent) {
        self.state = State::Asked(asked);
        self.event = Some(event);
    }

    fn end_if_ended(&mut self) {
        if self.ended {
            let is_between = self.state == State::Line && self.line.is_empty() && self.depth == 0;
            self.end((!is_between).then_some(SinkFault::Lost));
        }
    }

    fn end(&mut self, fault: Option<SinkFault>) {
        match &fault {
            None | Some(SinkFault::Lost | SinkFault::Fatal(_)) => {}
            Some(told) => self.output.extend(complaint(&told.to_string())),
        }
        self.state = State::Over;
        self.input.clear();
        self.event = Some(SinkEvent::Over { fault });
    }
}
