//! What the owner wants, and what comes of it.

use crate::attrs::{Attrs, Times};
use crate::figures::FileSystem;
use crate::status::Status;
use crate::wire::Malformed;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// One thing that is to be done; each is a job of its own. Paths are octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verb {
    /// A file's octets, from an offset to its end: [`Event::Size`], [`Event::Data`], [`Outcome::Got`].
    Get {
        /// The file.
        path: Vec<u8>,
        /// The first octet that is wanted.
        from: u64,
        /// Octets of the whole file, where a listing told them. Of a file that one READ holds the facts are then asked
        /// for only if it has another length by now; without them there is no [`Event::Size`], and the outcome
        /// has only the length.
        len: Option<u64>,
    },
    /// A file of `len` octets, which the driver reads: [`Transmit::Body`], [`Event::Stored`], [`Outcome::Put`].
    Put {
        /// The file.
        path: Vec<u8>,
        /// Octets of the whole file.
        len: u64,
        /// Where it begins.
        begin: Begin,
        /// Permissions and times that it is to have.
        facts: Facts,
    },
    /// A file of which the owner deals pieces, for one channel of several that write it at the same time:
    /// [`Event::Opened`], [`Client::deal`](super::Client::deal), [`Transmit::Body`], [`Event::Stored`], [`Outcome::Put`].
    Pieces {
        /// The file.
        path: Vec<u8>,
        /// Whether it is there.
        making: Making,
    },
    /// What is in a directory: [`Event::Names`], [`Outcome::Done`].
    List {
        /// The directory.
        path: Vec<u8>,
    },
    /// Facts, links followed: [`Outcome::Facts`].
    Stat {
        /// Of this.
        path: Vec<u8>,
    },
    /// Facts of a link itself: [`Outcome::Facts`].
    Lstat {
        /// Of this.
        path: Vec<u8>,
    },
    /// Sets permissions and times.
    Setstat {
        /// Of this.
        path: Vec<u8>,
        /// What it is to have.
        facts: Facts,
    },
    /// Makes a directory.
    Mkdir {
        /// Which.
        path: Vec<u8>,
    },
    /// Removes an empty directory.
    Rmdir {
        /// Which.
        path: Vec<u8>,
    },
    /// Removes a file.
    Remove {
        /// Which.
        path: Vec<u8>,
    },
    /// Gives something another name.
    Rename {
        /// The old one.
        from: Vec<u8>,
        /// The new one.
        to: Vec<u8>,
        /// Whether what has the new name may be replaced, where the server knows `posix-rename@openssh.com`.
        replace: bool,
    },
    /// The absolute path: [`Outcome::Name`].
    Realpath {
        /// Of this.
        path: Vec<u8>,
    },
    /// Where a link leads: [`Outcome::Name`].
    Readlink {
        /// The link.
        path: Vec<u8>,
    },
    /// A digest that the server makes: [`Outcome::Digest`].
    Check {
        /// Of this file.
        path: Vec<u8>,
        /// Names of algorithms with commas between, the dearest first.
        algorithms: Vec<u8>,
    },
    /// How much room there is: [`Outcome::FileSystem`].
    FileSystem {
        /// Where.
        path: Vec<u8>,
    },
}

impl Verb {
    /// In words, for whoever looks on: `GET /a.bin`.
    pub fn words(&self) -> Vec<u8> {
        let (verb, path, other) = match self {
            Verb::Get { path, .. } => ("GET", path, None),
            Verb::Put { path, begin: Begin::Fresh, .. } => ("PUT", path, None),
            Verb::Put { path, begin: Begin::Behind, .. } => ("PUT, going on,", path, None),
            Verb::List { path } => ("LIST", path, None),
            Verb::Stat { path } => ("STAT", path, None),
            Verb::Lstat { path } => ("LSTAT", path, None),
            Verb::Setstat { path, .. } => ("SETSTAT", path, None),
            Verb::Mkdir { path } => ("MKDIR", path, None),
            Verb::Rmdir { path } => ("RMDIR", path, None),
            Verb::Remove { path } => ("REMOVE", path, None),
            Verb::Rename { from, to, .. } => ("RENAME", from, Some(to)),
            Verb::Realpath { path } => ("REALPATH", path, None),
            Verb::Readlink { path } => ("READLINK", path, None),
            Verb::Check { path, .. } => ("CHECK", path, None),
            Verb::Pieces { path, .. } => ("PUT", path, None),
            Verb::FileSystem { path } => ("STATVFS", path, None),
        };
        let mut words = Vec::from(verb.as_bytes());
        for path in core::iter::once(path).chain(other) {
            words.push(b' ');
            words.extend_from_slice(path);
        }
        words
    }
}

/// Where a put begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begin {
    /// With its first octet, in place of what is there.
    Fresh,
    /// Behind what is there, which is taken for the beginning of the same file.
    Behind,
}

/// How a file of pieces is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Making {
    /// It is made, and must not be there.
    New {
        /// Its permissions; the server's umask takes of them.
        mode: Option<u32>,
    },
    /// It was made by another channel.
    There,
}

/// What a file is to have.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Facts {
    /// The lower twelve bits of `st_mode`.
    pub mode: Option<u32>,
    /// Times.
    pub times: Option<Times>,
}

impl Facts {
    pub(super) fn attrs(self) -> Attrs<'static> {
        Attrs { mode: self.mode, times: self.times, ..Attrs::default() }
    }
}

/// A job of a client, until it is [`Event::Over`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct JobId(pub(super) u32);

/// What is to be sent, behind what was in the buffer.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transmit {
    /// Nothing more now.
    Nothing,
    /// Requests were put there; to be asked again.
    Requests,
    /// Requests were put there, and the octets of this piece of a file are to stand behind them.
    Body {
        /// Whose file.
        job: JobId,
        /// From here.
        offset: u64,
        /// So many, no fewer. Where they are not to be had, `head` octets are taken off the end of the buffer again
        /// and [`Client::unread`](super::Client::unread) is called.
        len: u32,
        /// Octets of the WRITE before its body: the last ones of the buffer.
        head: usize,
    },
}

/// A fact for the owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The server has said what it can do.
    Ready,
    /// A get knows the file's facts, or a put how much of it was there: the next octet is `from`.
    Size {
        /// Which.
        job: JobId,
        /// The first octet that moves.
        from: u64,
        /// Octets of the whole file, where they are known.
        len: Option<u64>,
    },
    /// A file of pieces is open, and takes them.
    Opened {
        /// Which.
        job: JobId,
        /// The server's facts of it, asked when it was open.
        attrs: Attrs<'static>,
    },
    /// Octets of a file, to be put at their offset. They come in any order, each once, and none more than 32 MiB
    /// behind the first that is missing.
    Data {
        /// Which.
        job: JobId,
        /// Where they belong.
        offset: u64,
        /// The octets.
        octets: Bytes,
    },
    /// The server has taken octets of a put.
    Stored {
        /// Which.
        job: JobId,
        /// So many more.
        octets: u32,
    },
    /// Names in a directory.
    Names {
        /// Which.
        job: JobId,
        /// In the server's order within one event.
        names: Vec<Found>,
    },
    /// A job is over.
    Over {
        /// Which.
        job: JobId,
        /// What came of it.
        result: Result<Outcome, Failure>,
    },
}

/// A name in a directory, with its facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its octets: whatever the server says, also `.` and names with `/` in them.
    pub name: Vec<u8>,
    /// As `ls -l` shows it; for people.
    pub long_name: Vec<u8>,
    /// What was told of it.
    pub attrs: Attrs<'static>,
}

/// How a job went well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing more to say.
    Done,
    /// A file has come.
    Got {
        /// Octets that moved.
        octets: u64,
        /// The server's facts of it; empty where it told none.
        attrs: Attrs<'static>,
    },
    /// A file is there.
    Put {
        /// Octets that moved.
        octets: u64,
    },
    /// Facts.
    Facts(Attrs<'static>),
    /// A path.
    Name(Vec<u8>),
    /// A digest.
    Digest {
        /// Its algorithm, by its name.
        algorithm: Vec<u8>,
        /// Its octets.
        digest: Vec<u8>,
    },
    /// Figures.
    FileSystem(FileSystem),
}

/// What a request was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A file or directory was to be opened.
    Open,
    /// Facts of an open file were asked for.
    Facts,
    /// Octets were asked for.
    Read,
    /// Octets were sent.
    Write,
    /// Times and permissions were to be set.
    Settle,
    /// Names were asked for.
    Names,
    /// A file was to be closed, which for some servers is when it is there.
    Close,
    /// The verb itself was asked.
    Ask,
}

/// Why a job failed; the others go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The server said no.
    Refused {
        /// To what.
        step: Step,
        /// Its code.
        status: Status,
        /// Its words, octets.
        message: Vec<u8>,
    },
    /// The server does not know this extension.
    Unsupported(&'static str),
    /// A get: the file ended before its length. A put: more is there than the file has.
    Truncated {
        /// Octets that were expected.
        expected: u64,
        /// Octets that were found.
        found: u64,
    },
    /// An extension's answer could not be read.
    Unreadable(Malformed),
    /// The owner ended it.
    Aborted,
}

impl Failure {
    /// Whether the server said that there is no more.
    pub fn is_eof(&self) -> bool {
        matches!(self, Failure::Refused { status: Status::Eof, .. })
    }
}

/// What ends the machine: the server broke the protocol, and nothing that follows can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A length that no packet has.
    TooLong(u32),
    /// The first octets are text: something on the server prints before SFTP begins.
    Text([u8; 4]),
    /// A packet that is none.
    Malformed(Malformed),
    /// The first packet is no VERSION, or another one is.
    Version,
    /// A version that is not spoken.
    OtherVersion(u32),
    /// An answer to nothing that was asked.
    Unasked(u32),
    /// An answer of a kind that was not asked for.
    WrongAnswer {
        /// What was asked for.
        step: Step,
    },
    /// More octets than were asked for.
    TooMuch {
        /// Asked for.
        asked: u32,
        /// Answered.
        found: u32,
    },
    /// A READ was answered with no octets, which says neither that there are more nor that it ended.
    NoOctets,
    /// The stream ended with this many requests open.
    Ended(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TooLong(len) => crate::TooLong(*len).fmt(f),
            Fault::Text(first) => write!(
                f,
                "it sends text ('{}…') where SFTP begins: something on the server prints at login",
                first.escape_ascii()
            ),
            Fault::Malformed(why) => why.fmt(f),
            Fault::Version => f.write_str("VERSION is not its first packet, or not its only one"),
            Fault::OtherVersion(version) => write!(f, "it speaks version {version}, where 3 was asked for"),
            Fault::Unasked(id) => write!(f, "it answers request {id}, which is not open"),
            Fault::WrongAnswer { step } => write!(f, "an answer of another kind to {}", step.words()),
            Fault::TooMuch { asked, found } => write!(f, "{asked} octets were asked for, {found} came"),
            Fault::NoOctets => f.write_str("a READ was answered with no octets"),
            Fault::Ended(0) => f.write_str("it closed the channel before it said VERSION"),
            Fault::Ended(open) => write!(f, "it closed the channel with {open} requests open"),
        }
    }
}

impl core::error::Error for Fault {}

impl Step {
    /// What was asked, in words.
    pub fn words(self) -> &'static str {
        match self {
            Step::Open => "an OPEN",
            Step::Facts => "an FSTAT",
            Step::Read => "a READ",
            Step::Write => "a WRITE",
            Step::Settle => "an FSETSTAT",
            Step::Names => "a READDIR",
            Step::Close => "a CLOSE",
            Step::Ask => "a request",
        }
    }
}
