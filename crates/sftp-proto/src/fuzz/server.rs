use crate::request::Ask as Asks;
use crate::server::{Answer, Ask, AskId, Config, File, Names, Server};
use crate::{Attrs, Check, Extended, Frames, OpenFlags, Reply, Request, Status, data_head};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;

const CONFIG_OCTETS: usize = 2_000;
const HARD: usize = 1_500;
const REQUESTS: usize = 200;

/// A client that says anything, and a driver that answers in any order between files: whatever is asked well is
/// answered once, the requests of a file are asked about in their order, and everything is bounded.
///
/// The octets are steps: what is done, and how.
pub fn sftp_server(data: &[u8]) {
    let config = Config {
        handles: 6,
        requests: REQUESTS,
        octets: CONFIG_OCTETS,
        soft: 700,
        hard: HARD,
        run: 64,
        ..Config::default()
    };
    let mut play = Play {
        server: Server::new(config),
        frames: Frames::default(),
        handles: vec![],
        asked: VecDeque::new(),
        next: 0,
        waiting: BTreeMap::new(),
        reached: BTreeMap::new(),
        held: vec![],
        wild: false,
    };
    play.send(&Request::Init { version: 3, extensions: vec![] });
    let mut rest = data;
    while let Some((&step, more)) = rest.split_first() {
        let (how, more) = more.split_first().map_or((0, more), |(how, more)| (*how, more));
        rest = more;
        play.step(step, how, &mut rest);
        play.holds();
    }
    play.finish();
}

struct Play {
    server: Server,
    frames: Frames,
    /// What was answered to OPEN, whether or not it is closed by now.
    handles: Vec<Vec<u8>>,
    /// Questions that are open.
    asked: VecDeque<(AskId, Ask)>,
    next: u32,
    /// Requests without an answer, and whether they open something.
    waiting: BTreeMap<u32, bool>,
    /// Per file, the number of the last request that was asked about.
    reached: BTreeMap<u32, u64>,
    held: Vec<File>,
    /// Octets were sent that are no request of ours: numbers mean nothing any more.
    wild: bool,
}

impl Play {
    fn send(&mut self, request: &Request<'_>) {
        let mut out = Vec::new();
        request.write(&mut out);
        self.input(&out);
    }

    fn input(&mut self, octets: &[u8]) {
        if self.server.wants_input() {
            self.server.handle_input(&Bytes::copy_from_slice(octets));
        }
    }

    fn step(&mut self, step: u8, how: u8, rest: &mut &[u8]) {
        match step % 16 {
            0..=7 => self.request(step, how),
            8 | 9 => {
                let asked = core::iter::from_fn(|| self.server.poll_ask()).take(1 + usize::from(how));
                let asked: Vec<_> = asked.collect();
                for (id, ask) in asked {
                    self.in_order(&ask);
                    self.asked.push_back((id, ask));
                }
            }
            10..=12 => self.answer(how),
            13 => self.transmit(usize::from(how)),
            14 if how < 128 => {
                let file = File(u32::from(how % 8));
                self.server.hold(file);
                self.held.push(file);
            }
            14 => self.held.drain(..).for_each(|file| self.server.release(file)),
            _ if how < 16 => self.server.handle_eof(),
            _ => {
                let (octets, behind) = rest.split_at(rest.len().min(usize::from(how % 32)));
                *rest = behind;
                self.wild = true;
                self.input(octets);
            }
        }
    }

    /// A good request.
    fn request(&mut self, step: u8, how: u8) {
        if self.wild || !self.server.wants_input() {
            return;
        }
        self.next += 1;
        let id = self.next;
        let handle = match self.handles.get(usize::from(how) % (self.handles.len() + 1)) {
            Some(handle) => handle.clone(),
            None => vec![how],
        };
        let handle = &handle[..];
        // Places are the numbers of the requests, so that the order is seen.
        let offset = u64::from(id);
        let path: &[u8] = &b"abcdefgh"[..usize::from(how % 9)];
        let data = [how; 40];
        let attrs = Attrs::default;
        let ask = match (step % 8, how % 8) {
            (0 | 1, _) => Asks::Read { handle, offset, len: u32::from(how) * 3 },
            (2 | 3, _) => Asks::Write { handle, offset, data: &data[..usize::from(how % 41)] },
            (4, _) => {
                let both = OpenFlags::READ.and(OpenFlags::WRITE).and(OpenFlags::CREATE);
                Asks::Open { path, flags: if how < 200 { both } else { OpenFlags::READ }, attrs: attrs() }
            }
            (5, 0..=5) => Asks::Close { handle },
            (5, _) => Asks::Opendir { path },
            (6, 0..=3) => Asks::Readdir { handle },
            (6, _) => Asks::Realpath { path },
            (_, 0) => Asks::Fstat { handle },
            (_, 1) => Asks::Stat { path },
            (_, 2) => Asks::Extended(Extended::Limits),
            (_, 3) => Asks::Extended(Extended::Fsync { handle }),
            (_, 4) => {
                let to = self.handles.first().map_or(&b""[..], |handle| handle);
                Asks::Extended(Extended::CopyData { from: handle, offset, len: 1, to, at: 0 })
            }
            (_, 5) => Asks::Extended(Extended::Other { name: b"x", data: path }),
            (_, 6) => {
                let check = Check { algorithms: b"md5", start: 0, len: 0, block: 0 };
                Asks::Extended(Extended::CheckFileHandle { handle, check })
            }
            (_, _) => Asks::Rename { from: path, to: path },
        };
        let opens = matches!(&ask, Asks::Open { .. } | Asks::Opendir { .. });
        let mut out = Vec::new();
        Request::Asked { id, ask }.write(&mut out);
        self.waiting.insert(id, opens);
        // In two pieces: anywhere.
        let mut other = Bytes::from(out);
        let one = other.split_to(usize::from(how) % other.len());
        self.server.handle_input(&one);
        self.server.handle_input(&other);
    }

    fn in_order(&mut self, ask: &Ask) {
        let (file, offset) = match ask {
            Ask::Read { file, offset, .. } | Ask::Write { file, offset, .. } => (file.0, *offset),
            Ask::Close { file } => {
                self.reached.remove(&file.0);
                return;
            }
            Ask::List { .. } | Ask::Other { .. } => return,
        };
        if !self.wild {
            let before = self.reached.insert(file, offset);
            assert!(before < Some(offset), "{ask:?} after {before:?}");
        }
    }

    /// Answers one of the open questions: of each file the first.
    fn answer(&mut self, how: u8) {
        if self.asked.is_empty() {
            return;
        }
        let mut at = usize::from(how) % self.asked.len();
        while let Some(before) = (0..at).find(|n| share(&self.asked[*n].1, &self.asked[at].1)) {
            at = before;
        }
        let (id, ask) = self.asked.remove(at).expect("it was counted");
        let refused = || Answer::Refused(Status::Failure, String::from("No."));
        match ask {
            Ask::Read { request, len, .. } if len > 0 && how < 200 => {
                let len = len.min(1 + u32::from(how));
                let mut octets = data_head(request, len).to_vec();
                octets.resize(octets.len() + len as usize, how);
                self.server.answer_reads(octets, &[(id, len)]);
            }
            Ask::Read { .. } => self.server.answer(id, Answer::End),
            Ask::Write { .. } => self.server.answer(id, if how < 200 { Answer::Done } else { refused() }),
            Ask::List { .. } => self.server.answer(id, Answer::Names(Names::one(&[how; 60]))),
            Ask::Close { .. } => self.server.answer(id, if how < 250 { Answer::Done } else { refused() }),
            Ask::Other { packet, file, .. } => {
                let opens = matches!(packet.ask(), Asks::Open { .. } | Asks::Opendir { .. });
                assert!(!opens || file.is_some());
                let answer = match (opens, how % 4) {
                    (true, 0) | (false, 3) => refused(),
                    (true, n) => Answer::Opened { rated: n == 1 },
                    (false, 0) => Answer::Facts(Attrs::default()),
                    (false, 1) => Answer::Names(Names::one(b"/")),
                    (false, _) => Answer::Octets(vec![how; 8]),
                };
                self.server.answer(id, answer);
            }
        }
    }

    /// Sends at most so many buffers.
    fn transmit(&mut self, most: usize) {
        for _ in 0..=most {
            let Some(octets) = self.server.poll_transmit() else { return };
            self.server.sent(octets.len());
            self.frames.push(&octets);
            while let Some(packet) = self.frames.next_packet().expect("our own packets are packets") {
                let reply = Reply::parse(packet).expect("and can be read");
                let Reply::Answered { id, answer } = reply else { continue };
                let wanted = self.waiting.remove(&id);
                assert!(self.wild || wanted.is_some(), "{id} was not asked, or is answered twice");
                if let crate::Answer::Handle(handle) = answer {
                    assert!(self.wild || wanted == Some(true));
                    self.handles.push(handle.to_vec());
                }
            }
            assert_eq!(self.frames.waiting(), 0, "packets go out whole");
        }
    }

    /// What must hold at any time.
    fn holds(&self) {
        let (requests, octets, unsent) = self.server.waiting();
        assert!(requests <= REQUESTS + 2, "{requests} requests wait");
        assert!(octets <= CONFIG_OCTETS + 400, "{octets} octets wait");
        // Above the bound only what was asked before is answered.
        assert!(unsent <= HARD + 1_024 * 400, "{unsent} octets wait to be sent");
        assert!(self.server.open_files() <= 6);
        if self.server.fault().is_some() {
            assert!(self.server.is_over() && !self.server.wants_input());
        }
    }

    /// Everything is answered that was asked well.
    fn finish(&mut self) {
        self.server.handle_eof();
        self.held.drain(..).for_each(|file| self.server.release(file));
        for _ in 0..10_000 {
            if self.server.is_over() {
                break;
            }
            while let Some((id, ask)) = self.server.poll_ask() {
                self.in_order(&ask);
                self.asked.push_back((id, ask));
            }
            self.answer(0);
            self.transmit(usize::MAX - 1);
            self.holds();
        }
        assert!(self.server.is_over(), "it never ended");
        if self.server.fault().is_none() && !self.wild {
            assert!(self.waiting.is_empty(), "without an answer: {:?}", self.waiting.keys());
        }
    }
}

/// Whether two questions are about one file.
fn share(one: &Ask, other: &Ask) -> bool {
    let files = |ask: &Ask| match ask {
        Ask::Read { file, .. } | Ask::Write { file, .. } | Ask::List { file } | Ask::Close { file } => {
            [Some(*file), None]
        }
        Ask::Other { file, into, .. } => [*file, *into],
    };
    files(one).iter().flatten().any(|file| files(other).contains(&Some(*file)))
}
