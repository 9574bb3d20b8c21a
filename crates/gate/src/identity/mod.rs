//! Who a knock is.
//!
//! In this order: users of the policy, users of the [`Directory`], whom the [`Oracle`] knows. The first that has the
//! name decides; a name of the policy is never asked about elsewhere.
//!
//! - `login` by password, key or both · `keys` that users log in with, `factor` what they have to show · `account` names and groups · `user` as the owner wrote it down · `hash` of passwords, `md5_crypt` the one we had to
//!   write · `decoys` make every wrong login cost the same, `even` last the same where an oracle is asked · `verified` makes the second right one cost microseconds ·
//!   `outside` who else may know users · `turns` bounds how many hash at once.

mod account;
mod decoys;
mod even;
mod factor;
mod hash;
mod keys;
mod login;
mod md5_crypt;
mod outside;
#[cfg(test)]
mod tests;
mod turns;
mod user;
mod verified;

pub use account::{Account, BadName, LONGEST_NAME};
pub use factor::{Factor, Wants};
pub use hash::{BadHash, HashKind, LONGEST_PASSWORD};
pub use keys::{AuthorizedKey, BadKey, BadLine, Certificate, Keys, ShownKey};
pub use outside::{Directory, Inquiry, NotNow, Notice, Oracle};
pub use user::{BadUser, User, hash_password};

use crate::rights::Who;
use crate::{Credentials, Knock, Protocol, Refusal, Secret};
use account::check_name;
use decoys::Decoys;
use even::Even;
use hash::Hash;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use turns::{Turn, Turns};
use verified::{Answers, Key, Verified};

/// Hashes that run at once: each takes 19 MiB and a core for some 25 ms.
const HASHES: usize = 4;
/// Questions to the oracle at once: each is a process.
const QUESTIONS: usize = 16;
/// How long an answer of the oracle holds: a client that opens many sessions starts one process.
const ANSWER_HOLDS: Duration = Duration::from_secs(30);

/// Tells who a knock is.
pub(crate) struct Identity {
    users: HashMap<Box<str>, Arc<User>>,
    directory: Option<Arc<dyn Directory>>,
    oracle: Option<Arc<dyn Oracle>>,
    anonymous: bool,
    /// Whether anybody's certificates were taken when it began.
    certificates: bool,
    decoys: Decoys,
    even: Even,
    key: Key,
    verified: Verified,
    answers: Answers,
    hashing: Turns,
    asking: Turns,
    // Guards the names of those whose old hash was complained of: once each.
    complained: Mutex<HashSet<String>>,
}

/// Where a user is written down.
#[derive(Clone, Copy)]
enum Lives {
    InPolicy,
    InDirectory,
}

/// What comes of asking who somebody is, besides the answer.
#[derive(Default)]
pub(crate) struct Said {
    /// For the owner.
    pub(crate) notices: Vec<Notice>,
    /// The answer may not be seen before; `None`: at once.
    pub(crate) not_before: Option<Instant>,
}

impl Identity {
    /// Of several users of one name the last counts.
    pub(crate) fn new(
        users: Vec<User>,
        directory: Option<Arc<dyn Directory>>,
        oracle: Option<Arc<dyn Oracle>>,
        anonymous: bool,
    ) -> Identity {
        let decoys = Decoys::default();
        let mut certificates = false;
        let mut learn = |u: &User| {
            u.hash.iter().for_each(|hash| decoys.learn(hash));
            certificates |= u.keys.iter().any(AuthorizedKey::is_authority);
        };
        users.iter().for_each(&mut learn);
        if let Some(directory) = &directory {
            directory.each(&mut |u| learn(u));
        }
        decoys.at_least_one();
        Identity {
            users: users.into_iter().map(|u| (Box::from(u.name()), Arc::new(u))).collect(),
            directory,
            oracle,
            anonymous,
            certificates,
            decoys,
            even: Even::default(),
            key: Key::fresh(),
            verified: Verified::default(),
            answers: Answers::holding(ANSWER_HOLDS),
            hashing: Turns::of(HASHES),
            asking: Turns::of(QUESTIONS),
            complained: Mutex::default(),
        }
    }

    /// Whether there is anybody who could log in with a password.
    pub(crate) fn has_logins(&self) -> bool {
        !self.users.is_empty() || self.directory.is_some() || self.oracle.is_some()
    }

    /// Who that is; what the owner should know of it goes into `said`, and when it may be answered.
    pub(crate) fn of(&self, knock: &Knock, said: &mut Said) -> Result<Who, Refusal> {
        match (knock.protocol, &knock.credentials) {
            (Protocol::Tftp, Credentials::None) => Ok(Who::Nobody),
            (
                Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp,
                Credentials::Anonymous { .. },
            ) if self.anonymous => Ok(Who::Anonymous),
            (
                Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp,
                Credentials::Password { user, password },
            ) => self.by_password(knock, user, password, said).map(Who::User),
            (Protocol::Sftp | Protocol::Scp, Credentials::Key { user, key, password }) => {
                self.by_key(knock, user, key, password.as_ref(), said).map(Who::User)
            }
            (Protocol::Tftp | Protocol::Ftp | Protocol::Http, Credentials::Key { .. }) => Err(Refusal::Login),
            (
                Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp,
                Credentials::Anonymous { .. } | Credentials::None,
            )
            | (Protocol::Tftp, Credentials::Anonymous { .. } | Credentials::Password { .. }) => {
                Err(Refusal::Login)
            }
        }
    }

    /// Whoever nobody here knows.
    fn elsewhere(
        &self,
        knock: &Knock,
        name: &str,
        password: &Secret,
        digest: &[u8; 32],
        notices: &mut Vec<Notice>,
    ) -> Result<Arc<Account>, Refusal> {
        let (told, asking) = self.asked(knock, name, password, digest, notices);
        // What the oracle does not know costs what a wrong password does.
        told.ok_or_else(|| {
            let turn = self.hashing.take();
            let began = Instant::now();
            let wrong = self.wrong(&turn, None, password);
            self.even.learn(asking + began.elapsed());
            wrong
        })
    }

    /// The user of this name, and where it lives.
    fn find(&self, name: &str, notices: &mut Vec<Notice>) -> Option<(Arc<User>, Lives)> {
        if let Some(user) = self.users.get(name) {
            return Some((user.clone(), Lives::InPolicy));
        }
        // What is no name is not looked for as a file.
        let directory = self.directory.as_ref().filter(|_| check_name(name).is_ok())?;
        match directory.user(name) {
            Ok(user) => user.map(|u| (u, Lives::InDirectory)),
            Err(why) => {
                notices.push(Notice::BadUserFile { user: name.to_owned(), why });
                None
            }
        }
    }

    /// The refusal of a wrong login, after the time that each takes: one hash of each cost in use, of which `done` is
    /// computed already, in one turn: who waits for turns waits once.
    fn wrong(&self, _turn: &Turn<'_>, done: Option<&Hash>, password: &Secret) -> Refusal {
        self.decoys.spend(done, password);
        Refusal::Login
    }

    /// The user with an argon2id hash, where it lives in a directory that takes it; otherwise as it was.
    fn upgraded(
        &self,
        user: &Arc<User>,
        lives: Lives,
        kind: HashKind,
        password: &Secret,
        notices: &mut Vec<Notice>,
    ) -> Arc<User> {
        let name = user.name().to_owned();
        let why = match (lives, &self.directory) {
            (Lives::InDirectory, Some(directory)) => {
                match directory.rehash(user, Hash::of(password).text()) {
                    Ok(user) => {
                        notices.push(Notice::Upgraded { user: name, from: kind });
                        return user;
                    }
                    Err(why) => why,
                }
            }
            (Lives::InDirectory | Lives::InPolicy, _) => String::from(
                "it is in the configuration, which is only read; towline user passwd makes a new one",
            ),
        };
        let mut complained = self.complained.lock().unwrap_or_else(|e| e.into_inner());
        if complained.insert(name.clone()) {
            notices.push(Notice::NotUpgraded { user: name, kind, why });
        }
        user.clone()
    }

    /// What the oracle says, now or a short time ago, and how long it took for it.
    fn asked(
        &self,
        knock: &Knock,
        name: &str,
        password: &Secret,
        digest: &[u8; 32],
        notices: &mut Vec<Notice>,
    ) -> (Option<Arc<Account>>, Duration) {
        let at_once = |answer| (answer, Duration::ZERO);
        let Some(oracle) = self.oracle.as_ref() else { return at_once(None) };
        if check_name(name).is_err() || password.expose().len() > LONGEST_PASSWORD {
            return at_once(None);
        }
        let _turn = match self.answers.known(digest) {
            Some(answer) => return at_once(answer),
            None => self.asking.take(),
        };
        // Of many logins of one user at once the first asks for all.
        if let Some(answer) = self.answers.known(digest) {
            return at_once(answer);
        }
        let (address, protocol, security) = (knock.peer.ip().to_canonical(), knock.protocol, knock.security);
        let began = Instant::now();
        let answer = oracle.ask(&Inquiry { user: name, password, address, protocol, security });
        let took = began.elapsed();
        let account = answer.map(|account| account.map(Arc::new)).map_or_else(
            |why| {
                notices.push(Notice::OracleFailed { user: name.to_owned(), why });
                None
            },
            |account| {
                self.answers.remember(digest, account.clone());
                account
            },
        );
        (account, took)
    }
}
