use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// The identity of a file's content: it changes whenever the content may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Octets.
    pub len: u64,
    /// Last modification, ns since 1970.
    pub modified: i128,
    /// Last change of the inode, ns since 1970.
    pub changed: i128,
}

/// Readable content that says what it is.
///
/// Cheap to clone: the clones share the descriptor or the memory.
#[derive(Clone, Debug)]
pub enum Blob {
    /// An open regular file of `len` octets when it was opened.
    File {
        /// Open for reading; positions are given, never kept.
        file: Arc<File>,
        /// Octets at opening.
        len: u64,
        /// For caches of digests.
        identity: Identity,
    },
    /// Content in memory.
    Memory(Bytes),
}

impl Blob {
    /// Octets.
    pub fn len(&self) -> u64 {
        match self {
            Blob::File { len, .. } => *len,
            Blob::Memory(b) => b.len() as u64,
        }
    }

    /// Whether there are no octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at `offset` until `buf` is full or the content ends; gives the octets read.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Blob::File { file, .. } => Blob::read_file_at(file, offset, buf),
            Blob::Memory(b) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(b.len());
                let n = buf.len().min(b.len() - from);
                buf[..n].copy_from_slice(&b[from..from + n]);
                Ok(n)
            }
        }
    }

    /// Reads a file at `offset` until `buf` is full or the file ends.
    pub(crate) fn read_file_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut n = 0;
        while n < buf.len() {
            match file.read_at(&mut buf[n..], offset + n as u64) {
                Ok(0) => break,
                Ok(k) => n += k,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(n)
    }
}
