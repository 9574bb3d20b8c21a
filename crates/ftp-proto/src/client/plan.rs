//! What a session is to do, what it wants done, and how that ends.

use crate::command::{Password, Representation};
use crate::reply::{BadReply, Code, Reply};
use alloc::string::String;
use alloc::vec::Vec;
use clock::Duration;
use core::net::SocketAddrV4;

/// How a data connection comes about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// EPSV (RFC 2428).
    Extended,
    /// PASV, IPv4 only.
    Pasv,
    /// We listen: PORT for IPv4, EPRT for IPv6.
    Active,
}

/// Which ways are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ways {
    /// This one first, then the others in the order of [`Way`]; what worked is the first one of the session from then on.
    Any {
        /// The first one.
        first: Way,
    },
    /// This one only; PASV on IPv6 is EPSV.
    Only(Way),
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

/// What to do. Paths are sent as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Job {
    /// RETR.
    Get {
        /// What.
        path: Vec<u8>,
        /// TYPE.
        representation: Representation,
        /// Goes on here.
        offset: u64,
        /// Before which octet it ends, where it is not to come to its end.
        until: Option<Until>,
        /// Octets, where a listing said it: SIZE is not asked then.
        size: Option<u64>,
        /// Asks MDTM before.
        want_modified: bool,
    },
    /// STOR.
    Put {
        /// Where.
        path: Vec<u8>,
        /// TYPE.
        representation: Representation,
        /// Octets of our file.
        len: u64,
        /// Goes on at what SIZE says.
        resume: bool,
        /// Says the length before (ALLO), so that a server can tell whether it has all.
        announce: bool,
    },
    /// MLSD, LIST or NLST; without a path of where the login began.
    List {
        /// The directory.
        path: Vec<u8>,
        /// Which.
        how: Verb,
    },
    /// SIZE and MDTM, and CWD where there is no size: what RFC 959 and RFC 3659 have for a server of any age.
    Look {
        /// The file or directory.
        path: Vec<u8>,
    },
    /// RNFR and RNTO; most servers replace what has the new name.
    Rename {
        /// The old name.
        from: Vec<u8>,
        /// The new one.
        to: Vec<u8>,
    },
    /// One command that needs no data connection: its reply is in [`Report::reply`].
    Ask {
        /// DELE, HASH, SITE, …
        verb: Vec<u8>,
        /// What stands behind it.
        argument: Vec<u8>,
    },
}

impl Job {
    /// One command that needs no data connection.
    pub fn ask(verb: &str, argument: &[u8]) -> Job {
        Job::Ask { verb: verb.as_bytes().to_vec(), argument: argument.to_vec() }
    }
}

/// Where a file that is fetched is to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Until {
    /// Before this octet. The owner closes the data connection there.
    pub octet: u64,
    /// Whether the server is asked to end there (RANG, draft-bryan-ftp-range §4); else whatever it says of a data connection
    /// that is closed counts as its end.
    pub by_rang: bool,
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

/// How a session begins, and how it goes on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// USER.
    pub user: Vec<u8>,
    /// PASS, if it is asked for.
    pub password: Password,
    /// Whether control and data connections are under TLS.
    pub tls: Tls,
    /// How data connections come about.
    pub ways: Ways,
    /// Sends RETR or STOR in one segment with its EPSV, where a data connection has come about by EPSV before; a server
    /// that minds is asked one by one from then on.
    pub ahead: bool,
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
    /// Logged in: [`super::Client::start`] may be called.
    Ready,
    /// A job is over, or there was no login. Whether there may be another one says [`super::Client::is_idle`].
    Finished(Result<Report, Failure>),
    /// The end of the session. Transmit what is left and close.
    Closed,
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
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Octets moved.
    pub octets: u64,
    /// Seconds since 1970 of the server's file.
    pub modified: Option<i64>,
    /// Of [`Job::Look`]: octets of a file; `None`: it is a directory.
    pub size: Option<u64>,
    /// Of [`Job::Ask`].
    pub reply: Option<Reply>,
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
