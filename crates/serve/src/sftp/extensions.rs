//! Requests beyond version 3: those that the storage can do are told in VERSION.

use super::files::Files;
use super::names::{both, resolve};
use super::open::Open;
use super::refusal;
use ftp_proto::list;
use gate::Refusal;
use gate::store::Sink;
use sftp_proto::server::{Answer, File, Names};
use sftp_proto::{EXTENSIONS, Extended, Extension, FileSystem, Named, Space, VendorId};

/// What is offered: OpenSSH's, and some of others.
pub(super) fn offered() -> Vec<Extension> {
    // check-file is looked for under the first name and asked under the others.
    let more = ["check-file", "check-file-handle", "check-file-name", "space-available"];
    let more = more.into_iter().map(|name| Extension { name, version: "1" });
    EXTENSIONS.into_iter().chain(more).collect()
}

/// Whose program this is.
pub(super) const VENDOR: VendorId<'static> = VendorId {
    vendor: b"towline",
    product: b"towline",
    version: env!("CARGO_PKG_VERSION").as_bytes(),
    build: 0,
};

/// Numbers of users and groups that are answered at once.
const NUMBERS: usize = 4_096;

/// Octets of a block, in which `df` counts.
const BLOCK: u64 = 4_096;

impl Files {
    pub(super) fn extended(
        &mut self,
        file: Option<File>,
        into: Option<File>,
        extended: &Extended<'_>,
    ) -> Result<Answer, Refusal> {
        match extended {
            Extended::PosixRename { from, to } => {
                let (from, to) = both(from, to)?;
                self.session.rename(&from, &to).map(|()| Answer::Done)
            }
            Extended::Statvfs { path } => self.file_system(&resolve(path)?),
            Extended::Fstatvfs { .. } => {
                let path = self.of(file)?.path().clone();
                self.file_system(&path)
            }
            Extended::Fsync { .. } => {
                match self.of(file)? {
                    Open::Writing(upload) => {
                        if let Some(fd) = upload.writing.fd() {
                            rustix::fs::fdatasync(fd).map_err(|e| refusal::of_disk(e.into()))?;
                        }
                    }
                    Open::Reading(_) | Open::Directory(_) => {}
                }
                Ok(Answer::Done)
            }
            Extended::Lsetstat { path, attrs } => {
                let path = resolve(path)?;
                // What a link has nobody may set; what it leads to is another file's.
                match self.session.read_link(&path) {
                    Ok(Some(_)) => Err(Refusal::Unsupported("setting what a symbolic link itself has")),
                    Ok(None) | Err(_) => self.set(&path, attrs).map(|()| Answer::Done),
                }
            }
            Extended::Hardlink { from, to } => {
                let (from, to) = both(from, to)?;
                self.session.link(&from, &to).map(|()| Answer::Done)
            }
            Extended::ExpandPath { path } => {
                let path = resolve(&self.expanded(path)?)?;
                Ok(Answer::Names(Names::one(path.as_bytes())))
            }
            Extended::HomeDirectory { user } if self.is_me(user) => Ok(Answer::Names(Names::one(b"/"))),
            // Whether there is such a user is nobody's business.
            Extended::HomeDirectory { .. } => Err(Refusal::Absent),
            Extended::CopyData { offset, len, at, .. } => {
                self.copy(file, into, *offset, *len, *at).map(|()| Answer::Done)
            }
            Extended::SpaceAvailable { path } => {
                let space = self.session.space(&resolve(path)?)?;
                let told = Space {
                    total: space.total,
                    free: space.free,
                    users_total: space.total,
                    users_free: space.free,
                    unit: BLOCK as u32,
                };
                Ok(Answer::Octets(told.octets()))
            }
            Extended::CheckFileHandle { check, .. } => self.check(file, check),
            Extended::CheckFileName { path, check } => self.check_name(path, check),
            Extended::UsersGroups { uids, gids } if uids.len().max(gids.len()) > NUMBERS => {
                Err(Refusal::Unsupported("more than 4,096 numbers at once"))
            }
            // Everything belongs to 0, which is called as in lists; no other number is anybody's.
            Extended::UsersGroups { uids, gids } => {
                let name = |id: &u32| if *id == 0 { list::OWNER.as_bytes() } else { b"" };
                let named =
                    Named { users: uids.iter().map(name).collect(), groups: gids.iter().map(name).collect() };
                Ok(Answer::Octets(named.octets()))
            }
            Extended::Limits | Extended::VendorId(_) | Extended::Other { .. } => {
                Err(Refusal::Unsupported("that extension"))
            }
        }
    }

    fn file_system(&self, path: &gate::store::VPath) -> Result<Answer, Refusal> {
        let space = self.session.space(path)?;
        let (free, files) = (space.free / BLOCK, space.files);
        let system = FileSystem {
            block: BLOCK,
            fragment: BLOCK,
            blocks: space.total / BLOCK,
            free,
            available: free,
            files: files.map_or(0, |files| files.total),
            files_free: files.map_or(0, |files| files.free),
            files_available: files.map_or(0, |files| files.free),
            id: 0,
            // Set-user-ID has no effect here (2), and 1 is read-only.
            flags: 2 | u64::from(!self.session.may_write()),
            longest_name: gate::store::MAX_COMPONENT as u64,
        };
        Ok(Answer::Octets(system.octets()))
    }

    /// `~` and `~USER` of who asks are the root.
    fn expanded(&self, path: &[u8]) -> Result<Vec<u8>, Refusal> {
        let Some(rest) = path.strip_prefix(b"~") else { return Ok(path.to_vec()) };
        let end = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
        let (user, rest) = rest.split_at(end);
        if self.is_me(user) { Ok([b"/", rest].concat()) } else { Err(Refusal::Absent) }
    }

    fn is_me(&self, user: &[u8]) -> bool {
        user.is_empty() || self.session.user().is_some_and(|me| me.as_bytes() == user)
    }
}
