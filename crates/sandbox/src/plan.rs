//! What stays, and the order in which the rest goes.

use crate::{Become, Held, files, filter};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::io;
use std::path::PathBuf;

/// How much is demanded of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Demand {
    /// Nothing is given up.
    Off,
    /// As much as the kernel can.
    #[default]
    Auto,
    /// All of it, or an error.
    Require,
}

/// Which TCP ports of its own a process opens later. Sockets that it has keep working.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tcp {
    /// None, and it connects to nobody: another process does that for it.
    Nothing,
    /// It listens on these ports, 0 for one of the system's choice; with `connect` it reaches out as well.
    Own {
        /// The ports.
        listen: Vec<u16>,
        /// Whether it makes connections, to anywhere.
        connect: bool,
    },
}

/// What a process keeps.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How much is demanded.
    pub demand: Demand,
    /// Directories and files that it reads. Whatever is made in them later is covered; what is mounted or
    /// renamed there from elsewhere too. One that is not there is left out.
    pub reads: Vec<PathBuf>,
    /// Directories in which it also makes, writes, renames and removes.
    pub writes: Vec<PathBuf>,
    /// Its TCP.
    pub tcp: Tcp,
    /// Whether it opens local sockets (AF_UNIX), say to a log.
    pub local_sockets: bool,
    /// Whether it asks the kernel for its table of neighbours (AF_NETLINK).
    pub neighbours: bool,
    /// Whom it has become, to be told.
    pub user: Option<Become>,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            demand: Demand::default(),
            reads: Vec::new(),
            writes: Vec::new(),
            tcp: Tcp::Nothing,
            local_sockets: false,
            neighbours: false,
            user: None,
        }
    }
}

/// Why it was not done. The process may be half way: it must end.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A thread is there already, which would keep everything.
    #[error("{0} threads run already; what is given up is given up before the second")]
    Threads(usize),
    /// The user, groups or capabilities cannot be changed.
    #[error("cannot become that user: {0}")]
    Identity(io::Error),
    /// Root's rights could be had back.
    #[error("root's rights could be had back after they were given up")]
    StillRoot,
    /// A limit cannot be set.
    #[error("limits: {0}")]
    Limits(io::Error),
    /// Landlock failed, although the kernel has it.
    #[error("files (Landlock): {0}")]
    Files(#[from] landlock::RulesetError),
    /// The filter was not taken.
    #[error("system calls (seccomp): {0}")]
    Calls(#[from] filter::NoFilter),
    /// [`Demand::Require`], and the kernel has not all of it.
    #[error("not all of the sandbox is to be had: {0}")]
    Lacking(String),
    /// It is said to be in force and is not.
    #[error("the sandbox does not hold: {0}")]
    Open(String),
}

impl Plan {
    /// Gives up everything else, for good.
    ///
    /// # Errors
    /// See [`Fault`]: the process must end.
    pub fn enter(&self) -> Result<Held, Fault> {
        alone()?;
        if self.demand == Demand::Off {
            return Ok(Held { user: self.user, files: None, calls: None });
        }
        // A core would hold what was in memory: passwords, keys.
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        setrlimit(Resource::Core, none).map_err(|e| Fault::Limits(e.into()))?;
        // Nobody of the same user looks into our memory. Own files in /proc stay ours to follow.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| Fault::Limits(e.into()))?;
        rustix::thread::set_no_new_privs(true).map_err(|e| Fault::Limits(e.into()))?;
        let files = files::restrict(self)?;
        // Last: the filter forbids the calls of all that is above.
        let calls = filter::install(self)?;
        let held = Held { user: self.user, files: Some(files), calls: Some(calls) };
        held.verify()?;
        match (self.demand, held.lacks(self)) {
            (Demand::Require, Some(lacks)) => Err(Fault::Lacking(lacks)),
            (Demand::Require | Demand::Auto | Demand::Off, _) => Ok(held),
        }
    }
}

/// That there is one thread: what is given up holds for it and those that it starts.
pub(crate) fn alone() -> Result<(), Fault> {
    match std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count) {
        1 => Ok(()),
        threads => Err(Fault::Threads(threads)),
    }
}
