//! What a server sends (draft §4 and §7).

use crate::attrs::Attrs;
use crate::status::Status;
use crate::wire::{Malformed, Put, Reader, packet};
use alloc::vec::Vec;

const VERSION: u8 = 2;
const DATA: u8 = 103;

/// A packet of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply<'a> {
    /// The first one, to INIT.
    Version {
        /// The version that is spoken.
        version: u32,
        /// Names and data of extensions.
        extensions: Vec<(&'a [u8], &'a [u8])>,
    },
    /// Every other one.
    Answered {
        /// Of the request.
        id: u32,
        /// The answer.
        answer: Answer<'a>,
    },
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<'a> {
    /// How it ended.
    Status {
        /// The code.
        status: Status,
        /// For people.
        message: &'a [u8],
        /// Of the message, RFC 1766.
        language: &'a [u8],
    },
    /// An open file or directory.
    Handle(&'a [u8]),
    /// Octets of a file.
    Data(&'a [u8]),
    /// Names.
    Name(Vec<Entry<'a>>),
    /// Facts.
    Attrs(Attrs<'a>),
    /// What an extension answers: see [`figures`](crate::FileSystem).
    Extended(&'a [u8]),
}

/// A name in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Its octets.
    pub name: &'a [u8],
    /// As `ls -l` shows it; for people.
    pub long_name: &'a [u8],
    /// Its facts.
    pub attrs: Attrs<'a>,
}

impl<'a> Reply<'a> {
    /// Reads a packet without its length. What stands behind its fields is left out. A STATUS without its texts, as
    /// some old servers send it, has empty ones.
    ///
    /// # Errors
    /// See [`Malformed`].
    pub fn parse(packet: &'a [u8]) -> Result<Reply<'a>, Malformed> {
        let mut reader = Reader(packet);
        let number = reader.u8()?;
        let id = reader.u32()?;
        let answer = match number {
            VERSION => return Ok(Reply::Version { version: id, extensions: reader.pairs()? }),
            101 => {
                let status = Status::from_code(reader.u32()?);
                let (message, language) = match reader.0 {
                    [] => (&[][..], &[][..]),
                    _texts => (reader.string()?, reader.string()?),
                };
                Answer::Status { status, message, language }
            }
            102 => Answer::Handle(reader.handle()?),
            DATA => Answer::Data(reader.string()?),
            104 => {
                let mut entries = Vec::new();
                // Each takes 12 octets of the packet at least: its length bounds them.
                for _ in 0..reader.u32()? {
                    entries.push(Entry {
                        name: reader.string()?,
                        long_name: reader.string()?,
                        attrs: Attrs::read(&mut reader)?,
                    });
                }
                Answer::Name(entries)
            }
            105 => Answer::Attrs(Attrs::read(&mut reader)?),
            201 => Answer::Extended(reader.0),
            other => return Err(Malformed::Type(other)),
        };
        Ok(Reply::Answered { id, answer })
    }

    /// Puts the packet, with its length, behind what is in `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Reply::Version { version, extensions } => packet(out, VERSION, |out| {
                out.put_u32(*version);
                for (name, data) in extensions {
                    out.put_string(name);
                    out.put_string(data);
                }
            }),
            Reply::Answered { id, answer } => packet(out, answer.number(), |out| {
                out.put_u32(*id);
                answer.write(out);
            }),
        }
    }
}

/// What stands before the octets of a DATA of `len` octets: they go out straight behind it.
///
/// # Panics
/// Of data that no packet holds.
pub fn data_head(id: u32, len: u32) -> [u8; 13] {
    let all = len.checked_add(9).expect("no packet is that long");
    let mut head = [0; 13];
    head[..4].copy_from_slice(&all.to_be_bytes());
    head[4] = DATA;
    head[5..9].copy_from_slice(&id.to_be_bytes());
    head[9..].copy_from_slice(&len.to_be_bytes());
    head
}

impl Answer<'_> {
    /// The packet's type.
    fn number(&self) -> u8 {
        match self {
            Answer::Status { .. } => 101,
            Answer::Handle(_) => 102,
            Answer::Data(_) => DATA,
            Answer::Name(_) => 104,
            Answer::Attrs(_) => 105,
            Answer::Extended(_) => 201,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Answer::Status { status, message, language } => {
                out.put_u32(status.code());
                out.put_string(message);
                out.put_string(language);
            }
            Answer::Handle(octets) | Answer::Data(octets) => out.put_string(octets),
            Answer::Name(entries) => {
                out.put_u32(u32::try_from(entries.len()).expect("no more than a packet holds"));
                for Entry { name, long_name, attrs } in entries {
                    out.put_string(name);
                    out.put_string(long_name);
                    attrs.write(out);
                }
            }
            Answer::Attrs(attrs) => attrs.write(out),
            Answer::Extended(data) => out.extend_from_slice(data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::Owner;
    use alloc::vec;

    fn vector(reply: &Reply<'_>, wanted: &[&[u8]]) {
        let (mut out, wanted) = (Vec::new(), wanted.concat());
        reply.write(&mut out);
        assert_eq!(out, wanted, "{reply:?}");
        assert_eq!(Reply::parse(&wanted[4..]).as_ref(), Ok(reply));
    }

    fn answered(answer: Answer<'_>) -> Reply<'_> {
        Reply::Answered { id: 7, answer }
    }

    #[test]
    fn each_answer_is_written_and_read() {
        let extensions = vec![(&b"limits@openssh.com"[..], &b"1"[..])];
        vector(
            &Reply::Version { version: 3, extensions },
            &[&[0, 0, 0, 32, 2, 0, 0, 0, 3, 0, 0, 0, 18], b"limits@openssh.com", &[0, 0, 0, 1], b"1"],
        );
        vector(
            &answered(Answer::Status { status: Status::NoSuchFile, message: b"no", language: b"en" }),
            &[&[0, 0, 0, 21, 101, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 2], b"no", &[0, 0, 0, 2], b"en"],
        );
        vector(&answered(Answer::Handle(b"h")), &[&[0, 0, 0, 10, 102, 0, 0, 0, 7, 0, 0, 0, 1], b"h"]);
        vector(&answered(Answer::Data(b"abc")), &[&[0, 0, 0, 12, 103, 0, 0, 0, 7, 0, 0, 0, 3], b"abc"]);
        let attrs = Attrs { owner: Some(Owner { uid: 1, gid: 2 }), ..Attrs::default() };
        let two = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        vector(&answered(Answer::Attrs(attrs.clone())), &[&[0, 0, 0, 17, 105, 0, 0, 0, 7], &two]);
        let names = vec![
            Entry { name: b"a\xff", long_name: b"-", attrs },
            Entry { name: b".", long_name: b"", attrs: Attrs::default() },
        ];
        vector(
            &answered(Answer::Name(names)),
            &[
                &[0, 0, 0, 45, 104, 0, 0, 0, 7, 0, 0, 0, 2],
                &[0, 0, 0, 2],
                b"a\xff",
                &[0, 0, 0, 1],
                b"-",
                &two,
                &[0, 0, 0, 1],
                b".",
                &[0, 0, 0, 0, 0, 0, 0, 0],
            ],
        );
        vector(&answered(Answer::Extended(&[9])), &[&[0, 0, 0, 6, 201, 0, 0, 0, 7, 9]]);
    }

    #[test]
    fn what_no_server_sends_and_what_is_cut_is_none() {
        for number in [0, 1, 3, 200, 255] {
            assert_eq!(Reply::parse(&[number, 0, 0, 0, 7]), Err(Malformed::Type(number)));
        }
        let many = [104, 0, 0, 0, 7, 255, 255, 255, 255];
        assert_eq!(Reply::parse(&many), Err(Malformed::Short), "a count is no reason for memory");
        for cut in 0..5 {
            assert_eq!(Reply::parse(&[103, 0, 0, 0, 7][..cut]), Err(Malformed::Short));
        }
        let bare = [101, 0, 0, 0, 7, 0, 0, 0, 1];
        let eof = Answer::Status { status: Status::Eof, message: b"", language: b"" };
        assert_eq!(Reply::parse(&bare), Ok(answered(eof)), "as old servers send it");
    }

    #[test]
    fn the_head_of_data_and_its_octets_are_the_packet() {
        let mut whole = Vec::new();
        answered(Answer::Data(b"abc")).write(&mut whole);
        assert_eq!([&data_head(7, 3)[..], b"abc"].concat(), whole);
    }
}
