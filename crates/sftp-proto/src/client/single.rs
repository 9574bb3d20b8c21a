//! A verb that is one request.

use super::job::{Awaited, Ended, Next, no};
use super::{Abilities, Failure, Fault, Outcome, Step, Verb};
use crate::attrs::Attrs;
use crate::extension::{Check, Extended};
use crate::figures::{Checked, FileSystem};
use crate::reply::Answer;
use crate::request::Ask;
use crate::status::Status;

/// One request.
#[derive(Debug)]
pub(super) struct Single {
    verb: Verb,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Begin,
    Asked,
    Over(Option<Ended>),
}

/// What the answer is to be.
enum Wanted {
    Status,
    Attrs,
    Name,
    Digest,
    FileSystem,
}

impl Single {
    pub(super) fn new(verb: Verb) -> Single {
        Single { verb, stage: Stage::Begin }
    }

    pub(super) fn next(&mut self, abilities: &Abilities) -> Option<Next<'_>> {
        match self.stage {
            Stage::Begin => {}
            Stage::Asked | Stage::Over(_) => return None,
        }
        if let Some(extension) = missing(&self.verb, abilities) {
            self.stage = Stage::Over(Some(Err(Failure::Unsupported(extension))));
            return None;
        }
        self.stage = Stage::Asked;
        Some(Next::Ask(ask(&self.verb, abilities)?, Awaited::Asked))
    }

    pub(super) fn answered(&mut self, answer: Answer<'_>) -> Result<(), Fault> {
        let wrong = Err(Fault::WrongAnswer { step: Step::Ask });
        let ended = match (wanted(&self.verb), answer) {
            (Wanted::Status, Answer::Status { status: Status::Ok, .. }) => Ok(Outcome::Done),
            (Wanted::Attrs, Answer::Attrs(attrs)) => Ok(Outcome::Facts(attrs.kept())),
            (Wanted::Name, Answer::Name(entries)) => match &entries[..] {
                [one] => Ok(Outcome::Name(one.name.to_vec())),
                _none_or_several => return wrong,
            },
            (Wanted::Digest, Answer::Extended(octets)) => match Checked::parse(octets) {
                Ok(Checked { algorithm, digests }) => {
                    Ok(Outcome::Digest { algorithm: algorithm.to_vec(), digest: digests.to_vec() })
                }
                Err(why) => Err(Failure::Unreadable(why)),
            },
            (Wanted::FileSystem, Answer::Extended(octets)) => {
                FileSystem::parse(octets).map(Outcome::FileSystem).map_err(Failure::Unreadable)
            }
            (_, answer) => Err(no(&answer, Awaited::Asked)?),
        };
        self.stage = Stage::Over(Some(ended));
        Ok(())
    }

    /// What was not asked yet is not asked any more; else its answer is waited for.
    pub(super) fn abort(&mut self) {
        match self.stage {
            Stage::Begin => self.stage = Stage::Over(Some(Err(Failure::Aborted))),
            Stage::Asked | Stage::Over(_) => {}
        }
    }

    pub(super) fn take_end(&mut self) -> Option<Ended> {
        match &mut self.stage {
            Stage::Over(ended) => ended.take(),
            Stage::Begin | Stage::Asked => None,
        }
    }
}

/// The extension that a verb cannot do without and that the server has not.
fn missing(verb: &Verb, abilities: &Abilities) -> Option<&'static str> {
    let any_of: &[&'static str] = match verb {
        // The draft's name, and those of its two requests, which some servers tell.
        Verb::Check { .. } => &["check-file", "check-file-name"],
        Verb::FileSystem { .. } => &["statvfs@openssh.com"],
        Verb::Get { .. }
        | Verb::Put { .. }
        | Verb::Pieces { .. }
        | Verb::List { .. }
        | Verb::Stat { .. }
        | Verb::Lstat { .. }
        | Verb::Setstat { .. }
        | Verb::Mkdir { .. }
        | Verb::Rmdir { .. }
        | Verb::Remove { .. }
        | Verb::Rename { .. }
        | Verb::Realpath { .. }
        | Verb::Readlink { .. } => return None,
    };
    if any_of.iter().any(|name| abilities.has(name)) { None } else { any_of.first().copied() }
}

fn ask<'a>(verb: &'a Verb, abilities: &Abilities) -> Option<Ask<'a>> {
    Some(match verb {
        Verb::Stat { path } => Ask::Stat { path },
        Verb::Lstat { path } => Ask::Lstat { path },
        Verb::Setstat { path, facts } => Ask::Setstat { path, attrs: facts.attrs() },
        Verb::Mkdir { path } => Ask::Mkdir { path, attrs: Attrs::default() },
        Verb::Rmdir { path } => Ask::Rmdir { path },
        Verb::Remove { path } => Ask::Remove { path },
        Verb::Rename { from, to, replace: true } if abilities.has("posix-rename@openssh.com") => {
            Ask::Extended(Extended::PosixRename { from, to })
        }
        Verb::Rename { from, to, replace: _ } => Ask::Rename { from, to },
        Verb::Realpath { path } => Ask::Realpath { path },
        Verb::Readlink { path } => Ask::Readlink { path },
        Verb::Check { path, algorithms } => Ask::Extended(Extended::CheckFileName {
            path,
            check: Check { algorithms, start: 0, len: 0, block: 0 },
        }),
        Verb::FileSystem { path } => Ask::Extended(Extended::Statvfs { path }),
        Verb::Get { .. } | Verb::Put { .. } | Verb::Pieces { .. } | Verb::List { .. } => return None,
    })
}

fn wanted(verb: &Verb) -> Wanted {
    match verb {
        Verb::Stat { .. } | Verb::Lstat { .. } => Wanted::Attrs,
        Verb::Realpath { .. } | Verb::Readlink { .. } => Wanted::Name,
        Verb::Check { .. } => Wanted::Digest,
        Verb::FileSystem { .. } => Wanted::FileSystem,
        Verb::Get { .. }
        | Verb::Put { .. }
        | Verb::Pieces { .. }
        | Verb::List { .. }
        | Verb::Setstat { .. }
        | Verb::Mkdir { .. }
        | Verb::Rmdir { .. }
        | Verb::Remove { .. }
        | Verb::Rename { .. } => Wanted::Status,
    }
}
