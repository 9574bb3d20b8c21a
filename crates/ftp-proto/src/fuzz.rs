//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as tests.

use crate::command;
use crate::line::Lines;
use crate::list::{self, Entry, Facts, Kind};
use crate::reply::{self, Replies};
use crate::server::{Answer, Config, Event, Server};
use alloc::string::String;
use alloc::vec::Vec;
use clock::Instant;
use core::net::SocketAddr;

/// A control connection that sends `data`: the server answers every line in order, bounds what it
/// holds, and never shows a password. Every question is refused, so that only parsing is at work.
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
    let local = SocketAddr::from(([127, 0, 0, 1], 21));
    let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let now = Instant::ZERO;
    let mut server = Server::new(now, Config::default(), local, peer);
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
                if let Event::Ask { id, .. } = event {
                    server.answer(now, id, Answer::Refused(reply::Code(550), String::from("No.")));
                }
                quiet = false;
            }
            if quiet {
                break;
            }
        }
    }
    let (mut lines, mut replies, mut count) = (Lines::default(), Replies::default(), 0);
    for line in answered.iter().filter_map(|&b| lines.push(b)) {
        if let Some(reply) = replies.push(line) {
            reply.expect("what the server sends are replies");
            count += 1;
        }
    }
    assert_eq!(lines.held(), 0, "the last reply is whole");
    assert!(count <= whole + 1, "at most one reply a line, and the greeting");
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
