use super::account::{Account, BadName};
use super::factor::Wants;
use super::hash::{BadHash, Hash, HashKind};
use super::keys::Keys;
use super::outside::NotNow;
use crate::Secret;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use store::VPath;

/// A user as the owner wrote it down: the account, the password's hash, and whether it counts now.
#[derive(Clone)]
pub struct User {
    pub(super) account: Arc<Account>,
    /// `None`: the user has no password.
    pub(super) hash: Option<Hash>,
    pub(super) keys: Keys,
    pub(super) wants: Wants,
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
    /// What it has to show it does not have.
    #[error("user '{user}' has to show {what} and has none")]
    Without {
        /// Whose.
        user: String,
        /// What is missing.
        what: &'static str,
    },
    /// Its password's hash; never shows the text itself.
    #[error("user '{user}': password: {why}")]
    Hash {
        /// Whose.
        user: String,
        /// Why.
        why: BadHash,
    },
}

impl User {
    /// A user with the hash of a password: argon2id as [`hash_password`] makes it, or another [`HashKind`].
    pub fn new(name: &str, hash: &str) -> Result<User, BadUser> {
        let hash = Hash::parse(hash).map_err(|why| BadUser::Hash { user: name.to_owned(), why })?;
        User::hashed(name, Some(hash))
    }

    /// A user without a password: [`User::with_keys`] gives it what it logs in with.
    pub fn without_password(name: &str) -> Result<User, BadUser> {
        User::hashed(name, None)
    }

    /// A user with this password, hashed now.
    pub fn with_password(name: &str, password: &Secret) -> Result<User, BadUser> {
        User::hashed(name, Some(Hash::of(password)))
    }

    fn hashed(name: &str, hash: Option<Hash>) -> Result<User, BadUser> {
        let account = Account::new(name).map_err(|why| BadUser::Name { user: name.to_owned(), why })?;
        let (keys, wants) = (Keys::default(), Wants::default());
        Ok(User { account: Arc::new(account), hash, keys, wants, disabled: false, expires: None })
    }

    /// The same user in these groups.
    pub fn in_groups(mut self, groups: impl IntoIterator<Item = String>) -> Result<User, BadUser> {
        let account = Account::clone(&self.account).in_groups(groups);
        let user = || self.name().to_owned();
        self.account = Arc::new(account.map_err(|why| BadUser::Name { user: user(), why })?);
        Ok(self)
    }

    /// The same user, for whom `/` is this directory.
    pub fn at_home(mut self, home: Option<VPath>) -> User {
        self.account = Arc::new(Account::clone(&self.account).at_home(home));
        self
    }

    /// The same user with these keys to log in with over SSH.
    pub fn with_keys(self, keys: Keys) -> User {
        User { keys, ..self }
    }

    /// The same user, who has to show this.
    ///
    /// # Errors
    /// [`BadUser::Without`]: the user does not have it, and could never log in.
    pub fn wanting(self, wants: Wants) -> Result<User, BadUser> {
        let (has_password, has_key) = (self.hash.is_some(), !self.keys.is_empty());
        let missing = match wants {
            Wants::Either if !has_password && !has_key => Some("a password or keys"),
            Wants::Password | Wants::Both if !has_password => Some("a password"),
            Wants::Key | Wants::Both if !has_key => Some("keys"),
            Wants::Either | Wants::Password | Wants::Key | Wants::Both => None,
        };
        match missing {
            Some(what) => Err(BadUser::Without { user: self.name().to_owned(), what }),
            None => Ok(User { wants, ..self }),
        }
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

    /// The hash of the password as it stands in a file: for whoever writes it there anew, and nobody else.
    pub fn password_hash(&self) -> Option<&str> {
        self.hash.as_ref().map(Hash::text)
    }

    /// How the password is hashed; `None`: there is none.
    pub fn hash_kind(&self) -> Option<HashKind> {
        self.hash.as_ref().map(Hash::kind)
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What the user has to show.
    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// Why the owner does not let this user in at that time, whatever the password.
    pub fn not_now(&self, now: SystemTime) -> Option<NotNow> {
        let expired = self.expires.is_some_and(|at| now >= at);
        match self.disabled {
            true => Some(NotNow::Disabled),
            false => expired.then_some(NotNow::Expired),
        }
    }

    /// Whether this is the password. Takes as long as a login; [`Gate::admit`](crate::Gate::admit) is what lets in.
    pub fn is_password(&self, password: &Secret) -> bool {
        self.hash.as_ref().is_some_and(|hash| hash.verify(password))
    }

    /// When the owner ceases to let this user in.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expires
    }
}

impl fmt::Debug for User {
    /// Without the hash: it can be guessed against.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("account", &self.account)
            .field("keys", &self.keys.len())
            .field("wants", &self.wants)
            .field("disabled", &self.disabled)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The argon2id hash of a password, with a fresh salt, in PHC form: for configuration files.
pub fn hash_password(password: &Secret) -> String {
    Hash::of(password).text().to_owned()
}
