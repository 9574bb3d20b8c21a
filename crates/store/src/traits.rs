use crate::{
    Amount, Attributes, Blob, Entry, Facts, Identity, Result, Stamp, Suspended, Tally, VPath, Version,
};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::SystemTime;

/// What a backend can do. A missing capability is refused before any data flows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Capabilities {
    /// Files can be created, renamed and removed.
    pub write: bool,
    /// [`Mode::Resume`], [`Mode::Append`] and [`Mode::Modify`].
    pub resume: bool,
    /// Directories can be made and removed.
    pub directories: bool,
    /// Times and modes can be set, also by an upload ([`Upload::set_attributes`]).
    pub facts: bool,
    /// Files can have second names ([`Store::link`]).
    pub links: bool,
    /// Symbolic links can be made ([`Store::symlink`]).
    pub symlinks: bool,
}

/// How an upload begins, and what may be under its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The name must be free, now and at commit.
    New,
    /// Replaces what is there; the old content stays until commit.
    Overwrite,
    /// Goes on at this offset: keeps the octets before it (of the owner's partial, else of the file),
    /// drops what follows. Beyond the end is [`StoreError::BeyondEnd`](crate::StoreError::BeyondEnd).
    Resume(u64),
    /// Goes on at the end of the file; where there is none, of the owner's partial; else empty.
    Append,
    /// Starts from all of the file's content, or empty where there is no file; any of it may be written over. The
    /// beginning takes as long as copying the file, unless the file system shares the blocks.
    ///
    /// Neither begins with a partial nor leaves one: how much of it is new would be told by nothing.
    Modify,
}

/// What a rename may find under the new name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Nothing: else it is [`StoreError::Exists`](crate::StoreError::Exists), in one step with the rename.
    Free,
    /// A file, or an empty directory for a directory: it is replaced.
    Replaced,
}

/// Space of the file system behind a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// Octets in all.
    pub total: u64,
    /// Octets free for us.
    pub free: u64,
    /// How many files there can be and how many more can come, where the backend counts them.
    pub files: Option<Files>,
    /// The quota that leaves no more free than that, where it is not the file system: of octets or of files.
    pub quota: Option<&'static str>,
}

/// A number of files and directories.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Files {
    /// In all.
    pub total: u64,
    /// Still free for us.
    pub free: u64,
}

/// What a commit published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Octets of the whole file now under the name.
    pub len: u64,
    /// Where the old content went, if it was kept as a version.
    pub kept: Option<VPath>,
    /// What is gone: the old content where it was not kept, the owner's partial of that name, versions that
    /// are more than are kept.
    pub freed: Amount,
    /// Of the content that was published, where it is a file: whether what is under the name later is
    /// still the same.
    pub identity: Option<Identity>,
}

/// A place for octets at given offsets.
pub trait Sink: Send {
    /// Writes all of `octets` at `offset`. A write past the end leaves a gap that later writes fill.
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()>;

    /// The descriptor behind, open for writing, where there is one: for splice.
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// From now on octets come in any order, also into [`Sink::fd`] by several at once: what is there when they end in the middle
    /// is not the beginning. `false`: they may not.
    ///
    /// # Errors
    /// There is no place for that.
    fn scatter(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Scattered octets end in the middle: only the first `len` of the file are all there.
    ///
    /// # Errors
    /// The rest cannot be taken away.
    fn gather(&mut self, len: u64) -> io::Result<()> {
        let _ = len;
        Ok(())
    }
}

/// An upload that nobody sees before [`Upload::commit`].
///
/// Dropped without commit it is abandoned: the name still shows what it showed before.
pub trait Upload: Sink {
    /// The octets reached so far: one past the last written, at least the resume offset.
    fn len(&self) -> u64;

    /// Whether nothing was written and nothing kept.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the first new octet belongs: 0, or the resume or append offset. Of [`Mode::Modify`] 0.
    fn start(&self) -> u64;

    /// Reads back what was written (or kept).
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Tells octets that were written through [`Sink::fd`] and not through `write_at`.
    fn wrote_to(&mut self, end: u64);

    /// Takes the room for an upload that is to reach so far, before its octets come: what others have no room for any
    /// more. What it does not use is free again when it ends. Backends that keep no account have nothing to take.
    fn reserve(&mut self, len: u64) -> Result<()> {
        let _ = len;
        Ok(())
    }

    /// Cuts it off there, or lets it reach so far: what was not written reads as zeros.
    fn set_len(&mut self, len: u64) -> Result<()>;

    /// What the file is to have beside its content. What was said before stays where nothing else is said now.
    fn set_attributes(&mut self, attributes: Attributes) -> Result<()> {
        let _ = attributes;
        Err(crate::StoreError::Unsupported("setting times and modes"))
    }

    /// Has [`Upload::commit`] keep what it replaces as a version ([`Published::kept`]) in place of
    /// dropping it. A backend without versions says [`StoreError::Unsupported`](crate::StoreError).
    fn keep_old(&mut self) -> Result<()> {
        Err(crate::StoreError::Unsupported("keeping versions"))
    }

    /// Makes the content durable, then visible under the name, at once and whole.
    ///
    /// An error leaves the old file, and a crash at any moment leaves the old or the new one whole.
    fn commit(self: Box<Self>) -> Result<Published>;

    /// Ends the upload and keeps what came as a hidden partial of this owner, for [`Mode::Resume`].
    /// Backends without resume drop it, and so does one whose owner goes on with an earlier partial of that name
    /// in another upload.
    fn suspend(self: Box<Self>) -> Result<Suspended>;
}

/// The most entries that one call of a cursor gives.
pub const BATCH: usize = 256;
/// So many names of a directory come in order, as people who type `ls` expect it: whoever sorts holds what is sorted.
pub const SORTED: usize = 4_096;

/// A directory being listed.
pub trait Cursor: Send {
    /// The next entries, at most [`BATCH`]; none at the end. Those of a directory of up to [`SORTED`] names come in their
    /// order, octet by octet, and so does the beginning of a larger one; behind it the order is the backend's. A backend
    /// holds [`SORTED`] names and one batch of facts at a time, whatever the directory has.
    fn next(&mut self) -> Result<Vec<Entry>>;
}

/// A backend. Blocking; a driver brings its own pool.
pub trait Store: Send + Sync {
    /// What this backend can do.
    fn capabilities(&self) -> Capabilities;

    /// What can be done at `path`: of a backend of several parts, what that part can.
    fn capabilities_at(&self, path: &VPath) -> Capabilities {
        let _ = path;
        self.capabilities()
    }

    /// Facts of what `path` names, links followed inside the root.
    fn stat(&self, path: &VPath) -> Result<Facts>;

    /// Lists the directory `path`. Memory does not grow with the number of entries.
    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>>;

    /// Opens a regular file for reading. Never blocks on a FIFO, never opens a device.
    fn open(&self, path: &VPath) -> Result<Blob>;

    /// Opens like [`Store::open`] where that takes no waiting for a disk or network. `None` where it may, and
    /// for every failure: [`Store::open`] says then which it is.
    fn open_now(&self, path: &VPath) -> Option<Blob> {
        let _ = path;
        None
    }

    /// Begins an upload. `owner` keys the hidden partials: one user never resumes another's.
    ///
    /// Whatever changes something is [`StoreError::Denied`](crate::StoreError::Denied) of a backend that only gives: it
    /// writes none of these methods, and its [`Capabilities`] say so.
    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        let _ = (path, mode, owner);
        Err(crate::StoreError::Denied)
    }

    /// Octets of the partial that [`Mode::Resume`] of this owner would go on with.
    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        let _ = (path, owner);
        None
    }

    /// Renames a file or directory. Between two parts of a backend of
    /// several it is [`StoreError::OtherFileSystem`](crate::StoreError::OtherFileSystem). Gives what stood under the new name and
    /// is gone.
    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        let _ = (from, to, target);
        Err(crate::StoreError::Denied)
    }

    /// Renames, and replaces a file under the new name.
    fn rename(&self, from: &VPath, to: &VPath) -> Result<Amount> {
        self.rename_to(from, to, Target::Replaced)
    }

    /// Removes a file; gives what that freed.
    fn remove(&self, path: &VPath) -> Result<Amount> {
        let _ = path;
        Err(crate::StoreError::Denied)
    }

    /// Makes a directory.
    fn make_dir(&self, path: &VPath) -> Result<()> {
        let _ = path;
        Err(crate::StoreError::Denied)
    }

    /// Removes an empty directory, with partials that nobody goes on with; gives what that freed.
    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        let _ = path;
        Err(crate::StoreError::Denied)
    }

    /// Sets the time of last modification.
    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        let _ = (path, to);
        Err(crate::StoreError::Denied)
    }

    /// Sets the permission bits (the lower 9; others are dropped). A file stays readable for the process that serves
    /// it, a directory readable, writable and enterable: no peer locks the server out of its own tree.
    fn set_mode(&self, path: &VPath, mode: u32) -> Result<()> {
        let _ = (path, mode);
        Err(crate::StoreError::Unsupported("setting modes"))
    }

    /// Gives a regular file a second name, which must be free. What is written under one of them later is not seen
    /// under the other: an upload replaces what its name stands for.
    fn link(&self, from: &VPath, to: &VPath) -> Result<()> {
        let _ = (from, to);
        Err(crate::StoreError::Unsupported("giving files second names"))
    }

    /// Makes a symbolic link `path` to `to`, which need not be there. It is kept relative, so that it means the same
    /// wherever the tree lies.
    fn symlink(&self, path: &VPath, to: &VPath) -> Result<()> {
        let _ = (path, to);
        Err(crate::StoreError::Unsupported("making symbolic links"))
    }

    /// What a symbolic link names, as a path of this store whether or not it is there; `None`: `path` is none. One
    /// that leads outside the root is [`StoreError::Denied`](crate::StoreError::Denied).
    fn read_link(&self, path: &VPath) -> Result<Option<VPath>> {
        self.stat(path).map(|_| None)
    }

    /// The space left for `path`.
    fn space(&self, path: &VPath) -> Result<Space>;

    /// What the directory `dir` holds itself. A walk over [`Tally::directories`] counts a tree. A directory
    /// that is gone holds the versions of names in it.
    fn tally(&self, dir: &VPath) -> Result<Tally> {
        let _ = dir;
        Err(crate::StoreError::Unsupported("counting what is there"))
    }

    /// Removes what nobody needs any more in `dir` itself: what dead processes left, partials that are too
    /// old, versions that are more than are kept. Gives what that freed.
    fn tidy(&self, dir: &VPath) -> Result<Amount> {
        let _ = dir;
        Ok(Amount::NONE)
    }

    /// The versions of `path`, the oldest first, whether or not there is such a file now.
    fn versions(&self, path: &VPath) -> Result<Vec<Version>> {
        let _ = path;
        Err(crate::StoreError::Unsupported("keeping versions"))
    }

    /// The names in the directory `dir` of which there are versions, in the order of their octets.
    fn versioned(&self, dir: &VPath) -> Result<Vec<Vec<u8>>> {
        let _ = dir;
        Err(crate::StoreError::Unsupported("keeping versions"))
    }

    /// Opens a version of `path` for reading.
    fn open_version(&self, path: &VPath, stamp: Stamp) -> Result<Blob> {
        let _ = (path, stamp);
        Err(crate::StoreError::Unsupported("keeping versions"))
    }
}
