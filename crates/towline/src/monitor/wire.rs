//! What monitor and worker say to each other: one message, one line of JSON, descriptors beside it.

use super::{Answer, Question, Ran, Refused};
use crate::exit::{Exit, Failure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use transport::{Channel, Message};

/// Why there is a reload that no operator waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// A signal asked for it.
    Signal,
    /// Certificates have changed.
    Files,
}

/// What a monitor says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToWorker {
    /// The first message, with a descriptor for each label; the last one is the configuration's text.
    Start(Start),
    /// Serve: whoever served before reads the sockets no more.
    Go {
        /// Sessions and transfers are counted on from here.
        numbers: u64,
    },
    /// The answer to the question of this number; a socket comes beside it.
    Answer(u64, Said),
    /// Answer with the number when the loop comes by.
    Ping(u64),
    /// A successor asks what an operator asked it: the socket comes beside it.
    Caller,
    /// A reload that no operator waits for came about by this worker, or did not for this reason.
    Reloaded(Cause, Option<String>),
    /// Leave the sockets to a successor; what runs goes on.
    Retire,
    /// Nothing new; what runs goes on.
    Drain,
    /// End now.
    Cut,
}

/// How a worker begins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The monitor's version: a worker of another one ends.
    pub(crate) version: String,
    /// What each descriptor is.
    pub(crate) labels: Vec<String>,
    /// Which of the service's workers this is, from 1.
    pub(crate) generation: u32,
}

/// An answer without its socket.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Socket,
    Ran(Ran),
    Done,
    Refused(Refused),
}

/// What a worker says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToMonitor {
    /// Everything is open and given up; waits for [`ToWorker::Go`].
    Ready,
    /// It serves.
    Serving {
        /// One line, for a service manager's status.
        status: String,
    },
    /// It cannot serve; it ends after this.
    Failed(Fault),
    /// Reads the listening sockets no more.
    Retired {
        /// The highest number of a session or transfer so far.
        numbers: u64,
    },
    /// A question and its number.
    Ask(u64, Question),
    /// The answer to a ping.
    Pong(u64),
    /// The last words before its end.
    Ended {
        /// The exit code.
        exit: u8,
    },
}

/// Octets on their way: as the text that they are, where they are one. A list of numbers is four times as long.
pub(super) mod octets {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Octets<T, L> {
        Text(T),
        List(L),
    }

    pub(in super::super) fn serialize<S: Serializer>(octets: &[u8], to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(octets) {
            Ok(text) => Octets::<&str, &[u8]>::Text(text).serialize(to),
            Err(_) => Octets::<&str, &[u8]>::List(octets).serialize(to),
        }
    }

    pub(in super::super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Octets::<String, Vec<u8>>::deserialize(from)? {
            Octets::Text(text) => text.into_bytes(),
            Octets::List(list) => list,
        })
    }
}

/// A [`Failure`] on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Fault {
    exit: u8,
    thing: String,
    what: String,
    way_out: String,
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Fault {
        let Failure { exit, thing, what, way_out } = failure.clone();
        Fault { exit: exit.code(), thing, what, way_out }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let exit = Exit::ALL.iter().find(|(exit, _)| exit.code() == fault.exit);
        Failure::new(exit.map_or(Exit::Failed, |row| row.0), fault.thing, fault.what, fault.way_out)
    }
}

impl Said {
    /// Takes the socket out of an answer.
    pub(crate) fn of(answer: Answer) -> (Said, Option<OwnedFd>) {
        match answer {
            Answer::Socket(socket) => (Said::Socket, Some(socket)),
            Answer::Ran(ran) => (Said::Ran(ran), None),
            Answer::Done => (Said::Done, None),
            Answer::Refused(refused) => (Said::Refused(refused), None),
        }
    }

    /// Puts it back.
    pub(crate) fn with(self, socket: Option<OwnedFd>) -> Answer {
        match self {
            // It was sent: where it did not arrive this process has no descriptor left for it.
            Said::Socket => socket.map_or(Answer::Refused(Refused::System(NONE_LEFT)), Answer::Socket),
            Said::Ran(ran) => Answer::Ran(ran),
            Said::Done => Answer::Done,
            Said::Refused(refused) => Answer::Refused(refused),
        }
    }
}

/// EMFILE.
const NONE_LEFT: i32 = rustix::io::Errno::MFILE.raw_os_error();

/// Sends a message.
pub(crate) fn send(channel: &Channel, what: &impl Serialize, with: &[BorrowedFd<'_>]) -> io::Result<()> {
    let octets = serde_json::to_vec(what).map_err(io::Error::from)?;
    channel.send(&octets, with)
}

/// The next message; `None`: the other end is gone.
pub(crate) fn receive<T: DeserializeOwned>(channel: &Channel) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let Some(Message { octets, descriptors }) = channel.receive()? else { return Ok(None) };
    Ok(Some((serde_json::from_slice(&octets)?, descriptors)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn an_answer_comes_with_its_socket_or_says_that_there_is_no_place_for_it() {
        let (monitor, worker) = Channel::pair().unwrap();
        let (said, socket) =
            Said::of(Answer::Socket(std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()));
        let socket = socket.unwrap();
        send(&monitor, &ToWorker::Answer(7, said.clone()), &[socket.as_fd()]).unwrap();
        send(&monitor, &ToWorker::Answer(8, said), &[]).unwrap();
        let next = || {
            let (message, descriptors) = receive::<ToWorker>(&worker).unwrap().unwrap();
            let ToWorker::Answer(nth, said) = message else { panic!("{message:?}") };
            (nth, said.with(descriptors.into_iter().next()))
        };
        assert!(matches!(next(), (7, Answer::Socket(_))));
        assert!(matches!(next(), (8, Answer::Refused(Refused::System(NONE_LEFT)))));
    }

    /// A directory renamed whose names are as long as names can be, and not one octet of them printable.
    #[test]
    fn the_longest_event_fits_into_a_question() {
        use crate::events::{line, told};
        use gate::audit::{Event, What};
        let path = || {
            let names: Vec<u8> =
                (0..store::MAX_PATH / 256).flat_map(|_| [&b"/"[..], &[0xff; 255]].concat()).collect();
            store::VPath::parse(&names).unwrap()
        };
        let what = What::Renamed { from: path(), to: path() };
        let at = std::time::SystemTime::now();
        let event = Event { seq: 1, at, session: 1, protocol: None, peer: None, user: None, what };
        let input = line(1, at, &told(&event)).into_bytes();
        assert!(input.len() > 40_000 && input.len() < super::super::answer::INPUT, "{}", input.len());
        let environment = vec![("TOWLINE_PATH".into(), "\\xff".repeat(store::MAX_PATH))];
        let (program, patience) = (super::super::Program::Hook(0), std::time::Duration::ZERO);
        let question = Question::Run(super::super::Listed { program, environment, input, patience });
        let (monitor, worker) = Channel::pair().unwrap();
        send(&worker, &ToMonitor::Ask(1, question.clone()), &[]).unwrap();
        let (message, _) = receive::<ToMonitor>(&monitor).unwrap().unwrap();
        assert_eq!(message, ToMonitor::Ask(1, question));
    }

    #[test]
    fn an_input_that_is_no_text_arrives_as_it_is() {
        for input in [&b"s3cret"[..], b"\xff\0", b""] {
            let listed = super::super::Listed {
                program: super::super::Program::Identity,
                environment: Vec::new(),
                input: input.to_vec(),
                patience: std::time::Duration::ZERO,
            };
            let json = serde_json::to_string(&listed).unwrap();
            assert_eq!(serde_json::from_str::<super::super::Listed>(&json).unwrap(), listed, "{json}");
        }
    }

    #[test]
    fn the_longest_run_fits_into_a_message() {
        let (monitor, worker) = Channel::pair().unwrap();
        let full = vec![255; super::super::command::KEPT];
        let ran = Ran { code: Some(0), timed_out: false, output: full.clone(), errors: full };
        send(&monitor, &ToWorker::Answer(1, Said::Ran(ran.clone())), &[]).unwrap();
        let (message, _) = receive::<ToWorker>(&worker).unwrap().unwrap();
        assert_eq!(message, ToWorker::Answer(1, Said::Ran(ran)));
    }
}
