//! What must hold for any octets. The fuzz target calls this, and the corpus is replayed as a test.

use crate::listing::Entry;
use crate::server::{Answer, Ask, Config, Content, Ended, Event, Server, Transmit};
use crate::status::Status;
use crate::tag::Tag;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use clock::{Duration, Instant};

/// A connection that sends `data`: what is held is bounded, nothing that is asked climbs, each response is a
/// whole one, content that is begun ends once, and the connection ends once. Whether the octets come at once or
/// one by one makes no difference.
pub fn http_request(data: &[u8]) {
    let at_once = converse(data, data.len().max(1));
    let bit_by_bit = converse(data, 1);
    assert_eq!(at_once, bit_by_bit, "the pieces in which it comes make a difference");
}

fn converse(data: &[u8], piece: usize) -> Vec<u8> {
    let mut now = Instant::ZERO;
    let mut server = Server::new(now, Config::default());
    let mut talk = Talk::default();
    for piece in data.chunks(piece) {
        let mut piece = piece;
        while !piece.is_empty() && server.wants_input() {
            let n = piece.len().min(4_096);
            server.handle_input(now, &piece[..n]);
            piece = &piece[n..];
            talk.settle(now, &mut server);
            assert!(server.held() <= 5 * 4_096, "{} octets are held", server.held());
        }
    }
    server.handle_eof(now);
    talk.settle(now, &mut server);
    // Whatever state it was left in, time ends it.
    for _ in 0..4 {
        now += Duration::from_secs(400);
        server.handle_timeout(now);
        talk.settle(now, &mut server);
    }
    assert_eq!(talk.over, 1, "it ends once");
    assert_eq!(talk.begun, 0, "what was begun is ended");
    talk.sent
}

#[derive(Default)]
struct Talk {
    sent: Vec<u8>,
    begun: usize,
    over: usize,
    entries: usize,
}

impl Talk {
    fn settle(&mut self, now: Instant, server: &mut Server) {
        loop {
            let mut quiet = true;
            while let Some(transmit) = server.poll_transmit(now) {
                quiet = false;
                match &transmit {
                    // Whether a 100 is sent depends on what has come: that alone may differ.
                    Transmit::Octets { octets, .. } if octets.starts_with(b"HTTP/1.1 100 ") => {}
                    Transmit::Octets { octets, .. } => self.sent.extend_from_slice(octets),
                    Transmit::Run { before, from, len } => {
                        self.sent.extend_from_slice(before);
                        assert!(from + len <= CONTENT.len && *len > 0, "a run outside the content");
                        self.sent.push(b'r');
                    }
                }
                server.handle_sent(now, transmit.len());
            }
            while let Some(event) = server.poll_event() {
                quiet = false;
                assert_eq!(self.over, 0, "nothing comes behind the end");
                match event {
                    Event::Ask { id, what } => {
                        let answer = self.answer(&what);
                        server.answer(now, id, answer);
                    }
                    Event::Ended(how) => {
                        assert_eq!(how, Ended::Whole);
                        self.begun -= 1;
                    }
                    Event::Malformed => {}
                    Event::Close | Event::Cut => self.over += 1,
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn answer(&mut self, what: &Ask) -> Answer {
        match what {
            Ask::Look(request) => {
                let path = &request.target.path;
                assert!(path.starts_with(b"/") && !path.contains(&0));
                assert!(path.split(|&b| b == b'/').all(|c| c != b".." && c != b"."), "it climbs");
                match path.len() % 4 {
                    0 => Answer::Refused(Status::NotFound, String::from("no")),
                    1 if request.target.directory => {
                        self.entries = 2;
                        Answer::Listing
                    }
                    1 => Answer::Directory(path.clone()),
                    _ => Answer::Content(CONTENT),
                }
            }
            Ask::Begin { octets } => {
                assert!(*octets <= CONTENT.len);
                self.begun += 1;
                Answer::Begun
            }
            Ask::Entries => {
                let more = self.entries > 0;
                self.entries = self.entries.saturating_sub(1);
                let entry = Entry { name: vec![b'<', 0xff], directory: false, len: 1, modified: 1 };
                Answer::Entries(if more { vec![entry] } else { Vec::new() })
            }
        }
    }
}

const CONTENT: Content = Content { len: 70_000, modified: 1, tag: Tag([1; 16]), media: "text/plain" };
