//! The owner's rules: who may do what where, in an ordered list of which the first that fits counts.
//!
//! - `pattern` which paths a rule is about, `index` how the first that fits is found among many.
//!
//! A rule fits where everything that it names fits; what it does not name is everything. It judges a path of
//! the tree, after the session's root. Where none fits, it is as without rules: see [`crate::rights`].

mod index;
mod pattern;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use pattern::is_like;
pub use pattern::{BadPattern, Pattern};

use crate::rights::Who;
use crate::{Net, Protocol, Security};
use index::Index;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use store::VPath;

/// What a rule can allow or deny.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Right {
    /// Read a file.
    Read,
    /// Change a file that is there: write over it, append, set its time.
    Write,
    /// Make a file or directory that is not there.
    Create,
    /// Remove a file or directory.
    Delete,
    /// See the names in a directory.
    List,
    /// Give another name, or be the other name.
    Rename,
}

impl Right {
    /// Each, in the order of the documents.
    pub const ALL: [Right; 6] =
        [Right::Read, Right::Write, Right::Create, Right::Delete, Right::List, Right::Rename];

    /// Its word in rules, grants and events.
    pub fn word(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Write => "write",
            Right::Create => "create",
            Right::Delete => "delete",
            Right::List => "list",
            Right::Rename => "rename",
        }
    }

    /// Whether it changes nothing: such a right holds where nothing is written as well.
    pub fn reads(self) -> bool {
        match self {
            Right::Read | Right::List => true,
            Right::Write | Right::Create | Right::Delete | Right::Rename => false,
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Right {
    type Err = String;

    fn from_str(text: &str) -> Result<Right, String> {
        let words = Right::ALL.map(Right::word).join(", ");
        let found = Right::ALL.into_iter().find(|r| r.word() == text);
        found.ok_or_else(|| format!("'{text}': a right is one of {words}"))
    }
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u8);

impl Rights {
    /// Every one.
    pub const ALL: Rights = Rights(0b11_1111);
    /// None.
    pub const NONE: Rights = Rights(0);

    /// Whether `right` is among them.
    pub fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// These and that.
    #[must_use]
    pub fn and(self, right: Right) -> Rights {
        Rights(self.0 | right.bit())
    }

    /// Each of them.
    pub fn each(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |r| self.has(*r))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<T: IntoIterator<Item = Right>>(rights: T) -> Rights {
        rights.into_iter().fold(Rights::NONE, Rights::and)
    }
}

/// `read,list`; `all`; `none`.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Rights::ALL => f.write_str("all"),
            Rights::NONE => f.write_str("none"),
            some => f.write_str(&some.each().map(Right::word).collect::<Vec<_>>().join(",")),
        }
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `read,list`, or `all`.
impl FromStr for Rights {
    type Err = String;

    fn from_str(text: &str) -> Result<Rights, String> {
        match text {
            "all" => Ok(Rights::ALL),
            some => some.split(',').map(|word| word.trim().parse::<Right>()).collect(),
        }
    }
}

/// What a rule does where it fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
}

/// Where a rule is written, for people. Not for peers: it is a path of this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One rule. An empty list is no condition; of one that is not empty any member may fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// What it does.
    pub effect: Effect,
    /// With what.
    pub rights: Rights,
    /// Users by name; [`ANONYMOUS`] is whoever did not log in, [`ANY_USER`] whoever did.
    pub users: Vec<String>,
    /// Users of these groups.
    pub groups: Vec<String>,
    /// Clients of these networks.
    pub from: Vec<Net>,
    /// Over these protocols.
    pub protocols: Vec<Protocol>,
    /// Over channels that are so protected.
    pub security: Vec<Security>,
    /// Paths of the tree.
    pub path: Pattern,
    /// Where it is written.
    pub place: Place,
}

/// As a user of a rule: whoever did not log in, over whatever protocol.
pub const ANONYMOUS: &str = "anonymous";
/// As a user of a rule: whoever logged in.
pub const ANY_USER: &str = "*";

/// The most rules; what an index of so many networks costs is some 25 MiB.
pub const MAX_RULES: usize = 10_000;

/// Rules in their order: the first that fits counts. Cheap to clone.
#[derive(Clone, Default)]
pub struct Rules(Option<Arc<Indexed>>);

struct Indexed {
    rules: Vec<Rule>,
    index: Index,
}

/// Whom rules are asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) who: &'a Who,
    pub(crate) address: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) security: Security,
}

/// The rules that can concern one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Concern(Box<[u64]>);

impl Rules {
    /// Puts rules in order. The error says why there are too many.
    pub fn new(rules: Vec<Rule>) -> Result<Rules, String> {
        if rules.len() > MAX_RULES {
            return Err(format!(
                "{} rules: at most {MAX_RULES}; put networks and users into one rule",
                rules.len()
            ));
        }
        if rules.is_empty() {
            return Ok(Rules(None));
        }
        let index = Index::new(&rules);
        Ok(Rules(Some(Arc::new(Indexed { rules, index }))))
    }

    /// Each, in order.
    pub fn each(&self) -> &[Rule] {
        self.0.as_ref().map_or(&[], |all| &all.rules)
    }

    /// What can concern this subject: worked out once for a session.
    pub(crate) fn concern(&self, subject: &Subject<'_>) -> Concern {
        self.0.as_ref().map_or_else(Concern::default, |all| all.index.concern(subject))
    }

    /// The first rule about `right` that fits.
    pub(crate) fn first(&self, concern: &Concern, right: Right, path: &VPath) -> Option<&Rule> {
        let all = self.0.as_ref()?;
        all.index.first(&all.rules, concern, right, path, &mut 0).map(|n| &all.rules[n])
    }

    /// Whether `dir` leads to what some rule allows: that rule names it, or something below it.
    pub(crate) fn leads(&self, concern: &Concern, dir: &VPath) -> bool {
        self.0.as_ref().is_some_and(|all| all.index.leads(concern, dir))
    }

    /// A rule that judges what is below `dir` not all alike.
    pub(crate) fn divides(&self, concern: &Concern, dir: &VPath) -> Option<&Rule> {
        let all = self.0.as_ref()?;
        let mut concerned =
            all.rules.iter().enumerate().filter(|(n, _)| concern.has(*n)).map(|(_, rule)| rule);
        concerned.find(|rule| !rule.path.is_one_for(dir))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.each()).finish()
    }
}

impl Concern {
    fn has(&self, rule: usize) -> bool {
        self.0.get(rule / 64).is_some_and(|word| word & 1 << (rule % 64) != 0)
    }
}
