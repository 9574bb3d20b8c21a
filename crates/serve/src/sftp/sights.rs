//! What a tap is told of a session: requests and answers as lines, and how much content moved.
//!
//! What is on the wire is SSH's. Requests that never become a question (of a handle that is none, of an extension that
//! is not offered) are not seen.

use super::open::Open;
use sftp_proto::server::Answer;
use sftp_proto::{Ask, Extended};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use transport::tap::{self, Dir, Role, Sight, Tap, What, next_flow};

/// Who watches a session, and its two ends.
#[derive(Clone)]
pub struct Seen {
    /// Who watches.
    pub tap: Arc<dyn Tap>,
    /// Our address.
    pub local: SocketAddr,
    /// The client's.
    pub peer: SocketAddr,
}

pub(super) struct Sights {
    seen: Seen,
    flow: u64,
    /// Octets of files, both ways.
    total: AtomicU64,
}

impl Sights {
    /// Tells that the session is there.
    pub(super) fn new(seen: Seen) -> Sights {
        let sights = Sights { seen, flow: next_flow(), total: AtomicU64::new(0) };
        sights.see(Dir::Received, What::Connected { role: Role::Sftp });
        sights
    }

    fn see(&self, dir: Dir, what: What<'_>) {
        let Seen { tap, local, peer } = &self.seen;
        tap.see(&Sight { at: Instant::now(), flow: self.flow, local: *local, peer: *peer, dir, what });
    }

    /// A request about names, or about what is open.
    pub(super) fn asked(&self, ask: &Ask<'_>, open: Option<&Open>) {
        let (verb, name, other) = words(ask);
        let name = match (name, open) {
            (Some(name), _) => name,
            (None, Some(open)) => open.path().as_bytes(),
            (None, None) => b"",
        };
        let mut line = verb.as_bytes().to_vec();
        for name in [name, other] {
            if !name.is_empty() {
                line.push(b' ');
                line.extend_from_slice(name);
            }
        }
        self.see(Dir::Received, What::Control(&tap::masked(&line)));
    }

    pub(super) fn answered(&self, answer: &Answer) {
        let line = match answer {
            Answer::Done => String::from("OK"),
            Answer::End => String::from("EOF"),
            Answer::Opened { .. } => String::from("HANDLE"),
            Answer::Names(names) => format!("NAME {}", names.count()),
            Answer::Facts(attrs) => match attrs.size {
                Some(size) => format!("ATTRS {size} octets"),
                None => String::from("ATTRS"),
            },
            Answer::Octets(_) => String::from("EXTENDED_REPLY"),
            Answer::Refused(status, text) => format!("STATUS {} {text}", status.code()),
        };
        self.see(Dir::Sent, What::Control(&tap::masked(line.as_bytes())));
    }

    /// So much content was read or written.
    pub(super) fn moved(&self, dir: Dir, len: usize) {
        if len > 0 {
            let total = self.total.fetch_add(len as u64, Ordering::Relaxed) + len as u64;
            self.see(dir, What::Data { len, total });
        }
    }
}

impl Drop for Sights {
    fn drop(&mut self) {
        let total = self.total.load(Ordering::Relaxed);
        self.see(Dir::Here, What::Closed { role: Role::Sftp, total });
    }
}

/// A request's word, its name where it has one, and its second one.
fn words<'a>(ask: &Ask<'a>) -> (&'static str, Option<&'a [u8]>, &'a [u8]) {
    let one = |verb, name| (verb, Some(name), &b""[..]);
    let of_handle = |verb| (verb, None, &b""[..]);
    match ask {
        Ask::Open { path, .. } => one("OPEN", *path),
        Ask::Close { .. } => of_handle("CLOSE"),
        Ask::Read { .. } => of_handle("READ"),
        Ask::Write { .. } => of_handle("WRITE"),
        Ask::Lstat { path } => one("LSTAT", *path),
        Ask::Fstat { .. } => of_handle("FSTAT"),
        Ask::Setstat { path, .. } => one("SETSTAT", *path),
        Ask::Fsetstat { .. } => of_handle("FSETSTAT"),
        Ask::Opendir { path } => one("OPENDIR", *path),
        Ask::Readdir { .. } => of_handle("READDIR"),
        Ask::Remove { path } => one("REMOVE", *path),
        Ask::Mkdir { path, .. } => one("MKDIR", *path),
        Ask::Rmdir { path } => one("RMDIR", *path),
        Ask::Realpath { path } => one("REALPATH", *path),
        Ask::Stat { path } => one("STAT", *path),
        Ask::Rename { from, to } => ("RENAME", Some(*from), *to),
        Ask::Readlink { path } => one("READLINK", *path),
        Ask::Symlink { target, link } => ("SYMLINK", Some(*target), *link),
        Ask::Extended(extended) => match extended {
            Extended::PosixRename { from, to } => ("posix-rename", Some(*from), *to),
            Extended::Statvfs { path } => one("statvfs", *path),
            Extended::Fstatvfs { .. } => of_handle("fstatvfs"),
            Extended::Hardlink { from, to } => ("hardlink", Some(*from), *to),
            Extended::Fsync { .. } => of_handle("fsync"),
            Extended::Lsetstat { path, .. } => one("lsetstat", *path),
            Extended::Limits => of_handle("limits"),
            Extended::ExpandPath { path } => one("expand-path", *path),
            Extended::CopyData { .. } => of_handle("copy-data"),
            Extended::HomeDirectory { user } => one("home-directory", *user),
            Extended::UsersGroups { .. } => of_handle("users-groups-by-id"),
            Extended::CheckFileHandle { .. } => of_handle("check-file-handle"),
            Extended::CheckFileName { path, .. } => one("check-file-name", *path),
            Extended::SpaceAvailable { path } => one("space-available", *path),
            Extended::VendorId(_) => of_handle("vendor-id"),
            Extended::Other { name, .. } => one("extended", *name),
        },
    }
}
