use super::*;
use bytes::Bytes;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use store::Identity;

fn pair() -> (TcpStream, TcpStream) {
    let l = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let a = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    let (b, _) = l.accept().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    (a, b)
}

fn content(len: usize) -> Vec<u8> {
    let mut x = 0x9e37_79b9_7f4a_7c15u64;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .collect()
}

/// A file without a name.
fn file() -> File {
    let path = std::env::temp_dir();
    let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    rustix::fs::open(path, flags, rustix::fs::Mode::from_raw_mode(0o600)).unwrap().into()
}

fn blob(octets: &[u8]) -> Blob {
    let f = file();
    f.write_all_at(octets, 0).unwrap();
    let identity = Identity { dev: 0, ino: 0, len: octets.len() as u64, modified: 0, changed: 0 };
    Blob::File { file: Arc::new(f), len: octets.len() as u64, identity }
}

struct Memory(Vec<u8>);

impl Sink for Memory {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        self.0.resize(self.0.len().max(from + octets.len()), 0);
        self.0[from..from + octets.len()].copy_from_slice(octets);
        Ok(())
    }
}

struct Disk(File);

impl Sink for Disk {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.0.write_all_at(octets, offset)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// Moves everything, turn by turn.
fn carry(mut out: Outgoing, mut into: Incoming, sink: &mut dyn Sink) -> (Outgoing, Incoming) {
    let (a, b) = pair();
    let mut sending = true;
    loop {
        if sending && out.bite(a.as_fd()).unwrap() == Bite::Over {
            sending = false;
            a.shutdown(std::net::Shutdown::Write).unwrap();
        }
        if into.bite(b.as_fd(), sink).unwrap() == Bite::Over {
            return (out, into);
        }
    }
}

#[test]
fn every_way_carries_the_same_octets() {
    for len in [0, 1, 65_537, 3_000_000] {
        let octets = content(len);
        for from in [0, len / 3] {
            for blob in [blob(&octets), Blob::Memory(Bytes::from(octets.clone()))] {
                let mut memory = Memory(Vec::new());
                let (out, into) = carry(
                    Outgoing::new(blob.clone(), from as u64, None),
                    Incoming::new(0, None),
                    &mut memory,
                );
                assert_eq!(memory.0, octets[from..]);
                assert_eq!((out.wire(), into.wire()), ((len - from) as u64, (len - from) as u64));

                let mut disk = Disk(file());
                let (_, into) =
                    carry(Outgoing::new(blob, from as u64, None), Incoming::new(5, None), &mut disk);
                assert_eq!(into.position(), 5 + (len - from) as u64);
                let mut back = vec![0; len - from];
                disk.0.read_exact_at(&mut back, 5).unwrap();
                assert_eq!(back, octets[from..]);
                if len - from > 2 * BUFFER {
                    assert!(into.is_spliced(), "a long upload goes through the pipe");
                }
            }
        }
    }
}

struct Double;

impl Convert for Double {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        out.extend(octets.iter().flat_map(|&b| [b, b]));
        Ok(octets.len())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        out.push(b'!');
        Ok(())
    }
}

#[test]
fn a_conversion_is_applied_and_finished_once() {
    let mut memory = Memory(Vec::new());
    let out = Outgoing::new(Blob::Memory(Bytes::from_static(b"ab")), 0, Some(Box::new(Double)));
    carry(out, Incoming::new(0, None), &mut memory);
    assert_eq!(memory.0, b"aabb!");
    let mut memory = Memory(Vec::new());
    let out = Outgoing::new(Blob::Memory(Bytes::new()), 0, Some(Box::new(Double)));
    carry(out, Incoming::new(0, None), &mut memory);
    assert_eq!(memory.0, b"!", "of an empty file too");
    let mut memory = Memory(Vec::new());
    let out = Outgoing::new(Blob::Memory(Bytes::from_static(b"ab")), 0, None);
    let (_, into) = carry(out, Incoming::new(0, Some(Box::new(Double))), &mut memory);
    assert_eq!((memory.0.as_slice(), into.wire(), into.position()), (&b"aabb!"[..], 2, 5));
}

#[test]
fn a_file_that_became_shorter_is_our_fault_not_an_end() {
    let b = blob(&content(1_000));
    let Blob::File { file, .. } = &b else { unreachable!() };
    file.set_len(10).unwrap();
    let (a, _b) = pair();
    let mut out = Outgoing::new(b, 0, None);
    assert_eq!(out.bite(a.as_fd()).unwrap(), Bite::Moved(10));
    assert!(matches!(out.bite(a.as_fd()), Err(PumpError::File(_))));
}

/// Makes four octets of one, one at a time; a full stop is the end.
#[derive(Default)]
struct Slowly {
    waits: Vec<u8>,
    over: bool,
}

impl Convert for Slowly {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        if let Some(octet) = self.waits.pop() {
            out.push(octet);
            return Ok(0);
        }
        match octets {
            [] => Ok(0),
            [b'.'] => {
                self.over = true;
                Ok(1)
            }
            [b'.', ..] => Err(io::Error::new(io::ErrorKind::InvalidData, "behind the end")),
            [octet, ..] => {
                self.waits = vec![*octet; 4];
                Ok(1)
            }
        }
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> io::Result<()> {
        if self.over { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

#[test]
fn what_tells_its_own_end_needs_no_fin_and_without_it_a_fin_is_no_end() {
    let (a, b) = pair();
    let mut memory = Memory(Vec::new());
    let mut into = Incoming::new(0, Some(Box::new(Slowly::default())));
    rustix::io::write(&a, b"xy.").unwrap();
    assert_eq!(into.bite(b.as_fd(), &mut memory).unwrap(), Bite::Moved(3));
    assert!(into.has_ended());
    assert_eq!(into.bite(b.as_fd(), &mut memory).unwrap(), Bite::Over);
    assert_eq!(memory.0, b"xxxxyyyy");

    for wire in [&b"xy"[..], b"xy.z"] {
        let (a, b) = pair();
        let mut into = Incoming::new(0, Some(Box::new(Slowly::default())));
        rustix::io::write(&a, wire).unwrap();
        drop(a);
        let mut bites = (0..3).map(|_| into.bite(b.as_fd(), &mut memory));
        assert!(bites.any(|bite| matches!(bite, Err(PumpError::Content(_)))), "{}", wire.escape_ascii());
    }
}
