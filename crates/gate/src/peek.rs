//! A look at a file before it is given: for protocols that decide by what it is whether anything flows.

use crate::rights::Verb;
use crate::transfer::Record;
use crate::{Direction, Reading, Refusal, Session, sidecar};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Blob, StoreError, VPath};

/// A file that may be read and is not yet: no transfer, no lease, no event. Dropped it never was.
pub struct Peek {
    session: Session,
    /// In the whole tree.
    path: VPath,
    blob: Blob,
    modified: SystemTime,
}

impl Session {
    /// Opens a file that may be read, without a transfer. A refusal is an event, as of [`Session::read`].
    pub fn peek(&self, path: &VPath) -> Result<Peek, Refusal> {
        if let Some(done) = self.by_token(Verb::Read, path, Session::peek) {
            return done;
        }
        let path = &*self.tree(Verb::Read, path)?;
        self.told(Verb::Read, path, || {
            self.allow(Verb::Read, path)?;
            self.has_uses()?;
            let blob = match self.gate().store.open(path) {
                Err(StoreError::Absent) if self.gate().policy.digests => {
                    sidecar::open(self, path)?.ok_or(Refusal::Absent)?
                }
                blob => blob?,
            };
            let modified = match &blob {
                Blob::File { identity, .. } => moment(identity.modified),
                Blob::Memory(_) => {
                    let facts = self.gate().store.stat(path).ok().or_else(|| sidecar::stat(self, path));
                    facts.map_or(UNIX_EPOCH, |f| f.modified)
                }
            };
            Ok(Peek { session: self.clone(), path: path.clone(), blob, modified })
        })
    }

    /// The same where it takes no waiting for a disk. `None` where it may, and for every refusal:
    /// [`Session::peek`] says then which it is, and tells it.
    pub fn peek_now(&self, path: &VPath) -> Option<Peek> {
        if self.waits_for_grants(path) {
            return None;
        }
        let path = &*self.within(path).ok()?;
        self.allow(Verb::Read, path).ok()?;
        let blob = self.gate().store.open_now(path)?;
        let Blob::File { identity, .. } = &blob else { return None };
        let modified = moment(identity.modified);
        Some(Peek { session: self.clone(), path: path.clone(), blob, modified })
    }
}

impl Peek {
    /// Whether [`Peek::read`] may wait for the disk that grants are kept on.
    pub fn waits(&self) -> bool {
        self.session.grant().is_some()
    }

    /// Octets.
    pub fn len(&self) -> u64 {
        self.blob.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.blob.is_empty()
    }

    /// Last modification.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Changes whenever a single octet of the content may have; the same after a restart. Tells nothing of what
    /// it is made from (device, inode, length, times).
    pub fn tag(&self) -> [u8; 16] {
        let mut digest = Sha256::new();
        match &self.blob {
            Blob::File { identity, .. } => {
                digest.update(b"file");
                for n in [identity.dev, identity.ino, identity.len] {
                    digest.update(n.to_be_bytes());
                }
                for n in [identity.modified, identity.changed] {
                    digest.update(n.to_be_bytes());
                }
            }
            Blob::Memory(octets) => {
                digest.update(b"octets");
                digest.update(octets);
            }
        }
        let digest: [u8; 32] = digest.finalize().into();
        *digest.first_chunk().expect("32 octets have 16")
    }

    /// Begins the transfer: takes a lease and tells the start; the use of a grant is durable then. A refusal is an
    /// event.
    pub fn read(self) -> Result<Reading, Refusal> {
        let Peek { session, path, blob, .. } = self;
        session.told(Verb::Read, &path, || {
            let lease = session.lease(Direction::Read)?;
            let len = Some(blob.len());
            Ok(Reading::new(blob, Record::start(lease, &path, Direction::Read, len)?))
        })
    }
}

/// A moment counted in nanoseconds since 1970.
fn moment(nanos: i128) -> SystemTime {
    let span = Duration::from_nanos(u64::try_from(nanos.unsigned_abs()).unwrap_or(u64::MAX));
    let moved = if nanos < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
    moved.unwrap_or(UNIX_EPOCH)
}
