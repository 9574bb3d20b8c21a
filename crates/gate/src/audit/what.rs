//! What there is to tell.

use crate::{Agreed, Digest, Direction, End, Notice, Progress, Refusal, Security, Verb, Verdict};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{Identity, VPath};

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A peer was let in.
    Admitted,
    /// A user logged in, or anonymous: the door knows who the peer is. Not of TFTP.
    LoggedIn {
        /// Of a login by key: which, `SHA256:…`, and who vouches for it; or the certificate that was shown under TLS.
        key: Option<String>,
        /// How its channel was protected.
        security: Security,
        /// What that is made of, where it is known.
        agreed: Option<Arc<Agreed>>,
    },
    /// A peer was not let in.
    RefusedKnock {
        /// Why.
        why: Refusal,
    },
    /// What came up about a user at the login, beside its outcome.
    Identity(Notice),
    /// The last of a session is gone.
    Left,
    /// A verb was refused.
    Refused {
        /// Which verb.
        verb: Verb,
        /// On what.
        path: VPath,
        /// Why.
        why: Refusal,
    },
    /// A verb was refused because the name stands for nothing: it is malformed, means several files, or
    /// a rule refuses it.
    RefusedName {
        /// Which verb.
        verb: Verb,
        /// The name as it came.
        name: Vec<u8>,
        /// Why.
        why: Refusal,
    },
    /// A transfer began.
    Started {
        /// Counts transfers from 1.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Which way.
        dir: Direction,
        /// Octets, where known: of a download the file's, of an upload what the peer announced.
        len: Option<u64>,
        /// How far it is, whenever somebody looks.
        progress: Progress,
    },
    /// A transfer ended: exactly one for each [`What::Started`].
    Ended {
        /// The number of its start.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Which way.
        dir: Direction,
        /// Octets that were to be moved, where that was known.
        total: Option<u64>,
        /// How long it ran, by a clock that nobody sets.
        took: Duration,
        /// What the driver saw.
        end: End,
        /// What that means.
        verdict: Verdict,
        /// Of a download: the digests of the file that were known already.
        digests: Vec<Digest>,
        /// Of an upload that is there now: the content's identity, for a digest of it.
        stored: Option<Box<Identity>>,
        /// Where the content went that an upload wrote over, where it was kept.
        kept: Option<VPath>,
    },
    /// The digests of what an upload brought are known, some time after its end.
    Digested {
        /// The transfer.
        transfer: u64,
        /// The file.
        path: VPath,
        /// Its octets.
        octets: u64,
        /// The digests.
        digests: Vec<Digest>,
    },
    /// A file was removed.
    Removed {
        /// Which.
        path: VPath,
    },
    /// A file or directory was renamed.
    Renamed {
        /// Its old name.
        from: VPath,
        /// Its new name.
        to: VPath,
    },
    /// A directory was made.
    MadeDir {
        /// Which.
        path: VPath,
    },
    /// A directory was removed.
    RemovedDir {
        /// Which.
        path: VPath,
    },
    /// A file's time was set.
    SetModified {
        /// Which.
        path: VPath,
    },
    /// A file's permission bits were set.
    SetMode {
        /// Which.
        path: VPath,
        /// The bits, as asked for.
        mode: u32,
    },
    /// A file got a second name.
    Linked {
        /// The name that it had.
        path: VPath,
        /// The new one.
        to: VPath,
    },
    /// A symbolic link was made.
    Symlinked {
        /// The link.
        path: VPath,
        /// What it names.
        to: VPath,
    },
    /// A directory was listed, to its end or until the peer broke off.
    Listed {
        /// Which.
        path: VPath,
        /// Names that were told.
        names: u64,
    },
    /// A data connection with a host that is not the peer was asked for, or has come.
    ThirdParty {
        /// The other end.
        other: SocketAddr,
        /// Whether the owner lets it be.
        granted: bool,
    },
    /// A grant was used.
    GrantUsed {
        /// Which, as its maker was told.
        grant: String,
        /// On what.
        path: VPath,
        /// Uses that are left; `None`: as many as one likes.
        left: Option<u64>,
    },
    /// Peers of a network are not let in from now on.
    Banned {
        /// Which: an address or a network.
        net: String,
        /// Until then; `None`: until it is taken back.
        until: Option<SystemTime>,
        /// Why, in words.
        why: String,
        /// Who said so.
        by: By,
    },
    /// A ban is taken back, or over.
    Unbanned {
        /// Which.
        net: String,
        /// Who said so.
        by: By,
    },
    /// The session is ended from outside.
    Kicked {
        /// Who said so.
        by: By,
    },
    /// The server has another configuration from now on, or was to have one and refused it.
    Configured {
        /// What, in words; of one that was refused its first fault, with file and line.
        what: String,
        /// Whether it is so from now on.
        is_taken: bool,
        /// Who said so.
        by: By,
    },
    /// So many events found the queue full.
    Lost(u64),
    /// The host has none left of what sessions and transfers need. At most one a minute.
    Exhausted {
        /// Of what: `file descriptors`.
        what: &'static str,
        /// How many of them this process may have, where that is known.
        limit: Option<u64>,
        /// How much was refused or put off for that since the last one.
        count: u64,
    },
    /// One of those that are told of events cannot take them, or can again.
    SinkLost {
        /// Which: `history`, `syslog`, a hook's name.
        sink: String,
        /// How many events it will never have; 0: none yet, they wait.
        count: u64,
        /// Why, in words.
        why: String,
    },
    /// An old version of a file was brought back by an operator.
    Restored {
        /// The file.
        path: VPath,
        /// The time that the version has for a name.
        version: String,
        /// Its octets.
        octets: u64,
        /// Who did it.
        by: By,
    },
    /// The server itself began, takes nothing new any more, or has come to its end.
    Server {
        /// Which.
        change: Change,
        /// More of it, in words.
        text: String,
    },
    /// A hook could not be run, or failed each time, and is not tried again for these events.
    HookFailed {
        /// Which, by its place in the configuration: `hook 1`.
        hook: String,
        /// The `seq` of the last event that it failed for.
        of: u64,
        /// For how many events it failed since that was last told.
        count: u64,
        /// Why the last time, in words.
        why: String,
    },
}

impl What {
    /// Of what there is none left, where something is refused for that.
    pub(super) fn is_short_of(&self) -> Option<&'static str> {
        match self {
            What::Refused { why, .. } | What::RefusedKnock { why } | What::RefusedName { why, .. } => {
                if let Refusal::Exhausted(what) = why {
                    Some(what)
                } else {
                    None
                }
            }
            What::Admitted
            | What::LoggedIn { .. }
            | What::Identity(_)
            | What::Left
            | What::Started { .. }
            | What::Ended { .. }
            | What::Digested { .. }
            | What::Removed { .. }
            | What::Renamed { .. }
            | What::MadeDir { .. }
            | What::RemovedDir { .. }
            | What::SetModified { .. }
            | What::SetMode { .. }
            | What::Linked { .. }
            | What::Symlinked { .. }
            | What::Listed { .. }
            | What::ThirdParty { .. }
            | What::GrantUsed { .. }
            | What::Banned { .. }
            | What::Unbanned { .. }
            | What::Kicked { .. }
            | What::Configured { .. }
            | What::Exhausted { .. }
            | What::HookFailed { .. }
            | What::Restored { .. }
            | What::Server { .. }
            | What::Lost(_)
            | What::SinkLost { .. } => None,
        }
    }
}

/// What a server comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It serves from now on.
    Started,
    /// It leaves the sockets to a successor; what runs goes on.
    Retiring,
    /// It takes nothing new; what runs goes on.
    Draining,
    /// It ends.
    Stopped,
}

impl Change {
    /// Every word that [`Change::word`] gives.
    pub const WORDS: &'static [&'static str] = &["started", "retiring", "draining", "stopped"];

    /// As one word.
    pub fn word(self) -> &'static str {
        match self {
            Change::Started => Change::WORDS[0],
            Change::Retiring => Change::WORDS[1],
            Change::Draining => Change::WORDS[2],
            Change::Stopped => Change::WORDS[3],
        }
    }
}

/// Who did something that no peer did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Who asks through the control socket, or sends a signal: a user of this host by number, where it is known.
    Operator(Option<u32>),
    /// The server, by a rule of its own.
    Itself,
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            By::Operator(Some(uid)) => write!(f, "uid {uid}"),
            By::Operator(None) => f.write_str("operator"),
            By::Itself => f.write_str("itself"),
        }
    }
}
