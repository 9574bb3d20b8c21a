//! The loop: what is ready, what is due, what is done.

use super::budget::Budget;
use super::clients::Clients;
use super::paths::Paths;
use super::pool::Pool;
use super::requests::Desk;
use super::scratch::Scratch;
use super::slots::{Key, Phase, Slot, Slots, Token};
use super::timers::{Clock, Timers};
use super::transfer::{Next, Running, Watched};
use super::way::Way;
use super::worker::{Done, Job, Workers};
use super::{CUT, Control, DRAINING, RETIRING, TftpConfig, refusal};
use gate::{Gate, Outcome};
use rustix::event::{Timespec, epoll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tftp_proto::{AheadFigure, ErrorCode, Transfer};
use transport::tap::Tap;
use transport::udp::RequestSocket;

/// Marks of what is no transfer in epoll's data; tokens stay far below.
const WAKE: u64 = u64::MAX;
const WORKERS: u64 = u64::MAX - 1;
const TIMERS: u64 = u64::MAX - 2;
const REQUESTS: u64 = u64::MAX - 1_024;

/// Transfers at once that are many (see [`Engine::wait`]).
const MANY: usize = 32;
/// How often the loop looks then before it sleeps, and how often it gives the processor away before each look:
/// some 5 us in all. Measured with 64 lock-step clients on two processors: 8 % more speed where other programs
/// keep them busy, no difference that can be told where they are idle; 16 looks are no better.
const LOOKS: u32 = 4;
const YIELDS: u32 = 4;

/// Waits of a peer's that end in vain at the first block before it is thought too big for the path.
const BLACK_HOLE: u64 = 2;

/// How long an upload's last ACK is repeated on request while the server drains.
const LAST_DALLY: clock::Duration = clock::Duration::from_secs(1);

pub(super) struct Engine {
    pub(super) config: TftpConfig,
    pub(super) gate: Arc<Gate>,
    pub(super) tap: Option<Arc<dyn Tap>>,
    pub(super) control: Arc<Control>,
    epoll: OwnedFd,
    pub(super) workers: Workers,
    pub(super) slots: Slots,
    timers: Timers,
    pub(super) desk: Desk,
    pub(super) budget: Budget,
    pub(super) clients: Clients,
    pub(super) paths: Paths,
    pub(super) pool: Pool,
    pub(super) scratch: Scratch,
}

impl Engine {
    pub(super) fn new(
        gate: Arc<Gate>,
        sockets: Vec<RequestSocket>,
        config: TftpConfig,
        tap: Option<Arc<dyn Tap>>,
        control: Arc<Control>,
    ) -> io::Result<Engine> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let workers = Workers::start(&config.names)?;
        let timers = Timers::new()?;
        let readable = epoll::EventFlags::IN;
        epoll::add(&poll, &control.wake, epoll::EventData::new_u64(WAKE), readable)?;
        epoll::add(&poll, workers.wake(), epoll::EventData::new_u64(WORKERS), readable)?;
        epoll::add(&poll, &timers, epoll::EventData::new_u64(TIMERS), readable)?;
        for (n, socket) in sockets.iter().enumerate() {
            epoll::add(&poll, socket, epoll::EventData::new_u64(REQUESTS + n as u64), readable)?;
        }
        let clock = Clock::start();
        Ok(Engine {
            desk: Desk::new(sockets, config.single_port),
            config,
            gate,
            tap,
            control,
            epoll: poll,
            workers,
            slots: Slots::default(),
            timers,
            budget: Budget::new(clock.now()),
            clients: Clients::default(),
            paths: Paths::default(),
            pool: Pool::default(),
            scratch: Scratch::new(clock),
        })
    }

    pub(super) fn now(&self) -> clock::Instant {
        self.scratch.clock.now()
    }

    /// Serves until it is drained or cut.
    pub(super) fn run(&mut self) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(128);
        loop {
            if self.control.is(CUT) {
                self.cut();
                return;
            }
            if self.control.is(RETIRING) {
                self.retire();
                if self.control.is(DRAINING) {
                    self.hurry();
                }
                if self.slots.is_empty() {
                    self.control.deaf.store(true, Ordering::Release);
                    return;
                }
            }
            events.clear();
            let holds = |at, key| self.slots.get(key).is_some_and(|s| s.armed == Some(at));
            self.timers.arm(self.scratch.clock, holds);
            self.wait(&mut events);
            let alone = events.len() == 1;
            for event in &events {
                let data = event.data;
                match data.u64() {
                    WAKE => self.roused(),
                    WORKERS => self.take_done(),
                    TIMERS => self.expire(),
                    n if n >= REQUESTS => self.take_requests((n - REQUESTS) as usize, alone),
                    n => {
                        if let Some(key) = self.slots.with_token(n) {
                            self.with_running(key, |running, scratch| running.receive(alone, scratch));
                        }
                    }
                }
            }
        }
    }

    /// The owner wants something: the loop's head looks what, but for kicks.
    fn roused(&mut self) {
        clear(&self.control.wake);
        if !self.control.kicks.swap(false, Ordering::AcqRel) {
            return;
        }
        let kicked = |slot: &mut Slot| match &slot.phase {
            Phase::Running(running) => running.content.is_kicked().then_some(slot.key),
            // Its file is not open yet; it is looked at again when it is.
            Phase::Opening => None,
        };
        let keys: Vec<Key> = self.slots.iter_mut().filter_map(kicked).collect();
        for key in keys {
            self.with_running(key, Running::kick);
        }
    }

    /// Reads the request ports no more: a successor does.
    fn retire(&mut self) {
        // On a single port there are the running transfers' packets as well. A drain answers requests.
        if self.config.single_port || self.control.is(DRAINING) || self.control.deaf.load(Ordering::Acquire) {
            return;
        }
        for socket in self.desk.sockets() {
            // Ours since the loop began. Not only closed: the successor holds the same open socket, and epoll
            // would go on to tell us of it.
            epoll::delete(&self.epoll, socket).expect("a request socket is in the set until here");
        }
        self.control.deaf.store(true, Ordering::Release);
    }

    /// Waits until something is ready. Where many transfers run their peers answer at any moment: to sleep and
    /// to be woken by each of them costs both sides more than to look a few times, and what gathers meanwhile
    /// is done in one go.
    fn wait(&mut self, events: &mut Vec<epoll::Event>) {
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let giving_way = &mut self.scratch.giving_way;
        let looks = if self.slots.len() >= MANY { LOOKS } else { 0 };
        for look in 0..=looks {
            let looks_once_more = look < looks && (0..YIELDS).all(|_| giving_way.once_if_it_pays());
            let patience = looks_once_more.then_some(&at_once);
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(events), patience) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => panic!("epoll_wait on our own descriptor failed: {e}"),
            }
            if !events.is_empty() || !looks_once_more {
                return;
            }
        }
    }

    /// Uploads that only dally do not hold a server up that is to stop.
    fn hurry(&mut self) {
        let mut hurried = Vec::new();
        for slot in self.slots.iter_mut() {
            if let Phase::Running(running) = &mut slot.phase
                && let Transfer::Receive(r) = &mut running.machine
            {
                r.dally_until(running.heard + LAST_DALLY);
                hurried.push(slot.key);
            }
        }
        for key in hurried {
            self.arm(key);
        }
    }

    fn expire(&mut self) {
        self.timers.fired();
        let now = self.now();
        while let Some((at, key)) = self.timers.pop(now) {
            let Some(slot) = self.slots.get(key).filter(|s| s.armed == Some(at)) else { continue };
            slot.armed = None;
            let peer = slot.words.peer.ip();
            let mut too_big = None;
            self.with_running(key, |running, scratch| {
                if running.machine.poll_timeout().is_some_and(|at| at <= now) {
                    let next = running.timeout(now, scratch);
                    too_big = running.stuck_at_the_first_block(BLACK_HOLE);
                    next
                } else {
                    running.drive(scratch)
                }
            });
            if let Some(blksize) = too_big {
                self.clients.never_acknowledged(now, peer, blksize);
            }
        }
    }

    fn take_done(&mut self) {
        clear(self.workers.wake());
        while let Some(done) = self.workers.done() {
            match done {
                Done::Opened(key, opened) => {
                    self.desk.opening -= 1;
                    self.opened(key, *opened);
                }
                Done::Committed(key, result) => self.with_running(key, |running, scratch| {
                    match (&mut running.machine, &result) {
                        (Transfer::Receive(r), Ok(())) => r.commit(scratch.clock.now()),
                        (machine, Err(why)) => {
                            let (code, text) = refusal::error(why);
                            machine.abort(code, &text);
                        }
                        (Transfer::Send(_), Ok(())) => {}
                    }
                    running.drive(scratch)
                }),
            }
        }
    }

    /// Lets a transfer do something and sees to what it needs then.
    pub(super) fn with_running(&mut self, key: Key, act: impl FnOnce(&mut Running, &mut Scratch) -> Next) {
        let Some(slot) = self.slots.get(key) else { return };
        let Phase::Running(running) = &mut slot.phase else { return };
        let next = act(running, &mut self.scratch);
        let token = slot.token;
        if slot.owed > 0 && running.machine.is_proved() {
            self.budget.give_back(slot.words.peer.ip(), std::mem::take(&mut slot.owed));
        }
        match next {
            Next::Over => {
                self.over(key);
                return;
            }
            Next::Wait { for_room } => {
                if let Err(e) = watch(&self.epoll, token, running, for_room)
                    && !running.watched.is_heard()
                {
                    running.fail(&e);
                    if running.drive(&mut self.scratch) == Next::Over {
                        self.over(key);
                        return;
                    }
                }
            }
            Next::Commit => match running.content.whole() {
                Ok(Some((writing, octets))) => {
                    let end = gate::End { outcome: Outcome::Complete, ..running.facts(octets) };
                    self.workers.submit(Job::Commit { key, writing, end });
                }
                Ok(None) => {}
                Err(e) => {
                    running.fail(&e);
                    if running.drive(&mut self.scratch) == Next::Over {
                        self.over(key);
                        return;
                    }
                }
            },
        }
        self.arm(key);
    }

    /// A transfer is at its end.
    fn over(&mut self, key: Key) {
        if let Some(slot) = self.slots.get(key)
            && let Phase::Running(running) = &mut slot.phase
        {
            let peer = slot.words.peer.ip();
            if let Some(blksize) = running.acknowledged() {
                self.clients.acknowledged(peer, blksize);
            }
            if running.machine.figures().ahead == AheadFigure::FellBack {
                self.clients.refuses_ahead(self.scratch.clock.now(), peer);
            }
            if running.reusable
                && running.watched == Watched::ForOctets
                && let Way::Own(socket) = std::mem::replace(&mut running.way, Way::Closed)
                && let Some(token) = slot.token.take()
                && !self.pool.keep(slot.words.asked.ip(), socket, token)
            {
                self.slots.free(token);
            }
        }
        self.slots.remove(key);
    }

    pub(super) fn arm(&mut self, key: Key) {
        let Some(slot) = self.slots.get(key) else { return };
        let Phase::Running(running) = &slot.phase else { return };
        let Some(at) = running.machine.poll_timeout() else { return };
        if slot.armed.is_none_or(|armed| at < armed) {
            slot.armed = Some(at);
            self.timers.push(at, key);
        }
    }

    /// The owner stops: peers that are there are told.
    fn cut(&mut self) {
        for slot in self.slots.iter_mut() {
            let Phase::Running(running) = &mut slot.phase else { continue };
            running.signs.stopped = true;
            if running.machine.is_proved() {
                running.machine.abort(ErrorCode::Undefined, "the server was stopped");
                let _ = running.drive(&mut self.scratch);
            }
        }
        self.slots = Slots::default();
    }
}

/// Has epoll tell when a transfer's own socket can be read, and written if that is waited for.
///
/// A transfer calls it after it has sent: who asked has its answer a system call earlier, and what it sends back in
/// between is told all the same.
///
/// # Errors
///
/// The system's. A transfer that was heard before is retried at its next packet or timer.
fn watch(poll: &OwnedFd, token: Option<Token>, running: &mut Running, for_room: bool) -> io::Result<()> {
    let (Some(socket), Some(token)) = (running.way.own(), token) else { return Ok(()) };
    let data = epoll::EventData::new_u64(token.to_u64());
    let (wanted, flags) = if for_room {
        (Watched::ForRoomToo, epoll::EventFlags::IN | epoll::EventFlags::OUT)
    } else {
        (Watched::ForOctets, epoll::EventFlags::IN)
    };
    match running.watched {
        Watched::Not => epoll::add(poll, socket, data, flags)?,
        Watched::ForOctets | Watched::ForRoomToo if running.watched != wanted => {
            epoll::modify(poll, socket, data, flags)?;
        }
        Watched::ForOctets | Watched::ForRoomToo => {}
    }
    running.watched = wanted;
    Ok(())
}

fn clear(wake: &impl AsFd) {
    // Nothing to read is as good: somebody else has cleared it.
    let _ = rustix::io::read(wake, &mut [0u8; 8]);
}
