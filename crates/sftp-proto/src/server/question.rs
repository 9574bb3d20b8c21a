//! What is asked of the driver, and the answers.

use super::Names;
use crate::attrs::Attrs;
use crate::request::{self, Request};
use crate::status::Status;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// Names a question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AskId(pub(super) u64);

/// Names an open file or directory towards the driver: a small number, which is another's after the `Close` of this
/// one was answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct File(pub u32);

/// A question. Those about one file are to be done and answered in the order in which they were asked; at the end of
/// the session nobody asks for what is open to be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Octets of a file. Answer: [`Server::answer_reads`](super::Server::answer_reads), `End` or `Refused`.
    Read {
        /// Of which.
        file: File,
        /// What stands in the head of the answer.
        request: u32,
        /// From here.
        offset: u64,
        /// At most so many.
        len: u32,
    },
    /// Octets for a file. Answer: `Done` or `Refused`.
    Write {
        /// For which.
        file: File,
        /// To here.
        offset: u64,
        /// They, one piece behind the other.
        pieces: Vec<Bytes>,
    },
    /// The next names of a directory, so many that [`Names::octets`] is at most 32 KiB. Answer: `Names`, `End` or
    /// `Refused`.
    List {
        /// Of which.
        file: File,
    },
    /// A file or directory is not used any more. Answer: `Done` or `Refused`; it is closed in any case.
    Close {
        /// Which.
        file: File,
    },
    /// Everything else: as it was sent. OPEN and OPENDIR are answered with `Opened` or `Refused`.
    Other {
        /// The file behind its handle; of OPEN and OPENDIR the one to be.
        file: Option<File>,
        /// The file that `copy-data` writes to.
        into: Option<File>,
        /// The request.
        packet: Packet,
    },
}

/// A request that was read, in the octets that it came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet(pub(super) Box<[u8]>);

impl Packet {
    /// What it asks.
    pub fn ask(&self) -> request::Ask<'_> {
        match Request::parse(&self.0) {
            Ok(Request::Asked { ask, .. }) => ask,
            Ok(Request::Init { .. }) | Err(_) => unreachable!("it was read when it came"),
        }
    }
}

/// What a driver answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done.
    Done,
    /// There is no more.
    End,
    /// It is open.
    Opened {
        /// Whether it has to keep a rate: then one question at a time is asked about it.
        rated: bool,
    },
    /// Names.
    Names(Names),
    /// Facts.
    Facts(Attrs<'static>),
    /// What an extension answers.
    Octets(Vec<u8>),
    /// Why not, as a sentence for people.
    Refused(Status, String),
}
