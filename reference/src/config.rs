use crate::Net;
use std::fmt;

/// What the owner sets.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Whoever can log in.
    pub users: Vec<User>,
    /// Whether FTP and HTTP let in who does not log in.
    pub anonymous: bool,
    /// Whether HTTP takes passwords without TLS.
    pub clear_login: bool,
    /// Whether the whole tree is a drop box.
    pub inbox: bool,
    /// Whether names that begin with a dot are there.
    pub show_hidden: bool,
    /// The only networks that are served; none: all.
    pub clients: Vec<Net>,
    /// The first that fits counts.
    pub rules: Vec<Rule>,
    /// The first that fits counts: a path or pattern, and what uploads may do there.
    pub uploads: Vec<(String, Upload)>,
    /// What is mounted where.
    pub mounts: Vec<Mount>,
    /// What `/` is for whom: the first that fits counts.
    pub roots: Vec<Root>,
    /// Who sees the sessions of others.
    pub overseers: Vec<Overseer>,
    /// How much at once.
    pub limits: Limits,
    /// What bad behaviour costs; `None`: nothing.
    pub penalties: Option<Penalties>,
    /// Files that are there, with their sizes.
    pub files: Vec<(String, usize)>,
    /// Directories that are there; they come before the files.
    pub directories: Vec<String>,
}

impl Config {
    /// Whether anything is written at all.
    pub fn is_written(&self) -> bool {
        self.mounts.iter().any(|mount| mount.write)
    }
}

/// Users and groups, and the networks that they have to come from, where there are any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overseer {
    /// Names.
    pub users: Vec<String>,
    /// Of whose members any.
    pub groups: Vec<String>,
    /// Any of these.
    pub clients: Vec<Net>,
}

/// Somebody who can log in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The name, which is the password as well.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// A root of their own.
    pub home: Option<String>,
}

/// Protocols.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// Without logins.
    Tftp,
    /// With logins.
    Ftp,
    /// Reads only.
    Http,
}

/// How a channel is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Not.
    Clear,
    /// By TLS.
    Tls,
}

/// Rights that rules and grants give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// A file's content.
    Read,
    /// To change what is there.
    Write,
    /// To make what is not there.
    Create,
    /// To remove.
    Delete,
    /// The names in a directory.
    List,
    /// To give another name.
    Rename,
}

impl Right {
    /// Each.
    pub const ALL: [Right; 6] =
        [Right::Read, Right::Write, Right::Create, Right::Delete, Right::List, Right::Rename];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Write => "write",
            Right::Create => "create",
            Right::Delete => "delete",
            Right::List => "list",
            Right::Rename => "rename",
        }
    }
}

/// What a rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allow {
    /// Lets it be done.
    Yes,
    /// Does not.
    No,
}

/// One rule; an empty list is no condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What it does.
    pub allow: Allow,
    /// With which rights.
    pub rights: Vec<Right>,
    /// `*` is whoever logged in, `anonymous` whoever did not.
    pub users: Vec<String>,
    /// Any of these groups.
    pub groups: Vec<String>,
    /// Any of these networks.
    pub from: Vec<Net>,
    /// Any of these protocols.
    pub protocols: Vec<Protocol>,
    /// Any of these.
    pub security: Vec<Security>,
    /// Which paths.
    pub path: String,
}

/// What uploads may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Upload {
    /// Only new names.
    Create,
    /// Replace what is there.
    Overwrite,
    /// Replace it and keep it as a version.
    Version,
    /// Nothing.
    Deny,
    /// Who is not a user puts in and does nothing else.
    DropBox,
}

impl fmt::Display for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Upload::Create => "create",
            Upload::Overwrite => "overwrite",
            Upload::Version => "version",
            Upload::Deny => "deny",
            Upload::DropBox => "dropbox",
        })
    }
}

/// How much there may be; `None`: any number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Quota {
    /// Octets.
    pub octets: Option<u64>,
    /// Files and directories.
    pub files: Option<u64>,
}

impl Quota {
    /// The less of both.
    pub(crate) fn and(self, other: Quota) -> Quota {
        let less = |a: Option<u64>, b: Option<u64>| [a, b].into_iter().flatten().min();
        Quota { octets: less(self.octets, other.octets), files: less(self.files, other.files) }
    }
}

/// A part of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// Where.
    pub at: String,
    /// Whether it is written to.
    pub write: bool,
    /// What uploads may do there.
    pub upload: Option<Upload>,
    /// How much it may hold.
    pub quota: Quota,
}

/// What `/` is for somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// Whose.
    pub user: Option<RootUser>,
    /// Of this group.
    pub group: Option<String>,
    /// From this network.
    pub net: Option<Net>,
    /// With `%u` for the user's name and `%i` for the address.
    pub path: String,
    /// Whether it is made when somebody logs in with a name and it is not there.
    pub create: bool,
    /// How much each such directory may hold.
    pub quota: Quota,
}

/// Whose a root is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RootUser {
    /// Whoever logged in.
    Any,
    /// FTP's and HTTP's anonymous.
    Anonymous,
    /// This one.
    Named(String),
}

/// How much at once; none: any number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caps {
    /// Logged in.
    pub sessions: Option<usize>,
    /// Not logged in.
    pub half_open: Option<usize>,
    /// Transfers.
    pub transfers: Option<usize>,
}

/// Of whom.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// All.
    pub all: Caps,
    /// The first network that holds an address.
    pub networks: Vec<(Net, Caps)>,
    /// Each address, each IPv6 /64.
    pub per_address: Caps,
    /// Each user who logged in; half-open ones are nobody's.
    pub per_user: Caps,
}

/// What bad behaviour costs; times in seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct Penalties {
    /// Nothing is held against these.
    pub exempt: Vec<Net>,
    /// A score is half of what it was after this time.
    pub half_life: u64,
    /// From this score on a login is answered late.
    pub delay_at: f64,
    /// The longest delay.
    pub longest_delay: u64,
    /// At this score a ban begins.
    pub ban_at: f64,
    /// The first ban; each further one is four times as long.
    pub first_ban: u64,
    /// The longest.
    pub longest_ban: u64,
}
