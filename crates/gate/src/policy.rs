use crate::{
    Bans, Directory, Grants, KeptScores, Limits, Net, Oracle, Overseer, Penalties, Roots, Rules, ThirdParty,
    Uploads, User,
};
#[cfg(doc)]
use crate::{Gate, Upload};
use std::sync::Arc;

/// What the owner allows.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Users of protocols that log in; of several of one name the last counts. Empty in [`Gate::policy`].
    pub users: Vec<User>,
    /// Users that are written down elsewhere and may change; asked about names that are not in `users`.
    pub directory: Option<Arc<dyn Directory>>,
    /// A program of the owner's that knows users; asked about names that are in neither.
    pub oracle: Option<Arc<dyn Oracle>>,
    /// The only networks whose clients are let in; none: everybody.
    pub clients: Vec<Net>,
    /// Whether FTP lets anonymous in.
    pub anonymous: bool,
    /// Whether HTTP takes passwords without TLS. FTP does in any case: its devices know nothing else.
    pub clear_login: bool,
    /// Without it everything is read-only for everybody. With it users may create, overwrite, rename
    /// and remove; TFTP and anonymous may create files, and what they write over is kept as a version.
    pub write: bool,
    /// What an upload may do, path by path, before what `write` says of who may. It holds for users as well:
    /// where what is there must stay, they neither remove nor rename it.
    pub uploads: Uploads,
    /// Who may do what where, before what is so without them.
    pub rules: Rules,
    /// What is given out for a while; `None`: nothing can be.
    pub grants: Option<Arc<Grants>>,
    /// Who is not let in, where that is kept; `None`: the gate remembers it while it lives.
    pub bans: Option<Arc<Bans>>,
    /// What `/` is for whom.
    pub roots: Roots,
    /// Whether the whole tree is a drop box ([`Upload::DropBox`]): those who are not known may put files in and
    /// do nothing else. Each upload has a name of its own with its time. Wants `write`.
    pub inbox: bool,
    /// Whether users may make symbolic links, which lead nowhere outside their root; also then not where there are
    /// rules or rows of uploads, which go by the name that a peer says.
    pub symlinks: bool,
    /// With whom data connections may be that are not the peer; none: with nobody.
    pub third_parties: Vec<ThirdParty>,
    /// Who sees the sessions of others; none: nobody.
    pub overseers: Vec<Overseer>,
    /// Whether names that begin with a dot are there at all.
    pub show_hidden: bool,
    /// Whether `NAME.md5`, `NAME.sha256` and `NAME.sha512` are there for each file that can be read.
    pub digests: bool,
    /// How much at once.
    pub limits: Limits,
    /// What bad behaviour costs; `None`: nothing.
    pub penalties: Option<Penalties>,
    /// What is held against whom, where that is kept; `None`: the gate remembers it while it lives.
    pub scores: Option<Arc<KeptScores>>,
    /// Events that wait for their reader; more are counted as lost.
    pub event_queue: usize,
    /// How many file descriptors this process may have open, for those who are told that none is left; `None`: it
    /// is not known.
    pub descriptors: Option<u64>,
    /// Whether there are events of the beginnings and ends of TFTP's sessions too, each of which is one transfer:
    /// they are half of all that a hot server has.
    pub tell_tftp_sessions: bool,
}

impl Default for Policy {
    /// Read-only, anonymous, dot-files hidden, digests served.
    fn default() -> Self {
        Policy {
            users: Vec::new(),
            directory: None,
            oracle: None,
            clients: Vec::new(),
            anonymous: true,
            clear_login: false,
            write: false,
            uploads: Uploads::default(),
            rules: Rules::default(),
            grants: None,
            bans: None,
            roots: Roots::default(),
            inbox: false,
            symlinks: false,
            third_parties: Vec::new(),
            overseers: Vec::new(),
            show_hidden: false,
            digests: true,
            limits: Limits::default(),
            penalties: None,
            scores: None,
            // A second of a hot server: a disk that the log goes to may stall so long. 16 MiB at most.
            event_queue: 65_536,
            descriptors: None,
            tell_tftp_sessions: true,
        }
    }
}
