//! What `/` is for whom: one ordered table.

use crate::clients::Net;
use crate::rights::Who;
use std::net::IpAddr;
use std::str::FromStr;
use store::VPath;

/// One row. Whatever is given must hold; a row that gives nothing holds for everybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RootRule {
    /// Which users.
    pub user: Option<RootUser>,
    /// Users of this group.
    pub group: Option<String>,
    /// The network that the peer comes from.
    pub network: Option<Net>,
    /// The virtual host that was asked for, in small letters.
    pub host: Option<String>,
    /// The directory of the whole tree that is their root.
    pub path: RootPath,
    /// Whether it is made when somebody logs in with a name and it is not there.
    pub create: bool,
}

/// What `/` is for somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Home {
    /// The directory of the whole tree.
    pub(crate) path: VPath,
    /// Whether it is to be made where it is not there.
    pub(crate) create: bool,
}

/// Whose a row is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RootUser {
    /// Whoever has logged in with a name.
    Any,
    /// FTP's anonymous.
    Anonymous,
    /// This one.
    Named(String),
}

impl FromStr for RootUser {
    type Err = String;

    /// `*`, `anonymous`, or a name.
    fn from_str(text: &str) -> Result<RootUser, String> {
        match text {
            "" => Err(String::from("the name is empty: write a user's name, * for every user, or anonymous")),
            "*" => Ok(RootUser::Any),
            "anonymous" => Ok(RootUser::Anonymous),
            name => Ok(RootUser::Named(name.to_owned())),
        }
    }
}

/// A directory, in which `%u` stands for the user's name, `%i` for the peer's address and `%%` for `%`.
///
/// A name that could be more than one component, or a hidden one, is written in `%XX` there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RootPath {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    User,
    Address,
}

impl FromStr for RootPath {
    type Err = String;

    fn from_str(text: &str) -> Result<RootPath, String> {
        let (mut parts, mut rest, mut plain) = (Vec::new(), text, String::new());
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            let part = match rest[at + 1..].chars().next() {
                Some('%') => None,
                Some('u') => Some(Part::User),
                Some('i') => Some(Part::Address),
                Some(_) | None => {
                    return Err(String::from(
                        "after '%' comes u (the user's name), i (the address) or % (itself)",
                    ));
                }
            };
            match part {
                None => plain.push('%'),
                Some(part) => {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(part);
                }
            }
            rest = &rest[at + 2..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        if text.split('/').any(|c| c == "..") {
            return Err(String::from("the path has '..': write it from the tree's root down"));
        }
        let path = RootPath { parts };
        // Whatever is filled in is one component or part of one, and begins none with a dot.
        let tried = path.filled(Some("u"), IpAddr::from([0, 0, 0, 0])).ok_or("the path is too long")?;
        if tried.is_hidden() {
            return Err(String::from("a component begins with a dot: hidden directories are nobody's root"));
        }
        Ok(path)
    }
}

impl RootPath {
    /// Whether it says `%u`.
    pub fn names_user(&self) -> bool {
        self.parts.contains(&Part::User)
    }

    /// The directory, and whether each directory in it is somebody's root: `/home/%u` is `/home` and true.
    /// `None`: what is filled in is not a component of its own at the end.
    pub fn directory(&self) -> Option<(VPath, bool)> {
        match &self.parts[..] {
            [Part::Text(all)] => Some((VPath::parse(all.as_bytes()).ok()?, false)),
            [Part::Text(above), Part::User | Part::Address, Part::Text(rest)]
                if above.ends_with('/') && rest.trim_matches('/').is_empty() =>
            {
                Some((VPath::parse(above.as_bytes()).ok()?, true))
            }
            _other => None,
        }
    }

    fn filled(&self, user: Option<&str>, address: IpAddr) -> Option<VPath> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::User => text.push_str(&component(user?)),
                Part::Address => text.push_str(&address.to_canonical().to_string()),
            }
        }
        VPath::parse(text.as_bytes()).ok()
    }
}

/// A name as (a part of) one component that is neither hidden nor of the store's own. Different names stay
/// different.
fn component(name: &str) -> String {
    let plain = |n: usize, c: char| {
        c.is_ascii_alphanumeric() || "-_@+".contains(c) || (c == '.' && n > 0) || !c.is_ascii()
    };
    let written = |(n, c): (usize, char)| match plain(n, c) {
        true => c.to_string(),
        false => format!("%{:02X}", u32::from(c)),
    };
    name.char_indices().map(written).collect()
}

/// Rows in their order: the first that fits counts; where none does, the tree's root is theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roots(pub Vec<RootRule>);

impl Roots {
    /// Whether any row has directories made.
    pub(crate) fn makes_any(&self) -> bool {
        self.0.iter().any(|row| row.create)
    }

    /// The root of somebody: what the account itself says, else a row's, else the tree's. `None`: their row's directory cannot be named (too long).
    pub(crate) fn of(&self, who: &Who, peer: IpAddr, host: Option<&str>) -> Option<Home> {
        let there = |path: VPath| Home { path, create: false };
        // A grant names its path in the whole tree, by a login as by a name with its secret.
        if let Who::Grant(_) = who {
            return Some(there(VPath::root()));
        }
        // No datagram and no connection comes from the unspecified address: that is our own advisor.
        if let Who::User(account) = who
            && let Some(home) = account.home()
        {
            return Some(there(home.clone()));
        }
        let row = self.0.iter().find(|row| !peer.is_unspecified() && row.fits(who, peer, host));
        let Some(row) = row else { return Some(there(VPath::root())) };
        // Who logged in is known; an address is whatever a datagram says, and would fill the disk.
        let create = row.create && matches!(who, Who::User(_));
        row.path.filled(who.name(), peer).map(|path| Home { path, create })
    }
}

impl RootRule {
    fn fits(&self, who: &Who, peer: IpAddr, host: Option<&str>) -> bool {
        let is_theirs = match &self.user {
            None => true,
            Some(RootUser::Any) => matches!(who, Who::User(_)),
            Some(RootUser::Anonymous) => matches!(who, Who::Anonymous),
            Some(RootUser::Named(name)) => matches!(who, Who::User(_)) && who.name() == Some(name),
        };
        let is_in = |group: &String| matches!(who, Who::User(account) if account.is_in(group));
        let has_name = !self.path.names_user() || who.name().is_some();
        is_theirs
            && has_name
            && self.group.as_ref().is_none_or(is_in)
            && self.network.is_none_or(|net| net.holds(peer))
            && self.host.as_deref().is_none_or(|of| host == Some(of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;
    use std::sync::Arc;

    fn row(user: Option<&str>, network: Option<&str>, path: &str) -> RootRule {
        RootRule {
            user: user.map(|u| u.parse().unwrap()),
            group: None,
            host: None,
            network: network.map(|n| n.parse().unwrap()),
            path: path.parse().unwrap(),
            create: false,
        }
    }

    fn of(roots: &Roots, who: &Who, peer: &str) -> String {
        roots
            .of(who, peer.parse().unwrap(), None)
            .map_or_else(|| String::from("none"), |home| home.path.to_string())
    }

    #[test]
    fn the_first_row_whose_conditions_all_hold_counts() {
        let bob = user("bob");
        let roots = Roots(vec![
            row(Some("bob"), Some("10.0.0.0/8"), "/site/bob"),
            row(Some("*"), None, "/home/%u"),
            row(Some("anonymous"), None, "pub/%%"),
            row(None, Some("10.1.0.0/16"), "/net/%i/"),
            row(None, None, "/home/%u"),
        ]);
        assert_eq!(of(&roots, &bob, "10.0.0.2"), "/site/bob");
        assert_eq!(of(&roots, &bob, "::ffff:10.0.0.2"), "/site/bob");
        assert_eq!(of(&roots, &bob, "192.0.2.1"), "/home/bob");
        assert_eq!(of(&roots, &Who::Anonymous, "10.1.0.1"), "/pub/%");
        assert_eq!(of(&roots, &Who::Nobody, "10.1.0.1"), "/net/10.1.0.1");
        assert_eq!(of(&roots, &Who::Nobody, "192.0.2.1"), "/", "who has no name has no row of names");
        assert_eq!(of(&roots, &Who::Nobody, "0.0.0.0"), "/", "our own advisor");
        assert_eq!(of(&Roots::default(), &bob, "10.0.0.2"), "/");
    }

    #[test]
    fn a_name_stays_one_component_that_anybody_may_see() {
        let roots = Roots(vec![row(None, None, "/home/%u")]);
        for (name, dir) in [
            ("CORP\\bob", "/home/CORP%5Cbob"),
            ("pc01$", "/home/pc01%24"),
            ("a.b", "/home/a.b"),
            ("z\u{fc}rich", "/home/z\u{fc}rich"),
            ("bob@example.net", "/home/bob@example.net"),
        ] {
            assert_eq!(of(&roots, &user(name), "192.0.2.1"), dir, "{name:?}");
        }
        // Of names that no account has: whatever names become, they stay one component.
        for (name, written) in [("..", "%2E."), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("\0", "%00")] {
            assert_eq!(component(name), written);
        }
        assert_eq!(of(&roots, &user(&"\\".repeat(200)), "192.0.2.1"), "none", "600 octets are too long");
    }

    #[test]
    fn a_group_has_a_root_and_what_the_account_says_comes_first() {
        let of_group = RootRule { group: Some(String::from("ops")), ..row(None, None, "/ops") };
        let roots = Roots(vec![of_group, row(Some("*"), None, "/home/%u")]);
        let bob = |groups: &[&str]| {
            Account::new("bob").unwrap().in_groups(groups.iter().map(|g| String::from(*g))).unwrap()
        };
        let who = |account| Who::User(Arc::new(account));
        assert_eq!(of(&roots, &who(bob(&["lab", "ops"])), "192.0.2.1"), "/ops");
        assert_eq!(of(&roots, &who(bob(&["lab"])), "192.0.2.1"), "/home/bob");
        let at_home = bob(&["ops"]).at_home(Some(VPath::parse(b"/elsewhere").unwrap()));
        assert_eq!(of(&roots, &who(at_home), "192.0.2.1"), "/elsewhere");
        assert_eq!(of(&roots, &Who::Anonymous, "192.0.2.1"), "/");
    }

    #[test]
    fn a_virtual_host_has_a_root_and_others_do_not_see_it() {
        let of_host =
            RootRule { host: Some(String::from("ftp.example")), ..row(None, None, "/sites/example") };
        let roots = Roots(vec![of_host, row(Some("*"), None, "/home/%u")]);
        let of = |host| roots.of(&user("bob"), "192.0.2.1".parse().unwrap(), host).unwrap().path.to_string();
        assert_eq!(of(Some("ftp.example")), "/sites/example");
        assert_eq!(of(Some("other.example")), "/home/bob");
        assert_eq!(of(None), "/home/bob");
    }

    #[test]
    fn only_who_logged_in_has_a_root_made() {
        let made = RootRule { create: true, ..row(None, None, "/home/x") };
        let roots = Roots(vec![made, row(Some("*"), None, "/home/%u")]);
        let create = |who: &Who| roots.of(who, "192.0.2.1".parse().unwrap(), None).unwrap().create;
        assert!(create(&user("bob")));
        assert!(!create(&Who::Anonymous) && !create(&Who::Nobody));
    }

    #[test]
    fn what_is_no_root_is_told() {
        for (text, words) in [
            ("/a/%x", "after '%'"),
            ("/a/%", "after '%'"),
            ("/a/../b", "'..'"),
            ("/.ssh", "dot"),
            ("/a/.%u", "dot"),
        ] {
            let why = text.parse::<RootPath>().unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        let directory = |text: &str| {
            let path: RootPath = text.parse().unwrap();
            path.directory().map(|(dir, each)| (dir.to_string(), each))
        };
        assert_eq!(directory("/home/%u"), Some((String::from("/home"), true)));
        assert_eq!(directory("/c/site1/"), Some((String::from("/c/site1"), false)));
        assert_eq!(directory("/home/x-%u"), None);
        assert_eq!(directory("/home/%u/in"), None);
    }

    fn user(name: &str) -> Who {
        Who::User(Arc::new(Account::new(name).unwrap()))
    }
}
