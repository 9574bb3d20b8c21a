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

    /// Reads at most `len` octets at `offset` behind those in `out`; gives how many that were, fewer only at the end or
    /// where the file system says so. Where `out` has room for just as many they are read without writing zeros first.
    pub fn read_behind(&self, offset: u64, len: usize, out: &mut Vec<u8>) -> io::Result<usize> {
        let start = out.len();
        let read = match self {
            Blob::File { file, .. } if out.capacity() - start == len => loop {
                match rustix::io::pread(file, rustix::buffer::spare_capacity(out), offset) {
                    Ok(n) => break Ok(n),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(e) => break Err(e.into()),
                }
            },
            Blob::File { .. } | Blob::Memory(_) => {
                out.resize(start + len, 0);
                self.read_at(offset, &mut out[start..])
            }
        };
        out.truncate(start + read.as_ref().map_or(0, |n| *n));
        read
    }

    /// Where the next octets at or behind `offset` are that may be no zeros: a file's holes are passed over, where its file system
    /// tells them.
    pub fn behind_holes(&self, offset: u64) -> u64 {
        match self {
            Blob::File { file, len, .. } => {
                match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
                    Ok(at) => at,
                    // Nothing but a hole is there.
                    Err(rustix::io::Errno::NXIO) => *len,
                    Err(_) => offset,
                }
            }
            Blob::Memory(_) => offset,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn holes_are_passed_over_and_nothing_else() {
        use std::os::unix::fs::FileExt;
        let file = tempfile::tempfile().unwrap();
        let len = 64 << 20;
        file.set_len(len).unwrap();
        file.write_all_at(b"data", 32 << 20).unwrap();
        let identity = Identity { dev: 0, ino: 0, len, modified: 0, changed: 0 };
        let blob = Blob::File { file: Arc::new(file), len, identity };
        let at = blob.behind_holes(0);
        assert!(at <= 32 << 20, "data lies at {}, and {at} is behind it", 32 << 20);
        assert_eq!(blob.behind_holes((32 << 20) + 1), (32 << 20) + 1, "in the midst of data");
        assert!(blob.behind_holes(33 << 20) <= len);
        assert_eq!(Blob::Memory(Bytes::from_static(&[0; 9])).behind_holes(3), 3);
    }

    #[test]
    fn octets_are_read_behind_a_head_with_room_for_them_and_without() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let identity = Identity { dev: 0, ino: 0, len: 10, modified: 0, changed: 0 };
        let blobs = [
            Blob::File { file: Arc::new(file), len: 10, identity },
            Blob::Memory(Bytes::from_static(b"0123456789")),
        ];
        for blob in &blobs {
            for room in [0, 6, 100] {
                for (offset, len, read) in
                    [(2, 4, "2345"), (8, 6, "89"), (10, 6, ""), (u64::from(u32::MAX), 6, ""), (3, 0, "")]
                {
                    let mut out = Vec::with_capacity(4 + room);
                    out.extend_from_slice(b"head");
                    assert_eq!(blob.read_behind(offset, len, &mut out).unwrap(), read.len());
                    assert_eq!(out, [b"head", read.as_bytes()].concat(), "room for {room}");
                }
            }
        }
    }
}
