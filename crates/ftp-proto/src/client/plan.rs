//! What a client is to do, what it wants done, and how it ends.

use crate::command::{Password, Representation};
use crate::reply::{BadReply, Code};
use alloc::string::String;
use alloc::vec::Vec;
use clock::Duration;
use core::net::SocketAddrV4;

/// Which end opens the data connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passive {
    /// EPSV, then PASV where the server does not know it or nobody answers there.
    Extended,
    /// PASV only.
    PasvOnly,
    /// We listen: PORT for IPv4, EPRT for IPv6.
    No,
}

/// Whether the session is under TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tls {
    /// It is not.
    #[default]
    No,
    /// AUTH TLS before the login (RFC 4217 §4); a server that refuses gets no password.
    Explicit,
    /// It was before the first octet.
    Implicit,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Job {
    /// RETR.
    Get {
        /// Goes on here.
        offset: u64,
        /// Asks MDTM before.
        want_modified: bool,
    },
    /// STOR.
    Put {
        /// Octets of our file.
        len: u64,
        /// Goes on at what SIZE says.
        resume: bool,
    },
    /// MLSD, LIST or NLST.
    List(Verb),
    /// Something that needs no data connection.
    Change(Change),
    /// SIZE and MDTM, and CWD where there is no size: what RFC 959 and RFC 3659 have for a server of any age.
    Look,
}

/// A change of the server's tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// DELE.
    Remove,
    /// MKD.
    MakeDir,
    /// RMD.
    RemoveDir,
    /// RNFR and RNTO; most servers replace what has the new name.
    Rename {
        /// The new name, sent as it is.
        to: Vec<u8>,
    },
}

/// How to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Facts.
    Mlsd,
    /// As `ls -l`.
    List,
    /// Names.
    Nlst,
}

/// One session's worth of work.
#[derive(Clone, Debug)]
pub struct Plan {
    /// USER.
    pub user: Vec<u8>,
    /// PASS, if it is asked for.
    pub password: Password,
    /// Sent as it is.
    pub path: Vec<u8>,
    /// TYPE.
    pub representation: Representation,
    /// Whether control and data connections are under TLS.
    pub tls: Tls,
    /// Who opens the data connection.
    pub passive: Passive,
    /// What to do.
    pub job: Job,
    /// The longest wait for a reply.
    pub patience: Duration,
}

/// What to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Put the control connection under TLS: call [`super::Client::secured`] when that is done. Octets that came behind
    /// what called for it are nobody's, and the end.
    Secure,
    /// Connect the data connection: call [`super::Client::data_ready`] or [`super::Client::data_failed`].
    Connect(Target),
    /// Listen for it: call [`super::Client::listening`] or [`super::Client::data_failed`].
    Listen,
    /// The server begins: move the data (first accept it, if we listen), then [`super::Client::moved`].
    Move {
        /// Where the first octet belongs in the file.
        start: u64,
        /// Octets of the whole file: ours, or the server's where it told.
        size: Option<u64>,
    },
    /// The data connection is not wanted any more.
    CloseData,
    /// The end. Transmit what is left and close.
    Finished(Result<Report, Failure>),
}

/// Where to connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// This port of the control connection's peer (229).
    Port(u16),
    /// As a 227 says; servers behind address translation say wrong things here.
    Told(SocketAddrV4),
}

/// What is known after success.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Octets moved.
    pub octets: u64,
    /// Seconds since 1970 of the server's file.
    pub modified: Option<i64>,
    /// Of [`Job::Look`]: octets of a file; `None`: it is a directory.
    pub size: Option<u64>,
}

/// How far it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Before the 220.
    Greeting,
    /// AUTH.
    Security,
    /// USER and PASS.
    Login,
    /// TYPE, PORT, REST and the like.
    Prepare,
    /// RETR or STOR itself.
    Request,
    /// Between 150 and the last reply.
    Transfer,
}

/// Why it did not work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The server said no.
    Refused {
        /// When.
        phase: Phase,
        /// Its code.
        code: Code,
        /// Its words, octets.
        text: Vec<u8>,
    },
    /// What came is not a reply.
    BadReply(BadReply),
    /// The server closed the control connection.
    Closed(Phase),
    /// No reply in time.
    TimedOut(Phase),
    /// No data connection came about.
    NoData(String),
    /// Another number of octets than the server announced.
    Truncated {
        /// Announced.
        expected: u64,
        /// Found.
        found: u64,
    },
    /// It cannot be asked for: a name with a line end, say.
    Impossible(&'static str),
}
