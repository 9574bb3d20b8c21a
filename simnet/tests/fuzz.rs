//! Sender against receiver, held against a model: whatever the network and strangers do, nobody is stuck, and
//! whoever says `Complete` is right.

use clock::{Duration, Instant};
use link::{Odds, Params, Rng};
use simnet::tftp::{ClientNode, ServerNode};
use simnet::{Node, Pair};
use tftp_proto::{Config, Mode, Offer, Outcome, SendAhead};

const DAY: Duration = Duration::from_secs(86_400);

/// The soak asks for more.
fn seeds(quick: u64) -> u64 {
    std::env::var("SIMNET_SEEDS").map_or(quick, |n| n.parse().expect("SIMNET_SEEDS is a number"))
}

/// What one run is: everything follows from its seed.
struct Case {
    seed: u64,
    down: bool,
    mode: Mode,
    offer: Offer,
    file: Vec<u8>,
    params: Params,
    config: (Config, Config),
}

fn some_ms(rng: &mut Rng, below: u64) -> Duration {
    Duration::from_micros(rng.below(below * 1_000))
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut rng = Rng::new(seed ^ 0x51c6_4b2d);
        let mode = if rng.below(3) == 0 { Mode::Netascii } else { Mode::Octet };
        let len = rng.below(4_000);
        // Text has lines and lone CRs; octets have everything.
        let octet = |rng: &mut Rng| match (mode, rng.below(8)) {
            (Mode::Netascii, 0) => b'\n',
            (Mode::Netascii, 1) => b'\r',
            (Mode::Netascii, _) => b'a' + rng.below(26) as u8,
            (Mode::Octet, _) => rng.next_u64() as u8,
        };
        let file: Vec<u8> = (0..len).map(|_| octet(&mut rng)).collect();
        let mut offer = Offer::none();
        if rng.below(5) > 0 {
            offer = offer.blksize(8 + rng.below(120) as u16).windowsize(1 + rng.below(32) as u16);
        }
        if rng.below(3) > 0 {
            offer = offer.timeout(1 + rng.below(5) as u8);
        }
        let down = rng.below(2) == 0;
        if mode == Mode::Octet && rng.below(2) > 0 {
            offer = offer.tsize(if down { 0 } else { len });
        }
        let params = Params {
            loss: Odds::percent(rng.below(20) as u32),
            duplicate: Odds::percent(rng.below(20) as u32),
            reorder: Odds::percent(rng.below(20) as u32),
            delay: some_ms(&mut rng, 50),
            jitter: some_ms(&mut rng, 20),
            rate: (rng.below(3) == 0).then(|| 20_000 + rng.below(1_000_000)),
            queue: (rng.below(2) == 0).then(|| 1_500 + rng.below(20_000)),
        };
        let send_ahead = (rng.below(2) == 0).then(|| SendAhead { most: 2 + rng.below(4) as u16 });
        let config = (
            Config { send_ahead, ..Config::client() },
            Config { send_ahead, unproved_repeats: None, ..Config::server() },
        );
        Case { seed, down, mode, offer, file, params, config }
    }

    fn nodes(&self) -> (ClientNode, ServerNode) {
        let (ours, theirs) = self.config;
        let (file, offer) = (self.file.clone(), self.offer.clone());
        if self.down {
            (ClientNode::get_as(self.mode, offer, ours), ServerNode::new(file, theirs))
        } else {
            (ClientNode::put_as(self.mode, &file, offer, ours), ServerNode::new(Vec::new(), theirs))
        }
    }

    /// Who says `Complete` has, or gave, the file.
    fn judge(&self, client: &ClientNode, server: &ServerNode) {
        let what = || format!("seed {}: {:?} {:?}, {:?}", self.seed, self.mode, self.offer, self.params);
        let received = if self.down { client.received() } else { server.received() };
        assert!(received.is_none_or(|r| r == self.file), "{}: a wrong file", what());
        for outcome in [client.outcome(), server.outcome()] {
            if outcome == Some(&Outcome::Complete) {
                assert!(received.is_some(), "{}: Complete, and nothing is there", what());
            }
        }
    }
}

#[test]
fn on_any_network_a_file_arrives_as_it_was_and_nobody_is_stuck() {
    let seeds = seeds(1_500);
    println!("soak: {seeds} files over networks that lose, double, shuffle and overflow");
    for seed in 0..seeds {
        let case = Case::new(seed);
        let (client, server) = case.nodes();
        let mut pair = Pair::new(client, server, case.params, seed);
        let ended = pair.run(DAY);
        case.judge(&pair.a, &pair.b);
        let (a, b) = (pair.a.outcome(), pair.b.outcome());
        assert!(ended.is_some(), "seed {seed}: stuck ({a:?}, {b:?})");
        let whole = if case.down { pair.a.received() } else { pair.b.received() };
        assert!(whole.is_some(), "seed {seed}: not whole ({a:?}, {b:?})");
    }
}

/// What a stranger puts between the datagrams of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forgery {
    /// ACKs, OACKs, the request again, junk.
    Talk,
    /// DATA as well, its own and the node's with a bit turned.
    Data,
}

/// A node among whose datagrams a stranger mixes his own, and which may fall silent for good.
struct Hostile<N> {
    inner: N,
    rng: Rng,
    forgery: Forgery,
    /// What it sent first and last, for the stranger to repeat and to bend.
    first: Vec<u8>,
    last: Vec<u8>,
    /// Datagrams after which the true node falls silent; the stranger does not.
    life: u64,
    forged: Vec<Vec<u8>>,
    next_at: Instant,
}

impl<N> Hostile<N> {
    fn new(inner: N, forgery: Forgery, seed: u64) -> Hostile<N> {
        let mut rng = Rng::new(seed ^ 0x0bad_5eed);
        let life = if rng.below(2) == 0 { u64::MAX } else { 1 + rng.below(60) };
        let next_at = Instant::ZERO + Duration::from_millis(rng.below(100));
        Hostile {
            inner,
            rng,
            forgery,
            first: Vec::new(),
            last: Vec::new(),
            life,
            forged: Vec::new(),
            next_at,
        }
    }

    fn forge(&mut self, now: Instant) {
        self.next_at = now + Duration::from_millis(1 + self.rng.below(400));
        // Small numbers are nearer to what is awaited.
        let no = (self.rng.next_u64() as u16 >> self.rng.below(16)).to_be_bytes();
        let len = self.rng.below(200) as usize;
        let kinds = if self.forgery == Forgery::Data { 12 } else { 8 };
        self.forged.push(match self.rng.below(kinds) {
            0..4 => [&[0, 4][..], &no].concat(),
            4 => b"\0\x06blksize\x0099999\0windowsize\x000\0tsize\x00-1\0".to_vec(),
            5 => b"\0\x06windowsize\x003\0windowsize\x003\0\0\0".to_vec(),
            // The request again, or the first answer to it.
            6 => self.first.clone(),
            // Of operation codes that there are none of; an ERROR now and then, for it ends everything.
            7 if self.rng.below(16) == 0 => [&[0, 5][..], &no, b"stop\0"].concat(),
            7 => [&[7][..], &(0..len).map(|_| self.rng.next_u64() as u8).collect::<Vec<_>>()].concat(),
            8 => [&[0, 3][..], &no, &vec![0x5a; len]].concat(),
            9 => self.last.iter().copied().take(len).collect(),
            _ => {
                let mut bent = self.last.clone();
                if !bent.is_empty() {
                    let at = self.rng.below(bent.len() as u64) as usize;
                    bent[at] ^= 1 << self.rng.below(8);
                }
                bent
            }
        });
    }
}

impl<N: Node> Node for Hostile<N> {
    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.inner.handle(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if now >= self.next_at {
            self.forge(now);
        }
        if self.inner.poll_timeout().is_some_and(|at| at <= now) {
            self.inner.handle_timeout(now);
        }
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if let Some(forged) = self.forged.pop() {
            return Some(forged);
        }
        loop {
            let datagram = self.inner.poll_transmit()?;
            self.last.clone_from(&datagram);
            if self.first.is_empty() {
                self.first.clone_from(&datagram);
            }
            if self.life > 0 {
                self.life -= 1;
                return Some(datagram);
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.inner.poll_timeout().map_or(self.next_at, |at| at.min(self.next_at)))
    }

    fn is_over(&self) -> bool {
        true
    }
}

/// A stranger who writes from the peer's own address. What must hold at the other end: no panic, an end, and no
/// file that is not the peer's as long as none of its DATA is forged (nothing in TFTP tells forged DATA apart).
#[test]
fn against_a_hostile_peer_everything_ends_and_no_false_file_is_whole() {
    let seeds = seeds(1_500);
    println!("soak: {seeds} transfers with a hostile peer end, none with a false file");
    for seed in 0..seeds {
        let case = Case::new(seed);
        let forgery = if seed % 4 < 2 { Forgery::Talk } else { Forgery::Data };
        let (client, server) = case.nodes();
        let wrong = |received: Option<&[u8]>| {
            assert!(
                forgery == Forgery::Data || received.is_none_or(|r| r == case.file),
                "seed {seed}: a false file"
            );
        };
        if seed % 2 == 0 {
            let mut pair = Pair::new(client, Hostile::new(server, forgery, seed), case.params, seed);
            while pair.a.outcome().is_none() {
                pair.step(DAY).unwrap_or_else(|| panic!("seed {seed}: the client is stuck"));
            }
            wrong(if case.down { pair.a.received() } else { None });
        } else {
            let mut pair = Pair::new(Hostile::new(client, forgery, seed), server, case.params, seed);
            // The server may never hear of a request.
            let heard = |pair: &Pair<_, ServerNode>| pair.b.poll_timeout().is_some();
            while pair.b.outcome().is_none() && (heard(&pair) || pair.now() < Instant::ZERO + DAY / 24) {
                pair.step(DAY).unwrap_or_else(|| panic!("seed {seed}: the server is stuck"));
            }
            wrong(if case.down { None } else { pair.b.received() });
        }
    }
}
