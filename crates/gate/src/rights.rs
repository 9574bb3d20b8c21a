//! Who may do what where, and by what that was decided.
//!
//! For everything that changes the tree the owner must have said that it is written to at all; then a drop box
//! gives nothing out; then the first rule that fits decides, and where none does what is so without rules:
//! everybody reads and uploads, users do everything. What that allows is still not done to hidden names, nor
//! where the row of the uploads forbids it.

use crate::rules::{Concern, Effect, Place, Right};
use crate::{Account, Grant, Policy, Refusal, Upload};
use std::fmt;
use std::sync::Arc;
use store::VPath;

/// Who somebody turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    /// TFTP: nobody in particular.
    Nobody,
    /// FTP's anonymous, and HTTP without login.
    Anonymous,
    /// A user whose password was right.
    User(Arc<Account>),
    /// Whoever has the secret of a grant.
    Grant(Arc<Grant>),
}

impl Who {
    /// The name, where there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Who::Nobody => None,
            Who::Anonymous => Some("anonymous"),
            Who::User(account) => Some(account.name()),
            Who::Grant(grant) => Some(grant.user()),
        }
    }
}

/// What a session can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Open for reading.
    Read,
    /// Facts of a name.
    Stat,
    /// Names of a directory.
    List,
    /// Begin an upload.
    Write,
    /// Give another name.
    Rename,
    /// Remove a file.
    Remove,
    /// Make a directory.
    MakeDir,
    /// Remove a directory.
    RemoveDir,
    /// Set a file's time.
    SetModified,
    /// Set a file's permission bits.
    SetMode,
    /// Give a file a second name.
    Link,
    /// Make a symbolic link.
    Symlink,
}

/// Whether something may be done, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// What decided it.
    pub why: Why,
}

/// What decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// Nothing is written here at all.
    ReadOnly,
    /// Names that begin with a dot, and those of the store's own, are not there.
    Hidden,
    /// In a drop box whoever is not known puts files in and does nothing else.
    DropBox,
    /// A rule of the owner's.
    Rule(Place),
    /// A row of the uploads.
    Upload(Upload),
    /// A grant, by its name.
    Grant(String),
    /// What the grant does not give, or no longer.
    NotGranted(String),
    /// No rule fits: everybody may.
    Everybody,
    /// No rule fits: users may.
    User,
    /// No rule fits: who did not log in may not.
    NoUser,
}

impl Why {
    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Why::ReadOnly => "read-only",
            Why::Hidden => "hidden",
            Why::DropBox => "drop-box",
            Why::Rule(_) => "rule",
            Why::Upload(_) => "upload",
            Why::Grant(_) => "grant",
            Why::NotGranted(_) => "not-granted",
            Why::Everybody => "everybody",
            Why::User => "user",
            Why::NoUser => "no-user",
        }
    }
}

/// The words for people.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::ReadOnly => f.write_str("nothing is written here: the server is read-only"),
            Why::Hidden => f.write_str("hidden names are not there"),
            Why::DropBox => {
                f.write_str("a drop box: whoever did not log in puts files in and does nothing else")
            }
            Why::Rule(place) => write!(f, "{place}"),
            Why::Upload(row) => write!(f, "what uploads may do there: {row}"),
            Why::Grant(id) => write!(f, "the grant {id}"),
            Why::NotGranted(id) => write!(f, "the grant {id} does not give it"),
            Why::Everybody => f.write_str("no rule fits: everybody may"),
            Why::User => f.write_str("no rule fits: users may"),
            Why::NoUser => f.write_str("no rule fits: who did not log in may not"),
        }
    }
}

impl Decision {
    fn allowed(why: Why) -> Decision {
        Decision { allowed: true, why }
    }

    fn denied(why: Why) -> Decision {
        Decision { allowed: false, why }
    }

    /// The refusal that this is; `verb` decides how a hidden name is refused.
    fn or_refused(self, verb: Verb) -> Result<Why, Refusal> {
        if self.allowed {
            return Ok(self.why);
        }
        Err(match self.why {
            Why::Rule(place) => Refusal::DeniedBy(place),
            Why::Hidden => match verb {
                // To make one is refused for any such name, so that it does not tell which are there.
                Verb::Write | Verb::MakeDir | Verb::Link | Verb::Symlink => Refusal::Denied,
                Verb::Read
                | Verb::Stat
                | Verb::List
                | Verb::Rename
                | Verb::Remove
                | Verb::RemoveDir
                | Verb::SetModified
                | Verb::SetMode => Refusal::Absent,
            },
            Why::ReadOnly
            | Why::DropBox
            | Why::Upload(_)
            | Why::Grant(_)
            | Why::NotGranted(_)
            | Why::Everybody
            | Why::User
            | Why::NoUser => Refusal::Denied,
        })
    }
}

/// What an upload does with the file it writes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Old {
    /// It goes.
    Replaced,
    /// There must be none.
    Stays,
    /// It is kept as a version: whoever is not known must not be able to destroy anything.
    Kept,
}

/// What an upload may do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leave {
    pub(crate) old: Old,
    /// Where nothing new may be made: the refusal of a name that is free.
    pub(crate) no_new: Option<Refusal>,
}

/// What a session is told of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// Whatever it is.
    All,
    /// Only that it is a directory, if it is one: it can be walked through.
    Directories,
    /// Nothing.
    Nothing,
}

/// Judges for one session.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) who: &'a Who,
    pub(crate) concern: &'a Concern,
}

impl Judge<'_> {
    /// Whether a right is had, and by what: what [`Judge::allow`] goes by. The verb that stands for the right
    /// is the one of files.
    pub(crate) fn right(&self, right: Right, path: &VPath) -> Decision {
        let verb = match right {
            Right::Read => Verb::Read,
            Right::Write | Right::Create => Verb::Write,
            Right::Delete => Verb::Remove,
            Right::List => Verb::List,
            Right::Rename => Verb::Rename,
        };
        self.decide(verb, right, path)
    }

    /// Whether a verb other than an upload is allowed.
    pub(crate) fn allow(&self, verb: Verb, path: &VPath) -> Result<(), Refusal> {
        let right = match verb {
            Verb::Read => Right::Read,
            Verb::List => Right::List,
            Verb::Stat => {
                return match self.told(path) {
                    Told::All | Told::Directories => Ok(()),
                    Told::Nothing => Err(Refusal::Absent),
                };
            }
            Verb::Write => return self.upload(path).map(drop),
            Verb::Rename => Right::Rename,
            Verb::Remove | Verb::RemoveDir => Right::Delete,
            Verb::MakeDir | Verb::Link | Verb::Symlink => Right::Create,
            Verb::SetModified | Verb::SetMode => Right::Write,
        };
        self.decide(verb, right, path).or_refused(verb).map(drop)
    }

    /// Whether an upload is allowed, and what it does with a file that is there.
    pub(crate) fn upload(&self, path: &VPath) -> Result<Leave, Refusal> {
        let create = self.decide(Verb::Write, Right::Create, path);
        let write = self.decide(Verb::Write, Right::Write, path);
        // In a drop box every upload has a name of its own.
        if !write.allowed || self.drops(path) {
            create.or_refused(Verb::Write)?;
            return Ok(Leave { old: Old::Stays, no_new: None });
        }
        let old = match self.policy.uploads.of(path) {
            Some(Upload::Version) => Old::Kept,
            Some(Upload::Overwrite) => Old::Replaced,
            // The others do not come here: nothing is written over.
            Some(Upload::Create | Upload::Deny) => Old::Stays,
            Some(Upload::DropBox) | None if self.is_known() => Old::Replaced,
            Some(Upload::DropBox) | None => Old::Kept,
        };
        Ok(Leave { old, no_new: create.or_refused(Verb::Write).err() })
    }

    /// What is told of a name: all where it may be read or listed, and that it is a directory where a rule
    /// allows something in it.
    pub(crate) fn told(&self, path: &VPath) -> Told {
        if is_hidden(self.policy, path) {
            return Told::Nothing;
        }
        // Directories can be walked; what else is there is nobody's business.
        if self.drops(path) {
            return Told::Directories;
        }
        let may = |verb, right| self.decide(verb, right, path).allowed;
        if may(Verb::Read, Right::Read) || may(Verb::List, Right::List) {
            return Told::All;
        }
        let leads = match self.who {
            Who::Grant(grant) => grant.path().is_within(path),
            Who::Nobody | Who::Anonymous | Who::User(_) => self.policy.rules.leads(self.concern, path),
        };
        if leads { Told::Directories } else { Told::Nothing }
    }

    /// Whether everything is told but hidden names: a listing need not ask for each.
    pub(crate) fn tells_all(&self) -> bool {
        match self.who {
            Who::Grant(_) => false,
            Who::Nobody | Who::Anonymous | Who::User(_) => {
                // A pattern can make single files of a directory a drop box.
                let hides_files = !self.is_known() && self.policy.uploads.have_drop_box();
                self.policy.rules.each().is_empty() && !hides_files
            }
        }
    }

    /// Whether `from` may become `to`, once [`Verb::Rename`] of `from` is allowed; `is_dir`: it is a directory,
    /// `is_taken`: there is something that would be replaced.
    ///
    /// What is there must not be lost, nothing must be made where nothing may be, and nothing must be seen
    /// under the new name that was not under the old one.
    pub(crate) fn may_become(
        &self,
        from: &VPath,
        to: &VPath,
        is_dir: bool,
        is_taken: bool,
    ) -> Result<(), Refusal> {
        let policy = self.policy;
        if is_hidden(policy, to) || policy.uploads.of(to).is_some_and(Upload::protects) {
            return Err(Refusal::Denied);
        }
        // With a directory whatever is below gets other names, for which other rows may hold.
        if is_dir && policy.uploads.protect() {
            return Err(Refusal::Denied);
        }
        if policy.rules.each().is_empty() {
            return Ok(());
        }
        self.allow(Verb::Rename, to)?;
        // What is replaced is lost: an upload would keep it from who is not known, who needs a rule for it.
        let (verb, made) = if is_taken { (Verb::Rename, Right::Write) } else { (Verb::Write, Right::Create) };
        self.decide(verb, made, to).or_refused(Verb::Rename)?;
        for (verb, right) in [(Verb::Read, Right::Read), (Verb::List, Right::List)] {
            if self.decide(verb, right, to).allowed {
                self.decide(verb, right, from).or_refused(Verb::Rename)?;
            }
        }
        let mut ends = [from, to].into_iter().filter(|_| is_dir);
        match ends.find_map(|end| policy.rules.divides(self.concern, end)) {
            Some(rule) => Err(Refusal::DeniedBy(rule.place.clone())),
            None => Ok(()),
        }
    }

    /// Whether the file `from` may have `to` for a second name. What it shows under the new one it must show under
    /// the old one, and its time and mode, which both names share, must be this peer's to set.
    pub(crate) fn may_be_called(&self, from: &VPath, to: &VPath) -> Result<(), Refusal> {
        self.allow(Verb::Read, from)?;
        self.allow(Verb::SetMode, from)?;
        self.allow(Verb::Link, to)
    }

    /// Whether a symbolic link `path` to `to` may be made. What is below it then goes by the rights of its own name,
    /// so that none may be made where names differ in rights.
    pub(crate) fn may_point(&self, path: &VPath, to: &VPath) -> Result<(), Refusal> {
        self.allow(Verb::Symlink, path)?;
        let policy = self.policy;
        let is_one_for_all = policy.rules.each().is_empty() && policy.uploads.0.is_empty();
        if !policy.symlinks || !is_one_for_all || is_hidden(policy, to) {
            return Err(Refusal::Denied);
        }
        Ok(())
    }

    /// Whether `path` is a drop box for them.
    pub(crate) fn drops(&self, path: &VPath) -> bool {
        !self.is_known() && (self.policy.inbox || self.policy.uploads.drops(path))
    }

    fn is_known(&self) -> bool {
        match self.who {
            Who::User(_) => true,
            Who::Nobody | Who::Anonymous | Who::Grant(_) => false,
        }
    }

    fn decide(&self, verb: Verb, right: Right, path: &VPath) -> Decision {
        let policy = self.policy;
        let reads = right.reads();
        if !reads && !policy.write {
            return Decision::denied(Why::ReadOnly);
        }
        if verb != Verb::Write && self.drops(path) {
            return Decision::denied(Why::DropBox);
        }
        let so_far = match self.who {
            Who::Grant(grant) => self.granted(grant, right, path),
            Who::Nobody | Who::Anonymous | Who::User(_) => self.by_rules(verb, right, path),
        };
        if !so_far.allowed {
            return so_far;
        }
        if is_hidden(policy, path) {
            return Decision::denied(Why::Hidden);
        }
        let row = if reads { None } else { policy.uploads.of(path) };
        match row {
            Some(Upload::Deny) => Decision::denied(Why::Upload(Upload::Deny)),
            Some(row @ (Upload::Create | Upload::Version)) => match (verb, right) {
                (Verb::Rename | Verb::Remove | Verb::SetModified | Verb::SetMode, _) => {
                    Decision::denied(Why::Upload(row))
                }
                (Verb::Write, Right::Write) if row == Upload::Create => Decision::denied(Why::Upload(row)),
                _not_lost => so_far,
            },
            Some(Upload::Overwrite | Upload::DropBox) | None => so_far,
        }
    }

    /// What the first rule that fits says, or what is so without rules.
    fn by_rules(&self, verb: Verb, right: Right, path: &VPath) -> Decision {
        match (self.policy.rules.first(self.concern, right, path), verb) {
            (Some(rule), _) => {
                let why = Why::Rule(rule.place.clone());
                Decision { allowed: rule.effect == Effect::Allow, why }
            }
            (None, Verb::Read | Verb::List | Verb::Stat | Verb::Write) => Decision::allowed(Why::Everybody),
            (
                None,
                Verb::Rename
                | Verb::Remove
                | Verb::MakeDir
                | Verb::RemoveDir
                | Verb::SetModified
                | Verb::SetMode
                | Verb::Link
                | Verb::Symlink,
            ) => match self.is_known() {
                true => Decision::allowed(Why::User),
                false => Decision::denied(Why::NoUser),
            },
        }
    }

    /// What a grant says.
    fn granted(&self, grant: &Grant, right: Right, path: &VPath) -> Decision {
        let id = grant.id().to_owned();
        let counts = || self.policy.grants.as_ref().is_some_and(|grants| grants.is_good(&id));
        match grant.covers(path) && grant.rights().has(right) && counts() {
            true => Decision::allowed(Why::Grant(id)),
            false => Decision::denied(Why::NotGranted(id)),
        }
    }
}

/// Whether a path does not exist for peers.
fn is_hidden(policy: &Policy, path: &VPath) -> bool {
    path.is_reserved() || (!policy.show_hidden && path.is_hidden())
}
