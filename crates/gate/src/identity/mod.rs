//! Who a knock is: users, their passwords, and the cache of those that were right.

mod account;
mod user;

pub use account::{Account, BadName, LONGEST_NAME};
pub use user::{BadUser, User, hash_password};

use crate::rights::Who;
use crate::{Credentials, Knock, Protocol, Refusal, Secret};
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex};
use std::time::SystemTime;
use user::hash;

/// Hashes that run at once: each takes 19 MiB and a core for some 25 ms.
const AT_ONCE: usize = 4;

/// Tells who a knock is.
pub(crate) struct Identity {
    users: HashMap<String, User>,
    anonymous: bool,
    /// Verified against for unknown users, so that they take as long.
    decoy: PasswordHash,
    key: [u8; 32],
    // Guards one keyed digest for each user, of the credentials that were right last.
    verified: Mutex<HashMap<String, [u8; 32]>>,
    // Guards how many hashes run.
    running: Mutex<usize>,
    done: Condvar,
}

impl Identity {
    pub(crate) fn new(users: Vec<User>, anonymous: bool) -> Identity {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system gives random octets");
        // The cost of the first user's hash is the cost of everybody unknown.
        let decoy = match users.first() {
            Some(user) => user.hash.clone(),
            None => hash(&Secret::new(key)),
        };
        Identity {
            users: users.into_iter().map(|u| (u.name().to_owned(), u)).collect(),
            anonymous,
            decoy,
            key,
            verified: Mutex::new(HashMap::new()),
            running: Mutex::new(0),
            done: Condvar::new(),
        }
    }

    pub(crate) fn of(&self, knock: &Knock) -> Result<Who, Refusal> {
        match (knock.protocol, &knock.credentials) {
            (Protocol::Tftp, Credentials::None) => Ok(Who::Nobody),
            (Protocol::Ftp | Protocol::Http, Credentials::Anonymous { .. }) if self.anonymous => {
                Ok(Who::Anonymous)
            }
            (Protocol::Ftp | Protocol::Http, Credentials::Password { user, password }) => {
                self.verify(user, password)
            }
            (Protocol::Ftp | Protocol::Http, Credentials::Anonymous { .. } | Credentials::None)
            | (Protocol::Tftp, Credentials::Anonymous { .. } | Credentials::Password { .. }) => {
                Err(Refusal::Login)
            }
        }
    }

    fn verify(&self, name: &str, password: &Secret) -> Result<Who, Refusal> {
        // Who is disabled or expired has no entry, and costs what the unknown do.
        let user = self.users.get(name).filter(|u| u.counts(SystemTime::now()));
        let known = user.map(|u| Who::User(u.account.clone()));
        let digest = self.digest(name, password);
        if let (Some(who), true) = (&known, self.is_verified(name, &digest)) {
            return Ok(who.clone());
        }
        let right = {
            let _turn = self.turn();
            // Of many logins of one user at once the first hashes for all.
            if let (Some(who), true) = (&known, self.is_verified(name, &digest)) {
                return Ok(who.clone());
            }
            let hash = user.map_or(&self.decoy, |u| &u.hash);
            Argon2::default().verify_password(password.expose(), hash).is_ok()
        };
        // The decoy may be a real user's hash: a right guess for an unknown name is still wrong.
        let who = known.filter(|_| right).ok_or(Refusal::Login)?;
        self.verified.lock().unwrap_or_else(|e| e.into_inner()).insert(name.to_owned(), digest);
        Ok(who)
    }

    /// Whether these credentials were the last right ones of this user.
    fn is_verified(&self, user: &str, digest: &[u8; 32]) -> bool {
        let verified = self.verified.lock().unwrap_or_else(|e| e.into_inner());
        verified.get(user).is_some_and(|known| same(known, digest))
    }

    /// A digest that is of no use outside this process.
    fn digest(&self, user: &str, password: &Secret) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update((user.len() as u64).to_be_bytes());
        digest.update(user.as_bytes());
        digest.update(password.expose());
        digest.update(self.key);
        digest.finalize().into()
    }

    fn turn(&self) -> Turn<'_> {
        let mut running = self.running.lock().unwrap_or_else(|e| e.into_inner());
        while *running >= AT_ONCE {
            running = self.done.wait(running).unwrap_or_else(|e| e.into_inner());
        }
        *running += 1;
        Turn(self)
    }
}

struct Turn<'a>(&'a Identity);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(|e| e.into_inner()) -= 1;
        self.0.done.notify_one();
    }
}

/// Compares without telling by time where they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}
