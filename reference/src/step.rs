use crate::{Net, Offence, Protocol, Right, Security};
use std::net::SocketAddr;

/// Somebody before the door.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knock {
    /// From where.
    pub peer: SocketAddr,
    /// Over what.
    pub protocol: Protocol,
    /// How it is protected.
    pub security: Security,
    /// What is shown.
    pub credentials: Credentials,
}

/// What is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// Nothing, or `anonymous` where the protocol has that.
    None,
    /// A name, and whether the password is right.
    User(String, bool),
    /// The name and secret of the grant in this slot.
    Grant(usize),
}

/// A name that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Name {
    /// A path.
    Path(String),
    /// A path behind the secret of the grant in a slot; of an empty one a secret that there is none of.
    Behind(usize, String),
}

/// How an upload begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Only a new name.
    New,
    /// Whatever is there.
    Overwrite,
    /// From this offset on.
    Resume(u64),
    /// At the end.
    Append,
}

/// How a transfer ends that is not completed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moved {
    /// Something was moved.
    Some,
    /// Nothing was.
    Nothing,
    /// It is only dropped.
    Dropped,
}

/// One thing that is done. Sessions, connections, transfers and grants are in slots; what names an empty one, or
/// would fill one that is not, is passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are slots and what the variant says")]
pub enum Step {
    /// Seconds go by.
    Pass(u64),
    /// A connection comes.
    Connect { connection: usize, peer: SocketAddr },
    /// It goes, or is logged in.
    Disconnect { connection: usize },
    /// Somebody logs in.
    Admit { session: usize, knock: Knock },
    /// How late the answer to that would come, in thousandths of a second.
    Delay { peer: SocketAddr },
    /// Leaves; transfers go on.
    Leave { session: usize },
    /// The owner ends a session.
    Kick { session: usize },
    /// The owner ends all from there.
    KickFrom { net: Net },
    /// Whether a session was ended so.
    IsKicked { session: usize },
    /// Which sessions it is shown.
    Fellows { session: usize },
    /// The owner bans, for some seconds or for ever.
    Ban { net: Net, lasts: Option<u64> },
    /// And lifts it.
    Unban { net: Net },
    /// Something is held against somebody.
    Offend { peer: SocketAddr, protocol: Protocol, offence: Offence },
    /// Something is given out.
    Give { grant: usize, path: String, rights: Vec<Right>, from: Vec<Net>, lasts: u64, uses: Option<usize> },
    /// And taken back.
    Revoke { grant: usize },
    /// A file begins to be read; `looks`: after a look at it.
    Read { transfer: usize, session: usize, name: Name, looks: bool },
    /// All of it went out.
    Sent { transfer: usize },
    /// An upload begins, of `expected` octets.
    Write { transfer: usize, session: usize, name: Name, mode: Mode, expected: Option<u64> },
    /// So many octets come.
    Put { transfer: usize, octets: usize },
    /// The upload is complete.
    Commit { transfer: usize },
    /// A transfer is broken off.
    Break { transfer: usize, moved: Moved },
    /// An upload is broken off, and what came is kept for its user.
    Suspend { transfer: usize },
    /// Facts.
    Stat { session: usize, name: Name },
    /// Whether a name is there.
    Has { session: usize, name: Name },
    /// Whether it can be read.
    Offers { session: usize, name: Name },
    /// The names in a directory.
    List { session: usize, name: Name },
    /// Octets of a broken upload.
    Partial { session: usize, path: String },
    /// Whether a right is had.
    Decide { session: usize, right: Right, path: String },
    /// Another name.
    Rename { session: usize, from: String, to: String },
    /// Removes a file.
    Remove { session: usize, path: String },
    /// Makes a directory.
    MakeDir { session: usize, path: String },
    /// Removes one.
    RemoveDir { session: usize, path: String },
    /// Sets a time.
    Touch { session: usize, path: String },
    /// Everything is counted anew.
    Walk,
}
