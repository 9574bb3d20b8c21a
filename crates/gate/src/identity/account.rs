use std::fmt;
use store::VPath;

/// Somebody whose credentials were right: what rules, limits and the tree go by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    name: String,
    groups: Vec<String>,
    home: Option<VPath>,
}

impl Account {
    /// An account without groups.
    pub fn new(name: &str) -> Result<Account, BadName> {
        check_name(name)?;
        Ok(Account { name: name.to_owned(), groups: Vec::new(), home: None })
    }

    /// The same account in these groups.
    pub fn in_groups(mut self, groups: impl IntoIterator<Item = String>) -> Result<Account, BadName> {
        self.groups = groups.into_iter().collect();
        self.groups.iter().try_for_each(|g| check_name(g))?;
        self.groups.sort();
        self.groups.dedup();
        if self.groups.len() > MOST_GROUPS {
            return Err(BadName::TooManyGroups(self.groups.len()));
        }
        Ok(self)
    }

    /// The same account, for which `/` is this directory.
    pub fn at_home(mut self, home: Option<VPath>) -> Account {
        self.home = home;
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The groups, in order, none twice.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Whether it is in a group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.binary_search_by(|g| g.as_str().cmp(group)).is_ok()
    }

    /// What `/` is for this account, where whoever knows the account says so.
    pub fn home(&self) -> Option<&VPath> {
        self.home.as_ref()
    }
}

/// Octets of a name of a user or group: a mail address has 254 at most, and a file named after it has to fit.
pub const LONGEST_NAME: usize = 200;

/// Groups of one account: as many as a Linux process may have in practice would be 65,536; nobody reads such a list.
const MOST_GROUPS: usize = 256;

/// Text that is no name of a user or group.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadName {
    /// Nothing at all.
    #[error("a name has at least one character")]
    Empty,
    /// Longer than [`LONGEST_NAME`].
    #[error("a name has at most {LONGEST_NAME} octets, this one has {0}")]
    TooLong(usize),
    /// Begins with `.` or `-`: a hidden file, or an option.
    #[error("a name begins with neither '.' nor '-'")]
    Begins,
    /// A character that stands for something else in paths, rules or on the wire.
    #[error("'{}' is no character of a name: letters, digits and . _ - @ + $ \\ are", .0.escape_default())]
    Character(char),
    /// What FTP gives to whoever has no account (RFC 1635).
    #[error("'{0}' is FTP's name for everybody; choose another")]
    Everybody(String),
    /// Too many groups for one account.
    #[error("an account is in at most {MOST_GROUPS} groups, this one in {0}")]
    TooManyGroups(usize),
}

/// Whether this can be a user's or group's name: it may become a file's name, a word of a rule and a line of a log.
pub(crate) fn check_name(name: &str) -> Result<(), BadName> {
    if name.len() > LONGEST_NAME {
        return Err(BadName::TooLong(name.len()));
    }
    match name.chars().next() {
        None => return Err(BadName::Empty),
        Some('.' | '-') => return Err(BadName::Begins),
        Some(_) => {}
    }
    // `\` is in DOMAIN\user, `$` ends a machine's account.
    let fits = |c: char| c.is_alphanumeric() || "._-@+$\\".contains(c);
    if let Some(c) = name.chars().find(|c| !fits(*c)) {
        return Err(BadName::Character(c));
    }
    if name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp") {
        return Err(BadName::Everybody(name.to_owned()));
    }
    Ok(())
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_are_none() {
        for good in ["bob", "b", "josé", "net-ops", "bob@example.org", "LAB\\bob", "pc01$", "a.b", "+1"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", BadName::Empty),
            (".", BadName::Begins),
            ("..", BadName::Begins),
            ("-rf", BadName::Begins),
            (".bob", BadName::Begins),
            ("a/b", BadName::Character('/')),
            ("a b", BadName::Character(' ')),
            ("a\0", BadName::Character('\0')),
            ("a\nb", BadName::Character('\n')),
            ("a:b", BadName::Character(':')),
            ("a*", BadName::Character('*')),
            ("\u{202e}bob", BadName::Character('\u{202e}')),
            ("FTP", BadName::Everybody(String::from("FTP"))),
            ("Anonymous", BadName::Everybody(String::from("Anonymous"))),
        ] {
            assert_eq!(check_name(bad), Err(why), "{bad:?}");
        }
        assert_eq!(check_name(&"x".repeat(LONGEST_NAME)), Ok(()));
        assert_eq!(check_name(&"x".repeat(LONGEST_NAME + 1)), Err(BadName::TooLong(LONGEST_NAME + 1)));
    }

    #[test]
    fn groups_are_a_set() {
        let groups = ["ops", "lab", "ops"].map(String::from);
        let account = Account::new("bob").unwrap().in_groups(groups).unwrap();
        assert_eq!(account.groups(), ["lab", "ops"]);
        assert!(account.is_in("ops") && account.is_in("lab") && !account.is_in("op"));
        assert!(Account::new("bob").unwrap().in_groups([String::from("a/b")]).is_err());
    }
}
