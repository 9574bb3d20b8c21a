//! Whether a host is the one that was meant.

use super::known_hosts::{Known, Verdict, learn};
use super::options::HostKeys;
use crate::error::printable;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use transport::ssh::Key;
use transport::ssh::client::Trust;

/// Judges the key of one host.
pub(super) struct Judge {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) policy: HostKeys,
    pub(super) known: Known,
    pub(super) learned: Option<PathBuf>,
    pub(super) said: Said,
}

/// What a judge said, for whoever has the connection.
#[derive(Clone, Default)]
pub(super) struct Said(
    // Guards the words; held for a moment.
    Arc<Mutex<Words>>,
);

#[derive(Default)]
struct Words {
    refused: Option<String>,
    /// The fingerprint of the key that was shown.
    shown: String,
    banner: String,
}

/// Octets of a banner that are kept.
const BANNER: usize = 8_192;

impl Said {
    /// Why the key is not the right one.
    pub(super) fn refused(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.take()
    }

    /// The fingerprint of the key that was shown.
    pub(super) fn shown(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shown.clone()
    }

    fn set(&self, set: impl FnOnce(&mut Words)) {
        set(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Trust for Judge {
    async fn is_right(&mut self, key: &Key) -> bool {
        let refused = self.refuse(key);
        let is_right = refused.is_none();
        self.said.set(|words| {
            words.refused = refused;
            words.shown = key.fingerprint().to_owned();
        });
        is_right
    }

    fn said(&mut self, banner: &str) {
        self.said.set(|words| {
            let left = BANNER.saturating_sub(words.banner.len());
            words.banner.extend(banner.chars().take(left));
        });
    }
}

impl Judge {
    /// Why it is not the right one.
    fn refuse(&self, key: &Key) -> Option<String> {
        let shows =
            format!("it shows the {} key {}", printable(key.algorithm().as_bytes()), key.fingerprint());
        if let HostKeys::Pinned(right) = &self.policy {
            return (right != key.fingerprint()).then(|| format!("{shows}, expected is {right}"));
        }
        match (self.known.judge(key), &self.policy) {
            (Verdict::Right, _) => None,
            (Verdict::Revoked { place }, _) => Some(format!("{shows}, which {place} revokes")),
            (Verdict::Other { place, fingerprint }, _) => Some(format!(
                "{shows}, and {place} has {fingerprint}: somebody may be in between, or it was installed anew"
            )),
            (Verdict::New, HostKeys::AcceptNew) => {
                let file = self.learned.as_ref()?;
                let learned = learn(file, &self.host, self.port, key);
                learned.err().map(|e| format!("{shows}, which cannot be kept: {e}"))
            }
            (Verdict::New, HostKeys::Known | HostKeys::Pinned(_)) => {
                Some(format!("{shows}, and nothing is known of it"))
            }
        }
    }
}
