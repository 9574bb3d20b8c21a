//! What was found right a while ago, under digests that are of no use outside this process.

use super::account::Account;
use super::hash::same;
use super::user::User;
use crate::Secret;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Users remembered at once, 10 MiB of them; whoever is beyond that hashes again.
const USERS: usize = 65_536;
/// Answers of the oracle that are kept. It is asked about what peers send.
const ANSWERS: usize = 4_096;

/// The key of the digests: random, of this process alone, nowhere written.
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn fresh() -> Key {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system gives random octets");
        Key(key)
    }

    /// The keyed digest of a name and a password.
    pub(super) fn digest(&self, user: &str, password: &Secret) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update((user.len() as u64).to_be_bytes());
        digest.update(user.as_bytes());
        digest.update(password.expose());
        digest.update(self.0);
        digest.finalize().into()
    }
}

/// For each user the digest of the credentials that were right last.
#[derive(Default)]
pub(super) struct Verified(
    // Guards the digests; held for a look-up or an insertion.
    Mutex<HashMap<Box<str>, Right>>,
);

struct Right {
    digest: [u8; 32],
    /// As the user was then: one that was written anew is another, whatever its name.
    user: Arc<User>,
}

impl Verified {
    /// Whether these credentials were the last right ones of this very user.
    pub(super) fn has(&self, user: &Arc<User>, digest: &[u8; 32]) -> bool {
        let all = self.0.lock().unwrap_or_else(|e| e.into_inner());
        all.get(user.name()).is_some_and(|r| Arc::ptr_eq(&r.user, user) && same(&r.digest, digest))
    }

    pub(super) fn remember(&self, user: &Arc<User>, digest: &[u8; 32]) {
        let mut all = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if all.len() >= USERS && !all.contains_key(user.name()) {
            forget_one(&mut all);
        }
        all.insert(Box::from(user.name()), Right { digest: *digest, user: user.clone() });
    }
}

/// What the oracle said a short time ago, for or against.
pub(super) struct Answers {
    holds: Duration,
    // Guards the answers; held for a look-up or an insertion.
    all: Mutex<HashMap<[u8; 32], Answer>>,
}

struct Answer {
    at: Instant,
    account: Option<Arc<Account>>,
}

impl Answers {
    pub(super) fn holding(holds: Duration) -> Answers {
        Answers { holds, all: Mutex::default() }
    }

    /// The answer, if it was given not long ago.
    pub(super) fn known(&self, digest: &[u8; 32]) -> Option<Option<Arc<Account>>> {
        let all = self.all.lock().unwrap_or_else(|e| e.into_inner());
        all.get(digest).filter(|a| a.at.elapsed() < self.holds).map(|a| a.account.clone())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.lock().unwrap().len()
    }

    pub(super) fn remember(&self, digest: &[u8; 32], account: Option<Arc<Account>>) {
        let mut all = self.all.lock().unwrap_or_else(|e| e.into_inner());
        if all.len() >= ANSWERS {
            let holds = self.holds;
            all.retain(|_, a| a.at.elapsed() < holds);
        }
        if all.len() >= ANSWERS {
            forget_one(&mut all);
        }
        all.insert(*digest, Answer { at: Instant::now(), account });
    }
}

/// Any one: the order of a hash table is as good as random.
fn forget_one<K: Clone + Eq + std::hash::Hash, V>(all: &mut HashMap<K, V>) {
    if let Some(key) = all.keys().next().cloned() {
        all.remove(&key);
    }
}
