//! What the machine asks its driver, and the answers.

use crate::command::{Algorithm, Form, Password, Setting};
use crate::list::{Access, Entry};
use crate::reply::Code;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Names one question until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AskId(pub(super) u64);

/// What leaves the machine besides octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A question; at most one is open at a time.
    Ask {
        /// Its name, for [`super::Server::answer`].
        id: AskId,
        /// What is asked.
        what: Ask,
    },
    /// Ends the open [`Ask::Move`] early; it is still answered, with what moved so far. The same of [`Chore::Copy`] and
    /// [`Chore::Combine`]: what was there stays, unless it is whole by then.
    Cancel(AskId),
    /// The passive listener is not wanted any more.
    Unlisten,
    /// The user logs in anew: the session of the old one ends.
    LoggedOut,
    /// What came is answered and no command: for whoever counts such things.
    Odd(Odd),
    /// Close the control connection once everything is transmitted.
    Close,
}

/// How a line is no command of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Odd {
    /// Not a line of FTP at all: too long, with a NUL, or HTTP's.
    Malformed,
    /// A verb that there is none of.
    UnknownVerb,
}

/// A question. Paths are as the client sent them; the driver resolves them against its directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Who is this? → [`Answer::LoggedIn`] or [`Answer::Refused`].
    Login {
        /// As sent.
        user: Vec<u8>,
        /// As sent.
        password: Password,
    },
    /// Put the control connection under TLS, once what was transmitted before is written; nothing is read before as it is.
    /// → [`Answer::Done`] when the handshake is over; where it fails the connection is.
    Secure,
    /// Take the control connection out of TLS, once what was transmitted before is written and both sides have said that TLS
    /// is over. → [`Answer::Done`]; where that fails the connection is.
    Clear,
    /// Listen for a data connection, in place of an earlier listener. → [`Answer::Listening`].
    Listen,
    /// May data connections go to this address, which is not the client's own? → [`Answer::Done`].
    ThirdParty(SocketAddr),
    /// → [`Answer::Directory`], from now on the session's.
    ChangeDir(Vec<u8>),
    /// → [`Answer::Directory`]: the full path of what was made.
    MakeDir(Vec<u8>),
    /// → [`Answer::Done`].
    RemoveDir(Vec<u8>),
    /// → [`Answer::Done`].
    Remove(Vec<u8>),
    /// → [`Answer::Done`].
    Rename {
        /// What RNFR named.
        from: Vec<u8>,
        /// What RNTO names.
        to: Vec<u8>,
    },
    /// Facts of one name, with its full path as the entry's name. → [`Answer::Entry`].
    Look(Vec<u8>),
    /// Octets that REST may go on with: of the file, else of this user's partial. → [`Answer::Size`].
    Size(Vec<u8>),
    /// The digest of a file's octets from the first to before the second; of all of them without. → [`Answer::Digest`].
    Digest {
        /// Of what.
        path: Vec<u8>,
        /// Which.
        algorithm: Algorithm,
        /// Of which part; the end may lie behind the file's.
        range: Option<(u64, u64)>,
    },
    /// → [`Answer::Done`].
    Set(Setting),
    /// Octets that there is room for. → [`Answer::Size`].
    Room(Vec<u8>),
    /// What needs no data connection and is more than one step.
    Chore(Chore),
    /// A listing for the control connection. → [`Answer::Lines`].
    Describe(Vec<u8>),
    /// Open what is to be moved, without moving anything. → [`Answer::Opened`].
    Open(Transfer),
    /// Get the data connection and move it. → [`Answer::Moved`]. The only question that
    /// [`Event::Cancel`] ends early.
    Move(Via, DataTls),
    /// Publish the upload. → [`Answer::Done`].
    Commit,
    /// End what is open without publishing: an upload is kept as its owner's partial. → [`Answer::Done`].
    Shelve {
        /// Why, for the audit.
        why: Shelve,
    },
}

/// Work on files, or about them, that is done when it is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chore {
    /// Is there room for so many octets in the session's directory? → [`Answer::Done`].
    Fits(u64),
    /// A copy in the tree, whole or not at all; the same rights as for reading the one and writing the other. →
    /// [`Answer::Done`].
    Copy {
        /// What CPFR named.
        from: Vec<u8>,
        /// What CPTO names.
        to: Vec<u8>,
    },
    /// The parts behind the target, whole or not at all; then they are removed. → [`Answer::Done`].
    Combine {
        /// What is there already stays.
        target: Vec<u8>,
        /// In their order.
        parts: Vec<Vec<u8>>,
    },
    /// Octets of all files below. → [`Answer::Size`].
    TreeSize(Vec<u8>),
    /// Everything below, then the directory. → [`Answer::Done`].
    RemoveTree(Vec<u8>),
    /// The user's sessions. → [`Answer::Lines`].
    Who,
    /// What there is room for. → [`Answer::Lines`].
    Quota,
}

/// Why an upload is not published, or a transfer ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelve {
    /// ABOR, or the session ended.
    Aborted,
    /// A connection failed.
    Lost,
    /// Nothing moved for too long, or nobody connected.
    TimedOut,
    /// Another length than ALLO announced.
    WrongLength,
    /// What came is not what structure and mode say.
    Malformed,
    /// Our own file failed.
    Failed,
}

/// Whether a data connection is under TLS, and which end of that we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataTls {
    /// It is not.
    Clear,
    /// RFC 4217 §7: the server of the control connection is the server, whoever connected.
    Server,
    /// SSCN and CPSV: the other end is a server too.
    Client,
}

/// How the data connection comes about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// Accept on the passive listener; only from the control connection's peer (RFC 2577 §3), and from whom the owner
    /// lets data come otherwise.
    Accept,
    /// Connect to this address, from the active port.
    Connect(SocketAddr),
}

/// What a transfer moves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// As the client sent it; empty for the listing of the current directory.
    pub path: Vec<u8>,
    /// Which way and how.
    pub kind: Kind,
    /// How it is on the wire.
    pub form: Form,
    /// What a new file is without, where the client said (SITE UMASK).
    pub umask: Option<u32>,
}

/// Which way, and of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// RETR from this offset on.
    Retrieve {
        /// Octets skipped.
        offset: u64,
        /// Of RANG: where it ends, before this octet.
        end: Option<u64>,
    },
    /// STOR or APPE.
    Store {
        /// How it begins.
        mode: Mode,
        /// What ALLO announced.
        expected: Option<u64>,
    },
    /// LIST, NLST, MLSD.
    List(Style),
}

/// How an upload begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// STOR: in place of what is there.
    Overwrite,
    /// STOU: a name that is free.
    Unique,
    /// REST and STOR: goes on at this offset.
    Resume(u64),
    /// APPE: goes on at the end.
    Append,
}

/// How a directory is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// A line for people, of this look.
    List(super::Look),
    /// Names.
    Names,
    /// MLSD, with these facts.
    Facts(crate::list::Facts),
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To [`Ask::Login`].
    LoggedIn {
        /// The start directory, absolute.
        directory: Vec<u8>,
        /// What the user may do.
        access: Access,
        /// Whether it is an anonymous one.
        anonymous: bool,
        /// Whether data may go to and come from anybody but the client.
        third_parties: bool,
    },
    /// The address to speak of.
    Listening(SocketAddr),
    /// A directory, absolute.
    Directory(Vec<u8>),
    /// Done.
    Done,
    /// Facts.
    Entry(Entry),
    /// Octets.
    Size(u64),
    /// A digest, and of which octets it is: from, to before.
    Digest(Vec<u8>, (u64, u64)),
    /// Lines without ends.
    Lines(Vec<Vec<u8>>),
    /// Ready to move.
    Opened {
        /// Octets of the file, where there is one.
        len: Option<u64>,
        /// Of an upload, where its first octet belongs.
        start: u64,
    },
    /// Ready to take an upload under this name, which was free.
    OpenedAs(Vec<u8>),
    /// The data connection is over.
    Moved {
        /// Octets on the wire.
        octets: u64,
        /// How it ended.
        end: End,
    },
    /// No, with the reply's code and words.
    Refused(Code, String),
}

/// How a data connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// Everything was sent and taken; or the peer closed after its last octet (FIN).
    Whole,
    /// There was no connection.
    NoConnection(String),
    /// The peer reset it, or it failed.
    Lost,
    /// Of octets that came under TLS: an end without close_notify, as somebody between could make it.
    Unclosed,
    /// TLS of the data connection did not come about.
    NotPrivate(String),
    /// What came is not what structure and mode say, with the reply's code and words.
    Malformed(Code, String),
    /// Nothing moved for too long.
    Stalled,
    /// [`Event::Cancel`].
    Cancelled,
    /// Our own file could not be read or written.
    Local(Code, String),
}
