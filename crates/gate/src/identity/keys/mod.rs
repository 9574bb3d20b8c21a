//! The keys that users log in with.
//!
//! Whoever speaks SSH has verified that a key is the peer's own, and a certificate's signature; here is decided whether
//! it is one of this user's. What does not fit a line of sshd's `authorized_keys` is refused with its place: a line that
//! is left out quietly is a user who cannot log in, and an option that is ignored is a promise that is not kept.
//!
//! - `line` one line of it · `options` what stands before the key · `sources` its `from=` · `shown` what a peer shows,
//!   and whether a certificate is good.

mod line;
mod options;
mod shown;
mod sources;

pub use line::{AuthorizedKey, BadKey};
pub use shown::{Certificate, ShownKey};

use std::net::IpAddr;
use std::time::SystemTime;

/// Keys of one user: more are no keys that somebody looks after.
const MOST_KEYS: usize = 1_000;

/// The keys of a user, in the order in which they are written down.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Keys(Vec<AuthorizedKey>);

/// A line of several that is no key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// Why.
    #[source]
    pub why: BadKey,
}

impl Keys {
    /// Reads a file of the kind of `authorized_keys`: a key on each line; empty lines and those that begin with `#` are
    /// left out.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Keys, BadLine> {
        let lines = text.lines().zip(1..).filter(|(text, _)| !is_remark(text));
        let keys = lines.map(|(text, line)| text.parse().map_err(|why| BadLine { line, why }));
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        match keys.len() {
            many if many > MOST_KEYS => Err(BadLine { line: many, why: BadKey::TooMany { most: MOST_KEYS } }),
            _ => Ok(Keys(keys)),
        }
    }

    /// These and more behind them.
    pub fn and(mut self, more: Keys) -> Keys {
        self.0.extend(more.0);
        self
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = &AuthorizedKey> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what a peer shows is one of these, for this user, from there, at that time.
    pub(crate) fn admit(&self, shown: &ShownKey, user: &str, peer: IpAddr, now: SystemTime) -> bool {
        self.0.iter().any(|key| key.admits(shown, user, peer, now))
    }
}

impl FromIterator<AuthorizedKey> for Keys {
    fn from_iter<I: IntoIterator<Item = AuthorizedKey>>(keys: I) -> Keys {
        Keys(keys.into_iter().collect())
    }
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests;
