//! What is to be done about one name.

use super::entry::{Entry, What};
use super::rules::Rules;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Nothing is said of it either: it is left out by a rule, or not whole yet.
    Pass,
    Copy(Because),
    Same,
    /// The digests decide.
    Compare,
    /// A directory, which is there or is to be made.
    Enter {
        is_there: bool,
    },
    /// Only the target has it, and it is to go.
    Remove {
        is_directory: bool,
    },
    /// Only the target has it, and it stays.
    Extra,
    /// A mirror that was killed left it.
    Sweep,
    Skip(Skipped),
    Block(Blocked),
}

/// Why a file is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// It is not there.
    New,
    /// It has another length.
    Length,
    /// It has another time, or one of the two times is not known.
    Time,
    /// It has another digest.
    Digest,
    /// What the target has is not known.
    Unseen,
}

/// Why nothing is done about a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skipped {
    /// Links are not followed, and not made.
    Link,
    /// No file and no directory.
    Other,
}

/// What is in the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocked {
    /// Of a file.
    ByDirectory,
    /// Of a directory.
    ByFile,
    /// Of a directory, or of a file that is written in place: what it leads to is not ours.
    ByLink,
    /// A device or a socket.
    ByOther,
    /// It is deeper, or its path longer, than is gone into.
    TooDeep,
    /// The name can be that of no file here.
    Name,
}

impl Because {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Because::New => "new",
            Because::Length => "length",
            Because::Time => "time",
            Because::Digest => "digest",
            Because::Unseen => "unseen",
        }
    }
}

impl Skipped {
    /// What it is.
    pub fn words(self) -> &'static str {
        match self {
            Skipped::Link => "a symbolic link: not followed and not copied",
            Skipped::Other => "no file and no directory",
        }
    }
}

impl Blocked {
    /// What is in the way.
    pub fn words(self) -> &'static str {
        match self {
            Blocked::ByDirectory => "a directory is in its place",
            Blocked::ByFile => "a file is in its place",
            Blocked::ByLink => "a symbolic link is in its place, which is not followed",
            Blocked::ByOther => "something that is no file is in its place",
            Blocked::TooDeep => "too deep or too long a path",
            Blocked::Name => "no name that a file here could have",
        }
    }
}

/// What is to be done about a name that one side has, or both; `path` is where.
pub(crate) fn step(
    path: &[u8],
    source: Option<&Entry>,
    target: Option<&Entry>,
    rules: &Rules,
    is_in_place: bool,
    now: i64,
) -> Step {
    let Some(some) = source.or(target) else { return Step::Pass };
    if target.is_some_and(|target| target.is_left(now)) {
        return Step::Sweep;
    }
    if some.is_unfinished() || rules.leaves_out(path, some.what == What::Directory) {
        return Step::Pass;
    }
    match (source, target) {
        (None, Some(target)) if rules.delete => Step::Remove { is_directory: target.what == What::Directory },
        (None, _) => Step::Extra,
        (Some(source), target) => match source.what {
            What::File => file(source, target, rules, is_in_place),
            What::Directory => directory(target),
            What::Link => Step::Skip(Skipped::Link),
            What::Other => Step::Skip(Skipped::Other),
        },
    }
}

fn file(source: &Entry, target: Option<&Entry>, rules: &Rules, is_in_place: bool) -> Step {
    let Some(target) = target else { return Step::Copy(Because::New) };
    match target.what {
        What::File => {}
        What::Directory => return Step::Block(Blocked::ByDirectory),
        // A file gets its name by a rename, which replaces a link and not what it leads to.
        What::Link if !is_in_place => return Step::Copy(Because::New),
        What::Link => return Step::Block(Blocked::ByLink),
        What::Other => return Step::Block(Blocked::ByOther),
    }
    if source.len.is_none() || source.len != target.len {
        Step::Copy(Because::Length)
    } else if rules.checksum {
        Step::Compare
    } else if source.is_as_old_as(target)
        || rules.newer_is_same && source.modified.is_some() && target.modified > source.modified
    {
        Step::Same
    } else {
        Step::Copy(Because::Time)
    }
}

fn directory(target: Option<&Entry>) -> Step {
    match target.map(|target| target.what) {
        None => Step::Enter { is_there: false },
        Some(What::Directory) => Step::Enter { is_there: true },
        Some(What::File) => Step::Block(Blocked::ByFile),
        Some(What::Link) => Step::Block(Blocked::ByLink),
        Some(What::Other) => Step::Block(Blocked::ByOther),
    }
}
