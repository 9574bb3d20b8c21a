mod pieces;
mod toy;

use super::*;
use crate::{Attrs, Limits, Malformed, Status, Times};
use alloc::string::ToString as _;
use alloc::vec;
use toy::{Manners, Seeded, Toy};

/// A client with what it was told, beside its server.
struct Pair {
    client: Client,
    toy: Toy,
    seeded: Seeded,
    /// What puts read.
    sources: BTreeMap<JobId, Vec<u8>>,
    /// What gets have written.
    sinks: BTreeMap<JobId, Vec<u8>>,
    names: Vec<Vec<u8>>,
    over: BTreeMap<JobId, Result<Outcome, Failure>>,
    stored: u64,
    /// Facts of files that are put in pieces.
    opened: BTreeMap<JobId, Attrs<'static>>,
}

fn pair(seed: u64, manners: Manners) -> Pair {
    Pair {
        client: Client::new(),
        toy: Toy::new(seed, manners),
        seeded: Seeded(!seed),
        sources: BTreeMap::new(),
        sinks: BTreeMap::new(),
        names: Vec::new(),
        over: BTreeMap::new(),
        stored: 0,
        opened: BTreeMap::new(),
    }
}

impl Pair {
    /// Runs until nothing moves.
    fn run(&mut self) {
        loop {
            let sent = self.transmit();
            self.facts();
            self.toy.take(&sent);
            let (requests, octets) = self.client.in_flight();
            assert!(requests <= 256 && octets < window::MOST_OCTETS + (255 << 10), "what is open is bounded");
            let Some(answer) = self.toy.give() else {
                assert!(sent.is_empty() || !self.toy.waiting.is_empty() || self.client.jobs.is_empty());
                return;
            };
            let cut = usize::try_from(self.seeded.below(answer.len() as u64 + 1)).unwrap();
            let mut answer = Bytes::from(answer);
            for piece in [answer.split_to(cut), answer] {
                self.client.handle(piece).unwrap();
                self.facts();
            }
        }
    }

    fn transmit(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            match self.client.poll_transmit(&mut out) {
                Transmit::Nothing => return out,
                Transmit::Requests => {}
                Transmit::Body { job, offset, len, head } => {
                    let from = usize::try_from(offset).unwrap();
                    match self.sources[&job].get(from..from + len as usize) {
                        Some(octets) => out.extend(octets),
                        None => {
                            out.truncate(out.len() - head);
                            self.client.unread(job);
                        }
                    }
                }
            }
        }
    }

    fn facts(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Ready => {}
                Event::Opened { job, attrs } => assert!(self.opened.insert(job, attrs).is_none(), "once"),
                Event::Size { job, from, .. } => {
                    let sink = self.sinks.entry(job).or_default();
                    sink.resize(sink.len().max(usize::try_from(from).unwrap()), 0);
                }
                Event::Data { job, offset, octets } => {
                    let sink = self.sinks.entry(job).or_default();
                    let offset = usize::try_from(offset).unwrap();
                    sink.resize(sink.len().max(offset + octets.len()), 0);
                    assert!(sink[offset..offset + octets.len()].iter().all(|b| *b == 0), "each octet once");
                    sink[offset..offset + octets.len()].copy_from_slice(&octets);
                }
                Event::Stored { octets, .. } => self.stored += u64::from(octets),
                Event::Names { names, .. } => self.names.extend(names.into_iter().map(|n| n.name)),
                Event::Over { job, result } => {
                    assert!(self.over.insert(job, result).is_none(), "over once");
                }
            }
        }
    }

    fn one(&mut self, verb: Verb) -> Result<Outcome, Failure> {
        let job = self.client.start(verb);
        self.run();
        self.over.remove(&job).expect("it is over")
    }

    fn get(&mut self, path: &[u8], from: u64) -> (Result<Outcome, Failure>, Vec<u8>) {
        self.get_of(path, from, None)
    }

    fn get_of(&mut self, path: &[u8], from: u64, len: Option<u64>) -> (Result<Outcome, Failure>, Vec<u8>) {
        let job = self.client.start(Verb::Get { path: path.to_vec(), from, len });
        self.run();
        (self.over.remove(&job).expect("it is over"), self.sinks.remove(&job).unwrap_or_default())
    }

    fn put(&mut self, path: &[u8], content: &[u8], begin: Begin, facts: Facts) -> Result<Outcome, Failure> {
        let job =
            self.client.start(Verb::Put { path: path.to_vec(), len: content.len() as u64, begin, facts });
        self.sources.insert(job, content.to_vec());
        self.run();
        self.over.remove(&job).expect("it is over")
    }
}

/// No octet of it is 0, so that what was written can be told from what was not.
fn content(seed: u64, len: usize) -> Vec<u8> {
    Seeded(seed).octets(len).into_iter().map(|b| b | 1).collect()
}

fn small_limits() -> Option<Limits> {
    Some(Limits { packet: 0, read: 100, write: 70, handles: 0 })
}

#[test]
fn the_first_octets_are_an_init_of_version_3_and_limits_are_asked_where_they_are_named() {
    let mut client = Client::new();
    let mut out = Vec::new();
    assert_eq!(client.poll_transmit(&mut out), Transmit::Requests);
    assert_eq!(out, [0, 0, 0, 5, 1, 0, 0, 0, 3]);
    assert_eq!(client.poll_transmit(&mut out), Transmit::Nothing);
    let mut version = Vec::new();
    Reply::Version { version: 3, extensions: vec![(b"limits@openssh.com", b"1")] }.write(&mut version);
    client.handle(version.into()).unwrap();
    assert_eq!(client.poll_event(), None, "not before the limits are known");
    out.clear();
    assert_eq!(client.poll_transmit(&mut out), Transmit::Requests);
    let asked = [&[0, 0, 0, 27, 200, 0, 0, 0, 0, 0, 0, 0, 18][..], b"limits@openssh.com"].concat();
    assert_eq!(out, asked);
    let limits = Limits { packet: 262_144, read: 261_120, write: 261_120, handles: 9 };
    let mut answer = Vec::new();
    Reply::Answered { id: 0, answer: Answer::Extended(&limits.octets()) }.write(&mut answer);
    client.handle(answer.into()).unwrap();
    assert_eq!(client.poll_event(), Some(Event::Ready));
    assert_eq!(client.abilities().limits, limits);
}

#[test]
fn files_come_whole_whatever_the_order_and_the_shortness_of_the_answers() {
    for seed in 0..300 {
        let mut seeded = Seeded(seed);
        let manners = Manners {
            limits: (seeded.below(2) == 0).then(|| small_limits().unwrap()),
            gives: (seeded.below(3) == 0).then_some(40),
            short_one_in: (seeded.below(2) == 0).then_some(3),
            no_fstat: seeded.below(4) == 0,
            lies: (seeded.below(6) == 0).then_some(0),
            shuffles: seeded.below(2) == 0,
            ..Manners::default()
        };
        let mut pair = pair(seed, manners);
        let len = [0, 1, 99, 100, 101, 5_000, 40_000][usize::try_from(seeded.below(7)).unwrap()];
        let content = content(seed, len);
        pair.toy.files.insert(b"f\xff".to_vec(), content.clone());
        let from = seeded.below(len as u64 + 1);
        // Right or wrong: what was told before never changes what comes.
        let told =
            [None, Some(0), Some(len as u64), Some(len as u64 + 7), Some(len as u64 / 2), Some(u64::MAX)];
        let told = told[usize::try_from(seeded.below(6)).unwrap()];
        // A resumed file has what was there before.
        let (result, got) = pair.get_of(b"f\xff", from, told);
        let moved = len as u64 - from;
        let at = usize::try_from(from).unwrap();
        assert!(
            matches!(result, Ok(Outcome::Got { octets, .. }) if octets == moved),
            "seed {seed}: {result:?}"
        );
        assert_eq!(got.get(at..).unwrap_or_default(), &content[at..], "seed {seed}");
        assert_eq!(pair.toy.open_handles(), 0, "seed {seed}");
        assert_eq!(pair.client.in_flight(), (0, 0));
    }
}

#[test]
fn of_a_small_file_whose_length_is_known_no_facts_are_asked() {
    for (len, told, looks) in [
        (90, Some(90), false),
        (0, Some(0), false),
        (90, None, true),
        // It has grown, it has shrunk, it is more than one READ asks for.
        (95, Some(90), true),
        (80, Some(90), true),
        (100, Some(100), true),
    ] {
        let mut pair = pair(1, Manners { limits: small_limits(), ..Manners::default() });
        let content = content(3, len);
        pair.toy.files.insert(b"f".to_vec(), content.clone());
        let (result, got) = pair.get_of(b"f", 0, told);
        assert!(
            matches!(result, Ok(Outcome::Got { octets, .. }) if octets == len as u64),
            "{told:?} {result:?}"
        );
        assert_eq!(got, content);
        assert_eq!(pair.toy.asked.contains(&"FSTAT"), looks, "{len} told {told:?}: {:?}", pair.toy.asked);
    }
}

#[test]
fn an_answer_that_does_not_come_holds_up_what_is_far_behind_it() {
    let mut pair = pair(
        0,
        Manners { limits: Some(Limits { read: 255 << 10, ..Limits::default() }), ..Manners::default() },
    );
    pair.toy.files.insert(b"f".to_vec(), vec![1; 60 << 20]);
    pair.client.start(Verb::Get { path: b"f".to_vec(), from: 0, len: None });
    let mut late = None;
    let mut furthest = 0;
    loop {
        let sent = pair.transmit();
        pair.toy.take(&sent);
        let Some(answer) = pair.toy.give() else { break };
        if late.is_none() && answer[4] == 103 {
            late = Some(answer);
            continue;
        }
        pair.client.handle(answer.into()).unwrap();
        while let Some(event) = pair.client.poll_event() {
            if let Event::Data { offset, octets, .. } = event {
                furthest = furthest.max(offset + octets.len() as u64);
            }
        }
    }
    assert!((31 << 20..=33 << 20).contains(&furthest), "{furthest}");
    pair.client.handle(late.unwrap().into()).unwrap();
    pair.run();
    assert!(
        matches!(pair.over.values().next(), Some(Ok(Outcome::Got { octets, .. })) if *octets == 60 << 20)
    );
}

#[test]
fn files_go_whole_in_pieces_that_the_server_takes() {
    for (seed, len) in [0, 1, 69, 70, 71, 7_000, 30_001].into_iter().enumerate() {
        let seed = seed as u64;
        let mut pair = pair(seed, Manners { limits: small_limits(), shuffles: true, ..Manners::default() });
        let content = content(seed, len);
        let result = pair.put(b"new", &content, Begin::Fresh, Facts::default());
        assert_eq!(result, Ok(Outcome::Put { octets: len as u64 }));
        assert_eq!((&pair.toy.files[&b"new"[..]], pair.stored), (&content, len as u64));
        assert!(pair.toy.largest <= 70, "limits@openssh.com is obeyed");
        assert_eq!(pair.toy.open_handles(), 0);
        assert!(pair.toy.set.is_empty(), "nothing is set that was not asked for");
    }
}

#[test]
fn a_put_goes_on_behind_what_is_there_unless_that_is_more() {
    let mut pair = pair(1, Manners { limits: small_limits(), ..Manners::default() });
    let content = content(2, 1_000);
    pair.toy.files.insert(b"f".to_vec(), content[..333].to_vec());
    assert_eq!(pair.put(b"f", &content, Begin::Behind, Facts::default()), Ok(Outcome::Put { octets: 667 }));
    assert_eq!(pair.toy.files[&b"f"[..]], content);
    assert_eq!(pair.put(b"f", &content, Begin::Behind, Facts::default()), Ok(Outcome::Put { octets: 0 }));
    let result = pair.put(b"f", &content[..10], Begin::Behind, Facts::default());
    assert_eq!(result, Err(Failure::Truncated { expected: 10, found: 1_000 }));
    assert_eq!(pair.toy.files[&b"f"[..]], content, "nothing was changed");
}

#[test]
fn times_and_permissions_are_set_before_the_close() {
    let mut pair = pair(1, Manners::default());
    let times = Some(Times { accessed: 1, modified: 2 });
    let facts = Facts { mode: Some(0o640), times };
    pair.put(b"f", b"x", Begin::Fresh, facts).unwrap();
    assert_eq!(pair.toy.set, [Attrs { mode: Some(0o640), times, ..Attrs::default() }]);
    assert_eq!(pair.toy.asked, ["OPEN", "SETSTAT", "CLOSE"]);
}

#[test]
fn an_error_in_mid_file_ends_that_job_with_its_handle_closed_and_no_other() {
    for shuffles in [false, true] {
        let manners =
            Manners { limits: small_limits(), breaks_at: Some(5_000), shuffles, ..Manners::default() };
        let mut pair = pair(7, manners);
        let (long, short) = (content(1, 20_000), content(2, 4_000));
        pair.toy.files.insert(b"long".to_vec(), long.clone());
        pair.toy.files.insert(b"short".to_vec(), short.clone());
        let other = pair.client.start(Verb::Get { path: b"short".to_vec(), from: 0, len: None });
        let refused =
            |step| Err(Failure::Refused { step, status: Status::Failure, message: b"as it is".to_vec() });
        assert_eq!(pair.get(b"long", 0).0, refused(Step::Read));
        assert!(matches!(pair.over[&other], Ok(Outcome::Got { octets: 4_000, .. })));
        assert_eq!(pair.sinks[&other], short);
        assert_eq!(pair.put(b"p", &long, Begin::Fresh, Facts::default()), refused(Step::Write));
        assert_eq!(pair.toy.open_handles(), 0);
        assert_eq!(pair.client.in_flight(), (0, 0));
    }
}

#[test]
fn what_is_refused_says_to_what_and_why() {
    let mut pair = pair(3, Manners { close_fails: true, ..Manners::default() });
    let refused = |step, status| Err(Failure::Refused { step, status, message: b"as it is".to_vec() });
    assert_eq!(pair.get(b"absent", 0).0, refused(Step::Open, Status::NoSuchFile));
    assert_eq!(pair.one(Verb::Stat { path: b"absent".to_vec() }), refused(Step::Ask, Status::NoSuchFile));
    assert_eq!(pair.one(Verb::Mkdir { path: b"d".to_vec() }), refused(Step::Ask, Status::PermissionDenied));
    // An upload that could not be closed is not there; a download is.
    let put = pair.put(b"f", b"abc", Begin::Fresh, Facts::default());
    assert_eq!(put, refused(Step::Close, Status::Failure));
    assert!(pair.get(b"f", 0).0.is_ok());
}

#[test]
fn a_file_that_changes_meanwhile_is_not_taken_for_whole() {
    let manners = Manners { limits: small_limits(), lies: Some(2_000), ..Manners::default() };
    let mut pair = pair(3, manners);
    pair.toy.files.insert(b"f".to_vec(), content(1, 1_000));
    assert_eq!(pair.get(b"f", 0).0, Err(Failure::Truncated { expected: 2_000, found: 1_000 }));
    assert_eq!(pair.get(b"f", 2_001).0, Err(Failure::Truncated { expected: 2_001, found: 2_000 }));
    // What grows is taken as long as it was.
    pair.toy.manners.lies = Some(500);
    let (result, got) = pair.get(b"f", 0);
    assert!(matches!(result, Ok(Outcome::Got { octets: 500, .. })), "{result:?}");
    assert_eq!(got, content(1, 1_000)[..500]);
}

#[test]
fn a_source_that_ends_early_ends_the_put_and_closes_its_handle() {
    let mut pair = pair(3, Manners { limits: small_limits(), ..Manners::default() });
    let job = pair.client.start(Verb::Put {
        path: b"f".to_vec(),
        len: 1_000,
        begin: Begin::Fresh,
        facts: Facts::default(),
    });
    pair.sources.insert(job, vec![1; 300]);
    pair.run();
    assert_eq!(pair.over[&job], Err(Failure::Aborted));
    assert_eq!((pair.toy.open_handles(), pair.client.in_flight()), (0, (0, 0)));
}

#[test]
fn an_aborted_job_closes_its_handle_whenever_it_is_aborted() {
    for steps in 0..12 {
        let mut pair = pair(steps, Manners { limits: small_limits(), ..Manners::default() });
        pair.toy.files.insert(b"f".to_vec(), content(1, 10_000));
        pair.toy.directory = (0..50).map(|n| vec![n]).collect();
        let verbs = [
            Verb::Get { path: b"f".to_vec(), from: 0, len: None },
            Verb::Put { path: b"g".to_vec(), len: 9_000, begin: Begin::Fresh, facts: Facts::default() },
            Verb::List { path: b"d".to_vec() },
        ];
        let jobs = verbs.map(|verb| pair.client.start(verb));
        pair.sources.insert(jobs[1], content(2, 9_000));
        for _ in 0..steps {
            let sent = pair.transmit();
            pair.toy.take(&sent);
            if let Some(answer) = pair.toy.give() {
                pair.client.handle(answer.into()).unwrap();
            }
        }
        for job in jobs {
            pair.client.abort(job);
        }
        pair.run();
        pair.facts();
        for job in jobs {
            assert_eq!(pair.over[&job], Err(Failure::Aborted), "after {steps} steps");
        }
        assert_eq!((pair.toy.open_handles(), pair.client.in_flight()), (0, (0, 0)), "after {steps} steps");
    }
}

#[test]
fn directories_are_listed_to_their_end_also_by_servers_that_take_one_readdir_at_a_time() {
    for one_readdir in [false, true] {
        for len in [0, 1, 3, 4, 100] {
            let mut pair = pair(len, Manners { one_readdir, ..Manners::default() });
            pair.toy.directory = (0..len).map(|n| n.to_be_bytes().to_vec()).collect();
            assert_eq!(pair.one(Verb::List { path: b".".to_vec() }), Ok(Outcome::Done));
            pair.names.sort();
            assert_eq!(pair.names, pair.toy.directory, "{len} names, one at a time: {one_readdir}");
            assert_eq!(pair.toy.open_handles(), 0);
        }
    }
}

#[test]
fn extensions_are_used_where_they_are_named_and_only_there() {
    let rename = |replace| Verb::Rename { from: b"a".to_vec(), to: b"b".to_vec(), replace };
    let check = || Verb::Check { path: b"b".to_vec(), algorithms: b"md5".to_vec() };
    for (extensions, replace, request) in [
        (vec![], true, "RENAME"),
        (vec!["posix-rename@openssh.com"], true, "posix-rename"),
        (vec!["posix-rename@openssh.com"], false, "RENAME"),
    ] {
        let mut pair = pair(0, Manners { extensions, ..Manners::default() });
        pair.toy.files.insert(b"a".to_vec(), Vec::new());
        assert_eq!(pair.one(rename(replace)), Ok(Outcome::Done));
        assert_eq!(pair.toy.asked, [request]);
        assert_eq!(pair.one(check()), Err(Failure::Unsupported("check-file")));
        let file_system = pair.one(Verb::FileSystem { path: b"b".to_vec() });
        assert_eq!(file_system, Err(Failure::Unsupported("statvfs@openssh.com")));
    }
    let mut pair = pair(0, Manners { extensions: vec!["check-file"], ..Manners::default() });
    let digest = Outcome::Digest { algorithm: b"md5".to_vec(), digest: b"0123456789abcdef".to_vec() };
    assert_eq!(pair.one(check()), Ok(digest));
    let home = pair.one(Verb::Realpath { path: b"x\xfe".to_vec() });
    assert_eq!(home, Ok(Outcome::Name(b"/home/x\xfe".to_vec())));
}

/// A client that has one READ of 100 octets open, whose number is 3.
fn reading() -> Client {
    let mut pair = pair(0, Manners { limits: small_limits(), ..Manners::default() });
    pair.toy.files.insert(b"f".to_vec(), content(1, 100));
    pair.client.start(Verb::Get { path: b"f".to_vec(), from: 0, len: None });
    for _ in 0..3 {
        let sent = pair.transmit();
        pair.toy.take(&sent);
        let answer = pair.toy.give().unwrap();
        pair.client.handle(answer.into()).unwrap();
    }
    let sent = pair.transmit();
    assert_eq!(sent[4], 8, "the FSTAT, {sent:?}");
    assert_eq!(pair.client.in_flight().0, 2, "and a READ");
    pair.client
}

#[test]
fn answers_that_do_not_fit_end_the_machine_with_whose_fault_it_is() {
    let status = |id: u32| {
        let mut out = Vec::new();
        let answer = Answer::Status { status: Status::Ok, message: b"", language: b"" };
        Reply::Answered { id, answer }.write(&mut out);
        out
    };
    let data = |id: u32, octets: &[u8]| {
        [&crate::data_head(id, u32::try_from(octets.len()).unwrap())[..], octets].concat()
    };
    let long = vec![1; 101];
    for (octets, fault) in [
        (status(77), Fault::Unasked(77)),
        (data(77, b"x"), Fault::Unasked(77)),
        (status(3), Fault::WrongAnswer { step: Step::Read }),
        (data(2, b"x"), Fault::WrongAnswer { step: Step::Facts }),
        (data(3, &long), Fault::TooMuch { asked: 100, found: 101 }),
        (data(3, b""), Fault::NoOctets),
        (vec![0, 4, 0, 1], Fault::TooLong(262_145)),
        (vec![0, 0, 0, 0], Fault::TooLong(0)),
        (vec![0, 0, 0, 5, 2, 0, 0, 0, 3], Fault::Version),
        (vec![0, 0, 0, 5, 99, 0, 0, 0, 3], Fault::Malformed(Malformed::Type(99))),
        (vec![0, 0, 0, 9, 103, 0, 0, 0, 3, 0, 0, 0, 1], Fault::Malformed(Malformed::Short)),
        (vec![0, 0, 0, 8, 103, 0, 0, 0, 3, 0, 0, 0], Fault::Malformed(Malformed::Short)),
    ] {
        let mut client = reading();
        assert_eq!(client.handle(octets.clone().into()), Err(fault), "{octets:?}");
        assert_eq!(client.handle(status(3).into()), Err(fault), "it stays so");
        assert_eq!(client.closed(), Err(fault));
        assert_eq!(client.poll_transmit(&mut Vec::new()), Transmit::Nothing);
    }
    let mut client = reading();
    assert_eq!(client.closed(), Err(Fault::Ended(2)));
}

#[test]
fn what_is_not_sftp_at_all_is_said_so() {
    for (octets, fault) in [
        (&b"Welcome to this host\n"[..], Fault::Text(*b"Welc")),
        (&[0, 0, 0, 5, 2, 0, 0, 0, 2], Fault::OtherVersion(2)),
        (&[0, 0, 0, 5, 101, 0, 0, 0, 0], Fault::Version),
        (&[0, 0, 0, 1, 7], Fault::Version),
    ] {
        let mut client = Client::new();
        let _ = client.poll_transmit(&mut Vec::new());
        assert_eq!(client.handle(Bytes::from_static(octets)), Err(fault));
        assert!(!fault.to_string().is_empty());
    }
    let mut client = Client::new();
    let _ = client.poll_transmit(&mut Vec::new());
    assert_eq!(client.closed(), Err(Fault::Ended(0)));
}
