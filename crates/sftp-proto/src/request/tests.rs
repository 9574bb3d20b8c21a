use super::*;
use crate::extension::{Check, VendorId};
use alloc::string::String;
use alloc::vec;

/// The octets of `hex`; a word in quotes stands for itself.
fn octets(hex: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for word in hex.split_whitespace() {
        match word.strip_prefix('\'') {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.push(u8::from_str_radix(word, 16).unwrap()),
        }
    }
    out
}

/// What is written is this, and is read back as it was; cut anywhere it is none.
fn vector(request: &Request<'_>, hex: &str) {
    let (mut out, wanted) = (Vec::new(), octets(hex));
    request.write(&mut out);
    assert_eq!(out, wanted, "{request:?}");
    let packet = &wanted[4..];
    assert_eq!(usize::try_from(u32::from_be_bytes(wanted[..4].try_into().unwrap())), Ok(packet.len()));
    assert_eq!(Request::parse(packet).as_ref(), Ok(request));
    let may_end = |cut: usize| {
        // Pairs of extensions end anywhere between two; what an unknown extension holds, anywhere.
        matches!(request, Request::Init { .. } if cut >= 5)
            || matches!(request, Request::Asked { ask: Ask::Extended(Extended::Other { .. }), .. })
    };
    for cut in (0..packet.len()).filter(|cut| !may_end(*cut)) {
        let id = (cut >= 5).then_some(7);
        let bad = Request::parse(&packet[..cut]).unwrap_err();
        assert_eq!(
            bad,
            BadRequest { id: id.filter(|_| packet[0] != INIT), why: Malformed::Short },
            "cut at {cut}"
        );
    }
    // What stands behind is left out.
    if matches!(request, Request::Asked { .. }) && !may_end(0) {
        assert_eq!(Request::parse(&[packet, b"more"].concat()).as_ref(), Ok(request));
    }
}

fn asked(ask: Ask<'_>) -> Request<'_> {
    Request::Asked { id: 7, ask }
}

const NONE: Attrs<'static> = Attrs { size: None, owner: None, mode: None, times: None, extended: Vec::new() };

#[test]
fn each_packet_of_version_3_is_written_and_read() {
    let attrs = || Attrs { mode: Some(0o755), ..NONE };
    let (path, handle) = (&b"/a"[..], &b"h"[..]);
    vector(&Request::Init { version: 3, extensions: vec![] }, "00 00 00 05 01 00 00 00 03");
    let extensions = vec![(&b"x"[..], &b"1"[..])];
    vector(
        &Request::Init { version: 6, extensions },
        "00 00 00 0f 01 00 00 00 06 00 00 00 01 'x 00 00 00 01 '1",
    );
    let flags = OpenFlags::WRITE.and(OpenFlags::CREATE).and(OpenFlags::TRUNCATE);
    vector(
        &asked(Ask::Open { path, flags, attrs: attrs() }),
        "00 00 00 17 03 00 00 00 07 00 00 00 02 '/a 00 00 00 1a 00 00 00 04 00 00 01 ed",
    );
    vector(&asked(Ask::Close { handle }), "00 00 00 0a 04 00 00 00 07 00 00 00 01 'h");
    vector(
        &asked(Ask::Read { handle, offset: 1 << 32, len: 32_768 }),
        "00 00 00 16 05 00 00 00 07 00 00 00 01 'h 00 00 00 01 00 00 00 00 00 00 80 00",
    );
    vector(
        &asked(Ask::Write { handle, offset: 5, data: b"abc" }),
        "00 00 00 19 06 00 00 00 07 00 00 00 01 'h 00 00 00 00 00 00 00 05 00 00 00 03 'abc",
    );
    vector(&asked(Ask::Lstat { path }), "00 00 00 0b 07 00 00 00 07 00 00 00 02 '/a");
    vector(&asked(Ask::Fstat { handle }), "00 00 00 0a 08 00 00 00 07 00 00 00 01 'h");
    vector(
        &asked(Ask::Setstat { path, attrs: attrs() }),
        "00 00 00 13 09 00 00 00 07 00 00 00 02 '/a 00 00 00 04 00 00 01 ed",
    );
    vector(
        &asked(Ask::Fsetstat { handle, attrs: attrs() }),
        "00 00 00 12 0a 00 00 00 07 00 00 00 01 'h 00 00 00 04 00 00 01 ed",
    );
    vector(&asked(Ask::Opendir { path }), "00 00 00 0b 0b 00 00 00 07 00 00 00 02 '/a");
    vector(&asked(Ask::Readdir { handle }), "00 00 00 0a 0c 00 00 00 07 00 00 00 01 'h");
    vector(&asked(Ask::Remove { path }), "00 00 00 0b 0d 00 00 00 07 00 00 00 02 '/a");
    vector(
        &asked(Ask::Mkdir { path, attrs: NONE }),
        "00 00 00 0f 0e 00 00 00 07 00 00 00 02 '/a 00 00 00 00",
    );
    vector(&asked(Ask::Rmdir { path }), "00 00 00 0b 0f 00 00 00 07 00 00 00 02 '/a");
    vector(&asked(Ask::Realpath { path: b"." }), "00 00 00 0a 10 00 00 00 07 00 00 00 01 '.");
    vector(&asked(Ask::Stat { path: b"" }), "00 00 00 09 11 00 00 00 07 00 00 00 00");
    vector(
        &asked(Ask::Rename { from: path, to: b"/b\xff" }),
        "00 00 00 12 12 00 00 00 07 00 00 00 02 '/a 00 00 00 03 '/b ff",
    );
    vector(&asked(Ask::Readlink { path }), "00 00 00 0b 13 00 00 00 07 00 00 00 02 '/a");
    // PROTOCOL §4.1: the target first.
    vector(
        &asked(Ask::Symlink { target: b"to", link: path }),
        "00 00 00 11 14 00 00 00 07 00 00 00 02 'to 00 00 00 02 '/a",
    );
}

/// A packet of an extension: its head and what follows the name.
fn extension(name: &str, fields: &str) -> String {
    let spelt: Vec<String> = name.bytes().map(|b| alloc::format!("{b:02x}")).collect();
    let len = 1 + 4 + 4 + name.len() + octets(fields).len();
    alloc::format!(
        "00 00 00 {len:02x} c8 00 00 00 07 00 00 00 {:02x} {} {fields}",
        name.len(),
        spelt.join(" ")
    )
}

#[test]
fn each_extension_is_written_and_read() {
    let (path, handle) = (&b"/a"[..], &b"h"[..]);
    let check = || Check { algorithms: b"sha256,md5", start: 1, len: 0, block: 256 };
    let asked_about = "00 00 00 0a 'sha256,md5 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 01 00";
    for (extended, name, fields) in [
        (
            Extended::PosixRename { from: path, to: b"/b" },
            "posix-rename@openssh.com",
            "00 00 00 02 '/a 00 00 00 02 '/b",
        ),
        (Extended::Statvfs { path }, "statvfs@openssh.com", "00 00 00 02 '/a"),
        (Extended::Fstatvfs { handle }, "fstatvfs@openssh.com", "00 00 00 01 'h"),
        (
            Extended::Hardlink { from: path, to: b"/b" },
            "hardlink@openssh.com",
            "00 00 00 02 '/a 00 00 00 02 '/b",
        ),
        (Extended::Fsync { handle }, "fsync@openssh.com", "00 00 00 01 'h"),
        (Extended::Lsetstat { path, attrs: NONE }, "lsetstat@openssh.com", "00 00 00 02 '/a 00 00 00 00"),
        (Extended::Limits, "limits@openssh.com", ""),
        (Extended::ExpandPath { path: b"~bob" }, "expand-path@openssh.com", "00 00 00 04 '~bob"),
        (
            Extended::CopyData { from: handle, offset: 1, len: 2, to: b"g", at: 3 },
            "copy-data",
            "00 00 00 01 'h 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 01 'g 00 00 00 00 00 00 00 03",
        ),
        (Extended::HomeDirectory { user: b"bob" }, "home-directory", "00 00 00 03 'bob"),
        (
            Extended::UsersGroups { uids: vec![0, 1_000], gids: vec![] },
            "users-groups-by-id@openssh.com",
            "00 00 00 08 00 00 00 00 00 00 03 e8 00 00 00 00",
        ),
        (
            Extended::CheckFileHandle { handle, check: check() },
            "check-file-handle",
            &alloc::format!("00 00 00 01 'h {asked_about}"),
        ),
        (
            Extended::CheckFileName { path, check: check() },
            "check-file-name",
            &alloc::format!("00 00 00 02 '/a {asked_about}"),
        ),
        (Extended::SpaceAvailable { path }, "space-available", "00 00 00 02 '/a"),
        (
            Extended::VendorId(VendorId { vendor: b"v", product: b"p", version: b"1", build: 9 }),
            "vendor-id",
            "00 00 00 01 'v 00 00 00 01 'p 00 00 00 01 '1 00 00 00 00 00 00 00 09",
        ),
        (Extended::Other { name: b"new@example.com", data: b"\x01\x02" }, "new@example.com", "01 02"),
    ] {
        vector(&asked(Ask::Extended(extended)), &extension(name, fields));
    }
    let odd = octets(&extension("users-groups-by-id@openssh.com", "00 00 00 03 00 00 00 00 00 00 00"));
    assert_eq!(Request::parse(&odd[4..]), Err(BadRequest { id: Some(7), why: Malformed::Short }));
}

#[test]
fn what_no_client_sends_is_told_with_its_number() {
    for number in [0, 2, 21, 101, 105, 201, 255] {
        let packet = [number, 0, 0, 0, 7, 0, 0, 0, 0];
        assert_eq!(Request::parse(&packet), Err(BadRequest { id: Some(7), why: Malformed::Type(number) }));
    }
    let long = [&octets("04 00 00 00 07 00 00 01 01")[..], &[b'h'; 257]].concat();
    assert_eq!(Request::parse(&long), Err(BadRequest { id: Some(7), why: Malformed::Handle(257) }));
    // A length is no reason for memory.
    let short = octets("07 00 00 00 07 ff ff ff ff '/a");
    assert_eq!(Request::parse(&short), Err(BadRequest { id: Some(7), why: Malformed::Short }));
}

#[test]
fn the_head_of_a_write_and_its_octets_are_the_packet() {
    let (mut whole, mut head) = (Vec::new(), Vec::new());
    asked(Ask::Write { handle: b"h", offset: 5, data: b"abc" }).write(&mut whole);
    write_head(7, b"h", 5, 3, &mut head);
    head.extend_from_slice(b"abc");
    assert_eq!(head, whole);
}
