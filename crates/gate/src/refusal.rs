use crate::identity::Factor;
use crate::limits::Limit;
use crate::rules::Place;
use crate::unagreed::Unagreed;
use std::time::SystemTime;
use store::{BadPath, StoreError};

/// Why not. `serve` turns each into a wire code, in one match for each protocol. No host path in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// No such file or directory, or a hidden one.
    #[error("no such file or directory")]
    Absent,
    /// A file of that name exists and must not.
    #[error("a file of that name exists")]
    Exists,
    /// Not allowed to this peer.
    #[error("permission denied")]
    Denied,
    /// A rule of the owner's denies it; peers are told no more than of [`Refusal::Denied`].
    #[error("permission denied")]
    DeniedBy(Place),
    /// A directory where a file is wanted.
    #[error("is a directory")]
    IsDirectory,
    /// A file where a directory is wanted.
    #[error("is not a directory")]
    NotDirectory,
    /// A directory that still has entries.
    #[error("the directory is not empty")]
    NotEmpty,
    /// A device, FIFO or socket.
    #[error("is not a regular file")]
    NotRegular,
    /// Not a name at all.
    #[error("bad name: {0}")]
    BadName(#[from] BadPath),
    /// Several names differ only in case from the one asked for, and none is it. Holds some of them.
    #[error("several names differ only in case: {0}")]
    Ambiguous(String),
    /// A rule of the owner's refuses it, in the owner's words.
    #[error("{0}")]
    ByRule(String),
    /// No space left, or the announced size does not fit.
    #[error("no space left")]
    NoSpace,
    /// A quota of the owner's is used up: of octets or of files.
    #[error("the quota of {0} is used up")]
    OverQuota(&'static str),
    /// What counts against the quota is still being counted: later it may work.
    #[error("what is here is still being counted: try again in a moment")]
    Counting,
    /// A limit on sessions or transfers is reached; later it may work.
    #[error("too many: {0}")]
    TooMany(Limit),
    /// This host has none left of what a transfer needs; later it may work.
    #[error("no {0} left on this host")]
    Exhausted(&'static str),
    /// The address, or its network, is banned.
    #[error("this address is banned{}", left(.until.as_ref()))]
    Banned {
        /// Until then, or until somebody lifts it.
        until: Option<SystemTime>,
    },
    /// A client whose address is not among those that are let in.
    #[error("this address is not served")]
    Stranger,
    /// Unknown user, wrong password, or no anonymous here: deliberately one and the same.
    #[error("login incorrect")]
    Login,
    /// What was shown is right, and this is wanted as well: no refusal where the protocol can ask for it.
    #[error("a {0} is wanted as well")]
    Also(Factor),
    /// A password that came where everybody between can read it.
    #[error("passwords are taken over TLS only")]
    Unprotected,
    /// The peer knows no way to speak that is allowed here. Peers are told by their protocol.
    #[error("{0}")]
    NothingInCommon(Box<Unagreed>),
    /// What a connection begins with did not come about: TLS, say, and why. Peers are told nothing: there is nothing that
    /// both speak.
    #[error("{0}")]
    Handshake(String),
    /// The storage cannot do that.
    #[error("{0} is not possible here")]
    Unsupported(&'static str),
    /// Going on beyond the end of what is there.
    #[error("offset {offset} is beyond the end at {len}")]
    BeyondEnd {
        /// Octets asked.
        offset: u64,
        /// Octets there.
        len: u64,
    },
    /// A rename between two mounts.
    #[error("another file system: copy it")]
    OtherFileSystem,
    /// Another transfer holds it.
    #[error("in use by another transfer")]
    Busy,
    /// The storage failed, in words.
    #[error("storage error: {0}")]
    Io(String),
}

/// What sockets and open files are.
pub(crate) const DESCRIPTORS: &str = "file descriptors";

impl Refusal {
    /// The process, or the host, has no file descriptor left.
    pub const NO_DESCRIPTORS: Refusal = Refusal::Exhausted(DESCRIPTORS);
}

/// How long a ban lasts still. Who set it and why is not for the banned.
fn left(until: Option<&SystemTime>) -> String {
    let Some(until) = until else { return String::new() };
    let seconds = until.duration_since(SystemTime::now()).map_or(0, |d| d.as_secs());
    match seconds {
        0..120 => format!(" for another {} s", seconds.max(1)),
        120..7_200 => format!(" for another {} min", seconds / 60),
        _ => format!(" for another {} h", seconds / 3_600),
    }
}

impl From<StoreError> for Refusal {
    fn from(e: StoreError) -> Refusal {
        match e {
            StoreError::Absent => Refusal::Absent,
            StoreError::Exists => Refusal::Exists,
            StoreError::IsDirectory => Refusal::IsDirectory,
            StoreError::NotDirectory => Refusal::NotDirectory,
            StoreError::NotRegular => Refusal::NotRegular,
            StoreError::NotEmpty => Refusal::NotEmpty,
            StoreError::Denied => Refusal::Denied,
            StoreError::Unsupported(what) => Refusal::Unsupported(what),
            StoreError::NoSpace => Refusal::NoSpace,
            StoreError::OverQuota(of) => Refusal::OverQuota(of),
            StoreError::Counting => Refusal::Counting,
            StoreError::BeyondEnd { offset, len } => Refusal::BeyondEnd { offset, len },
            StoreError::OtherFileSystem => Refusal::OtherFileSystem,
            StoreError::Busy => Refusal::Busy,
            StoreError::NoDescriptors => Refusal::NO_DESCRIPTORS,
            StoreError::Io(e) => Refusal::Io(e.to_string()),
        }
    }
}
