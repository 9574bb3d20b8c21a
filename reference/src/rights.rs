use crate::grants::Given;
use crate::names::{components, divides, is_hidden, is_within, leads, rule_fits, upload_fits};
use crate::{Allow, By, Config, Protocol, Right, Rule, Security, Upload, User, Why};
use std::net::IpAddr;

/// Who somebody turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    Nobody,
    Anonymous,
    User(User),
    Grant(Given),
}

/// What is to be done with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Read,
    List,
    Write,
    Rename,
    Remove,
    /// Only an empty one goes, so nothing is lost by it.
    RemoveDir,
    MakeDir,
    Touch,
}

/// What an upload does with the file that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Old {
    Replaced,
    Stays,
    Kept,
}

/// What is told of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    All,
    /// That it is a directory, where it is one.
    Directory,
    Nothing,
}

pub(crate) struct Judge<'a> {
    pub(crate) config: &'a Config,
    pub(crate) who: &'a Who,
    pub(crate) address: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) security: Security,
    /// Whether the grant was taken back since.
    pub(crate) is_revoked: bool,
    /// Seconds.
    pub(crate) now: u64,
}

impl Judge<'_> {
    /// Whether a verb that needs this right may be done, and by what that is decided.
    pub(crate) fn decide(&self, verb: Verb, right: Right, path: &str) -> (bool, By) {
        let looks = matches!(right, Right::Read | Right::List);
        if !looks && !self.config.is_written() {
            return (false, By::ReadOnly);
        }
        if verb != Verb::Write && self.is_drop_box(path) {
            return (false, By::DropBox);
        }
        let (allowed, by) = match self.who {
            Who::Grant(_) if self.is_revoked => (false, By::NotGranted),
            Who::Grant(grant) => grant.gives(right, path, self.now),
            Who::Nobody | Who::Anonymous | Who::User(_) => self.by_rules(verb, right, path),
        };
        if !allowed {
            return (false, by);
        }
        if self.hides(path) {
            return (false, By::Hidden);
        }
        let policy = if looks { None } else { upload_policy(self.config, path) };
        let is_denied = match policy {
            Some(Upload::Deny) => true,
            // What is there stays.
            Some(Upload::Create) => {
                matches!(verb, Verb::Rename | Verb::Remove | Verb::Touch)
                    || (verb == Verb::Write && right == Right::Write)
            }
            // What is there is not lost.
            Some(Upload::Version) => matches!(verb, Verb::Rename | Verb::Remove | Verb::Touch),
            Some(Upload::Overwrite | Upload::DropBox) | None => false,
        };
        match policy {
            Some(policy) if is_denied => (false, By::Upload(policy)),
            Some(_) | None => (true, by),
        }
    }

    /// What an upload does with what is there, and why no new name is made if none is.
    pub(crate) fn upload(&self, path: &str) -> Result<(Old, Option<Why>), Why> {
        let create = self.decide(Verb::Write, Right::Create, path);
        let write = self.decide(Verb::Write, Right::Write, path);
        if self.is_drop_box(path) || !write.0 {
            // Only what is new.
            return refused(create, Verb::Write).map(|()| (Old::Stays, None));
        }
        let no_new = refused(create, Verb::Write).err();
        let is_user = matches!(self.who, Who::User(_));
        Ok(match upload_policy(self.config, path) {
            Some(Upload::Version) => (Old::Kept, no_new),
            Some(Upload::Overwrite) => (Old::Replaced, no_new),
            Some(Upload::Create | Upload::Deny) => (Old::Stays, no_new),
            // Who is not known destroys nothing.
            Some(Upload::DropBox) | None if is_user => (Old::Replaced, no_new),
            Some(Upload::DropBox) | None => (Old::Kept, no_new),
        })
    }

    /// Whether a verb other than an upload may be done.
    pub(crate) fn may(&self, verb: Verb, right: Right, path: &str) -> Result<(), Why> {
        refused(self.decide(verb, right, path), verb)
    }

    pub(crate) fn told(&self, path: &str) -> Told {
        if self.hides(path) {
            return Told::Nothing;
        }
        if self.is_drop_box(path) {
            return Told::Directory;
        }
        let may = |verb, right| self.decide(verb, right, path).0;
        if may(Verb::Read, Right::Read) || may(Verb::List, Right::List) {
            return Told::All;
        }
        let leads = match self.who {
            Who::Grant(grant) => is_within(&grant.path, path),
            Who::Nobody | Who::Anonymous | Who::User(_) => {
                self.rules().any(|(_, rule)| rule.allow == Allow::Yes && leads(&rule.path, path))
            }
        };
        if leads { Told::Directory } else { Told::Nothing }
    }

    /// Whether `from`, which may be renamed, may be called `to`.
    pub(crate) fn may_become(&self, from: &str, to: &str, is_dir: bool, is_taken: bool) -> Result<(), Why> {
        let keeps = |policy: Upload| matches!(policy, Upload::Create | Upload::Version | Upload::Deny);
        if self.hides(to) || upload_policy(self.config, to).is_some_and(keeps) {
            return Err(Why::Denied);
        }
        // Whatever is in it comes under other rows.
        if is_dir && upload_rows(self.config).any(|(_, policy)| keeps(policy)) {
            return Err(Why::Denied);
        }
        if self.config.rules.is_empty() {
            return Ok(());
        }
        self.may(Verb::Rename, Right::Rename, to)?;
        let made = match is_taken {
            // What is replaced is lost.
            true => self.decide(Verb::Rename, Right::Write, to),
            false => self.decide(Verb::Write, Right::Create, to),
        };
        refused(made, Verb::Rename)?;
        for (verb, right) in [(Verb::Read, Right::Read), (Verb::List, Right::List)] {
            if self.decide(verb, right, to).0 {
                refused(self.decide(verb, right, from), Verb::Rename)?;
            }
        }
        for end in [from, to] {
            let divided = self.rules().find(|(_, rule)| divides(&rule.path, end));
            if let Some((nth, _)) = divided.filter(|_| is_dir) {
                return Err(Why::DeniedBy(nth));
            }
        }
        Ok(())
    }

    /// Whether a path is in a drop box of theirs.
    pub(crate) fn is_drop_box(&self, path: &str) -> bool {
        let is_user = matches!(self.who, Who::User(_));
        !is_user && (self.config.inbox || upload_policy(self.config, path) == Some(Upload::DropBox))
    }

    pub(crate) fn hides(&self, path: &str) -> bool {
        components(path).iter().any(|name| name.starts_with(".towline"))
            || (!self.config.show_hidden && is_hidden(path))
    }

    fn by_rules(&self, verb: Verb, right: Right, path: &str) -> (bool, By) {
        let first = self.rules().find(|(_, r)| r.rights.contains(&right) && rule_fits(&r.path, path));
        if let Some((nth, rule)) = first {
            return (rule.allow == Allow::Yes, By::Rule(nth));
        }
        let is_user = matches!(self.who, Who::User(_));
        match verb {
            Verb::Read | Verb::List | Verb::Write => (true, By::Everybody),
            Verb::Rename | Verb::Remove | Verb::RemoveDir | Verb::MakeDir | Verb::Touch if is_user => {
                (true, By::User)
            }
            Verb::Rename | Verb::Remove | Verb::RemoveDir | Verb::MakeDir | Verb::Touch => {
                (false, By::NoUser)
            }
        }
    }

    /// The rules that are about this peer, with their numbers from 1.
    fn rules(&self) -> impl Iterator<Item = (usize, &Rule)> {
        let numbered = self.config.rules.iter().enumerate().map(|(n, rule)| (n + 1, rule));
        numbered.filter(|(_, rule)| self.is_about_them(rule))
    }

    fn is_about_them(&self, rule: &Rule) -> bool {
        let (names, groups) = match self.who {
            Who::User(user) => (vec!["*", &user.name], &user.groups[..]),
            Who::Nobody | Who::Anonymous | Who::Grant(_) => (vec!["anonymous"], &[][..]),
        };
        (rule.users.is_empty() || rule.users.iter().any(|u| names.contains(&&u[..])))
            && (rule.groups.is_empty() || rule.groups.iter().any(|g| groups.contains(g)))
            && (rule.from.is_empty() || rule.from.iter().any(|net| net.holds(self.address)))
            && (rule.protocols.is_empty() || rule.protocols.contains(&self.protocol))
            && (rule.security.is_empty() || rule.security.contains(&self.security))
    }
}

/// The rows of the uploads: the server's, then those of the mounts, the innermost first.
fn upload_rows(config: &Config) -> impl Iterator<Item = (String, Upload)> {
    let mut mounts: Vec<_> = config.mounts.iter().collect();
    mounts.sort_by_key(|mount| std::cmp::Reverse(mount.at.len()));
    let of_mounts = mounts.into_iter().filter_map(|m| Some((m.at.clone(), m.upload?)));
    config.uploads.clone().into_iter().chain(of_mounts.collect::<Vec<_>>())
}

fn upload_policy(config: &Config, path: &str) -> Option<Upload> {
    let of_server = config.uploads.iter().find(|(row, _)| upload_fits(row, path));
    of_server.map(|(_, policy)| *policy).or_else(|| {
        let rows = upload_rows(config).skip(config.uploads.len());
        rows.into_iter().find(|(at, _)| is_within(path, at)).map(|(_, policy)| policy)
    })
}

fn refused((allowed, by): (bool, By), verb: Verb) -> Result<(), Why> {
    if allowed {
        return Ok(());
    }
    Err(match (by, verb) {
        (By::Rule(nth), _) => Why::DeniedBy(nth),
        // It would tell which hidden names are there.
        (By::Hidden, Verb::Write | Verb::MakeDir) => Why::Denied,
        (
            By::Hidden,
            Verb::Read | Verb::List | Verb::Rename | Verb::Remove | Verb::RemoveDir | Verb::Touch,
        ) => Why::Absent,
        (
            By::ReadOnly
            | By::DropBox
            | By::Upload(_)
            | By::Grant
            | By::NotGranted
            | By::Everybody
            | By::User
            | By::NoUser,
            _,
        ) => Why::Denied,
    })
}
