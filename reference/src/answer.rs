use crate::{Counted, Scope, Upload};

/// What is said to a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It cannot be asked here and now: nobody is in that slot.
    Skipped,
    /// Done.
    Done,
    /// Yes or no.
    Is(bool),
    /// So many.
    Many(usize),
    /// A file with this content begins to be read.
    Content(Vec<u8>),
    /// A file of so many octets, or a directory.
    File(u64),
    /// See there.
    Directory,
    /// An upload begins, to go on at this offset.
    From(u64),
    /// An upload is there, with so many octets; whether what was there is kept.
    Published(u64, bool),
    /// Octets of a partial, if there is one.
    Partial(Option<u64>),
    /// Names in order.
    Names(Vec<String>),
    /// Whether a right is had, and by what.
    Decided(bool, By),
    /// What was decided, and by what, cannot be said: the name is no name there.
    NoName,
    /// No.
    No(Why),
}

/// What decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Nothing is written.
    ReadOnly,
    /// Hidden names are not there.
    Hidden,
    /// A drop box.
    DropBox,
    /// The rule with this number, from 1.
    Rule(usize),
    /// What uploads may do there.
    Upload(Upload),
    /// A grant.
    Grant,
    /// The grant does not give it.
    NotGranted,
    /// Everybody may.
    Everybody,
    /// Users may.
    User,
    /// Who did not log in may not.
    NoUser,
}

/// Why not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// Not there.
    Absent,
    /// There.
    Exists,
    /// May not.
    Denied,
    /// May not, by the rule with this number, from 1.
    DeniedBy(usize),
    /// Is a directory.
    IsDirectory,
    /// Is not.
    NotDirectory,
    /// Something is in it.
    NotEmpty,
    /// A quota is used up.
    OverQuota(&'static str),
    /// A limit.
    TooMany(Counted, Scope, usize),
    /// Banned until then (seconds since the beginning), or for ever.
    Banned(Option<u64>),
    /// Not served.
    Stranger,
    /// No such login.
    Login,
    /// A password in the clear.
    Unprotected,
    /// Cannot be done there.
    Unsupported,
    /// Beyond the end.
    BeyondEnd(u64, u64),
    /// Between two mounts.
    OtherFileSystem,
    /// Somebody else has it.
    Busy,
    /// What no model knows.
    Other(String),
}
