//! `--user`: names and where their passwords come from.

use crate::config::Secret;
use crate::config::user::{Require, User};
use std::path::PathBuf;
use std::str::FromStr;

/// One `--user`.
#[derive(Clone)]
pub struct Given {
    name: String,
    password: Password,
}

#[derive(Clone)]
enum Password {
    /// Ask for it on the terminal.
    Ask,
    /// The first line of this file.
    File(PathBuf),
    /// On the command line, where every user of this host sees it.
    Open(String),
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Given, String> {
        let (name, password) = match text.split_once(':') {
            None => (text, Password::Ask),
            Some((name, rest)) => match rest.strip_prefix('@') {
                Some(file) if !file.is_empty() => (name, Password::File(PathBuf::from(file))),
                Some(_) => return Err(String::from("no file after ':@'")),
                None => (name, Password::Open(rest.to_owned())),
            },
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(String::from("give NAME, NAME:@FILE or NAME:PASSWORD"));
        }
        // FTP gives both names to whoever has no account (RFC 1635).
        if name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp") {
            return Err(format!("'{name}' is FTP's name for everybody; choose another"));
        }
        Ok(Given { name: name.to_owned(), password })
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:****", self.name)
    }
}

impl Given {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As the configuration has it.
    pub(super) fn user(&self) -> User {
        let password = match &self.password {
            Password::Ask => Secret::Ask,
            Password::File(file) => Secret::File(file.clone()),
            Password::Open(password) => Secret::Plain(password.clone()),
        };
        User {
            name: self.name.clone(),
            password: Some(password),
            keys: Vec::new(),
            keys_file: None,
            require: Require::Either,
            groups: Vec::new(),
            disabled: false,
            expires: None,
            home: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_parse() {
        let given = |t: &str| t.parse::<Given>();
        assert!(matches!(given("bob").unwrap().password, Password::Ask));
        assert!(matches!(given("bob:@/etc/pw").unwrap().password, Password::File(f) if f.ends_with("pw")));
        assert!(matches!(given("bob:a:b@c").unwrap().password, Password::Open(p) if p == "a:b@c"));
        for bad in ["", ":x", "bob:@", "anonymous", "FTP:x", "a b"] {
            assert!(given(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let given: Given = "bob:S3cret".parse().unwrap();
        assert!(!format!("{given:?}").contains("S3cret"));
    }
}
