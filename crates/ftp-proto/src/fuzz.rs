//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as tests.

use crate::command::{self, Form, Representation, Structure, TransferMode};
use crate::form::{Broken, FromWire, ToWire};
use crate::line::Lines;
use crate::list::{self, Entry, Facts, Kind};
use crate::proxy;
use crate::reply::{self, Replies};
use crate::server::{Answer, Ask, Chore, Config, End, Event, Server, Tls};
use alloc::string::String;
use alloc::vec::Vec;
use clock::Instant;
use core::net::SocketAddr;

/// A control connection that sends `data`: every line is answered in order with whole replies, what is
/// held is bounded, and no password is shown. Once every question is refused, once it is granted.
pub fn ftp_command_line(data: &[u8]) {
    let mut lines = Lines::default();
    let mut whole = 0;
    for line in data.iter().filter_map(|&b| lines.push(b)) {
        whole += 1;
        if let Ok(line) = line {
            let _ = command::parse(&line);
            let shown = command::masked(&line);
            assert!(shown.len() <= line.len() + 5);
        }
    }
    converse(data, whole, refused);
    converse(data, whole, granted);
}

fn converse(data: &[u8], lines: usize, answer: impl Fn(&Ask) -> Answer) {
    let local = SocketAddr::from(([127, 0, 0, 1], 21));
    let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let mut now = Instant::ZERO;
    let config = Config { tls: Tls::Offer, ..Config::default() };
    let mut server = Server::new(now, config, local, peer);
    let mut answered = Vec::new();
    for chunk in data.chunks(7) {
        server.handle_input(now, chunk);
        loop {
            let mut quiet = true;
            while let Some(octets) = server.poll_transmit() {
                answered.extend_from_slice(&octets);
                server.handle_written(now);
                quiet = false;
            }
            while let Some(event) = server.poll_event() {
                if let Event::Ask { id, what } = event {
                    server.answer(now, id, answer(&what));
                }
                quiet = false;
            }
            if quiet {
                break;
            }
        }
        // The wait after a wrong password.
        now += clock::Duration::from_millis(300);
        server.handle_timeout(now);
    }
    server.handle_eof(now);
    while let Some(octets) = server.poll_transmit() {
        answered.extend_from_slice(&octets);
        server.handle_written(now);
    }
    let (mut framed, mut replies, mut count) = (Lines::default(), Replies::default(), 0);
    for line in answered.iter().filter_map(|&b| framed.push(b)) {
        if let Some(reply) = replies.push(line) {
            reply.expect("what the server sends are replies");
            count += 1;
        }
    }
    assert_eq!(framed.held(), 0, "the last reply is whole");
    assert!(
        count <= 2 * lines + 2,
        "a line has one reply, a transfer two, and the greeting and 421 one each"
    );
}

/// A driver that can do nothing, and says so with a code that fits.
fn refused(what: &Ask) -> Answer {
    let third_party = matches!(what, Ask::ThirdParty(_));
    let code = if *what == Ask::Listen {
        425
    } else if third_party {
        501
    } else {
        450
    };
    Answer::Refused(reply::Code(code), String::from("No."))
}

/// A driver that can do everything.
fn granted(what: &Ask) -> Answer {
    let directory = || Answer::Directory(Vec::from(*b"/d"));
    match what {
        Ask::Login { .. } => {
            let access = list::Access { create: true, change: true };
            Answer::LoggedIn { directory: Vec::from(*b"/"), access, anonymous: false, third_parties: true }
        }
        Ask::Listen => Answer::Listening(SocketAddr::from(([127, 0, 0, 1], 50_000))),
        Ask::ChangeDir(_) | Ask::MakeDir(_) => directory(),
        Ask::RemoveDir(_)
        | Ask::Remove(_)
        | Ask::Rename { .. }
        | Ask::Commit
        | Ask::Shelve { .. }
        | Ask::Set(_)
        | Ask::ThirdParty(_)
        | Ask::Secure
        | Ask::Clear => Answer::Done,
        Ask::Look(path) => Answer::Entry(Entry {
            name: path.clone(),
            kind: Kind::File,
            len: 7,
            modified: 0,
            mode: 0o600,
            unique: (1, 2),
        }),
        Ask::Size(_) | Ask::Room(_) => Answer::Size(7),
        Ask::Digest { .. } => Answer::Digest(Vec::from([1, 2, 3]), (0, 7)),
        Ask::Chore(Chore::TreeSize(_)) => Answer::Size(7),
        Ask::Chore(Chore::Who | Chore::Quota) => Answer::Lines(Vec::from([Vec::from(*b"one")])),
        Ask::Chore(Chore::Fits(_) | Chore::Copy { .. } | Chore::Combine { .. } | Chore::RemoveTree(_)) => {
            Answer::Done
        }
        Ask::Describe(path) => Answer::Lines(Vec::from([path.clone(), path.clone()])),
        Ask::Open(what) if what.path.is_empty() => Answer::OpenedAs(Vec::from(*b"free")),
        Ask::Open(_) => Answer::Opened { len: Some(7), start: 0 },
        Ask::Move(..) => Answer::Moved { octets: 7, end: End::Whole },
    }
}

/// A transfer in any form: what arrives is taken or refused the same at any buffer's edge, with bounded memory; what is
/// sent is taken again.
pub fn ftp_form(data: &[u8]) {
    let [choice, data @ ..] = data else { return };
    let form = Form {
        representation: [Representation::Image, Representation::Ascii, Representation::Ebcdic]
            [usize::from(choice % 3)],
        structure: [Structure::File, Structure::Record, Structure::Page][usize::from(choice / 3 % 3)],
        mode: [TransferMode::Stream, TransferMode::Block, TransferMode::Compressed]
            [usize::from(choice / 9 % 3)],
    };
    let taken = |wire: &[u8], piece: usize| -> Result<Vec<u8>, Broken> {
        let (mut stream, mut file) = (FromWire::new(form), Vec::new());
        for part in wire.chunks(piece) {
            let mut rest = part;
            while !rest.is_empty() {
                let mut out = Vec::new();
                let n = stream.push(rest, &mut out)?;
                assert!(n > 0 && out.len() <= (64 << 10) + 2 * part.len() + 128);
                file.append(&mut out);
                rest = &rest[n..];
            }
        }
        stream.finish(&mut file)?;
        Ok(file)
    };
    assert_eq!(taken(data, 1), taken(data, 1_000_000));
    let (mut stream, mut wire) = (ToWire::new(form, 0), Vec::new());
    data.chunks(5).for_each(|part| stream.push(part, &mut wire));
    stream.finish(&mut wire);
    let back = taken(&wire, 3).expect("we take what we send");
    let is_crlf = form.representation == Representation::Ascii && form.structure != Structure::Record;
    assert!(is_crlf || back == data);
}

/// Replies of a server: what is read and written again is read the same.
pub fn ftp_reply(data: &[u8]) {
    let (mut lines, mut replies) = (Lines::default(), Replies::default());
    for line in data.iter().filter_map(|&b| lines.push(b)) {
        let Some(Ok(r)) = replies.push(line) else { continue };
        let mut out = Vec::new();
        match r.lines.as_slice() {
            [only] => reply::write(&mut out, r.code.0, only),
            [first, inner @ .., last] => {
                reply::write_lines(&mut out, r.code.0, first, inner.iter().map(Vec::as_slice), last);
            }
            [] => unreachable!("a reply has a line"),
        }
        let (mut again, mut second) = (Lines::default(), Replies::default());
        let read: Vec<_> = out.iter().filter_map(|&b| again.push(b)).filter_map(|l| second.push(l)).collect();
        // A space before a line may lift it over the limit of a line; then it is told as too long.
        if let [Ok(reread)] = read.as_slice() {
            assert_eq!((reread.code, reread.lines.len()), (r.code, r.lines.len()));
            assert_eq!(reread.text(), r.text());
        } else {
            assert!(r.lines.iter().map(Vec::len).sum::<usize>() + 1_000 > crate::line::MAX_LINE);
        }
        let _ = (crate::addr::parse_227(r.text()), crate::addr::parse_229(r.text()));
    }
    if let Ok(addr) = crate::addr::parse_port(data) {
        assert_eq!(crate::addr::parse_port(crate::addr::format_port(addr).as_bytes()), Ok(addr));
    }
    if let Ok(addr) = crate::addr::parse_eprt(data) {
        assert_eq!(crate::addr::parse_eprt(crate::addr::format_eprt(addr).as_bytes()), Ok(addr));
    }
}

/// Listings of a server, both dialects and MLSx; and ours of the same names, read again.
pub fn ftp_list(data: &[u8]) {
    const NOW: i64 = 1_772_627_400;
    for line in data.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let read = [list::parse_list(line, NOW), list::parse_facts(line)];
        for listed in read.into_iter().flatten() {
            assert!(!listed.name.is_empty());
            let entry = Entry {
                name: listed.name,
                kind: listed.kind.unwrap_or(Kind::File),
                len: listed.len.unwrap_or(0),
                modified: listed.modified.unwrap_or(0).clamp(0, NOW),
                mode: 0o640,
                unique: (1, 2),
            };
            let mut out = Vec::new();
            list::write_facts(&mut out, &entry, Facts::all(), list::Access::default());
            let end = out.len() - 2;
            let again = list::parse_facts(&out[..end]).expect("we read what we write");
            assert_eq!(again.kind, Some(entry.kind));
            assert_eq!(again.name.len(), entry.name.len());
            let mut out = Vec::new();
            list::write_list(&mut out, &entry, NOW);
            let end = out.len() - 2;
            let again = list::parse_list(&out[..end], NOW).expect("we read what we write");
            assert_eq!((again.kind, again.len), (Some(entry.kind), Some(entry.len)));
        }
    }
}

/// The header of a proxy: it ends within what there is, or goes on; octets behind it change nothing; a header that was
/// read begins the same however it is cut.
pub fn ftp_proxy_header(data: &[u8]) {
    let whole = proxy::parse(data);
    if let Ok(Some((header, len))) = whole {
        assert!(len <= data.len() && len <= 4_096);
        assert_eq!(proxy::parse(&data[..len]), Ok(Some((header, len))));
        for cut in 0..len {
            assert_eq!(proxy::parse(&data[..cut]), Ok(None));
        }
        if let proxy::Header::Client { source, destination } = header
            && source.is_ipv4() == destination.is_ipv4()
        {
            let written = proxy::write_first(source, destination);
            assert_eq!(proxy::parse(written.as_bytes()), Ok(Some((header, written.len()))));
        }
    }
    if whole == Ok(None) {
        assert!(data.len() < 4_096);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// Pieces that get a random stream past the first octets of each parser.
    const WORDS: [&[u8]; 40] = [
        b"USER a\r\n",
        b"PASS b\r\n",
        b"TYPE I\r\n",
        b"EPSV\r\n",
        b"PASV\r\n",
        b"RETR f\r\n",
        b"STOR f\r\n",
        b"ABOR\r\n",
        b"PORT 127,0,0,1,4,1\r\n",
        b"EPRT |1|127.0.0.1|5000|\r\n",
        b"REST 5\r\n",
        b"STAT\r\n",
        b"\xff\xf4\xff\xf2",
        b"\xff",
        b"\r",
        b"\n",
        b"\0",
        b" ",
        b"-",
        b"220-",
        b"220 ",
        b"227 (1,2,3,4,5,6)",
        b"229 (|||6|)",
        b"|",
        b",",
        b";",
        b"=",
        b"type=dir;size=5;modify=20260304123000; ",
        b"-rw-r--r-- 1 a b 5 Mar  4 12:30 ",
        b"drwxr-xr-x 2 a b 5 Jan 31 2025 ",
        b"02-11-26  01:15PM  <DIR>  ",
        b"02-11-2026 1 ",
        b" -> ",
        b"99999999999999999999",
        b"May",
        b"0",
        b"a",
        b"\xc3\xa9",
        b"HELP\r\n",
        b"QUIT\r\n",
    ];

    #[test]
    fn random_streams_of_likely_pieces_break_nothing() {
        for seed in 1..=4_000u64 {
            let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut next = || {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                x
            };
            let mut data = Vec::new();
            for _ in 0..next() % 24 {
                let r = next();
                match r % 8 {
                    0 => data.push((r >> 8) as u8),
                    _ => data.extend(WORDS[usize::try_from((r >> 8) % 40).expect("below 40")]),
                }
            }
            std::println!("seed {seed}: {}", data.escape_ascii());
            ftp_command_line(&data);
            ftp_reply(&data);
            ftp_list(&data);
            ftp_form(&data);
        }
    }
}
