//! What a client sends (draft §4 and §6).

use crate::attrs::Attrs;
use crate::extension::Extended;
use crate::wire::{Malformed, Put, Reader, packet};
use alloc::vec::Vec;

const INIT: u8 = 1;
const EXTENDED: u8 = 200;

/// A packet of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request<'a> {
    /// The first one.
    Init {
        /// The highest version that it speaks.
        version: u32,
        /// Names and data of extensions.
        extensions: Vec<(&'a [u8], &'a [u8])>,
    },
    /// Every other one.
    Asked {
        /// What the answer carries.
        id: u32,
        /// What is asked.
        ask: Ask<'a>,
    },
}

/// What is asked. Names and handles are octets.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Ask<'a> {
    Open {
        path: &'a [u8],
        flags: OpenFlags,
        attrs: Attrs<'a>,
    },
    Close {
        handle: &'a [u8],
    },
    Read {
        handle: &'a [u8],
        offset: u64,
        len: u32,
    },
    Write {
        handle: &'a [u8],
        offset: u64,
        data: &'a [u8],
    },
    Lstat {
        path: &'a [u8],
    },
    Fstat {
        handle: &'a [u8],
    },
    Setstat {
        path: &'a [u8],
        attrs: Attrs<'a>,
    },
    Fsetstat {
        handle: &'a [u8],
        attrs: Attrs<'a>,
    },
    Opendir {
        path: &'a [u8],
    },
    Readdir {
        handle: &'a [u8],
    },
    Remove {
        path: &'a [u8],
    },
    Mkdir {
        path: &'a [u8],
        attrs: Attrs<'a>,
    },
    Rmdir {
        path: &'a [u8],
    },
    Realpath {
        path: &'a [u8],
    },
    Stat {
        path: &'a [u8],
    },
    Rename {
        from: &'a [u8],
        to: &'a [u8],
    },
    Readlink {
        path: &'a [u8],
    },
    /// As OpenSSH has it, and with it everybody: the draft names the link first.
    Symlink {
        target: &'a [u8],
        link: &'a [u8],
    },
    Extended(Extended<'a>),
}

/// How a file is to be opened (draft §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct OpenFlags(pub u32);

impl OpenFlags {
    /// For reading.
    pub const READ: OpenFlags = OpenFlags(1);
    /// For writing.
    pub const WRITE: OpenFlags = OpenFlags(2);
    /// Each write goes to the end.
    pub const APPEND: OpenFlags = OpenFlags(4);
    /// Made where it is not there.
    pub const CREATE: OpenFlags = OpenFlags(8);
    /// Emptied where it is there.
    pub const TRUNCATE: OpenFlags = OpenFlags(16);
    /// Must not be there.
    pub const EXCLUSIVE: OpenFlags = OpenFlags(32);

    /// Both.
    #[must_use]
    pub fn and(self, other: OpenFlags) -> OpenFlags {
        OpenFlags(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub fn has(self, other: OpenFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A packet that is no request, with what it is to be answered under where that could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadRequest {
    /// The request's number. Without it there is nothing to answer, and the channel is to be closed.
    pub id: Option<u32>,
    /// Why: an unknown type is answered with `OP_UNSUPPORTED`, everything else with `BAD_MESSAGE`.
    pub why: Malformed,
}

impl<'a> Request<'a> {
    /// Reads a packet without its length. What stands behind its fields is left out, as OpenSSH's server does.
    ///
    /// # Errors
    /// See [`BadRequest`].
    pub fn parse(packet: &'a [u8]) -> Result<Request<'a>, BadRequest> {
        let without = |why| BadRequest { id: None, why };
        let mut reader = Reader(packet);
        let number = reader.u8().map_err(without)?;
        let id = reader.u32().map_err(without)?;
        if number == INIT {
            let extensions = reader.pairs().map_err(without)?;
            return Ok(Request::Init { version: id, extensions });
        }
        let ask = Ask::read(number, &mut reader).map_err(|why| BadRequest { id: Some(id), why })?;
        Ok(Request::Asked { id, ask })
    }

    /// Puts the packet, with its length, behind what is in `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Request::Init { version, extensions } => packet(out, INIT, |out| {
                out.put_u32(*version);
                for (name, data) in extensions {
                    out.put_string(name);
                    out.put_string(data);
                }
            }),
            Request::Asked { id, ask } => packet(out, ask.number(), |out| {
                out.put_u32(*id);
                ask.write(out);
            }),
        }
    }
}

/// What stands before the octets of a WRITE of `len` octets: they go out straight behind it.
///
/// # Panics
/// Of data that no packet holds.
pub fn write_head(id: u32, handle: &[u8], offset: u64, len: u32, out: &mut Vec<u8>) {
    let start = out.len();
    packet(out, 6, |out| {
        out.put_u32(id);
        out.put_string(handle);
        out.put_u64(offset);
        out.put_u32(len);
    });
    let head = u32::try_from(out.len() - start - 4).expect("a head is short");
    let all = head.checked_add(len).expect("no packet is that long");
    out[start..start + 4].copy_from_slice(&all.to_be_bytes());
}

impl<'a> Ask<'a> {
    fn read(number: u8, reader: &mut Reader<'a>) -> Result<Ask<'a>, Malformed> {
        Ok(match number {
            3 => Ask::Open {
                path: reader.string()?,
                flags: OpenFlags(reader.u32()?),
                attrs: Attrs::read(reader)?,
            },
            4 => Ask::Close { handle: reader.handle()? },
            5 => Ask::Read { handle: reader.handle()?, offset: reader.u64()?, len: reader.u32()? },
            6 => Ask::Write { handle: reader.handle()?, offset: reader.u64()?, data: reader.string()? },
            7 => Ask::Lstat { path: reader.string()? },
            8 => Ask::Fstat { handle: reader.handle()? },
            9 => Ask::Setstat { path: reader.string()?, attrs: Attrs::read(reader)? },
            10 => Ask::Fsetstat { handle: reader.handle()?, attrs: Attrs::read(reader)? },
            11 => Ask::Opendir { path: reader.string()? },
            12 => Ask::Readdir { handle: reader.handle()? },
            13 => Ask::Remove { path: reader.string()? },
            14 => Ask::Mkdir { path: reader.string()?, attrs: Attrs::read(reader)? },
            15 => Ask::Rmdir { path: reader.string()? },
            16 => Ask::Realpath { path: reader.string()? },
            17 => Ask::Stat { path: reader.string()? },
            18 => Ask::Rename { from: reader.string()?, to: reader.string()? },
            19 => Ask::Readlink { path: reader.string()? },
            20 => Ask::Symlink { target: reader.string()?, link: reader.string()? },
            EXTENDED => Ask::Extended(Extended::read(reader)?),
            other => return Err(Malformed::Type(other)),
        })
    }

    /// The packet's type.
    fn number(&self) -> u8 {
        match self {
            Ask::Open { .. } => 3,
            Ask::Close { .. } => 4,
            Ask::Read { .. } => 5,
            Ask::Write { .. } => 6,
            Ask::Lstat { .. } => 7,
            Ask::Fstat { .. } => 8,
            Ask::Setstat { .. } => 9,
            Ask::Fsetstat { .. } => 10,
            Ask::Opendir { .. } => 11,
            Ask::Readdir { .. } => 12,
            Ask::Remove { .. } => 13,
            Ask::Mkdir { .. } => 14,
            Ask::Rmdir { .. } => 15,
            Ask::Realpath { .. } => 16,
            Ask::Stat { .. } => 17,
            Ask::Rename { .. } => 18,
            Ask::Readlink { .. } => 19,
            Ask::Symlink { .. } => 20,
            Ask::Extended(_) => EXTENDED,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Ask::Open { path, flags, attrs } => {
                out.put_string(path);
                out.put_u32(flags.0);
                attrs.write(out);
            }
            Ask::Read { handle, offset, len } => {
                out.put_string(handle);
                out.put_u64(*offset);
                out.put_u32(*len);
            }
            Ask::Write { handle, offset, data } => {
                out.put_string(handle);
                out.put_u64(*offset);
                out.put_string(data);
            }
            Ask::Close { handle: one } | Ask::Fstat { handle: one } | Ask::Readdir { handle: one } => {
                out.put_string(one);
            }
            Ask::Lstat { path: one }
            | Ask::Opendir { path: one }
            | Ask::Remove { path: one }
            | Ask::Rmdir { path: one }
            | Ask::Realpath { path: one }
            | Ask::Stat { path: one }
            | Ask::Readlink { path: one } => out.put_string(one),
            Ask::Setstat { path: one, attrs }
            | Ask::Fsetstat { handle: one, attrs }
            | Ask::Mkdir { path: one, attrs } => {
                out.put_string(one);
                attrs.write(out);
            }
            Ask::Rename { from: one, to: other } | Ask::Symlink { target: one, link: other } => {
                out.put_string(one);
                out.put_string(other);
            }
            Ask::Extended(extended) => extended.write(out),
        }
    }
}

#[cfg(test)]
mod tests;
