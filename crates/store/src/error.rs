use std::io;

/// What went wrong in a backend. No variant carries a host path.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file or directory.
    #[error("no such file or directory")]
    Absent,
    /// A file of that name exists.
    #[error("a file of that name exists")]
    Exists,
    /// A directory where a file is wanted.
    #[error("is a directory")]
    IsDirectory,
    /// A file where a directory is wanted.
    #[error("is not a directory")]
    NotDirectory,
    /// Neither a regular file nor a directory: a device, FIFO or socket is never opened.
    #[error("is not a regular file")]
    NotRegular,
    /// A directory that still has entries.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The operating system refuses, or a symbolic link leads outside the root.
    #[error("permission denied")]
    Denied,
    /// The backend does not have this operation.
    #[error("{0} is not possible here")]
    Unsupported(&'static str),
    /// No space left.
    #[error("no space left")]
    NoSpace,
    /// A quota of the owner's is used up: of octets or of files.
    #[error("the quota of {0} is used up")]
    OverQuota(&'static str),
    /// What counts against a quota is still being counted.
    #[error("what is here is still being counted: try again in a moment")]
    Counting,
    /// A read or write beyond what is there: a resume past the end, a gap.
    #[error("offset {offset} is beyond the end at {len}")]
    BeyondEnd {
        /// Octets asked.
        offset: u64,
        /// Octets there.
        len: u64,
    },
    /// The two names of a rename are on different mounts: nothing was moved.
    #[error("another file system: copy it")]
    OtherFileSystem,
    /// Somebody else holds it: another upload goes on with the same partial.
    #[error("in use by another transfer")]
    Busy,
    /// The process, or the host, has no file descriptor left.
    #[error("no file descriptors left on this host")]
    NoDescriptors,
    /// Anything else the operating system said.
    #[error("input/output error: {0}")]
    Io(#[source] io::Error),
}

/// A backend's result.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Whether this says that the process, or the host, has no file descriptor left.
pub fn no_descriptors(e: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(e), Some(Errno::MFILE | Errno::NFILE))
}

impl From<io::Error> for StoreError {
    fn from(e: io::Error) -> Self {
        use io::ErrorKind as K;
        if no_descriptors(&e) {
            return StoreError::NoDescriptors;
        }
        match e.kind() {
            K::NotFound => StoreError::Absent,
            K::AlreadyExists => StoreError::Exists,
            K::IsADirectory => StoreError::IsDirectory,
            K::NotADirectory => StoreError::NotDirectory,
            K::DirectoryNotEmpty => StoreError::NotEmpty,
            K::PermissionDenied | K::ReadOnlyFilesystem => StoreError::Denied,
            K::QuotaExceeded => StoreError::OverQuota("octets"),
            K::StorageFull | K::FileTooLarge => StoreError::NoSpace,
            _ => StoreError::Io(e),
        }
    }
}

impl From<rustix::io::Errno> for StoreError {
    fn from(e: rustix::io::Errno) -> Self {
        // openat2(RESOLVE_BENEATH) says EXDEV where a link leaves the root, ELOOP where links turn.
        match e {
            rustix::io::Errno::XDEV | rustix::io::Errno::LOOP => StoreError::Denied,
            rustix::io::Errno::NAMETOOLONG | rustix::io::Errno::INVAL => StoreError::Absent,
            e => StoreError::from(io::Error::from(e)),
        }
    }
}
