//! The host key of a device's SSH server: one that was given, or its own, made when somebody first asks for it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use transport::ssh::{BadKey, PrivateKey};

/// Where the keys of devices on one listener come from.
#[derive(Clone)]
pub enum HostKeys {
    /// One for all.
    One(Arc<PrivateKey>),
    /// Each has its own, drawn from this and from its serial number and name: the same at each start.
    Each(Arc<[u8]>),
}

impl From<PrivateKey> for HostKeys {
    fn from(key: PrivateKey) -> HostKeys {
        HostKeys::One(Arc::new(key))
    }
}

/// The key of one device.
pub(crate) struct HostKey {
    keys: HostKeys,
    whose: String,
    made: OnceLock<Result<PrivateKey, BadKey>>,
}

impl HostKey {
    pub(crate) fn new(keys: HostKeys, serial: &str, name: &str) -> HostKey {
        HostKey { keys, whose: format!("{serial}\0{name}"), made: OnceLock::new() }
    }

    /// The key. The first who asks for one of the device's own waits some tenths of a second, all who come meanwhile too.
    pub(crate) fn get(&self) -> Result<&PrivateKey, BadKey> {
        match &self.keys {
            HostKeys::One(key) => Ok(key),
            HostKeys::Each(secret) => self
                .made
                .get_or_init(|| PrivateKey::rsa_of(secret, &self.whose))
                .as_ref()
                .map_err(Clone::clone),
        }
    }
}

/// Without what the keys are drawn from.
impl fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HostKeys::One(_) => "One",
            HostKeys::Each(_) => "Each",
        })
    }
}
