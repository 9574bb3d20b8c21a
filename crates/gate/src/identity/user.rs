use super::account::{Account, BadName};
use crate::Secret;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// A user as the owner wrote it down: the account, the password's hash, and whether it counts now.
#[derive(Clone)]
pub struct User {
    pub(super) account: Arc<Account>,
    pub(super) hash: PasswordHash,
    disabled: bool,
    expires: Option<SystemTime>,
}

/// What makes a text no user.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadUser {
    /// Its name, or that of one of its groups.
    #[error("user '{}': {why}", user.escape_debug())]
    Name {
        /// Whose.
        user: String,
        /// Why.
        why: BadName,
    },
    /// Its password's hash; never shows the text itself.
    #[error("user '{user}': not an argon2id hash in PHC form ($argon2id$v=19$m=…): {why}")]
    Hash {
        /// Whose.
        user: String,
        /// In words.
        why: String,
    },
}

impl User {
    /// A user with a hash in PHC form, as [`hash_password`] makes it.
    pub fn new(name: impl Into<String>, hash: &str) -> Result<User, BadUser> {
        let name = name.into();
        let bad = |why: String| BadUser::Hash { user: name.clone(), why };
        let hash = PasswordHash::new(hash).map_err(|e| bad(e.to_string()))?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err(bad(format!("the algorithm is {}", hash.algorithm.as_str())));
        }
        if hash.hash.is_none() || hash.salt.is_none() {
            return Err(bad(String::from("salt or hash are missing")));
        }
        argon2::Params::try_from(&hash).map_err(|e| bad(e.to_string()))?;
        User::hashed(&name, hash)
    }

    /// A user with this password, hashed now.
    pub fn with_password(name: &str, password: &Secret) -> Result<User, BadUser> {
        User::hashed(name, hash(password))
    }

    fn hashed(name: &str, hash: PasswordHash) -> Result<User, BadUser> {
        let account = Account::new(name).map_err(|why| BadUser::Name { user: name.to_owned(), why })?;
        Ok(User { account: Arc::new(account), hash, disabled: false, expires: None })
    }

    /// The same user in these groups.
    pub fn in_groups(mut self, groups: impl IntoIterator<Item = String>) -> Result<User, BadUser> {
        let account = Account::clone(&self.account).in_groups(groups);
        let user = || self.name().to_owned();
        self.account = Arc::new(account.map_err(|why| BadUser::Name { user: user(), why })?);
        Ok(self)
    }

    /// The same user, who is let in or not whatever the password.
    pub fn disabled(self, disabled: bool) -> User {
        User { disabled, ..self }
    }

    /// The same user, who is let in until then.
    pub fn expires(self, at: Option<SystemTime>) -> User {
        User { expires: at, ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.account.name()
    }

    /// Name and groups.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Whether the owner lets this user in at that time, given the right password.
    pub fn counts(&self, now: SystemTime) -> bool {
        !self.disabled && self.expires.is_none_or(|at| now < at)
    }
}

impl fmt::Debug for User {
    /// Without the hash: it can be guessed against.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("account", &self.account)
            .field("disabled", &self.disabled)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The argon2id hash of a password, with a fresh salt, in PHC form: for configuration files.
pub fn hash_password(password: &Secret) -> String {
    hash(password).to_string()
}

pub(super) fn hash(password: &Secret) -> PasswordHash {
    // Fails where the system gives no random octets or the password has 4 GiB.
    Argon2::default().hash_password(password.expose()).expect("the system gives random octets")
}
