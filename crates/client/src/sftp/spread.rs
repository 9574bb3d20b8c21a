//! One file over several channels: each has a window of its own, and what is on the way together is what fills a long line.
//!
//! The first channel begins alone. Where it is found to wait for its window and not for the line, others are opened, and
//! pieces are dealt to whoever has room, so that all move forward together. Until all are there the file has another
//! name: what is broken off has holes.

use super::driver::{Desk, Driver, Seen};
use super::{fault, one};
use crate::ClientError;
use sftp_proto::Attrs;
use sftp_proto::client::{Client, Event, Failure, JobId, Making, Outcome, Step, Verb};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use store::Blob;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::Dir;

/// What a channel is dealt at once: one WRITE of 255 KiB, or eight of 32 KiB.
const PIECE: u64 = 255 << 10;
/// A channel is dealt more when it has less than this to send: what one send takes.
const AHEAD: u64 = 256 << 10;
/// Octets of one second that are to fit on a line: what both ends encrypt at most.
const FAST: u64 = 512 << 20;
/// Channels at most: servers open ten of a connection (sshd_config(5), MaxSessions).
const MOST: u32 = 8;
/// A file is worth the names and the channels where it fills the window so many times.
const WORTH: u64 = 8;
/// What a channel is worth opening for: less is sent before it is there.
const SHARE: u64 = 4 * PIECE;
/// Windows that the first channel sends before it is asked what it waited for.
const PROOF: u64 = 2;
/// How long channels that are still being opened may take to come to an end when the file is there.
const GRACE: Duration = Duration::from_secs(2);

/// How many channels a file is sent over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Channels {
    /// One; more where the way is long, the file large and a channel's window too small for both.
    #[default]
    AsNeeded,
    /// So many, as far as the server opens them and can rename over a file; one: the file is written under its name.
    Exactly(u8),
}

/// What is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// Channels, with the first.
    pub(super) channels: u32,
    /// What the first is to show before others are opened; `None`: nothing.
    pub(super) proof: Option<Proof>,
}

/// A channel that waits for its window sends one window each round trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Proof {
    window: u64,
    round_trip: Duration,
}

impl Plan {
    /// For a file of `len` octets, where a channel's window and the round trip are these; `None`: one channel does.
    pub(super) fn new(channels: Channels, window: u32, round_trip: Duration, len: u64) -> Option<Plan> {
        let window = u64::from(window);
        let (channels, proof) = match channels {
            Channels::Exactly(n) => {
                let shares = u32::try_from(len / SHARE).unwrap_or(u32::MAX);
                (u32::from(n).min(shares), None)
            }
            Channels::AsNeeded if window == 0 || len < WORTH * window => return None,
            Channels::AsNeeded => {
                let fits = u128::from(FAST) * round_trip.as_nanos() / 1_000_000_000;
                let needed = fits.div_ceil(u128::from(window)).min(u128::from(MOST));
                (u32::try_from(needed).unwrap_or(MOST), Some(Proof { window, round_trip }))
            }
        };
        (channels > 1 && len > 0).then_some(Plan { channels, proof })
    }
}

impl Proof {
    /// Whether so many octets in this time are what the window lets through: at least half of it, for answers that take
    /// their time. `None`: too early to say.
    fn is_bound(&self, octets: u64, took: Duration) -> Option<bool> {
        if octets < PROOF * self.window {
            return None;
        }
        let windows = u32::try_from(octets / self.window).unwrap_or(u32::MAX);
        Some(took <= self.round_trip.saturating_mul(windows).saturating_mul(2))
    }
}

/// The file under its other name.
pub(super) struct Wanted<'a> {
    pub(super) blob: &'a Blob,
    pub(super) path: Vec<u8>,
    /// Its permissions, less the server's umask.
    pub(super) mode: Option<u32>,
    /// What is to be replaced by it.
    pub(super) old: Option<&'a Attrs<'static>>,
    pub(super) plan: Plan,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is there whole, by so many channels.
    Whole { channels: u32 },
    /// It cannot be there: the server makes no such file, or makes it somebody else's than the old one.
    NotHere,
    /// It is broken, if it is there.
    Broken(ClientError),
}

/// What the channels share.
struct Deal<'a> {
    wanted: &'a Wanted<'a>,
    /// The first octet that nobody was dealt.
    next: u64,
    /// Octets that the server has taken, and those of the first channel, which has the beginning.
    stored: u64,
    of_first: u64,
    /// Since when the first channel is watched, and what it had then.
    since: Option<(Instant, u64)>,
    /// Whether others are to be opened.
    wants_others: bool,
    /// Channels that were dealt something, and those of them that are not over.
    joined: u32,
    busy: u32,
    failure: Option<Ended>,
}

/// Why it is not to be.
enum Ended {
    NotHere,
    Failed(Failure),
    Error(ClientError),
}

/// A channel's part.
struct Part<'d, 'a> {
    deal: &'d RefCell<Deal<'a>>,
    is_first: bool,
    stage: Stage,
    cancelled: bool,
}

enum Stage {
    Begin,
    /// The file is being opened.
    Opening(JobId),
    /// Pieces are dealt to it; whether one was.
    Dealt(JobId, bool),
    /// All of its own is asked for, or given up.
    Ending(JobId, bool),
    Over,
}

impl Part<'_, '_> {
    fn making(&self) -> Making {
        let mode = self.deal.borrow().wanted.mode;
        if self.is_first { Making::New { mode } } else { Making::There }
    }

    /// The file is open; what is known of it then says whether it is the one that is meant.
    fn opened(&mut self, job: JobId, attrs: &Attrs<'static>) {
        let mut deal = self.deal.borrow_mut();
        let is_right = if self.is_first {
            // Whoever replaces a file by another must not give it away.
            let owners = [deal.wanted.old.and_then(|old| old.owner), attrs.owner];
            let is_right = !matches!(owners, [Some(old), Some(new)] if old != new);
            if !is_right {
                deal.failure.get_or_insert(Ended::NotHere);
            }
            is_right
        } else {
            // A server that gives each OPEN a file of its own shows not what the other one has written.
            attrs.size.is_some_and(|size| size >= deal.of_first && size > 0)
        };
        self.stage = if is_right { Stage::Dealt(job, false) } else { Stage::Ending(job, false) };
    }

    fn stored(&mut self, octets: u32, seen: &mut Seen) {
        let mut deal = self.deal.borrow_mut();
        deal.stored += u64::from(octets);
        if self.is_first {
            deal.of_first += u64::from(octets);
            deal.watch();
        }
        seen.moved_of(Dir::Sent, usize::try_from(octets).unwrap_or(usize::MAX), deal.stored);
    }

    fn deal(&mut self, job: JobId, machine: &mut Client) {
        while let Stage::Dealt(_, was_dealt) = self.stage
            && machine.left(job) < AHEAD
        {
            let mut deal = self.deal.borrow_mut();
            match deal.take() {
                Some((offset, len)) => {
                    machine.deal(job, offset, len);
                    if !was_dealt {
                        deal.joined += 1;
                        deal.busy += 1;
                        self.stage = Stage::Dealt(job, true);
                    }
                }
                None => self.stage = Stage::Ending(job, was_dealt),
            }
        }
    }
}

impl<'a> Deal<'a> {
    fn new(wanted: &'a Wanted<'a>) -> Deal<'a> {
        Deal {
            wanted,
            next: 0,
            stored: 0,
            of_first: 0,
            since: None,
            wants_others: false,
            joined: 0,
            busy: 0,
            failure: None,
        }
    }

    fn take(&mut self) -> Option<(u64, u64)> {
        let offset = self.next;
        let len = self.left().min(PIECE);
        self.next += len;
        self.since.get_or_insert_with(|| (Instant::now(), 0));
        (len > 0).then_some((offset, len))
    }

    /// Octets that nobody was dealt.
    fn left(&self) -> u64 {
        self.wanted.blob.len() - self.next
    }

    /// Looks what the first channel waits for.
    fn watch(&mut self) {
        let (false, Some((at, before))) = (self.wants_others, self.since) else { return };
        let verdict = match self.wanted.plan.proof {
            None => Some(true),
            Some(proof) => proof.is_bound(self.of_first - before, at.elapsed()),
        };
        match verdict {
            None => {}
            Some(true) => self.wants_others = true,
            // The line may become faster, as TCP's windows grow.
            Some(false) => self.since = Some((Instant::now(), self.of_first)),
        }
    }

    /// The first reason counts: what comes later comes of it.
    fn fail(&mut self, why: Ended) {
        self.failure.get_or_insert(why);
    }
}

impl Desk for Part<'_, '_> {
    fn steer(&mut self, machine: &mut Client) -> ControlFlow<()> {
        let is_given_up = self.cancelled || self.deal.borrow().failure.is_some();
        match self.stage {
            Stage::Begin if is_given_up => self.stage = Stage::Over,
            Stage::Begin => {
                let path = self.deal.borrow().wanted.path.clone();
                self.stage = Stage::Opening(machine.start(Verb::Pieces { path, making: self.making() }));
            }
            Stage::Opening(job) | Stage::Dealt(job, _) | Stage::Ending(job, _) if is_given_up => {
                machine.abort(job);
            }
            Stage::Dealt(job, _) => self.deal(job, machine),
            Stage::Opening(_) | Stage::Ending(..) | Stage::Over => {}
        }
        if let Stage::Ending(job, _) = self.stage {
            machine.all_dealt(job);
        }
        if matches!(self.stage, Stage::Over) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn event(&mut self, event: Event, seen: &mut Seen, _: &mut Client) {
        match event {
            Event::Opened { job, attrs } => self.opened(job, &attrs),
            Event::Stored { octets, .. } => self.stored(octets, seen),
            Event::Over { job, result } => self.over(job, result),
            Event::Ready | Event::Size { .. } | Event::Data { .. } | Event::Names { .. } => {}
        }
    }

    fn read(&mut self, _: JobId, offset: u64, len: u32, out: &mut Vec<u8>) -> bool {
        let mut deal = self.deal.borrow_mut();
        match one::read(deal.wanted.blob, offset, len, out) {
            Ok(()) => true,
            Err(e) => {
                deal.fail(Ended::Error(ClientError::Local(e)));
                false
            }
        }
    }

    fn cancel(&mut self) {
        self.cancelled = true;
    }
}

impl Part<'_, '_> {
    fn over(&mut self, job: JobId, result: Result<Outcome, Failure>) {
        let (is_first, was_dealt) = match self.stage {
            Stage::Opening(ours) if ours == job => (self.is_first, false),
            Stage::Dealt(ours, was_dealt) | Stage::Ending(ours, was_dealt) if ours == job => {
                (self.is_first, was_dealt)
            }
            Stage::Begin | Stage::Opening(_) | Stage::Dealt(..) | Stage::Ending(..) | Stage::Over => return,
        };
        let mut deal = self.deal.borrow_mut();
        match result {
            Ok(_) => {}
            // Nothing was tried with a file that cannot be made.
            Err(Failure::Refused { step: Step::Open | Step::Facts, .. }) if is_first => {
                deal.fail(Ended::NotHere)
            }
            Err(failure) if is_first || was_dealt => deal.fail(Ended::Failed(failure)),
            // One that does not get it open leaves the others alone.
            Err(_) => {}
        }
        if was_dealt {
            deal.busy -= 1;
        }
        self.stage = Stage::Over;
    }

    fn was_dealt(&self) -> bool {
        match self.stage {
            Stage::Dealt(_, was_dealt) | Stage::Ending(_, was_dealt) => was_dealt,
            Stage::Begin | Stage::Opening(_) | Stage::Over => false,
        }
    }

    /// The channel has ended, well or not.
    fn ended(&mut self, ended: Result<(), ClientError>) {
        let mut deal = self.deal.borrow_mut();
        let was_dealt = self.was_dealt();
        if was_dealt {
            deal.busy -= 1;
        }
        match ended {
            Ok(()) if self.cancelled => deal.fail(Ended::Error(ClientError::Cancelled)),
            Err(why) if self.is_first || was_dealt => deal.fail(Ended::Error(why)),
            Ok(()) | Err(_) => {}
        }
        self.stage = Stage::Over;
    }
}

/// Sends a file under its other name, beginning with `first`; `open` opens another channel of the same connection.
pub(super) async fn send<I, O, F>(first: &mut Driver<I, O>, open: impl Fn() -> F, wanted: &Wanted<'_>) -> Sent
where
    I: OctetsIn,
    O: OctetsOut + 'static,
    F: Future<Output = Result<(I, O), ClientError>>,
{
    let peer = first.peer();
    let beside = first.beside();
    let deal = RefCell::new(Deal::new(wanted));
    let idle = RefCell::new(Vec::new());
    let part = |is_first| Part { deal: &deal, is_first, stage: Stage::Begin, cancelled: false };
    let alone = async {
        let mut part = part(true);
        let ended = first.drive(&mut part).await;
        part.ended(ended);
    };
    let another = || async {
        let Ok((input, output)) = open().await else { return };
        if deal.borrow().left() == 0 {
            idle.borrow_mut().push((input, output));
            return;
        }
        let mut part = part(false);
        let ended = beside(input, output).drive(&mut part).await;
        part.ended(ended);
    };
    together(alone, another, &deal).await;
    let Deal { failure, joined, stored, of_first, .. } = deal.into_inner();
    first.moved_beside(stored - of_first);
    first.keep(idle.into_inner());
    match failure {
        None => Sent::Whole { channels: joined },
        Some(Ended::NotHere) => Sent::NotHere,
        Some(Ended::Failed(failure)) => Sent::Broken(fault::failure(failure, peer)),
        Some(Ended::Error(why)) => Sent::Broken(why),
    }
}

/// Runs the first channel and, once they are wanted, the others, until all that were dealt something are over.
async fn together<'f, A, B>(first: A, another: impl Fn() -> B, deal: &RefCell<Deal<'_>>)
where
    A: Future<Output = ()>,
    B: Future<Output = ()> + 'f,
{
    let mut first = Box::pin(first);
    let mut is_first_over = false;
    let mut others: Option<Vec<Pin<Box<dyn Future<Output = ()> + 'f>>>> = None;
    let mut linger: Option<Pin<Box<tokio::time::Sleep>>> = None;
    // They share one task: whatever one of them learns the others see when this is polled, and it is polled for each.
    poll_fn(move |cx| {
        if !is_first_over {
            is_first_over = first.as_mut().poll(cx).is_ready();
        }
        if others.is_none() && !is_first_over && deal.borrow().wants_others {
            let mut opened: Vec<Pin<Box<dyn Future<Output = ()> + 'f>>> = Vec::new();
            for _ in 1..deal.borrow().wanted.plan.channels {
                opened.push(Box::pin(another()));
            }
            others = Some(opened);
        }
        if let Some(others) = &mut others {
            others.retain_mut(|other| other.as_mut().poll(cx).is_pending());
        }
        if !is_first_over || deal.borrow().busy > 0 {
            return Poll::Pending;
        }
        if others.as_ref().is_none_or(Vec::is_empty) {
            return Poll::Ready(());
        }
        let linger = linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(GRACE)));
        linger.as_mut().poll(cx)
    })
    .await;
}

#[cfg(test)]
mod tests;
