use super::hash::{Cost, Hash};
use crate::Secret;
use std::collections::BTreeMap;
use std::sync::RwLock;

/// One hash of each cost that is in use.
///
/// A wrong login computes one of each, whoever it is: that of the user, if there is one, and the decoys of the other
/// costs. So the time tells neither whether there is such a user nor how that one's password is hashed. A single decoy
/// of the dearest kind would not do: where one user is left with `$1$`, a wrong password for that one would be quick.
#[derive(Default)]
pub(super) struct Decoys(
    // Guards the costs seen so far; grows by what owners write down, never by what peers send.
    RwLock<BTreeMap<Cost, Hash>>,
);

impl Decoys {
    /// From now on wrong logins cost a hash like this one too.
    pub(super) fn learn(&self, hash: &Hash) {
        if !self.0.read().unwrap_or_else(|e| e.into_inner()).contains_key(hash.cost()) {
            let mut all = self.0.write().unwrap_or_else(|e| e.into_inner());
            all.insert(hash.cost().clone(), hash.clone());
        }
    }

    /// Where there are no users, a login costs what it would if there were one.
    pub(super) fn at_least_one(&self) {
        if self.0.read().unwrap_or_else(|e| e.into_inner()).is_empty() {
            let mut nobodys = [0; 32];
            getrandom::fill(&mut nobodys).expect("the system gives random octets");
            self.learn(&Hash::of(&Secret::new(nobodys)));
        }
    }

    /// Computes one of each cost but that of `done`. What comes out is of no account: a decoy may be a real user's
    /// hash, and a right guess at it is still wrong for another name.
    pub(super) fn spend(&self, done: Option<&Hash>, password: &Secret) {
        let all: Vec<Hash> = {
            let all = self.0.read().unwrap_or_else(|e| e.into_inner());
            all.iter()
                .filter(|(cost, _)| done.is_none_or(|d| d.cost() != *cost))
                .map(|(_, h)| h.clone())
                .collect()
        };
        for hash in all {
            std::hint::black_box(hash.verify(password));
        }
    }

    #[cfg(test)]
    pub(super) fn forget(&self) {
        self.0.write().unwrap().clear();
    }
}
