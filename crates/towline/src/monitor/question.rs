//! The questions and their answers, as they travel between worker and monitor.

use super::Ran;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// What may be asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Question {
    /// A listener for a passive data connection.
    Passive {
        /// The address of ours that the control connection came to.
        at: IpAddr,
    },
    /// A connection out of a port below 1024, or out of any with port 0.
    ConnectFrom {
        /// Our end.
        from: SocketAddr,
        /// The peer's.
        to: SocketAddr,
    },
    /// A connection to a place of the configuration.
    Reach {
        /// Which one.
        place: Place,
    },
    /// A program of the configuration.
    Run(Listed),
    /// The configuration anew, and a process that serves by it in place of this one.
    Successor,
    /// A connection to another worker of this service, which drains: what an operator asks is asked of it too.
    Elder {
        /// Which one, from the youngest, 0.
        nth: usize,
    },
}

impl Question {
    /// Whether a hook wants it: hooks wait where others do not.
    pub(super) fn is_of_hook(&self) -> bool {
        match self {
            Question::Run(Listed { program: Program::Hook(_), .. })
            | Question::Reach { place: Place::Hook(_) } => true,
            Question::Run(Listed { program: Program::Identity, .. })
            | Question::Reach { place: Place::Syslog }
            | Question::Passive { .. }
            | Question::ConnectFrom { .. }
            | Question::Successor
            | Question::Elder { .. } => false,
        }
    }
}

/// A program, by where the configuration names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Program {
    /// `identity.command`.
    Identity,
    /// The `run` of this `[[hook]]`, from 0.
    Hook(u32),
}

/// A place on the network, by where the configuration names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Place {
    /// The host of the `url` of this `[[hook]]`, from 0.
    Hook(u32),
    /// `audit.syslog`, over TCP.
    Syslog,
}

/// A program of the configuration with what this run gives it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listed {
    /// Which one.
    pub program: Program,
    /// Variables that it finds besides PATH; names begin with `TOWLINE_`, others are refused.
    pub environment: Vec<(String, String)>,
    /// What it reads on its standard input; at most 64 KiB.
    #[serde(with = "super::wire::octets")]
    pub input: Vec<u8>,
    /// It is killed, with all that it started in its process group, after this time.
    pub patience: Duration,
}

/// What comes back.
#[derive(Debug)]
pub enum Answer {
    /// A socket, listening or on its way.
    Socket(OwnedFd),
    /// The program has run.
    Ran(Ran),
    /// It is done.
    Done,
    /// It is not.
    Refused(Refused),
}

/// Why not.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// The system said no, with this errno.
    #[error("{}", io::Error::from_raw_os_error(*.0))]
    System(i32),
    /// The configuration does not list it.
    #[error("the configuration names no such {0}")]
    NotListed(String),
    /// What was asked is not a thing that is ever done.
    #[error("{0}")]
    Never(String),
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
    /// The monitor is gone.
    #[error("the monitor is gone")]
    Gone,
    /// The answer is of another kind than the question.
    #[error("the answer does not fit the question")]
    Unfit,
}

impl Refused {
    /// A system's error, or its words where it has no number.
    pub(super) fn of(error: &io::Error) -> Refused {
        let full = rustix::io::Errno::ADDRINUSE.raw_os_error();
        match error.raw_os_error() {
            Some(errno) => Refused::System(errno),
            // A range of ports that is used up has words of ours.
            None if error.kind() == io::ErrorKind::AddrInUse => Refused::System(full),
            None => Refused::Failed(error.to_string()),
        }
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> io::Error {
        match refused {
            Refused::System(errno) => io::Error::from_raw_os_error(errno),
            refused @ (Refused::NotListed(_) | Refused::Never(_)) => {
                io::Error::new(io::ErrorKind::PermissionDenied, refused)
            }
            refused @ (Refused::Failed(_) | Refused::Gone | Refused::Unfit) => io::Error::other(refused),
        }
    }
}

impl Answer {
    /// The socket of an answer that is one.
    pub(super) fn socket(self) -> io::Result<OwnedFd> {
        match self {
            Answer::Socket(socket) => Ok(socket),
            Answer::Refused(refused) => Err(refused.into()),
            Answer::Ran(_) | Answer::Done => Err(Refused::Unfit.into()),
        }
    }
}
