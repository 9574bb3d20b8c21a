//! Who else may know users, and what the owner is told of it all.

use super::account::Account;
use super::hash::HashKind;
use super::user::User;
use crate::{Protocol, Secret, Security};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use store::VPath;

/// Users that are written down elsewhere than in the policy, and may change while the gate stands.
pub trait Directory: fmt::Debug + Send + Sync {
    /// The user of this name as it is written down now; the same `Arc` while that does not change. Cheap then: it is
    /// asked at every login.
    ///
    /// # Errors
    /// In words: what is written down is no user.
    fn user(&self, name: &str) -> Result<Option<Arc<User>>, String>;

    /// Shows every user that is known now.
    fn each(&self, see: &mut dyn FnMut(&User));

    /// Writes down another hash of the same password, durably, unless it was changed meanwhile; the user as it is then.
    ///
    /// # Errors
    /// In words, and nothing has changed.
    fn rehash(&self, user: &User, hash: &str) -> Result<Arc<User>, String>;
}

/// Somebody who knows users and cannot list them: a program of the owner's.
pub trait Oracle: fmt::Debug + Send + Sync {
    /// Whose credentials these are; `None`: nobody's. Blocks as long as it has to.
    ///
    /// # Errors
    /// In words: it could not be asked, or its answer is none.
    fn ask(&self, inquiry: &Inquiry<'_>) -> Result<Option<Account>, String>;
}

/// What an [`Oracle`] is asked.
#[derive(Debug)]
pub struct Inquiry<'a> {
    /// The name, which can be one.
    pub user: &'a str,
    /// The password, at most [`LONGEST_PASSWORD`](super::LONGEST_PASSWORD) octets.
    pub password: &'a Secret,
    /// Where from.
    pub address: IpAddr,
    /// By which protocol.
    pub protocol: Protocol,
    /// How the channel is protected.
    pub security: Security,
}

/// What the owner should know about a login. Peers are told nothing of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// An old hash was replaced by one of argon2id, at a login.
    Upgraded {
        /// Whose.
        user: String,
        /// What it was.
        from: HashKind,
    },
    /// An old hash could not be replaced. Once for each user and process.
    NotUpgraded {
        /// Whose.
        user: String,
        /// What it is.
        kind: HashKind,
        /// In words.
        why: String,
    },
    /// What was shown was right and the user does not count now.
    RightButNotNow {
        /// Whose.
        user: String,
        /// Why not.
        why: NotNow,
    },
    /// The password was right, and the user has to show a key, alone or as well.
    PasswordAlone {
        /// Whose.
        user: String,
    },
    /// What is written down of a user is none; the login was refused.
    BadUserFile {
        /// Whose.
        user: String,
        /// In words.
        why: String,
    },
    /// The directory that is somebody's root was made, at a login.
    HomeMade {
        /// Whose.
        user: String,
        /// The directory.
        path: VPath,
    },
    /// It could not be made.
    HomeNotMade {
        /// Whose.
        user: String,
        /// What could not be made.
        path: VPath,
        /// In words.
        why: String,
    },
    /// The oracle could not be asked; the login was refused.
    OracleFailed {
        /// Who wanted in.
        user: String,
        /// In words.
        why: String,
    },
}

/// Why a user does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotNow {
    /// The owner says so.
    Disabled,
    /// Its time is over.
    Expired,
}

impl fmt::Display for NotNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotNow::Disabled => "is disabled",
            NotNow::Expired => "has expired",
        })
    }
}

impl Notice {
    /// A word for it, for events.
    pub fn word(&self) -> &'static str {
        match self {
            Notice::Upgraded { .. } => "hash-upgraded",
            Notice::NotUpgraded { .. } => "hash-not-upgraded",
            Notice::RightButNotNow { .. } => "right-but-not-now",
            Notice::PasswordAlone { .. } => "password-alone",
            Notice::BadUserFile { .. } => "bad-user-file",
            Notice::HomeMade { .. } => "home-made",
            Notice::HomeNotMade { .. } => "home-not-made",
            Notice::OracleFailed { .. } => "command-failed",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Upgraded { user, from } => {
                write!(f, "user {user}: the password was hashed with {from} and is now with argon2id")
            }
            Notice::NotUpgraded { user, kind, why } => {
                write!(f, "user {user}: the password stays hashed with {kind}: {why}")
            }
            Notice::RightButNotNow { user, why } => {
                write!(f, "user {user}: what was shown was right, but the user {why}")
            }
            Notice::PasswordAlone { user } => {
                write!(f, "user {user}: the password was right, but the user logs in with a key")
            }
            Notice::HomeMade { user, path } => write!(f, "user {user}: {path} was made, as a home"),
            Notice::HomeNotMade { user, path, why } => {
                write!(f, "user {user}: the home {path} could not be made: {why}")
            }
            Notice::BadUserFile { user, why } => write!(f, "user {user}: {why}"),
            Notice::OracleFailed { user, why } => write!(f, "user {user}: the identity command: {why}"),
        }
    }
}
