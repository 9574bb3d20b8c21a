//! Requests beyond version 3: OpenSSH's (PROTOCOL §4), and some of others.

use crate::attrs::Attrs;
use crate::wire::{Malformed, Put, Reader};
use alloc::vec::Vec;

/// An extension as a server names it in VERSION.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extension {
    /// Its name.
    pub name: &'static str,
    /// Its version, as text.
    pub version: &'static str,
}

const fn row(name: &'static str, version: &'static str) -> Extension {
    Extension { name, version }
}

/// What OpenSSH's server names, in the order of PROTOCOL §4.3 to §4.12.
pub const EXTENSIONS: [Extension; 11] = [
    row("posix-rename@openssh.com", "1"),
    row("statvfs@openssh.com", "2"),
    row("fstatvfs@openssh.com", "2"),
    row("hardlink@openssh.com", "1"),
    row("fsync@openssh.com", "1"),
    row("lsetstat@openssh.com", "1"),
    row("limits@openssh.com", "1"),
    row("expand-path@openssh.com", "1"),
    row("copy-data", "1"),
    row("home-directory", "1"),
    row("users-groups-by-id@openssh.com", "1"),
];

/// What is asked by an extension. Names and handles are octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extended<'a> {
    /// A rename that replaces what is there (§4.3).
    PosixRename {
        /// The old name.
        from: &'a [u8],
        /// The new one.
        to: &'a [u8],
    },
    /// Facts of the file system of a path (§4.4).
    Statvfs {
        /// The path.
        path: &'a [u8],
    },
    /// The same of an open file.
    Fstatvfs {
        /// The file.
        handle: &'a [u8],
    },
    /// A second name of a file (§4.5).
    Hardlink {
        /// The name that is there.
        from: &'a [u8],
        /// The second one.
        to: &'a [u8],
    },
    /// What was written is to be on the disk (§4.6).
    Fsync {
        /// The file.
        handle: &'a [u8],
    },
    /// SETSTAT that follows no link (§4.7).
    Lsetstat {
        /// The path.
        path: &'a [u8],
        /// What is to be set.
        attrs: Attrs<'a>,
    },
    /// How much at once (§4.8).
    Limits,
    /// REALPATH with `~` and `~user` (§4.9).
    ExpandPath {
        /// The path.
        path: &'a [u8],
    },
    /// From one open file into another (§4.10).
    CopyData {
        /// The file that is read.
        from: &'a [u8],
        /// From here.
        offset: u64,
        /// So many octets; 0: to its end.
        len: u64,
        /// The file that is written.
        to: &'a [u8],
        /// From here.
        at: u64,
    },
    /// Somebody's home (§4.11).
    HomeDirectory {
        /// Whose; empty: of who asks.
        user: &'a [u8],
    },
    /// Names for numbers of users and groups (§4.12).
    UsersGroups {
        /// Users.
        uids: Vec<u32>,
        /// Groups.
        gids: Vec<u32>,
    },
    /// Digests of an open file (filexfer-extensions-00 §3).
    CheckFileHandle {
        /// The file.
        handle: &'a [u8],
        /// Of what.
        check: Check<'a>,
    },
    /// The same of a path.
    CheckFileName {
        /// The path.
        path: &'a [u8],
        /// Of what.
        check: Check<'a>,
    },
    /// How much room there is (filexfer-extensions-00 §4).
    SpaceAvailable {
        /// The path.
        path: &'a [u8],
    },
    /// Whose program the client is (filexfer-13 §5.4).
    VendorId(VendorId<'a>),
    /// One that is not known: a server answers `OP_UNSUPPORTED`.
    Other {
        /// Its name.
        name: &'a [u8],
        /// Everything behind the name.
        data: &'a [u8],
    },
}

/// What digests are asked of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Check<'a> {
    /// Names of algorithms with commas between, the dearest first.
    pub algorithms: &'a [u8],
    /// From here.
    pub start: u64,
    /// So many octets; 0: to the end.
    pub len: u64,
    /// A digest for each block of so many octets; 0: one for all.
    pub block: u32,
}

impl<'a> Check<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Check<'a>, Malformed> {
        Ok(Check {
            algorithms: reader.string()?,
            start: reader.u64()?,
            len: reader.u64()?,
            block: reader.u32()?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.put_string(self.algorithms);
        out.put_u64(self.start);
        out.put_u64(self.len);
        out.put_u32(self.block);
    }
}

/// Whose program somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VendorId<'a> {
    /// Who made it.
    pub vendor: &'a [u8],
    /// What it is called.
    pub product: &'a [u8],
    /// Its version.
    pub version: &'a [u8],
    /// Its build.
    pub build: u64,
}

impl VendorId<'_> {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for text in [self.vendor, self.product, self.version] {
            out.put_string(text);
        }
        out.put_u64(self.build);
    }
}

impl<'a> Extended<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Extended<'a>, Malformed> {
        let name = reader.string()?;
        Ok(match name {
            b"posix-rename@openssh.com" => {
                Extended::PosixRename { from: reader.string()?, to: reader.string()? }
            }
            b"statvfs@openssh.com" => Extended::Statvfs { path: reader.string()? },
            b"fstatvfs@openssh.com" => Extended::Fstatvfs { handle: reader.handle()? },
            b"hardlink@openssh.com" => Extended::Hardlink { from: reader.string()?, to: reader.string()? },
            b"fsync@openssh.com" => Extended::Fsync { handle: reader.handle()? },
            b"lsetstat@openssh.com" => {
                Extended::Lsetstat { path: reader.string()?, attrs: Attrs::read(reader)? }
            }
            b"limits@openssh.com" => Extended::Limits,
            b"expand-path@openssh.com" => Extended::ExpandPath { path: reader.string()? },
            b"copy-data" => Extended::CopyData {
                from: reader.handle()?,
                offset: reader.u64()?,
                len: reader.u64()?,
                to: reader.handle()?,
                at: reader.u64()?,
            },
            b"home-directory" => Extended::HomeDirectory { user: reader.string()? },
            b"users-groups-by-id@openssh.com" => {
                Extended::UsersGroups { uids: numbers(reader.string()?)?, gids: numbers(reader.string()?)? }
            }
            b"check-file-handle" => {
                Extended::CheckFileHandle { handle: reader.handle()?, check: Check::read(reader)? }
            }
            b"check-file-name" => {
                Extended::CheckFileName { path: reader.string()?, check: Check::read(reader)? }
            }
            b"space-available" => Extended::SpaceAvailable { path: reader.string()? },
            b"vendor-id" => Extended::VendorId(VendorId {
                vendor: reader.string()?,
                product: reader.string()?,
                version: reader.string()?,
                build: reader.u64()?,
            }),
            name => Extended::Other { name, data: core::mem::take(&mut reader.0) },
        })
    }

    pub(crate) fn name(&self) -> &[u8] {
        match self {
            Extended::PosixRename { .. } => b"posix-rename@openssh.com",
            Extended::Statvfs { .. } => b"statvfs@openssh.com",
            Extended::Fstatvfs { .. } => b"fstatvfs@openssh.com",
            Extended::Hardlink { .. } => b"hardlink@openssh.com",
            Extended::Fsync { .. } => b"fsync@openssh.com",
            Extended::Lsetstat { .. } => b"lsetstat@openssh.com",
            Extended::Limits => b"limits@openssh.com",
            Extended::ExpandPath { .. } => b"expand-path@openssh.com",
            Extended::CopyData { .. } => b"copy-data",
            Extended::HomeDirectory { .. } => b"home-directory",
            Extended::UsersGroups { .. } => b"users-groups-by-id@openssh.com",
            Extended::CheckFileHandle { .. } => b"check-file-handle",
            Extended::CheckFileName { .. } => b"check-file-name",
            Extended::SpaceAvailable { .. } => b"space-available",
            Extended::VendorId(_) => b"vendor-id",
            Extended::Other { name, .. } => name,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_string(self.name());
        match self {
            Extended::PosixRename { from, to } | Extended::Hardlink { from, to } => {
                out.put_string(from);
                out.put_string(to);
            }
            Extended::Statvfs { path: one }
            | Extended::Fstatvfs { handle: one }
            | Extended::Fsync { handle: one }
            | Extended::ExpandPath { path: one }
            | Extended::HomeDirectory { user: one }
            | Extended::SpaceAvailable { path: one } => out.put_string(one),
            Extended::Lsetstat { path, attrs } => {
                out.put_string(path);
                attrs.write(out);
            }
            Extended::Limits => {}
            Extended::CopyData { from, offset, len, to, at } => {
                out.put_string(from);
                out.put_u64(*offset);
                out.put_u64(*len);
                out.put_string(to);
                out.put_u64(*at);
            }
            Extended::UsersGroups { uids, gids } => {
                for numbers in [uids, gids] {
                    let octets: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
                    out.put_string(&octets);
                }
            }
            Extended::CheckFileHandle { handle: one, check }
            | Extended::CheckFileName { path: one, check } => {
                out.put_string(one);
                check.write(out);
            }
            Extended::VendorId(vendor) => vendor.write(out),
            Extended::Other { data, .. } => out.extend_from_slice(data),
        }
    }
}

/// Numbers one behind the other.
fn numbers(octets: &[u8]) -> Result<Vec<u32>, Malformed> {
    let (numbers, rest) = octets.as_chunks::<4>();
    if rest.is_empty() {
        Ok(numbers.iter().map(|n| u32::from_be_bytes(*n)).collect())
    } else {
        Err(Malformed::Short)
    }
}
