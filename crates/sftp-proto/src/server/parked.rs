//! Requests that wait: small, whatever was asked.

use super::question::Packet;
use super::run::Run;
use crate::status::Status;
use alloc::boxed::Box;

/// One that waits to be done. Names and the octets of a WRITE are the only ones on the heap.
#[derive(Debug)]
pub(super) enum Parked {
    Read {
        id: u32,
        file: u32,
        offset: u64,
        len: u32,
    },
    Write(Box<Run>),
    List {
        id: u32,
        file: u32,
    },
    Close {
        id: u32,
        file: u32,
    },
    Other {
        id: u32,
        file: Option<u32>,
        packet: Packet,
    },
    /// It has two files: one that is read and one that is written.
    Copy(Box<Copy>),
    /// What is answered by ourselves.
    Said {
        id: u32,
        status: Status,
        text: &'static str,
    },
    /// `limits@openssh.com`.
    Limits {
        id: u32,
    },
}

#[derive(Debug)]
pub(super) struct Copy {
    pub(super) id: u32,
    pub(super) from: u32,
    pub(super) into: u32,
    pub(super) packet: Packet,
}

impl Parked {
    /// The file that it is about.
    pub(super) fn file(&self) -> Option<u32> {
        match self {
            Parked::Read { file, .. } | Parked::List { file, .. } | Parked::Close { file, .. } => Some(*file),
            Parked::Write(run) => Some(run.file),
            Parked::Other { file, .. } => *file,
            Parked::Copy(copy) => Some(copy.into),
            Parked::Said { .. } | Parked::Limits { .. } => None,
        }
    }

    /// Whether its answer may be long: it waits while the peer takes none.
    pub(super) fn is_bulky(&self) -> bool {
        use crate::extension::Extended as X;
        use crate::request::Ask as A;
        match self {
            Parked::Read { .. } | Parked::List { .. } => true,
            Parked::Write(_)
            | Parked::Close { .. }
            | Parked::Copy(_)
            | Parked::Said { .. }
            | Parked::Limits { .. } => false,
            Parked::Other { packet, .. } => match packet.ask() {
                A::Realpath { .. } | A::Readlink { .. } => true,
                A::Extended(extended) => match extended {
                    X::ExpandPath { .. }
                    | X::HomeDirectory { .. }
                    | X::UsersGroups { .. }
                    | X::CheckFileHandle { .. }
                    | X::CheckFileName { .. } => true,
                    X::PosixRename { .. }
                    | X::Statvfs { .. }
                    | X::Fstatvfs { .. }
                    | X::Hardlink { .. }
                    | X::Fsync { .. }
                    | X::Lsetstat { .. }
                    | X::Limits
                    | X::CopyData { .. }
                    | X::SpaceAvailable { .. }
                    | X::VendorId(_)
                    | X::Other { .. } => false,
                },
                A::Open { .. }
                | A::Close { .. }
                | A::Read { .. }
                | A::Write { .. }
                | A::Lstat { .. }
                | A::Fstat { .. }
                | A::Setstat { .. }
                | A::Fsetstat { .. }
                | A::Opendir { .. }
                | A::Readdir { .. }
                | A::Remove { .. }
                | A::Mkdir { .. }
                | A::Rmdir { .. }
                | A::Stat { .. }
                | A::Rename { .. }
                | A::Symlink { .. } => false,
            },
        }
    }

    /// Requests that it is, and octets that it holds.
    pub(super) fn weight(&self) -> (usize, usize) {
        match self {
            Parked::Write(run) => (run.ids.len(), run.octets.len()),
            Parked::Other { packet, .. } => (1, packet.0.len()),
            Parked::Copy(copy) => (1, copy.packet.0.len()),
            Parked::Read { .. }
            | Parked::List { .. }
            | Parked::Close { .. }
            | Parked::Said { .. }
            | Parked::Limits { .. } => (1, 0),
        }
    }
}
