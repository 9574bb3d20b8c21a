use crate::names::{components, is_within, join, last};
use crate::{By, Net, Right};
use std::net::{IpAddr, SocketAddr};

/// A TFTP request that comes again within so many seconds, before the file arrived, is the same use.
const REPEATS: u64 = 60;

/// Something that was given out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Given {
    pub(crate) path: String,
    pub(crate) rights: Vec<Right>,
    pub(crate) from: Vec<Net>,
    pub(crate) until: u64,
    pub(crate) uses: Option<usize>,
    pub(crate) is_revoked: bool,
    pub(crate) nth: usize,
}

/// A use of a grant.
#[derive(Clone, Debug)]
struct Use {
    grant: usize,
    /// What TFTP's client would send again, and since when.
    request: Option<(SocketAddr, String, Right, u64)>,
    /// Transfers by it that run.
    running: usize,
    /// Whether it stays one: something was moved, or nobody knows.
    stays: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    pub(crate) all: Vec<Given>,
    /// Each use by its number.
    uses: Vec<Option<Use>>,
}

impl Given {
    pub(crate) fn gives(&self, right: Right, path: &str, now: u64) -> (bool, By) {
        let counts = !self.is_revoked && now < self.until;
        if counts && is_within(path, &self.path) && self.has(right) {
            (true, By::Grant)
        } else {
            (false, By::NotGranted)
        }
    }

    /// To write is also to create.
    fn has(&self, right: Right) -> bool {
        self.rights.contains(&right) || (right == Right::Create && self.rights.contains(&Right::Write))
    }

    /// What a name behind the secret stands for.
    pub(crate) fn named(&self, rest: &str) -> Option<String> {
        if components(&self.path).is_empty() {
            return Some(join("/", rest));
        }
        let (first, below) = components(rest).split_first().map(|(f, b)| (*f, b.join("/")))?;
        (first == last(&self.path)).then(|| join(&self.path, &below))
    }
}

impl Grants {
    /// How often a grant was used.
    pub(crate) fn used(&self, grant: usize) -> usize {
        self.uses.iter().flatten().filter(|used| used.grant == grant).count()
    }

    pub(crate) fn is_used_up(&self, grant: usize) -> bool {
        self.all[grant].uses.is_some_and(|uses| self.used(grant) >= uses)
    }

    /// Whether its secret opens anything from there.
    pub(crate) fn opens(&self, grant: usize, from: IpAddr, repeats: bool, now: u64) -> bool {
        let given = &self.all[grant];
        !given.is_revoked
            && now < given.until
            && (repeats || !self.is_used_up(grant))
            && given.from.iter().any(|net| net.holds(from))
    }

    /// Uses it; the number of the use.
    pub(crate) fn spend(
        &mut self,
        grant: usize,
        peer: SocketAddr,
        path: &str,
        right: Right,
        repeats: bool,
        now: u64,
    ) -> Option<usize> {
        let given = &self.all[grant];
        if given.is_revoked || now >= given.until {
            return None;
        }
        let is_again = |used: &Use| {
            used.grant == grant
                && used.request.as_ref().is_some_and(|(p, n, r, since)| {
                    (*p, &n[..], *r) == (peer, path, right) && now - since < REPEATS
                })
        };
        let again = self.uses.iter().position(|used| used.as_ref().is_some_and(is_again));
        if let Some(nth) = again.filter(|_| repeats) {
            self.uses[nth].as_mut().expect("found above").running += 1;
            return Some(nth);
        }
        if self.is_used_up(grant) {
            return None;
        }
        let request = repeats.then(|| (peer, path.to_owned(), right, now));
        self.uses.push(Some(Use { grant, request, running: 1, stays: false }));
        Some(self.uses.len() - 1)
    }

    /// One of its transfers ended.
    pub(crate) fn ended(&mut self, nth: usize, how: Ended) {
        let Some(used) = &mut self.uses[nth] else { return };
        used.running -= 1;
        match how {
            Ended::Complete => {
                used.stays = true;
                used.request = None;
            }
            Ended::Moved | Ended::Unknown => used.stays = true,
            Ended::Nothing => {}
        }
        if used.running == 0 && !used.stays {
            self.uses[nth] = None;
        }
    }
}

/// How a transfer by a grant ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Complete,
    Moved,
    /// Not one octet was moved.
    Nothing,
    /// It was dropped.
    Unknown,
}
