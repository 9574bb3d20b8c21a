//! What is asked of the driver, and the answers.

use crate::listing::Entry;
use crate::request::Request;
use crate::status::Status;
use crate::tag::Tag;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// Names a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AskId(pub(super) u64);

/// A question; one is open at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    /// What is there for this request? Answer: `Content`, `Listing`, `Text`, `Directory` or `Refused`.
    Look(Request),
    /// The content of the last answer is to flow. Answer: `Begun` or `Refused`.
    Begin {
        /// Octets of it that are to flow: fewer than all where ranges were asked.
        octets: u64,
    },
    /// The next entries of the directory; none at its end. Answer: `Entries` or `Refused`.
    Entries,
}

/// What a driver answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A file.
    Content(Content),
    /// A directory, named as one: its entries are asked for.
    Listing,
    /// Something short that is made and not stored.
    Text(Text),
    /// A directory that was not named as one: its decoded path.
    Directory(Vec<u8>),
    /// The content may flow.
    Begun,
    /// Entries of the directory.
    Entries(Vec<Entry>),
    /// Why not, as a sentence for people.
    Refused(Status, String),
}

/// What is known of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Content {
    /// Octets.
    pub len: u64,
    /// Last modification, seconds since 1970.
    pub modified: i64,
    /// Its tag.
    pub tag: Tag,
    /// Its content type.
    pub media: &'static str,
}

/// A short body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The status.
    pub status: Status,
    /// The content type.
    pub media: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transmit {
    /// These octets.
    Octets {
        /// They.
        octets: Bytes,
        /// Whether more follows at once: the driver may keep the packet open.
        more: bool,
    },
    /// A run of the content that was begun, behind octets that belong before it.
    Run {
        /// The head, or that of a part; may be empty.
        before: Bytes,
        /// The first octet.
        from: u64,
        /// How many.
        len: u64,
    },
}

impl Transmit {
    pub(super) fn octets(octets: Vec<u8>) -> Transmit {
        Transmit::Octets { octets: Bytes::from(octets), more: false }
    }

    pub(super) fn more(octets: Vec<u8>) -> Transmit {
        Transmit::Octets { octets: Bytes::from(octets), more: true }
    }

    /// Octets on the wire.
    pub fn len(&self) -> u64 {
        match self {
            Transmit::Octets { octets, .. } => octets.len() as u64,
            Transmit::Run { before, len, .. } => before.len() as u64 + len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How content that was begun ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Every octet is on its way.
    Whole,
    /// The connection was lost.
    Lost,
    /// Nothing moved for too long.
    Stalled,
    /// It could not be read on.
    Failed,
}

/// What the driver is asked or told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A question.
    Ask {
        /// For the answer.
        id: AskId,
        /// What.
        what: Ask,
    },
    /// The content that was begun is over; comes exactly once for each `Begun`.
    Ended(Ended),
    /// What came is no request; for who counts such things.
    Malformed,
    /// The connection ends in order: everything was sent.
    Close,
    /// The connection ends at once: the peer must not take what it has for whole.
    Cut,
}
