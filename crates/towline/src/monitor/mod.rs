//! What needs privilege, or a program to be run: a fixed list of questions, and who answers them.
//!
//! Code that parses the network may only *ask*. In a process that has no monitor [`Here`] answers, in the
//! same process; a worker of a service asks its monitor. A question names what the configuration lists (the
//! second hook, the passive range) and never a program or a place of the asker's choice: a worker that was
//! taken over can have nothing run that the operator did not write down.
//!
//! - `question`: the questions and their answers, as they travel.
//! - `mandate`: what the configuration lets them ask for.
//! - `answer`: how each is answered.
//! - `command`: runs a program with input, time limit and bounded output.
//! - `here`: the answers in this process.
//! - `house`: the monitor; `asked`: a worker's end of it; `wire`: what they say to each other.

mod answer;
mod asked;
mod command;
mod here;
mod house;
mod mandate;
mod question;
mod wire;

pub(crate) use asked::{Asked, Hear, Order};
pub use command::{Failed, Ran, Run, end_all, run};
pub use here::Here;
pub(crate) use house::{House, Prepared, Terminal};
pub use mandate::{Address, Argv, Mandate, Reached};
pub use question::{Answer, Listed, Place, Program, Question, Refused};
pub(crate) use wire::{Cause, ToMonitor};

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

/// Answers questions that need privilege. Blocking: a name to resolve, a program to end.
pub trait Privileged: Debug + Send + Sync {
    /// The answer. A descriptor in it is close-on-exec and non-blocking.
    fn ask(&self, question: Question) -> Answer;
}

impl dyn Privileged + '_ {
    /// A listener for one passive data connection on `at`, in the configured range of ports.
    ///
    /// # Errors
    /// What the system said, or `AddrInUse` when every port of the range is taken.
    pub fn passive(&self, at: IpAddr) -> io::Result<TcpListener> {
        self.ask(Question::Passive { at }).socket().map(TcpListener::from)
    }

    /// An active data connection from `from` (RFC 959 §3.2: port 20) that may still be under way: wait until
    /// it is writable, then look at its error.
    ///
    /// # Errors
    /// What the system said at once; `AddrNotAvailable` while an older connection holds the same two ends.
    pub fn connect_from(&self, from: SocketAddr, to: SocketAddr) -> io::Result<TcpStream> {
        self.ask(Question::ConnectFrom { from, to }).socket().map(TcpStream::from)
    }

    /// A connection to a place that the configuration names, which may still be under way.
    ///
    /// # Errors
    /// The name is not known, or what the system said.
    pub fn reach(&self, place: Place) -> io::Result<TcpStream> {
        self.ask(Question::Reach { place }).socket().map(TcpStream::from)
    }

    /// A socket whose datagrams go to a place that the configuration names.
    ///
    /// # Errors
    /// The name is not known, or what the system said.
    pub fn datagrams(&self, place: Place) -> io::Result<UdpSocket> {
        self.ask(Question::Reach { place }).socket().map(UdpSocket::from)
    }

    /// A connection to another worker of this service: the `nth` of those that drain, from the youngest, 0.
    ///
    /// # Errors
    /// There are not so many.
    pub fn elder(&self, nth: usize) -> io::Result<UnixStream> {
        self.ask(Question::Elder { nth }).socket().map(UnixStream::from)
    }

    /// Runs a program that the configuration names and waits for its end.
    ///
    /// # Errors
    /// It is not in the configuration, or cannot be started. A program that ended with a code of its own,
    /// or was ended by us after its time, has run: see [`Ran`].
    pub fn run(&self, listed: Listed) -> Result<Ran, Refused> {
        match self.ask(Question::Run(listed)) {
            Answer::Ran(ran) => Ok(ran),
            Answer::Refused(refused) => Err(refused),
            Answer::Socket(_) | Answer::Done => Err(Refused::Unfit),
        }
    }

    /// Has the configuration read anew, and a successor of this process started with it. Ends when the
    /// successor serves; this process is then told to drain.
    ///
    /// # Errors
    /// The configuration is wrong or the successor did not come up: nothing has changed.
    pub fn successor(&self) -> Result<(), Refused> {
        match self.ask(Question::Successor) {
            Answer::Done => Ok(()),
            Answer::Refused(refused) => Err(refused),
            Answer::Socket(_) | Answer::Ran(_) => Err(Refused::Unfit),
        }
    }
}
