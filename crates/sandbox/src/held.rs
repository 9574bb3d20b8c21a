//! What is enforced, for people.

use crate::identity::is_root;
use crate::{Become, Fault, Plan, Tcp};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use std::fmt::Write as _;

/// The first version of Landlock that knows TCP, and the one that knows signals.
const KNOWS_TCP: u32 = 4;
const KNOWS_SIGNALS: u32 = 6;
/// The first that lets files be renamed from one directory into another.
const KNOWS_RENAMES: u32 = 2;

/// What Landlock does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Files {
    /// This version of it is in force, as far as it goes.
    Landlock {
        /// The kernel's version.
        version: u32,
    },
    /// The kernel has it, and it was switched off when it was started.
    NotEnabled,
    /// The kernel does not have it, or does not let us.
    NotImplemented,
}

/// What the filter does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// Everything that is not in the table does not exist.
    Filtered,
    /// This processor has no table yet.
    NoTable,
}

/// What is given up since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Whom the process became.
    pub user: Option<Become>,
    /// Files and TCP; `None`: the sandbox is off.
    pub files: Option<Files>,
    /// System calls.
    pub calls: Option<Calls>,
}

impl Held {
    /// Tries what must fail now.
    pub(crate) fn verify(&self) -> Result<(), Fault> {
        let reads = rustix::fs::open("/etc/passwd", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        if matches!(self.files, Some(Files::Landlock { .. }))
            && !matches!(reads, Err(Errno::ACCESS | Errno::NOENT))
        {
            return Err(Fault::Open(format!("/etc/passwd: {reads:?}")));
        }
        if self.calls == Some(Calls::Filtered) && !crate::filter::is_strict() {
            // Nobody needs a packet socket; what is not in the table does not exist.
            let made = rustix::net::socket(AddressFamily::PACKET, SocketType::RAW, None);
            if made.as_ref().err() != Some(&Errno::NOSYS) {
                return Err(Fault::Open(format!("a packet socket: {made:?}")));
            }
        }
        Ok(())
    }

    /// What of the plan the kernel does not hold, if anything.
    pub fn lacks(&self, plan: &Plan) -> Option<String> {
        let mut lacks = Vec::new();
        match self.files {
            None => return None,
            Some(Files::NotImplemented) => {
                lacks.push(String::from("this kernel has no Landlock: files elsewhere and TCP are open"))
            }
            Some(Files::NotEnabled) => lacks.push(String::from(
                "Landlock is switched off (kernel option lsm=): files elsewhere and TCP are open",
            )),
            Some(Files::Landlock { version }) => {
                let mut older = |knows, what: &str| {
                    if version < knows {
                        lacks.push(format!("Landlock {version} does not know {what}"));
                    }
                };
                older(KNOWS_RENAMES, "renames between directories: they are refused");
                older(KNOWS_TCP, "TCP: connections are open");
                older(KNOWS_SIGNALS, "signals: other processes of the user can be sent some");
            }
        }
        if self.calls == Some(Calls::NoTable) {
            lacks.push(String::from("there is no table of system calls for this processor: none is barred"));
        }
        if is_root() && plan.user.is_none() {
            lacks.push(String::from("it runs as root: name a user (--run-as, server.user)"));
        }
        (!lacks.is_empty()).then(|| lacks.join("; "))
    }

    /// One line: what was given up, and what was not.
    pub fn line(&self, plan: &Plan) -> String {
        let Some(files) = self.files else { return String::from("Sandbox: off.") };
        let mut gone = Vec::new();
        let mut by = Vec::new();
        if let Some(user) = self.user {
            gone.push(format!("root's rights (now user {})", user.uid()));
        }
        if let Files::Landlock { version } = files {
            gone.push(String::from("files elsewhere"));
            if version >= KNOWS_TCP {
                gone.push(String::from(match &plan.tcp {
                    Tcp::Nothing => "TCP of its own",
                    Tcp::Own { connect: true, .. } => "other TCP ports to listen on",
                    Tcp::Own { connect: false, .. } => "TCP connections to others",
                }));
            }
            by.push(format!("Landlock {version}"));
        }
        if self.calls == Some(Calls::Filtered) {
            gone.push(String::from("programs, new rights and other kinds of sockets"));
            by.push(String::from("seccomp"));
        }
        let mut line = match gone.is_empty() {
            true => String::from("Sandbox: nothing could be given up"),
            false => format!("Sandbox: gave up {}", gone.join(", ")),
        };
        if !by.is_empty() {
            let _ = write!(line, " ({})", by.join(", "));
        }
        if let Some(lacks) = self.lacks(plan) {
            let _ = write!(line, ". Not held: {lacks}");
        }
        line + "."
    }
}
