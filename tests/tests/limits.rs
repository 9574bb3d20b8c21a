//! Limits on real sockets: rates that hold, sessions that are kicked, addresses that are banned.
//!
//! With `E2E_SOAK` rates are measured over 10 s, for one and for a hundred transfers at once.

use client::{ClientError, Options, Remote, Scheme};
use e2e::ours;
use e2e::poll::{PATIENCE, until};
use e2e::wire::{Answer, Client};
use gate::audit::{By, Events, What};
use gate::{Ban, Caps, Gate, Limits, Penalties, Policy, Protocol, Rates, User, Verdict, hash_password};
use serve::ftp::FtpConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use store::memory::Memory;
use store::{Blob, Sink};
use transport::Cancel;
use transport::tap::{Dir, Sense, Sight, Tap, What as Seen};

const BY: By = By::Operator(None);

struct House {
    store: Memory,
    gate: Arc<Gate>,
    events: Events,
    ftp: StreamServer,
    tftp: TftpServer,
}

fn house(limits: Limits, penalties: Option<Penalties>) -> House {
    house_seen(limits, penalties, None)
}

fn house_seen(limits: Limits, penalties: Option<Penalties>, tap: Option<Arc<Moved>>) -> House {
    let tap = tap.map(|tap| tap as Arc<dyn Tap>);
    let store = Memory::new();
    let hash = hash_password(&gate::Secret::new("p"));
    let users = vec![User::new("u", &hash).unwrap()];
    let policy = Policy { users, write: true, anonymous: true, limits, penalties, ..Policy::default() };
    let (gate, events) = Gate::new(Arc::new(store.clone()), policy);
    let config = FtpConfig { active_port: 0, ..FtpConfig::default() };
    let ftp =
        serve::ftp::start(gate.clone(), vec![TcpListener::bind("127.0.0.1:0").unwrap()], config, tap.clone());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tftp = TftpServer::start(gate.clone(), vec![socket], TftpConfig::default(), tap).unwrap();
    House { store, gate, events, ftp: ftp.unwrap(), tftp }
}

impl House {
    fn remote(&self, scheme: Scheme, name: &str) -> Remote {
        let server = match scheme {
            Scheme::Ftp | Scheme::Ftps => self.ftp.addresses()[0],
            Scheme::Tftp => self.tftp.addresses()[0],
            Scheme::Sftp | Scheme::Scp | Scheme::Http | Scheme::Https => {
                unreachable!("only these two are served here")
            }
        };
        ours::remote(scheme, server, name)
    }

    /// The next event of which `of` makes something.
    fn next<T>(&self, of: impl Fn(u64, What) -> Option<T>) -> T {
        let by = Instant::now() + PATIENCE;
        while let Some(event) = self.events.recv_timeout(by.saturating_duration_since(Instant::now())) {
            if let Some(found) = of(event.session, event.what) {
                return found;
            }
        }
        panic!("no such event");
    }

    fn verdict(&self) -> Verdict {
        self.next(|_, what| match what {
            What::Ended { verdict, .. } => Some(verdict),
            _ => None,
        })
    }

    /// The session of the next transfer that begins.
    fn session(&self) -> u64 {
        self.next(|session, what| matches!(what, What::Started { .. }).then_some(session))
    }
}

/// Counts what comes.
#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> std::io::Result<()> {
        self.0 = self.0.max(offset + octets.len() as u64);
        Ok(())
    }
}

// ---- rates

/// Counts octets of files as the server moves them.
#[derive(Default)]
struct Moved(AtomicU64);

impl Tap for Moved {
    fn see(&self, sight: &Sight<'_>) {
        let octets = match (&sight.what, sight.dir) {
            (Seen::Data { len, .. }, _) => *len,
            // DATA: two octets of opcode, two of its number. Of what a peer sends again it is the master.
            (Seen::Datagram { head: [0, 3, ..], len, .. }, Dir::Sent) => len - 4,
            (Seen::Datagram { head: [0, 3, ..], len, sense: Sense::First | Sense::Gap }, Dir::Received) => {
                len - 4
            }
            _ => return,
        };
        self.0.fetch_add(octets as u64, Ordering::Relaxed);
    }
}

/// Moves `count` files at once through a server that lets `rate` octets a second through in all: the rate that was
/// kept over `time`, once all of them run.
fn kept(scheme: Scheme, upload: bool, count: u64, rate: u64, time: Duration) -> f64 {
    let both = Rates { inward: Some(rate), outward: Some(rate) };
    let all = Caps { rates: both, half_open: Some(200), ..Limits::default().all };
    let per_address = Caps { half_open: Some(200), sessions: Some(200), ..Caps::default() };
    let limits = Limits { all, per_address, ..Limits::default() };
    let moved = Arc::new(Moved::default());
    let house = house_seen(limits, None, Some(moved.clone()));
    // Nobody comes to the end of his file.
    let octets = usize::try_from(9 * rate * (time.as_millis() as u64 + 1_000) / 1_000 / count).unwrap();
    let content = vec![0x5a_u8; octets];
    // The store has room for one of them only.
    if !upload {
        house.store.seed("/f", content.clone());
    }
    let blob = Blob::Memory(content.into());
    let cancel = Cancel::new().unwrap();
    std::thread::scope(|scope| {
        for n in 0..count {
            let (house, blob, cancel) = (&house, &blob, cancel.clone());
            scope.spawn(move || {
                let options = Options { cancel: Some(cancel), ..Options::default() };
                let ended = if upload {
                    client::put(blob, &house.remote(scheme, &format!("up{n}")), &options).map(drop)
                } else {
                    client::get(&house.remote(scheme, "f"), &mut Count::default(), &options).map(drop)
                };
                assert!(matches!(ended, Err(ClientError::Cancelled)), "{ended:?}");
            });
        }
        // What may be caught up with is spent by then.
        let open = || {
            let runs = house.gate.open().1 as u64 == count && moved.0.load(Ordering::Relaxed) > rate * 2 / 5;
            runs.then_some(())
        };
        assert!(until(PATIENCE, open).is_some(), "{:?} of {count} run", house.gate.open());
        let (began, before) = (Instant::now(), moved.0.load(Ordering::Relaxed));
        let over = || (began.elapsed() >= time).then(|| moved.0.load(Ordering::Relaxed));
        let after = until(time + PATIENCE, over).expect("time passes");
        let found = (after - before) as f64 / began.elapsed().as_secs_f64();
        cancel.cancel();
        found
    })
}

#[test]
fn rates_hold_for_one_and_for_many_in_both_directions() {
    let soak = e2e::is_soak();
    let (time, many, rates) = if soak {
        (Duration::from_secs(10), 100, vec![64 << 10, 10_000_000])
    } else {
        (Duration::from_millis(600), 8, vec![1_000_000])
    };
    for scheme in [Scheme::Tftp, Scheme::Ftp] {
        for upload in [false, true] {
            for count in [1, many] {
                for &rate in &rates {
                    let found = kept(scheme, upload, count, rate, time);
                    let percent = (found / rate as f64 - 1.0) * 100.0;
                    let way = if upload { "upload" } else { "download" };
                    println!("soak: {scheme:?} {way}, {count} at once, {rate} octets/s: {percent:+.1} %");
                    // In so short a time a block or a bite more is much, and what the machine slept through.
                    let most = if soak { 5.0 } else { 25.0 };
                    assert!(percent < most, "{found:.0} instead of {rate}");
                    // A loaded machine may be slower; alone it is not.
                    assert!(!soak || percent > -5.0, "{found:.0} instead of {rate}");
                }
            }
        }
    }
}

#[test]
fn a_rate_of_one_address_leaves_others_alone() {
    let rates = Rates { outward: Some(100_000), inward: None };
    let per_address = Caps { rates, ..Caps::default() };
    let house = house(Limits { per_address, ..Limits::default() }, None);
    house.store.seed("/f", vec![0x5a; 5_000_000]);
    let server = house.tftp.addresses()[0];
    let mut slow = Client::at("127.0.0.2".parse().unwrap(), server);
    slow.ask(1, "f", &[("blksize", "8192"), ("windowsize", "4")]);
    assert!(matches!(slow.hear(), Answer::Oack(_)));
    slow.ack(0);
    assert!(matches!(slow.hear(), Answer::Data(1, _)));
    // 50 s for the one at that rate; the other is over while it waits.
    let mut got = Count::default();
    let began = Instant::now();
    rates_of_another(&house, &mut got);
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

/// A download over TFTP from another address: 300,000 octets take 2 s at most at its own rate.
fn rates_of_another(house: &House, got: &mut Count) {
    house.store.seed("/g", vec![0x5a; 300_000]);
    client::get(&house.remote(Scheme::Tftp, "g"), got, &Options::default()).unwrap();
    assert_eq!(got.0, 300_000);
}

// ---- kicks

struct Ftp(BufReader<TcpStream>);

impl Ftp {
    fn connect(to: SocketAddr) -> Ftp {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Ftp(BufReader::new(stream))
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn ask(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.hear()
    }

    fn logged_in(house: &House) -> Ftp {
        let mut ftp = Ftp::connect(house.ftp.addresses()[0]);
        assert!(ftp.hear().starts_with("220 "));
        ftp.ask("USER anonymous");
        assert!(ftp.ask("PASS me@").starts_with("230 "));
        ftp.ask("TYPE I");
        ftp
    }

    fn data(&mut self) -> TcpStream {
        let line = self.ask("EPSV");
        let port = line.split('|').nth(3).and_then(|p| p.parse().ok()).unwrap();
        TcpStream::connect(("127.0.0.1", port)).unwrap()
    }
}

#[test]
fn a_session_of_ftp_that_is_kicked_ends_in_its_transfer_and_says_so() {
    let house = house(Limits::default(), None);
    house.store.seed("/big", vec![0x5a; 64 << 20]);
    let mut ftp = Ftp::logged_in(&house);
    let mut data = ftp.data();
    assert!(ftp.ask("RETR big").starts_with("150 "));
    data.read_exact(&mut [0; 1_000]).unwrap();
    let (session, began) = (house.session(), Instant::now());
    assert!(house.gate.kick(session, &BY));
    assert!(ftp.hear().starts_with("426 "));
    assert_eq!(ftp.hear(), "421 Kicked by the operator; good bye.\r\n");
    assert_eq!(house.verdict().word(), "kicked");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!house.gate.kick(session + 1_000, &BY), "there is no such session");
    // An upload leaves the old file, and an idle session just hears it.
    house.store.seed("/old", "old");
    let mut ftp = Ftp::logged_in(&house);
    let mut data = ftp.data();
    assert!(ftp.ask("STOR old").starts_with("150 "));
    data.write_all(b"new").unwrap();
    assert!(house.gate.kick(house.session(), &BY));
    assert!(ftp.hear().starts_with("426 "));
    assert!(ftp.hear().starts_with("421 Kicked"));
    assert_eq!(house.verdict().word(), "kicked");
    assert_eq!(house.store.content("/old").as_deref(), Some(&b"old"[..]));
    // Its place is free when it has gone.
    assert!(until(PATIENCE, || (house.gate.open() == (0, 0)).then_some(())).is_some());
    let mut idle = Ftp::logged_in(&house);
    assert_eq!(house.gate.kick_from(&"127.0.0.0/8".parse().unwrap(), &BY), 1);
    assert!(idle.hear().starts_with("421 Kicked"));
    assert!(until(PATIENCE, || (house.gate.open() == (0, 0)).then_some(())).is_some());
}

#[test]
fn a_transfer_of_tftp_that_is_kicked_ends_and_says_so() {
    let house = house(Limits::default(), None);
    house.store.seed("/big", vec![0x5a; 1 << 20]);
    let server = house.tftp.addresses()[0];
    let mut client = Client::new(server);
    client.ask(1, "big", &[]);
    assert!(matches!(client.hear(), Answer::Data(1, _)));
    client.ack(1);
    assert!(matches!(client.hear(), Answer::Data(2, _)));
    let began = Instant::now();
    assert!(house.gate.kick(house.session(), &BY));
    loop {
        match client.hear() {
            Answer::Error(0, text) => break assert_eq!(text, "kicked by the operator"),
            // Sent again before the kick arrived.
            Answer::Data(2, _) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(house.verdict().word(), "kicked");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // One whose peer never answered ends without a word to it: it may be forged.
    let quiet = Client::new(server);
    quiet.ask(2, "new", &[]);
    assert!(house.gate.kick(house.session(), &BY));
    assert_eq!(house.verdict().word(), "kicked");
    assert!(house.store.content("/new").is_none());
}

// ---- copies within the tree: each is a download and an upload at once

impl House {
    /// The verdicts of the next `n` transfers that end, and how many octets each had moved.
    fn ends(&self, n: usize) -> Vec<(&'static str, u64)> {
        let end = |_, what| match what {
            What::Ended { verdict, end, .. } => Some((verdict.word(), end.octets)),
            _ => None,
        };
        (0..n).map(|_| self.next(end)).collect()
    }
}

/// A server where a copy may take its time, and who may make one.
fn copying(rates: Rates) -> (House, Ftp) {
    let house = house(Limits { per_transfer: rates, ..Limits::default() }, None);
    let mut ftp = Ftp::logged_in(&house);
    ftp.ask("USER u");
    assert!(ftp.ask("PASS p").starts_with("230 "));
    (house, ftp)
}

#[test]
fn a_copy_keeps_the_rates_of_both_its_files_and_is_told_as_both() {
    let octets: Vec<u8> = (0..=250).cycle().take(200_000).collect();
    let (fast, slow) = (Some(1_000_000), Some(100_000));
    for (inward, outward) in [(fast, slow), (slow, None)] {
        let (house, mut ftp) = copying(Rates { inward, outward });
        house.store.seed("/f", octets.clone());
        house.store.seed("/a", octets[..100_000].to_vec());
        house.store.seed("/b", octets[100_000..].to_vec());
        assert!(ftp.ask("SITE CPFR f").starts_with("350 "));
        for (command, target) in [("SITE CPTO copy", "/copy"), ("COMB both a b", "/both")] {
            let began = Instant::now();
            let reply = ftp.ask(command);
            let took = began.elapsed();
            assert!(reply.starts_with("250 "), "{reply}");
            assert!(house.store.content(target).unwrap() == octets, "{command}");
            // A tenth of a second may be given in advance for each file; no machine is fast enough to break this.
            assert!(took >= Duration::from_millis(1_600), "{command} {inward:?} {outward:?}: {took:?}");
        }
        let (whole, half) = (("complete", 200_000), ("complete", 100_000));
        assert_eq!(house.ends(5), [whole, whole, half, half, whole]);
    }
}

#[test]
fn a_copy_that_waits_for_its_rate_ends_with_abor_or_its_session() {
    for end in ["abor", "kick", "reset"] {
        let (house, mut ftp) = copying(Rates { inward: Some(2_000), outward: None });
        house.store.seed("/f", vec![0x5a; 1_000_000]);
        house.store.seed("/g", "old");
        assert!(ftp.ask("SITE CPFR f").starts_with("350 "));
        ftp.0.get_mut().write_all(b"SITE CPTO g\r\n").unwrap();
        let session = house.session();
        let began = Instant::now();
        let broken = "450 The copy is broken off; what was there stays.\r\n";
        let word = match end {
            "abor" => {
                assert_eq!(ftp.ask("ABOR"), broken);
                assert_eq!(ftp.hear(), "226 ABOR done.\r\n");
                assert!(ftp.ask("QUIT").starts_with("221 "));
                "client-went-away"
            }
            "kick" => {
                assert!(house.gate.kick(session, &BY));
                assert_eq!(ftp.hear(), broken);
                assert_eq!(ftp.hear(), "421 Kicked by the operator; good bye.\r\n");
                "kicked"
            }
            _ => {
                socket2::SockRef::from(ftp.0.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
                drop(ftp);
                "client-went-away"
            }
        };
        let ends = house.ends(2);
        // All of it would take 500 s.
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        assert!(ends.iter().all(|(end, octets)| *end == word && *octets < 1_000_000), "{ends:?}");
        assert_eq!(house.store.content("/g").as_deref(), Some(&b"old"[..]));
        assert!(until(PATIENCE, || (house.gate.open() == (0, 0)).then_some(())).is_some());
    }
}

// ---- bans and penalties

#[test]
fn a_banned_address_is_told_so_before_anything_is_done() {
    let house = house(Limits::default(), None);
    house.store.seed("/f", "x");
    let net = "127.0.0.0/8".parse().unwrap();
    let until = Some(SystemTime::now() + Duration::from_secs(3_630));
    house.gate.ban(Ban { net, until, by: BY, reason: "it was me".into() }).unwrap();
    let words = "this address is banned for another 60 min";
    let mut client = Client::new(house.tftp.addresses()[0]);
    client.ask(1, "f", &[]);
    // Not longer than three times the request.
    let Answer::Error(0, text) = client.hear() else { panic!("an ERROR") };
    assert!(!text.is_empty() && words.starts_with(&text), "{text}");
    let mut ftp = Ftp::connect(house.ftp.addresses()[0]);
    assert_eq!(ftp.hear(), "421 This address is banned for another 60 min.\r\n");
    assert_eq!(ftp.hear(), "", "closed");
    assert!(house.gate.unban(&net, BY).unwrap());
    Ftp::logged_in(&house);
}

#[test]
fn whoever_only_tries_verbs_is_sent_away() {
    let penalties = Penalties { exempt: Vec::new(), ban_at: 3.0, ..Penalties::default() };
    let house = house(Limits::default(), Some(penalties));
    let mut ftp = Ftp::connect(house.ftp.addresses()[0]);
    ftp.hear();
    let by = Instant::now() + PATIENCE;
    let mut tries = 0;
    let last = loop {
        let answer = ftp.ask("FROBNICATE");
        if !answer.starts_with("500 ") {
            break answer;
        }
        tries += 1;
        assert!(Instant::now() < by, "{tries} verbs, and no end");
    };
    assert!(last.starts_with("421 This address is banned for another "), "{last}");
    assert!(tries >= 12, "{tries}: a quarter of a point for each");
    // Some more are heard before the ban is known, and may earn the next one.
    let reason = house.gate.bans().list()[0].reason.clone();
    assert!(reason.ends_with(" unknown verbs"), "{reason}");
}

#[test]
fn wrong_passwords_are_answered_later_and_later_and_then_not_at_all() {
    let penalties = Penalties {
        exempt: Vec::new(),
        delay_at: 1.0,
        longest_delay: Duration::from_millis(300),
        ban_at: 3.0,
        ..Penalties::default()
    };
    let house = house(Limits::default(), Some(penalties));
    let mut ftp = Ftp::connect(house.ftp.addresses()[0]);
    ftp.hear();
    for n in 0..2 {
        ftp.ask("USER u");
        let began = Instant::now();
        assert!(ftp.ask("PASS wrong").starts_with("530 "));
        assert!(n == 0 || began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    }
    assert!(house.gate.bans().is_empty());
    ftp.ask("USER u");
    ftp.ask("PASS wrong");
    assert_eq!(house.gate.bans().list()[0].reason, "3 failed logins");
    let (net, by) = house.next(|_, what| match what {
        What::Banned { net, by, .. } => Some((net, by)),
        _ => None,
    });
    assert_eq!((net.as_str(), by), ("127.0.0.1", By::Itself));
    let mut again = Ftp::connect(house.ftp.addresses()[0]);
    assert!(again.hear().starts_with("421 This address is banned for another "));
    house.next(|_, what| match what {
        What::RefusedKnock { why: gate::Refusal::Banned { .. } } => Some(()),
        _ => None,
    });
    let session = gate::Knock {
        protocol: Protocol::Tftp,
        local: house.tftp.addresses()[0],
        peer: "127.0.0.1:9".parse().unwrap(),
        security: gate::Security::Clear,
        credentials: gate::Credentials::None,
        agreed: None,
        certificate: None,
        host: None,
    };
    assert!(house.gate.admit(&session).is_err(), "of every protocol");
}
