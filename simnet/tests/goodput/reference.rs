//! The ideal policy of RFC 7440 on a lossy path, as a simulation of its own: nothing of the machines is used.
//!
//! Sender and receiver are oracles where a machine has to guess. Every datagram names the start (of a window)
//! that it belongs to, so that a duplicate is never taken for news; the sender knows the round trip from the
//! beginning. What it shares with the machines is the policy: a window goes out at once; its last block is
//! acknowledged; a gap is told once for each start; the next window begins behind the block that was
//! acknowledged; silence ends after the round trip or the timer's floor, and doubles until something comes.

use clock::{Duration, Instant};
use link::Rng;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// A path and a transfer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Of a hundred datagrams, each way.
    pub(crate) loss: u32,
    pub(crate) round_trip: Duration,
    pub(crate) window: u64,
    pub(crate) blocks: u64,
    /// Whether the receiver keeps blocks that come before their turn.
    pub(crate) holds: bool,
}

/// The floor of the timer, the same as the machines': so many answers make it settle.
const FLOOR: Duration = Duration::from_millis(10);
const EARLY_FLOOR: Duration = Duration::from_millis(50);
const SETTLED: u32 = 16;
/// The clock's granularity in it.
const GRANULARITY: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    /// Block of the start that begins behind `base`.
    Data { block: u64, base: u64, start: u64 },
    /// Everything up to `block`, in answer to a start.
    Ack { block: u64, start: u64 },
    /// The sender waited for an answer to this start.
    Silence { start: u64 },
}

struct World {
    now: Instant,
    rng: Rng,
    setting: Setting,
    queue: BinaryHeap<Reverse<(Instant, u64, What)>>,
    order: u64,
}

impl World {
    fn later(&mut self, after: Duration, what: What) {
        self.order += 1;
        self.queue.push(Reverse((self.now + after, self.order, what)));
    }

    fn send(&mut self, what: What) {
        if self.rng.below(100) >= u64::from(self.setting.loss) {
            self.later(self.setting.round_trip / 2, what);
        }
    }
}

struct Sender {
    acked: u64,
    start: u64,
    doublings: u32,
    answers: u32,
}

impl Sender {
    fn begin(&mut self, world: &mut World) {
        self.start += 1;
        let (base, end) = (self.acked, world.setting.blocks.min(self.acked + world.setting.window));
        for block in base + 1..=end {
            world.send(What::Data { block, base, start: self.start });
        }
        let floor = if self.answers < SETTLED { EARLY_FLOOR } else { FLOOR };
        let wait = (world.setting.round_trip + GRANULARITY).max(floor) * 2u32.pow(self.doublings.min(7));
        world.later(wait, What::Silence { start: self.start });
    }
}

struct Receiver {
    next: u64,
    early: BTreeSet<u64>,
    /// The start that was answered last.
    answered: u64,
}

impl Receiver {
    fn data(&mut self, world: &mut World, block: u64, base: u64, start: u64) {
        let end = world.setting.blocks.min(base + world.setting.window);
        if block == self.next {
            self.next += 1;
            while self.early.remove(&self.next) {
                self.next += 1;
            }
        } else if block > self.next && world.setting.holds {
            self.early.insert(block);
        }
        // The window is in, or this block is behind a gap. Each start is answered once.
        if self.answered < start && (self.next > end || block > self.next) {
            self.answered = start;
            world.send(What::Ack { block: self.next - 1, start });
        }
    }
}

/// How long the transfer takes.
pub(crate) fn time(setting: Setting, seed: u64) -> Duration {
    let (queue, rng) = (BinaryHeap::new(), Rng::new(seed));
    let mut world = World { now: Instant::ZERO, rng, setting, queue, order: 0 };
    let mut sender = Sender { acked: 0, start: 0, doublings: 0, answers: 0 };
    let mut receiver = Receiver { next: 1, early: BTreeSet::new(), answered: 0 };
    sender.begin(&mut world);
    while sender.acked < setting.blocks {
        let Reverse((at, _, what)) = world.queue.pop().expect("the sender always waits for something");
        world.now = at;
        match what {
            What::Data { block, base, start } => receiver.data(&mut world, block, base, start),
            What::Ack { block, start } if start == sender.start => {
                if block > sender.acked {
                    sender.doublings = 0;
                    sender.answers += 1;
                }
                sender.acked = sender.acked.max(block);
                sender.begin(&mut world);
            }
            What::Silence { start } if start == sender.start => {
                sender.doublings += 1;
                sender.begin(&mut world);
            }
            What::Ack { .. } | What::Silence { .. } => {}
        }
    }
    world.now.since(Instant::ZERO)
}
