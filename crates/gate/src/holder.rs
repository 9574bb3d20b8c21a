//! Names with the token of a grant: `/~TOKEN/NAME/…`.
//!
//! TFTP has no login, and of HTTP a URL is all that a device is given: there the secret of a grant is a part of
//! the name. The verb is done by a session of the grant's holder, on what was given. No event shows the token.

use crate::audit::What;
use crate::grants::{Request, Spent, token};
use crate::rights::Verb;
use crate::{Direction, Offence, Protocol, Refusal, Right, Session};
use store::VPath;

/// What the name of a file shows.
pub(crate) enum Shown {
    /// No token.
    Nothing,
    /// A token that opens nothing, here and now.
    Unknown,
    /// The holder of a grant, and what the name stands for in the whole tree.
    Grant(Session, VPath),
}

impl Session {
    /// What a name, as this session has it, shows.
    pub(crate) fn shown(&self, path: &VPath) -> Shown {
        let Some(grants) = self.gate().policy().grants.as_ref().filter(|_| self.grant().is_none()) else {
            return Shown::Nothing;
        };
        let Some((token, rest)) = token::of_path(path) else { return Shown::Nothing };
        let grant = grants.find(token, self.from().peer.ip(), self.repeats());
        let found = grant.and_then(|grant| Some((grant.named(rest)?, grant)));
        found.map_or(Shown::Unknown, |(path, grant)| Shown::Grant(self.holding(grant), path))
    }

    /// Does a verb where the name has a token; `None`: it has none.
    pub(crate) fn by_token<T>(
        &self,
        verb: Verb,
        path: &VPath,
        act: impl FnOnce(&Session, &VPath) -> Result<T, Refusal>,
    ) -> Option<Result<T, Refusal>> {
        match self.shown(path) {
            Shown::Nothing => None,
            Shown::Grant(holder, path) => Some(act(&holder, &path)),
            Shown::Unknown => {
                let from = self.from();
                self.gate().offend(from.protocol, from.peer, Offence::UnknownToken);
                Some(self.told(verb, &without_token(path), || Err(Refusal::Absent)))
            }
        }
    }

    /// Whether reading this may wait for the disk that grants are kept on.
    pub(crate) fn waits_for_grants(&self, path: &VPath) -> bool {
        self.grant().is_some() || (self.gate().policy().grants.is_some() && token::of_path(path).is_some())
    }

    /// Refuses a look where a transfer would find no use left.
    pub(crate) fn has_uses(&self) -> Result<(), Refusal> {
        let (Some(grant), Some(grants)) = (self.grant(), &self.gate().policy().grants) else { return Ok(()) };
        if self.repeats() || grants.has_uses(grant.id()) { Ok(()) } else { Err(Refusal::Denied) }
    }

    /// Uses the grant of a session that has one, before the first octet of a transfer.
    pub(crate) fn spend(&self, path: &VPath, dir: Direction) -> Result<Option<Spent>, Refusal> {
        let Some(grant) = self.grant() else { return Ok(None) };
        let grants = self.gate().policy().grants.as_ref().ok_or(Refusal::Denied)?;
        let right = match dir {
            Direction::Read => Right::Read,
            Direction::Write => Right::Write,
        };
        let request =
            Request { grant: grant.id().to_owned(), peer: self.from().peer, path: path.clone(), right };
        let spent = grants.spend(request, self.repeats());
        // What could not be written down is not done; the words say no path of this host.
        let lost = |_| Refusal::Io(String::from("the use of a grant cannot be written down"));
        let spent = spent.map_err(lost)?.ok_or(Refusal::Denied)?;
        let left = spent.left.map(u64::from);
        self.tell(What::GrantUsed { grant: grant.id().to_owned(), path: path.clone(), left });
        Ok(Some(spent))
    }

    /// Whether requests of this session's protocol come again when their answer is lost.
    fn repeats(&self) -> bool {
        match self.from().protocol {
            Protocol::Tftp => true,
            Protocol::Ftp | Protocol::Http | Protocol::Sftp | Protocol::Scp => false,
        }
    }
}

/// The same name, without its secret.
fn without_token(path: &VPath) -> VPath {
    let rest = token::of_path(path).map_or(&b""[..], |(_, rest)| rest);
    VPath::root().resolve(&[b"/~/", rest].concat()).unwrap_or_else(|_| VPath::root())
}

/// A name as it came, without its secret.
pub(crate) fn name_without_token(name: &mut Vec<u8>) {
    if let Ok(path) = VPath::parse(name)
        && token::of_path(&path).is_some()
    {
        *name = without_token(&path).as_bytes().to_vec();
    }
}
