//! Facts of a file (draft §5).

use crate::wire::{Malformed, Put, Reader};
use alloc::vec::Vec;

const SIZE: u32 = 1;
const UIDGID: u32 = 2;
const PERMISSIONS: u32 = 4;
const ACMODTIME: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;
const KNOWN: u32 = SIZE | UIDGID | PERMISSIONS | ACMODTIME | EXTENDED;

/// Whose a file is, by numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// Times, seconds since 1970 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// Read last.
    pub accessed: u32,
    /// Changed last.
    pub modified: u32,
}

/// What is told of a file, or to be set; what is not there is not told.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Attrs<'a> {
    /// Octets.
    pub size: Option<u64>,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Mode, with the file's kind as in `st_mode`.
    pub mode: Option<u32>,
    /// Times.
    pub times: Option<Times>,
    /// What else was sent: names and values.
    pub extended: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Attrs<'a> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Attrs::default()
    }

    /// The same without what else was sent, to be kept.
    pub fn kept(&self) -> Attrs<'static> {
        let Attrs { size, owner, mode, times, extended: _ } = *self;
        Attrs { size, owner, mode, times, extended: Vec::new() }
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Attrs<'a>, Malformed> {
        let flags = reader.u32()?;
        if flags & !KNOWN != 0 {
            return Err(Malformed::Flags(flags));
        }
        let mut attrs = Attrs::default();
        if flags & SIZE != 0 {
            attrs.size = Some(reader.u64()?);
        }
        if flags & UIDGID != 0 {
            attrs.owner = Some(Owner { uid: reader.u32()?, gid: reader.u32()? });
        }
        if flags & PERMISSIONS != 0 {
            attrs.mode = Some(reader.u32()?);
        }
        if flags & ACMODTIME != 0 {
            attrs.times = Some(Times { accessed: reader.u32()?, modified: reader.u32()? });
        }
        if flags & EXTENDED != 0 {
            // Each takes 8 octets of the packet at least: its length bounds them.
            for _ in 0..reader.u32()? {
                attrs.extended.push((reader.string()?, reader.string()?));
            }
        }
        Ok(attrs)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let flag = |there: bool, flag: u32| if there { flag } else { 0 };
        out.put_u32(
            flag(self.size.is_some(), SIZE)
                | flag(self.owner.is_some(), UIDGID)
                | flag(self.mode.is_some(), PERMISSIONS)
                | flag(self.times.is_some(), ACMODTIME)
                | flag(!self.extended.is_empty(), EXTENDED),
        );
        if let Some(size) = self.size {
            out.put_u64(size);
        }
        if let Some(Owner { uid, gid }) = self.owner {
            out.put_u32(uid);
            out.put_u32(gid);
        }
        if let Some(mode) = self.mode {
            out.put_u32(mode);
        }
        if let Some(Times { accessed, modified }) = self.times {
            out.put_u32(accessed);
            out.put_u32(modified);
        }
        if !self.extended.is_empty() {
            out.put_u32(u32::try_from(self.extended.len()).expect("no more than a packet holds"));
            for (name, value) in &self.extended {
                out.put_string(name);
                out.put_string(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn round(attrs: &Attrs<'_>, octets: &[u8]) {
        let mut out = Vec::new();
        attrs.write(&mut out);
        assert_eq!(out, octets);
        let mut reader = Reader(octets);
        assert_eq!(Attrs::read(&mut reader).as_ref(), Ok(attrs));
        assert!(reader.0.is_empty());
        for cut in 0..octets.len() {
            assert_eq!(Attrs::read(&mut Reader(&octets[..cut])), Err(Malformed::Short), "cut at {cut}");
        }
    }

    #[test]
    fn each_field_is_there_by_its_flag_in_the_drafts_order() {
        round(&Attrs::default(), &[0, 0, 0, 0]);
        round(&Attrs { size: Some(258), ..Attrs::default() }, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2]);
        let owner = Some(Owner { uid: 1_000, gid: 5 });
        round(&Attrs { owner, ..Attrs::default() }, &[0, 0, 0, 2, 0, 0, 3, 232, 0, 0, 0, 5]);
        round(&Attrs { mode: Some(0o100_644), ..Attrs::default() }, &[0, 0, 0, 4, 0, 0, 0x81, 0xa4]);
        let times = Some(Times { accessed: 1, modified: u32::MAX });
        round(&Attrs { times, ..Attrs::default() }, &[0, 0, 0, 8, 0, 0, 0, 1, 255, 255, 255, 255]);
        let extended = vec![(&b"a@b"[..], &b"\xff"[..])];
        let octets = [0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, b'a', b'@', b'b', 0, 0, 0, 1, 0xff];
        round(&Attrs { extended, ..Attrs::default() }, &octets);
    }

    #[test]
    fn flags_of_other_versions_are_refused_and_a_count_is_no_reason_for_memory() {
        assert_eq!(Attrs::read(&mut Reader(&[0, 0, 0, 0x10, 0, 0])), Err(Malformed::Flags(0x10)));
        let many = [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Attrs::read(&mut Reader(&many)), Err(Malformed::Short));
    }
}
