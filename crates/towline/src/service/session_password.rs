//! A login for one run, where nobody else can log in over SFTP.

use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use gate::{Secret, User};

/// Who it is for.
const NAME: &str = "towline";
/// 34 to the power of 12: more than anybody guesses while a server runs.
const LENGTH: usize = 12;
/// What everybody can type: IOS takes no `?` in a line, URLs break at `@`, `:` and `/`, and `0`, `1` are taken for letters.
const LETTERS: &[u8; 34] = b"abcdefghijklmnopqrstuvwxyz23456789";

/// A user and its password, for this run.
#[derive(Clone, Debug)]
pub(crate) struct SessionPassword {
    pub(crate) user: &'static str,
    pub(crate) password: String,
}

impl SessionPassword {
    /// One, where the configuration knows nobody.
    pub(super) fn of(loaded: &Loaded) -> Result<Option<SessionPassword>, Failure> {
        SessionPassword::is_needed(loaded).then(SessionPassword::made).transpose()
    }

    /// Whether it knows nobody.
    pub(super) fn is_needed(loaded: &Loaded) -> bool {
        let (config, identity) = (&loaded.config, &loaded.config.identity);
        config.user.is_empty() && identity.users_dir.is_none() && identity.command.is_empty()
    }

    fn made() -> Result<SessionPassword, Failure> {
        let mut password = String::with_capacity(LENGTH);
        while password.len() < LENGTH {
            let mut octets = [0; 64];
            let broken = |e| Failure::new(Exit::Local, "a password for this run", e, "");
            getrandom::fill(&mut octets).map_err(broken)?;
            // What would make some letters likelier than others is not taken.
            let fair = octets.iter().filter(|octet| **octet < 7 * 34);
            let letters = fair.map(|octet| char::from(LETTERS[usize::from(octet % 34)]));
            password.extend(letters.take(LENGTH - password.len()));
        }
        Ok(SessionPassword { user: NAME, password })
    }

    /// For the door.
    pub(super) fn login(&self) -> Result<User, Failure> {
        let password = Secret::new(self.password.clone());
        User::with_password(self.user, &password).map_err(|e| Failure::new(Exit::Local, self.user, e, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_is_typed_on_every_keyboard_and_is_another_each_time() {
        let all: BTreeSet<String> = (0..100).map(|_| SessionPassword::made().unwrap().password).collect();
        assert_eq!(all.len(), 100);
        let letters: BTreeSet<u8> = all.iter().flat_map(|p| p.bytes()).collect();
        assert!(all.iter().all(|p| p.len() == LENGTH));
        assert_eq!(letters, LETTERS.iter().copied().collect(), "each letter comes, and no other");
    }
}
