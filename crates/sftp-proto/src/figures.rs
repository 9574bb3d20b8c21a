//! What extensions answer with, in an EXTENDED_REPLY.

use crate::wire::{Malformed, Put, Reader};
use alloc::vec::Vec;

/// Numbers of eight octets in their order, each a field.
macro_rules! numbers {
    ($(#[doc = $about:literal])* $name:ident { $( $(#[doc = $doc:literal])* $field:ident, )* }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct $name { $( $(#[doc = $doc])* pub $field: u64, )* }

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// It ends within a field.
            pub fn parse(data: &[u8]) -> Result<$name, Malformed> {
                let mut reader = Reader(data);
                Ok($name { $( $field: reader.u64()?, )* })
            }

            /// Its octets.
            pub fn octets(&self) -> Vec<u8> {
                let mut out = Vec::new();
                $( out.put_u64(self.$field); )*
                out
            }
        }
    };
}

numbers! {
    /// Of `statvfs@openssh.com` and `fstatvfs@openssh.com` (PROTOCOL §4.4).
    FileSystem {
        /// Octets of a block.
        block,
        /// Octets of a fragment, in which the following are counted.
        fragment,
        /// All of it.
        blocks,
        /// Free.
        free,
        /// Free for who is not root.
        available,
        /// Files in all.
        files,
        /// Free ones.
        files_free,
        /// Free ones for who is not root.
        files_available,
        /// A number of its own.
        id,
        /// 1: read-only; 2: without set-user-ID.
        flags,
        /// The longest name.
        longest_name,
    }
}

numbers! {
    /// Of `limits@openssh.com` (PROTOCOL §4.8); 0: not told.
    Limits {
        /// The longest packet.
        packet,
        /// The most that a READ is answered with.
        read,
        /// The most that a WRITE may carry.
        write,
        /// Open handles.
        handles,
    }
}

/// Of `space-available` (filexfer-extensions-00 §4).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Space {
    /// All of it, octets.
    pub total: u64,
    /// Free.
    pub free: u64,
    /// What this user may have in all.
    pub users_total: u64,
    /// What is left of that.
    pub users_free: u64,
    /// Octets that are given out at once.
    pub unit: u32,
}

impl Space {
    /// Reads it.
    ///
    /// # Errors
    /// It ends within a field.
    pub fn parse(data: &[u8]) -> Result<Space, Malformed> {
        let mut reader = Reader(data);
        Ok(Space {
            total: reader.u64()?,
            free: reader.u64()?,
            users_total: reader.u64()?,
            users_free: reader.u64()?,
            unit: reader.u32()?,
        })
    }

    /// Its octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [self.total, self.free, self.users_total, self.users_free] {
            out.put_u64(number);
        }
        out.put_u32(self.unit);
        out
    }
}

/// Of `users-groups-by-id@openssh.com` (PROTOCOL §4.12): names in the order of the numbers; empty: not known.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Named<'a> {
    /// Users.
    pub users: Vec<&'a [u8]>,
    /// Groups.
    pub groups: Vec<&'a [u8]>,
}

impl<'a> Named<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// It ends within a field.
    pub fn parse(data: &'a [u8]) -> Result<Named<'a>, Malformed> {
        let mut reader = Reader(data);
        let mut list = || -> Result<Vec<&'a [u8]>, Malformed> {
            let (mut names, mut list) = (Vec::new(), Reader(reader.string()?));
            while !list.0.is_empty() {
                names.push(list.string()?);
            }
            Ok(names)
        };
        Ok(Named { users: list()?, groups: list()? })
    }

    /// Its octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for names in [&self.users, &self.groups] {
            let mut list = Vec::new();
            names.iter().for_each(|name| list.put_string(name));
            out.put_string(&list);
        }
        out
    }
}

/// Of `check-file-handle` and `check-file-name` (filexfer-extensions-00 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checked<'a> {
    /// The algorithm that was taken.
    pub algorithm: &'a [u8],
    /// The digests, one behind the other.
    pub digests: &'a [u8],
}

impl<'a> Checked<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// It ends within a field.
    pub fn parse(data: &'a [u8]) -> Result<Checked<'a>, Malformed> {
        let mut reader = Reader(data);
        Ok(Checked { algorithm: reader.string()?, digests: reader.0 })
    }

    /// Its octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_string(self.algorithm);
        out.extend_from_slice(self.digests);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn fields_stand_in_the_order_of_their_documents() {
        let limits = Limits { packet: 0x4_0000, read: 0x3_fc00, write: 0x3_fc00, handles: 1_000 };
        let octets: Vec<u8> =
            [0x4_0000u64, 0x3_fc00, 0x3_fc00, 1_000].into_iter().flat_map(u64::to_be_bytes).collect();
        assert_eq!((limits.octets(), Limits::parse(&octets)), (octets.clone(), Ok(limits)));
        assert_eq!(Limits::parse(&octets[..31]), Err(Malformed::Short));
        let eleven: Vec<u8> = (1..=11u64).flat_map(u64::to_be_bytes).collect();
        let system = FileSystem::parse(&eleven).unwrap();
        assert_eq!((system.block, system.available, system.flags, system.longest_name), (1, 5, 10, 11));
        assert_eq!(system.octets(), eleven);
        let space = Space { total: 1, free: 2, users_total: 3, users_free: 4, unit: 5 };
        assert_eq!(space.octets().len(), 36);
        assert_eq!(Space::parse(&space.octets()), Ok(space));
    }

    #[test]
    fn names_and_digests_are_octets() {
        let named = Named { users: vec![b"root", b"", b"z\xfc"], groups: vec![] };
        let octets =
            [&[0, 0, 0, 18, 0, 0, 0, 4][..], b"root", &[0, 0, 0, 0, 0, 0, 0, 2], b"z\xfc", &[0, 0, 0, 0]]
                .concat();
        assert_eq!((named.octets(), Named::parse(&octets)), (octets.clone(), Ok(named)));
        assert_eq!(Named::parse(&[0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]), Err(Malformed::Short));
        let checked = Checked { algorithm: b"md5", digests: &[7; 16] };
        assert_eq!(Checked::parse(&checked.octets()), Ok(checked));
    }
}
