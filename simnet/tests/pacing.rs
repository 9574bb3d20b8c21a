//! A window that is more than the path or the peer holds.

use clock::{Duration, Instant};
use link::Params;
use simnet::tftp::{ClientNode, ServerNode};
use simnet::{Node, Pair};
use std::collections::VecDeque;
use tftp_proto::{Config, Offer};

const MS: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(86_400);
const BLKSIZE: u16 = 1_428;
const WINDOW: u16 = 64;
/// 100 Mbit/s.
const RATE: u64 = 12_500_000;

/// A line in front of which so many blocks may wait.
fn narrow(blocks: u64) -> Params {
    let len = u64::from(BLKSIZE) + 4;
    Params { delay: MS, rate: Some(RATE), queue: Some(blocks * len), ..Params::default() }
}

/// A server that sends every window at once, restarts behind each ACK and repeats after 10 ms.
struct Plain {
    file: Vec<u8>,
    acked: usize,
    out: VecDeque<Vec<u8>>,
    retry_at: Option<Instant>,
}

impl Plain {
    fn last(&self) -> usize {
        self.file.len() / usize::from(BLKSIZE) + 1
    }

    fn window(&mut self, now: Instant) {
        self.out.clear();
        for block in self.acked + 1..=self.last().min(self.acked + usize::from(WINDOW)) {
            let from = (block - 1) * usize::from(BLKSIZE);
            let end = self.file.len().min(from + usize::from(BLKSIZE));
            let [a, b] = (block as u16).to_be_bytes();
            self.out.push_back([&[0, 3, a, b], &self.file[from..end]].concat());
        }
        self.retry_at = Some(now + MS * 10);
    }
}

impl Node for Plain {
    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        match datagram {
            [0, 1, ..] => {
                let oack = format!("\0\x06blksize\0{BLKSIZE}\0windowsize\0{WINDOW}\0");
                self.out.push_back(oack.into_bytes());
            }
            [0, 4, a, b] => {
                let ahead = u16::from_be_bytes([*a, *b]).wrapping_sub(self.acked as u16);
                if ahead <= WINDOW && (ahead > 0 || self.retry_at.is_none()) {
                    self.acked += usize::from(ahead);
                    self.window(now);
                }
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.window(now);
        }
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.retry_at
    }

    fn is_over(&self) -> bool {
        self.acked == self.last()
    }
}

/// Octets a second, in parts of a thousand of the line's.
fn through<S: Node>(server: S, file: &[u8], params: Params) -> (u128, Pair<ClientNode, S>) {
    let offer = Offer::none().blksize(BLKSIZE).windowsize(WINDOW);
    let mut pair = Pair::new(ClientNode::get(offer, Config::client()), server, params, 1);
    while pair.a.received().is_none() {
        pair.step(DAY).expect("it goes on");
    }
    assert!(pair.a.received() == Some(file));
    let ideal = file.len() as u128 * 1_000_000 / u128::from(RATE);
    (ideal * 1_000 / pair.now().since(Instant::ZERO).as_micros(), pair)
}

fn file() -> Vec<u8> {
    (0..8_000_000u32).map(|n| (n / 7) as u8).collect()
}

/// A window of 64 over a queue of 4 to 100: what a sender that does not pace makes of it, and ours.
#[test]
fn a_window_that_overruns_the_path_goes_out_in_bursts_that_do_not() {
    let file = file();
    for (queue, least) in [(4, 300), (8, 300), (16, 300), (32, 500), (48, 400)] {
        let plain = Plain { file: file.clone(), acked: 0, out: VecDeque::new(), retry_at: None };
        let (plain, _) = through(plain, &file, narrow(queue));
        let (ours, pair) = through(ServerNode::new(file.clone(), Config::server()), &file, narrow(queue));
        let figures = pair.b.sender().expect("it sends").figures();
        println!("queue {queue}: {ours} of 1,000, without pacing {plain}; {figures:?}");
        assert!(ours >= least, "queue of {queue}: {ours} of 1,000; {figures:?}");
        assert!(figures.burst < WINDOW && figures.repeats < figures.blocks / 2, "{figures:?}");
        // A queue that takes three quarters of the window is not much of an overrun.
        assert!(
            queue > 32 || ours > plain * 3 / 2,
            "queue of {queue}: {plain} without pacing, {ours} with it"
        );
    }
}

#[test]
fn a_window_that_fits_is_sent_at_once() {
    let file = file();
    let (ours, pair) = through(ServerNode::new(file.clone(), Config::server()), &file, narrow(64));
    let figures = pair.b.sender().expect("it sends").figures();
    assert_eq!((figures.burst, figures.repeats, figures.timeouts), (WINDOW, 0, 0));
    assert!(ours >= 750, "{ours} of 1,000");
}

/// The overrun is over: a quiet line may be full again.
#[test]
fn bursts_grow_back_when_the_path_has_become_wider() {
    let file = file();
    let server = ServerNode::new(file.clone(), Config::server());
    let offer = Offer::none().blksize(BLKSIZE).windowsize(WINDOW);
    let mut pair = Pair::new(ClientNode::get(offer, Config::client()), server, narrow(8), 1);
    let burst = |pair: &Pair<ClientNode, ServerNode>| pair.b.sender().map_or(0, |s| s.figures().burst);
    while burst(&pair) == 0 || burst(&pair) > 8 {
        pair.step(DAY).expect("it goes on");
    }
    pair.to_a.set_params(narrow(1_000));
    while pair.a.received().is_none() {
        pair.step(DAY).expect("it goes on");
    }
    assert_eq!(burst(&pair), WINDOW);
}
