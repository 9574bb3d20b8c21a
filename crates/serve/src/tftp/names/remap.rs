//! Rules that turn the name that was asked for into another one.
//!
//! The rules are tried in order, each on what the one before left. The regular expressions are octets'
//! and linear in the name's length; loops (`again`, `goto`) are bounded. Whatever comes out is parsed as
//! if the client had asked for it: a rule cannot lead out of the root.

mod parse;
#[cfg(test)]
mod tests;

pub use parse::BadRule;

use super::client::Client;
use super::text::Text;
use gate::Refusal;
use gate::store::{BadPath, MAX_PATH};
use regex::bytes::{Captures, Regex};
use tftp_proto::packet::Op;

/// Jumps (`again`, `goto`) in the course of one name; more is a circle.
const JUMPS: usize = 16;

/// Rules in their order.
#[derive(Clone, Default, Debug)]
pub struct Rules(Vec<Rule>);

/// One rule.
#[derive(Clone, Debug)]
struct Rule {
    /// The file and line, or the flag, that it is from.
    from: String,
    /// As it was written.
    written: String,
    pattern: Regex,
    text: Text,
    op: Option<Op>,
    family: Option<Family>,
    hits: Hits,
    /// Only where the new name is there.
    exists: bool,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    V4,
    V6,
}

/// What of the name a rule replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hits {
    First,
    All,
    /// The whole name, where the pattern does not match.
    None,
}

/// What follows a rule that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    GoOn,
    Stop,
    Again,
    /// On with this rule.
    Goto(usize),
    /// The text is what the client is told.
    Refuse,
}

/// One rule that was looked at, for `remap-test`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step<'a> {
    /// The file and line, or the flag, that the rule is from.
    pub from: &'a str,
    /// The rule as it was written.
    pub written: &'a str,
    /// What came of it.
    pub came: Came,
}

/// What came of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// The pattern does not match, or the rule is for other requests.
    Passed,
    /// The pattern matches, but the client has no such fact as the text names (`{mac}`).
    Unknown,
    /// The pattern matches, but this name is not there and the rule says `exists`.
    NotThere(Vec<u8>),
    /// The name became this.
    Took(Vec<u8>),
    /// The request is refused with this text.
    Refused(Vec<u8>),
}

impl Rules {
    /// Adds the rules of a text: one a line, `#` begins a comment line. `from` names it in messages.
    pub fn add(&mut self, from: &str, text: &str) -> Result<(), BadRule> {
        let more = parse::rules(from, text, self.0.len())?;
        self.0.extend(more);
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What `name` becomes. `exists` tells whether a name is there; `seen` is shown each rule on the way.
    pub fn apply(
        &self,
        name: &[u8],
        op: Op,
        client: &Client,
        exists: &dyn Fn(&[u8]) -> bool,
        seen: &mut dyn FnMut(&Step<'_>),
    ) -> Result<Vec<u8>, Refusal> {
        let mut name = name.to_vec();
        let (mut at, mut jumps) = (0, 0);
        while let Some(rule) = self.0.get(at) {
            at += 1;
            let came = rule.look(&name, op, client, exists);
            seen(&Step { from: &rule.from, written: &rule.written, came: came.clone() });
            match came {
                Came::Passed | Came::Unknown | Came::NotThere(_) => continue,
                Came::Refused(text) => {
                    return Err(Refusal::ByRule(String::from_utf8_lossy(&text).into_owned()));
                }
                Came::Took(new) if new.len() > MAX_PATH => {
                    return Err(BadPath::TooLong { len: new.len(), max: MAX_PATH }.into());
                }
                Came::Took(new) => name = new,
            }
            match rule.then {
                Then::GoOn => continue,
                Then::Stop | Then::Refuse => break,
                Then::Again => at = 0,
                Then::Goto(rule) => at = rule,
            }
            jumps += 1;
            if jumps > JUMPS {
                return Err(Refusal::ByRule(format!(
                    "the server's name rules go in circles ({})",
                    rule.line_told()
                )));
            }
        }
        Ok(name)
    }
}

impl Rule {
    fn look(&self, name: &[u8], op: Op, client: &Client, exists: &dyn Fn(&[u8]) -> bool) -> Came {
        let family = if client.is_v4() { Family::V4 } else { Family::V6 };
        if self.op.is_some_and(|o| o != op) || self.family.is_some_and(|f| f != family) {
            return Came::Passed;
        }
        let mut new = Vec::new();
        let whole = match self.hits {
            Hits::None if self.pattern.is_match(name) => return Came::Passed,
            Hits::None => self.text.expand(client, None, &mut new),
            Hits::First | Hits::All => {
                let Some(first) = self.pattern.captures(name) else { return Came::Passed };
                if self.then == Then::Refuse {
                    self.text.expand(client, Some(&first), &mut new)
                } else {
                    self.replaced(name, first, client, &mut new)
                }
            }
        };
        if !whole {
            return Came::Unknown;
        }
        match self.then {
            Then::Refuse => Came::Refused(new),
            _ if self.exists && !exists(&new) => Came::NotThere(new),
            Then::GoOn | Then::Stop | Then::Again | Then::Goto(_) => Came::Took(new),
        }
    }

    /// The name with its hits replaced; false where the client lacks a fact.
    fn replaced<'a>(&self, name: &'a [u8], first: Captures<'a>, client: &Client, new: &mut Vec<u8>) -> bool {
        let rest = (self.hits == Hits::All).then(|| self.pattern.captures_iter(name).skip(1));
        let mut kept = 0;
        for captures in std::iter::once(first).chain(rest.into_iter().flatten()) {
            let hit = captures.get(0).expect("group 0 is the match");
            new.extend_from_slice(&name[kept..hit.start()]);
            if !self.text.expand(client, Some(&captures), new) {
                return false;
            }
            // One octet may become many, in each of many hits.
            if new.len() > MAX_PATH {
                return true;
            }
            kept = hit.end();
        }
        new.extend_from_slice(&name[kept..]);
        true
    }

    /// The line's number, without the host's path to the file.
    fn line_told(&self) -> &str {
        self.from.rsplit('/').next().unwrap_or(&self.from)
    }
}
