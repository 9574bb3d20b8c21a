//! Who may do what: one table.

use crate::{Account, Policy, Refusal, Upload};
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
}

impl Who {
    /// The name, where there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Who::Nobody => None,
            Who::Anonymous => Some("anonymous"),
            Who::User(account) => Some(account.name()),
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

/// Whether `who` may do `verb` on `path`; for uploads, what becomes of the old file.
pub(crate) fn allow(policy: &Policy, who: &Who, verb: Verb, path: &VPath) -> Result<Old, Refusal> {
    let known = matches!(who, Who::User(_));
    let allowed = match verb {
        Verb::Read | Verb::List => !drops(policy, who, path),
        // Which files are there is not told either: `Session` sees to that.
        Verb::Stat => true,
        Verb::Write => policy.write,
        Verb::Rename | Verb::Remove | Verb::MakeDir | Verb::RemoveDir | Verb::SetModified => {
            policy.write && known
        }
    };
    if !allowed {
        return Err(Refusal::Denied);
    }
    if is_hidden(policy, path) {
        // To make one is refused for any such name, so that it does not tell which are there.
        return Err(match verb {
            Verb::Write | Verb::MakeDir => Refusal::Denied,
            Verb::Read
            | Verb::Stat
            | Verb::List
            | Verb::Rename
            | Verb::Remove
            | Verb::RemoveDir
            | Verb::SetModified => Refusal::Absent,
        });
    }
    let row = match verb {
        Verb::Read | Verb::Stat | Verb::List => None,
        Verb::Write | Verb::Rename | Verb::Remove | Verb::MakeDir | Verb::RemoveDir | Verb::SetModified => {
            policy.uploads.of(path)
        }
    };
    match (row, verb) {
        (None, _) => {}
        (Some(Upload::Deny), _) => return Err(Refusal::Denied),
        (Some(rule), Verb::Rename | Verb::Remove | Verb::SetModified) if rule.protects() => {
            return Err(Refusal::Denied);
        }
        (Some(Upload::Create), _) => return Ok(Old::Stays),
        (Some(Upload::Version), _) => return Ok(Old::Kept),
        (Some(Upload::Overwrite), _) => return Ok(Old::Replaced),
        // Whoever is not known gets a name that is free; for users the row is not there.
        (Some(Upload::DropBox), _) => {}
    }
    Ok(if known { Old::Replaced } else { Old::Kept })
}

/// Whether `path` is a drop box for `who`.
pub(crate) fn drops(policy: &Policy, who: &Who, path: &VPath) -> bool {
    !matches!(who, Who::User(_)) && (policy.inbox || policy.uploads.drops(path))
}

/// Whether something may get this name by being renamed: what a row of the uploads protects there could be lost.
pub(crate) fn may_become(policy: &Policy, to: &VPath) -> bool {
    !is_hidden(policy, to) && !policy.uploads.of(to).is_some_and(Upload::protects)
}

/// Whether a path does not exist for peers.
pub(crate) fn is_hidden(policy: &Policy, path: &VPath) -> bool {
    path.is_reserved() || (!policy.show_hidden && path.is_hidden())
}
