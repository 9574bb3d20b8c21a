//! The octets of an upload: in memory, and from a size on in a file where there is a shelf.

use super::shelf::{SMALL, Shelf};
use crate::Blob;
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub(super) enum Body {
    Memory(Vec<u8>),
    Filed { file: File, len: u64, shelf: Shelf },
}

impl Body {
    /// The first `len` octets of what is there.
    pub(super) fn from(there: &Blob, len: u64, shelf: Option<&Shelf>) -> io::Result<Body> {
        let mut body = Body::Memory(Vec::new());
        let mut buf = vec![0; usize::try_from(len).unwrap_or(SMALL).min(SMALL)];
        let mut at = 0;
        while at < len {
            let n = usize::try_from(len - at).unwrap_or(SMALL).min(buf.len());
            let n = there.read_at(at, &mut buf[..n])?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            body.write_at(at, &buf[..n], shelf)?;
            at += n as u64;
        }
        Ok(body)
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Body::Memory(octets) => octets.len() as u64,
            Body::Filed { len, .. } => *len,
        }
    }

    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Body::Memory(octets) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(octets.len());
                let n = buf.len().min(octets.len() - from);
                buf[..n].copy_from_slice(&octets[from..from + n]);
                Ok(n)
            }
            Body::Filed { file, .. } => Blob::read_file_at(file, offset, buf),
        }
    }

    /// Writes; whether there is room was asked before.
    pub(super) fn write_at(&mut self, offset: u64, octets: &[u8], shelf: Option<&Shelf>) -> io::Result<()> {
        let end = offset + octets.len() as u64;
        self.grow(end, shelf)?;
        match self {
            Body::Memory(all) => {
                let (from, to) = (offset as usize, end as usize);
                if to > all.len() {
                    all.resize(to, 0);
                }
                all[from..to].copy_from_slice(octets);
                Ok(())
            }
            Body::Filed { file, len, .. } => {
                file.write_all_at(octets, offset)?;
                *len = end.max(*len);
                Ok(())
            }
        }
    }

    pub(super) fn set_len(&mut self, to: u64, shelf: Option<&Shelf>) -> io::Result<()> {
        self.grow(to, shelf)?;
        match self {
            Body::Memory(all) => all.resize(usize::try_from(to).map_err(io::Error::other)?, 0),
            Body::Filed { file, len, .. } => {
                file.set_len(to)?;
                *len = to;
            }
        }
        Ok(())
    }

    /// Becomes a file, if it is to reach beyond what stays in memory.
    fn grow(&mut self, end: u64, shelf: Option<&Shelf>) -> io::Result<()> {
        let (Body::Memory(octets), Some(shelf)) = (&*self, shelf) else { return Ok(()) };
        if end > SMALL as u64 {
            let file = shelf.file()?;
            file.write_all_at(octets, 0)?;
            *self = Body::Filed { file, len: octets.len() as u64, shelf: shelf.clone() };
        }
        Ok(())
    }

    /// What it has become; nothing is left of it.
    pub(super) fn finish(&mut self) -> io::Result<Blob> {
        match std::mem::take(self) {
            Body::Memory(octets) => Ok(Blob::Memory(Bytes::from(octets))),
            Body::Filed { file, shelf, .. } => shelf.keep(file),
        }
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::Memory(Vec::new())
    }
}
