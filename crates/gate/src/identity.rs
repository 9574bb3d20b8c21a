use crate::rights::Who;
use crate::{Credentials, Knock, Protocol, Refusal, Secret};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

/// Hashes that run at once: each takes 19 MiB and a core for some 25 ms.
const AT_ONCE: usize = 4;

/// A user and the hash of the password.
#[derive(Clone, Debug)]
pub struct User {
    name: String,
    hash: PasswordHash,
}

/// Text that is not the hash of a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("user '{user}': not an argon2id hash in PHC form ($argon2id$v=19$m=…): {why}")]
pub struct BadHash {
    /// Whose.
    pub user: String,
    /// In words; never the text itself.
    pub why: String,
}

impl User {
    /// A user with a hash in PHC form, as [`hash_password`] makes it.
    pub fn new(name: impl Into<String>, hash: &str) -> Result<User, BadHash> {
        let name = name.into();
        let bad = |why: String| BadHash { user: name.clone(), why };
        let hash = PasswordHash::new(hash).map_err(|e| bad(e.to_string()))?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err(bad(format!("the algorithm is {}", hash.algorithm.as_str())));
        }
        if hash.hash.is_none() || hash.salt.is_none() {
            return Err(bad(String::from("salt or hash are missing")));
        }
        argon2::Params::try_from(&hash).map_err(|e| bad(e.to_string()))?;
        Ok(User { name, hash })
    }

    /// A user with this password, hashed now.
    pub fn with_password(name: impl Into<String>, password: &Secret) -> User {
        User { name: name.into(), hash: hash(password) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The argon2id hash of a password, with a fresh salt, in PHC form: for configuration files.
pub fn hash_password(password: &Secret) -> String {
    hash(password).to_string()
}

fn hash(password: &Secret) -> PasswordHash {
    // Fails where the system gives no random octets or the password has 4 GiB.
    Argon2::default().hash_password(password.expose()).expect("the system gives random octets")
}

/// Tells who a knock is.
pub(crate) struct Identity {
    users: BTreeMap<String, PasswordHash>,
    anonymous: bool,
    /// Verified against for unknown users, so that they take as long.
    decoy: PasswordHash,
    key: [u8; 32],
    // Guards one keyed digest for each user, of the credentials that were right last.
    verified: Mutex<BTreeMap<String, [u8; 32]>>,
    // Guards how many hashes run.
    running: Mutex<usize>,
    done: Condvar,
}

impl Identity {
    pub(crate) fn new(users: &[User], anonymous: bool) -> Identity {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system gives random octets");
        // The cost of the first user's hash is the cost of everybody unknown.
        let decoy = match users.first() {
            Some(user) => user.hash.clone(),
            None => hash(&Secret::new(key)),
        };
        Identity {
            users: users.iter().map(|u| (u.name.clone(), u.hash.clone())).collect(),
            anonymous,
            decoy,
            key,
            verified: Mutex::new(BTreeMap::new()),
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

    fn verify(&self, user: &str, password: &Secret) -> Result<Who, Refusal> {
        let digest = self.digest(user, password);
        if self.is_verified(user, &digest) {
            return Ok(Who::User(user.to_owned()));
        }
        let entry = self.users.get(user);
        let right = {
            let _turn = self.turn();
            // Of many logins of one user at once the first hashes for all.
            if self.is_verified(user, &digest) {
                return Ok(Who::User(user.to_owned()));
            }
            Argon2::default().verify_password(password.expose(), entry.unwrap_or(&self.decoy)).is_ok()
        };
        // The decoy may be a real user's hash: a right guess for an unknown name is still wrong.
        if !right || entry.is_none() {
            return Err(Refusal::Login);
        }
        self.verified.lock().unwrap_or_else(|e| e.into_inner()).insert(user.to_owned(), digest);
        Ok(Who::User(user.to_owned()))
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
