//! Numbers and strings as RFC 4251 §5 has them.

use alloc::vec::Vec;
use core::fmt;

/// Why a packet is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// It ends within a field.
    Short,
    /// A type that this direction does not have.
    Type(u8),
    /// A handle longer than [`LONGEST_HANDLE`](crate::LONGEST_HANDLE).
    Handle(usize),
    /// Flags of attributes that version 3 does not have: what follows cannot be read.
    Flags(u32),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Short => f.write_str("the packet ends within a field"),
            Malformed::Type(number) => write!(f, "there is no packet of type {number}"),
            Malformed::Handle(len) => write!(f, "a handle of {len} octets, where 256 are the most"),
            Malformed::Flags(flags) => write!(f, "attributes with the flags {flags:#010x}"),
        }
    }
}

impl core::error::Error for Malformed {}

/// A name and a value, or a name and data.
pub(crate) type Pair<'a> = (&'a [u8], &'a [u8]);

/// Takes fields off the front of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn octets(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (octets, rest) = self.0.split_at_checked(len).ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(octets)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.octets(1)?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        let octets = self.octets(4)?.try_into().expect("four octets were taken");
        Ok(u32::from_be_bytes(octets))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        let octets = self.octets(8)?.try_into().expect("eight octets were taken");
        Ok(u64::from_be_bytes(octets))
    }

    pub(crate) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()?;
        self.octets(usize::try_from(len).map_err(|_| Malformed::Short)?)
    }

    pub(crate) fn handle(&mut self) -> Result<&'a [u8], Malformed> {
        let handle = self.string()?;
        if handle.len() > crate::LONGEST_HANDLE { Err(Malformed::Handle(handle.len())) } else { Ok(handle) }
    }

    /// Pairs of strings up to the end.
    pub(crate) fn pairs(&mut self) -> Result<Vec<Pair<'a>>, Malformed> {
        let mut pairs = Vec::new();
        while !self.0.is_empty() {
            pairs.push((self.string()?, self.string()?));
        }
        Ok(pairs)
    }
}

/// Puts fields behind each other.
pub(crate) trait Put {
    fn put_u32(&mut self, number: u32);
    fn put_u64(&mut self, number: u64);
    /// # Panics
    /// Of 4 GiB and more.
    fn put_string(&mut self, octets: &[u8]);
}

impl Put for Vec<u8> {
    fn put_u32(&mut self, number: u32) {
        self.extend_from_slice(&number.to_be_bytes());
    }

    fn put_u64(&mut self, number: u64) {
        self.extend_from_slice(&number.to_be_bytes());
    }

    fn put_string(&mut self, octets: &[u8]) {
        self.put_u32(u32::try_from(octets.len()).expect("nothing here is 4 GiB long"));
        self.extend_from_slice(octets);
    }
}

/// Puts a packet behind what is in `out`: its length, its type, and what `fields` puts.
pub(crate) fn packet(out: &mut Vec<u8>, number: u8, fields: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.put_u32(0);
    out.push(number);
    fields(out);
    let len = u32::try_from(out.len() - start - 4).expect("nothing here is 4 GiB long");
    out[start..start + 4].copy_from_slice(&len.to_be_bytes());
}
