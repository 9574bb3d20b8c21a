//! `[[user]]` and `[identity]`, and a user's file in `identity.users-dir`.

use super::secret::Secret;
use super::section::{entry, section};
use super::value::{Wanted, Written};
use super::words::words;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

entry! {
    /// Somebody who logs in.
    User {
        /// The name.
        name: String,
        /// The hash of the password, or where the password is: {file = …}, {env = …}, {cmd = […]}; none with keys alone.
        password: Option<Secret> = None,
        /// Keys to log in with over SSH: lines of sshd's authorized_keys, "ssh-ed25519 AAAA… comment".
        keys: Vec<String> = Vec::new(),
        /// A file with more of them, a line each.
        keys_file: Option<PathBuf> = None,
        /// What the user has to show: the password, a key, either or both.
        require: Require = Require::Either,
        /// Groups that the user is in.
        groups: Vec<String> = Vec::new(),
        /// Nobody logs in with it.
        disabled: bool = false,
        /// Nobody logs in with it after this day (its end in UTC), or from this time on: "2027-12-31".
        expires: Option<Written<Expiry>> = None,
        /// What `/` is for the user: a directory of the tree. It goes before `[[root]]`.
        home: Option<String> = None,
    }
}

entry! {
    /// A user's file, `NAME.toml`: what `[[user]]` has, without the name.
    Card {
        /// The hash of the password; none with keys alone.
        password: Option<Secret> = None,
        /// Keys to log in with over SSH: lines of sshd's authorized_keys.
        keys: Vec<String> = Vec::new(),
        /// What the user has to show: the password, a key, either or both.
        require: Require = Require::Either,
        /// Groups that the user is in.
        groups: Vec<String> = Vec::new(),
        /// Nobody logs in with it.
        disabled: bool = false,
        /// Nobody logs in with it after this day, or from this time on.
        expires: Option<Written<Expiry>> = None,
        /// What `/` is for the user.
        home: Option<String> = None,
    }
}

impl Card {
    /// The user of this name.
    pub fn named(self, name: &str) -> User {
        let Card { password, keys, require, groups, disabled, expires, home } = self;
        User {
            name: name.to_owned(),
            password,
            keys,
            keys_file: None,
            require,
            groups,
            disabled,
            expires,
            home,
        }
    }
}

words! {
    /// What a user has to show.
    Require {
        /// What the user has: the password or a key.
        Either = "either",
        /// The password; keys are of no use.
        Password = "password",
        /// A key; the password is of no use.
        Key = "key",
        /// A key and the password; over SSH and nothing else.
        Both = "both",
    }
}

impl Require {
    /// As the gate has it.
    pub fn wants(self) -> gate::Wants {
        match self {
            Require::Either => gate::Wants::Either,
            Require::Password => gate::Wants::Password,
            Require::Key => gate::Wants::Key,
            Require::Both => gate::Wants::Both,
        }
    }
}

impl From<gate::Wants> for Require {
    fn from(wants: gate::Wants) -> Require {
        match wants {
            gate::Wants::Either => Require::Either,
            gate::Wants::Password => Require::Password,
            gate::Wants::Key => Require::Key,
            gate::Wants::Both => Require::Both,
        }
    }
}

impl fmt::Display for Require {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Require::ALL.iter().find(|row| row.0 == *self).map_or("", |row| row.1))
    }
}

impl FromStr for Require {
    type Err = String;

    fn from_str(text: &str) -> Result<Require, String> {
        let found = Require::ALL.iter().find(|row| row.1 == text).map(|row| row.0);
        found.ok_or_else(|| String::from("it is one of either, password, key, both"))
    }
}

section! {
    /// Where users come from besides `[[user]]`.
    Identity {
        /// A directory with a file for each user: NAME.toml, which nobody else may read.
        users_dir: Option<PathBuf> = None,
        /// A command that is asked about users whom nothing else here knows, with its arguments.
        command: Vec<String> = Vec::new(),
        /// How long it may take.
        timeout: Duration = Duration::from_secs(5),
    }
}

/// When a user ceases to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expiry(pub SystemTime);

impl Wanted for Expiry {
    const WANTS: &'static str = "a day or a time, such as \"2027-12-31\" or \"2027-12-31T18:00:00Z\"";
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        let time = |e: jiff::Error| e.to_string();
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Ok(Expiry(system(at)));
        }
        let day: jiff::civil::Date = text.parse().map_err(|_| String::from("it is no day"))?;
        // A time without its zone would be read as its day.
        if text.len() > "2027-12-31".len() {
            return Err(String::from("a time needs its zone: Z for UTC"));
        }
        let midnight = day.tomorrow().map_err(time)?.at(0, 0, 0, 0);
        let end = jiff::tz::TimeZone::UTC.to_timestamp(midnight).map_err(time)?;
        Ok(Expiry(system(end)))
    }
}

/// To the second; what was before 1970 has been over for as long as makes no difference.
fn system(at: jiff::Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_expires_at_the_end_of_a_day_or_at_a_time() {
        let at = |text: &str| {
            text.parse::<Expiry>().map(|e| e.0.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
        };
        assert_eq!(at("2027-12-31").unwrap(), 1_830_297_600);
        assert_eq!(at("2027-12-31T18:00:00+02:00").unwrap(), 1_830_297_600 - 8 * 3_600);
        for bad in ["", "tomorrow", "2027-02-30", "2027-12-31T18:00:00", "31.12.2027"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
