//! Names of a directory, packed as they go out.

use crate::attrs::Attrs;
use crate::wire::Put;
use alloc::vec::Vec;

/// What a NAME carries (draft §7). Grows with what is pushed; whoever pushes looks at [`Names::octets`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Names {
    count: u32,
    octets: Vec<u8>,
}

impl Names {
    /// One name: what REALPATH and READLINK answer.
    pub fn one(name: &[u8]) -> Names {
        let mut names = Names::default();
        names.push(name, name, &Attrs::default());
        names
    }

    /// Adds a name, the line that people are shown for it, and its facts.
    pub fn push(&mut self, name: &[u8], long: &[u8], attrs: &Attrs<'_>) {
        self.count += 1;
        self.octets.put_string(name);
        self.octets.put_string(long);
        attrs.write(&mut self.octets);
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many octets they take.
    pub fn octets(&self) -> usize {
        self.octets.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_u32(self.count);
        out.extend_from_slice(&self.octets);
    }
}
